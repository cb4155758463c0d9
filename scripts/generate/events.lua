---Describes the webhook events for the documents: as classes for editors, and as a table for the reference. Pure.

local events = {}

local LUA_TYPES = { object = "table<string, any>", array = "table[]" }

local function class_of(event)
  return "cmr.event." .. event.name:gsub("%-", "_")
end

---Returns the classes of the events, their names, and the class of a table of handlers.
---@param list table[] cmr.webhook.events
---@return string text
function events.types(list)
  local lines, handlers, names = {}, {}, {}
  local function add(text, ...)
    lines[#lines + 1] = text:format(...)
  end
  for index, event in ipairs(list) do
    local class = class_of(event)
    names[index] = ('---| "%s" # %s'):format(event.name, event.when)
    handlers[index] = ('---@field ["%s"]? fun(event: %s): any'):format(event.name, class)
    add("---%s\n---@class %s: cmr.Event", event.when, class)
    add('---@field %s "%s"\n---@field data %s.data\n', event.key, event.name, class)
    add("---@class %s.data", class)
    for _, field in ipairs(event.fields) do
      if not field.name:find "%[" then add("---@field %s? %s", field.name, LUA_TYPES[field.type] or field.type) end
    end
    add "---@field actionId? string Present in some samples only.\n---@field [string] any\n"
  end
  names[#names + 1] = "---| string # the set is open"
  handlers[#handlers + 1] = "---@field [string] fun(event: cmr.Event): any"
  return ([[
---@alias cmr.EventName
%s

%s
---A function for each event that the program handles. "*" handles all other events.
---@class cmr.Handlers
%s
]]):format(table.concat(names, "\n"), table.concat(lines, "\n"), table.concat(handlers, "\n"))
end

---Returns the table of events for the reference.
---@param list table[] cmr.webhook.events
---@return string text
function events.reference(list)
  local lines = { "| event | when | `data` has | undocumented |", "|---|---|---|---|" }
  for _, event in ipairs(list) do
    local fields = {}
    for index, field in ipairs(event.fields) do
      fields[index] = "`" .. field.name .. "`"
    end
    lines[#lines + 1] = ("| `%s`%s | %s | %s | %s |"):format(
      event.name,
      event.key == "event" and "" or (" (under `%s`)"):format(event.key),
      event.when,
      table.concat(fields, ", "),
      event.open or ""
    )
  end
  return table.concat(lines, "\n")
end

return events
