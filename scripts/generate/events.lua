--- What follows from the list of webhook events: classes for editors, a section of the reference. Pure.

local events = {}

local lua = { object = "table<string, any>", array = "table[]" }

local function told(row)
  return ("%s (%s)"):format(row.when, row.source)
end

local function class_of(row)
  return "cmr.event." .. row.name:gsub("%-", "_")
end

--- The classes of the events, of the handlers one can have for them, and the names.
-- @param rows  cmr.webhook.events
function events.types(rows)
  local lines, handlers, names = {}, {}, {}
  local function add(text, ...)
    lines[#lines + 1] = text:format(...)
  end
  for index, row in ipairs(rows) do
    local class = class_of(row)
    names[index] = ('---| "%s" # %s'):format(row.name, told(row))
    handlers[index] = ('---@field ["%s"]? fun(event: %s): any'):format(row.name, class)
    add("---%s\n---@class %s: cmr.Event", told(row), class)
    add('---@field %s "%s"\n---@field data %s.data\n', row.key, row.name, class)
    add("---@class %s.data", class)
    for _, field in ipairs(row.fields) do
      if not field.name:find "%[" then add("---@field %s? %s", field.name, lua[field.type] or field.type) end
    end
    add "---@field actionId? string As the help centre's samples show it.\n---@field [string] any\n"
  end
  names[#names + 1] = "---| string # the set is open"
  handlers[#handlers + 1] = "---@field [string] fun(event: cmr.Event): any"
  return ([[
---@alias cmr.EventName
%s

%s
---A function for each event one cares for.
---@class cmr.Handlers
%s
]]):format(table.concat(names, "\n"), table.concat(lines, "\n"), table.concat(handlers, "\n"))
end

--- The section of the reference.
-- @param rows  cmr.webhook.events
function events.reference(rows)
  local lines = { "| event | when | `data` has | not documented | source |", "|---|---|---|---|---|" }
  for _, row in ipairs(rows) do
    local fields = {}
    for index, field in ipairs(row.fields) do
      fields[index] = "`" .. field.name .. "`"
    end
    lines[#lines + 1] = ("| `%s`%s | %s | %s | %s | %s |"):format(
      row.name,
      row.key == "event" and "" or (" (under `%s`)"):format(row.key),
      row.when,
      table.concat(fields, ", "),
      row.open or "",
      row.source
    )
  end
  return table.concat(lines, "\n")
end

return events
