-- No request for memory is refused without an answer: the short form of `make sweep`.

local run = require "spec.support.run"

describe("allocation sweep #sweep", function()
  it("refuses every 61st request on every path, and nothing is lost, broken or told wrong", function()
    assert.matches("sweep: %d+ refusals, 0 failures", run "scripts/test/sweep.sh 61")
  end)
end)
