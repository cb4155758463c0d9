-- cmr mcp in its own process: the life of a session, with the mock.
local assistant = require "spec.support.assistant"
local cjson = require "cjson"
local command = require "spec.support.command"
local core = require "cmr.core"
local delivery = require "spec.support.delivery"
local listeners = require "spec.support.listener"
local mock = require "spec.support.mock"

-- A request that changes something, and charges nothing.
local AUTO_RENEW = {userId = mock.USER, domains = {"doe.com"}, autoRenew = true}

describe("cmr mcp", function()
  local server, env, client, listener

  setup(function() server = mock.shared "http" end)

  before_each(function()
    server:reset()
    env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_LEDGER = command.ledger()}
  end)

  after_each(function()
    if client then client:close() end
    if listener then listener:stop() end
    client, listener = nil, nil
  end)

  teardown(command.clean)

  local function start(options)
    options = options or {}
    options.env = options.env or env
    client = assistant.start(options)
    return client
  end

  local function history(filter)
    local words = {"history", "--output", "json"}
    for _, word in ipairs(filter or {}) do words[#words + 1] = word end
    return cjson.decode(command.run(words, {env = env}).out)
  end

  -- Waits until the mock has received this number of requests.
  local function wait_for_requests(count)
    for _ = 1, 200 do
      if #server:requests() >= count then return end
      command.sh "sleep 0.02"
    end
    error("the mock received too few requests")
  end

  it("says what it is, in the client's version", function()
    for _, version in ipairs{"2024-11-05", "2025-11-25"} do
      start{version = version}
      assert.equal(version, client.welcome.protocolVersion)
      assert.equal("cmr", client.welcome.serverInfo.name)
      for _, name in ipairs{"tools", "resources", "prompts", "logging"} do
        assert.same({}, client.welcome.capabilities[name])
      end
      assert.equal(0, (client:close()))
    end
    start{version = "1999-01-01"}
    assert.equal("2025-11-25", client.welcome.protocolVersion)
    assert.matches("allows: reads%.", client.welcome.instructions)
  end)

  it("answers nothing but ping before initialize, and initialize only once", function()
    start{raw = true}
    assert.same({}, client:request("ping").result)
    assert.equal(-32600, client:request("tools/list").error.code)
    assert.equal(-32602, client:request("initialize", {}).error.code)
    assert.equal("2025-06-18", client:request("initialize", {protocolVersion = "2025-06-18"}).result.protocolVersion)
    assert.equal(-32600, client:request("initialize", {protocolVersion = "2025-06-18"}).error.code)
  end)

  it("answers mistakes with their codes, and goes on", function()
    start()
    client:write "garbage\n"
    local message = client:read()
    assert.same({-32700, cjson.null}, {message.error.code, message.id})
    client:write "[]\n\n\r\n"
    assert.equal(-32600, client:read().error.code)
    assert.equal(-32601, client:request("tools/destroy").error.code)
    client:write '{"jsonrpc":"2.0","id":77,"method":"tools/call","params":[1]}\n'
    assert.equal(-32602, client:answer(77).error.code)
    for _, params in ipairs{
      {}, {name = 5}, {name = "no_such_tool"}, {name = "user", arguments = "x"}, {name = "user", arguments = {1}},
    } do
      assert.equal(-32602, client:request("tools/call", params).error.code)
    end
    assert.matches("did you mean 'mailboxes'", client:request("tools/call", {name = "mailboxs"}).error.message)
    assert.equal(-32602, client:request("tools/list", {cursor = "x"}).error.code)
    assert.equal(-32602, client:request("logging/setLevel", {level = "loud"}).error.code)
    assert.same({}, client:request("logging/setLevel", {level = "error"}).result)
    client:notify "notifications/unknown"
    client:notify("notifications/cancelled", {requestId = 4711})
    client:write '{"jsonrpc":"2.0","id":"cmr-1","result":{}}\n'
    assert.is_true(client:is_alive())
    assert.same({}, server:requests())
  end)

  it("drops a message that is too long", function()
    start()
    client:write('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"' .. ("x"):rep(5 * 1024 * 1024) .. '"}}\n')
    assert.equal(-32600, client:read().error.code)
    assert.is_true(client:is_alive())
  end)

  it("serves other requests while one is in flight", function()
    server:fault{match = {operation = "platforms"}, delay = 0.5}
    start()
    local slow = client:begin_call("platforms", {userId = mock.USER})
    local quick = client:begin "ping"
    assert.equal(quick, client:read().id)
    assert.equal(slow, client:read().id)
  end)

  it("refuses the id of a request that is still running", function()
    server:fault{match = {operation = "platforms"}, delay = 0.3}
    start()
    local id = client:begin_call("platforms", {userId = mock.USER})
    client:send{id = id, method = "ping"}
    assert.equal(-32600, client:read().error.code)
    assert.is_table(client:answer(id).result)
  end)

  it("reports increasing progress with the client's token", function()
    server:fault{match = {operation = "platforms"}, delay = 1.3}
    start()
    local id = client:begin_call("platforms", {userId = mock.USER}, "T")
    assert.is_table(client:answer(id).result)
    local last = -1
    for _, message in ipairs(client.others) do
      assert.equal("notifications/progress", message.method)
      assert.equal("T", message.params.progressToken)
      assert.is_true(message.params.progress > last)
      assert.matches("waiting for the answer", message.params.message)
      last = message.params.progress
    end
    assert.is_true(#client.others >= 2)
    client.others = {}
    client:call("countries")
    assert.same({}, client.others)
  end)

  it("logs a retry only to a client that wants warnings", function()
    start()
    for _, case in ipairs{{"error", 0}, {"warning", 1}} do
      assert.same({}, client:request("logging/setLevel", {level = case[1]}).result)
      server:fault{match = {operation = "platforms"}, status = 503, times = 1}
      client.others = {}
      client:call("platforms", {userId = mock.USER})
      assert.equal(case[2], #client.others)
    end
  end)

  it("reports a retry, as progress and in the log", function()
    server:fault{match = {operation = "platforms"}, close = true}
    start()
    local id = client:begin_call("platforms", {userId = mock.USER}, 5)
    assert.is_false((select(2, assistant.text(client:answer(id)))))
    local seen = {}
    for _, message in ipairs(client.others) do
      seen[message.method] = (seen[message.method] or "") .. (message.params.message or message.params.data)
    end
    assert.matches("Empty reply.*the next attempt in", seen["notifications/message"])
    assert.matches("Empty reply.*the next attempt in", seen["notifications/progress"])
  end)

  it("sends when the rate limit allows it, although it reports progress only once a second", function()
    start()
    local began = core.now()
    for _ = 1, 9 do client:call("platforms", {userId = mock.USER}) end
    assert.equal(9, #server:requests())
    local elapsed = core.now() - began
    assert.is_true(elapsed > 1.5 and elapsed < 3) -- 4 a second
  end)

  it("ends a read that is cancelled, without an answer", function()
    server:fault{match = {operation = "platforms"}, delay = 20}
    start()
    local id = client:begin_call("platforms", {userId = mock.USER})
    wait_for_requests(0)
    client:notify("notifications/cancelled", {requestId = id, reason = "spec"})
    assert.is_true(client:is_alive())
    assert.same({}, client.others)
    local began = os.time()
    assert.equal(0, (client:close()))
    assert.is_true(os.time() - began < 10)
  end)

  it("continues a cancelled request that changes something, so that the ledger gets its outcome", function()
    server:fault{match = {operation = "set_domain_auto_renew"}, delay = 0.6}
    start{words = {"--allow", "write"}}
    local id = client:begin_call("set_domain_auto_renew", AUTO_RENEW, 1)
    assert.matches("sent", client:read().params.message)
    client:notify("notifications/cancelled", {requestId = id})
    assert.is_true(client:is_alive())
    assert.equal(0, (client:close()))
    assert.same({}, client.others)
    local sent = history()
    assert.equal(1, #sent)
    assert.same({"set_domain_auto_renew", "done"}, {sent[1].operation, sent[1].state}, sent[1].message)
  end)

  it("does not send a request that is cancelled before it leaves", function()
    start{words = {"--allow", "charge"}}
    local args = {userId = mock.USER, domains = {"doe.com"}, years = 1}
    local id = client:begin_call("renew_domains", args)
    assert.equal("elicitation/create", client:read().method)
    client:notify("notifications/cancelled", {requestId = id})
    assert.is_true(client:is_alive())
    client:write '{"jsonrpc":"2.0","id":"cmr-1","result":{"action":"accept","content":{"send":true}}}\n'
    assert.is_true(client:is_alive())
    assert.same({}, server:requests())
    assert.same({}, history())
  end)

  it("ends with its client, and writes the outcome of a call in flight into the ledger", function()
    server:fault{match = {operation = "set_domain_auto_renew"}, delay = 0.5}
    start{words = {"--allow", "write"}}
    client:begin_call("set_domain_auto_renew", AUTO_RENEW, 1)
    assert.matches("sent", client:read().params.message)
    assert.equal(0, (client:close()))
    assert.equal("done", history()[1].state)
  end)

  it("ends at a signal, and the ledger knows that the outcome is unknown", function()
    server:fault{match = {operation = "set_domain_auto_renew"}, delay = 20}
    start{words = {"--allow", "write"}}
    client:begin_call("set_domain_auto_renew", AUTO_RENEW, 1)
    assert.matches("sent", client:read().params.message)
    client:signal "TERM"
    local message
    repeat -- the server reports progress every second
      message = client:read()
      assert.is_true(message == nil or message.method == "notifications/progress")
    until not message
    assert.equal(130, (client:close()))
    assert.equal("unknown", history()[1].state)
  end)

  it("ends when its output is closed", function()
    start()
    client.output:close()
    client:begin "ping"
    client:begin "ping"
    for _ = 1, 250 do
      if command.read(client.status_path) ~= "" then break end
      command.sh "sleep 0.02"
    end
    assert.equal("0\n", command.read(client.status_path))
    client.input:close()
    client = nil
  end)

  it("shows a charge to the user, and sends it when the user agrees", function()
    start{words = {"--allow", "charge"}}
    local id = client:begin_call("renew_domains", {userId = mock.USER, domains = {"doe.com"}, years = 1})
    local question = client:read()
    assert.equal("elicitation/create", question.method)
    assert.matches("renew_domains charges money", question.params.message)
    assert.matches("POST " .. server.base_url:gsub("%p", "%%%0") .. "/domains/renew", question.params.message)
    assert.matches('"doe.com"', question.params.message)
    assert.equal("boolean", question.params.requestedSchema.properties.send.type)
    assert.same({}, server:requests())
    client:send{id = question.id, result = {action = "accept", content = {send = true}}}
    client:answer(id)
    assert.equal(1, #server:requests())
  end)

  it("waits until a request is done", function()
    listener = listeners.start({}, nil, env.CMR_LEDGER)
    start{words = {"--allow", "write"}}
    local text = client:call("reexport", {mailboxId = mock.MAILBOX})
    local action = text:match '{"id":"([^"]+)"}'
    text = client:call("await", {id = action, timeoutSeconds = 1})
    assert.matches("is not done yet", text)
    local body = cjson.encode{event = "mailbox.exported", eventId = "E1",
      data = {actionId = action, mailboxId = mock.MAILBOX, password = "hunter-two"}}
    local request = listener:send(body, {headers = delivery.headers("body-hex-seconds", body, {time = os.time()})})
    listener:line()
    request:answer()
    local is_error
    text, is_error = client:call("await", {id = action, timeoutSeconds = 10})
    assert.is_false(is_error, text)
    local found = cjson.decode(text:match "^[^\n]+")
    assert.same({"done", "E1"}, {found[1].state, found[1].events[1].eventId})
    assert.is_nil((text:find "hunter"))
  end)

  it("shows the key in nothing that it writes", function()
    local body = {status = 200, message = server.key, data = {x = server.key}}
    server:fault{match = {operation = "platforms"}, body = body}
    server:fault{match = {operation = "platforms"}, status = 400, body = {status = 400, message = server.key}}
    start()
    for _ = 1, 2 do client:call("platforms", {userId = mock.USER}) end
    client:write(server.key .. "\n")
    client:read()
    client:call("platforms", {userId = server.key})
    client:request(server.key)
    client:request("tools/list")
    local _, err = client:close()
    assert.is_nil(((client.seen .. err):find(server.key, 1, true)))
  end)

  it("shows the key of a file in nothing that it writes", function()
    local body = {status = 200, message = server.key, data = {x = server.key}}
    server:fault{match = {operation = "platforms"}, body = body}
    env.CMR_API_KEY = nil
    start{words = {"--api-key-file", command.file_with(server.key .. "\n")}}
    client:call("platforms", {userId = mock.USER})
    client:call("platforms", {userId = server.key})
    client:request(server.key)
    local _, err = client:close()
    assert.is_nil(((client.seen .. err):find(server.key, 1, true)))
  end)

  it("answers random messages with errors, and sends no request for them", function()
    local seed = 4711
    local function random(n)
      seed = seed * 16807 % 2147483647
      return seed % n + 1
    end
    local function pick(list) return list[random(#list)] end
    local METHODS = {'"tools/call"', '"tools/list"', '"ping"', '"resources/read"', '"prompts/get"', '"initialize"',
      '"logging/setLevel"', '"x"', '""', "null", "1", "{}", '"notifications/cancelled"', '"completion/complete"'}
    local VALUES = {"null", "true", "-1", "1e400", "0", '""', '"\\u0000"', '"\\ud800"', "[]", "{}", "[[]]", '{"a":[1]}',
      '"create_order"', '"delete_user"', '{"userId":1}', '{"userId":{}}', '"cmr://ledger/99999999999999999999"'}
    local NAMES = {"name", "arguments", "uri", "cursor", "_meta", "level", "requestId", "protocolVersion"}
    local IDS = {"1", '"a"', "null", "1.5", "{}", "-1", "9007199254740993"}
    local function object()
      local parts = {}
      for index = 1, random(4) - 1 do parts[index] = ('"%s":%s'):format(pick(NAMES), pick(VALUES)) end
      return "{" .. table.concat(parts, ",") .. "}"
    end
    local function message()
      local text = ('{"jsonrpc":%s,"id":%s,"method":%s,"params":%s}'):format(
        pick{'"2.0"', '"2.0"', '"2.0"', '"1.0"', "2"}, pick(IDS), pick(METHODS), pick{object(), object(), pick(VALUES)})
      local kind = random(10)
      if kind == 1 then return text:sub(1, random(#text)) end
      if kind == 2 then
        local at = random(#text)
        return text:sub(1, at - 1) .. string.char(random(255)) .. text:sub(at + 1)
      end
      if kind == 3 then return "[" .. text .. "," .. text .. "]" end
      return text
    end
    start{words = {"--allow", "write", "--allow", "charge", "--allow", "destroy"}}
    for _ = 1, 20 do -- the pipe to the server has room for 50 messages
      for _ = 1, 50 do client:write((message():gsub("[\r\n]", " ")) .. "\n") end
      client:send{id = "sync", method = "ping"}
      while client:read().id ~= "sync" do end
    end
    assert.is_true(client:is_alive())
    local status, err = client:close()
    assert.equal(0, status)
    assert.equal("", err)
    assert.same({}, server:requests())
    assert.same({}, history())
  end)

  it("starts only with what it needs", function()
    local function failed(words, variables)
      local done = command.run(words, {env = variables})
      return done.status, done.err
    end
    local status, err = failed({"mcp"}, {})
    assert.equal(2, status)
    assert.matches("no API key", err)
    status, err = failed({"mcp", "--allow", "write", "--no-ledger"}, env)
    assert.equal(2, status)
    assert.matches("'%-%-no%-ledger' does not go with '%-%-allow'", err)
    status, err = failed({"mcp", "--yes"}, env)
    assert.equal(2, status)
    assert.matches("'%-%-yes' does not go with mcp", err)
    status = failed({"mcp", "--allow", "everything"}, env)
    assert.equal(2, status)
    status, err = failed({"mcp", "--allow", "write"},
      {CMR_API_KEY = "k", CMR_BASE_URL = server.base_url, CMR_LEDGER = "/"})
    assert.equal(1, status)
    assert.matches("ledger", err)
    assert.equal(0, (failed({"mcp"}, env)))
  end)
end)
