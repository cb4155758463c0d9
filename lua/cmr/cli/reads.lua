---Finds in the operations table the commands that show whether an operation was done. Pure.

local arguments = require "cmr.cli.arguments"
local ids = require "cmr.ledger.ids"
local operations = require "cmr.operations"
local shell = require "cmr.util.shell"
local tables = require "cmr.util.tables"

local reads = {}

local MAX_COMMANDS = 3

local function letters(name)
  return (name:lower():gsub("%A", ""))
end

-- Returns whether a group of operations is about a kind of thing: "Mailboxes" is about "mailbox", "DNS" is about
-- "dns-record".
local function is_about(group, word)
  group, word = letters(group), letters(word)
  return group:find(word, 1, true) == 1 or word:find(group, 1, true) == 1
end

-- Returns words for is_about: the operation's group, the first word of each success event, and the kinds of the ids in
-- `args`.
local function words_of(operation, args)
  local words = { operation.group }
  for _, event in ipairs(operation.success_events or {}) do
    words[#words + 1] = event:match "^[^.]+"
  end
  local kinds = {}
  for _, pair in ipairs(ids.of(args)) do
    kinds[pair[1]] = true
  end
  for _, kind in ipairs(tables.sorted_keys(kinds)) do
    words[#words + 1] = kind
  end
  return words
end

-- Returns the value for the parameter `name`, or nil. `args` are the arguments of the operation to check. If `args` has
-- a list instead of one value, such as mailboxIds for mailboxId, returns the list's first value.
local function value_of(args, name)
  local value = args[name]
  if value == nil and type(args[name .. "s"]) == "table" then value = args[name .. "s"][1] end
  return type(value) == "string" and value ~= "" and value or nil
end

-- Returns whether a read needs the parameter `param`. A read needs each parameter that the API requires. It also needs
-- its group's id. For the group "Mailboxes", this is mailboxId.
local function is_needed(read, param)
  local kind = param.name:match "^(%l+)Id$"
  return param.required or kind ~= nil and is_about(read.group, kind)
end

-- Returns the command line of a read, and whether the line has a value from `args`, such as an id.
-- Returns nil when `args` lacks a value that the read needs.
local function command_line(read, args)
  local words, is_specific = { "cmr", arguments.command(read.name) }, false
  for _, param in ipairs(read.params) do
    local value = is_needed(read, param) and value_of(args, param.name)
    if is_needed(read, param) and not value then return nil end
    if value then
      is_specific = true
      if not param.positional then words[#words + 1] = arguments.option(param.name) end
      words[#words + 1] = shell.quote(value)
    end
  end
  return table.concat(words, " "), is_specific
end

-- Looks for reads (GET operations) in the groups that are about `word`. Returns the command line of the first read that
-- names the changed thing. If there is none, returns the line of the first read that needs no value, or nil.
local function read_of(word, args)
  local general
  for _, read in ipairs(operations) do
    if read.method == "GET" and read.path and is_about(read.group, word) then
      local line, is_specific = command_line(read, args)
      if is_specific then return line end
      general = general or line
    end
  end
  return general
end

---Returns the command lines that show whether an operation was done.
---@param operation cmr.Operation
---@param args table the arguments by name
---@return string[] lines at most 3
function reads.of(operation, args)
  local lines, seen = {}, {}
  for _, word in ipairs(words_of(operation, args)) do
    local line = #lines < MAX_COMMANDS and read_of(word, args)
    if line and not seen[line] then
      seen[line] = true
      lines[#lines + 1] = line
    end
  end
  return lines
end

return reads
