-- Costs that grow no faster than the work.
local program = require "spec.support.program"

describe("client:start", function()
  -- In a separate process, because the jobs are never waited for.
  it("costs the same for the ten thousandth job that waits for its slot as for the first", function()
    local ended = program.run [[
      local client = require("cmr").new{api_key = "k", base_url = "http://127.0.0.1:1"}
      local function cost_of_hundred()
        local begun = os.clock()
        for _ = 1, 100 do client:start("platforms", "BVZGM5TE9BMP3PP0VWGW943RGV1B") end
        return os.clock() - begun
      end
      local function median_of_thousand()
        local costs = {}
        for index = 1, 10 do costs[index] = cost_of_hundred() end
        table.sort(costs)
        return costs[5]
      end
      local first, last = median_of_thousand(), nil
      for _ = 2, 10 do last = median_of_thousand() end
      io.write(last / first)
      io.flush()
      os.exit(0, false)
    ]]
    local ratio = tonumber(ended.out)
    assert.is_true(ratio and ratio < 3, ended.out .. ended.err)
  end)
end)
