-- cmr listen: which deliveries it accepts, what it prints, and what it passes on.
local api = require "spec.support.mock_api"
local command = require "spec.support.command"
local delivery = require "spec.support.delivery"
local http = require "spec.support.http"
local listeners = require "spec.support.listener"
local receiver = require "spec.support.receiver"

local BODY = '{"event":"mailbox.created","eventId":"E1","data":{"email":"ann@new.example","password":"hunter-two",'
  .. '"note":"use hunter-two"}}'

describe("cmr listen #nginx", function()
  local plain, listener

  setup(function() plain = listeners.start{} end)

  before_each(function() listener = plain end)

  local function listen(...) listener = listeners.start({...}) end

  after_each(function()
    if listener ~= plain then listener:stop() end
  end)

  teardown(function()
    plain:stop()
    command.clean()
  end)

  it("prints a delivery without its passwords, and answers 200", function()
    local request = listener:send(BODY)
    local told, text = listener:line()
    assert.equal(200, request:answer().status)
    assert.is_true(told.accepted)
    assert.equal("E1", told.id)
    assert.equal("body-hex-seconds", told.signatureFormat)
    assert.is_false(told.timestampSigned)
    assert.equal("ann@new.example", told.event.data.email)
    assert.is_nil(told.event.data.password)
    assert.is_nil((text:find("hunter-two", 1, true)))
  end)

  it("prints passwords on demand", function()
    listen "--show-passwords"
    listener:send(BODY)
    assert.equal("hunter-two", listener:line().event.data.password)
  end)

  it("refuses a delivery that is not signed with the key, and says why", function()
    local forged = delivery.headers("body-hex-seconds", BODY, {time = os.time(), key = "another"})
    local request = listener:send(BODY, {headers = forged})
    local told = listener:line()
    assert.same({"bad_signature", false, 401}, {told.kind, told.accepted, told.status})
    assert.is_nil(told.event)
    local answer = request:answer()
    assert.same({401, ""}, {answer.status, answer.body})
    request = http.send(listener.port, "/x?y", {headers = {}})
    assert.equal("missing_signature", listener:line().kind)
    assert.equal(401, request:answer().status)
    local all = {}
    for byte = 0, 255 do all[byte + 1] = string.char(byte) end
    request = listener:send(table.concat(all))
    assert.equal("not_json", listener:line().kind) -- the signature was valid, so every byte arrived
    assert.equal(400, request:answer().status)
    request = listener:send(('{"event":"%s"}'):format(("x"):rep(1024 * 1024)))
    assert.equal("too_large", listener:line().kind)
    assert.equal(413, request:answer().status)
    request = listener:send(BODY)
    assert.is_true(listener:line().accepted)
    assert.equal(200, request:answer().status)
  end)

  it("gives a command the event on standard input, and nowhere else", function()
    local seen, environment = command.file_with "", command.file_with ""
    listen("--exec", ("cat >%s; env >%s"):format(seen, environment))
    local request = listener:send(BODY)
    assert.equal(0, listener:line().exit)
    assert.equal(200, request:answer().status)
    assert.equal(BODY, command.read(seen))
    assert.is_nil((command.read(environment):find("hunter-two", 1, true)))
    assert.matches("\nPATH=", "\n" .. command.read(environment))
  end)

  it("answers 500 when the command fails, and survives a command that reads nothing", function()
    listen("--exec", "exit 7")
    local request = listener:send(('{"event":"x"%s}'):format((" "):rep(900000)))
    local told = listener:line()
    assert.same({7, 500}, {told.exit, told.status})
    assert.equal(500, request:answer().status)
  end)

  it("passes on a delivery unchanged, and answers with the status that it receives", function()
    local hook = receiver.new()
    listen("--forward", hook.url)
    local headers = delivery.headers("timestamp.body-base64-milliseconds", BODY, {time = os.time()})
    headers["X-Other"] = "1"
    local request = listener:send(BODY, {path = "/some/where?a=b", headers = headers})
    assert.is_true(listener:line().accepted)
    local passed = hook:next(418)
    assert.equal("POST /hook?x=1 HTTP/1.1", passed.line)
    assert.equal(BODY, passed.body)
    for name, value in pairs(headers) do assert.equal(value, passed.headers[name:lower()]) end
    assert.equal(418, request:answer().status)
    assert.same({delivery = 1, forwarded = 418}, (listener:line()))
    request = listener:send(BODY, {headers = {}})
    assert.is_false(listener:line().accepted)
    assert.equal(401, request:answer().status)
    assert.is_nil(hook:next(200, 0.05))
    hook:close()
  end)

  it("lets no other process judge or fetch a delivery", function()
    for _, path in ipairs{"/_listen/delivery?id=1", "/_listen/verdict?id=1&verdict=200", "/_listen/forward"} do
      assert.equal(404, http.send(listener.port, path, {headers = {["x-listen-token"] = ""}}):answer().status)
    end
  end)

  it("receives the mock's deliveries", function()
    local mock = api.new()
    listener = listeners.start({"--signature-format=timestamp.body-hex-milliseconds"}, mock.server.key)
    mock:control("webhooks", {url = listener.url, signatureFormat = "timestamp.body-hex-milliseconds"})
    mock:control("clock", {speed = 1000})
    mock:yes("POST /mailboxes/oauth", nil, {mailboxId = api.MAILBOX})
    local told = listener:line()
    mock.server:reset()
    assert.equal("mailbox.exported", told.event.event)
  end)

  it("ends when its process is ended, and leaves nothing behind", function()
    listen()
    listener:stop()
    assert.is_nil(http.send(listener.port, "/", {}):answer().status)
  end)
end)

