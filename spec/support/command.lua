-- Runs the command as a shell does.
local run = require "spec.support.run"
local interpreter = require("spec.support.program").interpreter

local M = {interpreter = interpreter}

local files = {}

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

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
local inherited = {"CMR_API_KEY", "CMR_BASE_URL", "CMR_CA_FILE", "CMR_PATHS", "NO_COLOR", "COLUMNS"}

--- The words that run a program in an environment where, of what the command listens to, only this is set.
-- @param env  {NAME = value}, or nil
function M.environment(env)
  local words = {"env", "XDG_CONFIG_HOME=/nonexistent"}
  for index = #inherited, 1, -1 do
    table.insert(words, 2, inherited[index])
    table.insert(words, 2, "-u")
  end
  for name, value in pairs(env or {}) do words[#words + 1] = name .. "=" .. value end
  return words
end

--- Runs `cmr words...`, with no CMR_* in the environment but what env says.
-- @param words    array
-- @param options  env = {NAME = value}; stdin = text; through = a program in front of it, such as timeout; lead = shell
--   commands before it; after = shell text behind it, such as a pipe
-- @return {status, out = standard output, err = standard error}
function M.run(words, options)
  options = options or {}
  local out, err, status = M.file_with(""), M.file_with(""), M.file_with("")
  local command = M.environment(options.env)
  for index, word in ipairs(command) do command[index] = quote(word) end
  command[#command + 1] = options.through
  command[#command + 1] = M.lua("bin/cmr", (table.unpack or unpack)(words))
  local input = options.stdin and M.file_with(options.stdin) or "/dev/null"
  os.execute(("{ %s %s <%s 2>%s; echo $? >%s; } %s >%s"):format(
    options.lead or "", table.concat(command, " "), input, err, status, options.after or "", out))
  return {status = tonumber(M.read(status)), out = M.read(out), err = M.read(err)}
end

return M
