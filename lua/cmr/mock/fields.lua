---Reads a request's fields and checks them against its operation: required fields, types and allowed values.

local answer = require "cmr.mock.answer"
local json = require "cmr.mock.json"
local tables = require "cmr.util.tables"

local fields = {}

local refuse = answer.refuse

local types = {}

for _, name in ipairs { "string", "number", "boolean" } do
  types[name] = function(value)
    return type(value) == name
  end
end

function types.any()
  return true
end

-- An integer must be at least 1, because every integer of the API counts pages, items or years.
function types.integer(value)
  return type(value) == "number" and value % 1 == 0 and value >= 1
end

-- An empty table is both an array and an object, because lua-cjson decodes [] and {} to the same value.
function types.array(value)
  return tables.is_list(value) or type(value) == "table" and next(value) == nil
end

-- Assumed: the API refuses a file that is not an image.
function types.file(value)
  return type(value) == "table" and type(value.type) == "string" and value.type:find "^image/" ~= nil
end

types.object = tables.is_object
types.map = tables.is_object

local function is_missing(value)
  return value == nil or value == json.null or value == ""
end

-- operation -> name of a parent -> list of its children {step, param}. A step is the last part of a parameter's name:
-- the parameter mailboxes.*[].username has the parent "mailboxes.*[]" and the step "username".
local trees = {}

local function tree_of(operation)
  local tree = { [""] = {} }
  for _, param in ipairs(operation.params) do
    local parent, step = param.name:match "^(.+)(%[%])$"
    if not parent then
      parent, step = param.name:match "^(.+)%.([^.]+)$"
    end
    parent = parent or ""
    tree[parent] = tree[parent] or {}
    table.insert(tree[parent], { step = step or param.name, param = param })
  end
  return tree
end

local check_value

local function check_member(tree, param, value, path)
  -- "" counts as absent only for a required parameter: the vendor's sample sends "" for an optional one
  local absent = value == nil or value == json.null or (value == "" and param.required)
  if absent and param.required then refuse(400, ("Please provide '%s'"):format(path)) end
  if not absent then check_value(tree, param, value, path) end
end

-- Assumed: the API refuses an undocumented member. An object without documented members may have any members.
local function check_names(children, value, path)
  local documented
  for _, child in ipairs(children) do
    if child.step == "[]" or child.step == "*" then return end
    documented = documented or {}
    documented[child.step] = true
  end
  for name in pairs(documented and value or {}) do
    if not documented[name] then
      refuse(400, ("'%s.%s' is not a known field"):format(path, name), "status 400; message")
    end
  end
end

local function check_child(tree, child, value, path)
  if child.step == "[]" then
    for index, item in ipairs(value) do
      check_member(tree, child.param, item, ("%s[%d]"):format(path, index - 1))
    end
  elseif child.step == "*" then
    for name, item in pairs(value) do
      check_member(tree, child.param, item, path .. "." .. name)
    end
  else
    check_member(tree, child.param, value[child.step], path .. "." .. child.step)
  end
end

function check_value(tree, param, value, path)
  local children = tree[param.name] or {}
  if param.accepts_item and type(value) == "table" and not types.array(value) then
    return check_value(tree, children[1].param, value, path)
  end
  if not types[param.type](value) then
    refuse(400, ("'%s' must be of type %s"):format(path, param.type == "integer" and "integer, from 1" or param.type))
  end
  if param.maximum and value > param.maximum then -- assumed: the API refuses a greater value, and does not lower it
    refuse(400, ("'%s' must be at most %d"):format(path, param.maximum), "status 400; message")
  end
  if param.values and not tables.contains(param.values, value) then
    refuse(400, ("'%s' must be one of %s"):format(path, table.concat(param.values, ", ")))
  end
  if (param.required or param.either) and param.type == "array" and #value == 0 then
    refuse(400, ("'%s' must not be empty"):format(path))
  end
  check_names(children, value, path)
  for _, child in ipairs(children) do
    check_child(tree, child, value, path)
  end
end

-- Checks an operation's alternative parameters: at least one, or exactly one, must be present.
local function check_choice(operation, values)
  local names, count, exactly_one = {}, 0, nil
  for _, param in ipairs(operation.params) do
    if param.either then
      names[#names + 1] = "'" .. param.name .. "'"
      exactly_one = param.either == "one"
      if not is_missing(values[param.name]) then count = count + 1 end
    end
  end
  local choice = table.concat(names, " or ")
  -- assumed: the status of this refusal
  if #names > 0 and count == 0 then refuse(422, "Please provide " .. choice, "status 422; message") end
  if exactly_one and count > 1 then refuse(422, "Please provide only one of " .. choice, "status 422; message") end
end

local function check_user(operation, values)
  for _, param in ipairs(operation.params) do
    if param.name == "userId" and (values.userId == "" or param.required and is_missing(values.userId)) then
      refuse(422, "Please provide a userId", "status 422") -- the message is documented
    end
  end
end

-- Returns where a request may have undocumented fields: "query", "body" or nil. Normally, this is the documented place.
-- An endpoint of the user may change the method. If it changes another method to GET, the place is "query". If it
-- changes GET to another method, the place is "body". The library has the same rule.
local function open_location(request)
  local operation = request.operation
  local open = operation.open_location
  if not open or open == json.null then return nil end
  if not request.is_supplied then return open end
  if request.method == "GET" then return "query" end
  return operation.method == "GET" and "body" or open
end

local function location_of(request, param)
  return param.name == "userId" and request.user_in or param["in"]
end

---Refuses undocumented fields, except in the place (query or body) that open_location returns.
---@param request table {operation, query, body}
function fields.check_names(request)
  local open = open_location(request)
  local documented = { query = {}, body = {} }
  for _, param in ipairs(request.operation.params) do
    documented[location_of(request, param)][param.name] = true
  end
  for location, names in pairs(documented) do
    for name in pairs(location ~= open and request[location] or {}) do
      if not names[name] then refuse(400, ("'%s' is not a known field"):format(name), "status 400; message") end
    end
  end
end

---Refuses a request when a field does not fit the operation.
---@param operation table
---@param values table {field = value}
function fields.check(operation, values)
  trees[operation] = trees[operation] or tree_of(operation)
  check_user(operation, values)
  for _, top in ipairs(trees[operation][""]) do
    check_member(trees[operation], top.param, values[top.param.name], top.param.name)
  end
  check_choice(operation, values)
end

---Reads the fields of a request from the query and the body. The operation decides where each field is, but an endpoint
---of the user can change the place of userId and of undocumented fields. Omits fields that are null. In the query, each
---field is a text. If the documentation says that the field is an integer, the function makes a number of the text.
---@param request table {operation, query, body}
---@return table values {field = value}
function fields.of(request)
  local operation, open, values = request.operation, open_location(request), {}
  for name, value in pairs(open and request[open] or {}) do
    if value ~= json.null then values[name] = value end
  end
  for _, param in ipairs(operation.params) do
    local location = location_of(request, param)
    local value = request[location][param.name]
    if value ~= nil and location == "query" and param.type == "integer" then value = json.number(value) or value end
    if value ~= json.null then values[param.name] = value end
  end
  return values
end

return fields