describe("cmr listen", function()
  it("needs a key, a URL for --forward and a known signature format", function()
    for message, words in pairs{["no API key"] = {}, ["an http or https URL"] = {"--forward", "ftp://x"},
      ["must be one of"] = {"--signature-format", "rot13"}} do
      local answer = command.run({"listen", (table.unpack or unpack)(words)},
        {env = {CMR_API_KEY = #words > 0 and "any" or ""}})
      assert.equal(2, answer.status, answer.err)
      assert.matches(message, answer.err, 1, true)
    end
    command.clean()
  end)
end)

describe("cmr webhook detect", function()
  local KEY = {CMR_API_KEY = delivery.KEY}

  local function detect(text, env)
    return command.run({"webhook", "detect", "-"}, {env = env or KEY, stdin = text})
  end

  local function captured(format, body, ending, given)
    local lines = {"POST /hook HTTP/1.1", "Host: example.com"}
    for name, value in pairs(delivery.headers(format, body, given)) do
      lines[#lines + 1] = name:gsub("^%l", string.upper) .. ": " .. value
    end
    return table.concat(lines, ending) .. ending .. ending .. body
  end

  after_each(command.clean)

  it("names the signature format of a delivery of any age, with any line ends", function()
    for _, ending in ipairs{"\n", "\r\n"} do
      for _, after in ipairs{"", "\n", "\r\n"} do
        local answer = detect(captured("timestamp.body-base64-seconds", BODY, ending) .. after)
        assert.equal(0, answer.status, answer.err)
        assert.matches('"signatureFormat": "timestamp.body-base64-seconds"', answer.out, 1, true)
        assert.matches('"timestampSigned": true', answer.out, 1, true)
        assert.is_nil((answer.out:find("hunter-two", 1, true)))
      end
    end
  end)

  it("takes as much of the body as its length says, and prints what it found", function()
    local text = captured("body-hex-seconds", BODY, "\r\n", {time = 1750000000})
    text = text:gsub("\r\n\r\n", "\r\nContent-Length: " .. #BODY .. "\r\n\r\n", 1)
    for _, more in ipairs{"", "more", "\r\n"} do
      local answer = detect(text .. more)
      assert.equal(0, answer.status, answer.err)
      assert.same({signatureFormat = "body-hex-seconds", timestamp = 1750000000, timestampSigned = false,
        event = "mailbox.created", id = "E1"}, require("cjson").decode(answer.out))
      assert.matches('^{\n  "', answer.out)
    end
    local compact = command.run({"webhook", "detect", "-", "--compact"}, {env = KEY, stdin = text})
    assert.equal(1, select(2, compact.out:gsub("\n", "")))
    -- a line break at the end may be part of the body
    assert.equal(0, detect(captured("body-hex-seconds", BODY .. "\n", "\n")).status)
    local cut = text:gsub("Content%-Length: %d+", "Content-Length: 5")
    assert.equal(1, detect(cut).status)
  end)

  it("says when a delivery is signed with another key, or not signed", function()
    local text = captured("body-hex-seconds", BODY, "\n")
    for message, answer in pairs{
      ["the signature does not fit"] = detect(text, {CMR_API_KEY = "another"}),
      ["cmr-x-signature is missing"] = detect("Host: x\n\n" .. BODY),
      ["more than once"] = detect("cmr-x-signature: 1\n" .. text),
    } do
      assert.equal(1, answer.status)
      assert.matches(message, answer.err, 1, true)
    end
  end)

  it("needs a delivery", function()
    for message, answer in pairs{
      ["no empty line"] = detect(BODY),
      ["cannot read"] = command.run({"webhook", "detect", "/nowhere"}, {env = KEY}),
      ["must be one of"] = command.run({"webhook", "guess", "x"}, {env = KEY}),
    } do
      assert.equal(2, answer.status)
      assert.matches(message, answer.err, 1, true)
    end
  end)
end)
