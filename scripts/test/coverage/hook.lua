-- LUA_INIT loads this file in every Lua program that the specs start. It records the lines of lua/ that run. When the
-- process ends, it writes them to a file of this process.
local folder = os.getenv "CMR_COVERAGE"
if not folder then return end

local seen = {} -- source -> line -> true
local lines_of = setmetatable({}, { __mode = "k" }) -- function -> seen[its source], or false for code outside lua/cmr

local getinfo = debug.getinfo

local function lines_of_source(run)
  local source = getinfo(run, "S").source
  if not source:find("lua/cmr/", 1, true) then return false end
  seen[source] = seen[source] or {}
  return seen[source]
end

local function hook(_, line)
  local run = getinfo(2, "f").func
  local lines = lines_of[run]
  if lines == nil then
    lines = lines_of_source(run)
    lines_of[run] = lines
  end
  if lines then lines[line] = true end
end

-- A hook belongs to one coroutine, so each new coroutine gets the hook.
local create, wrap = coroutine.create, coroutine.wrap
local function hooked(run)
  return function(...)
    debug.sethook(hook, "l")
    return run(...)
  end
end
coroutine.create = function(run)
  return create(hooked(run))
end
coroutine.wrap = function(run)
  return wrap(hooked(run))
end
debug.sethook(hook, "l")

local function write()
  debug.sethook()
  local name = ("%s/%s"):format(folder, tostring(seen):gsub("[^%w]", "") .. os.time() .. math.random(1e9))
  local file = io.open(name, "w")
  if not file then return end
  for source, lines in pairs(seen) do
    for line in pairs(lines) do
      file:write(source:match "lua/cmr/.*", " ", line, "\n")
    end
  end
  file:close()
end

local exit = os.exit
os.exit = function(...)
  write()
  seen = {}
  exit(...)
end
CMR_COVERAGE_END = setmetatable({}, { __gc = write })
