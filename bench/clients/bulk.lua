-- Runs the command with these words. Prints the seconds that it took, and its maximum of memory in kilobytes.
local core = require "cmr.core"

local begun = core.now()
assert(require("cmr.cli").main(arg) == 0, "the command failed")
local seconds = core.now() - begun
print(seconds, io.open("/proc/self/status"):read("*a"):match "VmHWM:%s+(%d+) kB")
