-- What becomes of an answer: the envelope, or nil, message, err. The mock answers what each spec orders.
local cjson = require "cjson"
local cmr = require "cmr"
local core = require "cmr.core"
local client_of = require("spec.support.client").new
local mock = require "spec.support.mock"
local program = require "spec.support.program"

local USER = mock.USER

-- In a Lua with one kind of number, every number counts as an integer.
local math_type = math.type or function() return "integer" end

describe("an answer", function()
  local server, client

  before_each(function()
    server = mock.shared("http")
    client = client_of(server, {retries = 0})
  end)

  -- Returns what client:platforms returns for this answer of the server.
  local function platforms(fault)
    server:fault(fault)
    return client:platforms(USER)
  end

  -- The same for client:reexport, a POST with a weekly quota.
  local function reexport(fault)
    server:fault(fault)
    return client:reexport{mailboxId = mock.MAILBOX}
  end

  -- Checks that a call failed, and that its error has exactly the expected fields and a message. Ignores the error's
  -- body if `expected` has no body. Returns the error.
  local function failure(expected, ...)
    local count = select("#", ...)
    local answer, message, err = ...
    assert.is_nil(answer)
    assert.equal(3, count)
    assert.is_string(message)
    assert.equal(message, err.message)
    assert.equal(message, tostring(err))
    assert.equal("cmr.error", getmetatable(err).__name)
    local fields = {}
    for name, value in pairs(err) do fields[name] = value end
    fields.message = nil
    if not expected.body then fields.body = nil end
    assert.same(expected, fields)
    return err
  end

  describe("that refuses", function()
    local STATUSES = {
      {400, "bad_request", "rejected"},
      {401, "unauthorized", "rejected"},
      {402, "payment_required", "rejected"},
      {403, "forbidden", "rejected"},
      {404, "not_found", "rejected"},
      {405, "unexpected_status", "rejected"},
      {408, "unexpected_status", "unknown"},
      {409, "conflict", "rejected"},
      {418, "unexpected_status", "rejected"},
      {422, "bad_request", "rejected"},
      {429, "rate_limited", "rejected"},
      {498, "unexpected_status", "rejected"},
      {499, "unexpected_status", "unknown"},
      {500, "server_error", "unknown"},
      {501, "server_error", "unknown"},
      {502, "server_error", "unknown"},
      {503, "server_error", "unknown"},
      {504, "server_error", "unknown"},
      {599, "server_error", "unknown"},
      {300, "unexpected_status", "unknown"},
      {302, "unexpected_status", "unknown"},
    }

    for _, row in ipairs(STATUSES) do
      local status, kind, outcome = row[1], row[2], row[3]

      it(("with %d is of kind %s, outcome %s"):format(status, kind, outcome), function()
        local body = {status = status, message = "the server's words"}
        local expected = {kind = kind, status = status, outcome = outcome, attempts = 1, body = body}

        expected.operation = "platforms"
        local err = failure(expected, platforms{status = status, body = body})
        assert.equal(("platforms: HTTP %d: the server's words"):format(status), err.message)

        expected.operation = "reexport"
        err = failure(expected, reexport{status = status, body = body})
        assert.equal(("reexport: HTTP %d: the server's words"):format(status), err.message)
      end)

      if status >= 400 then
        it(("with 200 but says %d in its body is the same"):format(status), function()
          local body = {status = status, message = "the server's words"}
          local expected = {operation = "reexport", kind = kind, status = status, outcome = outcome, attempts = 1,
            body = body}
          local err = failure(expected, reexport{status = 200, body = body})
          assert.equal(("reexport: HTTP %d: the server's words"):format(status), err.message)
        end)
      end
    end

    it("has HTTP's status when its body claims success", function()
      local _, _, err = platforms{status = 404, body = {status = 200, message = "fine"}}
      assert.equal(404, err.status)
      assert.equal("not_found", err.kind)
    end)

    it("needs no envelope: text is quoted, nothing is left out", function()
      local _, why, err = platforms{status = 502, body = "<html>Bad Gateway</html>"}
      assert.equal("platforms: HTTP 502: <html>Bad Gateway</html>", why)
      assert.equal("<html>Bad Gateway</html>", err.body)
      _, why, err = platforms{status = 503, body = ""}
      assert.equal("platforms: HTTP 503", why)
      assert.equal("", err.body)
      _, why, err = platforms{status = 422, body = {status = 422, message = {"no", "text"}}}
      assert.equal("platforms: HTTP 422", why)
      assert.same({"no", "text"}, err.body.message)
      _, why, err = platforms{status = 404, body = "[1]"}
      assert.equal("platforms: HTTP 404: [1]", why)
      assert.equal("[1]", err.body)
    end)

    it("is quoted up to 200 bytes", function()
      local _, why = platforms{status = 502, body = ("x"):rep(200)}
      assert.equal("platforms: HTTP 502: " .. ("x"):rep(200), why)
      _, why = platforms{status = 502, body = ("x"):rep(201)}
      assert.equal("platforms: HTTP 502: " .. ("x"):rep(200) .. "...", why)
      local err
      _, why, err = platforms{body = ("x"):rep(201)}
      assert.equal(("x"):rep(201), err.body)
      assert.equal("platforms: HTTP 200, but not a JSON object: " .. ("x"):rep(200) .. "...", why)
    end)

    it("and is no JSON object is a bad response with a status from 200 to 299", function()
      for status, kind in pairs{[200] = "bad_response", [299] = "bad_response", [300] = "unexpected_status"} do
        local err = failure({operation = "reexport", kind = kind, status = status, outcome = "unknown", attempts = 1,
          body = "[]"}, reexport{status = status, body = "[]"})
        assert.matches(("^reexport: HTTP %d.*: %%[%%]$"):format(status), err.message)
      end
      local err = failure({operation = "reexport", kind = "bad_response", status = 200, outcome = "unknown",
        attempts = 1, body = ""}, reexport{body = ""})
      assert.equal("reexport: HTTP 200 without a body", err.message)
    end)

    it("keeps what the envelope says besides", function()
      local _, _, err = platforms{status = 409, body = '{"status":409,"message":"no","data":null,"mailboxCount":3}'}
      assert.same({status = 409, message = "no", mailboxCount = 3}, err.body)
    end)

    it("is not followed when it points elsewhere, and the key goes nowhere", function()
      local other = mock.shared("tls")
      for _, location in ipairs{
        server.base_url .. "/exports/platform-credentials",
        "/api/v1/integration/exports/platform-credentials",
        other.base_url .. "/exports/platform-credentials",
      } do
        for _, status in ipairs{301, 302, 303, 307, 308} do
          server:reset()
          local _, _, err = platforms{status = status, headers = {Location = location}}
          assert.equal(status, err.status)
          assert.equal("unexpected_status", err.kind)
          assert.equal(location, cmr.info(err).headers.location)
          assert.equal(1, #server:requests())
        end
      end
      local _, _, err = reexport{status = 307, headers = {Location = other.base_url .. "/mailboxes/oauth"}}
      assert.equal("unknown", err.outcome)
      assert.equal(2, #server:requests())
      assert.equal(0, #other:requests())
    end)
  end)

  describe("of too many requests", function()
    it("tells how long to wait, when the server does", function()
      local _, _, err = platforms{status = 429, headers = {["Retry-After"] = "7"}}
      assert.equal(7, err.retry_after)
      _, _, err = platforms{status = 429}
      assert.is_nil(err.retry_after)
      _, _, err = platforms{status = 429, headers = {["Retry-After"] = "soon"}}
      assert.is_nil(err.retry_after)
      _, _, err = platforms{status = 503, headers = {["Retry-After"] = "3"}}
      assert.equal(3, err.retry_after)
    end)

    it("tells it in whole seconds, rounded up", function()
      for said, expected in pairs{["1"] = 1, ["7.0"] = 7, ["7."] = 7, ["7.5"] = 8, ["7.05"] = 8, ["0.001"] = 1,
        [" 12 "] = 12, ["100000000000000000"] = 1e17, ["1000000000000000000"] = 1e18, ["9999999999999999999"] = 1e18} do
        local _, _, err = platforms{status = 429, headers = {["Retry-After"] = said}}
        assert.equal(expected, err.retry_after, said)
      end
      for _, said in ipairs{"0", "0.0", "-1", ".5"} do
        local _, _, err = platforms{status = 429, headers = {["Retry-After"] = said}}
        assert.is_nil(err.retry_after, said)
      end
    end)

    it("tells it for a date as well", function()
      local _, _, err = platforms{status = 429, headers = {
        ["Retry-After"] = os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + 1000),
      }}
      assert.is_true(err.retry_after > 900 and err.retry_after <= 1000)
      _, _, err = platforms{status = 429, headers = {["Retry-After"] = "Wed, 21 Oct 2015 07:28:00 GMT"}}
      assert.is_nil(err.retry_after)
    end)

    local function kind_of(message, retry_after, status)
      local _, _, err = reexport{
        status = status or 429,
        headers = {["Retry-After"] = retry_after},
        body = {status = 429, message = message},
      }
      return err.kind
    end

    it("is a used-up quota of a re-export when it speaks of the week", function()
      assert.equal("quota_exceeded", kind_of("Re-exports are limited to 3 per week"))
      assert.equal("quota_exceeded", kind_of("WEEKLY limit exceeded", "1"))
      assert.equal("quota_exceeded", kind_of("weekly limit", nil, 200))
      assert.equal("rate_limited", kind_of("Rate limit exceeded"))
    end)

    it("is a used-up quota when it asks to wait more than an hour", function()
      assert.equal("rate_limited", kind_of("Rate limit exceeded", "3600"))
      assert.equal("quota_exceeded", kind_of("Rate limit exceeded", "3601"))
    end)

    it("is no used-up quota for an operation without a quota", function()
      local _, _, err = platforms{
        status = 429, headers = {["Retry-After"] = "3600"}, body = {status = 429, message = "once a week"}}
      assert.equal("rate_limited", err.kind)
      assert.equal(3600, err.retry_after)
    end)

    it("is no used-up quota for a request that is no operation", function()
      server:fault{status = 429, body = {status = 429, message = "3 per week"}}
      local _, _, err = client:request("POST", "/mailboxes/oauth", {body = {a = 1}})
      assert.equal("rate_limited", err.kind)
    end)

    it("is no used-up quota with any other status", function()
      local _, _, err = reexport{status = 422, body = {status = 422, message = "3 per week"}}
      assert.equal("bad_request", err.kind)
    end)
  end)

  describe("that succeeds", function()
    it("is one value, the decoded envelope", function()
      assert.equal(1, select("#", client:platforms(USER)))
      local list = {}
      table.insert(list, client:platforms(USER))
      assert.equal(true, list[1].data.EMAILBISON.connected)
    end)

    it("may have any status from 200 to 299", function()
      for _, status in ipairs{200, 201, 202, 299} do
        local answer = assert(platforms{status = status, body = {status = status, message = "done"}})
        assert.same({status = status, message = "done"}, answer)
        assert.equal(status, cmr.info(answer).status)
      end
    end)

    it("is an empty envelope for a 204 without a body", function()
      assert.same({}, (platforms{status = 204, body = ""}))
      assert.same({}, (reexport{status = 204, body = ""}))
    end)

    it("needs no status in its body, and only a status from 400 to 599 there means anything", function()
      assert.same({data = {1}}, (platforms{body = '{"data":[1]}'}))
      assert.same({status = 399}, (platforms{body = '{"status":399}'}))
      assert.same({status = 600}, (platforms{body = '{"status":600}'}))
      assert.same({status = "ok"}, (platforms{body = '{"status":"ok"}'}))
      assert.same({}, (platforms{body = ' \r\n\t{} \n'}))
    end)

    it("leaves members that are null out, and keeps nulls of arrays", function()
      local answer = assert(platforms{body = '{"data":null,"list":[null,1,null],"deep":{"gone":null,"here":false}}'})
      assert.is_nil(answer.data)
      assert.equal(3, #answer.list)
      assert.equal(cmr.null, answer.list[1])
      assert.equal(1, answer.list[2])
      assert.equal(cmr.null, answer.list[3])
      assert.same({here = false}, answer.deep)
      assert.equal(cjson.null, cmr.null)
    end)

    it("has whole numbers as integers where Lua has them", function()
      local answer = assert(platforms{body = [[{"small":3, "written":3.0, "power":1e3, "negative":-7, "zero":-0,
        "last":9007199254740991, "beyond":9007199254740994, "far":123456789012345678901234567890, "half":0.5}]]})
      assert.equal("3", tostring(answer.small))
      for _, name in ipairs{"small", "written", "power", "negative", "zero", "last"} do
        assert.equal("integer", math_type(answer[name]), name)
      end
      assert.equal(3, answer.written)
      assert.equal(1000, answer.power)
      assert.equal(-7, answer.negative)
      assert.equal(9007199254740991, answer.last)
      assert.equal("9007199254740994", tostring(answer.beyond))
      assert.equal("123456789012345678901234567890", answer.far)
      assert.equal(0.5, answer.half)
      if math.type then assert.equal("float", math.type(answer.half)) end
    end)

    it("never has another number than the server sent", function()
      for _, id in ipairs{"9007199254740993", "1618065507111835497", "18446744073709551615", "1e400"} do
        assert.equal(id, tostring(assert(platforms{body = '{"id":' .. id .. "}"}).id))
      end
    end)

    it("may begin with a byte order mark", function()
      for _, mark in ipairs{"\239\187\191", "\239\187\191\r\n"} do
        assert.same({message = "m"}, platforms{body = mark .. '{"message":"m"}'})
        assert.same({message = "m"}, reexport{body = mark .. '{"message":"m"}'})
        local _, message, err = reexport{status = 409, body = mark .. '{"message":"m"}'}
        assert.equal("reexport: HTTP 409: m", message)
        assert.same({message = "m"}, err.body)
      end
    end)

    it("has U+FFFD for a lone surrogate", function()
      assert.same({name = "Ann \239\191\189"}, reexport{body = '{"name":"Ann \\ud83d"}'})
    end)

    it("has text in UTF-8, escapes resolved", function()
      local answer = assert(platforms{body = '{"a":"\195\169","b":"\\u00e9","c":"\\ud83d\\ude00","d":"\\/\\"\\n"}'})
      assert.same({a = "\195\169", b = "\195\169", c = "\240\159\152\128", d = '/"\n'}, answer)
    end)

    it("may be nested deeply, but not without end", function()
      local function nested(depth)
        return '{"a":' .. ("["):rep(depth) .. ("]"):rep(depth) .. "}"
      end
      local list = assert(platforms{body = nested(90)}).a
      for _ = 1, 89 do list = list[1] end
      assert.same({}, list)
      local _, _, err = platforms{body = nested(150)}
      assert.equal("bad_response", err.kind)
    end)

    it("can be encoded again", function()
      local answer = assert(platforms{body = '{"status":200,"list":[1,null,"x"],"data":{"n":1.5,"t":true}}'})
      assert.same(answer, cjson.decode(cjson.encode(answer)))
      assert.same({"x"}, cjson.decode(cjson.encode(assert(platforms{body = '{"d":["x"]}'}).d)))
    end)

    it("has more facts, which cmr.info returns", function()
      server:fault{headers = {["X-Thing"] = "One"}}
      local answer = assert(client:platforms(USER))
      local info = cmr.info(answer)
      assert.equal("platforms", info.operation)
      assert.equal("GET", info.method)
      assert.equal(server.base_url .. "/exports/platform-credentials?userId=" .. USER, info.url)
      assert.equal(200, info.status)
      assert.equal("1.1", info.http_version)
      assert.equal(1, info.attempts)
      assert.equal(1, info.sends)
      assert.is_boolean(info.reused)
      assert.is_true(info.elapsed > 0 and info.elapsed < 10)
      assert.equal("One", info.headers["x-thing"])
      assert.equal("application/json", info.headers["content-type"])
      assert.is_nil(info.headers["X-Thing"])
    end)
  end)

  it("that fails has the same facts", function()
    local _, _, err = reexport{status = 404, headers = {["X-Thing"] = "One"}}
    local info = cmr.info(err)
    assert.equal("reexport", info.operation)
    assert.equal("POST", info.method)
    assert.equal(404, info.status)
    assert.equal("One", info.headers["x-thing"])
    assert.equal(1, info.attempts)
  end)

  it("that never came has fewer", function()
    core.engine():close() -- on a used connection, libcurl would send the request again
    local err = failure({operation = "platforms", kind = "network", outcome = "unknown", curl_code = 52, attempts = 1},
      platforms{close = true})
    assert.is_nil(err.body)
    local info = cmr.info(err)
    assert.equal("platforms", info.operation)
    assert.equal(1, info.sends)
    assert.is_nil(info.status)
    assert.is_nil(info.headers)
    err = failure({operation = "reexport", kind = "network", outcome = "unknown", curl_code = 52, attempts = 1},
      reexport{close = "after"})
    assert.matches("^reexport: ", err.message)
  end)

  it("is the only thing cmr.info knows about", function()
    assert.is_nil(cmr.info{})
    assert.is_nil(cmr.info("text"))
    assert.is_nil(cmr.info(nil))
  end)

  -- In a separate process, because busted replaces assert.
  it("works with assert and the .. operator", function()
    server:fault{status = 404, body = {message = "User not found"}, times = 2}
    local ended = program.run(([[
      local cmr = require "cmr"
      local function platforms() return assert(cmr.platforms "X") end
      print((select(2, pcall(platforms)):gsub("^%%S+:%%d+: ", ""))) -- some Luas add the position
      local _, why = cmr.platforms "X"
      print("failed: " .. why)
      print(assert(cmr.platforms "%s").status)
    ]]):format(USER), {env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}})
    assert.same({
      status = 0,
      out = "platforms: HTTP 404: User not found\nfailed: platforms: HTTP 404: User not found\n200\n",
      err = "",
    }, ended)
  end)
end)
