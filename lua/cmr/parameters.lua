---The parameters of an operation as a tree. Pure.
---
---A node of the tree has these fields: type is a parameter's type, such as "string", "object", "array" or "map"; param
---is the parameter, if there is one; members is an object's array of {name, node}; item is the node of an array's
---items; value is the node of a map's values.

local parameters = {}

---Makes a node without members.
---@param type string
---@param param table?
---@return table node
function parameters.node(type, param)
  return { type = type, param = param, members = {} }
end

-- Splits a parameter's name into parent and step: "a.b" -> "a", "b"; "a[]" -> "a", "[]"; "a.*" -> "a", "*"; "a" -> "",
-- "a"
local function split(name)
  local parent = name:match "^(.*)%[%]$"
  if parent then return parent, "[]" end
  parent = name:match "^(.*)%.[^.]+$" or ""
  return parent, name:match "[^.]+$"
end

---Returns the node of the object that has an operation's parameters.
---@param operation table
---@return table node
function parameters.tree(operation)
  local root = parameters.node "object"
  local nodes = { [""] = root }
  for _, param in ipairs(operation.params) do
    local parent, part = split(param.name)
    local made, above = parameters.node(param.type, param), nodes[parent]
    nodes[param.name] = made
    if part == "[]" then
      above.item = made
    elseif part == "*" then
      above.value = made
    else
      table.insert(above.members, { part, made })
    end
  end
  return root
end

---Returns the parameters of which the request needs at least one ("any") or exactly one ("one").
---@param operation table
---@return string[] names
---@return string? kind "any" or "one"; nil if there is no such choice.
function parameters.choice(operation)
  local names, kind = {}, nil
  for _, param in ipairs(operation.params) do
    if param.either then
      names[#names + 1], kind = param.name, param.either
    end
  end
  return names, kind
end

return parameters
