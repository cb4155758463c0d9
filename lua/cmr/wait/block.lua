--- Waiting in a plain script: the whole process waits, and every call in flight goes on meanwhile.

local core = require "cmr.core"

local block = { now = core.now }

local STEP = 1000 -- milliseconds; only bounds how long one poll lasts

--- Waits until the call has finished.
function block.wait(engine, call)
  while not call:done() do
    engine:wait(STEP)
  end
end

--- Waits for a time.
-- @param engine of the calls that go on
-- @tparam number seconds
function block.sleep(engine, seconds)
  local till = core.now() + seconds
  local left = seconds
  while left > 0 do
    engine:wait(math.min(STEP, left * 1000))
    left = till - core.now()
  end
end

return block
