-- Measures calls that are made one after another.
local measure = require "bench.measure"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local sequence = {}

local function client(name, note, command, options)
  return { name = name, note = note, command = command, options = options or {} }
end

local CLIENTS = {
  client("C, libcurl easy", "HTTP/2, not decoded", "build/bench/easy"),
  client("C, libcurl easy + cjson", "HTTP/2, the library's headers", "build/bench/easy_cjson"),
  client("cmr, Lua 5.4", "HTTP/2", "lua5.4 bench/clients/sequence.lua", { ours = true }),
  client("cmr, LuaJIT", "HTTP/2", "luajit bench/clients/sequence.lua", { ours = true, build = "jit" }),
  client("lua-curl + cjson, LuaJIT", "HTTP/2", "luajit bench/peers/luacurl.lua", { build = "jit" }),
  client("lua-http + cjson, LuaJIT", "HTTP/2", "luajit bench/peers/luahttp.lua", { build = "jit", part = 0.2 }),
  client(
    "luasocket/luasec + cjson by hand, LuaJIT",
    "HTTP/1.1, kept alive",
    "luajit bench/peers/luasocket.lua",
    { build = "jit", more = "keep" }
  ),
  client(
    "luasocket/luasec + cjson, LuaJIT",
    "HTTP/1.1, a new connection each",
    "luajit bench/peers/luasocket.lua",
    { build = "jit", part = 0.005 }
  ),
}

-- Returns the contestants. Only the C loops and the library also run over plain HTTP/1.1.
local function contestants(env, count, plain)
  local all = {}
  for index = 1, plain and 4 or #CLIENTS do
    local one = CLIENTS[index]
    local options = one.options
    local calls = math.max(3, math.floor(count * (options.part or 1)))
    all[index] = {
      name = one.name,
      note = plain and one.note:gsub("HTTP/2", "HTTP/1.1") or one.note,
      ours = options.ours,
      once = options.part and options.part < 0.1,
      run = function()
        local wall, cpu = shell.numbers(("%s %d %s"):format(one.command, calls, options.more or ""), env, options.build)
        return { wall = wall / calls * 1e6, cpu = (cpu or 0) / calls * 1e6 }
      end,
    }
  end
  return all
end

-- Returns the median ratios of the library to a peer, on Lua 5.4 and on LuaJIT, as text.
local function against(bars, peer)
  return ("%.2f × (on LuaJIT %.2f ×)"):format(measure.ratio(bars[3], peer), measure.ratio(bars[4], peer))
end

local function row(title, bars, note, target)
  return {
    name = title,
    against = "the libcurl easy loop without decoding",
    unit = "us a call",
    bars = bars,
    value = measure.ratio(bars[3], bars[1]),
    target = target,
    note = ("on LuaJIT %.2f ×; against the loop that decodes %s%s"):format(
      measure.ratio(bars[4], bars[1]),
      against(bars, bars[2]),
      note
    ),
  }
end

function sequence.run(size)
  local count = size.quick and 300 or 5000
  local bars, cpu = measure.bars(size.rounds, contestants(upstream.env(), count), { "wall", "cpu" })
  local slowly = contestants(upstream.env "0.002", size.quick and 20 or 300)
  local slow = measure.bars(size.rounds, { slowly[1], slowly[3] }, { "wall" })
  local plain = measure.bars(size.rounds, contestants(upstream.env(nil, true), count, true), { "wall" })
  local note = ("; CPU time %.2f ×; with a server that takes 2 ms %.2f ×"):format(
    measure.ratio(cpu[3], cpu[1]),
    measure.ratio(slow[2], slow[1])
  )
  return {
    row("one call after another, keep-alive, TLS, decoded", bars, note, "<= 1.3 x"),
    row("one call after another, plain HTTP/1.1", plain, "", "<= 1.4 x"),
  }
end

return sequence
