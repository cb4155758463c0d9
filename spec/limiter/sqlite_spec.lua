-- The limiter on a ledger: one queue for all processes of a machine.
local command = require "spec.support.command"
local ledger = require "cmr.ledger"

teardown(command.clean)

describe("the limiter on a ledger", function()
  local path, one, other

  before_each(function()
    path = command.ledger()
    one, other = assert(ledger.open(path)):limiter(), assert(ledger.open(path)):limiter()
  end)

  local function about(expected, delay)
    assert.is_true(delay > expected - 0.5 and delay <= expected, delay)
  end

  it("is one queue for two ledgers of a file, and a queue of its own for each key", function()
    assert.equal(0, one:reserve("key", 0.1, 100))
    about(10, other:reserve("key", 0.1, 100))
    about(20, one:reserve("key", 0.1, 100))
    assert.equal(0, other:reserve("another", 0.1, 100))
  end)

  it("reserves nothing that is too late", function()
    assert.equal(0, one:reserve("key", 0.1, 100))
    for _ = 1, 2 do
      local delay, needed = other:reserve("key", 0.1, 5)
      assert.is_nil(delay)
      about(10, needed)
    end
    about(10, other:reserve("key", 0.1, 100))
  end)

  it("gives out no slot in a pause, and no sooner after it for a shorter one", function()
    one:pause("key", 20)
    other:pause("key", 10)
    about(20, other:reserve("key", 0.1, 100))
  end)

  it("goes on alone when the ledger cannot be written", function()
    local broken = require("cmr.limiter.sqlite").new{ledger = {transaction = function() return nil, "broken" end}}
    assert.equal(0, broken:reserve("key", 0.1, 100))
    about(10, broken:reserve("key", 0.1, 100))
    assert.is_nil((broken:reserve("key", 0.1, 5)))
    broken:pause("key", 50)
    about(50, broken:reserve("key", 0.1, 100))
  end)
end)
