-- Measures a limiter: reserve.lua LIMITER KEYS COUNT [PORT] reserves COUNT slots for KEYS keys in turn, and prints how
-- many it reserved in a second. LIMITER is process, ledger or redis; Redis answers on PORT.
local core = require "cmr.core"

local name, keys, count = arg[1], tonumber(arg[2]), tonumber(arg[3])

local limiters = {}

function limiters.process()
  return require("cmr.limiter.memory").new()
end

function limiters.ledger()
  return require("cmr.limiter.file").new { path = os.getenv "CMR_LEDGER" }
end

function limiters.redis()
  return require("cmr.limiter.redis").new { port = tonumber(arg[4]) }
end

local limiter = limiters[name]()
local function reserve(first, last)
  for index = first, last do
    assert(limiter:reserve("key" .. index % keys, 4, math.huge))
  end
end
reserve(1, keys)
local begun = core.now()
reserve(keys + 1, keys + count)
print(count / (core.now() - begun))
