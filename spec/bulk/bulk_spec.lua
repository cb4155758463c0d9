-- client:bulk: a bulk run from Lua.
local bulk = require "spec.support.bulk"
local client_of = require("spec.support.client").new
local cmr = require "cmr"
local ledgers = require "spec.support.ledger"
local loops = require "spec.support.loop"
local mock = require "spec.support.mock"
local program = require "spec.support.program"

describe("client:bulk", function()
  local server, path, client

  before_each(function()
    server = mock.shared("http")
    path = ledgers.path()
    client = client_of(server, {ledger = path, retries = 0})
  end)

  after_each(function() ledgers.remove(path) end)

  local function rows(count)
    bulk.seed(server, count)
    local list = {}
    for number = 1, count do list[number] = {mailboxId = bulk.id(number)} end
    return list
  end

  -- The counts of a report that are not 0.
  local function counts(report)
    local list = {}
    for name, count in pairs(report) do
      if type(count) == "number" and count > 0 then list[name] = count end
    end
    return list
  end

  it("sends every row once, and returns a report", function()
    local list = rows(5)
    local report = assert(client:bulk("reexport", list))
    assert.same({rows = 5, accepted = 5}, counts(report))
    assert.matches("^RUN_" .. ("%x"):rep(12) .. "$", report.run)
    assert.is_nil(report.stopped)
    local later = assert(client:bulk("reexport", list))
    assert.same({rows = 5}, counts(later))
    assert.equal(5, later.earlier.accepted)
    assert.equal(report.run, later.run)
    assert.same({1, 1, 1, 1, 1}, bulk.received(server))
  end)

  it("takes the rows from a function, and recognises the run in any order and from the command's file", function()
    local list, number = rows(3), 4
    local function backwards()
      number = number - 1
      return list[number]
    end
    local report = assert(client:bulk("reexport", backwards))
    assert.same({rows = 3, accepted = 3}, counts(report))
    local command = require "spec.support.command"
    local ended = command.run({"bulk", "reexport", "--from", bulk.mailboxes(3)},
      {env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_LEDGER = path}})
    command.clean()
    assert.matches("3 rows: 3 accepted (3 of them before)", ended.err, 1, true)
    assert.matches(report.run, ended.err, 1, true)
    assert.same({1, 1, 1}, bulk.received(server))
  end)

  it("refuses rows with the same content before anything is sent, unless the caller allows duplicates", function()
    local list = rows(2)
    list[3] = {mailboxId = bulk.id(1)}
    local report, message = client:bulk("reexport", list)
    assert.same({nil, "bulk: rows 1 and 3 are the same: option 'duplicates' sends both"}, {report, message})
    assert.same({}, server:requests())
    list[4] = list[1] -- the same table twice
    assert.same({rows = 4, accepted = 4}, counts(assert(client:bulk("reexport", list, {duplicates = true}))))
    assert.same({3, 1}, bulk.received(server))
    assert.equal(4, assert(client:bulk("reexport", list, {duplicates = true})).earlier.accepted)
    assert.same({3, 1}, bulk.received(server))
  end)

  it("does not take two wrong rows for duplicates", function()
    local list = rows(1)
    list[2], list[3] = {mailboxid = "X"}, {mailboxid = "Y"}
    assert.same({rows = 3, accepted = 1, failed = 2}, counts(assert(client:bulk("reexport", list))))
    assert.same({1}, bulk.received(server))
  end)

  it("calls on_result with the row of each request that was sent, and survives an error in on_result", function()
    local list, seen = rows(2), {}
    list[3] = {mailboxId = "GONE"}
    local report = assert(client:bulk("reexport", list, {
      concurrency = 1,
      on_result = function(row, res, message, err)
        seen[#seen + 1] = {row, res and res.actionId ~= nil, message ~= nil, err and err.kind}
      end,
    }))
    assert.same({rows = 3, accepted = 2, failed = 1}, counts(report))
    assert.same({{list[1], true, false}, {list[2], true, false}, {list[3], nil, true, "not_found"}}, seen)
    for index = 1, 3 do assert.equal(list[index], seen[index][1]) end -- the caller's own tables
    local log = require "cmr.util.log"
    local logged = stub(log, "error")
    report = client:bulk("reexport", list, {again = true, on_result = function() error "in the hook" end})
    logged:revert()
    assert.same({rows = 3, accepted = 2, failed = 1}, counts(report))
    assert.stub(logged).was_called(3)
  end)

  it("begins no round with the option again when it sends nothing", function()
    local list = rows(1)
    list[2] = {mailboxId = bulk.id(1)}
    assert(client:bulk("reexport", list, {duplicates = true}))
    local report, message = client:bulk("reexport", list, {again = true})
    assert.is_nil(report)
    assert.matches("rows 1 and 2 are the same", message, 1, true)
    report = assert(client:bulk("reexport", list, {duplicates = true}))
    assert.same({{rows = 2}, 2}, {counts(report), report.earlier.accepted})
    assert.same({2}, bulk.received(server))
  end)

  it("sends again the rows that the options name", function()
    local list = rows(3)
    list[4] = {mailboxId = "GONE"}
    server:fault{match = {operation = "reexport"}, times = 1, status = 500}
    local report = assert(client:bulk("reexport", list, {concurrency = 1}))
    assert.same({rows = 4, accepted = 2, unknown = 1, failed = 1}, counts(report))
    report = assert(client:bulk("reexport", list))
    assert.same({{rows = 4}, 1, 1}, {counts(report), report.earlier.unknown, report.earlier.failed})
    assert.same({rows = 4, accepted = 1}, counts(assert(client:bulk("reexport", list, {retry_unknown = true}))))
    assert.same({rows = 4, failed = 1}, counts(assert(client:bulk("reexport", list, {retry_failed = true}))))
    assert.same({2, 1, 1}, bulk.received(server))
    assert.same({rows = 4}, counts(assert(client:bulk("reexport", list, {repeat_after = 3600}))))
    assert.same({rows = 4, accepted = 3, failed = 1}, counts(assert(client:bulk("reexport", list, {again = true}))))
    assert.same({3, 2, 2}, bulk.received(server))
  end)

  it("reports why it ended early, and how many rows it did not try", function()
    local list = rows(6)
    server:fault{match = {operation = "reexport"}, times = 1, delay = 0.001}
    server:fault{match = {operation = "reexport"}, status = 402, body = {status = 402, message = "no"}}
    local report = assert(client:bulk("reexport", list, {concurrency = 1}))
    assert.same({rows = 6, accepted = 1, deferred = 1, untried = 4}, counts(report))
    assert.matches("the wallet does not cover the request", report.stopped, 1, true)
    server:reset()
    bulk.seed(server, 6)
    report = assert(client:bulk("reexport", list))
    assert.same({rows = 6, accepted = 5}, counts(report))
    list = {{mailboxId = "G1"}, {mailboxId = "G2"}}
    report = assert(client:bulk("reexport", list, {max_failures = 1, concurrency = 1}))
    assert.same({rows = 2, failed = 1, untried = 1}, counts(report))
  end)

  it("counts a row as unknown when the ledger could not record its end, whatever the answer was", function()
    local Ledger = require("cmr.ledger").Ledger
    for _, id in ipairs{bulk.id(1), "GONE"} do
      local finish, log = stub(Ledger, "finish"), stub(require "cmr.util.log", "error")
      finish.returns(nil, "the disk is full", "full")
      local report = assert(client:bulk("reexport", {{mailboxId = id}}))
      finish:revert()
      log:revert()
      assert.same({rows = 1, unknown = 1}, counts(report))
      assert.matches("the disk is full", report.stopped, 1, true)
    end
  end)

  it("tells a row that another process is sending from one that may have been done", function()
    local ledger = assert(require("cmr.ledger").open(path))
    local digest = require("cmr.ledger.identity").digest{mailboxId = bulk.id(1)}
    local account = require("cmr.ledger.entry").account(client:target())
    assert(ledger:begin{account = account, operation = "reexport", digest = digest})
    local report = assert(client:bulk("reexport", rows(2), {retry_unknown = true}))
    assert.same({{rows = 2, accepted = 1}, 1, 0}, {counts(report), report.earlier.sending, report.earlier.unknown})
    local begin = stub(require("cmr.ledger").Ledger, "begin")
    begin.returns(nil, "the same request has just been sent from elsewhere", "repeated")
    report = assert(client:bulk("reexport", {{mailboxId = bulk.id(3)}}))
    begin:revert()
    assert.same({rows = 1, sending = 1}, counts(report))
    assert.is_nil(report.stopped)
  end)

  it("raises an error for an operation that changes something without a ledger, and for wrong arguments", function()
    local without = client_of(server)
    assert.error_matches(function() without:bulk("reexport", {}) end, "has no ledger: cmr.new{ledger = true}", 1, true)
    assert.same({rows = 1, done = 1}, counts(assert(without:bulk("platforms", {{userId = mock.USER}}))))
    assert.error_matches(function() client:bulk("reexport", "rows") end, "bad rows (a list or a function", 1, true)
    assert.error_matches(function() client:bulk("reexprt", {}) end, "reexprt", 1, true)
    assert.error_matches(function() client:bulk("reexport", {}, {agains = true}) end, "did you mean 'again'", 1, true)
    assert.same({rows = 0}, {rows = assert(client:bulk("reexport", {})).rows})
    assert.equal(1, #server:requests())
  end)

  it("takes options within their bounds, and refuses the next value before anything is sent", function()
    local options = {
      concurrency = {taken = {1, 1000}, refused = {0, 1001, 1.5}},
      repeat_after = {taken = {0, 0.5, 400 * 86400}, refused = {-1, 400 * 86400 + 1}},
      remember = {taken = {0, 0.5, 400 * 86400}, refused = {-1, 400 * 86400 + 1}},
      max_failures = {taken = {1, 1e9}, refused = {0, 1.5}},
    }
    for name, values in pairs(options) do
      for _, value in ipairs(values.taken) do assert(client:bulk("platforms", {}, {[name] = value})) end
      for _, value in ipairs(values.refused) do
        assert.error_matches(function() client:bulk("platforms", {}, {[name] = value}) end, name, 1, true)
      end
    end
    assert.same({}, server:requests())
  end)

  it("sends no row again before repeat_after, however short `remember` is", function()
    local list = rows(2)
    assert(client:bulk("reexport", {list[1]}))
    local db = ledgers.open(path):connection "durable"
    assert(db:run "UPDATE request SET sent_at = sent_at - 31 * 86400, ended_at = ended_at - 31 * 86400")
    assert.same({rows = 2, accepted = 1}, counts(assert(client:bulk("reexport", list, {repeat_after = 90 * 86400}))))
    assert.same({rows = 2, accepted = 1}, counts(assert(client:bulk("reexport", list, {repeat_after = 30 * 86400}))))
    assert.same({2, 1}, bulk.received(server))
  end)

  it("makes no run in the ledger for an operation that only reads", function()
    local report = assert(client:bulk("platforms", {{userId = mock.USER}}))
    assert.same({rows = 1, done = 1}, counts(report))
    assert.is_nil(report.run)
    assert.is_string(assert(client:bulk("reexport", rows(1))).run)
  end)

  it("returns an error when its ledger is locked, and sends nothing", function()
    local other = assert(require("cmr.sqlite").open(path, 0))
    local list = rows(1)
    local own = ledgers.open(path)
    own:connection("durable"):rows "PRAGMA busy_timeout = 10"
    assert(other:run "BEGIN EXCLUSIVE")
    local report, message = client:bulk("reexport", list)
    other:close()
    assert.is_nil(report)
    assert.matches("^bulk: the ledger /%S+ cannot be used: another program has it locked", message)
    assert.same({}, server:requests())
    assert.same({rows = 1, accepted = 1}, counts(assert(client:bulk("reexport", list))))
  end)

  it("runs once at a time for the same rows, also within a process", function()
    local list, message = rows(2), nil
    assert(client:bulk("reexport", list, {on_result = function()
      if not message then message = select(2, client:bulk("reexport", list)) end
    end}))
    assert.equal("bulk: another process is at work on these rows", message)
    assert.same({1, 1}, bulk.received(server))
    assert(client:bulk("reexport", list)) -- the first run has ended, and has released the rows
    list[3] = {mailboxId = bulk.id(1)}
    assert.is_nil((client:bulk("reexport", list))) -- refused for its duplicates; this releases the rows too
    assert(client:bulk("reexport", list, {duplicates = true}))
  end)

  it("sends no copy of a row that another run sends while this run waits for its slot", function()
    local list = {rows(1)[1], {mailboxId = bulk.id(1)}}
    local longer, reserved, other = {list[1], list[2], {mailboxId = "GONE"}}, 0, nil
    local function reserve()
      reserved = reserved + 1
      if reserved == 2 then other = assert(client:bulk("reexport", list, {duplicates = true})) end
      return 0
    end
    local slow = client_of(server, {ledger = path, retries = 0, rate = 1000,
      limiter = {reserve = reserve, pause = function() end}})
    local report = assert(slow:bulk("reexport", longer, {duplicates = true, concurrency = 1}))
    assert.same({rows = 2, accepted = 1}, counts(other))
    assert.same({rows = 3, accepted = 1, sending = 1, failed = 1}, counts(report))
    assert.same({2}, bulk.received(server))
    report = assert(slow:bulk("reexport", longer, {duplicates = true}))
    assert.same({{rows = 3}, 2}, {counts(report), report.earlier.accepted})
    assert.same({2}, bulk.received(server))
  end)

  it("raises a limiter's error, and the next run sends the other rows", function()
    local list, reserved = rows(4), 0
    local function reserve()
      reserved = reserved + 1
      if reserved == 3 then error "in the middle" end
      return 0
    end
    local limited = client_of(server, {ledger = path, retries = 0, rate = 1000,
      limiter = {reserve = reserve, pause = function() end}})
    assert.error_matches(function() limited:bulk("reexport", list, {concurrency = 1}) end, "in the middle", 1, true)
    assert.same({1, 1}, bulk.received(server))
    local report = assert(client:bulk("reexport", list))
    assert.same({rows = 4, accepted = 2}, counts(report))
    assert.equal(2, report.earlier.accepted)
    assert.same({1, 1, 1, 1}, bulk.received(server))
  end)

  if not loops.PLAIN_51 then it("releases the rows when its coroutine is collected", function()
    local list = rows(3)
    client = client_of(server, {ledger = path, retries = 0, loop = require "cmr.loop.block"})
    local thread = coroutine.create(function()
      client:bulk("reexport", list, {concurrency = 1, on_result = function() coroutine.yield "left" end})
    end)
    assert.same({true, "left"}, {coroutine.resume(thread)})
    assert.equal("bulk: another process is at work on these rows", (select(2, client:bulk("reexport", list))))
    thread = nil -- luacheck: ignore 311
    for _ = 1, 3 do collectgarbage() end
    assert.same({rows = 3, accepted = 2}, counts(assert(client:bulk("reexport", list))))
  end) end

  it("is also cmr.bulk, with the default client, which has no ledger", function()
    local ended = program.run([[
      local cmr = require "cmr"
      print(cmr.bulk("platforms", {{userId = "]] .. mock.USER .. [["}}).done)
      print(select(2, pcall(cmr.bulk, "reexport", {})))]],
      {env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}})
    assert.matches("^1\n.*bulk: this client has no ledger: cmr.new{ledger = true}", ended.out .. ended.err)
    assert.is_function(cmr.bulk)
  end)

  -- Runs a function in a coroutine of luv or cqueues.
  local function in_loop(name, module, act)
    if name == "cqueues" then
      local controller = module.new()
      controller:wrap(act)
      assert(controller:loop())
    else
      local thread = coroutine.create(act)
      assert(coroutine.resume(thread))
      module.run()
      assert.equal("dead", coroutine.status(thread))
    end
  end

  for _, name in ipairs{"luv", "cqueues"} do
    local has, module = pcall(require, name)
    if has and not loops.PLAIN_51 then -- iterators of plain Lua 5.1 cannot yield
      it("waits in a coroutine of " .. name, function()
        local list, report = rows(6), nil
        in_loop(name, module, function() report = assert(client:bulk("reexport", list, {concurrency = 3})) end)
        assert.same({rows = 6, accepted = 6}, counts(report))
        assert.same({1, 1, 1, 1, 1, 1}, bulk.received(server))
      end)
    end
  end
end)
