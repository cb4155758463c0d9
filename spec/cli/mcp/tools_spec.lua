-- The tools, resources and prompts of cmr mcp, with the mock.
local assistant = require "spec.support.assistant"
local cjson = require "cjson"
local command = require "spec.support.command"
local ledgers = require "cmr.ledger"
local listeners = require "spec.support.listener"
local mock = require "spec.support.mock"
local operations = require "cmr.operations"

local RENEWAL = {userId = mock.USER, domains = {"doe.com"}, years = 1}
local REEXPORT = {mailboxId = mock.MAILBOX}

describe("the tools of cmr mcp #mcp", function()
  local server, env, path, client, listener

  setup(function() server = mock.shared "http" end)

  before_each(function()
    server:reset()
    path = command.ledger()
    env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_LEDGER = path}
  end)

  after_each(function()
    if client then client:close() end
    if listener then listener:stop() end
    client, listener = nil, nil
    local ledger = ledgers.open(path)
    if ledger then ledger:close() end
  end)

  teardown(command.clean)

  -- Starts the server. `allowed` is a list of classes. Without capabilities, the client cannot ask its user.
  local function start(allowed, capabilities)
    local words = {}
    for _, class in ipairs(allowed or {}) do
      words[#words + 1] = "--allow"
      words[#words + 1] = class
    end
    client = assistant.start{words = words, env = env, capabilities = capabilities or {sampling = cjson.decode "{}"}}
    return client
  end

  local ELICITS = {elicitation = cjson.decode "{}"}

  local function tools()
    local by_name, names = {}, {}
    for index, tool in ipairs(client:request("tools/list").result.tools) do
      by_name[tool.name], names[index] = tool, tool.name
    end
    return by_name, names
  end

  -- Answers the server's question.
  local function reply(question, action, content)
    client:send{id = question.id, result = {action = action, content = content}}
  end

  it("are the operations that only read, unless more is allowed", function()
    start()
    local by_name = tools()
    for _, operation in ipairs(operations) do
      local reads = operation.method == "GET" or operation.flags.safe
      local expected = (reads and operation.path) ~= nil and (reads and operation.path) ~= false
      assert.equal(expected, by_name[operation.name] ~= nil, operation.name)
    end
    for _, name in ipairs{"await", "history", "read_more"} do assert.is_true(by_name[name].annotations.readOnlyHint) end
    for name, tool in pairs(by_name) do
      -- the other tools ask the API, or wait for it
      assert.equal(name ~= "history" and name ~= "read_more", tool.annotations.openWorldHint, name)
      assert.is_true(tool.annotations.readOnlyHint, name)
      assert.is_false(tool.annotations.destructiveHint or false, name)
    end
  end)

  it("are each in the class that its consequences have", function()
    local CASES = {write = "create_user", charge = "create_order", destroy = "delete_user"}
    for class, name in pairs(CASES) do
      start{class}
      local by_name = tools()
      for other, other_name in pairs(CASES) do assert.equal(other == class, by_name[other_name] ~= nil, name) end
      client:close()
    end
    start{"write", "charge", "destroy"}
    local by_name = tools()
    for _, operation in ipairs(operations) do
      local is_known = operation.path ~= nil and operation.method ~= nil
      assert.equal(is_known, by_name[operation.name] ~= nil, operation.name)
    end
    assert.same({true, false, false}, {by_name.delete_user.annotations.destructiveHint,
      by_name.delete_user.annotations.readOnlyHint, by_name.create_order.annotations.idempotentHint})
    assert.is_true(by_name.update_user.annotations.idempotentHint)
    assert.is_false(by_name.toggle_warmup.annotations.idempotentHint)
  end)

  it("have names and schemas that models accept", function()
    start{"write", "charge", "destroy"}
    for name, tool in pairs((tools())) do
      assert.matches("^[%w_]+$", name)
      assert.is_true(#name <= 64 and #tool.description > 10, name)
      local schema = tool.inputSchema
      assert.equal("object", schema.type)
      if not operations[name] then assert.is_false(schema.additionalProperties, name) end
      assert.is_nil(schema.anyOf or schema.oneOf or schema.allOf)
      for _, required in ipairs(schema.required or {}) do assert.is_table(schema.properties[required], name) end
      for property in pairs(schema.properties) do assert.matches("^[%w_.-]+$", property) end
    end
    local by_name = tools()
    assert.same({"userId", "confirm"}, by_name.create_order.inputSchema.required)
    assert.equal("array", by_name.renew_domains.inputSchema.properties.domains.anyOf[1].type)
    assert.equal("all", by_name.renew_domains.inputSchema.properties.domains.anyOf[2].const)
    assert.same({1, 100}, {by_name.users.inputSchema.properties.limit.minimum,
      by_name.users.inputSchema.properties.limit.maximum})
    assert.is_nil(by_name.create_order.inputSchema.properties.files)
  end)

  it("cover an operation whose path the user supplies", function()
    env.CMR_ENDPOINTS = command.file_with '{"wallet": "GET /wallet"}'
    start()
    assert.is_table(tools().wallet)
    client:close()
    env.CMR_ENDPOINTS = nil
    start()
    local text, is_error = client:call("wallet")
    assert.is_true(is_error)
    assert.matches("its path is not documented", text)
  end)

  it("answer with the API's answer, its passwords masked", function()
    local secret = {status = 200, message = "x", data = {password = "hunter-two", app = {apiToken = "hunter-two"},
      credentials = {{email = "ann@doe.com", credentialId = "C1"}}, list = {1, 2}}}
    server:fault{match = {operation = "platforms"}, body = secret}
    start()
    local text, is_error = client:call("platforms", {userId = mock.USER})
    assert.is_false(is_error)
    assert.is_nil((text:find "hunter"))
    local data = cjson.decode(text).data
    assert.same({"***", "***", "ann@doe.com", "C1"},
      {data.password, data.app.apiToken, data.credentials[1].email, data.credentials[1].credentialId})
    assert.same({1, 2}, data.list)
  end)

  it("name a mistake in the arguments, and send nothing", function()
    start{"write"}
    local CASES = {
      {"platforms", {}, "missing required argument 'userId'"},
      {"platforms", {userid = "x"}, "did you mean 'userId'"},
      {"users", {page = "x"}, "integer expected"},
      {"set_domain_auto_renew", {userId = "x", autoRenew = true}, 'the text "all"'},
      {"history", {limit = 1000}, "bad argument 'limit'"},
      {"history", {operatoin = "x"}, "did you mean 'operation'"},
      {"await", {}, "missing argument 'id'"},
      {"await", {id = "ORD_none"}, "no request in the ledger"},
      {"read_more", {cursor = "1:1"}, "not known any more"},
    }
    for _, case in ipairs(CASES) do
      local text, is_error = client:call(case[1], case[2])
      assert.is_true(is_error, case[1])
      assert.matches(case[3], text)
    end
    assert.same({}, server:requests())
  end)

  it("refuse what is not allowed, and say how the user can allow it", function()
    start{"write"}
    for name, flag in pairs{create_order = "charge", delete_user = "destroy", cancel_subscription = "destroy"} do
      local text, is_error = client:call(name, {userId = mock.USER})
      assert.is_true(is_error)
      assert.matches("cmr mcp %-%-allow " .. flag, text)
      assert.matches("nothing was sent", text)
    end
    assert.same({}, server:requests())
  end)

  it("are named in the instructions, and a name that is none is not repeated in full", function()
    start{"charge", "write"}
    assert.matches("This server allows: reads, write, charge%.$", client.welcome.instructions)
    local function refusal(name) return client:request("tools/call", {name = name}).error.message end
    assert.equal("unknown tool 'mailboxs' (did you mean 'mailboxes'?)", refusal "mailboxs")
    assert.equal(("unknown tool '%s\226\128\166'"):format(("x"):rep(97)), refusal(("x"):rep(101)))
  end)

  it("have repeatOf where a second call has consequences, and say which of several arguments they need", function()
    start{"write", "charge", "destroy"}
    local by_name = tools()
    for _, operation in ipairs(operations) do
      local tool, flags = by_name[operation.name], operation.flags
      if tool then
        local guarded = flags.charges or flags.danger or flags.quota or flags.flips
        assert.equal(guarded and not tool.annotations.readOnlyHint or false,
          tool.inputSchema.properties.repeatOf ~= nil, operation.name)
        assert.matches("^%u", tool.description)
        local needs = tool.description:match "\n(Needs [^\n]*)$"
        assert.equal(require("cmr.cli.mcp.schema").choice(operation), needs)
        assert.equal(nil, tool.description:find "^Needs")
      end
    end
  end)

  it("check the types and the limits of the arguments", function()
    start()
    local by_name = tools()
    assert.matches("by default 50%.$", by_name.await.inputSchema.properties.timeoutSeconds.description)
    assert.matches("by default 20%.$", by_name.history.inputSchema.properties.limit.description)
    for _, case in ipairs{
      {"history", "limit", {1, 200}, {0, 201, 1.5, "2", true}},
      {"history", "before", {1, 1e9}, {0, 1.5, "2"}},
      {"history", "sinceDays", {0, 0.5, 1e6}, {-0.1, "2"}},
      {"history", "unknown", {true, false}, {1, "true"}},
      {"history", "user", {"x"}, {1, true}},
      {"await", "timeoutSeconds", {1, 600}, {0, 601, 1.5, "2"}},
      {"await", "id", {"ORD_1"}, {5, false}},
    } do
      local tool, name, good, bad = (table.unpack or unpack)(case)
      local args = tool == "await" and {id = "ORD_1"} or {}
      for _, value in ipairs(good) do
        args[name] = value
        assert.is_nil(client:call(tool, args):find("bad argument", 1, true), name .. tostring(value))
      end
      for _, value in ipairs(bad) do
        args[name] = value
        local text, is_error = client:call(tool, args)
        assert.is_true(is_error)
        local about = by_name[tool].inputSchema.properties[name].description
        assert.equal(("%s: bad argument '%s' (%s)"):format(tool, name, about), text)
      end
    end
  end)

  it("send no files", function()
    env.CMR_ENDPOINTS = command.file_with '{"create_order_form": "POST /form"}'
    start{"charge"}
    local text, is_error = client:call("create_order_form", {userId = mock.USER, confirm = true,
      files = {["a@acme.com"] = "/etc/passwd"}})
    assert.is_true(is_error)
    assert.equal("create_order_form: 'files' names files of this machine: only the command sends them", text)
    assert.same({}, server:requests())
  end)

  it("ask with the request, and report that they wait for the answer", function()
    start({"charge"}, ELICITS)
    local id = client:begin_call("renew_domains", RENEWAL, "T")
    assert.equal("waiting for the user's confirmation", client:read().params.message)
    local question = client:read()
    assert.equal(([[renew_domains charges money.
POST %s/domains/renew
{
  "domains": [
    "doe.com"
  ],
  "userId": "%s",
  "years": 1
}]]):format(server.base_url, mock.USER), question.params.message)
    assert.is_false(question.params.requestedSchema.properties.send.default)
    reply(question, "decline")
    client:answer(id)
  end)

  it("show up to 8,000 bytes of a body, and say how much more it has", function()
    start({"charge"}, ELICITS)
    local mailboxes = {["a.com"] = {}, ["b.com"] = {}}
    for index = 1, 100 do
      local list = mailboxes[index % 2 == 0 and "a.com" or "b.com"]
      list[#list + 1] = {username = "u" .. index, firstName = ("\195\164"):rep(30), lastName = "L"}
    end
    local args = {userId = mock.USER, subscriptionId = "S1", confirm = true, billingCycle = "MONTHLY",
      mailboxes = mailboxes}
    for more = 1, 4 do -- the cut comes at each byte of a character
      args.subscriptionId = ("S"):rep(more)
      local id = client:begin_call("order_mailboxes", args)
      local question = client:read()
      reply(question, "decline")
      client:answer(id)
      local head, missing, size, shown = question.params.message:match(
        "^(.-)\n(%d+) of the (%d+) bytes of the body are not shown\n  mailboxes: 100 items in all\n({.*)$")
      assert.matches("^order_mailboxes charges money%.\nPOST %S+$", head)
      assert.matches("^{\n.*\226\128\166$", shown)
      assert.is_true(#shown <= 8000 and #shown > 7900)
      assert.equal(shown, require("cmr.util.text").utf8(shown))
      assert.equal(tonumber(size) - (#shown - 3), tonumber(missing))
    end
  end)

  it("ask a client that can show forms and addresses", function()
    start({"charge"}, {elicitation = {url = cjson.decode "{}", form = cjson.decode "{}"}})
    local id = client:begin_call("renew_domains", RENEWAL)
    local question = client:read()
    assert.equal("elicitation/create", question.method)
    reply(question, "decline")
    client:answer(id)
  end)

  it("send nothing that the user declines", function()
    start({"charge", "destroy", "write"}, ELICITS)
    local ANSWERS = {
      {"decline"}, {"cancel"}, {"accept"}, {"accept", {send = false}}, {"accept", {send = "true"}}, {"nonsense"},
      {"decline", {send = true}},
    }
    for _, answer in ipairs(ANSWERS) do
      local id = client:begin_call("renew_domains", RENEWAL)
      reply(client:read(), answer[1], answer[2])
      local text, is_error = assistant.text(client:answer(id))
      assert.is_true(is_error)
      assert.matches("did not confirm it; nothing was sent", text)
    end
    local id = client:begin_call("delete_user", {userId = mock.USER})
    local question = client:read()
    assert.matches("delete_user destroys", question.params.message)
    client:send{id = question.id, error = {code = -32603, message = "no"}}
    assert.is_true((select(2, assistant.text(client:answer(id)))))
    id = client:begin_call("set_domain_auto_renew", {userId = mock.USER, domains = "all", autoRenew = false})
    question = client:read()
    assert.matches("means all of them", question.params.message)
    reply(question, "decline")
    client:answer(id)
    assert.same({}, server:requests())
    local ledger = assert(ledgers.open(path))
    assert.equal(0, ledger:count{})
  end)

  it("mask the secrets in the question", function()
    env.CMR_ENDPOINTS = command.file_with '{"process_order": "POST /process"}'
    start({"charge"}, ELICITS)
    local id = client:begin_call("process_order", {password = "hunter-two", orderId = "O1"})
    local question = client:read()
    assert.matches("O1", question.params.message)
    assert.is_nil((question.params.message:find "hunter"))
    reply(question, "decline")
    client:answer(id)
  end)

  it("show the fields of a form in the question", function()
    env.CMR_ENDPOINTS = command.file_with '{"create_order_form": "POST /form"}'
    start({"charge"}, ELICITS)
    local id = client:begin_call("create_order_form", {userId = mock.USER, confirm = true,
      domains = {{domain = "acme.com", years = 1}}})
    local question = client:read()
    assert.matches("\ndomains: %[{.*acme%.com", question.params.message)
    assert.matches("\nconfirm: true", question.params.message)
    reply(question, "decline")
    client:answer(id)
  end)

  it("do not ask a client that can only show addresses", function()
    start({"charge"}, {elicitation = {url = cjson.decode "{}"}})
    client:call("renew_domains", RENEWAL)
    assert.same({}, client.others)
    assert.equal(1, #server:requests())
  end)

  it("do not send twice unless the assistant was told of the first time", function()
    start{"write"}
    local text, is_error = client:call("reexport", REEXPORT)
    assert.is_false(is_error, text)
    local number = tonumber(text:match "ledger_id: (%d+)")
    local action = cjson.decode(text:match "^[^\n]+").actionId
    text, is_error = client:call("reexport", REEXPORT)
    assert.is_true(is_error)
    assert.matches("the same request was sent before: ledger_id " .. number, text)
    assert.matches("state accepted", text)
    assert.is_truthy(text:find("action " .. action, 1, true))
    assert.matches("repeatOf = " .. number, text)
    -- a wrong number does not show that the assistant knows of the first request
    REEXPORT.repeatOf = number + 1
    assert.is_true((select(2, client:call("reexport", REEXPORT))))
    assert.equal(1, #server:requests())
    REEXPORT.repeatOf = number
    text, is_error = client:call("reexport", REEXPORT)
    REEXPORT.repeatOf = nil
    assert.is_false(is_error, text)
    assert.equal(2, #server:requests())
    -- without repeatOf, the tool refuses again, and names the request that was sent last
    assert.matches("ledger_id " .. number + 1, (client:call("reexport", REEXPORT)))
  end)

  -- Lets the server accept each request that flips the warmup of a mailbox.
  local function accept_flips()
    server:fault{match = {operation = "toggle_warmup"}, status = 200, times = 99, body = {status = 200, message = "ok"}}
  end

  -- Changes requests in the ledger.
  local function change(sql, ...)
    assert(assert(ledgers.open(path)):connection "durable":run(sql, ...))
  end

  it("refuse for 30 days what was done, or may have been done, and send again what was not done", function()
    accept_flips()
    start{"write"}
    assert.is_false((select(2, client:call("toggle_warmup", REEXPORT))))
    for state, is_refused in pairs{done = true, partial = true, accepted = true, unknown = true, failed = false,
      deferred = false} do
      change("UPDATE request SET state = ?", state)
      local text, is_error = client:call("toggle_warmup", REEXPORT)
      assert.equal(is_refused, text:find("the same request was sent before", 1, true) ~= nil, state)
      assert.equal(is_refused, is_error, state)
    end
    for days, is_refused in pairs{[29] = true, [31] = false} do
      change("UPDATE request SET state = 'done', sent_at = ?", os.time() - days * 86400)
      assert.equal(is_refused, (select(2, client:call("toggle_warmup", REEXPORT))), days)
    end
    change "UPDATE request SET state = 'failed'"
    local ledger = assert(ledgers.open(path))
    local digest = require("cmr.ledger.identity").digest(REEXPORT)
    local account = require("cmr.ledger.entry").account(
      require("cmr").new{api_key = server.key, base_url = server.base_url}:target())
    assert(ledger:begin{account = account, operation = "toggle_warmup", digest = digest}) -- another process sends it
    local count = #server:requests()
    assert.matches("state sending", (client:call("toggle_warmup", REEXPORT)))
    assert.equal(count, #server:requests())
  end)

  it("do not send again what an earlier key sent to the same address, unless they repeat it", function()
    server:fault{match = {operation = "reexport"}, status = 200, times = 9,
      body = {status = 200, message = "ok", actionId = "ACT_1"}}
    env.CMR_API_KEY = "the-old-key"
    assert.equal(0, command.run({"reexport", "--mailbox-id", mock.MAILBOX}, {env = env}).status)
    env.CMR_API_KEY = "the-new-key"
    start{"write"}
    for state, is_refused in pairs{accepted = true, unknown = true, failed = false} do
      change "DELETE FROM request WHERE id > 1"
      change("UPDATE request SET state = ?", state)
      local text, is_error = client:call("reexport", REEXPORT)
      assert.equal(is_refused, is_error, state)
      if is_refused then
        assert.matches("^the same request was sent before: ledger_id 1, %S+, state " .. state
          .. ", action ACT_1, with another key%. Nothing was sent now%.", text)
      end
    end
    assert.equal(2, #server:requests()) -- the one of the old key, and one after the failure
    change "DELETE FROM request WHERE id > 1"
    change "UPDATE request SET state = 'unknown'"
    REEXPORT.repeatOf = 1
    local text, is_error = client:call("reexport", REEXPORT)
    REEXPORT.repeatOf = nil
    assert.is_false(is_error, text)
    -- now the newest one is of this key
    text = client:call("reexport", REEXPORT)
    assert.matches("^the same request was sent before: ledger_id 2, %S+, state accepted, action ACT_1%. Nothing", text)
    -- a key for another address is of another account
    change "UPDATE request SET account = account || '/elsewhere', superseded = NULL"
    assert.is_false((select(2, client:call("reexport", REEXPORT))))
    assert.equal(4, #server:requests())
  end)

  it("replace a request that is unknown when they repeat it, and no other request", function()
    accept_flips()
    start{"write"}
    for state, replaced in pairs{unknown = true, accepted = false} do
      change "DELETE FROM request"
      client:call("toggle_warmup", REEXPORT)
      local ledger = assert(ledgers.open(path))
      local earlier = ledger:find{}[1]
      change("UPDATE request SET state = ?", state)
      local text, is_error = client:call("toggle_warmup", {mailboxId = mock.MAILBOX, repeatOf = earlier.id})
      assert.is_false(is_error, text)
      local newest = ledger:find{}[1].id
      assert.equal(replaced and newest or nil, ledger:get(earlier.id).superseded, state)
    end
  end)

  it("name the order of an earlier request, and how to wait for it", function()
    server:fault{match = {operation = "create_order"}, status = 200,
      body = {status = 200, message = "ok", data = {orderId = "ORD_9"}}}
    start{"charge"}
    local args = {userId = mock.USER, confirm = true, domains = {{domain = "new-one.com", years = 1}}}
    assert.matches('\nThe API accepted it, and it is not done yet. The tool await with {"id":"ORD_9"} waits.\n'
      .. "ledger_id: 1$", (client:call("create_order", args)))
    local text = client:call("create_order", args)
    assert.matches("^the same request was sent before: ledger_id 1, %d+%-%d+%-%d+T%d+:%d+:%d+Z, state accepted, "
      .. "order ORD_9%. Nothing was sent now%. If the user wants it once more, call create_order again with the same "
      .. "arguments and repeatOf = 1$", text)
  end)

  it("say of a failed call what it changed, where to look, and when to try again", function()
    start{"write", "charge", "destroy"}
    local function refuse(operation, body, headers)
      server:fault{match = {operation = operation}, status = body.status or 422, body = body, headers = headers}
    end
    local function fails(...)
      local text, is_error = client:call(...)
      assert.is_true(is_error)
      return text
    end
    refuse("platforms", {status = 422, message = "no"})
    assert.equal("platforms: HTTP 422: no", fails("platforms", {userId = mock.USER}))
    refuse("update_user", {status = 422, message = "no"})
    assert.equal("update_user: HTTP 422: no\noutcome: rejected, the server refused it, so nothing was done\n"
      .. "ledger_id: 1", fails("update_user", {userId = mock.USER, firstName = "A"}))
    local unknown = "\noutcome: unknown, it may have been done: check before you repeat it\n"
      .. "Look for the result with %sthe tool history.\nledger_id: %d"
    for index, case in ipairs{
      {"add_dns_records", {userId = mock.USER, domain = "doe.com",
        records = {{host = "@", value = "x", recordType = "TXT"}}}, "dns_records or "},
      {"reexport", REEXPORT, "platforms or platform_workspaces or "},
      {"toggle_warmup", REEXPORT, ""},
    } do
      server:fault{match = {operation = case[1]}, close = "after"}
      local text = fails(case[1], case[2])
      local tail = unknown:format(case[3], index + 1)
      assert.equal(tail, text:sub(-#tail))
    end
    assert.matches("\nmailboxCount: 1\ndomainCount: 1\nledger_id: 5$", (fails("delete_user", {userId = mock.USER})))
    refuse("delete_user", {status = 422, message = "no", data = {mailboxCount = 5}})
    assert.matches("\nmailboxCount: 5\nledger_id: 6$", (fails("delete_user", {userId = mock.USER})))
    server:fault{match = {operation = "delete_user"}, status = 422, body = "<html>"}
    assert.matches("so nothing was done\nledger_id: 7$", (fails("delete_user", {userId = mock.USER})))
    refuse("platforms", {status = 429, message = "slow"}, {["Retry-After"] = "400000"})
    assert.equal("platforms: HTTP 429: slow\nretry after 4 days 15 hours", fails("platforms", {userId = mock.USER}))
  end)

  it("say of a success only what is true of it", function()
    start{"write"}
    local function answered(operation, data, args)
      local body = {status = 200, message = "x", actionId = "ACT_1", data = data}
      server:fault{match = {operation = operation}, body = body}
      return client:call(operation, args)
    end
    local nothing = cjson.decode "{}"
    local user = {userId = mock.USER}
    for text, shown in pairs{
      ['"data":{}'] = answered("platforms", nothing, user),
      ['"data":[]'] = answered("users", nothing),
      ['"data":{"other":{}}'] = answered("users", {other = nothing}),
    } do
      assert.is_truthy(shown:find(text, 1, true), shown)
      assert.is_nil(shown:find("\n", 1, true), shown)
    end
    assert.matches("}\nledger_id: 1$", (answered("update_user", nothing, {userId = mock.USER, firstName = "A"})))
  end)

  it("say when the ledger cannot record the answer", function()
    server:fault{match = {operation = "set_domain_auto_renew"}, delay = 0.5}
    start{"write"}
    local args = {userId = mock.USER, domains = {"doe.com"}, autoRenew = true}
    local id = client:begin_call("set_domain_auto_renew", args, 1)
    assert.matches("sent", client:read().params.message)
    os.remove(path)
    local text = assistant.text(client:answer(id))
    assert.matches("\nThe ledger could not record the answer: [^\n]+$", text)
  end)

  it("remember what another process sent", function()
    assert.equal(0, command.run({"reexport", "--mailbox-id", mock.MAILBOX}, {env = env}).status)
    start{"write"}
    local text, is_error = client:call("reexport", REEXPORT)
    assert.is_true(is_error)
    assert.matches("was sent before", text)
    assert.equal(1, #server:requests())
  end)

  it("send one of two equal calls that come at once", function()
    server:fault{match = {operation = "reexport"}, delay = 0.3}
    start{"write"}
    local one, other = client:begin_call("reexport", REEXPORT), client:begin_call("reexport", REEXPORT)
    local first, second = client:read(), client:read()
    local texts = {[first.id] = first, [second.id] = second}
    assert.is_true(texts[one].result.isError ~= texts[other].result.isError)
    local refused = texts[one].result.isError and one or other
    assert.matches("^the same request was sent before: ledger_id 1, ", (assistant.text(texts[refused])))
    assert.equal(1, #server:requests())
  end)

  it("send one of two equal calls that are confirmed at once", function()
    server:fault{match = {operation = "renew_domains"}, status = 200,
      body = {status = 200, message = "ok", actionId = "ACT_1"}}
    start({"charge"}, ELICITS)
    local questions = {}
    for index = 1, 2 do
      client:begin_call("renew_domains", RENEWAL)
      questions[index] = client:read()
    end
    for index = 1, 2 do reply(questions[index], "accept", {send = true}) end
    local refused = 0
    for _ = 1, 2 do
      local text, is_error = assistant.text(client:read())
      if is_error and text:find "^the same request was sent before: ledger_id 1, " then refused = refused + 1 end
    end
    assert.same({1, 1}, {refused, #server:requests()})
  end)

  it("report an unknown outcome and where to look, and do not repeat the request", function()
    server:fault{match = {operation = "reexport"}, close = "after"}
    start{"write"}
    local text, is_error = client:call("reexport", REEXPORT)
    assert.is_true(is_error)
    assert.matches("outcome: unknown, it may have been done", text)
    assert.matches("Look for the result with .*history", text)
    assert.matches("state unknown", (client:call("reexport", REEXPORT)))
    local found = cjson.decode((client:call("history", {unknown = true})):match "^[^\n]+")
    assert.same({1, "reexport", "unknown"}, {#found, found[1].operation, found[1].state})
    assert.equal(1, #server:requests())
  end)

  it("report a refusal", function()
    start{"write"}
    local text, is_error = client:call("reexport", {mailboxId = "nobody"})
    assert.is_true(is_error)
    assert.matches("HTTP 404", text)
    assert.matches("outcome: rejected, the server refused it, so nothing was done", text)
    assert.is_false((select(2, client:call("reexport", REEXPORT))))
  end)

  it("report the items that were refused in a success", function()
    start{"charge"}
    local text, is_error = client:call("renew_domains", RENEWAL)
    assert.is_true(is_error)
    assert.matches("1 item was refused:\n  doe.com: ", text)
    server:fault{match = {operation = "renew_domains"}, status = 200, body = {status = 200, message = "x", data = {
      {domainName = "a.com", success = false, message = "too early"}, {domainName = "b.com", success = false}}}}
    text = client:call("renew_domains", {userId = mock.USER, domains = {"a.com", "b.com"}, years = 1})
    assert.matches("\n2 items were refused:\n  a.com: too early\n  b.com: no reason is given\n", text, 1, true)
  end)

  it("say that nothing was done if every item was refused, and send the request again when asked", function()
    start{"charge"}
    local function renewed(items)
      server:fault{match = {operation = "renew_domains"}, status = 200,
        body = {status = 200, message = "x", actionId = "ACT_1", data = items}}
      return client:call("renew_domains", RENEWAL)
    end
    local text, is_error = renewed{{domainName = "doe.com", success = false, message = "too early"}}
    assert.is_true(is_error)
    assert.matches("\n1 item was refused:\n  doe.com: too early\n"
      .. "outcome: rejected, the server refused it, so nothing was done. After a correction it may be sent again.\n"
      .. "ledger_id: 1$", text)
    assert.is_nil((text:find "accepted"))
    text, is_error = renewed{{domainName = "doe.com", success = true}}
    assert.is_false(is_error)
    assert.matches("\nThe API accepted it, and it is not done yet%. [^\n]+\nledger_id: 2$", text)
  end)

  it("give a long answer in parts", function()
    local items = {}
    for index = 1, 1500 do items[index] = {name = ("item %d"):format(index), note = "\195\164"} end
    server:fault{match = {operation = "countries"}, body = {status = 200, message = "x", data = items}}
    start()
    local answer = client:answer(client:begin_call("countries")).result
    local whole, count = answer.content[1].text, 1
    while true do
      assert.is_true(#answer.content[1].text <= 24000)
      local cursor = answer.content[2] and answer.content[2].text:match '"cursor":"([%d:]+)"'
      if not cursor then break end
      answer = client:answer(client:begin_call("read_more", {cursor = cursor})).result
      whole, count = whole .. answer.content[1].text, count + 1
    end
    assert.is_true(count > 1)
    assert.equal(1500, #cjson.decode(whole).data)
  end)

  it("say that a list has more pages", function()
    for index = 1, 5 do server:add_user("USER" .. index) end
    start()
    assert.matches('This is page 1 of %d+.*{"page": 2}', (client:call("users", {limit = 2})))
    for _, case in ipairs{
      {{currentPage = 2, totalPages = 3, totalItems = 5}, {}, 'This is page 2 of 3, 5 items in all. {"page": 3} is'},
      {{currentPage = 2, totalPages = 3}, {}, 'This is page 2 of 3. {"page": 3} is the next one.'},
      {{totalPages = 3}, {page = 2}, 'This is page 2 of 3. {"page": 3} is the next one.'},
      {{totalPages = 3}, {}, 'This is page 1 of 3. {"page": 2} is the next one.'},
      {{currentPage = 3, totalPages = 3}, {}}, {{totalPages = 3}, {page = 3}}, {{}, {}},
    } do
      case[1].users = {{userId = "U1"}}
      server:fault{match = {operation = "users"}, body = {status = 200, message = "x", data = case[1]}}
      local text = client:call("users", case[2])
      if case[3] then assert.matches(case[3], text, 1, true) else assert.is_nil((text:find "This is page")) end
    end
  end)

  it("list the requests of this key, page by page", function()
    start{"write"}
    for index = 1, 3 do client:call("reexport", {mailboxId = "nobody" .. index}) end
    local text = client:call("history", {limit = 2})
    local found = cjson.decode(text:match "^[^\n]+")
    assert.equal(2, #found)
    assert.matches("^%d+%-%d+%-%d+T%d+:%d+:%d+Z$", found[1].sent_at)
    assert.matches("2 of 3 requests", text)
    local before = tonumber(text:match '{"before": (%d+)}')
    found = cjson.decode((client:call("history", {limit = 2, before = before})):match "^[^\n]+")
    assert.equal(1, #found)
    assert.equal("[]\n0 of 0 requests.", (client:call("history", {operation = "create_order"})))
    assert.equal("[]\n0 of 0 requests.", (client:call("history", {user = "nobody", sinceDays = 0.5})))
  end)

  it("list only what fits: by age, state and key, and say when that is all", function()
    start{"write"}
    for index = 1, 2 do client:call("reexport", {mailboxId = "nobody" .. index}) end
    client:call("toggle_warmup", REEXPORT)
    change("UPDATE request SET sent_at = sent_at - ? WHERE id = 1", 2 * 86400)
    change "UPDATE request SET state = 'unknown' WHERE id = 2"
    for _, case in ipairs{
      {{}, "3 of 3 requests.", {3, 2, 1}},
      {{sinceDays = 1}, "2 of 2 requests.", {3, 2}},
      {{sinceDays = 3}, "3 of 3 requests.", {3, 2, 1}},
      {{sinceDays = 1e6}, "3 of 3 requests.", {3, 2, 1}},
      {{unknown = true}, "1 of 1 requests.", {2}},
      {{unknown = false}, "3 of 3 requests.", {3, 2, 1}},
      {{limit = 1}, '1 of 3 requests. {"before": 3} lists older ones.', {3}},
      {{before = 2}, "1 of 3 requests.", {1}},
    } do
      local found, notes = (client:call("history", case[1])):match "^([^\n]+)\n(.*)$"
      local ids = {}
      for index, item in ipairs(cjson.decode(found)) do ids[index] = item.ledger_id end
      assert.same({case[2], case[3]}, {notes, ids})
    end
    change "UPDATE request SET account = 'other https://a' WHERE id = 3"
    assert.matches("\n2 of 2 requests%.$", (client:call "history"))
    local sql = "INSERT INTO request (account, operation, digest, writer, state, sent_at) SELECT account, operation, "
      .. "digest || ?, writer, state, sent_at FROM request WHERE id = 1"
    for index = 1, 19 do change(sql, index) end
    assert.matches('\n20 of 21 requests. {"before": %d+} lists older ones%.$', (client:call "history"))
  end)

  it("say how a request ended, or that it has not ended", function()
    start{"write"}
    server:fault{match = {operation = "reexport"}, status = 200, times = 2,
      body = {status = 200, message = "ok", actionId = "ACT_7"}}
    client:call("reexport", REEXPORT)
    local function await(id)
      local text, is_error = client:call("await", {id = id})
      local found, notes = text:match "^([^\n]+)\n?(.*)$"
      return cjson.decode(found), notes, is_error
    end
    local found, notes, is_error = await "ACT_7"
    assert.same({1, "accepted", nil, false}, {#found, found[1].state, found[1].events, is_error})
    assert.matches("^Request 1 is not done yet%.\nno event can arrive: ", notes)
    for state, failed in pairs{done = false, partial = true, failed = true, deferred = true, unknown = true} do
      change("UPDATE request SET state = ?", state)
      found, notes, is_error = await "ACT_7"
      assert.same({state, "", failed}, {found[1].state, notes, is_error})
    end
    -- of several requests with an id, the newest one counts
    change "UPDATE request SET state = 'failed'"
    client:call("reexport", REEXPORT)
    change "UPDATE request SET state = 'done' WHERE id = 2"
    found, notes, is_error = await "ACT_7"
    assert.same({1, 2, "", false}, {#found, found[1].ledger_id, notes, is_error})
    -- all rows of a run
    change [[INSERT INTO run (id, name, account, operation, digest, rows, round, round_at, started_at)
      VALUES (1, 'RUN_1', 'a', 'reexport', 'd', 2, 0, 0, 0)]]
    change "UPDATE request SET run = 1, row = id"
    found, notes, is_error = await "RUN_1"
    assert.same({2, "", true}, {#found, notes, is_error})
    change "UPDATE request SET state = 'accepted'"
    found, notes = await "RUN_1"
    assert.equal(2, #found)
    assert.equal(2, select(2, notes:gsub("is not done yet", "")))
    assert.equal(2, select(2, notes:gsub("no event can arrive", "")))
    -- not those that another request of the run replaced, and not those of an earlier round
    change "UPDATE request SET state = 'failed', superseded = 2 WHERE id = 1"
    change "UPDATE request SET state = 'done' WHERE id = 2"
    found, notes, is_error = await "RUN_1"
    assert.same({1, 2, "", false}, {#found, found[1].ledger_id, notes, is_error})
    change "UPDATE request SET superseded = NULL"
    change "UPDATE run SET round_after = 1"
    found, notes, is_error = await "RUN_1"
    assert.same({1, 2, "", false}, {#found, found[1].ledger_id, notes, is_error})
    -- an operation without documented events
    change "UPDATE request SET state = 'accepted', plan = NULL, operation = 'toggle_warmup' WHERE id = 2"
    found, notes, is_error = await "ACT_7"
    assert.same({1, "accepted", false}, {#found, found[1].state, is_error})
    assert.equal("Request 2 is not done yet.\nno event is documented to report the success of 'toggle_warmup'", notes)
  end)

  it("wait for an event, and say what failed", function()
    server:fault{match = {operation = "create_order"}, status = 200, times = 2,
      body = {status = 200, message = "ok", data = {orderId = "ORD_9"}}}
    start{"charge"}
    local args = {userId = mock.USER, confirm = true, domains = {{domain = "new-one.com", years = 1}}}
    client:call("create_order", args)
    listener = listeners.start({}, nil, path)
    local id = client:begin_call("await", {id = "ORD_9", timeoutSeconds = 20}, "T")
    assert.equal("waiting for the end of request 1, create_order", client:read().params.message)
    local body = cjson.encode{event = "domain.order.failed", eventId = "E1",
      data = {orderId = "ORD_9", domainName = "new-one.com", reason = "taken"}}
    local request = listener:send(body)
    listener:line()
    request:answer()
    local text, is_error = assistant.text(client:answer(id))
    assert.is_true(is_error)
    local found, notes = text:match "^([^\n]+)\n(.*)$"
    found = cjson.decode(found)
    assert.same({"failed", "E1"}, {found[1].state, found[1].events[1].eventId})
    assert.matches("^[^\n]*domain.order.failed: taken[^\n]*$", notes)
  end)

  it("say at once that no event can arrive", function()
    start{"write"}
    local action = (client:call("reexport", REEXPORT)):match '{"id":"([^"]+)"}'
    assert.matches("no event can arrive: .*cmr listen", (client:call("await", {id = action})))
  end)

  it("end a wait that is cancelled", function()
    listener = listeners.start({}, nil, path)
    start{"write"}
    local action = (client:call("reexport", REEXPORT)):match '{"id":"([^"]+)"}'
    local id = client:begin_call("await", {id = action, timeoutSeconds = 60}, "w")
    assert.matches("waiting for the end", client:read().params.message)
    client:notify("notifications/cancelled", {requestId = id})
    local began = os.time()
    assert.is_true(client:is_alive())
    client:close()
    assert.is_true(os.time() - began < 10)
  end)

  it("make room for others when they are cancelled", function()
    listener = listeners.start({}, nil, path)
    client = assistant.start{words = {"--allow", "write", "--rate", "off"}, env = env}
    local action = (client:call("reexport", REEXPORT)):match '{"id":"([^"]+)"}'
    server:fault{match = {operation = "platforms"}, delay = 20, times = 99}
    for index = 1, 64 do -- as many as may be under way
      local id = index % 8 == 0 and client:begin_call("await", {id = action, timeoutSeconds = 600})
        or client:begin_call("platforms", {userId = mock.USER})
      assert.is_true(client:is_alive())
      client:notify("notifications/cancelled", {requestId = id})
    end
    local text, is_error
    for _ = 1, 50 do -- a wait looks about once a second whether it is cancelled
      local answer = client:answer(client:begin_call "countries")
      if answer.result then
        text, is_error = assistant.text(answer)
        break
      end
      command.sh "sleep 0.1"
    end
    assert.is_false(is_error, text)
  end)

  it("do not wait for the slot of a request that is cancelled before it leaves", function()
    client = assistant.start{words = {"--allow", "write", "--rate", "0.02"}, env = env}
    client:call("platforms", {userId = mock.USER}) -- takes the slot of the next 50 seconds
    local id = client:begin_call("set_domain_auto_renew", {userId = mock.USER, domains = {"doe.com"}, autoRenew = true})
    assert.is_true(client:is_alive())
    client:notify("notifications/cancelled", {requestId = id})
    assert.is_true(client:is_alive())
    assert.equal(0, (client:close()))
    assert.equal(1, #server:requests())
  end)

  it("make no further attempt after a cancellation", function()
    server:fault{match = {operation = "set_domain_auto_renew"}, delay = 0.3, status = 429, times = 1,
      headers = {["Retry-After"] = "40"}, body = {status = 429, message = "slow"}}
    start{"write"}
    local began = os.time()
    local args = {userId = mock.USER, domains = {"doe.com"}, autoRenew = true}
    local id = client:begin_call("set_domain_auto_renew", args, "T")
    assert.matches("sent", client:read().params.message)
    client:notify("notifications/cancelled", {requestId = id})
    assert.equal(0, (client:close()))
    assert.is_true(os.time() - began < 30) -- it does not wait for the time of the next attempt
    assert.equal(1, #server:requests())
  end)

  it("are set up as the guide says", function()
    local page, count = command.read "docs/guides/assistant.md", 0
    for block in page:gmatch "```json\n(.-)```" do
      local settings = cjson.decode(block)
      local entry = (settings.mcpServers or settings.servers).cmr
      assert.same({"cmr", {"mcp"}}, {entry.command, entry.args})
      count = count + 1
    end
    assert.equal(2, count)
    assert.matches('%[mcp_servers%.cmr%]\ncommand = "cmr"\nargs = %["mcp"%]\n', page)
    local versions = require("cmr.cli.mcp.protocol").VERSIONS
    for _, version in ipairs(versions) do assert.is_truthy(page:find(version, 1, true)) end
    start()
    for _, prompt in ipairs(client:request("prompts/list").result.prompts) do
      assert.is_truthy(page:find("`" .. prompt.name .. "`", 1, true))
    end
  end)

  it("work without a ledger, except those that read it", function()
    client = assistant.start{words = {"--no-ledger"}, env = env}
    assert.is_false((select(2, client:call("platforms", {userId = mock.USER}))))
    for name, args in pairs{history = {}, await = {id = "ORD_1"}} do
      local text, is_error = client:call(name, args)
      assert.is_true(is_error)
      assert.matches("no ledger: it was started with %-%-no%-ledger", text)
    end
  end)

  it("come with the reference and the ledger as resources", function()
    start{"write"}
    local uris = {}
    for _, resource in ipairs(client:request("resources/list").result.resources) do uris[resource.uri] = true end
    assert.is_true(uris["cmr://operations"] and uris["cmr://ledger"] and uris["cmr://operations/create_order"])
    assert.equal(2, #client:request("resources/templates/list").result.resourceTemplates)
    local function read(uri)
      local answer = client:request("resources/read", {uri = uri})
      if not answer.result then return nil, answer.error.code end
      local contents = answer.result.contents[1]
      assert.same({uri, uri:find "ledger" and "application/json" or "text/markdown"}, {contents.uri, contents.mimeType})
      return contents.text
    end
    for uri in pairs(uris) do assert.is_string((read(uri))) end
    local index = read "cmr://operations"
    assert.matches("%- create_order: [^\n]*no tool: [^\n]*%-%-allow charge", index)
    assert.matches("%- wallet: [^\n]*path is not documented", index)
    assert.matches("%- countries: [^\n]+\n%- states: [^\n]+\n", index)
    assert.not_matches("countries: [^\n]*no tool", index)
    local about = read "cmr://operations/create_order"
    assert.matches("`confirm` (boolean, required): true charges the wallet and starts the order at once; "
      .. "false only stores the order.\n", about, 1, true)
    assert.matches("\n- `autoRenew` (boolean): true renews", about, 1, true)
    assert.matches("^# create_order\n\n%u", about)
    assert.matches("\n\nExample: {[^\n]+}\n\nDocumented answer: {", about)
    assert.not_matches("Documented answer", (read "cmr://operations/wallet"), 1, true)
    for _, resource in ipairs(client:request("resources/list").result.resources) do
      local operation = operations[resource.name]
      local unknown = operation and not (operation.path and operation.method)
      assert.equal(unknown and "Its path is not documented." or nil, resource.description, resource.name)
    end
    client:call("reexport", REEXPORT)
    assert.equal("reexport", cjson.decode((read "cmr://ledger"))[1].operation)
    assert.equal("accepted", cjson.decode((read "cmr://ledger/1")).state)
    for _, uri in ipairs{"cmr://x", "cmr://operations/nothing", "cmr://ledger/99", "file:///etc/passwd", ""} do
      assert.equal(-32002, (select(2, read(uri))), uri)
    end
    assert.equal(-32602, client:request("resources/read", {uri = 5}).error.code)
  end)

  it("come with prompts for the jobs of the guides", function()
    start()
    local prompts = client:request("prompts/list").result.prompts
    assert.equal(4, #prompts)
    local required = {}
    for _, prompt in ipairs(prompts) do
      local names = {}
      for _, argument in ipairs(prompt.arguments or {}) do
        if argument.required then names[#names + 1] = argument.name end
      end
      required[prompt.name] = {names, prompt.arguments ~= nil}
    end
    assert.same({order_mailboxes = {{"user", "domain", "mailboxes"}, true}, renew = {{"user"}, true},
      re_export = {{"mailboxes"}, true}, what_happened = {{}, false}}, required)
    assert.equal("missing arguments: user, domain and mailboxes",
      client:request("prompts/get", {name = "order_mailboxes"}).error.message)
    for _, prompt in ipairs(prompts) do
      local args = {}
      for _, argument in ipairs(prompt.arguments or {}) do
        if argument.required then args[argument.name] = "value%1 of " .. argument.name end
      end
      local answer = client:request("prompts/get", {name = prompt.name, arguments = next(args) and args or nil})
      local text = answer.result.messages[1].content.text
      assert.is_nil((text:find "{%w+}"))
      for _, value in pairs(args) do assert.is_truthy(text:find(value, 1, true)) end
      -- every tool that the prompt names exists
      for name in text:gmatch "%f[%w_](%l+_[%l_]+)%f[^%w_]" do
        if name ~= "ledger_id" then assert.is_truthy(operations[name], name) end
      end
    end
    assert.equal(-32602, client:request("prompts/get", {name = "renew"}).error.code)
    assert.equal(-32602, client:request("prompts/get", {name = "x"}).error.code)
    assert.equal(-32602, client:request("prompts/get", {name = "renew", arguments = {user = 5}}).error.code)
  end)
end)
