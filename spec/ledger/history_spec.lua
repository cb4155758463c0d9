-- How the ledger finds, counts and forgets requests.
local core = require "cmr.core"
local history = require "cmr.ledger.history"
local sqlite = require "cmr.sqlite"
local support = require "spec.support.ledger"

local DAY = 24 * 3600

describe("a ledger's history", function()
  local path, ledger

  before_each(function()
    path = support.path()
    ledger = support.open(path)
  end)

  after_each(function() support.remove(path) end)

  local count = 0
  local function begin(values)
    count = count + 1
    local request = {account = "key https://a", operation = "reexport", digest = "d" .. count}
    for name, value in pairs(values or {}) do request[name] = value end
    return assert(ledger:begin(request))
  end

  local function sql(text, ...)
    local db = assert(sqlite.open(path, 1000))
    local rows = assert(db:rows(text, ...))
    db:close()
    return rows
  end

  -- Adds requests of a process that has died.
  local function fill(number, sent_at)
    sql(([[WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
      INSERT INTO request (account, operation, digest, writer, state, sent_at)
      SELECT 'key https://a', 'reexport', 'old' || i, 1000000, 'done', ? FROM n]]):format(number), sent_at)
  end

  local function ids(filter)
    local list = {}
    for request, message in ledger:each(filter) do
      assert(request, message)
      list[#list + 1] = request.id
    end
    return list
  end

  it("comes newest first, page by page", function()
    fill(2500, core.time())
    local found = ids{}
    assert.equal(2500, #found)
    for index, id in ipairs(found) do assert.equal(2501 - index, id) end
    assert.equal(2500, ledger:count{})
    assert.equal(1000, #ledger:find{})
    assert.equal(1, ledger:find{before = 1001}[1000].id)
    assert.same({}, ids{operation = "renew_domains"})
    fill(500, core.time())
    assert.equal(3000, #ids{}) -- the last page is full
  end)

  it("lists the requests that may have been done, without those that a running process is sending", function()
    local under_way, lost, unknown = begin(), begin(), begin()
    begin()
    sql("UPDATE request SET writer = 1000000 WHERE id = ?", lost)
    assert(ledger:finish(unknown, {state = "unknown", outcome = "unknown"}))
    assert(ledger:finish(unknown + 1, {state = "done"}))
    assert.same({unknown, lost}, ids{unknown = true})
    assert.equal(2, ledger:count{unknown = true})
    assert.equal("sending", ledger:find{}[4].state)
    assert.equal(under_way, ledger:find{}[4].id)
  end)

  it("is damaged if a request comes twice", function()
    local rows
    local db = {rows = function() return rows end}
    local damaged = setmetatable({path = "/x", connection = function() return db end}, getmetatable(ledger))
    for _, case in ipairs{{3, 3}, {3, 4}, {5, 3, 3}} do
      rows = {}
      for index, id in ipairs(case) do rows[index] = {id = id, state = "done"} end
      assert.same({nil, "the ledger /x is damaged", "corrupt"}, {damaged:find{}})
    end
    rows = {{id = 3, state = "done"}, {id = 1, state = "done"}}
    assert.same(rows, damaged:find{})
    assert.same(rows, damaged:find{before = 4})
    assert.same({nil, "the ledger /x is damaged", "corrupt"}, {damaged:find{before = 3}})
  end)

  it("accepts a filter of any time since 1970", function()
    assert.same({since = 0}, history.filter{since = 0})
    assert.same({unknown = true, accepted = true}, history.filter{unknown = true, accepted = true})
    for _, filter in ipairs{{since = -1}, {unknown = false}, {accepted = false}} do
      assert.has_error(function() history.filter(filter) end)
    end
  end)

  it("finds names in lower case, and ids unchanged", function()
    for id, expected in pairs{["Shop.COM"] = "shop.com", ["Jane@X"] = "jane@x", ORD_1 = "ORD_1"} do
      assert.equal(expected, history.filter{id = id}.id)
    end
  end)

  it("says of a request which ids, which run and which failure it has", function()
    sql [[INSERT INTO run (name, account, operation, digest, rows, round, round_at, started_at)
      VALUES ('RUN_1', 'a', 'reexport', 'd', 1, 1, 0, 5)]]
    local ended = begin{user = "U1", run = 1, row = 4, ids = {{"order", "O1"}, {"mailbox", "M1"}, {"mailbox", "M2"}}}
    assert(ledger:finish(ended, {state = "failed", status = 404, kind = "not_found", outcome = "rejected",
      message = "gone", failed_items = 2, retry_at = 7}))
    local unknown, lost, under_way = begin(), begin{run = 1}, begin{run = 9}
    assert(ledger:finish(unknown, {state = "unknown", message = "closed"}))
    sql("UPDATE request SET writer = 1000000 WHERE id = ?", lost)
    local found = {}
    for item, message in history.each(ledger, {}) do
      assert(item, message)
      found[item.ledger_id] = item
      item.sent_at, item.ended_at, item.ledger_id = item.sent_at > 0, item.ended_at and item.ended_at > 0, nil
    end
    assert.same({sent_at = true, ended_at = true, account = "key https://a", operation = "reexport", state = "failed",
      user = "U1", run = "RUN_1", row = 4, ids = {order = {"O1"}, mailbox = {"M1", "M2"}}, status = 404,
      kind = "not_found", outcome = "rejected", message = "gone", failed_items = 2, retry_at = 7}, found[ended])
    assert.same({"unknown", "closed"}, {found[unknown].state, found[unknown].message})
    assert.same({"unknown", "the process ended before the answer was written down", "RUN_1"},
      {found[lost].state, found[lost].message, found[lost].run})
    assert.same({"sending", nil, "?"}, {found[under_way].state, found[under_way].message, found[under_way].run})
  end)

  it("has the accepted requests with what they wait for", function()
    local plans = {}
    for index, ending in ipairs{{state = "accepted", plan = '{"a":1}'}, {state = "done", plan = '{"a":2}'},
      {state = "accepted"}, {state = "accepted", plan = '{"a":4}'}} do
      plans[index] = begin()
      assert(ledger:finish(plans[index], ending))
    end
    begin()
    local function item(index, plan)
      return {id = plans[index], account = "key https://a", operation = "reexport", state = "accepted", plan = plan}
    end
    assert.same({item(4, {a = 4}), item(3), item(1, {a = 1})}, history.accepted(ledger, {}))
    assert.same({}, history.accepted(ledger, {operation = "renew_domains"}))
    function ledger.find() return nil, "broken" end
    assert.same({nil, "broken"}, {history.accepted(ledger, {})})
    assert.same({nil, "broken"}, {history.awaited(ledger, "ORD_1")})
    assert.same({}, history.awaited(ledger, "RUN_none"))
    function ledger.connection() return nil, "closed" end
    assert.same({nil, "closed"}, {history.awaited(ledger, "RUN_none")})
  end)

  it("ends with a message when the ids of a request cannot be read", function()
    for _ = 1, 3 do begin() end
    function ledger.ids() return nil, "broken" end
    local iterator = history.each(ledger, {})
    assert.same({false, "broken"}, {iterator()})
    assert.is_nil((iterator()))
  end)

  it("reports a file that cannot be read", function()
    begin()
    ledger.connections.durable:close()
    ledger.connections.durable = nil
    ledger.path = "/proc/nowhere/ledger.db"
    local iterator = ledger:each{}
    local request, message = iterator()
    assert.is_false(request)
    assert.matches("/proc/nowhere/ledger.db", message, 1, true)
    assert.is_nil((iterator()))
    assert.is_nil((ledger:count{unknown = true}))
    ledger.path = path
  end)

  it("is forgotten up to a time, except requests that are being sent and the newest one", function()
    local under_way = begin{ids = {{"order", "ORD_1"}}}
    local done = begin{ids = {{"order", "ORD_2"}}}
    assert(ledger:finish(done, {state = "done"}))
    fill(1500, core.time())
    local newest = begin()
    assert(ledger:finish(newest, {state = "done"}))
    assert.equal(0, ledger:forget(core.time() - 1000))
    local parts, transaction = {}, ledger.transaction
    function ledger.transaction(...)
      local removed, message = transaction(...)
      parts[#parts + 1] = removed
      return removed, message
    end
    assert.equal(1501, ledger:forget(core.time() + 1000))
    assert.same({1000, 501}, parts) -- so that other processes can write in between
    assert.same({newest, under_way}, ids{})
    assert.same({{id = "ORD_1"}}, sql "SELECT id FROM request_id")
  end)

  it("forgets a run with its last request, unless a process is at work on it", function()
    local function run(name)
      sql([[INSERT INTO run (name, account, operation, digest, rows, round, round_at, started_at)
        VALUES (?, 'a', 'reexport', 'd', 1, 1, 0, 5)]], name)
      return sql("SELECT id FROM run WHERE name = ?", name)[1].id
    end
    run "RUN_empty"
    local used, busy = run "RUN_used", run "RUN_busy"
    begin{run = used}
    begin()
    local other = assert(sqlite.open(path, 1000))
    assert(other:hold(2 ^ 40 + busy))
    assert.equal(0, ledger:forget(10))
    other:close()
    assert.same({{name = "RUN_used"}, {name = "RUN_busy"}}, sql "SELECT name FROM run ORDER BY id")
    assert.equal(0, ledger:forget(10))
    assert.same({{name = "RUN_used"}}, sql "SELECT name FROM run ORDER BY id")
  end)

  it("keeps requests for 400 days", function()
    fill(150, core.time() - 400 * DAY - 60)
    fill(40, core.time() - 400 * DAY + 60)
    for _ = 1, 9 do begin() end
    assert.equal(199, #ids{})
    begin() -- the 200th request starts a clean-up
    assert.equal(50, #ids{})
  end)

  it("checks only the oldest requests in a clean-up, because checking all would take long", function()
    fill(250, core.time())
    fill(49, core.time() - 401 * DAY) -- written when the clock was wrong
    begin() -- the 300th request starts a clean-up
    assert.equal(300, #ids{})
    assert.equal(49, ledger:forget(core.time() - 400 * DAY))
    assert.equal(251, #ids{})
  end)
end)
