--- An answer as columns and rows, for tables and CSV. Pure.

local core = require "cmr.core"
local json = require("cmr.cli.pretty_json").encode
local operations = require "cmr.operations"

local M = {}

local function sorted_keys(object)
  local keys = {}
  for key in pairs(object) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function object(value)
  return type(value) == "table" and value or {}
end

local function is_object(value)
  return type(value) == "table" and value[1] == nil and next(value) ~= nil
end

-- Answers whose members are named by data: operation -> function(data) -> columns, rows.
local views = {}

--- One row per stored credential; an app without any has a row too.
function views.platforms(data)
  local columns = { "platform", "connected", "credentialId", "email", "workspace", "connectedAt" }
  local rows = {}
  for _, app in ipairs(sorted_keys(data)) do
    local account = object(data[app])
    local credentials = object(account.credentials)
    for index = 1, math.max(#credentials, 1) do
      local credential = object(credentials[index])
      local workspace = object(credential.metadata).workspace
      rows[#rows + 1] =
        { app, account.connected, credential.credentialId, credential.email, workspace, credential.connectedAt }
    end
  end
  return columns, rows
end

-- A map of names and codes.
local function codes(data)
  local rows = {}
  for index, name in ipairs(sorted_keys(data)) do
    rows[index] = { name, data[name] }
  end
  return { "name", "code" }, rows
end

views.countries, views.states = codes, codes

local function is_list(value)
  return type(value) == "table" and is_object(value[1])
end

local function is_empty(value)
  return type(value) == "table" and next(value) == nil
end

local function find(data, is)
  for _, key in ipairs(sorted_keys(data)) do
    if is(data[key]) then return data[key], key end
  end
end

--- The list in an answer's data: itself, or the first member that is one of objects; of an operation that lists, else
-- the one that is empty.
-- @param data       of the envelope
-- @param operation  its name, or nil
-- @return the list and its name; nil when there is none
function M.list(data, operation)
  if type(data) ~= "table" then return nil end
  if data[1] ~= nil then return data, "" end
  local list, name = find(data, is_list)
  local row = operation and operations[operation]
  if list or not (row and row.flags.list) then return list, name end
  if is_empty(data) then return data, "" end
  return find(data, is_empty)
end

-- Adds an object's members to a row, those of inner objects under dotted names.
local function flatten(value, prefix, row)
  for _, key in ipairs(sorted_keys(value)) do
    local name = prefix .. tostring(key)
    if is_object(value[key]) then
      flatten(value[key], name .. ".", row)
    else
      row[name] = value[key]
    end
  end
  return row
end

local names = { key = true, name = true, email = true, domain = true, domainName = true, host = true }

-- What a person looks for first stands first: what it is, what it is called, how it is; lists and long rests last.
local function rank(field, name, nested)
  local stem = field:match "^(.*)[iI]d$"
  if stem and name:sub(1, #stem) == stem then return 1 end
  if names[field] then return 2 end
  if field:find "[sS]tatus$" then return 3 end
  return nested[field] and 5 or 4
end

local function of_objects(list, name)
  local rows, fields, nested, seen = {}, {}, {}, {}
  for index, item in ipairs(list) do
    rows[index] = is_object(item) and flatten(item, "", {}) or { value = item }
    for field, value in pairs(rows[index]) do
      if not seen[field] then
        seen[field] = true
        fields[#fields + 1] = field
      end
      nested[field] = nested[field] or type(value) == "table"
    end
  end
  table.sort(fields, function(a, b)
    local x, y = rank(a, name, nested), rank(b, name, nested)
    if x ~= y then return x < y end
    return a < b
  end)
  for index, row in ipairs(rows) do
    rows[index] = {}
    for position, field in ipairs(fields) do
      rows[index][position] = row[field]
    end
  end
  return fields, rows
end

-- A map of objects, named by data, becomes a list of them.
local function keyed(data)
  local list = {}
  for _, key in ipairs(sorted_keys(data)) do
    if not is_object(data[key]) then return nil end
    local item = { key = key }
    for name, value in pairs(data[key]) do
      item[name] = value
    end
    list[#list + 1] = item
  end
  return #list > 1 and list or nil
end

--- Columns and rows of an operation's answer.
-- @param operation  its name; those whose answer's members are named by data have a view of their own
-- @param answer     the decoded envelope
-- @return array of the API's field names, dotted where objects hold objects; array of rows, a row holds a value per
--   column, nil where there is none; whether the one row is no list's item, but all there is
function M.of(operation, answer)
  local data = answer.data
  if views[operation] and is_object(data) then return views[operation](data) end
  local list, name = M.list(data, operation)
  list = list or is_object(data) and keyed(data)
  if list then return of_objects(list, name or "") end
  if type(data) == "table" and not is_object(data) and answer.actionId == nil then return {}, {} end
  local record = {}
  if is_object(data) then
    for field, value in pairs(data) do
      record[field] = value
    end
    record.actionId = answer.actionId
  else
    for field, value in pairs(answer) do
      record[field] = value
    end
    if type(data) == "table" then record.data = nil end
  end
  if next(record) == nil then return {}, {} end
  local columns, rows = of_objects({ record }, "")
  return columns, rows, true
end

--- One value as a cell: text as it is, nothing for null, JSON for what is nested.
function M.cell(value)
  if value == nil or value == core.null then return "" end
  if type(value) == "string" then return value end
  return json(value, { compact = true })
end

return M
