-- The messages of the Model Context Protocol, checked in this process.
local protocol = require "cmr.cli.mcp.protocol"

describe("cmr.cli.mcp.protocol", function()
  local function kinds(line, version)
    local list = {}
    for index, message in ipairs(protocol.read(line, version)) do list[index] = message.code or message.kind end
    return list
  end

  it("tells requests, notifications and answers apart", function()
    assert.same({"request"}, kinds '{"jsonrpc":"2.0","id":"a","method":"ping"}')
    assert.same({"notification"}, kinds '{"jsonrpc":"2.0","method":"notifications/initialized"}')
    assert.same({"response"}, kinds '{"jsonrpc":"2.0","id":1,"result":{}}')
    assert.same({"response"}, kinds '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}')
    assert.same({}, kinds " \r")
  end)

  it("answers what is no JSON with -32700 and what is no message with -32600", function()
    for _, line in ipairs{"garbage", "{", '{"jsonrpc":"2.0",', "\0", '"', "\255\254"} do
      assert.same({-32700}, kinds(line), line)
    end
    for _, line in ipairs{
      "1", "null", '"x"', "[]", "[1]", "{}", '{"id":1}', '{"jsonrpc":"1.0","id":1,"method":"ping"}',
      '{"jsonrpc":"2.0","id":null,"method":"ping"}', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
      '{"jsonrpc":"2.0","id":{},"method":"ping"}', '{"jsonrpc":"2.0","id":true,"method":"ping"}',
      '{"jsonrpc":"2.0","id":"\\u0000","method":"ping"}', '{"jsonrpc":"2.0","id":1,"method":5}',
      '{"jsonrpc":"2.0","id":1}', '{"jsonrpc":"2.0","result":1}',
    } do
      assert.same({-32600}, kinds(line), line)
    end
  end)

  it("says what is wrong, with the id if the message has one", function()
    local function refusal(line, version)
      local message = protocol.read(line, version)[1]
      return {message.kind, message.id or "none", message.code, message.message}
    end
    for line, expected in pairs{
      ["5"] = {"none", "a message is a JSON object"},
      ['{"jsonrpc":"2.0","id":1.5,"method":"x"}'] = {"none", "an id is a text or a whole number"},
      ['{"jsonrpc":"2.0","id":null,"method":"x"}'] = {"none", "an id is a text or a whole number"},
      ['{"jsonrpc":"1.0","id":7,"method":"x"}'] = {7, 'jsonrpc has to be "2.0"'},
      ['{"jsonrpc":"2.0","id":"a"}'] = {"a", "the method is missing"},
      ['{"jsonrpc":"2.0","id":7,"method":5}'] = {7, "a method is a text"},
    } do assert.same({"invalid", expected[1], -32600, expected[2]}, refusal(line)) end
    assert.same({"invalid", "none", -32600, "more than 4194304 bytes"}, refusal(false))
    local list = "[" .. ("1,"):rep(100) .. "1]"
    assert.same({"invalid", "none", -32600, "more than 100 messages in a batch"}, refusal(list, "2025-03-26"))
    assert.equal(100, #protocol.read("[" .. ("1,"):rep(99) .. "1]", "2025-03-26"))
  end)

  it("has the codes of JSON-RPC and of the protocol", function()
    assert.same({-32700, -32600, -32601, -32602, -32603, -32002}, {protocol.PARSE_ERROR, protocol.INVALID_REQUEST,
      protocol.UNKNOWN_METHOD, protocol.BAD_PARAMS, protocol.INTERNAL_ERROR, protocol.UNKNOWN_RESOURCE})
  end)

  it("takes whole numbers as ids that a double holds exactly", function()
    local beyond = math.type and -32600 or "request" -- a Lua without integers decodes a larger number as text
    for id, kind in pairs{["9007199254740991"] = "request", ["-9007199254740991"] = "request", ["0"] = "request",
      ["9007199254740992"] = beyond, ["-9007199254740992"] = beyond, ["1e300"] = -32600} do
      assert.same({kind}, kinds('{"jsonrpc":"2.0","id":' .. id .. ',"method":"ping"}'), id)
    end
  end)

  it("has no params when they are no object", function()
    assert.is_nil(protocol.read('{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}')[1].params)
    assert.is_nil(protocol.read('{"jsonrpc":"2.0","id":1,"method":"m","params":"x"}')[1].params)
    assert.same({}, protocol.read('{"jsonrpc":"2.0","id":1,"method":"m","params":null}')[1].params)
  end)

  it("reads a list of messages only in the version that has such lists", function()
    local list = '[{"jsonrpc":"2.0","id":1,"method":"ping"},5,{"jsonrpc":"2.0","method":"x"}]'
    assert.same({"request", -32600, "notification"}, kinds(list, "2025-03-26"))
    assert.same({-32600}, kinds(list, "2025-06-18"))
    assert.same({-32600}, kinds("[" .. ("1,"):rep(100) .. "1]", "2025-03-26"))
  end)

  it("agrees on the client's version, or offers its newest", function()
    for _, version in ipairs{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"} do
      assert.equal(version, protocol.agree(version))
    end
    for _, version in ipairs{"2024-10-07", "1", "", {}} do assert.equal("2025-11-25", protocol.agree(version)) end
  end)

  it("splits bytes into lines, however they come", function()
    local text, lines = "one\ntwo\n\nlast", {}
    local feed = protocol.splitter()
    for index = 1, #text do
      for _, line in ipairs(feed(text:sub(index, index))) do lines[#lines + 1] = line end
    end
    assert.same({"one", "two", ""}, lines)
    assert.same({"last", "x"}, feed "\nx\ny")
  end)

  it("drops a line that is too long, and reads the next one", function()
    local feed, got = protocol.splitter(), {}
    local function add(bytes)
      for _, line in ipairs(feed(bytes)) do got[#got + 1] = line end
    end
    local piece = ("x"):rep(1024 * 1024)
    for _ = 1, 5 do add(piece) end
    add "\nnext\n"
    assert.same({false, "next"}, got)
    assert.equal(-32600, protocol.read(false)[1].code)
    feed, got = protocol.splitter(), {}
    add(("y"):rep(protocol.MAX_MESSAGE_BYTES) .. "\n" .. ("y"):rep(protocol.MAX_MESSAGE_BYTES + 1) .. "\n")
    assert.same({4194304, false}, {#got[1], got[2]})
  end)

  it("writes one line of UTF-8", function()
    local line = protocol.write(protocol.result(1, {text = "a\nb\255"}))
    assert.is_nil((line:find "\n"))
    assert.matches("a\\nb\239\191\189", line)
    assert.matches('"message":"ab"', protocol.write(protocol.error(1, -32601, "a\0b")))
    local progress = protocol.write{method = "m", params = {progressToken = "T", message = "a\0b"}}
    assert.matches('"progressToken":"T"', progress, 1, true)
    assert.matches('"message":"ab"', progress, 1, true)
    assert.matches('"id":null', protocol.write(protocol.error(nil, -32700, "x")))
  end)
end)
