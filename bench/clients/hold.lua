-- Starts COUNT calls with the library at once, and waits for SECONDS: hold.lua COUNT SECONDS. The server must not
-- answer a call in this time. Then the program prints the bytes of memory for each call.
local cmr = require "cmr"
local core = require "cmr.core"
local memory = require "bench.memory"

local USER = os.getenv "BENCH_USER"
local count, seconds = tonumber(arg[1]), tonumber(arg[2])
local client = cmr.new { rate = false }
assert(client:platforms(USER)) -- opens the connection

local before = memory.resident()
local jobs = {}
for index = 1, count do
  jobs[index] = client:start("platforms", USER)
end
local engine, till = core.engine(), core.now() + seconds
while core.now() < till do
  assert(not engine:wait(50))
end
assert(engine:count() == count, "not all are in flight")
print(("%.0f"):format((memory.resident() - before) / #jobs))
os.exit(0, false)
