-- Measures how many slots a limiter hands out in a second, for one key and for many keys. Also measures several
-- processes that share the ledger's limiter.
local measure = require "bench.measure"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"
local shell = require "bench.shell"

local limiters = { title = "reservations of the limiter %s, %d keys" }

local KEYS = { 1, 100, 4000 } -- the queue file has room for 4,096
local PROCESSES = { 1, 2, 4, 8 }
local COUNTS = { process = 200000, ledger = 2000, redis = 20000, dictionary = 200000 }
local TITLES = {
  process = "of a process",
  ledger = "in the ledger's queue file",
  redis = "in Redis",
  dictionary = "in nginx's dictionary",
}
local ORDER = { "process", "dictionary", "ledger", "redis" }

local SERVER = [[
  location = /reserve { content_by_lua_block {
    local core = require "cmr.core"
    local limiter = require("cmr.limiter").default()
    local keys, count = tonumber(ngx.var.arg_keys), tonumber(ngx.var.arg_count)
    local function reserve(first, last)
      for index = first, last do assert(limiter:reserve("key" .. index % keys, 4, math.huge)) end
    end
    reserve(1, keys)
    local begun = core.now()
    reserve(keys + 1, keys + count)
    ngx.say(count / (core.now() - begun))
  } }
]]

-- Returns a function that measures a limiter, and one that ends its servers.
local function measurer(name)
  local ledger = os.tmpname()
  if name == "dictionary" then
    local server = nginx.start { http = "lua_shared_dict cmr 16m;", server = SERVER, unclean = { "lua_shared_dict" } }
    return function(keys, count)
      return tonumber((server:text(("/reserve?keys=%d&count=%d"):format(keys, count))))
    end, function()
      server:stop()
    end
  end
  local server = name == "redis" and redis.start() or nil
  return function(keys, count)
    os.remove(ledger .. "-queue")
    local command = "lua5.4 bench/clients/reserve.lua %s %d %d %d"
    return (shell.numbers(command:format(name, keys, count, server and server.port or 0), { CMR_LEDGER = ledger }))
  end, function()
    os.remove(ledger)
    os.remove(ledger .. "-queue")
    if server then server:stop() end
  end
end

local function row_of(name, size)
  local run, stop = measurer(name)
  local contestants = {}
  for index, keys in ipairs(KEYS) do
    contestants[index] = {
      name = ("%d keys"):format(keys),
      ours = true,
      run = function()
        return run(keys, size.quick and COUNTS[name] / 10 or COUNTS[name])
      end,
    }
  end
  local bars = measure.bars(size.quick and 1 or 3, contestants)
  stop()
  return {
    name = limiters.title:format(TITLES[name], KEYS[3]),
    against = "1 key",
    unit = "a second",
    bars = bars,
    value = measure.ratio(bars[3], bars[1]),
    target = name == "ledger" and ">= 0.1 x" or ">= 0.33 x", -- the ledger's limiter searches its file for the key
    note = ("%.0f a second with 1 key, %.0f with 100, %.0f with 4000"):format(
      bars[1].median,
      bars[2].median,
      bars[3].median
    ),
  }
end

-- Measures several processes that reserve slots in one queue file at the same time.
local function processes_row(size)
  local ledger = os.tmpname()
  local command = "lua5.4 bench/clients/reserve.lua ledger 1 " .. (size.quick and 500 or 5000)
  local contestants = {}
  for index, processes in ipairs(PROCESSES) do
    contestants[index] = {
      name = ("%d processes"):format(processes),
      ours = true,
      run = function()
        os.remove(ledger .. "-queue")
        local waits, sum = {}, 0
        for number = 1, processes do
          waits[number] = shell.start(command, { CMR_LEDGER = ledger })
        end
        for _, wait in ipairs(waits) do
          sum = sum + tonumber((wait():match "%S+"))
        end
        return sum
      end,
    }
  end
  local bars = measure.bars(size.quick and 1 or 3, contestants)
  shell.remove_ledger(ledger)
  return {
    name = "reservations of 8 processes in one queue file",
    against = "1 process",
    unit = "a second",
    bars = bars,
    value = measure.ratio(bars[4], bars[1]),
    target = ">= 0.5 x",
  }
end

function limiters.run(size)
  local rows = {}
  for _, name in ipairs(ORDER) do
    if name ~= "redis" or redis.programs[1] then rows[#rows + 1] = row_of(name, size) end
  end
  rows[#rows + 1] = processes_row(size)
  return rows
end

return limiters
