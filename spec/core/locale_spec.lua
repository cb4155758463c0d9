-- A program may set a locale with another decimal point, before or after it loads the library: the bytes are the same.
local locale = require "spec.support.locale"
local mock = require "spec.support.mock"
local program = require "spec.support.program"
local redis = require "spec.support.redis"

-- Each case has a name, code that the program runs first, and perhaps code that it runs between two calls of use().
local CASES = {
  {"set after the library is loaded", 'require "cmr" german()'},
  {"set before", 'german() require "cmr"'},
  {"set before and back", 'german() require "cmr" back()'},
  {"set after lua-cjson is loaded", 'require "cjson" german() require "cmr"'},
  {"set between two uses", 'require "cmr"', "german()"},
  {"set back between two uses", 'german() require "cmr"', "back()"},
  {"with a decimal point of two bytes, set after", 'require "cmr" require "cmr.limiter.redis" arabic()'},
  {"with a decimal point of two bytes, set before", 'arabic() require "cmr.core" back() require "cmr"', "arabic()"},
}

-- The code defines use(), which must return this text in every case.
local function same_everywhere(expected, code, options)
  local environment = locale.environment()
  if not environment then return pending "there is no localedef" end
  for name, value in pairs(options or {}) do environment[name] = value end
  for _, case in ipairs(CASES) do
    local answer = program.run(table.concat({
      locale.PRELUDE, case[2], code, "print(use())", case[3] or "", "print(use())",
    }, "\n"), {env = environment})
    assert.equal(expected .. "\n" .. expected .. "\n", answer.out, case[1] .. ": " .. answer.err)
    assert.equal("", answer.err, case[1])
  end
end

