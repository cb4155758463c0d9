---Makes the texts and examples of the help from the operations table. Pure. Only the examples load the core and JSON,
---so that listing the commands is fast.

local arguments = require "cmr.cli.arguments"

local help = {}

local MAX_EXAMPLE_COLUMNS = 72

-- The warnings about operations. Each has the operation's flag, the words for the list of commands, and the sentence
-- for the help.
local MARKS = {
  { "charges", "charges money", "Charges money." },
  { "danger", "destroys", "Destroys: what it removes does not come back." },
  { "all_when_empty", "everything when its list is left out", "Means everything when its list is left out." },
  { "async", "asynchronous", "Asynchronous: the answer says that it was accepted, a webhook later how it ended." },
  { "quota", "limited per mailbox", "Limited per mailbox and week, however it is asked for." },
  { "deprecated", "deprecated", "Deprecated by the vendor." },
}

-- Fields whose option looks like an option of the command itself.
local CLARIFICATIONS = { confirm = "the order's own field confirm, not a confirmation" }

-- Values for the examples of fields that the documentation shows without a value.
local SAMPLE_VALUES = {
  domain = "acme.com",
  domainName = "acme.com",
  username = "john",
  firstName = "John",
  lastName = "Doe",
  host = "mail",
  value = "192.0.2.10",
  recordType = "A",
}

---Returns one line for the list of commands.
function help.summary(operation)
  local words = {}
  for _, mark in ipairs(MARKS) do
    if operation.flags[mark[1]] then words[#words + 1] = mark[2] end
  end
  local text = operation.summary or operation.title
  if #words == 0 then return text end
  return ("%s [%s]"):format(text, table.concat(words, ", "))
end

---Returns the paragraph at the top of a command's help.
function help.operation(operation)
  local method, path = operation.method or "(method unknown)", operation.path or "(path unknown)"
  local lines = { operation.summary or operation.title, ("%s %s: %s"):format(method, path, operation.title) }
  for _, mark in ipairs(MARKS) do
    if operation.flags[mark[1]] then lines[#lines + 1] = mark[3] end
  end
  if operation.assumed then lines[#lines + 1] = ("Not confirmed: %s."):format((operation.assumed:gsub("%.$", ""))) end
  return table.concat(lines, "\n")
end

---Returns the placeholder of a parameter's value: TEXT, JSON, {A,B}.
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
  local clarification = CLARIFICATIONS[param.name] and "; " .. CLARIFICATIONS[param.name] or ""
  local text = ("%s (%s%s%s)"):format(param.name, param.type, required, clarification)
  if param.summary then text = text .. ": " .. param.summary end
  if help.value(param) ~= "JSON" and arguments.secret(param.name) then
    text = text .. " @FILE reads it from a file and keeps it out of the process list."
  end
  return text
end

---Returns a heading and one line for each field that can only be given as JSON. Returns "" when there are none.
function help.inside(operation)
  local lines = {}
  for _, param in ipairs(operation.params) do
    if not arguments.option(param.name) then lines[#lines + 1] = "   " .. help.parameter(param) end
  end
  if #lines == 0 then return "" end
  return "Inside the JSON values:\n" .. table.concat(lines, "\n") .. "\n\n"
end

local function has_required_items(operation, param)
  for _, other in ipairs(operation.params) do
    local prefix = other.name:sub(1, #param.name + 1)
    local nested = prefix == param.name .. "[" or prefix == param.name .. "."
    if other.required and nested and other.name:find "[%]*]." then return true end
  end
  return false
end

-- Returns the parameters that the simplest call needs: the required ones and one of the alternatives. An object is
-- replaced by its members.
local function first_call(operation)
  local chosen, required, has_alternative = {}, {}, false
  for _, param in ipairs(operation.params) do
    local parent = param.name:match "^(.*)%.[^.]+$"
    local needed = (param.required or param.all_required) and (not parent or required[parent])
    if param.either and not has_alternative then
      needed, has_alternative = true, true
    end
    if not parent and has_required_items(operation, param) and not param.either then needed = true end
    if needed then
      required[param.name] = true
      if parent and chosen[#chosen].name == parent then chosen[#chosen] = nil end
      if param.positional or arguments.option(param.name) then chosen[#chosen + 1] = param end
    end
  end
  return chosen
end

local function encode(value)
  return require("cmr.cli.pretty_json").encode(value, { compact = true })
end

-- Returns the value in the documented request. Returns nil when the documentation has no value, or shortens it.
local function documented_value(operation, name)
  local example = require("cmr.samples")[operation.name]
  local request = example and example.request and require("cmr.core").json_decode(example.request)
  local value = require("cmr.util.tables").at(request, name)
  if value ~= nil and not encode(value):find("...", 1, true) then return value end
end

local sample_value

local function required_members(operation, name)
  local object = {}
  for _, param in ipairs(operation.params) do
    local parent, member = param.name:match "^(.*)%.([^.]+)$"
    if parent == name and param.required and member ~= "*" then object[member] = sample_value(operation, param) end
  end
  return object
end

function sample_value(operation, param)
  local name, kind = param.name, param.type
  local item, map_value = arguments.param(operation, name .. "[]"), arguments.param(operation, name .. ".*")
  if kind == "array" then return require("cmr.core").array { item and sample_value(operation, item) } end
  if kind == "map" and map_value then return { ["acme.com"] = sample_value(operation, map_value) } end
  if kind == "object" or kind == "map" then return required_members(operation, name) end
  if param.values then return param.values[1] end
  if kind == "boolean" then return not operation.flags.charges end -- with confirm = false, the example spends nothing
  if kind == "integer" or kind == "number" then return 1 end
  local last = name:match("[^.]+$"):gsub("s?%[%]$", "")
  return SAMPLE_VALUES[last] or arguments.placeholder(last)
end

-- Returns the word that follows a parameter's option in an example.
local function sample_word(operation, param)
  if arguments.secret(param.name) then return "@FILE" end
  if param.all_required then return "all" end
  local value
  if not param.name:find "[iI]ds?$" and param.type ~= "boolean" then value = documented_value(operation, param.name) end
  if value == nil then value = sample_value(operation, param) end
  return require("cmr.util.shell").quote(type(value) == "string" and value or encode(value))
end

---Returns a command line with only the arguments that a call needs.
function help.example(operation)
  local command = "cmr " .. arguments.command(operation.name)
  local options = {}
  for _, param in ipairs(first_call(operation)) do
    if param.positional then
      command = command .. " " .. arguments.placeholder(param.name)
    else
      options[#options + 1] = ("%s %s"):format(arguments.option(param.name), sample_word(operation, param))
    end
  end
  for _, option in ipairs(options) do
    local last_line = command:match "[^\n]*$"
    command = command .. (#last_line + #option > MAX_EXAMPLE_COLUMNS and " \\\n      " or " ") .. option
  end
  return command
end

return help
