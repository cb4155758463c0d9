-- The library: growth.lua FEW MANY makes that many calls, 64 at once; prints the bytes of memory after FEW and MANY.
local cmr = require "cmr"
local memory = require "bench.memory"

local few, many, done = tonumber(arg[1]), tonumber(arg[2]), 0
local client = cmr.new { rate = false }

local function inputs()
  return os.getenv "BENCH_USER"
end

for _, res, why in client:map("platforms", inputs, { concurrency = 64 }) do
  if not res then error(why) end
  done = done + 1
  if done == few or done == many then io.write(memory.resident(), "\n") end
  if done == many then break end
end
