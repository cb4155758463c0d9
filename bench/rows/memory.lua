-- Measures the memory of calls that wait for their answers.
local measure = require "bench.measure"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local memory = { title = "memory per call in flight, %d held open" }

function memory.run(size)
  local count, env = size.quick and 200 or 1000, upstream.env "3"

  local function kilobytes(command, build)
    return function()
      return shell.numbers(("%s %d 2"):format(command, count), env, build) / 1024
    end
  end

  local bars = measure.bars(size.quick and 1 or 3, {
    { name = "C, libcurl multi", note = "HTTP/2", run = kilobytes "build/bench/multi hold" },
    { name = "cmr, Lua 5.4", note = "HTTP/2", ours = true, run = kilobytes "lua5.4 bench/clients/hold.lua" },
    { name = "cmr, LuaJIT", note = "HTTP/2", ours = true, run = kilobytes("luajit bench/clients/hold.lua", "jit") },
  })
  return {
    {
      name = memory.title:format(count),
      against = "the C multi loop",
      unit = "kB",
      bars = bars,
      value = measure.ratio(bars[2], bars[1]),
      target = "<= 1.2 x",
      note = ("on LuaJIT %.2f ×"):format(measure.ratio(bars[3], bars[1])),
    },
  }
end

return memory
