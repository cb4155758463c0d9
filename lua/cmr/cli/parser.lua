--- The command line, built from the rows of the operations table: argparse does the parsing.
-- Parsing ends with a table of what was given, or raises {text = what to print} (help) or
-- {usage = message, command = "cmr reexport"} (a mistake).

local argparse = require "argparse"
local core = require "cmr.core"
local arguments = require "cmr.cli.arguments"
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

local checking = [[
Makes some 25 requests, all of them reads, one of them with a wrong key. The
report has no key and no values in it, and can be pasted into an issue as it is;
--output json gives it as data.

Exit status: 0 nothing is contradicted; 1 something is, or the API could not be
reached; 2 the command line is wrong, nothing was sent.]]

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

-- The commands that are no operation of the API.
local function add_own(root)
  local operations = root:command("operations", "List the API's operations: name, method, path, summary.")
  operations:epilog("A table unless --output json asks for the rows with their parameters.")
  local mock = root:command("mock", "Run a local server that answers like the API, until interrupted.")
  mock:epilog("What it prints when it is ready is for a shell: cmr mock --tls >mock.env &  and then  . ./mock.env")
  mock:option("--port"):target(".port"):argname("N"):description("Port on 127.0.0.1 (default: a free one).")
  mock:flag("--tls"):target(".tls"):description("Serve HTTPS and HTTP/2, with a throw-away CA.")
  mock:option("--rate"):target(".rate"):argname("N")
    :description("Requests per second before it answers 429 (default: 5; 0: no limit).")
  mock:option("--window"):target(".window"):choices{"bucket", "fixed", "sliding"}
    :description("How it counts them (default: bucket).")
  local check = root:command("check", "See what the live API makes of what the documents leave open; only reads.")
  check:argument("USER_ID"):target(".userId"):args("?"):description("Whose things to look at (default: anybody's).")
  check:epilog(checking)
  return {operations = operations, mock = mock, check = check}
end

--- The parser for these rows.
-- @param rows     the operations table
-- @param line     the words to be parsed; a command gets its arguments only when it is among them, the rest are listed
-- @param version  function() -> text, for --version
-- @return the argparse parser; its result has `command`, the global options, and the command's own under "." .. name,
--   ("." alone is --json)
function M.new(rows, line, version)
  local on_line, groups, order = {}, {}, {}
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
  for name, command in pairs(add_own(root)) do register(command, name) end

  root.error = function(where, message)
    stop{usage = improve(message, where, names[where]), command = names[where].command}
  end
  return root
end

return M
