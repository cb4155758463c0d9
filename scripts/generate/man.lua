--- The manual page of the command, from its parser. Pure.

local arguments = require "cmr.cli.arguments"
local help = require "cmr.cli.help"
local parser = require "cmr.cli.parser"

-- Text as roff shows it: a backslash and a hyphen are no commands, nor is a dot or a quote at a line's beginning.
local function escape(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^[.']", "\\&%0"):gsub("\n([.'])", "\n\\&%1"))
end

-- Paragraphs, those that are indented as they stand.
local function prose(text)
  local parts = {}
  for paragraph in (text:gsub("^\n+", "") .. "\n\n"):gmatch "(.-)\n\n+" do
    if paragraph:find "^ " or paragraph:find "\n " then
      parts[#parts + 1] = ".PP\n.nf\n" .. escape(paragraph) .. "\n.fi"
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

-- An option or an argument, and what it is.
local function item(element)
  local names = element._public_aliases and table.concat(element._public_aliases, ", ") -- those of an option
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

-- Those of a command; what all or most commands have is said once.
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

local function command(element, row)
  local parts = {
    (".SS %s\n"):format(escape((element:get_usage():gsub("^Usage: cmr ", ""):gsub("%s+", " ")))),
    row and ".PP\n" .. escape(help.operation(row)):gsub("\n", "\n.br\n") .. "\n"
      or prose(element._summary or element._description),
    items(element._arguments),
    items(element._options),
  }
  if row then
    parts[#parts + 1] = prose(help.inside(row) .. "   cmr" .. help.example(row):gsub("^cmr", ""))
  elseif element._epilog then
    parts[#parts + 1] = prose(element._epilog)
  end
  return table.concat(parts)
end

--- The page.
-- @param rows     the operations table
-- @param version  of cmr
-- @return text for man(7)
return function(rows, version)
  local every = { "--help" }
  for _, row in ipairs(rows) do
    every[#every + 1] = arguments.command(row.name)
  end
  for _, entry in ipairs(require "cmr.cli.commands") do
    every[#every + 1] = entry[1]
  end
  local root = parser.new(rows, every, function()
    return ""
  end)

  local about, facts = root._epilog:match "^(.-)\n\n(Key: .*)$"
  local parts = {
    '.\\" Made by `make docs` from the operations table.\n',
    ('.TH CMR 1 "" "cmr %s" "User Commands"\n'):format(version),
    ".SH NAME\ncmr \\- the Cold Mail Reseller API from a shell\n",
    ".SH SYNOPSIS\n.B cmr\n[options]\n.I COMMAND\n[arguments]\n",
    ".SH DESCRIPTION\n",
    prose(root._description),
    prose(about),
    ".SH OPTIONS\nThose of every command:\n",
    items(root._options),
    option(root, "-h"),
    ".PP\nOf every operation:\n",
    option(root._commands[1], "--json"),
  }
  local by_command, group = {}, nil
  for _, row in ipairs(rows) do
    by_command[arguments.command(row.name)] = row
  end
  for _, element in ipairs(root._commands) do
    local row = by_command[element._name]
    local heading = row and row.group or "Other commands"
    if heading ~= group then
      group = heading
      parts[#parts + 1] = (".SH %s\n"):format(escape(heading:upper()))
    end
    parts[#parts + 1] = command(element, row)
  end
  -- "Key: ...", "Environment: ...", "Exit status: ...": a section each
  parts[#parts + 1] = prose(facts):gsub("%.PP\n(%u[%l ]*): (%l?)", function(heading, first)
    return (".SH %s\n%s"):format(heading:upper(), first:upper())
  end)
  parts[#parts + 1] = ".SH FILES\n.TP\n.I ~/.config/cmr/config\nThe profiles; $XDG_CONFIG_HOME/cmr/config where that "
    .. "is set. Nobody but its owner may read it.\n"
  return (table.concat(parts):gsub("(\n%.S[HS] [^\n]*)\n%.PP", "%1")) -- a heading begins a paragraph
end
