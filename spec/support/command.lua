---Runs the command `cmr` as a shell does.
local program = require "spec.support.program"
local run = require "spec.support.run"

local command = {
  interpreter = program.interpreter,
  quote = program.quote,
  is_sanitized = (os.getenv "CMR_FLAVOUR" or ""):find("asan", 1, true) ~= nil,
}

-- Some variables that the command reads. A spec inherits none of these, and does not use the profiles of the user who
-- runs it.
local VARIABLES = {"CMR_API_KEY", "CMR_BASE_URL", "CMR_CA_FILE", "CMR_ENDPOINTS", "CMR_LEDGER", "NO_COLOR", "COLUMNS",
  "PAGER", "CMR_PAGER", "LESS", "CMR_MOCK_PAGE"}

local files = {}

---Makes a file with these contents. command.clean removes the file.
---@param contents string
---@return string path
function command.file_with(contents)
  local path = program.file_with(contents)
  files[#files + 1] = path
  return path
end

command.read = program.read

---Runs shell text. The sanitizer that is preloaded for Lua is not loaded into the system's programs.
---@param text string
---@return string output
function command.sh(text)
  return run("unset LD_PRELOAD; " .. text)
end

---Returns a path for a ledger. command.clean removes the ledger.
---@return string path
function command.ledger()
  local path = command.file_with ""
  os.remove(path)
  for _, suffix in ipairs{"-wal", "-shm", "-writers", "-queue"} do files[#files + 1] = path .. suffix end
  return path
end

---Removes the files of command.file_with and command.ledger.
function command.clean()
  for _, path in ipairs(files) do os.remove(path) end
  files = {}
end

---Returns shell text that runs the Lua program of this build.
---@param ... string its arguments
---@return string
function command.lua(...)
  local words = {program.quote(program.interpreter())}
  for _, word in ipairs{...} do words[#words + 1] = program.quote(word) end
  return table.concat(words, " ")
end

---Returns lines for a shell that set these variables and unset the others of VARIABLES. The lines belong in a file,
---because every user can read a command line. Without CMR_LEDGER and XDG_STATE_HOME, the command gets an empty ledger.
---@param env table<string, string>?
---@return string[]
function command.environment(env)
  local lines = {"unset " .. table.concat(VARIABLES, " "), "export XDG_CONFIG_HOME=/nonexistent"}
  if not (env and (env.CMR_LEDGER or env.XDG_STATE_HOME)) then
    lines[#lines + 1] = "export CMR_LEDGER=" .. command.ledger()
  end
  for name, value in pairs(env or {}) do lines[#lines + 1] = ("export %s=%s"):format(name, program.quote(value)) end
  return lines
end

---@class spec.CommandOptions
---@field env table<string, string>? variables of the command
---@field stdin string? the text on its standard input
---@field through string? a program that runs it, such as timeout
---@field lead string? shell commands that run before it
---@field after string? shell text after it, such as a pipe
---@field program string? a program to run in place of this checkout's

---Runs `cmr words...`.
---@param words string[]
---@param options spec.CommandOptions?
---@return {status: integer, out: string, err: string}
function command.run(words, options)
  options = options or {}
  local out, err, status = command.file_with "", command.file_with "", command.file_with ""
  local lines = command.environment(options.env)
  local words_text = command.lua(options.program or "bin/cmr", (table.unpack or unpack)(words))
  local input = options.stdin and command.file_with(options.stdin) or "/dev/null"
  lines[#lines + 1] = ("{ %s %s %s <%s 2>%s; echo $? >%s; } %s >%s"):format(
    options.lead or "", options.through or "", words_text, input, err, status, options.after or "", out)
  os.execute("sh " .. command.file_with(table.concat(lines, "\n")))
  return {status = tonumber(command.read(status)), out = command.read(out), err = command.read(err)}
end

return command
