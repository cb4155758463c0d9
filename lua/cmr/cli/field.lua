---Finds values of an answer by paths such as data.orderId. Pure.
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

-- Returns the value at the path, or nil. A member's name may contain dots. So the function first tries the whole path
-- as a name, and then ever shorter beginnings of the path, until one of them leads to a value.
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

---Returns the value at a path. If a name in the path selects from a list, returns a list of the items' values. An item
---without a value has core.null there.
---@return any value
---@return string? message Set when the value is nil. Names the members that exist.
function field.select(answer, path)
  if path:find "^%." or path:find "%.%." or path:find "%.$" or path == "" then
    return nil, "a path has names with dots between them, as in data.orderId"
  end
  local value = select_from(answer, path)
  if value == nil then return nil, explain(answer, path) end
  return value
end

---Returns for each path the name of its value in a record. Normally, the name is the last part of the path. The name
---is the whole path if the last part is a number. The name is also the whole path if another path has the same last
---part. Returns nil if `paths` is no list.
---@param paths string|string[]?
---@return string[]?
function field.names(paths)
  if type(paths) ~= "table" then return nil end
  local names, counts = {}, {}
  for index, path in ipairs(paths) do
    local name = path:match "([^.]+)$"
    names[index] = name and not name:find "^%d+$" and name or path
    counts[names[index]] = (counts[names[index]] or 0) + 1
  end
  for index, path in ipairs(paths) do
    if counts[names[index]] > 1 then names[index] = path end
  end
  return names
end

local function record_of(values, names)
  local record = {}
  for index, name in ipairs(names) do
    local value = values[index]
    record[name] = value == nil and core.null or value
  end
  return record
end

-- Combines the values at several paths. If no value is a list, returns one record. Otherwise returns a record for each
-- position in the lists. Every record also has the values that are not lists.
local function combine(values, paths, names)
  local first
  for index, value in ipairs(values) do
    if tables.is_list(value) then
      first = first or index
      if #value ~= #values[first] then
        local format = "the fields have different numbers of values: '%s' has %d, '%s' has %d"
        return nil, format:format(paths[first], #values[first], paths[index], #value)
      end
    end
  end
  if not first then return record_of(values, names) end
  local records = core.array {}
  for position = 1, #values[first] do
    local row = {}
    for index, value in ipairs(values) do
      if tables.is_list(value) then value = value[position] end
      row[index] = value
    end
    records[position] = record_of(row, names)
  end
  return records
end

---Returns what --field selects in an answer. For one path, this is the value there. For a list of paths, it is a record
---of the values, or a list of records.
---@param paths string|string[]
---@return any value
---@return string? message set when the value is nil
function field.of(answer, paths)
  local names, values = field.names(paths), {}
  for index, path in ipairs(names and paths or { paths }) do
    local value, message = field.select(answer, path)
    if value == nil then return nil, ("no field '%s' in the answer: %s"):format(path, message) end
    values[index] = value
  end
  if names then return combine(values, paths, names) end
  return values[1]
end

---Makes a function that applies --field to an item of a list. The function returns the selected value. If `names` is
---given, the function returns a record of the selected values. A value that the item lacks becomes core.null.
---@param paths string[] The paths in an item; "" is the item itself.
---@param names string[]? see field.names
---@return fun(item: any): any, boolean select The second result says whether the item has any of the fields.
---@return table<integer, boolean> found found[index] becomes true when an item has a value at paths[index].
function field.selector(paths, names)
  local found = {}
  return function(item)
    local values, any = {}, false
    for index, path in ipairs(paths) do
      local value = item
      if path ~= "" then value = field.select(item, path) end
      if value ~= nil then
        found[index], any = true, true
      end
      values[index] = value
    end
    if names then return record_of(values, names), any end
    return any and values[1] or not any and core.null, any
  end,
    found
end

---Returns a value as text for a shell. A string is unchanged, null becomes an empty line, each item of a list gets a
---line, and any other value becomes JSON.
---@param names string[]? Given for records only: each record gets a line with these members, separated by tabs.
function field.raw(value, names)
  if not names and not tables.is_list(value) then return tabulate.cell(value) .. "\n" end
  local lines = {}
  for index, item in ipairs(tables.is_list(value) and value or { value }) do
    local cells = {}
    for position, cell in ipairs(names and tabulate.row(item, names) or { item }) do
      cells[position] = tabulate.cell(cell):gsub(names and "[\t\r\n]+" or "[\r\n]+", " ")
    end
    lines[index] = table.concat(cells, "\t") .. "\n"
  end
  return table.concat(lines)
end

return field
