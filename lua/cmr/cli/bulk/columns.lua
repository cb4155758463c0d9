---From a row of the input to the arguments of an operation. A column has the name of an API field, a member with a dot:
---google.clientId. An empty cell leaves the field out. Columns that begin with "cmr." are cmr's own and are ignored.

local arguments = require "cmr.cli.arguments"
local io = require "cmr.cli.io"
local tables = require "cmr.util.tables"
local validate = require "cmr.util.validate"

local columns = {}

local OWN_PREFIX = "cmr."

---The name of one of cmr's own columns.
---@param name string
---@return string
function columns.own(name)
  return OWN_PREFIX .. name
end

---Whether a column is cmr's own.
---@param name string
---@return boolean
function columns.is_own(name)
  return name:sub(1, #OWN_PREFIX) == OWN_PREFIX
end

local function is_used(name, ignored)
  return name ~= "" and not ignored[name] and not columns.is_own(name)
end

-- The parameter of a name. An operation with undocumented fields takes any name, as text.
local function parameter(operation, name, source)
  local names = {}
  for _, param in ipairs(operation.params) do
    if param.name == name then return param end
    if not param.name:find "[%[*]" then names[#names + 1] = param.name end
  end
  if operation.open_location and name:find "^%a[%w_.]*%f[^%w_.]$" then return { name = name, type = "string" } end
  local hint = validate.suggestion(name, names)
  if hint == "" and source == "column" then hint = (" ('--ignore %s' leaves it out)"):format(name) end
  io.usage("%s '%s' is not a field of %s%s", source, name, operation.name, hint)
end

-- Sorts entries with a param: objects before their members.
local function parents_first(entries)
  local sorted = {}
  for _, nested in ipairs { false, true } do
    for _, entry in ipairs(entries) do
      if (entry.param.name:find(".", 1, true) ~= nil) == nested then sorted[#sorted + 1] = entry end
    end
  end
  return sorted
end

-- The used columns of a header, as {index, param}.
local function columns_of(operation, header, ignored)
  local list, seen = {}, {}
  for index, name in ipairs(header) do
    if is_used(name, ignored) then
      if seen[name] then io.usage("column '%s' appears twice", name) end
      seen[name] = true
      list[#list + 1] = { index = index, param = parameter(operation, name, "column") }
    end
  end
  if #list == 0 then io.usage("the header has no field of %s: %s", operation.name, table.concat(header, ", ")) end
  return parents_first(list)
end

---The fields of --set, for the rows that leave them out. Raises a mistake.
---@param operation table a row of cmr.operations
---@param texts string[] "NAME=VALUE"
---@param read fun(path: string): string?, string? of io.reader, for @FILE
---@return table[] list of {param, value}
function columns.defaults(operation, texts, read)
  local list, seen = {}, {}
  for index, text in ipairs(texts) do
    local name, value = text:match "^([^=]+)=(.*)$"
    if not name then io.usage("option '--set' wants NAME=VALUE, not '%s'", text) end
    if seen[name] then io.usage("option '--set': '%s' is given twice", name) end
    seen[name] = true
    local param = parameter(operation, name, "option '--set':")
    list[index] = { param = param, value = arguments.convert(param, ("option '--set %s'"):format(name), value, read) }
  end
  return parents_first(list)
end

local function from_cells(used_columns, cells)
  local args = {}
  for _, column in ipairs(used_columns) do
    local text = cells[column.index]
    if text ~= "" then
      local value, message = arguments.value(column.param, text)
      if value == nil then return nil, ("'%s' %s"):format(column.param.name, message) end
      message = arguments.put(args, column.param.name, value)
      if message then return nil, message end
    end
  end
  return args
end

local function from_object(object, ignored)
  local args = {}
  for name, value in pairs(object) do
    if type(name) == "string" and is_used(name, ignored) then
      if tables.has_inexact_number(value) then return nil, ("'%s' %s"):format(name, arguments.INEXACT) end
      args[name] = value
    end
  end
  return args
end

---Makes the function that turns a row into arguments. Raises a mistake in the header.
---@param operation table a row of cmr.operations
---@param input table of input.open
---@param ignored table<string, boolean> names of --ignore
---@param defaults table[] of columns.defaults
---@return fun(row: table): table?, string? args, or nil, message
function columns.reader(operation, input, ignored, defaults)
  local used_columns = input.header and columns_of(operation, input.header, ignored)
  return function(row)
    local args, message
    if used_columns then
      args, message = from_cells(used_columns, row.cells)
    else
      args, message = from_object(row.object, ignored)
    end
    if not args then return nil, message end
    for _, default in ipairs(defaults) do
      message = arguments.put(args, default.param.name, default.value, true)
      if message then return nil, message end
    end
    return args
  end
end

return columns
