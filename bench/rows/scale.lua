-- Measures whether a cost grows faster than the work. A row compares the CPU time of one thing among 4,096 things with
-- the CPU time of one thing among 64. The last row differs: it starts 31,000 jobs, and compares the time of one job in
-- the last thousand with the time of one job in the first thousand.
local measure = require "bench.measure"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local scale = { title = "CPU time of one of 4,096 %s" }

local SIZES = { 1, 8, 64, 512, 4096 }
local STARTS = 31000
local SMALL, LARGE = 3, 5 -- the places in SIZES of the two sizes that are compared
local THINGS = {
  { what = "jobs", title = "jobs that wait for their slots" },
  { what = "flight", title = "calls in flight", target = "<= 2 x" },
  { what = "each", title = "items of `each`" },
  { what = "await", title = "events of one `await`", target = "<= 3 x" },
  { what = "events", title = "events received" },
  { what = "bulk", title = "rows of a bulk run, planned" },
}

local function row_of(thing, rounds)
  local env = upstream.env()
  local ledger = os.tmpname()
  env.CMR_LEDGER = ledger
  local contestants = {}
  for index, size in ipairs(SIZES) do
    contestants[index] = {
      name = ("one of %d"):format(size),
      ours = true,
      run = function()
        os.remove(ledger)
        local command = "ulimit -n 10000; lua5.4 bench/clients/scale.lua %s %d"
        return (shell.numbers(command:format(thing.what, size), env))
      end,
    }
  end
  local bars = measure.bars(rounds, contestants)
  shell.remove_ledger(ledger)
  return {
    name = scale.title:format(thing.title),
    against = "one of 64",
    unit = "us",
    bars = bars,
    base = SMALL,
    value = measure.ratio(bars[LARGE], bars[SMALL]),
    target = thing.target or "<= 2 x",
  }
end

local function starts(rounds)
  local results = measure.rounds(rounds, {
    {
      run = function()
        return { shell.numbers("lua5.4 bench/clients/starts.lua " .. STARTS) }
      end,
    },
  })[1]
  local ratios = {}
  for round, times in ipairs(results) do
    ratios[round] = times[2] / times[1]
  end
  return {
    name = ("the last of %d jobs started at the default rate"):format(STARTS),
    against = "the first",
    unit = "us",
    value = measure.median(ratios),
    target = "<= 2 x",
  }
end

function scale.run(size)
  local rows = {}
  for index, thing in ipairs(THINGS) do
    rows[index] = row_of(thing, size.quick and 1 or 3)
  end
  rows[#rows + 1] = starts(size.quick and 1 or 3)
  return rows
end

return scale
