-- The numbers that a process locks in its ledger. Processes of every version use the same numbers.
local Ledger = require("cmr.ledger").Ledger

describe("the locks of a ledger", function()
  local ledger, db, held, fails

  -- Makes a table that stands for a database: `held` has the numbers that other processes hold.
  local function database()
    local made = {own = {}}
    function made.hold(_, number)
      if fails then return nil, "the disk is full", "full" end
      if held[number] then return nil, "database is locked", "busy" end
      made.own[number] = true
      return true
    end
    function made.is_held(_, number) return held[number] or false end
    function made.let_go(_, number) made.own[number] = nil end
    function made.is_inherited() return false end
    function made.is_moved() return false end
    return made
  end

  before_each(function()
    held, fails, db = {}, false, database()
    ledger = setmetatable({path = "/x/ledger.db", connections = {durable = db}, holds = {}, is_locked = false}, Ledger)
  end)

  it("of runs are 2^40 and the run's number, for one caller at a time", function()
    local hold = assert(ledger:hold_run(7))
    assert.same({[2 ^ 40 + 7] = true}, db.own)
    assert.same({nil, "another coroutine has it", "busy"}, {ledger:hold_run(7)})
    local other = assert(ledger:hold_run(8))
    ledger:let_go_run(7, other) -- the hold of another run
    assert.same({[2 ^ 40 + 7] = true, [2 ^ 40 + 8] = true}, db.own)
    ledger:let_go_run(7, hold)
    assert.same({[2 ^ 40 + 8] = true}, db.own)
    local again = assert(ledger:hold_run(7))
    ledger:let_go_run(7, hold) -- has no effect a second time
    assert.same({nil, "another coroutine has it", "busy"}, {ledger:hold_run(7)})
    ledger:let_go_run(7, again)
    assert(ledger:hold_run(7))
  end)

  it("of a run may be another process's, or fail", function()
    held[2 ^ 40 + 7] = true
    assert.same({nil, "database is locked", "busy"}, {ledger:hold_run(7)})
    assert.same({true, false}, {ledger:is_run_held(7), ledger:is_run_held(8)})
    held = {}
    assert.is_false(ledger:is_run_held(7))
    assert(ledger:hold_run(7))
    fails = true
    assert.same({nil, "the disk is full", "full"}, {ledger:hold_run(9)})
    fails = false
    assert(ledger:hold_run(9))
  end)

  it("of a run belong to the connection that took them, which a forked process replaces", function()
    local hold = assert(ledger:hold_run(7))
    local new = database()
    ledger.connections.durable = new
    local own = assert(ledger:hold_run(7))
    assert.same({[2 ^ 40 + 7] = true}, new.own)
    ledger:let_go_run(7, hold)
    assert.same({[2 ^ 40 + 7] = true}, new.own)
    ledger.connections.durable = db
    ledger:let_go_run(7, own)
    assert.same({[2 ^ 40 + 7] = true}, new.own)
    assert(ledger:hold_run(7))
  end)

  it("of processes that store events are the first free of 2^41 + 1 to 2^41 + 16", function()
    assert.is_true(ledger:listen())
    assert.same({[2 ^ 41 + 1] = true}, db.own)
    for count = 1, 15 do
      held[2 ^ 41 + count], db.own = true, {}
      assert.is_true(ledger:listen())
      assert.same({[2 ^ 41 + count + 1] = true}, db.own)
    end
    held[2 ^ 41 + 16], db.own = true, {}
    assert.is_true(ledger:listen()) -- enough processes listen
    assert.same({}, db.own)
    held, fails = {}, true
    assert.same({nil, "the disk is full"}, {ledger:listen()})
  end)

  it("show whether a process stores events; else the store says whether it has any", function()
    local received = false
    ledger.store_ = {has_received = function() return received, received == nil and "locked" or nil end}
    assert.is_false(ledger:is_receiving())
    for _, number in ipairs{0, 17} do
      held = {[2 ^ 41 + number] = true}
      assert.is_false(ledger:is_receiving())
    end
    for _, number in ipairs{1, 2, 16} do
      held = {[2 ^ 41 + number] = true}
      assert.is_true(ledger:is_receiving())
    end
    held, received = {}, true
    assert.is_true(ledger:is_receiving())
    received = nil
    assert.same({nil, "locked"}, {ledger:is_receiving()})
  end)

  it("cannot be taken in a file that was removed", function()
    function db.is_moved() return true end
    local message = "the ledger /x/ledger.db was removed or replaced while it was open"
    assert.same({nil, message, "no_file"}, {ledger:hold_run(7)})
    for _, method in ipairs{"is_run_held", "listen", "is_receiving"} do
      assert.same({nil, message}, {ledger[method](ledger, 7)})
    end
  end)
end)
