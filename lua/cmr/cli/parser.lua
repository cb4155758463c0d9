---Builds a parser for the command line from the operations table, with the library argparse. Parsing returns a table,
---see parser.new. For a line that runs no command, parsing raises one of these tables: {overview = true} for
---`cmr --help`, {help = text} for the --help of a command, {text = text} for `--version`,
---{usage = message, command = "cmr reexport"} for a mistake.

local argparse = require "argparse"
local arguments = require "cmr.cli.arguments"
local commands = require "cmr.cli.commands"

local unpack = table.unpack or unpack

local FORMATS = "{" .. table.concat(require("cmr.cli.output").FORMATS, ",") .. "}"

-- The options that every command has. See add_options.
local GLOBAL_OPTIONS = {
  { "--api-key-file", "FILE", "Read the API key from the first line of FILE. Without it the key is $CMR_API_KEY." },
  { "--profile", "PROFILE", "Use the key and address that 'cmr init' stored under this name, not the environment's." },
  { "--base-url", "URL", "Where the API is (default: $CMR_BASE_URL, else production)." },
  { "--ca-file", "FILE", "Certificates to trust instead of the system's (default: $CMR_CA_FILE)." },
  { "--timeout", "SECONDS", "Time limit of a call with its retries (default: 30). check-workspace gets more time." },
  { "--retries", "N", "How often to repeat a call that is safe to repeat (default: 2)." },
  { "--rate", "N|off", "Requests per second (default: 4)." },
  { "--output", FORMATS, "How to print (default: json for the API's answers, table for other lists, text for probe)." },
  {
    "--field",
    "PATH",
    "Print only this value, as in data.orderId; one line per list item. Repeat it for more values, separated by tabs.",
    count = "*",
  },
  { "--columns", "NAMES", "The columns of a table or of CSV, in this order, as in id,email." },
  { "--guard-formulas", false, "In CSV, write ' before text that a spreadsheet would run as a formula." },
  { "--compact", false, "Print JSON on one line." },
  { "--no-ledger", false, "Do not remember what is sent, and do not check whether it was sent before." },
  { "--dry-run", false, "Print the request as a curl command and send nothing." },
  { "-y --yes", false, "Do not ask before a command that charges or destroys." },
  { "-v --verbose", false, "Log attempts, connections and times on standard error." },
}

-- The options of operations with the method GET.
local READ_OPTIONS = {
  { "--watch", "SECONDS", "Print the answer again every SECONDS, until Ctrl-C." },
}

-- The options of operations that return a list.
local LIST_OPTIONS = {
  { "--all", false, "Every page, printed when it arrives. Without this option: one page." },
}

-- The options of asynchronous operations.
local WAIT_OPTIONS = {
  { "--wait", false, "Wait until it is done or has failed. 'cmr listen' or another receiver has to store its events." },
  { "--wait-timeout", "SECONDS", "How long --wait waits (default: 180)." },
}

local parser = { GLOBAL_OPTIONS = GLOBAL_OPTIONS }

local HELP_COLUMNS = 80 -- longer lines are harder to read
local USAGE_COLUMNS = 70

local KEY_REFUSED = "the API key is never an argument, because every user of this machine could read it: "
  .. "put it in the environment as CMR_API_KEY, or in a file named by --api-key-file"

local EPILOG = [[
'cmr COMMAND --help' shows a command's arguments, with an example. These options go before or after the command.

A command that charges or destroys asks for a confirmation before it sends
anything. Without a terminal it needs --yes.

]]

---Facts about all commands, for the manual and for `cmr help environment`.
parser.FACTS = [[
Key: from --profile, --api-key-file, $CMR_API_KEY, or the profile that 'cmr init' stored.

Environment: CMR_API_KEY, CMR_BASE_URL, CMR_CA_FILE; CMR_ENDPOINTS, a JSON file with
METHOD and path of operations that are not documented; CMR_LEDGER, the file that
remembers what was sent (default: ~/.local/state/cmr/ledger.db); NO_COLOR; CMR_PAGER or
PAGER, the program that shows help longer than the screen (default: less).

Exit status: 0 done; 1 the API refused or could not be reached, or its answer could not
be printed, because it lacks the field of --field or the disk is full; standard error
says which; 2 the command line is wrong or was not confirmed, nothing was sent; 3 the
API refused a part of the request, or the request failed later.]]

local DETAILS = [[
%s@FILE as an option's value stands for the contents of a file (@-: standard input); @@ begins a literal @.
'cmr help options' shows the options of every command.]]

