-- The library: sequence.lua COUNT calls one after another; prints the seconds.
local cmr = require "cmr"
local core = require "cmr.core"

local USER = os.getenv "BENCH_USER"

local client = cmr.new{rate = false}
assert(client:platforms(USER))
local begun = core.now()
for _ = 1, tonumber(arg[1]) do assert(client:platforms(USER).data.EMAILBISON) end
print(core.now() - begun)
