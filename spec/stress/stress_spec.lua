-- Every call ends exactly once, whatever is done to it: the short form of `make stress`.

local run = require "spec.support.run"

describe("stress #stress", function()
  it("survives random calls, collections, forks and closes, and every call ends once", function()
    assert.matches("stress: %d+ calls: %d+ succeeded", run "scripts/test/stress.sh 20000")
  end)
end)
