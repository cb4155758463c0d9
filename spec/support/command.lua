-- Runs the command as a shell does.
local run = require "spec.support.run"
local interpreter = require("spec.support.program").interpreter

local M = {interpreter = interpreter}

local files = {}

local function quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end
M.quote = quote

--- The path of a new file with these contents; M.clean removes it.
function M.file_with(contents)
  local path = os.tmpname()
  files[#files + 1] = path
  local file = assert(io.open(path, "wb"))
  file:write(contents)
  file:close()
  return path
end

function M.read(path)
  local file = assert(io.open(path, "rb"))
  local contents = file:read("*a")
  file:close()
  return contents
end

--- Runs shell text and returns what it prints; a sanitizer that is loaded for Lua stays out of the system's programs.
function M.sh(text)
  return run("unset LD_PRELOAD; " .. text)
end

--- Removes the files that M.file_with made.
function M.clean()
  for _, path in ipairs(files) do os.remove(path) end
  files = {}
end

--- Shell text for the Lua program of this build with these arguments, each a word.
function M.lua(...)
  local words = {quote(interpreter())}
  for _, word in ipairs{...} do words[#words + 1] = quote(word) end
  return table.concat(words, " ")
end

-- What of the environment the command listens to: no spec inherits it, nor the profiles of whoever runs the specs.
local inherited = {"CMR_API_KEY", "CMR_BASE_URL", "CMR_CA_FILE", "CMR_ENDPOINTS", "NO_COLOR", "COLUMNS"}

--- Lines of the shell after which, of what the command listens to, only this is set. They are for a file: on a command
-- line everybody could read them.
-- @param env  {NAME = value}, or nil
function M.environment(env)
  local lines = {"unset " .. table.concat(inherited, " "), "export XDG_CONFIG_HOME=/nonexistent"}
  for name, value in pairs(env or {}) do lines[#lines + 1] = ("export %s=%s"):format(name, quote(value)) end
  return lines
end

--- Runs `cmr words...`, with no CMR_* in the environment but what env says.
-- @param words    array
-- @param options  env = {NAME = value}; stdin = text; through = a program in front of it, such as timeout; lead = shell
--   commands before it; after = shell text behind it, such as a pipe; program = another than this checkout's
-- @return {status, out = standard output, err = standard error}
function M.run(words, options)
  options = options or {}
  local out, err, status = M.file_with(""), M.file_with(""), M.file_with("")
  local lines = M.environment(options.env)
  local program = M.lua(options.program or "bin/cmr", (table.unpack or unpack)(words))
  local input = options.stdin and M.file_with(options.stdin) or "/dev/null"
  lines[#lines + 1] = ("{ %s %s %s <%s 2>%s; echo $? >%s; } %s >%s"):format(
    options.lead or "", options.through or "", program, input, err, status, options.after or "", out)
  local script = M.file_with(table.concat(lines, "\n"))
  os.execute("sh " .. script)
  return {status = tonumber(M.read(status)), out = M.read(out), err = M.read(err)}
end

return M