describe("in every locale", function()
  teardown(locale.remove)

  it("JSON is written with a point", function()
    same_everywhere("[1.5,0.30000000000000004,1e+300,-2.5e-07,-0.5,9007199254740992.0]", [[
      local core = require "cmr.core"
      function use() return core.json_encode{1.5, 0.1 + 0.2, 1e300, -2.5e-7, -0.5, 2 ^ 53} end]])
  end)

  it("JSON is read with a point", function()
    same_everywhere("0.5 -2.5e-07 1e+300 7 true true 1e400", [[
      local core = require "cmr.core"
      function use()
        local list = core.json_decode "[0.5,-25e-8,1e300,7.0,0.1,5,6]"
        local texts = {}
        for index = 1, 4 do texts[index] = core.json_encode(list[index]) end
        texts[5] = tostring(list[5] * 10 == 1)
        texts[6] = tostring(list[6] == 5 and list[7] == 6 and #list == 7)
        texts[7] = core.json_decode "1e400"
        return table.concat(texts, " ")
      end]])
  end)

  it("the program's own numbers keep their decimal point", function()
    local environment = locale.environment()
    if not environment then return pending "there is no localedef" end
    for _, name in ipairs{"german", "arabic"} do
      local answer = program.run(locale.PRELUDE .. name .. [[()
        local before = ("%.1f"):format(0.5)
        local core = require "cmr.core"
        assert(core.json_decode(core.json_encode{0.5})[1] == 0.5)
        print(("%.1f"):format(0.5) == before)]], {env = environment})
      assert.same({"true\n", ""}, {answer.out, answer.err}, name)
    end
  end)

  it("the program's own lua-cjson reads and writes its numbers", function()
    local environment = locale.environment()
    if not environment then return pending "there is no localedef" end
    local answer = program.run(locale.PRELUDE .. [[german()
      require "cmr"
      local cjson = require "cjson"
      print(cjson.encode(cjson.decode "[1.5]"))]], {env = environment})
    assert.same({"[1.5]\n", ""}, {answer.out, answer.err})
  end)

  it("bodies and queries have points", function()
    same_everywhere('{"rate":0.25} https://api.test/v1/a?x=2.5&y=1e-07&z=7', [[
      local core = require "cmr.core"
      local target = core.target{api_key = "key", base_url = "https://api.test/v1"}
      function use()
        local call = assert(core.request(target, "POST", "/a",
          {query = {{"x", 2.5}, {"y", 1e-7}, {"z", 7}}, body = {rate = 0.25}}))
        return call:request().body .. " " .. call:info().url
      end]])
  end)

  it("answers are read", function()
    local server = mock.shared "http"
    server:fault{body = '{"status":200,"message":"m","data":{"price":15.88,"list":[-0.5,1e-3]}}', times = 2 * #CASES}
    same_everywhere("15.88 -0.5 0.001", [[
      local client = require "cmr".new{rate = false}
      local core = require "cmr.core"
      function use()
        local data = assert(client:platforms "BVZGM5TE9BMP3PP0VWGW943RGV1B").data
        return ("%s %s %s"):format(core.json_encode(data.price), core.json_encode(data.list[1]),
          core.json_encode(data.list[2]))
      end]], {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url})
    server:reset()
  end)

  it("webhooks are accepted", function()
    same_everywhere("15.88", [[
      local cmr, core = require "cmr", require "cmr.core"
      local delivery = require "spec.support.delivery"
      local body = '{"event":"order.completed","eventId":"E1","data":{"price":15.88}}'
      local name = next(require "cmr.webhook.signature_formats".FORMATS)
      function use()
        local event = assert(cmr.webhook.verify(body, delivery.headers(name, body),
          {api_key = delivery.KEY, now = delivery.NOW}))
        return core.json_encode(event.data.price)
      end]])
  end)

  it("names, addresses and statuses are the same in upper and lower case, also in Turkish", function()
    local environment = locale.environment()
    if not environment then return pending "there is no localedef" end
    if not locale.has_turkish then return pending "this system has no source of the Turkish locale" end
    local code = [[
      local cmr, core = require "cmr", require "cmr.core"
      local delivery = require "spec.support.delivery"
      local identity, ids = require "cmr.ledger.identity", require "cmr.ledger.ids"
      local body = '{"event":"order.completed","eventId":"E1"}'
      local name = next(require "cmr.webhook.signature_formats".FORMATS)
      local headers = {}
      for header, value in pairs(delivery.headers(name, body)) do
        headers[header:gsub("[a-z]", function(letter) return string.char(letter:byte() - 32) end)] = value
      end
      local event = cmr.webhook.verify(body, headers, {api_key = delivery.KEY, now = delivery.NOW})
      print(event ~= nil)
      print(identity.normal "INFO@ACME.COM", identity.normal("INFO-I.COM", "domain"))
      print(require "cmr.settlement.status".verdict "failed", require "cmr.util.redact".is_secret_name "CREDENTIAL")
      for _, header in ipairs{"CMR-X-API-KEY", "CONNECTION"} do
        print((select(2, core.target{api_key = "k", base_url = "https://a.test", headers = {[header] = "x"}})))
      end
      print(core.target{api_key = "k", base_url = "http://LOCALHOST:1"} ~= nil)
    ]]
    local plain = program.run(code)
    local turkish = program.run(locale.PRELUDE .. "turkish()" .. code, {env = environment})
    assert.equal("", plain.err)
    assert.matches("^true\n", plain.out)
    assert.matches("info@acme.com\tinfo-i.com", plain.out, 1, true)
    assert.matches("failed\ttrue", plain.out, 1, true)
    assert.same({plain.out, ""}, {turkish.out, turkish.err})
  end)

  it("the type of a file is known by the end of its name, also in Turkish", function()
    local environment = locale.environment()
    if not environment then return pending "there is no localedef" end
    if not locale.has_turkish then return pending "this system has no source of the Turkish locale" end
    local answer = program.run(locale.PRELUDE .. [[turkish()
      local core = require "cmr.core"
      local path = os.tmpname()
      local picture = path .. ".GIF"
      os.rename(path, picture)
      local file = io.open(picture, "wb")
      file:write "GIF89a"
      file:close()
      local target = core.target{api_key = "k", base_url = "http://127.0.0.1:9",
        endpoints = {create_order_form = "POST /x"}}
      local call = assert(core.create_order_form(target, {userId = "u", confirm = false,
        domains = {{domain = "a.com", years = 1}}, files = {["a@b.com"] = picture}}))
      os.remove(picture)
      for _, part in ipairs(call:request().form) do if part.path then print(part.type) end end]], {env = environment})
    assert.same({"image/gif\n", ""}, {answer.out, answer.err})
  end)

  it("the digests of requests and events are the same", function()
    local code = [[
      local identity, tables = require "cmr.ledger.identity", require "cmr.util.tables"
      local text, core = require "cmr.util.text", require "cmr.core"
      function use()
        return text.hex(core.sha256(identity.digest{a = 0.1, b = 7, c = {1.5}})) .. tables.canonical{0.25, 3}
          .. text.number(0.001)
      end]]
    local plain = program.run('require "cmr"' .. code .. " print(use())").out
    assert.matches("number 0.25", plain, 1, true)
    same_everywhere(plain:sub(1, -2), code)
  end)

  redis.each(function(name)
    it("the limiter and the scripts of " .. name .. " work", function()
      local server = redis.start{program = name}
      same_everywhere("0.25 true", ([[
        local redis = require "cmr.redis.scripts".new{port = %d}
        local limiter = require "cmr.limiter.redis".new{redis = redis}
        local key = "k"
        function use()
          key = key .. "k"
          local value = assert(redis:eval("return ARGV[1]", {}, {0.25}))
          redis:eval("return redis.call('DEL', KEYS[1])", {"queue:" .. key}, {})
          assert(limiter:reserve(key, 2, 10) == 0)
          local delay = limiter:reserve(key, 2, 10)
          return value .. " " .. tostring(delay > 0.3 and delay <= 0.5)
        end]]):format(server.port))
      server:stop()
    end)
  end)
end)
