---Makes the JSON Schema of an operation's arguments from the operations table. Pure.

local core = require "cmr.core"
local help = require "cmr.cli.help"
local parameters = require "cmr.parameters"

local schema = {}

---The argument with which an assistant repeats a request on purpose.
schema.REPEAT_OF = "repeatOf"

local REPEAT_OF = {
  type = "integer",
  description = "Only to send a request again on purpose, when the user wants that: the ledger_id of the earlier one.",
}

local of_node

local function add_members(made, node)
  made.type, made.properties, made.additionalProperties = "object", {}, false
  for _, member in ipairs(node.members) do
    local param = member[2].param
    if param.type ~= "file" and not (member[2].value and member[2].value.type == "file") then
      made.properties[member[1]] = of_node(member[2])
      if param.required or param.all_required then
        made.required = made.required or core.array {}
        table.insert(made.required, member[1])
      end
    end
  end
end

-- Returns the part of the schema that follows from the type of the value.
local function kind_of(node)
  local made = {}
  if node.type == "object" and node.members[1] then
    add_members(made, node)
  elseif node.type == "array" then
    made.type, made.items = "array", node.item and of_node(node.item) or {}
  elseif node.type == "map" then
    made.type, made.additionalProperties = "object", node.value and of_node(node.value) or true
  elseif node.type ~= "any" then
    made.type = node.type
  end
  return made
end

function of_node(node)
  local param, made = node.param, kind_of(node)
  if param.values then made.enum = core.array { (table.unpack or unpack)(param.values) } end
  if param.type == "integer" then
    made.minimum, made.maximum = 1, param.maximum
  end
  if param.all_required then made = { anyOf = { made, { const = "all" } } } end
  made.description = help.description(param)
  if param.all_required then made.description = made.description .. ' The text "all" means all of them.' end
  return made
end

---Returns the schema of an operation's arguments. The schema has no parameters for files, because an assistant must not
---choose which files are sent.
---@param operation table
---@param may_repeat boolean Whether the operation has the argument schema.REPEAT_OF.
---@return table
function schema.of_operation(operation, may_repeat)
  local made = {}
  add_members(made, parameters.tree(operation))
  made.additionalProperties = operation.open_location ~= nil
  if may_repeat then made.properties[schema.REPEAT_OF] = REPEAT_OF end
  return made
end

---Some operations need exactly one, or at least one, of several arguments. For such an operation, returns a sentence
---that says so. For any other operation, returns nil. The schema omits this rule, because the interfaces of language
---models refuse anyOf at the top level of a schema.
---@return string?
function schema.choice(operation)
  local names, kind = parameters.choice(operation)
  if not kind then return nil end
  local list = require("cmr.util.text").list(names, "or")
  return ("Needs %s of the arguments %s."):format(kind == "one" and "exactly one" or "at least one", list)
end

return schema
