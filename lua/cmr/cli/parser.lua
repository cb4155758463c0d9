--- The command line, built from the rows of the operations table: argparse does the parsing.
-- Parsing ends with a table of what was given, or raises {text = what to print} (help) or
-- {usage = message, command = "cmr reexport"} (a mistake).

local argparse = require "argparse"
local arguments = require "cmr.cli.arguments"
local commands_beside = require "cmr.cli.commands"
local formats = require("cmr.cli.output").formats

local unpack = table.unpack or unpack

local M = {}

-- The words of the help are made when somebody wants to see it.
local function describing(words)
  for word in pairs(words) do
    if word:find "^%-%a*h" or word == "--help" then return require "cmr.cli.describe" end
  end
end

-- Options of every command: option, placeholder, description. The field of the result is the name with _ for -.
M.globals = {
  { "--api-key-file", "FILE", "Read the API key from the first line of FILE. Without it the key is $CMR_API_KEY." },
  {
    "--profile",
    "PROFILE",
    "Use the key and address that 'cmr init' has kept under this name, not the environment's.",
  },
  { "--base-url", "URL", "Where the API is (default: $CMR_BASE_URL, else production)." },
  { "--ca-file", "FILE", "Certificates to trust instead of the system's (default: $CMR_CA_FILE)." },
  { "--timeout", "SECONDS", "Bound of the whole call, retries included (default: 30)." },
  { "--retries", "N", "How often a call that is safe to repeat is repeated (default: 2)." },
  { "--rate", "N|off", "Requests per second (default: 4)." },
  { "--output", "{json,jsonl,table,csv}", "How to print (default: json; for operations: table; for probe: text)." },
  { "--field", "PATH", "Print only this value, as in data.EMAILBISON.connected; of a list one line an item." },
}

-- And those without a value.
M.flags = {
  { "--compact", "Print JSON on one line." },
  { "--dry-run", "Print the request as a curl command and send nothing." },
  { "-y --yes", "Do not ask before what charges or destroys." },
  { "-v --verbose", "Tell on standard error of attempts, connections and times." },
}

local key_refused = "the API key is never an argument, which every user of this machine could read: "
  .. "put it in the environment as CMR_API_KEY, or in a file named by --api-key-file"

local epilog = [[
'cmr COMMAND --help' shows a command's arguments, with an example. These options go before or after the command.

What charges or destroys asks before it is sent, or wants --yes where nobody can
be asked.

Key: that of --profile, --api-key-file, $CMR_API_KEY, or what 'cmr init' has kept.

Environment: CMR_API_KEY, CMR_BASE_URL, CMR_CA_FILE; CMR_ENDPOINTS, a JSON file with
METHOD and path of operations that are not documented; NO_COLOR.

Exit status: 0 done; 1 the API refused or could not be reached, or its answer
has no such field; 2 the command line is wrong or was not confirmed, nothing was
sent.]]

local details = [[
%sEvery option's value may be @FILE, the contents of a file (@- is standard input); @@ begins a literal @.
'cmr --help' shows the options of every command.]]

local function stop(outcome)
  error(outcome, 0)
end

-- parser: a function that gives it; row: that of an operation, whose example argparse must not break into lines
local function help_of(parser, row)
  return {
    name = "-h --help",
    description = "Show this help.",
    action = function()
      local example = row and ("\nExample:\n   %s\n"):format(require("cmr.cli.describe").example(row)) or ""
      stop { text = parser():get_help() .. "\n" .. example }
    end,
  }
end

-- The only name that a word is a part of: "--client-id" of "--google-client-id".
local function containing(word, names)
  local part, found = word:match("^%-*(.*)$"):lower(), nil
  for _, name in ipairs(names) do
    if #part > 3 and name:find(part, 1, true) then
      if found then return nil end
      found = name
    end
  end
  return found
end

-- argparse's message, with a better guess of what was meant.
-- names: options = array, commands = array, arguments = option a positional argument would have -> its placeholder
local function improve(message, parser, names)
  if message == "too many arguments" then
    return ("%s (usage: %s)"):format(message, (parser:get_usage():gsub("^Usage: ", "")))
  end
  message = message:gsub("\nDid you mean.*$", "")
  local kind, word = message:match "^unknown (%a+) '(.-)'"
  if not kind then return message end
  local known = names[kind .. "s"]
  local meant = require("cmr.core").suggest(word, known) or containing(word, known)
  if not meant then return message end
  if names.arguments[meant] then return ("%s (give it as the argument %s)"):format(message, names.arguments[meant]) end
  return ("%s (did you mean '%s'?)"):format(message, meant)
end

local function add_globals(root, names, version)
  for _, global in ipairs(M.globals) do
    local option = root:option(global[1]):argname(global[2]):description(global[3])
    if global[1] == "--output" then option:choices(formats) end
    table.insert(names.options, global[1])
  end
  for _, flag in ipairs(M.flags) do
    root:flag(flag[1], flag[2])
    table.insert(names.options, flag[1]:match "%-%-%S+")
  end
  root:flag("--version", "Show the versions of cmr, Lua and libcurl."):action(function()
    stop { text = version() }
  end)
  root:option("--api-key"):hidden_name("--apikey --key"):hidden(true):args("?"):action(function()
    stop { usage = key_refused }
  end)
