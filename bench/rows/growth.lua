-- Measures whether memory grows with the number of calls.
local measure = require "bench.measure"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local growth_row = { title = "RSS after %d calls" }

function growth_row.run(size)
  local few, many = 20000, 200000
  if size.quick then
    few, many = 500, 5000
  end
  local function growth(name, program, build)
    local before, after =
      shell.numbers(("%s bench/clients/growth.lua %d %d"):format(program, few, many), upstream.env(), build)
    local bars = {}
    for index, bytes in ipairs { before, after } do
      local megabytes = bytes / 2 ^ 20
      bars[index] = {
        name = ("%s, after %d"):format(name, index == 1 and few or many),
        ours = true,
        values = { megabytes },
        median = megabytes,
      }
    end
    return bars
  end

  local bars = growth("cmr, Lua 5.4", "lua5.4")
  local jit = growth("cmr, LuaJIT", "luajit", "jit")
  for _, bar in ipairs(jit) do
    bars[#bars + 1] = bar
  end
  return {
    {
      name = growth_row.title:format(many),
      against = growth_row.title:format(few),
      unit = "MB",
      bars = bars,
      value = measure.ratio(bars[2], bars[1]),
      target = "<= 1.02 x",
      note = ("on LuaJIT %.3f x"):format(measure.ratio(jit[2], jit[1])),
    },
  }
end

return growth_row
