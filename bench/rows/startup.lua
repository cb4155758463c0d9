-- Measures the command as a whole process, and compares it with the curl program and with Lua alone.
local measure = require "bench.measure"
local nginx = require "spec.support.nginx"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local startup = { title = "`cmr platforms` as a whole process" }

function startup.run(size)
  local env = upstream.env()
  -- curl reads the key from a file, because every user can read a command line. cmr reads it from the environment.
  local header = os.tmpname()
  nginx.write(header, "cmr-x-api-key: " .. env.CMR_API_KEY .. "\n")
  local commands = {
    ("curl --silent --noproxy * --cacert %s -H @%s %s"):format(env.CMR_CA_FILE, header, env.BENCH_URL),
    "lua5.4 bin/cmr platforms --rate 100000 " .. upstream.USER, -- at this rate, no run waits for a slot
    "lua5.4 -e ''",
    "lua5.4 bin/cmr --help",
  }
  local rounds = measure.rounds(
    size.rounds,
    { {
      run = function()
        return shell.times(commands, env, size.quick and 3 or 15)
      end,
    } }
  )[1]
  os.remove(header)

  local function bar(index, name, ours)
    local values = {}
    for round, medians in ipairs(rounds) do
      values[round] = medians[index]
    end
    return { name = name, ours = ours, values = values, median = measure.median(values) }
  end

  local call = { bar(1, "curl"), bar(2, "cmr platforms", true) }
  local help = { bar(3, "lua5.4 -e ''"), bar(4, "cmr --help", true) }
  return {
    {
      name = startup.title,
      against = "the curl program",
      unit = "ms",
      bars = call,
      value = measure.ratio(call[2], call[1]),
      target = "<= 2 x",
    },
    {
      name = "`cmr --help`",
      against = "`lua5.4 -e ''`",
      unit = "ms",
      bars = help,
      value = measure.ratio(help[2], help[1]),
      target = "<= 3 x",
      also = help[2].median <= 25,
      note = ("it takes %.1f ms; up to 25 ms also meets the target"):format(help[2].median),
    },
  }
end

return startup
