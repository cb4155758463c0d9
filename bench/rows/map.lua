-- Measures many calls at once in a script.
local measure = require "bench.measure"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local map = { title = "map, 64 at once" }

local AT_ONCE = 64

function map.run(size)
  local env, count = upstream.env(), size.quick and 640 or 12800

  local function rate(command, calls, build)
    return function()
      local wall, cpu = shell.numbers(("%s %d %d"):format(command, calls, AT_ONCE), env, build)
      return { rate = calls / wall, cpu = (cpu or 0) / calls }
    end
  end

  local bars, cpu = measure.bars(size.rounds, {
    { name = "C, libcurl multi", note = "HTTP/2, not decoded", run = rate("build/bench/multi", count) },
    { name = "cmr, Lua 5.4", note = "HTTP/2", ours = true, run = rate("lua5.4 bench/clients/map.lua", count) },
    { name = "cmr, LuaJIT", note = "HTTP/2", ours = true, run = rate("luajit bench/clients/map.lua", count, "jit") },
    {
      name = "lua-http + cjson, LuaJIT",
      note = "HTTP/2, coroutines of cqueues",
      run = rate("luajit bench/peers/luahttp.lua", count // 8, "jit"),
    },
  }, { "rate", "cpu" })
  return {
    {
      name = map.title,
      against = "the C multi loop without decoding",
      unit = "calls/s",
      bars = bars,
      value = measure.ratio(bars[2], bars[1]),
      target = ">= 0.6 x",
      note = ("on LuaJIT %.2f ×; CPU time of a call %.2f ×"):format(
        measure.ratio(bars[3], bars[1]),
        measure.ratio(cpu[2], cpu[1])
      ),
    },
  }
end

return map
