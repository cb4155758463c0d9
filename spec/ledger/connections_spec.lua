-- How a ledger waits for other programs, and what it does when its database fails. A table stands for the database.
-- spec/ledger/everyday_spec.lua has the same troubles with real files.
local core = require "cmr.core"
local Ledger = require("cmr.ledger").Ledger
local schema = require "cmr.ledger.schema"
local sqlite = require "cmr.sqlite"
local support = require "spec.support.ledger"

local LOCKED = "another program has it locked, 'fuser /x/ledger.db' shows which"

describe("a ledger's connection", function()
  local said, answers, ledger, db
  local real_open, real_now = sqlite.open, core.now

  -- Answers a statement with the next of its answers in `answers`, else with `usual`. An answer is a list of results.
  local function answer(sql, usual)
    said[#said + 1] = sql
    local list = answers[sql]
    local one = list and table.remove(list, 1) or {usual}
    return one[1], one[2], one[3]
  end

  before_each(function()
    said, answers = {}, {}
    db = {closed = 0}
    function db.run(_, sql) return answer(sql, 1) end
    function db.rows(_, sql) return answer(sql, {}) end
    function db.first(_, sql)
      if sql:find "user_version" then return answer(sql, {user_version = schema.VERSION}) end
      return answer(sql, {id = 3})
    end
    function db.transaction(_, begin, change)
      local ok, message, reason = answer(begin, 1)
      if not ok then return nil, message, reason end
      return change(db)
    end
    function db.marked() return 3 end
    function db.is_inherited() return db.of_parent end
    function db.is_moved() return db.moved end
    function db.close() db.closed = db.closed + 1 end
    ledger = setmetatable({path = "/x/ledger.db", connections = {}, holds = {}, is_locked = false}, Ledger)
  end)

  after_each(function()
    sqlite.open, core.now, package.loaded.ngx = real_open, real_now, nil
  end)

  local BUSY = {nil, "database is locked", "busy"}

  describe("to another program's lock", function()
    before_each(function() ledger.connections = {durable = db} end)

    local function try(is_patient)
      said = {}
      local results = {ledger:transaction("durable", function() return "written" end, is_patient)}
      return results, said
    end

    it("waits briefly after a wait in vain, until it can write again; a patient one always waits long", function()
      local long, brief, begin = "PRAGMA busy_timeout = 5000", "PRAGMA busy_timeout = 100", "BEGIN IMMEDIATE"
      answers[begin] = {BUSY, BUSY, BUSY, BUSY}
      for index, statements in ipairs{{begin, brief}, {begin}, {long, begin, brief}, {begin}} do
        assert.same({{nil, LOCKED, "busy"}, statements}, {try(index == 3)})
      end
      assert.same({{"written"}, {begin, long}}, {try()})
      assert.same({{"written"}, {begin}}, {try()})
      assert.same({{"written"}, {begin}}, {try(true)})
      answers[begin] = {BUSY}
      assert.same({{nil, LOCKED, "busy"}, {begin, brief}}, {try(true)})
      assert.same({{"written"}, {long, begin, long}}, {try(true)})
    end)

    it("waits at most 0.1 s in nginx", function()
      package.loaded.ngx = {}
      answers["BEGIN IMMEDIATE"] = {BUSY}
      for _, statements in ipairs{
        {"BEGIN IMMEDIATE", "PRAGMA busy_timeout = 100"},
        {"BEGIN IMMEDIATE", "PRAGMA busy_timeout = 100"},
      } do
        assert.same(statements, select(2, try()))
      end
    end)

    it("keeps its usual wait after another failure", function()
      answers["BEGIN IMMEDIATE"] = {{nil, "disk I/O error", "error"}}
      assert.same({{nil, "disk I/O error", "error"}, {"BEGIN IMMEDIATE"}}, {try()})
    end)
  end)

  it("reads in one transaction, and passes on what the reader or the database says", function()
    ledger.connections = {durable = db}
    assert.same({"a", "b", "c"}, {ledger:snapshot(function() return "a", "b", "c" end)})
    assert.same({"BEGIN"}, said)
    answers.BEGIN = {{nil, "damaged", "corrupt"}}
    assert.same({nil, "damaged", "corrupt"}, {ledger:snapshot(error)})
  end)

  -- Opens a connection to the table `db`. Returns the results, and the longest wait that SQLite was told.
  local function connect(kind)
    local wait
    sqlite.open = function(_, milliseconds)
      wait = milliseconds
      return db
    end
    said = {}
    ledger.connections = {}
    local results = {ledger:connection(kind or "durable")}
    return results, wait
  end

  it("waits at most 5 s for a lock, and at most 0.1 s in nginx", function()
    assert.same({{db}, 5000}, {connect()})
    package.loaded.ngx = {}
    assert.same({{db}, 100}, {connect()})
  end)

  it("has each change on the disk if it is durable, and limits its log", function()
    for kind, synchronous in pairs{durable = "FULL", quick = "NORMAL"} do
      connect(kind)
      assert.same({"PRAGMA journal_mode = WAL", "PRAGMA synchronous = " .. synchronous,
        "PRAGMA journal_size_limit = 5242880"}, {said[1], said[2], said[3]})
      assert.equal(db, ledger.connections[kind])
      assert.equal(0, db.closed)
    end
    sqlite.open = real_open
    local path = support.path()
    local real = support.open(path)
    for kind, synchronous in pairs{durable = 2, quick = 1} do
      local connection = real:connection(kind)
      assert.equal(synchronous, connection:first("PRAGMA synchronous").synchronous)
      assert.equal("wal", connection:first("PRAGMA journal_mode").journal_mode)
      assert.equal(5000, connection:first("PRAGMA busy_timeout").timeout)
    end
    support.remove(path)
  end)

  it("tries again to set up a new file that another process sets up, for 5 s", function()
    local time = 0
    core.now = function()
      time = time + 1
      return time
    end
    local mode, begin = "PRAGMA journal_mode = WAL", "BEGIN IMMEDIATE"
    answers[mode] = {BUSY, BUSY}
    assert.equal(db, connect()[1])
    assert.same({mode, begin, mode, begin, mode}, {(table.unpack or unpack)(said, 1, 5)})
    time, answers[mode] = 0, {}
    for index = 1, 20 do answers[mode][index] = BUSY end
    assert.same({nil, "the ledger /x/ledger.db cannot be opened: " .. LOCKED, "busy"}, connect())
    assert.equal(20 - 6, #answers[mode]) -- the sixth try begins 5 s after the first
    assert.equal(1, db.closed)
    answers[mode], answers[begin] = {BUSY, BUSY}, {BUSY}
    assert.same({nil, "the ledger /x/ledger.db cannot be opened: " .. LOCKED, "busy"}, connect())
    assert.equal(1, #answers[mode])
    answers[mode], answers[begin] = {{nil, "no database", "corrupt"}, BUSY}, {}
    assert.same({nil, "the ledger /x/ledger.db cannot be opened: no database", "corrupt"}, connect())
    assert.equal(1, #answers[mode])
    assert.equal(3, db.closed)
  end)

  it("is closed again if it cannot be set up", function()
    for index, sql in ipairs{"PRAGMA synchronous = FULL", "PRAGMA journal_size_limit = 5242880", "PRAGMA user_version",
      "SELECT coalesce(max(id), 0) AS id FROM request"} do
      answers = {[sql] = {{nil, "broken", "error"}}}
      assert.same({nil, "the ledger /x/ledger.db cannot be opened: broken", "error"}, connect())
      assert.equal(index, db.closed)
      assert.same({}, ledger.connections)
    end
    answers["SELECT coalesce(max(id), 0) AS id FROM request"] = {{{id = 2}}}
    local _, message, reason = (table.unpack or unpack)((connect()), 1, 3)
    assert.equal("corrupt", reason)
    assert.matches("its newest requests are missing (2 of 3 are there)", message, 1, true)
    assert.equal(5, db.closed)
  end)

  it("knows whether its file was moved, but not whether its parent's file was", function()
    assert.is_false(ledger:is_moved())
    ledger.connections = {durable = db}
    for _, case in ipairs{{false, false, false}, {false, true, true}, {true, false, false}, {true, true, false}} do
      db.of_parent, db.moved = case[1], case[2]
      assert.equal(case[3], ledger:is_moved())
    end
  end)

  it("of the parent is closed in a forked process, with every other one, before the process makes its own", function()
    local inherited, closed = db, 0
    connect()
    function inherited.is_inherited() return true end
    function inherited.close() closed = closed + 1 end
    ledger.connections.quick, ledger.writer = inherited, 7
    db = setmetatable({is_inherited = function() return false end}, {__index = inherited})
    sqlite.open = function()
      assert.equal(2, closed)
      return db
    end
    assert.equal(db, ledger:connection "durable")
    assert.same({{durable = db}, nil}, {ledger.connections, ledger.writer})
    ledger:close()
    assert.equal(3, closed)
    assert.same({}, ledger.connections)
  end)

  it("is closed with its ledger, and then Lua can collect the ledger", function()
    local path = support.path()
    local seen = setmetatable({}, {__mode = "k"})
    seen[support.open(path)] = true
    support.open(path):connection "quick"
    local first = next(seen)
    first:close()
    assert.same({}, first.connections)
    local second = support.open(path)
    assert.not_equal(first, second)
    assert.equal(second, support.open(path))
    first = nil -- luacheck: ignore 311
    for _ = 1, 3 do collectgarbage() end
    assert.is_nil(next(seen))
    support.remove(path)
  end)

  it("moves what was written into the ledger's file when it is told to", function()
    ledger.connections = {durable = db}
    assert.same({}, ledger:checkpoint())
    assert.same({"PRAGMA wal_checkpoint(PASSIVE)"}, said)
  end)
end)
