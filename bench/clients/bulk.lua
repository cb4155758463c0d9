-- Runs the command `cmr` with this program's arguments. Prints the command's seconds, the peak of memory in kilobytes,
-- and the seconds of CPU time.
local core = require "cmr.core"

local begun, cpu_begun = core.now(), os.clock()
assert(require("cmr.cli").main(arg) == 0, "the command failed")
local seconds, cpu_seconds = core.now() - begun, os.clock() - cpu_begun
print(seconds, io.open("/proc/self/status"):read("*a"):match "VmHWM:%s+(%d+) kB", cpu_seconds)
