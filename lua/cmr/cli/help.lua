---Makes the texts and examples of the help from the operations table. Pure. Only the functions for examples load the
---core and the JSON encoder, so that a list of the commands is printed fast.

local arguments = require "cmr.cli.arguments"

local help = {}

local MAX_EXAMPLE_COLUMNS = 72

-- The warnings about operations. Each has the operation's flag, the words for the list of commands, and the sentence
-- for the help.
local MARKS = {
  { "charges", "charges money", "Charges money." },
  { "danger", "destroys", "Destroys something. You cannot undo the call." },
  { "all_when_empty", "needs its list", "Needs its list: without one, the API would act on everything." },
  { "async", "asynchronous", "Asynchronous: the answer only confirms acceptance. The API does the work later." },
  { "quota", "limited per mailbox", "The calls per mailbox and week are limited." },
  { "deprecated", "deprecated", "Deprecated by the vendor." },
}

-- API fields whose names could be mistaken for options of cmr itself.
local CLARIFICATIONS = { confirm = "the order's own field confirm, not a confirmation" }

-- The words for each source in the operations table.
local SOURCES = { seed = "The API page", docs = "The API page", help = "The help centre" }

---Returns sentences about the refusals that an operation's own page documents.
---@return string[]
function help.statuses(operation)
  local sentences, list, source = {}, {}, nil
  local function finish()
    if list[1] then
      sentences[#sentences + 1] = ("%s documents the status %s."):format(source, table.concat(list, "; "))
    end
    list = {}
  end
  for _, status in ipairs(operation.statuses or {}) do
    if SOURCES[status.source] ~= source then finish() end
    source = SOURCES[status.source]
    list[#list + 1] = ("%d if %s"):format(status.code, status.reason)
  end
  finish()
  return sentences
end

---Returns sentences with facts from the documentation about an operation.
---@return string[]
function help.notes(operation)
  local sentences = {}
  for index, note in ipairs(operation.notes or {}) do
    sentences[index] = note.text
  end
  for _, sentence in ipairs(help.statuses(operation)) do
    sentences[#sentences + 1] = sentence
  end
  return sentences
end

-- Returns the names of events in entries like "EVENT PARAMETER".
local function event_names(entries)
  local names, seen = {}, {}
  for _, entry in ipairs(entries) do
    local name = entry:match "^%S+"
    if not seen[name] then
      names[#names + 1], seen[name] = name, true
    end
  end
  return require("cmr.util.text").list(names, "or")
end

---Returns a sentence about the webhooks that report how an operation ended, or nil if none is documented.
---@return string?
function help.events(operation)
  if not operation.success_events then return nil end
  local failure = operation.failure_events and ", its failure " .. event_names(operation.failure_events) or ""
  return ("The webhook %s reports its success%s."):format(event_names(operation.success_events), failure)
end

---Returns the description of a parameter, with its documented values and its maximum. Returns nil if the parameter
---has no description.
function help.description(param)
  local text = param.summary
  if param.known then
    local values = require("cmr.util.text").list(param.known, "and")
    text = ("%s Documented: %s; cmr also sends other values."):format(text, values)
  end
  return param.maximum and ("%s At most %d."):format(text, param.maximum) or text
end

---Returns an operation's summary and its warnings as one line, for the list of commands.
function help.summary(operation)
  local words = { arguments.undocumented(operation) and arguments.undocumented(operation) .. " unknown" }
  for _, mark in ipairs(MARKS) do
    if operation.flags[mark[1]] then words[#words + 1] = mark[2] end
  end
  local text = operation.summary or operation.title
  if #words == 0 then return text end
  return ("%s [%s]"):format(text, table.concat(words, ", "))
end

---Returns the top of a command's help, which says what the operation does and what a user must know first.
function help.top(operation)
  local method, path = operation.method or "(method unknown)", operation.path or "(path unknown)"
  local lines = { operation.summary or operation.title, ("%s %s: %s"):format(method, path, operation.title) }
  for _, mark in ipairs(MARKS) do
    if operation.flags[mark[1]] then lines[#lines + 1] = mark[3] end
  end
  lines[#lines + 1] = help.events(operation)
  if arguments.undocumented(operation) then
    lines[#lines + 1] = ("Cannot run yet: its %s is undocumented. CMR_ENDPOINTS supplies it."):format(
      arguments.undocumented(operation)
    )
  end
  return table.concat(lines, "\n")
end

---Returns the facts about an operation for the end of its help, one on each line. Returns "" when there are none.
function help.below(operation)
  local lines = help.notes(operation)
  if operation.assumed then lines[#lines + 1] = ("Not confirmed: %s."):format((operation.assumed:gsub("%.$", ""))) end
  return table.concat(lines, "\n")
end

---Returns an operation's help, except the part about the parameters.
function help.operation(operation)
  local below = help.below(operation)
  return help.top(operation) .. (below ~= "" and "\n" .. below or "")
end

---Returns the placeholder of a parameter's value, such as TEXT, JSON or {A,B}.
function help.value(param)
  if param.values then return "{" .. table.concat(param.values, ",") .. "}" end
  local type = param.type
  if type == "boolean" then return "{true,false}" end
  if type == "string" then return "TEXT" end
  if type == "integer" or type == "number" then return "N" end
  return "JSON"
end

---Returns the description of a parameter: the API's field name, its type, whether it is required, its meaning.
function help.parameter(param)
  local required = param.required and not param.name:find "]$" and ", required" or ""
  if param.either then required = param.either == "one" and ", exactly one of these" or ", one of these" end
  if param.all_required then required = ", required: a list, or the word all" end
  if param.assumed then required = required .. ", assumed" end
  local clarification = CLARIFICATIONS[param.name] and "; " .. CLARIFICATIONS[param.name] or ""
  local text = ("%s (%s%s%s)"):format(param.name, param.type, required, clarification)
  if param.summary then text = text .. ": " .. help.description(param) end
  if param.values and not arguments.option(param.name) then
    text = ("%s %s."):format(text, require("cmr.util.text").list(param.values, "or"))
  end
  if help.value(param) ~= "JSON" and arguments.secret(param.name) then
    text = text .. " @FILE reads it from a file and keeps it out of the process list."
  end
  return text
end

---Returns a heading, and below it a line for each field that has no option and is written as JSON. Returns "" if there
---is no such field.
function help.inside(operation)
  local lines = {}
  for _, param in ipairs(operation.params) do
    if not arguments.option(param.name) then lines[#lines + 1] = "   " .. help.parameter(param) end
  end
  if #lines == 0 then return "" end
  return "Inside the JSON values:\n" .. table.concat(lines, "\n") .. "\n\n"
end

local function encode(value)
  return require("cmr.cli.pretty_json").encode(value, { compact = true })
end

-- Adds the options of the example's fields, in the order of the parameters. A positional argument gets no option.
-- Returns the fields that are no parameters of the operation: only --json takes them.
local function add_options(options, operation, fields)
  local tables, json_only = require "cmr.util.tables", {}
  for name, value in pairs(fields) do
    if not arguments.param(operation, name) then json_only[name] = value end
  end
  for _, param in ipairs(operation.params) do
    local value = tables.at(fields, param.name)
    local option = not param.positional and arguments.option(param.name)
    local has_options = type(value) == "table" and arguments.has_members(operation, param.name)
    if option and value ~= nil and not has_options then
      local word = type(value) == "string" and value or encode(value)
      if arguments.secret(param.name) then word = "@" .. param.name:match "[^.]+$" .. ".txt" end
      options[#options + 1] = option .. " " .. require("cmr.util.shell").quote(word)
    end
  end
  return json_only
end

---Returns the command line of the operation's example, or nil. The line takes each secret from a file.
---@return string?
function help.example(operation)
  local text = require("cmr.examples")[operation.name]
  if not text then return nil end
  local fields = require("cmr.core").json_decode(text)
  local command = "cmr " .. arguments.command(operation.name)
  local options = {}
  for _, param in ipairs(operation.params) do
    if param.positional and fields[param.name] ~= nil then
      command = command .. " " .. require("cmr.util.shell").quote(fields[param.name])
    end
  end
  local json_only = add_options(options, operation, fields)
  if next(json_only) then options[#options + 1] = "--json " .. require("cmr.util.shell").quote(encode(json_only)) end
  for _, option in ipairs(options) do
    local last_line = command:match "[^\n]*$"
    command = command .. (#last_line + #option > MAX_EXAMPLE_COLUMNS and " \\\n      " or " ") .. option
  end
  return command
end

return help
