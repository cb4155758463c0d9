-- Makes calls with the library, one after another: sequence.lua COUNT. Prints the seconds, and the CPU time.
local cmr = require "cmr"
local core = require "cmr.core"

local USER = os.getenv "BENCH_USER"

local client = cmr.new { rate = false }

local function calls(count)
  for _ = 1, count do
    assert(client:platforms(USER).data.EMAILBISON)
  end
end

local count = tonumber(arg[1])
calls(1 + count / 10) -- opens the connection and warms up
local begun, cpu = core.now(), os.clock()
calls(count)
print(core.now() - begun, os.clock() - cpu)
