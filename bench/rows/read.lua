-- Measures what the ledger costs a command that only reads. Such a command uses only the ledger's queue of slots.
local measure = require "bench.measure"
local nginx = require "spec.support.nginx"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local read = { title = "`cmr platforms` as a whole process: time that the ledger adds" }

function read.run(size)
  local env, directory = {}, nginx.output "mktemp -d"
  for name, value in pairs(upstream.env()) do
    env[name] = value
  end
  env.CMR_LEDGER = directory .. "/ledger.db"
  local ledger = assert(require("cmr.ledger").open(env.CMR_LEDGER))
  for _ = 1, 200 do -- recorded requests, which must not make a read slower
    assert(ledger:begin { account = "a", operation = "reexport", digest = "d" })
  end
  ledger:close()

  local function run(words)
    local command = ("lua5.4 bin/cmr platforms %s %s"):format(upstream.USER, words)
    return function()
      return shell.times({ command }, env, size.quick and 3 or 10)[1]
    end
  end

  local bars = measure.bars(size.quick and 1 or 20, {
    { name = "--no-ledger", run = run "--no-ledger" },
    -- at this rate, no run waits for the slot of the run before
    { name = "with the ledger", ours = true, run = run "--rate 100000" },
  })
  nginx.output("rm -rf " .. directory)
  return {
    {
      name = read.title,
      against = "the same with --no-ledger",
      unit = "ms",
      bars = bars,
      value = measure.combined(bars[2], bars[1], function(a, b)
        return a - b
      end),
      target = "<= 2 ms",
    },
  }
end

return read
