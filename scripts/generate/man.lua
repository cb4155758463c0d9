---Makes the manual page of the command from its parser. Pure.

local arguments = require "cmr.cli.arguments"
local help = require "cmr.cli.help"
local parser = require "cmr.cli.parser"
local wrapping = require "cmr.util.wrapping"

local man = {}

local MAX_LINE_COLUMNS = 72 -- man adds an indent of 7

local EXAMPLES = {
  { "Store a key, and check which settings apply:", "cmr init", "cmr doctor" },
  { "List users, and read one value:", "cmr users --columns id,company", "cmr users --field data.users.id" },
  { "Show a request without sending it:", "cmr reexport --email john@doe.com --dry-run" },
  {
    "Send a request for each row of a file, once:",
    "cmr bulk reexport --from mailboxes.csv --failures failed.csv",
  },
  { "List the requests with an unknown outcome:", "cmr history --unknown" },
  { "Try everything without an account:", "cmr mock >mock.env &", ". ./mock.env" },
}

local MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"

-- Escapes text for roff. A backslash, a hyphen, and a dot or a quote at the beginning of a line have a meaning there.
local function escape(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^[.']", "\\&%0"):gsub("\n([.'])", "\n\\&%1"))
end

-- Breaks a long line of words. A line of an example stays as it is.
local function fit(line)
  if line:find "^ *cmr " or line:find "^ *%-%-" then return line end
  return wrapping.lines(line, MAX_LINE_COLUMNS, #line:match "^ *")
end

-- Writes paragraphs. A paragraph with an indented line keeps its line breaks, and `fit` also breaks its long lines.
local function prose(text)
  local parts = {}
  for paragraph in (text:gsub("^\n+", "") .. "\n\n"):gmatch "(.-)\n\n+" do
    if paragraph:find "^ " or paragraph:find "\n " then
      parts[#parts + 1] = ".PP\n.nf\n" .. escape((paragraph:gsub("[^\n]+", fit))) .. "\n.fi"
    else
      parts[#parts + 1] = ".PP\n" .. escape(paragraph)
    end
  end
  return table.concat(parts, "\n") .. "\n"
end

local function argname(element)
  local name = element._argname or element._name
  return type(name) == "table" and name[1] or name
end

-- Returns an option or an argument with its description.
local function item(element)
  local names = element._public_aliases and table.concat(element._public_aliases, ", ") -- the names of an option
  local closed = not element._argname and element._choices
  local value = closed and "{" .. table.concat(closed, ",") .. "}" or argname(element)
  local head
  if not names then
    head = ".I " .. escape(value)
  elseif element._maxargs == 0 then
    head = ".B " .. escape(names)
  else
    head = ('.BI "%s " "%s"'):format(escape(names), escape(value))
  end
  return (".TP\n%s\n%s\n"):format(head, escape(element._description or ""))
end

-- Returns the options and arguments of a command, except those that most commands have. The page describes these only
-- once.
local function items(list)
  local parts = {}
  for _, element in ipairs(list) do
    local common = element._name == "-h" or element._name == "--json"
    if not element._hidden and not common then parts[#parts + 1] = item(element) end
  end
  return table.concat(parts)
end

local function option(element, name)
  for _, each in ipairs(element._options) do
    if each._name == name then return item(each) end
  end
end

local function command(element, operation)
  local parts = {
    (".SS %s\n"):format(escape((element:get_usage():gsub("^Usage: cmr ", ""):gsub("%s+", " ")))),
    operation and ".PP\n" .. escape(arguments.spelled(help.operation(operation))):gsub("\n", "\n.br\n") .. "\n"
      or prose(element._summary or element._description),
    items(element._arguments),
    items(element._options),
  }
  if operation then
    local example = help.example(operation)
    parts[#parts + 1] = prose(arguments.spelled(help.inside(operation)) .. (example and "   " .. example or ""))
  elseif element._epilog then
    parts[#parts + 1] = prose(element._epilog)
  end
  return table.concat(parts)
end

local function examples()
  local parts = { ".SH EXAMPLES\n" }
  for _, example in ipairs(EXAMPLES) do
    local lines = { ".PP\n" .. escape(example[1]) .. "\n.PP\n.nf\n.RS 3" }
    for index = 2, #example do
      lines[index] = escape(example[index])
    end
    parts[#parts + 1] = table.concat(lines, "\n") .. "\n.RE\n.fi\n"
  end
  return table.concat(parts)
end

-- Returns the date of the newest version in debian/changelog, as in 2026-11-28.
local function date_of(changelog)
  local day, month, year = changelog:match "\n %-%- [^\n]*>  %a+, (%d+) (%a+) (%d+)"
  return ("%s-%02d-%02d"):format(year, (MONTHS:find(month, 1, true) + 2) / 3, tonumber(day))
end

---Returns the page.
---@param operations table[]
---@param version string of cmr
---@param changelog string The text of debian/changelog.
---@return string text for man(7)
function man.page(operations, version, changelog)
  local every = { "--help" }
  for _, operation in ipairs(operations) do
    every[#every + 1] = arguments.command(operation.name)
  end
  for _, entry in ipairs(require "cmr.cli.commands") do
    every[#every + 1] = entry[1]
  end
  local root = parser.new(operations, every, function()
    return ""
  end, MAX_LINE_COLUMNS)

  local about, facts = root._epilog:match "^(.-)\n\n(Key: .*)$"
  local parts = {
    '.\\" Generated by `make docs` from the operations table; do not edit.\n',
    ('.TH CMR 1 "%s" "cmr %s" "User Commands"\n'):format(date_of(changelog), version),
    ".SH NAME\ncmr \\- the Cold Mail Reseller API from a shell\n",
    ".SH SYNOPSIS\n.B cmr\n[options]\n.I COMMAND\n[arguments]\n",
    ".SH DESCRIPTION\n",
    prose(root._description),
    prose(about),
    ".SH OPTIONS\nEvery command has these options:\n",
    items(root._options),
    option(root, "-h"),
    ".PP\nEvery operation also has this option:\n",
    option(root._commands[1], "--json"),
  }
  local by_command, group = {}, nil
  for _, operation in ipairs(operations) do
    by_command[arguments.command(operation.name)] = operation
  end
  for _, element in ipairs(root._commands) do
    local operation = by_command[element._name]
    local heading = operation and operation.group or "Other commands"
    if heading ~= group then
      group = heading
      parts[#parts + 1] = (".SH %s\n"):format(escape(heading:upper()))
    end
    parts[#parts + 1] = command(element, operation)
  end
  -- Makes a section of each of "Key: ...", "Environment: ..." and "Exit status: ...".
  parts[#parts + 1] = prose(facts):gsub("%.PP\n(%u[%l ]*): (%l?)", function(heading, first)
    return (".SH %s\n%s"):format(heading:upper(), first:upper())
  end)
  parts[#parts + 1] = ".SH FILES\n.TP\n.I ~/.config/cmr/config\nThe profiles. If $XDG_CONFIG_HOME is set, the file is "
    .. "$XDG_CONFIG_HOME/cmr/config. Only its owner can read it.\n.TP\n.I ~/.local/state/cmr/ledger.db\n"
    .. "The requests that were sent, and how they ended. If $XDG_STATE_HOME is set, the file is "
    .. "$XDG_STATE_HOME/cmr/ledger.db. $CMR_LEDGER can name another file.\n"
  parts[#parts + 1] = examples()
  parts[#parts + 1] = ".SH SEE ALSO\n.BR curl (1),\n.BR jq (1),\n.BR nginx (8),\n.BR sqlite3 (1)\n.PP\n"
    .. escape "The guides and the library's page are in the folder docs of the source.\n"
  -- removes .PP after a heading, because a heading begins a paragraph itself
  return (table.concat(parts):gsub("(\n%.S[HS] [^\n]*)\n%.PP", "%1"))
end

return man
