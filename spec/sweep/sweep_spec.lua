-- The short form of `make sweep`: it refuses only every 61st request for memory. The code must handle each refusal.

local run = require "spec.support.run"

describe("allocation sweep #sweep", function()
  it("refuses every 61st request on every path, and nothing is lost, broken or wrongly reported", function()
    assert.matches("sweep: %d+ refusals, 0 failures", run "scripts/test/sweep.sh 61")
  end)
end)
