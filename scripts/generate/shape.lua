---Describes the structure of a request or an answer as a tree. The structure comes from an operation's parameters, or
---from a sample. Pure.
---
---The nodes are those of cmr.parameters, with three additions. `type` may be "any" or "null". `optional` is true if
---only some samples have the value. `meaning` is a sentence about a value that is easily misread.

local ordered_json = require "scripts.generate.ordered_json"
local parameters = require "cmr.parameters"

local shape = {}

local node = parameters.node

---Returns the node of the object that has an operation's parameters.
---@param operation table
---@param location string? "query" or "body" for only these parameters; nil for all.
---@return table node
function shape.of_operation(operation, location)
  local params = {}
  for _, param in ipairs(operation.params) do
    if not location or param["in"] == location then params[#params + 1] = param end
  end
  return parameters.tree { params = params }
end

---Returns the node for the data of an event.
---@param event table a row of cmr.webhook.events
---@return table node
function shape.of_event(event)
  local params = {}
  for _, field in ipairs(event.fields) do
    local items = field.name:match "^(.*)%.[^.]+$"
    if items and items:find "%[%]$" and not params[items] then
      params[items] = true
      params[#params + 1] = { name = items, type = "object" }
    end
    params[#params + 1] = { name = field.name, type = field.type }
  end
  return shape.of_operation { params = params }
end

local function find(members, name)
  for _, member in ipairs(members) do
    if member[1] == name then return member[2] end
  end
end

local merge

-- Returns the members of two objects together. A member that only one of them has is optional.
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

-- Returns one node for two samples of the same value.
function merge(one, other)
  if not one or not other then return one or other end
  if one.type == "null" or other.type == "null" then
    local other_type = one.type == "null" and other or one
    other_type.optional = true
    return other_type
  end
  if one.type ~= other.type then return node "any" end
  one.members = merge_members(one.members, other.members)
  one.item, one.value = merge(one.item, other.item), merge(one.value, other.value)
  return one
end

-- Returns the node for a value in a sample. A price is a "number", even if the sample has a whole number.
local function of_sample(value, name)
  local made = node(
    name and name:find "[pP]rice" and ordered_json.kind(value) == "integer" and "number" or ordered_json.kind(value)
  )
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

-- Turns an object into a map, because the names of its members are data, such as domain names.
local function make_map(object, type)
  for _, member in ipairs(object.members) do
    object.value = merge(object.value, member[2])
  end
  object.type, object.members, object.value = "map", {}, object.value or node(type)
end

-- Gives the members of a node their meanings.
local function explain(tree, meanings)
  for _, member in ipairs(tree.members) do
    member[2].meaning = meanings[member[1]]
    explain(member[2], meanings)
  end
  for _, part in ipairs { tree.item or false, tree.value or false } do
    if part then explain(part, meanings) end
  end
end

---Returns the structure of an operation's documented answer.
---@param sample table? a row of cmr.samples
---@return table? node The node of the envelope; nil if nothing is documented.
function shape.of_answer(sample)
  if not sample then return nil end
  local tree
  for _, name in ipairs { "answer", "partial" } do
    if sample[name] then tree = merge(tree, of_sample(ordered_json.read(sample[name]))) end
  end
  if sample.map then
    tree = tree or node "object"
    local data = find(tree.members, "data") or node "object"
    if not find(tree.members, "data") then table.insert(tree.members, { "data", data }) end
    make_map(data, sample.map)
  end
  if sample.meanings then explain(tree, sample.meanings) end
  return tree
end

---Returns the node of an object's member.
---@param tree table
---@param name string
---@return table? node
function shape.member(tree, name)
  return find(tree.members, name)
end

return shape
