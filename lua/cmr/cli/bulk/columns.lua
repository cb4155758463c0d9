--- From a row of the input to an operation's arguments. Columns have the API's field names, members with a dot:
-- google.clientId. An empty cell is a field left out; columns that begin with "cmr." are ours, and left out too.

local arguments = require "cmr.cli.arguments"
local core = require "cmr.core"

local M = {}

local function wrong(message, ...)
  error({ usage = message:format(...) }, 0)
end

-- The parameter of a name. Where the documents leave names open, any is taken, as text.
local function parameter(row, name, what)
  local names = {}
  for _, param in ipairs(row.params) do
    if param.name == name then return param end
    if not param.name:find "[%[*]" then names[#names + 1] = param.name end
  end
  if row.rest and name:find "^%a[%w_.]*%f[^%w_.]$" then return { name = name, type = "string" } end
  local near = core.suggest(name, names)
  local hint = near and (" (did you mean '%s'?)"):format(near)
    or what == "column" and (" ('--ignore %s' leaves it out)"):format(name)
    or ""
  wrong("%s '%s' is no field of %s%s", what, name, row.name, hint)
end

local function nested(param)
  return param.name:find(".", 1, true) ~= nil
end

-- Objects before their members.
local function sort(list)
  local sorted = {}
  for _, members in ipairs { false, true } do
    for _, one in ipairs(list) do
      if nested(one.param) == members then sorted[#sorted + 1] = one end
    end
  end
  return sorted
end

--- The columns of a header that mean something.
-- @param row     of the operations table
-- @param header  array of names
-- @param ignored set of names that are left out
-- @return array of {index, param}. Raises {usage = message} for a name the operation does not have.
function M.columns(row, header, ignored)
  local list, seen = {}, {}
  for index, name in ipairs(header) do
    if name ~= "" and not ignored[name] and name:sub(1, 4) ~= "cmr." then
      if seen[name] then wrong("column '%s' is there twice", name) end
      seen[name] = true
      list[#list + 1] = { index = index, param = parameter(row, name, "column") }
    end
  end
  if #list == 0 then wrong("the header has no field of %s: %s", row.name, table.concat(header, ", ")) end
  return sort(list)
end

--- What --set says.
-- @param texts  array of "NAME=VALUE"
-- @param read   of stream.reader, for @FILE
-- @return array of {param, value}
function M.settings(row, texts, read)
  local list, seen = {}, {}
  for index, text in ipairs(texts) do
    local name, value = text:match "^([^=]+)=(.*)$"
    if not name then wrong("option '--set' wants NAME=VALUE, not '%s'", text) end
    if seen[name] then wrong("option '--set': '%s' is given twice", name) end
    seen[name] = true
    local param = parameter(row, name, "option '--set':")
    list[index] = { param = param, value = arguments.convert(param, ("option '--set %s'"):format(name), value, read) }
  end
  return sort(list)
end

local function from_cells(columns, cells)
  local given = {}
  for _, column in ipairs(columns) do
    local text = cells[column.index]
    if text ~= "" then
      local value, why = arguments.value(column.param, text)
      if value == nil then return nil, ("'%s' %s"):format(column.param.name, why) end
      why = arguments.put(given, column.param.name, value)
      if why then return nil, why end
    end
  end
  return given
end

local function from_object(object, ignored)
  local given = {}
  for name, value in pairs(object) do
    if type(name) == "string" and not ignored[name] and name:sub(1, 4) ~= "cmr." then given[name] = value end
  end
  return given
end

--- A function(input row) -> arguments, or nil and what is wrong with the row.
-- @param row       of the operations table
-- @param input     of cmr.cli.bulk.input
-- @param ignored   set of names that are left out
-- @param settings  of M.settings: what a row leaves out
function M.reader(row, input, ignored, settings)
  local columns = input.header and M.columns(row, input.header, ignored)
  return function(one)
    local given, why
    if columns then
      given, why = from_cells(columns, one.cells)
    else
      given = from_object(one.object, ignored)
    end
    if not given then return nil, why end
    for _, setting in ipairs(settings) do
      why = arguments.put(given, setting.param.name, setting.value, true)
      if why then return nil, why end
    end
    return given
  end
end

return M
