-- Answers that are no JSON object, too large or badly compressed, and what an error may show of them.
local cjson = require "cjson"
local cmr = require "cmr"
local client_of = require("spec.support.client").new
local mock = require "spec.support.mock"

local USER = mock.USER

local function gzip(text)
  local path = os.tmpname()
  local pipe = assert(io.popen("gzip -cn >" .. path, "w"))
  pipe:write(text)
  pipe:close()
  local file = assert(io.open(path, "rb"))
  local packed = file:read("*a")
  file:close()
  os.remove(path)
  return packed
end

describe("an answer", function()
  local server, client

  before_each(function()
    server = mock.shared("http")
    client = client_of(server, {retries = 0})
  end)

  local function platforms(fault, with)
    server:fault(fault)
    return client:with(with or {}):platforms(USER)
  end

  local function reexport(fault, with)
    server:fault(fault)
    return client:with(with or {}):reexport{mailboxId = mock.MAILBOX}
  end

  describe("of success that is no JSON object", function()
    local BODIES = {
      ["HTML"] = "<html><body>Sign in to the hotel's network</body></html>",
      ["an array"] = '[{"status":200}]',
      ["a string"] = '"OK"',
      ["a number"] = "200",
      ["true"] = "true",
      ["null"] = "null",
      ["cut short"] = '{"status":200,"message":"Fetched conn',
      ["two objects"] = '{"status":200}{"status":200}',
      ["an object with a tail"] = '{"status":200} done',
      ["an object with a NUL byte after it"] = '{"status":200}\0',
      ["an object with a NUL byte in it"] = '{"status":200,"message":"a\0b"}',
      ["only space"] = " \r\n",
      ["a bare NaN"] = '{"status":200,"price":NaN}',
      ["a bare Infinity"] = '{"status":200,"price":-Infinity}',
      ["a hexadecimal number"] = '{"status":200,"price":0x10}',
      ["a number with a leading zero"] = '{"status":200,"price":012}',
      ["a single quote"] = "{'status':200}",
    }

    for what, body in pairs(BODIES) do
      it("is of kind bad_response: " .. what, function()
        for _, status in ipairs{200, 201} do
          local answer, why, err = reexport{status = status, body = body}
          assert.is_nil(answer)
          assert.matches(("^reexport: HTTP %d, but not a JSON object: "):format(status), why)
          assert.equal(why, tostring(err))
          assert.equal("bad_response", err.kind)
          assert.equal("unknown", err.outcome) -- it may have been done
          assert.equal(status, err.status)
          assert.equal(body, err.body)
          assert.equal(1, err.attempts)
          assert.is_nil(err.curl_code)
        end
      end)
    end

    it("is of kind bad_response: nothing at all", function()
      for _, status in ipairs{200, 201} do
        local _, why, err = reexport{status = status, body = ""}
        assert.equal(("reexport: HTTP %d without a body"):format(status), why)
        assert.equal("bad_response", err.kind)
        assert.equal("unknown", err.outcome)
        assert.equal("", err.body)
      end
    end)

    it("is no reason for a retry, not even of a GET", function()
      local _, _, err = platforms({body = "<html>", times = 3}, {retries = 2})
      assert.equal("bad_response", err.kind)
      assert.equal(1, err.attempts)
      assert.equal(1, #server:requests())
    end)
  end)

  describe("of success whose body denies it", function()
    it("is an unknown outcome of a request that changes something", function()
      for body, message in pairs{
        ['{"status":200,"message":"No balance","success":false}'] = "No balance",
        ['{"status":200,"message":"Sent","data":{"success":false,"message":"No balance"}}'] = "No balance",
        ['{"status":200,"message":"No balance","data":{"success":false}}'] = "No balance",
      } do
        local answer, why, err = reexport{body = body}
        assert.same({nil, "reexport: HTTP 200, but success is false: " .. message}, {answer, why})
        assert.same({"operation_failed", "unknown", 200, 1}, {err.kind, err.outcome, err.status, err.attempts})
        assert.equal("table", type(err.body))
      end
      assert.equal("reexport: HTTP 200, but success is false", select(2, reexport{body = '{"success":false}'}))
      assert.equal(4, #server:requests())
    end)

    it("fails a read when the denial is at the top, but not when it is in data", function()
      assert.equal("operation_failed", select(3, platforms{body = '{"success":false,"data":{}}'}).kind)
      assert.is_false(assert(platforms{body = '{"data":{"success":false}}'}).data.success)
    end)

    it("is a success with everything else", function()
      for _, body in ipairs{'{"success":true}', '{"success":null}', '{"success":0}', '{"success":"false"}',
        '{"data":[{"success":false}]}', '{"data":"success"}', '{"data":{"a":{"success":false}}}'} do
        assert(reexport{body = body})
      end
    end)
  end)

  describe("that is packed", function()
    it("is unpacked", function()
      local plain = '{"status":200,"message":"' .. ("packed "):rep(100) .. '"}'
      local packed = gzip(plain)
      assert.is_true(#packed < #plain)
      local answer = assert(platforms{headers = {["Content-Encoding"] = "gzip"}, body = packed})
      assert.equal(("packed "):rep(100), answer.message)
      assert.matches("gzip", server:requests()[1].headers["accept-encoding"], 1, true)
    end)

    it("is unpacked when it refuses", function()
      local packed = gzip('{"status":404,"message":"packed"}')
      local _, why = platforms{status = 404, headers = {["Content-Encoding"] = "gzip"}, body = packed}
      assert.equal("platforms: HTTP 404: packed", why)
    end)

    it("must be packed as it says", function()
      local _, _, err = reexport{headers = {["Content-Encoding"] = "gzip"}, body = '{"status":200}'}
      assert.equal("bad_response", err.kind)
      assert.equal("unknown", err.outcome)
      assert.equal(61, err.curl_code)
      local packed = gzip('{"status":200}')
      _, _, err = reexport{headers = {["Content-Encoding"] = "gzip"}, body = packed:sub(1, -12)}
      assert.equal("bad_response", err.kind)
      assert.equal("unknown", err.outcome)
    end)

    it("counts with its unpacked size", function()
      local packed = gzip('{"status":200,"message":"' .. ("x"):rep(2000000) .. '"}')
      assert.is_true(#packed < 10000)
      local fault = {headers = {["Content-Encoding"] = "gzip"}, body = packed}
      local _, why, err = reexport(fault, {max_response = 100000})
      assert.equal("reexport: the answer is larger than max_response (100000 bytes)", why)
      assert.equal("bad_response", err.kind)
      assert.equal("unknown", err.outcome)
      assert.equal(2000000, #assert(reexport(fault)).message)
    end)
  end)

  describe("that is large", function()
    local function body_of(bytes)
      local frame = '{"status":200,"message":""}'
      return '{"status":200,"message":"' .. ("x"):rep(bytes - #frame) .. '"}'
    end

    it("may have max_response bytes and none more", function()
      assert.equal(200, assert(platforms({body = body_of(5000)}, {max_response = 5000})).status)
      local answer, why, err = platforms({body = body_of(5001)}, {max_response = 5000})
      assert.is_nil(answer)
      assert.equal("platforms: the answer is larger than max_response (5000 bytes)", why)
      assert.equal("bad_response", err.kind)
      assert.equal("unknown", err.outcome)
      assert.is_nil(err.body)
    end)

    it("does not spoil the next one", function()
      local small = client:with{max_response = 5000}
      server:fault{body = body_of(9000)}
      assert.is_nil((small:platforms(USER)))
      assert.equal(200, assert(small:platforms(USER)).status)
    end)

    -- Orders a fault too large for curl's configuration file.
    local function large_fault(fault)
      local path = os.tmpname()
      local file = assert(io.open(path, "wb"))
      file:write(cjson.encode(fault))
      file:close()
      local reply = assert(server:request("POST", server.control_url .. "faults", {
        key = false,
        headers = {["x-mock-token"] = server.token},
        lines = {('data-binary = "@%s"'):format(path)},
      }))
      os.remove(path)
      assert.equal(200, reply.status)
    end

    it("may have 16 MiB by default", function()
      local function sized(bytes)
        large_fault{headers = {["Content-Encoding"] = "gzip"}, body = gzip(body_of(bytes))}
        return client:platforms(USER)
      end
      assert.equal(200, assert(sized(2 ^ 24)).status)
      local answer, why = sized(2 ^ 24 + 1)
      assert.is_nil(answer)
      assert.equal("platforms: the answer is larger than max_response (16777216 bytes)", why)
    end)

    it("arrives whole", function()
      large_fault{body = body_of(3000000)}
      assert.equal(3000000, #assert(client:platforms(USER)).message + #'{"status":200,"message":""}')
    end)

    it("may not have headers without end", function()
      local headers = {}
      for index = 1, 4 do headers["X-Long-" .. index] = ("x"):rep(60000) end
      large_fault{headers = headers}
      assert.equal(60000, #cmr.info(client:platforms(USER)).headers["x-long-4"])

      headers["X-Long-5"] = ("x"):rep(60000)
      large_fault{headers = headers}
      local _, why, err = client:reexport{mailboxId = mock.MAILBOX}
      assert.equal("reexport: the answer's headers are larger than 262144 bytes", why)
      assert.equal("bad_response", err.kind)
      assert.equal("unknown", err.outcome)
    end)
  end)

  describe("that is shown in a message", function()
    local PREFIX = "platforms: HTTP 404: "

    local function message_of(text)
      local _, why = platforms{status = 404, body = text}
      return why:sub(#PREFIX + 1)
    end

    it("is cut after 200 bytes", function()
      assert.equal(("x"):rep(200), message_of(("x"):rep(200)))
      assert.equal(("x"):rep(200) .. "...", message_of(("x"):rep(201)))
      assert.equal(("x"):rep(200) .. "...", message_of('{"message":"' .. ("x"):rep(100000) .. '"}'))
      local _, why, err = platforms{body = ("x"):rep(100000)}
      assert.equal("platforms: HTTP 200, but not a JSON object: " .. ("x"):rep(200) .. "...", why)
      assert.equal(100000, #err.body)
    end)

    it("is cut between characters", function()
      assert.equal(("x"):rep(199) .. "...", message_of(("x"):rep(199) .. "\195\169"))
      assert.equal(("\226\130\172"):rep(66) .. "...", message_of(("\226\130\172"):rep(67)))
    end)

    it("has no control characters", function()
      assert.equal("a b?[31mc d?e", message_of('{"message":"a\\nb\\u001b[31mc\\td\\u007fe"}'))
      assert.equal("a?b", message_of('{"message":"a\\u0000b"}'))
      assert.equal("a?b?", message_of("a\194\155b\194\128")) -- C1 control characters, which some terminals obey
      assert.is_nil(message_of((function()
        local all = {}
        for byte = 0, 31 do all[#all + 1] = string.char(byte) end
        return table.concat(all)
      end)()):find("%c"))
    end)

    it("is UTF-8, whatever came", function()
      assert.equal("\195\169\226\130\172\240\159\152\128", message_of("\195\169\226\130\172\240\159\152\128"))
      assert.equal("a?b", message_of("a\255b"))
      assert.equal("??", message_of("\192\175")) -- overlong
      assert.equal("???", message_of("\237\160\128")) -- a surrogate
      assert.equal("????", message_of("\244\144\128\128")) -- beyond Unicode
      assert.equal("ab?", message_of("ab\195"))
    end)
  end)

  describe("that repeats the key", function()
    local function check(key, echo)
      local _, why, err = client:with{api_key = key}:platforms(USER)
      local info = cmr.info(err)
      for what, text in pairs{message = why, body = type(err.body) == "table" and err.body.message or err.body,
        header = info.headers["x-echo"], url = info.url} do
        assert.is_nil(text:find(key, 1, true), what .. " shows the key: " .. text)
      end
      assert.equal("platforms: " .. echo, why)
      assert.equal("You sent ***, ***", info.headers["x-echo"])
      return err
    end

    -- The server quotes the key in the message, in the text of the body and in a header.
    local function echo(key, status, body)
      server:fault{status = status, headers = {["X-Echo"] = ("You sent %s, %s"):format(key, key)}, body = body}
    end

    it("shows it nowhere", function()
      local key = "key-nobody-may-see"
      echo(key, 401, {status = 401, message = "Invalid API Key " .. key})
      local err = check(key, "HTTP 401: Invalid API Key ***")
      assert.equal("Invalid API Key ***", err.body.message)

      echo(key, 200, {status = 401, message = "Invalid API Key " .. key})
      err = check(key, "HTTP 401: Invalid API Key ***")
      assert.equal("Invalid API Key ***", err.body.message)

      echo(key, 401, "bad: " .. key .. key)
      err = check(key, "HTTP 401: bad: ******")
      assert.equal("bad: ******", err.body)

      echo(key, 200, "<p>" .. key)
      err = check(key, "HTTP 200, but not a JSON object: <p>***")
      assert.equal("<p>***", err.body)
    end)

    it("shows it nowhere when the answer is no JSON", function()
      local key = "key-nobody-may-see"
      echo(key, 200, ('{"a":{"b":1.},"echo":"%s"}'):format(key))
      local err = check(key, 'HTTP 200, but not a JSON object: {"a":{"b":1.},"echo":"***"}')
      assert.equal('{"a":{"b":1.},"echo":"***"}', err.body)
    end)

    it("shows no part of it where the message is cut", function()
      local key = "key-nobody-may-see"
      echo(key, 401, ("x"):rep(190) .. key)
      check(key, "HTTP 401: " .. ("x"):rep(190) .. "***")
      echo(key, 401, ("x"):rep(198) .. key)
      check(key, "HTTP 401: " .. ("x"):rep(198) .. "**...")
    end)

    it("shows it nowhere when JSON or a URL spells it differently", function()
      local key = 'key/no"body\\may-see'
      echo(key, 401, '{"message":"Invalid API Key key\\/no\\"body\\\\may-see"}')
      check(key, "HTTP 401: Invalid API Key ***")
      echo(key, 401, '{"message":"Invalid API Key \\u006bey/no\\u0022body\\u005Cmay\\u002dsee"}')
      check(key, "HTTP 401: Invalid API Key ***")
      echo(key, 401, "Invalid API Key key%2Fno%22body%5cmay-see")
      check(key, "HTTP 401: Invalid API Key ***")
    end)

    it("leaves text alone that only resembles a spelling of it", function()
      local key = "may-see"
      for _, text in ipairs{"may-%5zee", "may-%g3ee", "may-\\u00g3ee", "may-%7", "may-\\u007", "may-se"} do
        echo(key, 401, "Invalid API Key " .. text)
        check(key, "HTTP 401: Invalid API Key " .. text)
      end
    end)

    it("shows it in no header of a success", function()
      local key = "key-nobody-may-see"
      echo(key, 200, {status = 200, message = "fine"})
      local answer = assert(client:with{api_key = key}:platforms(USER))
      assert.equal("You sent ***, ***", cmr.info(answer).headers["x-echo"])
    end)
  end)
end)
