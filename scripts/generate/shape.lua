--- What a request or an answer consists of, as a tree: from the rows of the operations table, or from a sample.
--
-- A node: {type = "string" ... "object", "array", "map", "any", "null"; param = its row, where it has one;
-- members = array of {name, node} of an object; item = node of an array's items; value = node of a map's values;
-- optional = true where one sample shows it and another does not}. Pure.

local json = require "scripts.generate.ordered_json"

local shape = {}

local function node(type, param)
  return { type = type, param = param, members = {} }
end

-- "a.b" -> "a", "b"; "a[]" -> "a", "[]"; "a.*" -> "a", "*"; "a" -> "", "a"
local function split(name)
  local parent = name:match "^(.*)%[%]$"
  if parent then return parent, "[]" end
  parent = name:match "^(.*)%.[^.]+$" or ""
  return parent, name:match "[^.]+$"
end

--- The object that an operation's parameters make.
-- @param row    of the operations table
-- @param place  "query" or "body": only those; nil: all
function shape.of_row(row, place)
  local root = node "object"
  local nodes = { [""] = root }
  for _, param in ipairs(row.params) do
    if not place or param["in"] == place then
      local parent, part = split(param.name)
      local made, above = node(param.type, param), nodes[parent]
      nodes[param.name] = made
      if part == "[]" then
        above.item = made
      elseif part == "*" then
        above.value = made
      else
        table.insert(above.members, { part, made })
      end
    end
  end
  return root
end

local function find(members, name)
  for _, member in ipairs(members) do
    if member[1] == name then return member[2] end
  end
end

local merge

-- Members of both objects; what only one of them has is optional.
local function merge_members(one, other)
  local members = {}
  for _, member in ipairs(one) do
    local same = find(other, member[1])
    local merged = merge(member[2], same)
    merged.optional = merged.optional or not same
    table.insert(members, { member[1], merged })
  end
  for _, member in ipairs(other) do
    if not find(one, member[1]) then
      member[2].optional = true
      table.insert(members, member)
    end
  end
  return members
end

-- One node for what is shown twice.
function merge(one, other)
  if not one or not other then return one or other end
  if one.type == "null" or other.type == "null" then
    local known = one.type == "null" and other or one
    known.optional = true
    return known
  end
  if one.type ~= other.type then return node "any" end
  one.members = merge_members(one.members, other.members)
  one.item, one.value = merge(one.item, other.item), merge(one.value, other.value)
  return one
end

-- A price is a number also where the sample has a whole one.
local function of_sample(value, name)
  local made = node(name and name:find "[pP]rice" and json.kind(value) == "integer" and "number" or json.kind(value))
  if made.type == "array" then
    for _, item in ipairs(value) do
      made.item = merge(made.item, of_sample(item))
    end
  elseif made.type == "object" then
    for _, pair in ipairs(value) do
      table.insert(made.members, { pair[1], of_sample(pair[2], pair[1]) })
    end
  end
  return made
end

-- Turns an object whose members are named by data into a map of what they are.
local function make_map(object, type)
  for _, member in ipairs(object.members) do
    object.value = merge(object.value, member[2])
  end
  object.type, object.members, object.value = "map", {}, object.value or node(type)
end

--- What is documented of an operation's answer.
-- @param example  of cmr.samples, or nil
-- @return the envelope's node, or nil when nothing is
function shape.of_answer(example)
  if not example then return nil end
  local tree
  for _, name in ipairs { "answer", "partial" } do
    if example[name] then tree = merge(tree, of_sample(json.read(example[name]))) end
  end
  if example.map then
    tree = tree or node "object"
    local data = find(tree.members, "data") or node "object"
    if not find(tree.members, "data") then table.insert(tree.members, { "data", data }) end
    make_map(data, example.map)
  end
  return tree
end

--- The member of an object's node, or nil.
function shape.member(tree, name)
  return find(tree.members, name)
end

return shape
