---Turns an answer into columns and rows, for tables and CSV. Pure.

local core = require "cmr.core"
local operations = require "cmr.operations"
local pretty_json = require "cmr.cli.pretty_json"
local tables = require "cmr.util.tables"

local tabulate = {}

local NAME_FIELDS = { key = true, name = true, email = true, domain = true, domainName = true, host = true }

-- Patterns of the fields that come early, in this order, because a narrow table leaves out its last columns.
local FIRST_FIELDS = {
  "^company$",
  "^firstName$",
  "^lastName$",
  "^expireOn$",
  "[eE]xpir",
  "[eE]nd$",
  "[rR]enewalDate$",
  "^autoRenew",
  "[qQ]uantity$",
  "[pP]rice",
  "^billingCycle$",
  "^serviceProvider$",
  "^city$",
  "^country$",
}
-- Patterns of the fields that become the last columns. A narrow table omits its last columns.
local LAST_FIELDS = { "^addressLine", "^phone", "^postalCode$", "^language", "Id$", "^userId$" }

local function as_table(value)
  return type(value) == "table" and value or {}
end

local function has_members(value)
  return tables.is_object(value) and next(value) ~= nil
end

local function is_empty(value)
  return type(value) == "table" and next(value) == nil
end

local function is_list_of_objects(value)
  return tables.is_list(value) and has_members(value[1])
end

-- Maps the name of an operation to function(data) -> columns, rows. In the answers of these operations, the names of
-- members are data, such as the names of countries.
local views = {}

