-- Runs the fuzz targets with the inputs of their corpora, under the sanitizers. `make fuzz` looks for more inputs.

local run = require "spec.support.run"

describe("fuzzing #fuzz", function()
  for _, target in ipairs { "response", "arguments", "transfer", "json", "target", "webhook" } do
    it("finds nothing in the corpus of " .. target, function()
      assert.matches(target .. ": replay: %d+ inputs", run("scripts/test/fuzz.sh replay " .. target))
    end)
  end
end)
