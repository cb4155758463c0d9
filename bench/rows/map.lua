-- Measures many calls at once in a script.
local measure = require "bench.measure"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local map = {}

local AT_ONCE = 64

local function rate(command, env, calls, build)
  return function()
    local wall, cpu = shell.numbers(("%s %d %d"):format(command, calls, AT_ONCE), env, build)
    return { rate = calls / wall, cpu = (cpu or 0) / calls }
  end
end

local function contestants(count, plain)
  local env = upstream.env(nil, plain)
  local http = plain and "HTTP/1.1" or "HTTP/2"
  local all = {
    { name = "C, libcurl multi", note = http .. ", not decoded", run = rate("build/bench/multi", env, count) },
    {
      name = "C, libcurl multi + cjson",
      note = http .. ", the library's headers",
      run = rate("build/bench/multi_cjson", env, count),
    },
    { name = "cmr, Lua 5.4", note = http, ours = true, run = rate("lua5.4 bench/clients/map.lua", env, count) },
    { name = "cmr, LuaJIT", note = http, ours = true, run = rate("luajit bench/clients/map.lua", env, count, "jit") },
  }
  if not plain then
    all[5] = {
      name = "lua-http + cjson, LuaJIT",
      note = "HTTP/2, coroutines of cqueues",
      run = rate("luajit bench/peers/luahttp.lua", env, count // 8, "jit"),
    }
  end
  return all
end

local function row(title, target, bars, cpu)
  local note =
    "on LuaJIT %.2f ×; CPU time of a call %.2f ×; against the loop that decodes %.2f × (on LuaJIT %.2f ×)"
  return {
    name = title,
    against = "the C multi loop without decoding",
    unit = "calls/s",
    bars = bars,
    value = measure.ratio(bars[3], bars[1]),
    target = target,
    note = note:format(
      measure.ratio(bars[4], bars[1]),
      measure.ratio(cpu[3], cpu[1]),
      measure.ratio(bars[3], bars[2]),
      measure.ratio(bars[4], bars[2])
    ),
  }
end

function map.run(size)
  local count = size.quick and 640 or 12800
  local bars, cpu = measure.bars(size.rounds, contestants(count), { "rate", "cpu" })
  local plain_bars, plain_cpu = measure.bars(size.rounds, contestants(count, true), { "rate", "cpu" })
  return {
    row("map, 64 at once", ">= 0.6 x", bars, cpu),
    row("map, 64 at once, plain HTTP/1.1", ">= 0.5 x", plain_bars, plain_cpu),
  }
end

return map
