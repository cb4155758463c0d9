---Sentences and examples that the reference, the types and the OpenAPI document share. Pure.

local arguments = require "cmr.cli.arguments"
local examples = require "cmr.examples"
local help = require "cmr.cli.help"
local ordered_json = require "scripts.generate.ordered_json"
local parameters = require "cmr.parameters"

local words = {}

---The flags and their sentences, in the order for the documents.
words.flags = {
  { "charges", "Charges money." },
  { "danger", "Destroys something. You cannot undo the call." },
  { "all_when_empty", "If you omit the list of items, the API acts on everything; cmr refuses such a call." },
  { "async", "Asynchronous: the answer only confirms acceptance. The API does the work later." },
  { "quota", "The calls per mailbox and week are limited." },
  { "list", "The answer is a list, in pages." },
  { "safe", "Changes nothing, although it is not a GET." },
  { "deprecated", "Deprecated by the vendor." },
  { "form", "Takes multipart form data: you give a file by its path." },
}

---Returns the sentences for an operation's flags.
---@param operation table
---@return string[]
function words.of_flags(operation)
  local sentences = {}
  for _, flag in ipairs(words.flags) do
    if operation.flags[flag[1]] then sentences[#sentences + 1] = flag[2] end
  end
  return sentences
end

---Returns sentences that say how an asynchronous operation's outcome arrives, or nil if that is undocumented.
---@param operation table
---@return string?
function words.of_outcome(operation)
  if not operation.success_events then return nil end
  local events, names, is_counted, joint = {}, {}, true, ", or "
  for index, entry in ipairs(operation.success_events) do
    local event, parameter = entry:match "^(%S+) ?(%S*)$"
    names[index] = event
    is_counted = is_counted and (parameter == "" or arguments.param(operation, parameter) ~= nil)
    local each = parameter ~= "" and (" for each item of `%s`"):format(parameter) or ""
    if index > 1 and parameter == "domains[]" then -- a wait for a domain's mailboxes needs no event of the domain
      each, joint = each .. " without mailboxes", ", and "
    end
    local is_named = event == names[index - 1] -- the sentence names the event once
    local comes = index == 1 and " has come" or ""
    events[index] = is_named and each:sub(2) or ("`%s`%s%s"):format(event, comes, each)
  end
  local failures = operation.failure_events
      and (" The wait fails when %s comes."):format(words.list(operation.failure_events, "or", "`"))
    or ""
  if not is_counted then
    return (
      "No documented field says how many %s events must come. So `client:await(res)` returns only when the order's "
      .. "status reports success. `client:await(res, {count = N})` also returns when N `%s` events have come.%s"
    ):format(words.list(names, "or", "`"), names[1], failures)
  end
  return ("`client:await(res)` returns when %s.%s"):format(table.concat(events, joint), failures)
end

---Returns a sentence that says what cmr assumes about an operation, or nil if it assumes nothing.
---@param operation table
---@return string?
function words.of_assumed(operation)
  return operation.assumed and ("Assumed: %s."):format((operation.assumed:gsub("%.$", "")))
end

---Returns the undocumented part that is needed to call an operation, or nil if there is none.
---@param operation table
---@return string? missing "path" or "method"
words.missing = arguments.undocumented

---Returns sentences with facts from the documentation about an operation, and with the refusals that its page
---documents.
---@param operation table
---@return string[]
words.of_notes = help.notes

---Returns a sentence about the webhooks that report how an operation ended, or nil if none is documented.
---@param operation table
---@return string?
words.of_events = help.events

---Returns the description of a parameter. It lists the documented values if cmr also sends other values.
---@param param table
---@return string
words.of_param = help.description

---Returns whether a parameter is a field of the request itself, and not of an object in it.
---@param param table
---@return boolean
function words.is_field(param)
  return not param.name:find "[%[.]"
end

---Returns the parameters of which the request needs at least one ("any") or exactly one ("one").
---@param operation table
---@return string[] names
---@return string? kind "any" or "one"; nil if there is no such choice.
words.choice = parameters.choice

---Returns the call of the operation's example in Lua, or nil if it has none.
---@param operation table
---@return string? call
function words.example(operation)
  local text = examples[operation.name]
  if not text then return nil end
  local documented, values, fields = ordered_json.read(text), {}, ordered_json.object {}
  local named = {}
  for _, param in ipairs(operation.params) do
    local value = ordered_json.member(documented, param.name)
    if param.positional and value ~= nil then
      values[#values + 1], named[param.name] = ordered_json.write(value, "lua"), true
    end
  end
  for _, pair in ipairs(documented) do
    if not named[pair[1]] then table.insert(fields, pair) end
  end
  local opening = "cmr." .. operation.name
  if #values == 0 then
    return #fields == 0 and opening .. "()" or opening .. ordered_json.write(fields, "lua", 100, #opening)
  end
  opening = ("%s(%s"):format(opening, table.concat(values, ", "))
  if #fields == 0 then return opening .. ")" end
  return opening .. ", " .. ordered_json.write(fields, "lua", 100, #opening + 3) .. ")"
end

---Joins names: "`a`, `b` or `c`".
---@param names string[]
---@param joint "and"|"or"
---@param quote string The quote around each name.
---@return string
function words.list(names, joint, quote)
  local quoted = {}
  for index, name in ipairs(names) do
    quoted[index] = quote .. name .. quote
  end
  if #quoted < 2 then return quoted[1] or "" end
  return table.concat(quoted, ", ", 1, #quoted - 1) .. " " .. joint .. " " .. quoted[#quoted]
end

return words
