--- The command line, built from the rows of the operations table: argparse does the parsing.
-- Parsing ends with a table of what was given, or raises {text = what to print} (help) or
-- {usage = message, command = "cmr reexport"} (a mistake).

local argparse = require "argparse"
local core = require "cmr.core"
local arguments = require "cmr.cli.arguments"
local commands_beside = require "cmr.cli.commands"
local describe = require "cmr.cli.describe"

local unpack = table.unpack or unpack

local M = {}

-- Options of every command: option, placeholder, description. The field of the result is the name with _ for -.
M.globals = {
  {"--api-key-file", "FILE", "Read the API key from the first line of FILE. Without it the key is $CMR_API_KEY."},
  {"--base-url", "URL", "Where the API is (default: $CMR_BASE_URL, else production)."},
  {"--ca-file", "FILE", "Certificates to trust instead of the system's (default: $CMR_CA_FILE)."},
  {"--timeout", "SECONDS", "Bound of the whole call, retries included (default: 30)."},
  {"--retries", "N", "How often a call that is safe to repeat is repeated (default: 2)."},
  {"--rate", "N|off", "Requests per second (default: 4)."},
  {"--output", "{json,table}", "How to print (default: json; for operations: table; for check: text)."},
}

local key_refused = "the API key is never an argument, which every user of this machine could read: "
  .. "put it in the environment as CMR_API_KEY, or in a file named by --api-key-file"

local epilog = [[
'cmr COMMAND --help' shows a command's arguments, with an example. These options go before or after the command.

Environment: CMR_API_KEY, CMR_BASE_URL, CMR_CA_FILE.
Exit status: 0 done; 1 the API refused or could not be reached; 2 the command line is wrong, nothing was sent.]]

local details = [[
%sEvery option's value may be @FILE, the contents of a file (@- is standard input); @@ begins a literal @.

Example:
   %s

'cmr --help' shows the options of every command.]]

local function stop(outcome)
  error(outcome, 0)
end

local function help_of(parser)
  return {
    name = "-h --help",
    description = "Show this help.",
    action = function() stop{text = parser:get_help() .. "\n"} end,
  }
end

-- argparse's message, with a better guess of what was meant.
-- names: options = array, commands = array, arguments = option a positional argument would have -> its placeholder
local function improve(message, parser, names)
  if message == "too many arguments" then
    return ("%s (usage: %s)"):format(message, (parser:get_usage():gsub("^Usage: ", "")))
  end
  message = message:gsub("\nDid you mean.*$", "")
  local kind, word = message:match("^unknown (%a+) '(.-)'")
  local meant = kind and core.nearest(word, names[kind .. "s"])
  if not meant then return message end
  if names.arguments[meant] then return ("%s (give it as the argument %s)"):format(message, names.arguments[meant]) end
  return ("%s (did you mean '%s'?)"):format(message, meant)
end

local function add_globals(root, names, version)
  for _, global in ipairs(M.globals) do
    local option = root:option(global[1]):argname(global[2]):description(global[3])
    if global[1] == "--output" then option:choices{"json", "table"} end
    table.insert(names.options, global[1])
  end
  root:flag("--compact", "Print JSON on one line.")
  root:flag("--version", "Show the versions of cmr, Lua and libcurl."):action(function() stop{text = version()} end)
  root:option("--api-key"):hidden_name("--apikey --key"):hidden(true):args("?")
    :action(function() stop{usage = key_refused} end)
end

-- Returns the parameter's part of the usage line, when it has one.
local function add_parameter(command, param, names)
  local name = arguments.option(param.name)
  if not name then return nil end
  table.insert(names.options, name)
  local target = "." .. param.name -- the dot keeps it apart from commands and global options
  if param.positional then
    local placeholder = arguments.placeholder(param.name)
    names.arguments[name] = placeholder
    -- optional for argparse: --json can hold it too, and build complains better
    command:argument(placeholder):target(target):args("?"):description(describe.parameter(param))
    return param.required and placeholder or "[" .. placeholder .. "]"
  end
  local option = command:option(name):target(target):argname(describe.value(param))
  option:description(describe.parameter(param))
  if param.type == "boolean" then option:args("?") end
end

local function add_details(command, row, names)
  local usage = {"Usage: cmr", arguments.command(row.name), "[options]"}
  for _, param in ipairs(row.params) do usage[#usage + 1] = add_parameter(command, param, names) end
  command:option("--json"):target("."):argname("JSON|@FILE|-")
    :description("All arguments as one JSON object: as text, from a file or from standard input. Options override its "
      .. "members; members that are null are left out.")
  command:usage(table.concat(usage, " "))
  command:epilog(details:format(describe.inside(row), describe.example(row)))
end

--- The parser for these rows.
-- @param rows     the operations table
-- @param line     the words to be parsed; a command gets its arguments only when it is among them, the rest are listed
-- @param version  function() -> text, for --version
-- @return the argparse parser; its result has `command`, the global options, and the command's own under "." .. name,
--   ("." alone is --json); and the modules of those commands on the line that are no operation, by name
function M.new(rows, line, version)
  local on_line, groups, order, own = {}, {}, {}, {}
  for _, word in ipairs(line) do on_line[word] = true end
  local root = argparse("cmr", "The Cold Mail Reseller API from a shell: one command per operation.", epilog)
  local commands = {}
  local names = {[root] = {command = "cmr", commands = commands, options = {}, arguments = {}}}
  root:usage("Usage: cmr [options] COMMAND [arguments]"):help_max_width(80):help_description_margin(34)
  root:command_target("command"):add_help(help_of(root))
  add_globals(root, names[root], version)

  local function register(command, name)
    command:add_help(help_of(command))
    commands[#commands + 1] = name
    names[command] = {command = "cmr " .. name, options = {unpack(names[root].options)}, arguments = {}}
  end

  for _, row in ipairs(rows) do
    local name = arguments.command(row.name)
    local command = root:command(name):hidden_name(row.name)
    command:summary(describe.summary(row)):description(describe.operation(row))
    register(command, name)
    if on_line[name] or on_line[row.name] then add_details(command, row, names[command]) end
    if not groups[row.group] then
      groups[row.group] = {}
      order[#order + 1] = row.group
    end
    table.insert(groups[row.group], command)
  end
  for _, group in ipairs(order) do root:group(group, unpack(groups[group])) end
  for _, entry in ipairs(commands_beside) do
    local name, summary = entry[1], entry[2]
    local command = root:command(name, summary)
    register(command, name)
    if on_line[name] then
      own[name] = require("cmr.cli.commands." .. name)
      own[name].arguments(command)
    end
  end

  root.error = function(where, message)
    stop{usage = improve(message, where, names[where]), command = names[where].command}
  end
  return root, own
end

return M
