---The parameters of an operation as a tree. Pure.
---
---A node has a `type`, such as "string", "object", "array" or "map". Each node except the root has `param`, the
---parameter. An object's node has `members`: an array of {name, node}. An array's node has `item`, the node of the
---array's items. A map's node has `value`, the node of the map's values.

local parameters = {}

---Makes a node without members.
---@param type string
---@param param table?
---@return table node
function parameters.node(type, param)
  return { type = type, param = param, members = {} }
end

-- Splits a name into parent and step: "a.b" -> "a", "b"; "a[]" -> "a", "[]"; "a.*" -> "a", "*"; "a" -> "", "a"
local function split(name)
  local parent = name:match "^(.*)%[%]$"
  if parent then return parent, "[]" end
  parent = name:match "^(.*)%.[^.]+$" or ""
  return parent, name:match "[^.]+$"
end

---Returns the root of an operation's tree: the node of an object whose members are the parameters.
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

---Returns the parameters among which a request must choose.
---@param operation table
---@return string[] names
---@return string? kind "any": at least one of them; "one": exactly one of them. Nil if there is no such choice.
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
