-- Every call ends exactly once, whatever happens to it: the short form of `make stress`.

local run = require "spec.support.run"

describe("stress #stress", function()
  it("survives random calls, collections, forks and closes: every call ends once, each order as it should", function()
    local said = run "scripts/test/stress.sh 20000"
    assert.matches("ledger: 200 sequences, seed %d+: each as the model says", said)
    assert.matches("stress: %d+ calls: %d+ succeeded", said)
  end)
end)
