--- An answer as columns and rows, for a table. Pure.

local core = require "cmr.core"
local json = require "cmr.cli.json"

local M = {}

local function sorted_keys(object)
  local keys = {}
  for key in pairs(object) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function object(value)
  return type(value) == "table" and value or {}
end

-- Answers whose shape a plain list of fields would not do justice: operation -> function(data) -> columns, rows.
local views = {}

--- One row per stored credential; an app without any has a row too.
function views.platforms(data)
  local columns = {"PLATFORM", "CONNECTED", "CREDENTIAL", "EMAIL", "WORKSPACE", "CONNECTED AT"}
  local rows = {}
  for _, app in ipairs(sorted_keys(data)) do
    local account = object(data[app])
    local credentials = object(account.credentials)
    for index = 1, math.max(#credentials, 1) do
      local credential = object(credentials[index])
      local workspace = object(credential.metadata).workspace
      rows[#rows + 1] = {app, account.connected, credential.credentialId, credential.email, workspace,
        credential.connectedAt}
    end
  end
  return columns, rows
end

local function is_list_of_objects(value)
  return type(value) == "table" and type(value[1]) == "table" and value[1][1] == nil
end

-- The list in an answer's data: itself, the first of its members that is one, or its only row, itself.
local function find_list(data)
  if is_list_of_objects(data) then return data end
  if data[1] ~= nil then return {} end
  for _, key in ipairs(sorted_keys(data)) do
    if is_list_of_objects(data[key]) then return data[key] end
  end
  return next(data) ~= nil and {data} or {}
end

-- "connectedAt" -> "CONNECTED AT"
local function heading(field)
  return (field:gsub("([%l%d])(%u)", "%1 %2"):upper())
end

local function generic(data)
  local list, fields, seen = find_list(data), {}, {}
  for _, item in ipairs(list) do
    for _, field in ipairs(sorted_keys(object(item))) do
      if not seen[field] then
        seen[field] = true
        fields[#fields + 1] = field
      end
    end
  end
  table.sort(fields)
  local columns, rows = {}, {}
  for position, field in ipairs(fields) do columns[position] = heading(field) end
  for index, item in ipairs(list) do
    rows[index] = {}
    for position, field in ipairs(fields) do rows[index][position] = object(item)[field] end
  end
  return columns, rows
end

--- Columns and rows of an operation's answer.
-- @param operation  its name; those whose answer is no plain list have a view of their own
-- @param answer     the decoded envelope
-- @return array of headings, array of rows; a row holds a value per column, nil where there is none. Without rows in
--   the answer the second array is empty.
function M.of(operation, answer)
  local data = answer.data
  if type(data) ~= "table" then return {}, {} end
  return (views[operation] or generic)(data)
end

--- One value as a cell: text as it is, nothing for null, JSON for what is nested.
function M.cell(value)
  if value == nil or value == core.null then return "" end
  if type(value) == "string" then return value end
  return json(value, {compact = true})
end

return M