-- Returns one row for each stored credential, and one for each app without a credential.
function views.platforms(data)
  local columns = { "platform", "connected", "credentialId", "email", "workspace", "connectedAt" }
  local rows = {}
  for _, app in ipairs(tables.sorted_keys(data)) do
    local account = as_table(data[app])
    local credentials = as_table(account.credentials)
    for index = 1, math.max(#credentials, 1) do
      local credential = as_table(credentials[index])
      local workspace = as_table(credential.metadata).workspace
      rows[#rows + 1] =
        { app, account.connected, credential.credentialId, credential.email, workspace, credential.connectedAt }
    end
  end
  return columns, rows
end

local function names_and_codes(data)
  local rows = {}
  for index, name in ipairs(tables.sorted_keys(data)) do
    rows[index] = { name, data[name] }
  end
  return { "name", "code" }, rows
end

views.countries, views.states = names_and_codes, names_and_codes

local function first_member(data, test)
  for _, key in ipairs(tables.sorted_keys(data)) do
    if test(data[key]) then return data[key], key end
  end
end

---Finds the list in an answer's data. The first case that fits decides:
---    the data is a list with items         the data
---    a member is a list of objects         the first such member
---    the operation returns a list          the data if it is empty, else the first empty member
---    any other case                        nil
---@param operation string? The operation's name.
---@return any[]? list
---@return string? name The name of the member, or "" for the data itself.
function tabulate.list(data, operation)
  if type(data) ~= "table" then return nil end
  if tables.is_list(data) then return data, "" end
  local list, name = first_member(data, is_list_of_objects)
  local row = operation and operations[operation]
  if list or not (row and row.flags.list) then return list, name end
  if is_empty(data) then return data, "" end
  return first_member(data, is_empty)
end

-- Adds an object's members to a row. The members of inner objects get dotted names.
local function flatten(object, prefix, row)
  for key, value in pairs(object) do
    local name = prefix .. tostring(key)
    if has_members(value) then
      flatten(value, name .. ".", row)
    else
      row[name] = value
    end
  end
  return row
end

-- Returns a column's place in the order of columns. The order is: the item's id, its name, its status, FIRST_FIELDS,
-- other values, LAST_FIELDS, lists and empty objects.
local function rank(field, list_name, nested)
  local stem = field:match "^(.*)[iI]d$"
  if stem and list_name:sub(1, #stem) == stem then return 1 end
  if NAME_FIELDS[field] then return 2 end
  if field:find "[sS]tatus$" then return 3 end
  if nested[field] then return 7 end
  for position, pattern in ipairs(FIRST_FIELDS) do
    if field:find(pattern) then return 4 + position / 100 end
  end
  for _, pattern in ipairs(list_name ~= "" and LAST_FIELDS or {}) do
    if field:find(pattern) then return 6 end
  end
  return 5
end

---Turns items into flat tables. The members of inner objects get dotted names. An empty object, and an item that is no
---object, become {value = item}.
function tabulate.flat(list)
  local flats = {}
  for index, item in ipairs(list) do
    flats[index] = has_members(item) and flatten(item, "", {}) or { value = item }
  end
  return flats
end

---Returns all field names of flat tables, in the order of columns.
---@param list_name string The name of the list that has the items, such as "domains".
function tabulate.columns(flats, list_name)
  local nested = {} -- field -> whether any item has a list or an empty object in this field
  for _, flat in ipairs(flats) do
    for field, value in pairs(flat) do
      nested[field] = nested[field] or type(value) == "table"
    end
  end
  return tables.sorted_keys(nested, function(field)
    return rank(field, list_name, nested)
  end)
end

---Returns the values of a flat table, in the order of the columns.
function tabulate.row(flat, columns)
  local row = {}
  for position, field in ipairs(columns) do
    row[position] = flat[field]
  end
  return row
end

---Returns a row for each flat table, with the values in the order of the columns.
---@return any[][] rows
function tabulate.ordered(flats, columns)
  local rows = {}
  for index, flat in ipairs(flats) do
    rows[index] = tabulate.row(flat, columns)
  end
  return rows
end

---Lays out a list as columns and rows.
---@return string[] columns
---@return any[][] rows
function tabulate.rows(list, list_name)
  local flats = tabulate.flat(list)
  local columns = tabulate.columns(flats, list_name)
  return columns, tabulate.ordered(flats, columns)
end

-- Returns a list with a copy of each object of a map. A copy's member "key" is the object's key in the map, unless the
-- object has its own member "key". Returns nil if the data is not a map of several objects.
local function from_map(data)
  local list = {}
  for _, key in ipairs(tables.sorted_keys(data)) do
    if not has_members(data[key]) then return nil end
    local item = tables.copy(data[key])
    if item.key == nil then item.key = key end
    list[#list + 1] = item
  end
  return #list > 1 and list or nil
end

-- If all members of an object are empty lists, returns the shortest of the members' names. Otherwise returns nil.
local function name_of_nothing(object)
  local names = tables.sorted_keys(object, function(name)
    return #name -- the shorter name comes first, such as "records" before "disabledRecords"
  end)
  for _, name in ipairs(names) do
    if not is_empty(object[name]) then return nil end
  end
  return names[1]
end

---Lays out an operation's answer as columns and rows.
---@param answer table The decoded envelope.
---@return string[] columns The API's field names, with dots for the members of inner objects.
---@return any[][] rows One value for each column; a missing value is nil.
---@return boolean? record True if the only row is the whole answer, not an item of a list.
---@return string? name The name of the empty list, if the answer has only empty lists.
function tabulate.of(operation, answer)
  local data = answer.data
  local is_object = has_members(data)
  if views[operation] and is_object then return views[operation](data) end
  local list, name = tabulate.list(data, operation)
  list = list or is_object and from_map(data)
  if list then return tabulate.rows(list, name or "") end
  if is_empty(data) and answer.actionId == nil then return {}, {} end
  local record = tables.copy(is_object and data or answer)
  if is_object then
    record.actionId = answer.actionId
  elseif type(data) == "table" then
    record.data = nil
  end
  local nothing = name_of_nothing(record)
  if nothing then return {}, {}, nil, nothing end
  if next(record) == nil then return {}, {} end
  local columns, rows = tabulate.rows({ record }, "")
  return columns, rows, true
end

---Returns the text of a cell in a table or in CSV. An empty list gives an empty cell.
function tabulate.list_cell(value)
  return is_empty(value) and "" or tabulate.cell(value)
end

---Returns the text of a cell: a string as it is, "" for null, and JSON for any other value.
function tabulate.cell(value)
  if value == nil or value == core.null then return "" end
  if type(value) == "string" then return value end
  return pretty_json.encode(value, { compact = true })
end

return tabulate
