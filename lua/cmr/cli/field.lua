---Finds one value of an answer by a path such as data.orderId. Pure.
---
---A name in the path selects a member of an object, or of every object in a list. A number selects an item of a list;
---the first item is 0. The name of a member may contain dots, because it may be a domain.

local core = require "cmr.core"
local tables = require "cmr.util.tables"
local tabulate = require "cmr.cli.tabulate"

local field = {}

local MAX_SHOWN_NAMES = 20

local select_from

local function select_from_list(list, path)
  local index, rest = path:match "^(%d+)%.?(.*)$"
  if index then
    local item = list[tonumber(index) + 1]
    if item == nil then return nil end
    return select_from(item, rest)
  end
  local values, found = {}, false
  for position, item in ipairs(list) do
    local value = select_from(item, path)
    found = found or value ~= nil
    values[position] = value == nil and core.null or value
  end
  return found and values or nil
end

-- Returns the value at the path, or nil. When several names fit, takes the longest name that exists.
function select_from(value, path)
  if path == "" then return value end
  if type(value) ~= "table" then return nil end
  if tables.is_list(value) then return select_from_list(value, path) end
  local finish = #path
  while finish do
    local member = value[path:sub(1, finish)]
    if member ~= nil then
      local found = select_from(member, path:sub(finish + 2))
      if found ~= nil then return found end
    end
    finish = path:sub(1, finish):match "^.*()%."
    finish = finish and finish - 1
  end
  return nil
end

local function member_names(value)
  return tables.is_object(value) and tables.sorted_keys(value) or {}
end

-- Returns a message that says how far the path leads, and which members exist there: "data has EMAILBISON, SMARTLEAD".
local function explain(value, path)
  local reached = ""
  for part in path:gmatch "[^.]+" do
    local deeper = select_from(value, part)
    if deeper == nil then break end
    value, reached = deeper, reached == "" and part or reached .. "." .. part
  end
  local where = reached == "" and "the answer" or reached
  if type(value) ~= "table" then return where .. " has no members" end
  local first = ""
  if tables.is_list(value) then
    where = ("%s is a list of %d"):format(where, #value)
    if #member_names(value[1]) == 0 then return where end
    value, first = value[1], ", whose first"
  end
  local names = member_names(value)
  if #names == 0 then return where .. " is empty" end
  return ("%s%s has %s"):format(where, first, table.concat(names, ", ", 1, math.min(#names, MAX_SHOWN_NAMES)))
end

---Returns the value at a path. A name after a list gives a list with the member of every item; an item without that
---member gives core.null.
---@return any value
---@return string? message Set when the value is nil: names the members that exist instead.
function field.select(answer, path)
  if path:find "^%." or path:find "%.%." or path:find "%.$" or path == "" then
    return nil, "a path has names with dots between them, as in data.orderId"
  end
  local value = select_from(answer, path)
  if value == nil then return nil, explain(answer, path) end
  return value
end

---Returns a value as text for a shell: a string is unchanged, each item of a list gets a line, and any other value
---becomes JSON.
function field.raw(value)
  if not tables.is_list(value) then return tabulate.cell(value) .. "\n" end
  local lines = {}
  for index, item in ipairs(value) do
    lines[index] = tabulate.cell(item):gsub("[\r\n]+", " ") .. "\n"
  end
  return table.concat(lines)
end

return field
