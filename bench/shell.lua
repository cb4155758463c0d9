-- Runs programs with an environment that other users cannot read.
local cjson = require "cjson"
local nginx = require "spec.support.nginx"

local shell = {}

shell.quote, shell.output = nginx.quote, nginx.output

local ROOT = nginx.output "pwd"

-- Returns shell text that sets the paths to the library of a build, in place of the caller's paths.
local function paths(build)
  return ("export LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;%s/?.lua;;' LUA_CPATH='%s/build/%s/?.so;;'"):format(
    ROOT,
    ROOT,
    ROOT,
    ROOT,
    build
  )
end

--- Starts a program.
-- @param command a command for sh
-- @param env {NAME = value}
-- @param build the build whose library Lua programs load: "5.4" (default) or "jit"
-- @return a function that waits for the program and returns its output; raises when the program fails
function shell.start(command, env, build)
  local lines = {
    "unset LUA_PATH_5_4 LUA_CPATH_5_4 CMR_API_KEY CMR_BASE_URL CMR_CA_FILE CMR_ENDPOINTS",
    paths(build or "5.4"),
  }
  for name, value in pairs(env or {}) do
    table.insert(lines, ("export %s=%s"):format(name, shell.quote(value)))
  end
  table.insert(lines, command .. " 2>&1")
  table.insert(lines, "echo status $?")
  local script = os.tmpname()
  nginx.write(script, table.concat(lines, "\n") .. "\n")
  local pipe = assert(io.popen("exec sh " .. script, "r"))
  return function()
    local text = pipe:read "*a"
    pipe:close()
    os.remove(script)
    local printed, status = text:match "^(.*)status (%d+)\n$"
    if status ~= "0" then error(("%s\n%s"):format(command, text), 0) end
    return printed
  end
end

--- Runs a program to its end.
-- @return its output
function shell.run(command, env, build)
  return shell.start(command, env, build)()
end

--- Runs a program that prints numbers.
-- @return the numbers
function shell.numbers(command, env, build)
  local text = shell.run(command, env, build)
  local numbers = {}
  for word in text:gmatch "%S+" do
    table.insert(numbers, tonumber(word) or error(("%s: %s"):format(command, text), 0))
  end
  return (table.unpack or unpack)(numbers)
end

--- Times programs one after another with hyperfine, which starts them without a shell.
-- @return the median of each program, in ms
function shell.times(commands, env, runs)
  local path = os.tmpname()
  local quoted = {}
  for index, command in ipairs(commands) do
    quoted[index] = shell.quote(command)
  end
  local options = ("-N --warmup 2 --runs %d --style none --export-json %s"):format(runs, path)
  shell.run(("hyperfine %s %s"):format(options, table.concat(quoted, " ")), env)
  local results = cjson.decode(nginx.read(path)).results
  os.remove(path)
  local medians = {}
  for index, result in ipairs(results) do
    medians[index] = result.median * 1000
  end
  return medians
end

--- Removes a ledger with its other files.
function shell.remove_ledger(path)
  for _, suffix in ipairs { "", "-wal", "-shm", "-writers", "-queue" } do
    os.remove(path .. suffix)
  end
end

return shell
