-- Measures calls of several processes that are recorded in one ledger. SQLite lets one process write at a time.
local measure = require "bench.measure"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local ledger = { title = "recorded calls of 8 processes with one ledger" }

local PROCESSES = { 1, 2, 4, 8 }

-- Returns how many calls all processes together make in a second. `calls` is the number of calls of all processes
-- together.
local function rate_of(processes, calls)
  local env = upstream.env()
  env.CMR_LEDGER = os.tmpname()
  shell.remove_ledger(env.CMR_LEDGER)
  local waits, first, last = {}, math.huge, 0
  for number = 1, processes do
    local command = "lua5.4 bench/clients/record.lua %d %d"
    waits[number] = shell.start(command:format(number, calls / processes), env)
  end
  for _, wait in ipairs(waits) do
    local begun, ended = wait():match "(%S+)%s+(%S+)"
    first, last = math.min(first, tonumber(begun)), math.max(last, tonumber(ended))
  end
  shell.remove_ledger(env.CMR_LEDGER)
  return calls / (last - first)
end

function ledger.run(size)
  local contestants = {}
  for index, processes in ipairs(PROCESSES) do
    contestants[index] = {
      name = ("%d processes"):format(processes),
      ours = true,
      run = function()
        return rate_of(processes, size.quick and 160 or 2000)
      end,
    }
  end
  local bars = measure.bars(size.quick and 1 or 3, contestants)
  return {
    {
      name = ledger.title,
      against = "1 process",
      unit = "a second",
      bars = bars,
      value = measure.ratio(bars[4], bars[1]),
      target = ">= 0.5 x",
    },
  }
end

return ledger
