-- A request's fields, held against the operations table: what is required, types, closed sets. All that the table says
-- is checked here, so that no handler has to.
local json = require "cmr.mock.json"
local answer = require "cmr.mock.answer"

local fields = {}

local refuse = answer.refuse

local types = {
  any = function()
    return true
  end,
}

for _, name in ipairs { "string", "number", "boolean" } do
  types[name] = function(value)
    return type(value) == name
  end
end

-- All whole numbers of the table count something: pages, items, years.
function types.integer(value)
  return type(value) == "number" and value % 1 == 0 and value >= 1
end

-- An empty table may have been either: lua-cjson does not tell.
function types.array(value)
  return type(value) == "table" and (#value > 0 or next(value) == nil)
end

function types.object(value)
  return type(value) == "table" and #value == 0
end

types.map = types.object

local function missing(value)
  return value == nil or value == json.null or value == ""
end

-- The parameters below each: trees[row]["mailboxes.*[]"] lists {step = "username", param}, and so on.
local trees = setmetatable({}, { __mode = "k" })

local function tree_of(row)
  local tree = { [""] = {} }
  for _, param in ipairs(row.params) do
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

local function one_of(values, value)
  for _, allowed in ipairs(values) do
    if allowed == value then return true end
  end
end

local check

local function check_member(tree, param, value, path)
  -- An optional string may be empty: the vendor's own sample has one.
  local absent = value == nil or value == json.null or (value == "" and param.required)
  if absent and param.required then refuse(400, ("Please provide '%s'"):format(path)) end
  if not absent then check(tree, param, value, path) end
end

local function check_below(tree, child, value, path)
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

function check(tree, param, value, path)
  local below = tree[param.name] or {}
  if param.or_item and type(value) == "table" and not types.array(value) then
    return check(tree, below[1].param, value, path)
  end
  if not types[param.type](value) then
    refuse(400, ("'%s' must be of type %s"):format(path, param.type == "integer" and "integer, from 1" or param.type))
  end
  if param.values and not one_of(param.values, value) then
    refuse(400, ("'%s' must be one of %s"):format(path, table.concat(param.values, ", ")))
  end
  if (param.required or param.either) and param.type == "array" and #value == 0 then
    refuse(400, ("'%s' must not be empty"):format(path))
  end
  for _, child in ipairs(below) do
    check_below(tree, child, value, path)
  end
end

-- Parameters of which one is wanted, or at least one.
local function check_choice(row, given)
  local names, count, exactly = {}, 0, false
  for _, param in ipairs(row.params) do
    if param.either then
      names[#names + 1] = "'" .. param.name .. "'"
      exactly = param.either == "one"
      if not missing(given[param.name]) then count = count + 1 end
    end
  end
  local what = table.concat(names, " or ")
  -- assumed: the status, as of a rule that was not kept
  if #names > 0 and count == 0 then refuse(422, "Please provide " .. what, "status 422; message") end
  if exactly and count > 1 then refuse(422, "Please provide only one of " .. what, "status 422; message") end
end

local function check_user(row, given)
  for _, param in ipairs(row.params) do
    if param.name == "userId" and (given.userId == "" or param.required and missing(given.userId)) then
      -- assumed: the message is documented, its status is not
      refuse(422, "Please provide a userId", "status 422")
    end
  end
end

--- Refuse a request whose fields are not as a row says.
-- @param given table of field = value
function fields.check(row, given)
  trees[row] = trees[row] or tree_of(row)
  check_user(row, given)
  for _, top in ipairs(trees[row][""]) do
    check_member(trees[row], top.param, given[top.param.name], top.param.name)
  end
  check_choice(row, given)
end

--- What a request gives, each field from the place where the row wants it; numbers in the query become numbers.
-- @param request {operation = row, query, body}
-- @return table of field = value, without those that are null
function fields.of(request)
  local row, given = request.operation, {}
  local function take(name, value)
    if value ~= json.null then given[name] = value end
  end
  if row.rest and row.rest ~= json.null then
    for name, value in pairs(request[row.rest]) do
      take(name, value)
    end
  end
  for _, param in ipairs(row.params) do
    local value = request[param["in"]][param.name]
    if param["in"] == "query" and param.type == "integer" then value = tonumber(value) or value end
    take(param.name, value)
  end
  return given
end

return fields