local function stop(ending)
  error(ending)
end

-- Returns the help module if a word may ask for help. Otherwise the module is not loaded.
local function help_if_asked(words)
  for word in pairs(words) do
    if word:find "^%-%a*h" or word == "--help" then return require "cmr.cli.help" end
  end
end

-- Returns the option --help of a command. Adds the operation's example after argparse has made the help, because
-- argparse would wrap the example.
local function help_option(get_parser, operation)
  return {
    name = "-h --help",
    description = "Show this help.",
    action = function()
      local example = operation and require("cmr.cli.help").example(operation)
      example = example and ("\nExample:\n   %s\n"):format(example) or ""
      stop { help = get_parser():get_help() .. "\n" .. example }
    end,
  }
end

-- Returns whether the command line possibly contains an option. A word such as "-vy" counts for every option with a
-- one-letter name.
local function is_named(option, words)
  return words[option:match "%-%-%S+"] or option:find "^%-%a" and words["-"]
end

local function choices_of(row)
  if row.choices or not row[2] or not row[2]:find "^{" then return row.choices end
  local choices = {}
  for choice in row[2]:gmatch "[^{},]+" do
    choices[#choices + 1] = choice
  end
  return choices
end

-- Adds options. Each row is {name, placeholder, description}, perhaps with the members `choices` and `count`. For a
-- flag, the placeholder is false. A placeholder "{a,b}" lists the choices. In the parser's result, the key of --dry-run
-- is `prefix .. "dry_run"`. With
-- `wanted`, adds only the options for which wanted(row[1]) is true. `names` gets the names of all options, for the
-- suggestions.
local function add_options(element, rows, prefix, names, wanted)
  for _, row in ipairs(rows) do
    local name = row[1]:match "%-%-%S+"
    table.insert(names.options, name)
    if not wanted or wanted(row[1]) then
      local option, choices = row[2] and element:option(row[1]):argname(row[2]) or element:flag(row[1]), choices_of(row)
      option:target(prefix .. name:sub(3):gsub("-", "_")):description(row[3])
      if choices then option:choices(choices) end
      if row.count then option:count(row.count) end
    end
  end
end

-- Adds the GLOBAL_OPTIONS that the line names, or all of them if the line asks for help. Also adds --version. Also adds
-- --api-key, so that the command can refuse it with an explanation.
local function add_globals(root, names, version, words, help)
  add_options(root, GLOBAL_OPTIONS, "", names, function(option)
    return help or is_named(option, words)
  end)
  root:flag("--version", "Show the versions of cmr, Lua and libcurl."):action(function()
    stop { text = version() }
  end)
  root:option("--api-key"):hidden_name("--apikey --key"):hidden(true):args("?"):action(function()
    stop { usage = KEY_REFUSED }
  end)
end

-- Adds a parameter to a command. For a positional argument, returns its part of the usage line. Otherwise returns nil.
local function add_parameter(command, param, names, help)
  local name = arguments.option(param.name)
  if not name then return nil end
  table.insert(names.options, name)
  local element, usage
  if param.positional then
    local placeholder = arguments.placeholder(param.name)
    names.arguments[name] = placeholder
    -- optional for argparse, because --json may supply the value; arguments.build reports a missing argument
    element = command:argument(placeholder):args "?"
    usage = param.required and placeholder or "[" .. placeholder .. "]"
  else
    element = command:option(name)
    if param.type == "boolean" then element:args "?" end
    if help then element:argname(help.value(param)) end
  end
  element:target("." .. param.name) -- the dot avoids a clash with the command's name and the global options
  if help then element:description(arguments.spelled(help.parameter(param))) end
  return usage
end

local function add_details(command, operation, names, help)
  local usage = { "Usage: cmr", arguments.command(operation.name), "[options]" }
  for _, param in ipairs(operation.params) do
    usage[#usage + 1] = add_parameter(command, param, names, help)
  end
  command:option("--json"):target("."):argname("JSON|@FILE|-"):description(
    "All arguments as one JSON object: as text, from a file or from standard input. Options override its "
      .. "members; members that are null are left out."
  )
  if operation.method == "GET" then add_options(command, READ_OPTIONS, "", names) end
  if operation.flags.list then add_options(command, LIST_OPTIONS, "", names) end
  if operation.flags.async then add_options(command, WAIT_OPTIONS, "", names) end
  command:usage(table.concat(usage, " "))
  if not help then return end
  local below = arguments.spelled(help.below(operation))
  below = below ~= "" and "\n\nNotes:\n" .. below:gsub("[^\n]+", "   %0") or ""
  command:epilog(DETAILS:format(arguments.spelled(help.inside(operation))) .. below)
end

-- Adds the commands of the operations, sorted by group.
local function add_operations(root, operations, wanted, register, names, help)
  local groups, order = {}, {}
  for _, operation in ipairs(operations) do
    if wanted(operation.name) then
      local name = arguments.command(operation.name)
      local command = root:command(name):hidden_name(operation.name)
      if help then command:summary(arguments.spelled(help.summary(operation))) end
      if wanted(operation.name, true) then
        if help then command:description(arguments.spelled(help.top(operation))) end
        register(command, name, operation)
        add_details(command, operation, names[command], help)
      end
      if not groups[operation.group] then
        groups[operation.group] = {}
        order[#order + 1] = operation.group
      end
      table.insert(groups[operation.group], command)
    end
  end
  for _, group in ipairs(order) do
    root:group(group, unpack(groups[group]))
  end
end

local function wrapped(text, width)
  return require("cmr.util.wrapping").paragraphs(text, width)
end

-- Adds the commands that are no operations. Returns a table with the module of each command in the line.
local function add_commands(root, wanted, register, names, help, width)
  local modules = {}
  for _, entry in ipairs(commands) do
    local name, summary = entry[1], entry[2]
    if wanted(name) then
      local command = root:command(name, summary)
      if wanted(name, true) then
        register(command, name)
        local module = require("cmr.cli.commands." .. (entry[3] or name))
        modules[name] = module
        if help then command:epilog(wrapped(module.epilog, width)) end
        add_options(command, module.options or {}, ".", names[command])
        if module.arguments then module.arguments(command) end
      end
    end
  end
  return modules
end

-- Returns the words of a command line as a set. The set also has create_order for create-order, --rate for --rate=5,
-- and "-" for a word that may be short options, such as -vy.
local function words_of(line)
  local words = {}
  for _, word in ipairs(line) do
    words[word], words[word:match "^%-%-[^=]+" or word:match "^%-%f[%a]" or word:gsub("-", "_")] = true, true
  end
  return words
end

-- Returns whether a command line names a command.
local function names_command(operations, words)
  for _, list in ipairs { operations, commands } do
    for _, entry in ipairs(list) do
      if words[entry.name or entry[1]] then return true end
    end
  end
end

---Makes the parser for one command line. The parser has only the commands that the line names. If the line names none,
---the parser has all commands, without their arguments. If the line asks for help, the parser has all common options
---and the texts for the help; otherwise it has only the common options that the line names.
---@param line string[] The words of the command line.
---@param version fun(): string Returns the text of --version.
---@param width integer? The columns of the help.
---@return table parser A parser of argparse. Parsing returns a table with `command` and the global options. The
---  command's arguments have the keys "." .. name. The value of --json has the key ".".
---@return table<string, table> modules Name -> module, for the commands on the line that are no operations.
function parser.new(operations, line, version, width)
  width = width or HELP_COLUMNS
  local words = words_of(line)
  local any, help = names_command(operations, words), help_if_asked(words)
  local function wanted(name, with_arguments)
    return words[name] or not any and not with_arguments
  end

  local root = argparse("cmr", "The Cold Mail Reseller API from a shell: one command per operation.")
  local names = { [root] = { command = "cmr", options = {}, arguments = {} } }
  root:usage("Usage: cmr [options] COMMAND [arguments]"):help_max_width(width):help_description_margin(34)
  root:usage_max_width(math.min(width, USAGE_COLUMNS))
  if help then root:epilog(wrapped(EPILOG .. parser.FACTS, width)) end
  root:command_target "command"
  root:add_help {
    name = "-h --help",
    description = "Show the help by topic.",
    action = function()
      stop { overview = true }
    end,
  }
  add_globals(root, names[root], version, words, help)

  local function register(command, name, operation)
    command:add_help(help_option(function()
      return command
    end, operation))
    names[command] = { command = "cmr " .. name, options = { unpack(names[root].options) }, arguments = {} }
  end

  add_operations(root, operations, wanted, register, names, help)
  local modules = add_commands(root, wanted, register, names, help, width)
  root.error = function(element, message)
    message = require("cmr.cli.suggestions").improve(message, element, root, names[element], line, operations)
    stop { usage = message, command = names[element].command }
  end
  return root, modules
end

return parser
