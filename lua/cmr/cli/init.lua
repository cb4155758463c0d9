---The program `cmr`: parses the command line, runs the command, and reports how it ended.

local io = require "cmr.cli.io"
local text = require "cmr.util.text"

local cli = {}

-- Returns the version, such as "cmr 0.1.0 (Lua 5.4, libcurl 7.88.1)".
local function version()
  local core = require "cmr.core"
  local jit = rawget(_G, "jit")
  local lua = jit and jit.version:match "^%S+ %d+%.%d+" or _VERSION
  return ("cmr %s (%s, libcurl %s)\n"):format(core._VERSION, lua, core.libcurl)
end

local function run(words, system, context)
  if words[1] == "help" then words = { words[2] or "--help", words[2] and "--help" } end
  local operations = require "cmr.operations"
  local parser, commands = require("cmr.cli.parser").new(operations, words, version)
  local parsed = parser:parse(words)
  context.command = "cmr " .. parsed.command
  local command = commands[parsed.command]
  if not command then
    return require("cmr.cli.request").run(operations[parsed.command:gsub("-", "_")], parsed, system)
  end
  if parsed.dry_run and not command.dry_run then
    io.usage "option '--dry-run' is for the commands that make one request"
  end
  return command.run(parsed, system, version)
end

-- Returns the reason if no file can be opened. Lua reports a module that it cannot open as missing.
local function load_problem(ending, system)
  local name = ending:match "module '([%w_.]+)' not found:"
  local file, message = system.open("/", "rb")
  if file then file:close() end
  return name and not file and ("module %s cannot be loaded: %s"):format(name, message:gsub("^/: ", "")) or nil
end

-- Prints the help, or the message of a mistake or failure. Returns the exit status.
local function report(ending, system, command)
  if type(ending) ~= "table" then
    ending = tostring(ending)
    -- Lua's interpreter raises this error on Ctrl-C
    if ending:find("interrupted!", 1, true) then return io.EXIT_INTERRUPTED end
    local message = load_problem(ending, system) or "internal error: " .. ending
    ending = { failure = message, status = io.EXIT_FAILURE }
  end
  if ending.text then
    io.write(system, ending.text)
    return io.EXIT_OK
  end
  for line in (ending.usage or ending.failure or ""):gmatch "[^\n]+" do
    system.stderr:write("cmr: ", text.printable(line), "\n")
  end
  if not ending.usage then return ending.status end
  system.stderr:write(("Try '%s --help'.\n"):format(ending.command or command))
  return io.EXIT_USAGE
end

---Runs the command.
---@param arg string[] The words after the program's name.
---@param system table? A table that replaces members of io.system.
---@return integer status One of io.EXIT_*.
function cli.main(arg, system)
  io.occupy_standard_streams()
  system = setmetatable(system or {}, { __index = io.system })
  local words, context = {}, { command = "cmr" }
  for index, word in ipairs(arg) do
    words[index] = word
  end
  local ok, ending = pcall(run, words, system, context)
  if ok then return ending end
  ok, ending = pcall(report, ending, system, context.command)
  if ok then return ending end
  -- an error here means that the help could not be written
  return type(ending) == "table" and ending.status or io.EXIT_FAILURE
end

return cli
