---The program `cmr`: parses the command line, runs the command, and reports how it ended.

local io = require "cmr.cli.io"
local text = require "cmr.util.text"

local cli = {}

-- Returns the version, such as "cmr 0.1.0 (Lua 5.4, libcurl 7.88.1)".
local function version()
  local core = require "cmr.core"
  local jit = package.loaded.jit
  local lua = jit and jit.version:match "^%S+ %d+%.%d+" or _VERSION
  return ("cmr %s (%s, libcurl %s)\n"):format(core._VERSION, lua, core.libcurl)
end

-- Returns whether a word of the command line may ask for help.
local function asks_for_help(words)
  for _, word in ipairs(words) do
    if word:find "^%-%a*h" or word == "--help" then return true end
  end
end

-- Shows the help of `cmr help WORD`, `cmr --help` and `cmr`. Returns the exit status, or nil if WORD is no topic.
local function show_help(words, system)
  local help = require "cmr.cli.commands.help"
  local topic = words[1] == "help" and words[2] or nil
  local shown, is_short = help.text(topic, system, version)
  if not shown then return nil end
  if not words[1] then
    system.stderr:write(shown)
    return io.EXIT_USAGE
  end
  local operation = topic and require("cmr.operations")[topic]
  if operation then -- a command and a topic may have the same name
    local command =
      require("cmr.cli.parser").new(require "cmr.operations", { topic, "--help" }, version, help.width(system))
    local _, ending = pcall(command.parse, command, { topic, "--help" })
    shown = shown .. "\n" .. ending.help
  end
  if is_short then
    io.write(system, shown)
  else
    require("cmr.cli.pager").show(system, shown)
  end
  return io.EXIT_OK
end

local function run(words, system, context)
  local first = words[1]
  if not first or first == "help" or #words == 1 and (first == "--help" or first == "-h") then
    local status = show_help(words, system)
    if status then return status end
    words = { words[2], "--help" }
  end
  local operations = require "cmr.operations"
  local width = asks_for_help(words) and require("cmr.cli.commands.help").width(system) or nil
  local parser, commands = require("cmr.cli.parser").new(operations, words, version, width)
  local parsed = parser:parse(words)
  context.command = "cmr " .. parsed.command
  local field = parsed.field
  if field then parsed.field = field[2] and field or field[1] end -- a path, or a list of paths
  if parsed.columns then require("cmr.cli.columns").prepare(parsed) end
  local command = commands[parsed.command]
  if not command then
    return require("cmr.cli.request").run(operations[parsed.command:gsub("-", "_")], parsed, system)
  end
  if parsed.dry_run and not command.dry_run then
    io.usage "option '--dry-run' is for the commands that make one request"
  end
  return command.run(parsed, system, version)
end

-- When no file can be opened at all, Lua wrongly reports a module as missing. In that case, returns the true reason.
local function load_problem(ending, system)
  local name = ending:match "module '([%w_.]+)' not found:"
  local file, message = system.open("/", "rb")
  if file then file:close() end
  return name and not file and ("module %s cannot be loaded: %s"):format(name, message:gsub("^/: ", "")) or nil
end

-- Prints the help, the version, or the message of a mistake or failure. Prints nothing after Ctrl-C. Returns the exit
-- status.
local function report(ending, system, command)
  if type(ending) ~= "table" then
    ending = tostring(ending)
    -- Lua's interpreter raises this error on Ctrl-C
    if ending:find "interrupted!" then return io.EXIT_INTERRUPTED end
    local message = load_problem(ending, system) or "internal error: " .. ending
    ending = { failure = message, status = io.EXIT_FAILURE }
  end
  if ending.overview then return show_help({ "--help" }, system) end
  if ending.help then
    require("cmr.cli.pager").show(system, ending.help)
    return io.EXIT_OK
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
  -- standard output could not be written; the error may have its own status
  return type(ending) == "table" and ending.status or io.EXIT_FAILURE
end

return cli
