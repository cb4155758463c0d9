-- Makes calls with the library: map.lua COUNT AT_ONCE. Prints the seconds, and the CPU time.
local cmr = require "cmr"
local core = require "cmr.core"

local client = cmr.new { rate = false }

local function run(count, at_once)
  local user, left = os.getenv "BENCH_USER", count
  local function inputs()
    left = left - 1
    return left >= 0 and user or nil
  end
  for _, res, why in client:map("platforms", inputs, { concurrency = at_once }) do
    if not res then error(why) end
  end
end

local count, at_once = tonumber(arg[1]), tonumber(arg[2])
run(10 * at_once, at_once)
local begun, cpu = core.now(), os.clock()
run(count, at_once)
print(core.now() - begun, os.clock() - cpu)