end

-- Returns the parameter's part of the usage line, when it has one.
local function add_parameter(command, param, names, describe)
  local name = arguments.option(param.name)
  if not name then return nil end
  table.insert(names.options, name)
  local target = "." .. param.name -- the dot keeps it apart from commands and global options
  local made, usage
  if param.positional then
    local placeholder = arguments.placeholder(param.name)
    names.arguments[name] = placeholder
    -- optional for argparse: --json can hold it too, and build complains better
    made = command:argument(placeholder):args "?"
    usage = param.required and placeholder or "[" .. placeholder .. "]"
  else
    made = command:option(name)
    if param.type == "boolean" then made:args "?" end
    if describe then made:argname(describe.value(param)) end
  end
  made:target(target)
  if describe then made:description(describe.parameter(param)) end
  return usage
end

local function add_details(command, row, names, describe)
  local usage = { "Usage: cmr", arguments.command(row.name), "[options]" }
  for _, param in ipairs(row.params) do
    usage[#usage + 1] = add_parameter(command, param, names, describe)
  end
  command:option("--json"):target("."):argname("JSON|@FILE|-"):description(
    "All arguments as one JSON object: as text, from a file or from standard input. Options override its "
      .. "members; members that are null are left out."
  )
  command:usage(table.concat(usage, " "))
  if describe then command:epilog(details:format(describe.inside(row))) end
end

-- Adds the commands of the operations, by group.
local function add_operations(root, rows, wanted, register, names, describe)
  local groups, order = {}, {}
  for _, row in ipairs(rows) do
    local name = arguments.command(row.name)
    if wanted(name) or wanted(row.name) then
      local command = root:command(name):hidden_name(row.name)
      if describe then command:summary(describe.summary(row)) end
      if wanted(name, true) or wanted(row.name, true) then
        if describe then command:description(describe.operation(row)) end
        register(command, name, row)
        add_details(command, row, names[command], describe)
      end
      if not groups[row.group] then
        groups[row.group] = {}
        order[#order + 1] = row.group
      end
      table.insert(groups[row.group], command)
    end
  end
  for _, group in ipairs(order) do
    root:group(group, unpack(groups[group]))
  end
end

-- Adds the commands beside them; returns the modules of those that are wanted whole, by name.
local function add_beside(root, wanted, register)
  local own = {}
  for _, entry in ipairs(commands_beside) do
    local name, summary = entry[1], entry[2]
    if wanted(name) then
      local command = root:command(name, summary)
      if wanted(name, true) then
        register(command, name)
        own[name] = require("cmr.cli.commands." .. (entry[3] or name))
        own[name].arguments(command)
      end
    end
  end
  return own
end

-- The names of all commands, and whether any is among the words.
local function all_commands(rows, words)
  local commands, any = {}, false
  for _, row in ipairs(rows) do
    commands[#commands + 1] = arguments.command(row.name)
    any = any or words[commands[#commands]] or words[row.name]
  end
  for _, entry in ipairs(commands_beside) do
    commands[#commands + 1] = entry[1]
    any = any or words[entry[1]]
  end
  return commands, any
end

--- The parser for these rows.
-- @param rows     the operations table
-- @param line     the words to be parsed; only the commands among them are made, or all of them, without their
--   arguments, to be listed where there is none
-- @param version  function() -> text, for --version
-- @return the argparse parser; its result has `command`, the global options, and the command's own under "." .. name,
--   ("." alone is --json); and the modules of those commands on the line that are no operation, by name
function M.new(rows, line, version)
  local words = {}
  for _, word in ipairs(line) do
    words[word] = true
  end
  local commands, any = all_commands(rows, words)
  local function wanted(name, whole)
    return words[name] or not any and not whole
  end

  local root = argparse("cmr", "The Cold Mail Reseller API from a shell: one command per operation.", epilog)
  local names = { [root] = { command = "cmr", commands = commands, options = {}, arguments = {} } }
  root:usage("Usage: cmr [options] COMMAND [arguments]"):help_max_width(80):help_description_margin(34)
  root:command_target("command"):add_help(help_of(function()
    return any and M.new(rows, { "--help" }, version) or root -- before a command: help for all of them
  end))
  add_globals(root, names[root], version)

  local function register(command, name, row)
    command:add_help(help_of(function()
      return command
    end, row))
    names[command] = { command = "cmr " .. name, options = { unpack(names[root].options) }, arguments = {} }
  end

  add_operations(root, rows, wanted, register, names, describing(words))
  local own = add_beside(root, wanted, register)
  root.error = function(where, message)
    stop { usage = improve(message, where, names[where]), command = names[where].command }
  end
  return root, own
end

return M
