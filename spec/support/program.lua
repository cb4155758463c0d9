-- Runs Lua code in a process of its own, for what cannot be seen from inside: the environment, signals, standard error.
local M = {}

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function write(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

local function take(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  os.remove(path)
  return text
end

--- The program that runs this Lua.
function M.interpreter()
  local program = os.getenv("LUA") or ""
  if program:find("lua", 1, true) then return program end
  return rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d+%.%d+")
end

--- Run code to its end.
-- @param code Lua; it sees the library of this build, and no CMR_* variable but those given
-- @param options env = {NAME = value}; through = a program to run it under, like "env --default-signal=PIPE"; limit =
--   seconds after which it is killed, 60
-- @return {status = its exit status, 128 + n for signal n, 124 when it was killed; out = standard output; err =
--   standard error}
function M.run(code, options)
  options = options or {}
  local program, out, err = write(code), write(""), write("")
  -- The environment is written down in a file: on a command line everybody could read it.
  local lines = {"unset CMR_API_KEY CMR_BASE_URL CMR_CA_FILE CMR_ENDPOINTS"}
  for name, value in pairs(options.env or {}) do table.insert(lines, ("export %s=%s"):format(name, quote(value))) end
  lines[#lines + 1] = ("timeout %d %s %s %s </dev/null >%s 2>%s"):format(
    options.limit or 60, options.through or "", quote(M.interpreter()), program, out, err)
  lines[#lines + 1] = "echo $?"
  local script = write(table.concat(lines, "\n"))
  local pipe = assert(io.popen("sh " .. script, "r"))
  local status = tonumber(pipe:read("*a"))
  pipe:close()
  os.remove(script)
  os.remove(program)
  return {status = status, out = take(out), err = take(err)}
end

return M
