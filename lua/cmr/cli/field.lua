--- One value of an answer, by a path such as data.EMAILBISON.connected. Pure.
--
-- A name is a member of an object, and of every object in a list; a number is an item of a list, from 0. A member whose
-- own name has dots (a domain) is found as well.

local core = require "cmr.core"
local json = require("cmr.cli.pretty_json").encode

local M = {}

local select_from

local function from_list(list, path)
  local index, rest = path:match "^(%d+)%.?(.*)$"
  if index then
    local item = list[tonumber(index) + 1]
    if item == nil then return nil end
    return select_from(item, rest)
  end
  local values, found = {}, #list == 0
  for position, item in ipairs(list) do
    local value = select_from(item, path)
    found = found or value ~= nil
    values[position] = value == nil and core.null or value
  end
  return found and values or nil
end

-- The value at the path, or nil. The longest name that exists is taken.
function select_from(value, path)
  if path == "" then return value end
  if type(value) ~= "table" then return nil end
  if value[1] ~= nil then return from_list(value, path) end
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

local function names(value)
  local list = {}
  for name in pairs(type(value) == "table" and value[1] == nil and value or {}) do
    list[#list + 1] = tostring(name)
  end
  table.sort(list)
  return list
end

-- How far the path leads, and what there is: "data has EMAILBISON, SMARTLEAD".
local function why_not(value, path)
  local reached = ""
  for part in path:gmatch "[^.]+" do
    local deeper = select_from(value, part)
    if deeper == nil then break end
    value, reached = deeper, reached == "" and part or reached .. "." .. part
  end
  local where = reached == "" and "the answer" or reached
  if type(value) ~= "table" then return where .. " has no members" end
  local of_what = ""
  if value[1] ~= nil then
    where = ("%s is a list of %d"):format(where, #value)
    if #names(value[1]) == 0 then return where end
    value, of_what = value[1], ", whose first"
  end
  local members = names(value)
  if #members == 0 then return where .. " is empty" end
  return ("%s%s has %s"):format(where, of_what, table.concat(members, ", ", 1, math.min(#members, 20)))
end

--- The value at a path.
-- @param answer  the decoded envelope
-- @param path    names and numbers with dots between them
-- @return the value; a list that lacks it in some of its items has core.null there. Or nil and what there is instead
function M.select(answer, path)
  if path:find "^%." or path:find "%.%." or path:find "%.$" or path == "" then
    return nil, "a path has names with dots between them, as in data.EMAILBISON.connected"
  end
  local value = select_from(answer, path)
  if value == nil then return nil, why_not(answer, path) end
  return value
end

local function scalar(value)
  if value == core.null then return "" end
  return type(value) == "string" and value or json(value, { compact = true })
end

--- A value as a shell wants it: text as it is, one line for each item of a list, all else as JSON.
function M.raw(value)
  if type(value) ~= "table" or value[1] == nil then return scalar(value) .. "\n" end
  local lines = {}
  for index, item in ipairs(value) do
    lines[index] = scalar(item):gsub("[\r\n]+", " ") .. "\n"
  end
  return table.concat(lines)
end

return M
