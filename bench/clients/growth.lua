-- Makes calls with the library, 64 at once: growth.lua FEW MANY. Prints the bytes of memory of this process after FEW
-- calls and after MANY calls.
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
