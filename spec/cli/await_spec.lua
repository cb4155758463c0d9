-- cmr await and --wait, with a real mock, a real listener, and events in the ledger.
local cjson = require "cjson"
local command = require "spec.support.command"
local ledgers = require "cmr.ledger"
local listeners = require "spec.support.listener"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"

local cmr = command.run

describe("waiting for the end #nginx", function()
  local server, env, path, listener

  setup(function() server = mock.shared "http" end)

  before_each(function()
    server:reset()
    path = command.ledger()
    env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_LEDGER = path}
  end)

  after_each(function()
    if listener then listener:stop() end
    listener = nil
    local ledger = ledgers.open(path)
    if ledger then ledger:close() end
  end)

  teardown(command.clean)

  local function run(...) return cmr({...}, {env = env}) end

  -- Runs the command without a key.
  local function keyless(...) return cmr({...}, {env = {CMR_LEDGER = path}}) end

  local function listen() listener = listeners.start({}, nil, path) end

  -- Delivers an event to the listener.
  local function deliver(name, data, id)
    local body = cjson.encode{event = name, eventId = id or name, data = data}
    local request = listener:send(body)
    local report = listener:line()
    assert.is_true(report.accepted)
    return request:answer().status
  end

  local function reexport()
    local answer = run("reexport", "--mailbox-id", mock.MAILBOX)
    assert.equal(0, answer.status, answer.err)
    return cjson.decode(answer.out).actionId
  end

  -- Makes a file with rows for update-mailboxes.
  local function updates(count)
    local rows = {}
    for index = 1, count do
      local data = {{mailboxId = mock.MAILBOX, firstName = "A" .. index}}
      rows[index] = cjson.encode{userId = mock.USER, mailboxData = data} .. "\n"
    end
    return command.file_with(table.concat(rows))
  end

  local function state() return cjson.decode(keyless("history", "--output", "json").out)[1].state end

  it("says at once that no event can arrive, and what to start", function()
    local action = reexport()
    local began = os.time()
    local lost = run("await", action)
    assert.is_true(os.time() - began < 20)
    assert.equal(1, lost.status)
    assert.matches("cmr: no event can arrive here: nothing stores webhooks in " .. path:gsub("%p", "%%%0")
      .. ". Start 'cmr listen'", lost.err, 1, false)
    assert.equal("accepted", state())
    local shown = cjson.decode(run("await", action, "--output", "json").out)[1]
    assert.same({"accepted", nil, nil}, {shown.state, shown.events, shown.order})
    local refused = run("reexport", "--mailbox-id", mock.MAILBOX, "--wait")
    assert.equal(2, refused.status)
    assert.matches("^cmr: no event can arrive here: .*; nothing was sent\n$", refused.err)
    assert.equal(1, #cjson.decode(keyless("history", "--output", "json").out))
  end)

  it("finds the event that a listener stored, without a key and without its passwords", function()
    local action = reexport()
    listen()
    local data = {actionId = action, mailboxId = mock.MAILBOX, password = "hunter-two"}
    assert.equal(200, deliver("mailbox.exported", data))
    local done = keyless("await", action, "--output", "json")
    assert.same({0, ""}, {done.status, done.err})
    local item = cjson.decode(done.out)[1]
    assert.same({"done", "mailbox.exported", 1, nil}, {item.state, item.events[1].event, #item.events, item.order})
    assert.is_nil(done.out:find("hunter-two", 1, true))
    assert.is_nil(command.sh("cat " .. path .. "*"):find("hunter-two", 1, true))
    assert.equal("done", state())
    assert.same({0, "done\n"}, {keyless("await", action).status, keyless("await", action, "--field", "data.state").out})
  end)

  it("stores a delivery that comes again once", function()
    local action = reexport()
    listen()
    for _ = 1, 3 do assert.equal(200, deliver("mailbox.exported", {actionId = action})) end
    assert.equal(1, #assert(ledgers.open(path)):store():list("action:" .. action))
  end)

  it("ends with 3 when the operation has failed, and with 1 when time is up", function()
    local ordered = run("create-order", mock.USER, "--confirm", "true", "--yes", "--json", cjson.encode{
      domains = {{domain = "new-one.com", years = 1}},
      mailboxes = {["new-one.com"] = {{username = "u", firstName = "F", lastName = "L"}}}})
    assert.equal(0, ordered.status, ordered.err)
    local order = cjson.decode(ordered.out).data.orderId
    listen()
    local late = run("await", order, "--wait-timeout", "0.2")
    assert.equal(1, late.status)
    assert.matches("accepted", late.out, 1, true)
    deliver("domain.order.failed", {orderId = order, domainName = "new-one.com", reason = "taken"})
    local failed = run("await", order)
    assert.equal(3, failed.status)
    assert.matches("failed +create%-order .*operation_failed: domain.order.failed: taken", failed.out)
    assert.equal(3, run("await", order).status)
  end)

  it("waits for all that a run has sent, and for everything", function()
    local file = updates(3)
    local sent = run("bulk", "update-mailboxes", "--from", file, "--yes")
    assert.equal(0, sent.status, sent.err)
    local name = sent.err:match "RUN_%x+"
    local items = cjson.decode(run("history", "--run", name, "--output", "json").out)
    listen()
    for index = 1, 2 do
      deliver("mailbox.updated", {actionId = items[index].ids.action[1], mailboxId = mock.MAILBOX}, "E" .. index)
    end
    local part = run("await", name, "--wait-timeout", "0.5")
    assert.equal(1, part.status)
    assert.same({2, 1}, {select(2, part.out:gsub("  done ", "")), select(2, part.out:gsub("  accepted ", ""))})
    deliver("mailbox.updated", {actionId = items[3].ids.action[1], mailboxId = mock.MAILBOX}, "E3")
    assert.equal(0, run("await", "--all").status)
    assert.equal(0, run("await", name).status)
    local none = run("await", "--all")
    assert.same({0, "cmr: no accepted request is open\n"}, {none.status, none.err})
  end)

  it("counts a row that another process was sending, by how it ended during the wait", function()
    -- Starts the command beside the others. Its output ends with its exit status.
    local function begin(...)
      local lines = command.environment(env)
      lines[#lines + 1] = command.lua("bin/cmr", ...) .. " 2>&1; echo $?"
      return assert(io.popen("sh " .. command.file_with(table.concat(lines, "\n"))))
    end
    local function ended(pipe)
      local out = pipe:read("*a")
      pipe:close()
      return tonumber(out:match "(%d+)\n$"), out
    end
    local file = updates(2)
    server:fault{match = {operation = "update_mailboxes"}, delay = 3, status = 422,
      body = {status = 422, message = "no"}}
    local sending = begin("bulk", "update-mailboxes", "--from", file, "--yes")
    local accepted, other
    nginx.eventually("one row is accepted", function()
      local items = cjson.decode(keyless("history", "--output", "json").out)
      for index, item in ipairs(items) do
        if item.state == "accepted" then accepted, other = item, items[3 - index] end
      end
      return accepted and other
    end)
    assert.equal("sending", other.state)
    listen()
    local waiting = begin("await", accepted.run)
    local status, out = ended(sending)
    assert.equal(3, status, out)
    deliver("mailbox.updated", {actionId = accepted.ids.action[1], mailboxId = mock.MAILBOX})
    status, out = ended(waiting)
    assert.equal(3, status, out)
    assert.matches("done +update%-mailboxes", out)
  end)

  describe("for a run with rows that have failed or are unknown", function()
    local file, name, items

    -- Sends three rows: the API refuses the first, does not say what it did with the second, and accepts the third.
    before_each(function()
      file = updates(3)
      for _, status in ipairs{422, 500} do
        server:fault{match = {operation = "update_mailboxes"}, status = status, times = 1,
          body = {status = status, message = "no"}}
      end
      local sent = run("bulk", "update-mailboxes", "--from", file, "--yes", "--concurrency", "1")
      assert.equal(3, sent.status, sent.err)
      name = sent.err:match "RUN_%x+"
      items = cjson.decode(run("history", "--run", name, "--output", "json").out)
      assert.same({"accepted", "unknown", "failed"}, {items[1].state, items[2].state, items[3].state})
      listen()
    end)

    local function states()
      local shown, list = run("await", name, "--wait-timeout", "5", "--output", "json"), {}
      for index, item in ipairs(cjson.decode(shown.out)) do list[index] = item.state end
      return {shown.status, list}
    end

    local function deliver_all(first)
      items = cjson.decode(run("history", "--run", name, "--output", "json").out)
      for index, item in ipairs(items) do
        if item.state == "accepted" then
          deliver("mailbox.updated", {actionId = item.ids.action[1], mailboxId = mock.MAILBOX}, first .. index)
        end
      end
    end

    it("shows all rows and ends with 3, also the first time", function()
      deliver_all "E"
      for _ = 1, 2 do assert.same({3, {"done", "unknown", "failed"}}, states()) end
    end)

    it("counts only the last request of each row, and the last round of the run", function()
      deliver_all "E"
      local again = run("bulk", "update-mailboxes", "--from", file, "--yes", "--retry-failed", "--retry-unknown")
      assert.equal(0, again.status, again.err)
      deliver_all "F"
      for _ = 1, 2 do assert.same({0, {"done", "done", "done"}}, states()) end
      server:fault{match = {operation = "update_mailboxes"}, status = 422, times = 3,
        body = {status = 422, message = "no"}}
      assert.equal(3, run("bulk", "update-mailboxes", "--from", file, "--yes", "--again").status)
      assert.same({3, {"failed", "failed", "failed"}}, states())
    end)

    it("ends with 3 when a row is deferred, because it was not sent", function()
      local db = assert(ledgers.open(path)):connection "durable"
      assert(db:run "UPDATE request SET state = 'done'")
      assert.same({0, {"done", "done", "done"}}, states())
      assert(db:run "UPDATE request SET state = 'deferred' WHERE row = 1")
      assert.same({3, {"done", "done", "deferred"}}, states())
    end)
  end)

  it("counts the newest request with an id, and also shows an older one that it waited for", function()
    local action = reexport()
    server:fault{match = {operation = "reexport"}, status = 500, times = 1, body = {status = 500, message = "no"}}
    assert.equal(1, run("reexport", "--mailbox-id", mock.MAILBOX).status)
    listen()
    deliver("mailbox.exported", {actionId = action, mailboxId = mock.MAILBOX})
    for index, wanted in ipairs{{"unknown", "done"}, {"unknown"}} do
      local shown, list = run("await", mock.MAILBOX, "--wait-timeout", "5", "--output", "json"), {}
      for position, item in ipairs(cjson.decode(shown.out)) do list[position] = item.state end
      assert.same({1, wanted}, {shown.status, list}, index)
    end
  end)

  it("names an operation without documented events, and does not take it for done; --all does not count it", function()
    server:fault{match = {operation = "toggle_warmup"}, status = 200, times = 1, body = {status = 200, message = "ok"}}
    assert.equal(0, run("toggle-warmup", mock.MAILBOX).status)
    listen()
    for _ = 1, 2 do
      local shown = run("await", "--all", "--output", "json")
      assert.same({0, "cmr: no event is documented to report the success of 'toggle_warmup'\n"},
        {shown.status, shown.err})
      assert.equal("accepted", cjson.decode(shown.out)[1].state)
    end
    local action = reexport()
    deliver("mailbox.exported", {actionId = action, mailboxId = mock.MAILBOX})
    local shown = run("await", "--all", "--output", "json", "--field", "data.state")
    assert.same({0, '["done","accepted"]'}, {shown.status, (shown.out:gsub("%s", ""))})
    assert.equal(1, run("await", mock.MAILBOX, "--wait-timeout", "1").status)
  end)

  it("waits at the end of a bulk run with --wait", function()
    local file = command.file_with("mailboxId\n" .. mock.MAILBOX .. "\n")
    local refused = run("bulk", "reexport", "--from", file, "--wait")
    assert.equal(2, refused.status)
    assert.matches("cmr: no event can arrive here: .*; nothing was sent\n", refused.err)
    local reads = run("bulk", "platforms", "--from", file, "--wait")
    assert.matches("cmr: option '--wait': platforms only reads\n", reads.err, 1, true)
    listen()
    server:fault{match = {operation = "reexport"}, status = 200, times = 1,
      body = {status = 200, message = "ok", actionId = "ACT_7"}}
    deliver("mailbox.exported", {actionId = "ACT_7", mailboxId = mock.MAILBOX})
    local done = run("bulk", "reexport", "--from", file, "--wait")
    assert.equal(0, done.status, done.err)
    assert.matches("cmr: waiting for 1 accepted rows\ncmr: ended: 1 done, 0 failed, 0 not known yet\n$", done.err)
    local order = cjson.encode{userId = mock.USER, confirm = true, domains = {{domain = "new-one.com", years = 1}}}
    server:fault{match = {operation = "create_order"}, status = 200, times = 1,
      body = {status = 200, message = "ok", data = {orderId = "ORD_7"}}}
    deliver("domain.order.failed", {orderId = "ORD_7", domainName = "new-one.com", reason = "taken"}, "E7")
    local failed = run("bulk", "create-order", "--from", command.file_with(order .. "\n"), "--yes", "--wait")
    assert.equal(3, failed.status)
    assert.matches("cmr: ended: 0 done, 1 failed, 0 not known yet\n$", failed.err)
    local late = run("bulk", "reexport", "--from", file, "--again", "--wait", "--wait-timeout", "0.2")
    assert.equal(1, late.status)
    assert.matches("cmr: hint: 'cmr await RUN_%x+' goes on waiting\n$", late.err)
  end)

  it("waits after a command with --wait", function()
    listen()
    server:fault{match = {operation = "reexport"}, status = 200,
      body = {status = 200, message = "ok", actionId = "ACT_9"}}
    deliver("mailbox.exported", {actionId = "ACT_9", mailboxId = mock.MAILBOX})
    local done = run("reexport", "--mailbox-id", mock.MAILBOX, "--wait", "--field", "actionId")
    assert.same({0, "ACT_9\n", "cmr: reexport: done: mailbox.exported\n"}, {done.status, done.out, done.err})
    assert.equal("done", state())
    local late = run("reexport", "--mailbox-id", mock.MAILBOX, "--wait", "--wait-timeout", "0.2", "--field", "actionId")
    assert.equal(1, late.status)
    assert.matches("no outcome after 0.2 s", late.err, 1, true)
    assert.matches("\ncmr: hint: 'cmr await ACT_%S+' goes on waiting\n$", late.err)
  end)

  it("waits after a command with --wait although its answer cannot be printed", function()
    listen()
    server:fault{match = {operation = "reexport"}, status = 200,
      body = {status = 200, message = "ok", actionId = "ACT_9"}}
    deliver("mailbox.exported", {actionId = "ACT_9", mailboxId = mock.MAILBOX})
    local ended = run("reexport", "--mailbox-id", mock.MAILBOX, "--wait", "--field", "data.none")
    assert.same({1, ""}, {ended.status, ended.out})
    assert.matches("^cmr: no field 'data.none' .*\ncmr: the API accepted the request %(action ACT_9%): .*"
      .. "\ncmr: reexport: done: mailbox.exported\n$", ended.err)
    assert.equal("done", state())
  end)

  it("polls the status of an order with the key that placed the order", function()
    server:fault{match = {operation = "create_order"}, status = 200,
      body = {status = 200, message = "ok", data = {orderId = "ORD_9"}}}
    local words = {"create-order", mock.USER, "--confirm", "true", "--yes", "--json", cjson.encode{
      domains = {{domain = "new-one.com", years = 1}}}}
    assert.equal(0, run((table.unpack or unpack)(words)).status)
    assert.equal(1, keyless("await", "ORD_9").status) -- await needs the key to ask for the order
    for _ = 1, 2 do
      server:fault{match = {operation = "order_status"}, status = 200,
        body = {status = 200, message = "ok", data = {status = "COMPLETED"}}}
    end
    local done = run("await", "ORD_9", "--poll", "0.2", "--output", "json")
    assert.equal(0, done.status, done.err)
    assert.equal("COMPLETED", cjson.decode(done.out)[1].order.status)
    assert.equal("done", state())
  end)

  it("does not ask for an order with another key than the one that placed it", function()
    server:fault{match = {operation = "create_order"}, status = 200,
      body = {status = 200, message = "ok", data = {orderId = "ORD_9"}}}
    assert.equal(0, run("create-order", mock.USER, "--confirm", "true", "--yes", "--json", cjson.encode{
      domains = {{domain = "new-one.com", years = 1}}}).status)
    local count = #server:requests()
    listen()
    env.CMR_API_KEY = "another-key"
    local late = run("await", "ORD_9", "--poll", "0.05", "--wait-timeout", "0.5")
    assert.equal(1, late.status)
    assert.equal(count, #server:requests())
  end)

  it("says which key it cannot use", function()
    reexport()
    local refused = run("await", "--all", "--profile", "none")
    assert.equal(2, refused.status)
    assert.matches("^cmr: no profile 'none'", refused.err)
  end)

  it("does not wait for an order without an id, because no event can report it", function()
    server:fault{match = {operation = "create_order"}, status = 200, body = {status = 200, message = "ok"}}
    local began = os.time()
    local sent = run("create-order", mock.USER, "--confirm", "true", "--yes", "--wait", "--json", cjson.encode{
      domains = {{domain = "new-one.com", years = 1}}})
    assert.is_true(os.time() - began < 20)
    assert.equal(1, sent.status)
    assert.matches("^cmr: no event can arrive here", sent.err)
    assert.equal("ok", cjson.decode(sent.out).message)
  end)

  it("explains a wrong command line", function()
    local cases = {
      {{"await"}, "give either an ID or --all", "await"},
      {{"await", "ORD_1", "--all"}, "give either an ID or --all", "await"},
      {{"await", "ORD_1"}, "no request in " .. path .. " has the id 'ORD_1'", "await"},
      {{"await", "RUN_1"}, "there is no run 'RUN_1' in " .. path, "await"},
      {{"await", "ORD_1", "--no-ledger"}, "option '--no-ledger' leaves nothing to wait for", "await"},
      {{"reexport", "--mailbox-id", "M", "--wait", "--no-ledger"},
        "option '--wait' does not go with '--no-ledger': --wait reads events from the ledger", "reexport"},
      {{"toggle-warmup", "M", "--wait"},
        "option '--wait': no event is documented to report the success of 'toggle_warmup'", "toggle-warmup"},
    }
    for _, case in ipairs(cases) do
      local shown = run((table.unpack or unpack)(case[1]))
      assert.same({2, ("cmr: %s\nTry 'cmr %s --help'.\n"):format(case[2], case[3])}, {shown.status, shown.err})
    end
    assert.equal(2, run("platforms", mock.USER, "--wait").status) -- a read is done when it is answered
    listen()
    local file = command.file_with("mailboxId\n" .. mock.MAILBOX .. "\n")
    for _, words in ipairs{{"reexport", "--mailbox-id", mock.MAILBOX}, {"bulk", "reexport", "--from", file}} do
      for timeout, wanted in pairs{["0"] = "a number above 0", soon = "a number, not 'soon'"} do
        local line = {(table.unpack or unpack)(words)}
        for _, word in ipairs{"--wait", "--wait-timeout", timeout} do line[#line + 1] = word end
        local refused = run((table.unpack or unpack)(line))
        assert.equal(2, refused.status)
        assert.matches("cmr: option '--wait-timeout' wants " .. wanted, refused.err, 1, true)
      end
    end
    assert.same({}, server:requests())
  end)
end)
