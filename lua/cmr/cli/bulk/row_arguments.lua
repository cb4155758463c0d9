---Turns a row of the input into the arguments of an operation. A column has the name of an API field. The column
---google.clientId gives the member clientId of the object google. An empty cell leaves the field out, and so does null
---in JSON lines. Columns with the prefix "cmr." are reserved and ignored.

local arguments = require "cmr.cli.arguments"
local core = require "cmr.core"
local identity = require "cmr.ledger.identity"
local io = require "cmr.cli.io"
local validate = require "cmr.util.validate"

local row_arguments = {}

local RESERVED_PREFIX = "cmr."

---Returns the name of the column that cmr adds for a field: "run" -> "cmr.run".
function row_arguments.reserved(name)
  return RESERVED_PREFIX .. name
end

---Returns whether this is the name of a column that cmr adds.
function row_arguments.is_reserved(name)
  return name:sub(1, #RESERVED_PREFIX) == RESERVED_PREFIX
end

local function is_used(name, ignored)
  return not ignored[name] and not row_arguments.is_reserved(name)
end

local function names_in(texts)
  local names = {}
  for _, text in ipairs(texts or {}) do
    for name in text:gmatch "[^,]+" do
      names[#names + 1] = identity.trim(name)
    end
  end
  return names
end

---Returns a table with true for the name of each column that is left out.
---@param texts string[] The values of --ignore.
---@param only string[]? The values of --only, which leaves out all other columns.
---@return table<string, boolean>
function row_arguments.ignored(texts, only)
  local ignored, chosen = {}, {}
  for _, name in ipairs(texts or {}) do
    ignored[name] = true
  end
  for _, name in ipairs(names_in(only)) do
    chosen[name] = true
  end
  if next(chosen) == nil then return ignored end
  return setmetatable(ignored, {
    __index = function(_, name)
      return not chosen[name]
    end,
  })
end

---Raises a mistake if --only names a column that the header does not have.
---@param header string[]? Nil for JSON lines, in which an object may lack any member.
function row_arguments.check_only(header, only)
  if not header then return end
  for _, name in ipairs(names_in(only)) do
    local found = false
    for _, column in ipairs(header) do
      found = found or column == name
    end
    if not found then io.usage("option '--only': no column '%s'%s", name, validate.suggestion(name, header)) end
  end
end

-- Returns the parameter with this name, or nil. If the operation has undocumented fields, an unknown name becomes a
-- parameter of the type string.
local function find_parameter(operation, name)
  local exact = arguments.param(operation, name)
  if exact then return exact end
  if operation.open_location and name:find "^%a[%w_.]*%f[^%w_.]$" then return { name = name, type = "string" } end
end

-- Returns the parameter with this name. Raises a mistake if there is none.
local function parameter(operation, name, source)
  local exact, names = find_parameter(operation, name), {}
  if exact then return exact end
  for _, param in ipairs(operation.params) do
    if not param.name:find "[%[*]" then names[#names + 1] = param.name end
  end
  local hint = validate.suggestion(name, names)
  if hint == "" and source == "column" then hint = (" ('--ignore %s' leaves it out)"):format(name) end
  io.usage("%s '%s' is not a field of %s%s", source, name, arguments.command(operation.name), hint)
end

-- Refuses all columns that are not fields of the operation, in one message.
local function refuse_columns(operation, unknown, known)
  if #unknown == 1 then parameter(operation, unknown[1], "column") end
  local list = require("cmr.util.text").list
  for index, name in ipairs(unknown) do
    unknown[index] = ("'%s'"):format(name)
  end
  local only = known[1] and ("'--only %s' uses the others"):format(table.concat(known, ","))
    or "--only names the columns to use"
  io.usage("columns %s are not fields of %s (%s)", list(unknown, "and"), arguments.command(operation.name), only)
end

-- Sorts entries by their parameter, so that objects come before their members.
local function parents_first(entries)
  local sorted = {}
  for _, nested in ipairs { false, true } do
    for _, entry in ipairs(entries) do
      if (entry.param.name:find(".", 1, true) ~= nil) == nested then sorted[#sorted + 1] = entry end
    end
  end
  return sorted
end

-- Returns the used columns of a header as a list of {index, param}. Also returns the indices of the columns that have
-- no name and are not ignored. Spreadsheets make such columns: they write separators behind the last name.
local function columns_of(operation, header, ignored)
  local list, nameless, seen, known, unknown = {}, {}, {}, {}, {}
  for index, name in ipairs(header) do
    if name == "" then
      nameless[#nameless + 1] = not ignored[name] and index or nil
    elseif is_used(name, ignored) then
      if seen[name] then io.usage("column '%s' appears twice", name) end
      seen[name] = true
      local param = find_parameter(operation, name)
      local names = param and known or unknown
      names[#names + 1] = name
      list[#list + 1] = { index = index, param = param }
    end
  end
  if #unknown > 0 then refuse_columns(operation, unknown, known) end
  local command = arguments.command(operation.name)
  if #list == 0 then io.usage("the header has no field of %s: %s", command, table.concat(header, ", ")) end
  return parents_first(list), nameless
end

-- Refuses a row with a value in a column without a name.
local function check_nameless(row, nameless, used_columns)
  for _, index in ipairs(nameless) do
    if identity.trim(row.cells[index]) ~= "" then
      local names = {}
      for number, column in ipairs(used_columns) do
        names[number] = column.param.name
      end
      local message = "row %d (line %d): column %d has a value, but no name in the header (--only %s leaves it out)"
      io.usage(message, row.number, row.line, index, table.concat(names, ","))
    end
  end
end

---Returns the fields of --set. A field applies to each row that lacks the field. A wrong text raises a mistake.
---@param texts string[] "NAME=VALUE"
---@return table[] list of {param, value}
function row_arguments.defaults(operation, texts, read)
  local list = {}
  for index, pair in ipairs(arguments.pairs("--set", texts)) do
    local param, label = parameter(operation, pair.name, "option '--set':"), ("option '--set %s'"):format(pair.name)
    list[index] = { param = param, value = arguments.convert(param, label, pair.value, read) }
  end
  return parents_first(list)
end

local function from_cells(used_columns, cells, trimmed)
  local args = {}
  for _, column in ipairs(used_columns) do
    local text = identity.trim(cells[column.index])
    if text ~= cells[column.index] then trimmed.count = (trimmed.count or 0) + 1 end
    if text ~= "" then
      local value, message = arguments.value(column.param, text)
      if value == nil then return nil, ("'%s' %s"):format(column.param.name, message) end
      message = arguments.put(args, column.param.name, value)
      if message then return nil, message end
    end
  end
  return args
end

-- Returns whether a value is "all" and means the whole list: some parameters accept this word in place of a list.
local function means_all(operation, name, value)
  local param = value == "all" and arguments.param(operation, name)
  return param and param.all_required
end

local function from_object(operation, object, ignored)
  local args = {}
  for name, value in pairs(object) do
    local is_given = type(name) == "string" and value ~= core.null
    if is_given and is_used(name, ignored) then args[name] = means_all(operation, name, value) and core.all or value end
  end
  return args
end

---Makes the function that turns a row into arguments. Raises a mistake if the header is wrong.
---@param ignored table<string, boolean> The columns to leave out, from row_arguments.ignored.
---@param trimmed table? trimmed.count becomes the number of cells from which the function removed surrounding blanks.
---@return fun(row: table): table?, string? args, or nil and a message
function row_arguments.reader(operation, input, ignored, defaults, trimmed)
  local used_columns, nameless
  if input.header then
    used_columns, nameless = columns_of(operation, input.header, ignored)
  end
  return function(row)
    local args, message
    if used_columns then
      check_nameless(row, nameless, used_columns)
      args, message = from_cells(used_columns, row.cells, trimmed or {})
    else
      args = from_object(operation, row.object, ignored)
    end
    if not args then return nil, message end
    for _, default in ipairs(defaults) do
      message = arguments.put(args, default.param.name, default.value, true)
      if message then return nil, message end
    end
    return args
  end
end

return row_arguments
