-- Records the lines of lua/cmr that run, in the file `lines` of a folder. Two scripts use this hook. coverage.sh names
-- the hook in LUA_INIT, so every Lua program that the specs start loads it. CMR_COVERAGE then names the folder.
-- covering.sh makes a copy of the project in which each module of lua/cmr loads the hook, also inside nginx. The module
-- passes the folder as an argument. The hook writes a line's number when the line first runs, because many processes
-- end by a signal.
local folder = ... or os.getenv "CMR_COVERAGE"
if not folder then return end

local seen = {} -- source -> line -> true
local lines_of = setmetatable({}, { __mode = "k" }) -- function -> seen[its source], or false for code outside lua/cmr

local getinfo, open = debug.getinfo, io.open

local function lines_of_source(run)
  local source = getinfo(run, "S").source:match "lua/cmr/.*"
  if not source then return false end
  seen[source] = seen[source] or { source = source }
  return seen[source]
end

-- The file is not left open, because some programs count or close descriptors.
local function write(source, line)
  local file = open(folder .. "/lines", "a")
  if not file then return false end
  file:write(source, " ", line, "\n")
  return file:close()
end

local function hook(_, line)
  local run = getinfo(2, "f").func
  local lines = lines_of[run]
  if lines == nil then
    lines = lines_of_source(run)
    lines_of[run] = lines
  end
  if lines and not lines[line] then lines[line] = write(lines.source, line) end
end

-- In Lua a hook belongs to one coroutine, so each new coroutine gets the hook. In LuaJIT a hook belongs to all
-- coroutines, but compiled code does not call it, so the compiler is off.
if rawget(_G, "jit") then
  jit.off()
  jit.flush()
else
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
end
debug.sethook(hook, "l")
