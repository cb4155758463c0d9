-- A client that records in a ledger what it sends.
local block = require "cmr.loop.block"
local client_of = require("spec.support.client").new
local cjson = require "cjson"
local cmr = require "cmr"
local endings = require "cmr.ledger.endings"
local entry = require "cmr.ledger.entry"
local mock = require "spec.support.mock"
local operations = require "cmr.operations"
local posix = require "spec.support.posix"
local support = require "spec.support.ledger"

local REEXPORT = {mailboxId = mock.MAILBOX, google = {googleOauthRoute = "r", clientId = "secret-id", appName = "a"}}

describe("a client with a ledger", function()
  local server, path, client, ledger

  before_each(function()
    server = mock.shared("http")
    path = support.path()
    client = client_of(server, {ledger = path})
    ledger = support.open(path)
  end)

  after_each(function() support.remove(path) end)

  local function only()
    local found = assert(ledger:find{})
    assert.equal(1, #found)
    return found[1]
  end

  it("records a request that changes something: its operation, its user, how it ended, and its ids", function()
    local res = assert(client:reexport(REEXPORT))
    local request = only()
    assert.equal("reexport", request.operation)
    assert.equal("accepted", request.state)
    assert.equal(res.status, request.status)
    assert.equal(client:key_id() .. " " .. client:base_url(), request.account)
    assert.same({{"mailbox", mock.MAILBOX}, {"action", res.actionId}}, ledger:ids(request.id))
    assert.equal(request.id, cmr.info(res).ledger_id)
  end)

  it("records only ids of the arguments, and never the key", function()
    assert(client:reexport(REEXPORT))
    local pipe = io.popen("cat " .. path .. "*")
    local bytes = pipe:read "*a"
    pipe:close()
    assert.is_truthy(bytes:find(mock.MAILBOX, 1, true))
    assert.is_nil(bytes:find("secret-id", 1, true))
    assert.is_nil(bytes:find(server.key, 1, true))
  end)

  it("records the same request for JSON with a null, from the operation's call and from a raw one", function()
    local args = {mailboxId = mock.MAILBOX, google = {appName = cmr.null, clientId = "c"}}
    assert(client:reexport(args))
    assert(client:request("POST", "/mailboxes/oauth", {body = args}))
    local found = assert(ledger:find{})
    assert.same({"reexport", "reexport"}, {found[1].operation, found[2].operation})
    assert.is_string(found[1].digest)
    assert.equal(found[1].digest, found[2].digest)
  end)

  it("records no request that only reads", function()
    assert(client:platforms(mock.USER))
    assert.same({}, ledger:find{})
  end)

  it("records a refusal, with the server's words", function()
    local res, message = client:reexport{mailboxId = "MISSING"}
    assert.is_nil(res)
    local request = only()
    assert.same({"failed", "rejected"}, {request.state, request.outcome})
    assert.equal(message, request.message)
  end)

  it("records a raw request", function()
    assert.is_nil((client:request("POST", "/nothing/here", {body = {a = 1}})))
    assert.equal("request", only().operation)
  end)

  it("records a raw request to an operation's address under the operation, with its fields and ids", function()
    local args = {userId = mock.USER, mailboxId = mock.MAILBOX, google = {clientId = "a b&c"}}
    local res = assert(client:request("POST", "/mailboxes/oauth", {
      query = {userId = mock.USER}, body = {mailboxId = mock.MAILBOX, google = {clientId = "a b&c"}},
    }))
    local request = only()
    assert.same({"reexport", "accepted", mock.USER}, {request.operation, request.state, request.user})
    assert.same({{"mailbox", mock.MAILBOX}, {"action", res.actionId}}, ledger:ids(request.id))
    assert.equal(res.actionId, cjson.decode(request.plan).ids[1][2])
    assert.equal(1, assert(client:bulk("reexport", {args})).earlier.accepted)
  end)

  it("reads the query of a raw request as it was meant, and a body that is a list as no fields", function()
    server:fault{times = 10, status = 404, body = {status = 404, message = "gone"}}
    for _, user in ipairs{"a b&c=d", "100%", "\195\164+", "~!"} do
      client:request("POST", "/mailboxes/oauth", {query = {userId = user}, body = {mailboxId = "M1"}})
      assert.same({"reexport", user}, {ledger:find{}[1].operation, ledger:find{}[1].user})
    end
    for _, body in ipairs{{"x"}, {"x", "y"}} do
      client:request("POST", "/mailboxes/oauth", {query = {userId = "U1"}, body = body})
      assert.same({"request"}, {ledger:find{}[1].operation, ledger:find{}[1].user})
    end
    client:request("POST", "/mailboxes/oauth", {query = {userId = "U1"}})
    assert.same({"reexport", "U1"}, {ledger:find{}[1].operation, ledger:find{}[1].user})
  end)

  it("records the items that the answer to a raw request refuses", function()
    server:fault{body = {status = 200, data = {{domainName = "a.com", success = false}}}}
    assert(client:request("POST", "/nothing/here"))
    local recorded = ledger:find{}
    assert.same({1, "partial", 1}, {#recorded, recorded[1].state, recorded[1].failed_items})
  end)

  it("records each id once, as it was sent or answered, and finds the request by it", function()
    server:fault{body = {status = 200, actionId = "ACT_1", data = {{domainName = "A.com", domainId = "D1X"}}}}
    assert(client:renew_domains{userId = mock.USER, domains = {"a.com"}})
    local request = only()
    local found = {}
    for index, pair in ipairs(ledger:ids(request.id)) do found[index] = table.concat(pair, ":") end
    table.sort(found)
    assert.same({"action:ACT_1", "domain:D1X", "domain:a.com"}, found)
    for _, id in ipairs{"D1X", "A.COM", "a.com", "ACT_1"} do
      assert.equal(request.id, assert(client:history{id = id}()).ledger_id)
    end
  end)

  it("sends no request that it cannot record", function()
    os.execute("chmod 500 " .. path:match "^(.*)/")
    ledger:close()
    os.execute("chmod 700 " .. path:match "^(.*)/" .. "; chmod 644 " .. path)
    server:reset()
    local res, message, err = client:reexport{mailboxId = mock.MAILBOX}
    assert.is_nil(res)
    assert.same({"not_recorded", "not_sent", 0}, {err.kind, err.outcome, err.attempts})
    assert.matches("chmod 600", message, 1, true)
    assert.same({}, server:requests())
  end)

  it("says in err.code why the ledger does not record a request", function()
    local other = assert(require("cmr.sqlite").open(path, 0))
    assert(other:run "CREATE TRIGGER no BEFORE INSERT ON request BEGIN SELECT raise(FAIL, 'not today'); END")
    other:close()
    local _, message, err = client:reexport{mailboxId = mock.MAILBOX}
    assert.same({"not_recorded", "constraint"}, {err.kind, err.code})
    assert.matches("the ledger cannot be written (not today); nothing was sent", message, 1, true)
    _, message, err = client:request("POST", "/x")
    assert.same({"not_recorded", "POST /x"}, {err.kind, err.operation})
    assert.matches("POST /x: the ledger cannot be written (not today)", message, 1, true)
    assert.same({}, server:requests())
  end)

  it("shares its ledger with the client made by with()", function()
    assert(client:with{timeout = 60}:reexport{mailboxId = mock.MAILBOX})
    assert.equal("reexport", only().operation)
  end)

  -- Stores an event as a receiver does.
  local function arrives(under, name, data)
    local event = {event = name, eventId = "E" .. under .. name, data = data or {}}
    assert(ledger:store():append(under, cjson.encode(event), 60))
  end

  local function order(...)
    local list, mailboxes = {}, {}
    for index, domain in ipairs{...} do
      list[index] = {domain = domain, years = 1}
      mailboxes[domain] = {{username = "u", firstName = "F", lastName = "L"}}
    end
    return client:create_order(mock.USER, {domains = list, mailboxes = mailboxes, confirm = true})
  end

  it("records the events that an accepted request waits for, and how it ended", function()
    local res = assert(client:reexport{mailboxId = mock.MAILBOX})
    local plan = cjson.decode(only().plan)
    assert.same({"reexport", "mailbox.exported"}, {plan.operation, plan.steps[1].event})
    assert.equal("timeout", select(3, client:await(res, {timeout = 0.01})).kind)
    assert.equal("accepted", only().state)
    arrives("action:" .. res.actionId, "mailbox.exported", {mailboxId = mock.MAILBOX})
    assert(client:await(res, {timeout = 5}))
    assert.equal("done", only().state)
  end)

  it("settles a request of another process with only its plan", function()
    local res = assert(client:reexport{mailboxId = mock.MAILBOX})
    arrives("action:" .. res.actionId, "mailbox.exported", {mailboxId = mock.MAILBOX})
    local request = only()
    local waiting = client_of(server, {ledger = path})
    assert(waiting:await({plan = cjson.decode(request.plan), ledger_id = request.id}, {timeout = 5}))
    assert.equal("done", only().state)
  end)

  it("tells a request that failed from one of which a part failed", function()
    local res = assert(order "new-one.com")
    arrives("order:" .. res.data.orderId, "domain.order.failed", {domainName = "new-one.com", reason = "taken"})
    assert.is_nil((client:await(res, {timeout = 5, poll = false})))
    local request = only()
    assert.same({"failed", "operation_failed", "rejected"}, {request.state, request.kind, request.outcome})
    assert.matches("taken", request.message, 1, true)
    res = assert(order("new-two.com", "new-three.com"))
    arrives("order:" .. res.data.orderId, "mailbox.created", {email = "u@new-two.com"})
    arrives("order:" .. res.data.orderId, "domain.order.failed", {domainName = "new-three.com"})
    assert.is_nil((client:await(res, {timeout = 5, poll = false})))
    request = ledger:find{}[1]
    assert.same({"partial", "unknown"}, {request.state, request.outcome})
  end)

  it("records a failure as unknown when a part may have been done", function()
    local err = {kind = "operation_failed", outcome = "unknown", message = "x", events = {{event = "x.failed"}}}
    assert.equal("unknown", endings.of_wait({steps = {{event = "x.success"}}}, err).state)
    err.outcome = "rejected"
    assert.equal("failed", endings.of_wait({steps = {{event = "x.success"}}}, err).state)
  end)

  it("records an answer that lists only failed items as accepted, unless all items failed", function()
    local args, data = {userId = "U", domains = {"a.com", "b.com"}}, {{domainName = "b.com", success = false}}
    local ending = endings.of_answer(operations.renew_domains, args, {status = 200, data = data})
    assert.same({"accepted", 1}, {ending.state, ending.failed_items})
    args.domains = {"b.com"}
    ending = endings.of_answer(operations.renew_domains, args, {status = 200, data = data})
    assert.same({"failed", "rejected"}, {ending.state, ending.outcome})
  end)

  it("has the same account with every spelling of its base URL", function()
    local function account(url)
      return entry.account(client_of(server, {base_url = url, allow_http = true}):target()):match " (.*)$"
    end
    assert.equal("https://api.example.com/v1", account "HTTPS://API.Example.com:443/v1")
    assert.equal("http://example.com:8080/V1", account "http://example.com:8080/V1")
    for _, host in ipairs{"localhost", "LOCALHOST", "127.0.0.1"} do
      assert.equal("http://127.0.0.1:8080/v1", account(("http://%s:8080/v1"):format(host)))
      assert.equal("http://127.0.0.1/v1", account(("http://%s:80/v1"):format(host)))
    end
    assert.equal("http://localhost.example.com/v1", account "http://localhost.example.com/v1")
    assert.equal("http://[::1]:8080/v1", account "http://[::1]:8080/v1")
  end)

  it("records a request as unknown when its coroutine was collected", function()
    local loop = setmetatable({wait = function() coroutine.yield "left" end}, {__index = block})
    local left = client_of(server, {ledger = path, loop = loop})
    local thread = coroutine.create(function() left:reexport(REEXPORT) end)
    assert.same({true, "left"}, {coroutine.resume(thread)})
    assert.equal("sending", only().state)
    thread = nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    assert.same({"unknown", "unknown"}, {only().state, only().outcome})
  end)

  it("records a request as unknown when the host raised an error while the call waited", function()
    local loop = setmetatable({wait = function() error("time limit", 0) end}, {__index = block})
    assert.same({false, "time limit"}, {pcall(client.reexport, client:with{loop = loop}, REEXPORT)})
    local request = only()
    assert.same({"unknown", "an error was raised while the call waited"}, {request.state, request.message})
  end)

  it("has a request as its process recorded it, whatever a forked child does with its copy of the job", function()
    for _, act in ipairs{"wait", "cancel"} do
      local gate = os.tmpname()
      os.remove(gate)
      local job = client:start("reexport", REEXPORT)
      local function child()
        if act == "cancel" then job:cancel() end
        local res, _, err = job:wait()
        assert(not res and err.kind == "cancelled" and err.outcome == "unknown")
      end
      assert(posix.child(child))
      assert.equal("sending", assert(ledger:find{})[1].state)
      local late = posix.fork()
      if late == 0 then
        while not io.open(gate) do os.execute "sleep 0.01" end
        posix.exit(pcall(child) and 0 or 1)
      end
      assert(job:wait())
      assert(io.open(gate, "w")):close()
      assert.equal(0, posix.wait(late))
      os.remove(gate)
      local request = assert(ledger:find{})[1]
      assert.same({"accepted"}, {request.state, request.outcome, request.message})
    end
  end)

  it("leaves a request alone that has ended, when its call is collected", function()
    local abandoned = 0
    function ledger.abandon() abandoned = abandoned + 1 end
    assert(client:reexport(REEXPORT))
    assert.is_nil((client:reexport{mailboxId = "MISSING"}))
    for _ = 1, 3 do collectgarbage() end
    assert.equal(0, abandoned)
  end)

  it("logs that the end of a request cannot be recorded, and returns the answer", function()
    local plan = {steps = {{event = "mailbox.exported"}}}
    local err = {kind = "operation_failed", outcome = "rejected", message = "x", events = {}}
    for _, fails in ipairs{
      function() return nil, "the disk is full" end,
      function() error("the disk is full", 0) end,
    } do
      ledger.finish, ledger.settle = fails, fails
      local logged = {}
      local log = stub(require "cmr.util.log", "error")
      log.invokes(function(format, ...) logged[#logged + 1] = format:format(...) end)
      local res = client:reexport(REEXPORT)
      local _, _, failure = client:reexport{mailboxId = "MISSING"}
      entry.settle(ledger, 1, plan)
      entry.settle(ledger, 1, plan, err)
      entry.settle(ledger, 1, plan, {kind = "timeout"})
      log:revert()
      assert.equal(200, res.status)
      assert.equal("not_found", failure.kind)
      local unwritten = "the end of a request could not be written into the ledger, it counts as unknown: "
      local unsettled = "how a request ended could not be written into the ledger: "
      local full = "the disk is full"
      assert.same({unwritten .. full, unwritten .. full, unsettled .. full, unsettled .. full}, logged)
      assert.equal(full, cmr.info(res).ledger_error)
      assert.equal(full, cmr.info(failure).ledger_error)
    end
    ledger.finish, ledger.settle = nil, nil
  end)

  it("does not repeat a bulk run with an unknown row", function()
    server:fault{match = {operation = "reexport"}, close = "after"}
    assert.equal(1, client:bulk("reexport", {REEXPORT}).unknown)
    local report = client:bulk("reexport", {REEXPORT}, {again = true})
    assert.same({0, 1}, {report.accepted, report.earlier.unknown})
    report = client:bulk("reexport", {REEXPORT}, {retry_unknown = true})
    assert.equal(1, report.accepted)
    report = client:bulk("reexport", {REEXPORT}, {again = true})
    assert.equal(1, report.accepted)
  end)

  it("lists what was sent with its key", function()
    local res = assert(client:reexport{mailboxId = mock.MAILBOX})
    assert.is_nil((client:reexport{mailboxId = "MISSING"}))
    assert(client_of(server, {ledger = path, api_key = "another-key"}):request("POST", "/nothing") == nil)
    local found = {}
    for request, message in client:history{operation = "reexport"} do
      found[#found + 1] = assert(request, message)
    end
    assert.same({"failed", "accepted"}, {found[1].state, found[2].state})
    assert.same({action = {res.actionId}, mailbox = {mock.MAILBOX}}, found[2].ids)
    assert.equal(2, #found)
    found = {}
    for request in client:history() do found[#found + 1] = request end
    assert.equal(2, #found)
    assert.error_matches(function() client:history{zork = 1} end, "history: unknown option 'zork'", 1, true)
    assert.error_matches(function() client:with{ledger = false}:history() end, "has no ledger", 1, true)
  end)

  it("records nothing without a ledger", function()
    assert(client:with{ledger = false}:reexport{mailboxId = mock.MAILBOX})
    assert.same({}, ledger:find{})
  end)
end)
