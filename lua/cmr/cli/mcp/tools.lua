---The tools: one for each operation that the server allows, and also `await`, `history` and `read_more`.

local access = require "cmr.cli.mcp.access"
local bulk = require "cmr.bulk.plan"
local core = require "cmr.core"
local help = require "cmr.cli.help"
local ledger_tools = require "cmr.cli.mcp.ledger_tools"
local operations = require "cmr.operations"
local protocol = require "cmr.cli.mcp.protocol"
local schema = require "cmr.cli.mcp.schema"
local sending = require "cmr.cli.mcp.sending"
local tables = require "cmr.util.tables"
local validate = require "cmr.util.validate"

local tools = {}

local READ_MORE = {
  name = "read_more",
  description = "Reads on in the answer of another tool, which was too long. Sends nothing.",
  inputSchema = {
    type = "object",
    properties = { cursor = { type = "string", description = "The cursor that the other tool named." } },
    required = { "cursor" },
    additionalProperties = false,
  },
  annotations = { title = "Read on", readOnlyHint = true, openWorldHint = false },
}

-- Returns whether an operation's method and path are known: documented, or supplied by the user.
local function is_known(server, operation)
  local call, _, err = core[operation.name](server.client:target(), {})
  return call ~= nil or err.code ~= "undocumented"
end

-- Returns whether an operation's tool has the argument repeatOf.
local function may_repeat(operation)
  return not access.is_read(operation) and bulk.is_guarded(operation) or false
end

local function definition_of(operation)
  local description = help.operation(operation)
  local choice = schema.choice(operation)
  return {
    name = operation.name,
    description = choice and description .. "\n" .. choice or description,
    inputSchema = schema.of_operation(operation, may_repeat(operation)),
    annotations = access.annotations(operation),
  }
end

---Returns the reason why an operation has no tool, or nil if it has a tool.
---@param server table {client, allowed}
---@return string?
function tools.refusal(server, operation)
  if not is_known(server, operation) then
    local missing = operation.path and "method" or "path"
    return ("%s cannot be called: its %s is not documented"):format(operation.name, missing)
  end
  return access.refusal(server.allowed, operation)
end

---Returns the definitions of all tools.
---@param server table {client, allowed}
---@return table[]
function tools.list(server)
  if server.tools then return server.tools end
  local list = core.array {}
  for _, operation in ipairs(operations) do
    if not tools.refusal(server, operation) then list[#list + 1] = definition_of(operation) end
  end
  for _, definition in ipairs(ledger_tools.definitions) do
    list[#list + 1] = definition
  end
  list[#list + 1] = READ_MORE
  server.tools = list
  return list
end

-- Makes a tool's result from the answer and the notes. Without an answer, the notes say what failed.
local function result_of(session, answer, notes, is_failed)
  local content = {}
  local function add(text)
    if text then content[#content + 1] = { type = "text", text = text } end
  end
  if answer then
    local part, more = session.pages:add(answer)
    add(part)
    add(more)
  end
  add(notes)
  return { content = content, isError = answer == nil or is_failed == true }
end

local TYPES = { integer = "number" }

-- Checks the arguments of a tool that is no operation. If there is a mistake, returns a message about it.
local function problem_of(definition, args)
  local properties = definition.inputSchema.properties
  for _, name in ipairs(tables.sorted_keys(args)) do
    local property, value = properties[name], args[name]
    if not property then
      local hint = validate.suggestion(tostring(name), tables.sorted_keys(properties))
      return ("%s: unknown argument '%s'%s"):format(definition.name, tostring(name), hint)
    end
    local ok = type(value) == (TYPES[property.type] or property.type)
    if ok and type(value) == "number" then
      ok = (property.type ~= "integer" or value % 1 == 0)
        and value >= (property.minimum or value)
        and value <= (property.maximum or value)
    end
    if not ok then return ("%s: bad argument '%s' (%s)"):format(definition.name, name, property.description) end
  end
  for _, name in ipairs(definition.inputSchema.required or {}) do
    if args[name] == nil then return ("%s: missing argument '%s'"):format(definition.name, name) end
  end
end

local OTHERS = {}

function OTHERS.await(server, session, request, args)
  return ledger_tools.await(server, session, request, args)
end

function OTHERS.history(server, _, _, args)
  return ledger_tools.history(server, args)
end

function OTHERS.read_more(_, session, _, args)
  local part, more = session.pages:read(args.cursor)
  if not part then return nil, "this cursor is not known any more: call the tool again" end
  return part, more
end

local function call_other(definition, server, session, request, args)
  local problem = problem_of(definition, args)
  if problem then return result_of(session, nil, problem) end
  return result_of(session, OTHERS[definition.name](server, session, request, args))
end

-- If an argument names a file, returns the argument's name. Otherwise returns nil.
local function file_argument(operation, args)
  for _, param in ipairs(operation.params) do
    local name = param.type == "file" and param.name:match "^%w+"
    if name and args[name] ~= nil then return name end
  end
end

-- Returns the arguments for the library, and repeatOf; or nil and a message.
local function arguments_of(operation, args)
  local copy = tables.copy(args)
  local file = file_argument(operation, args)
  if file then
    return nil, ("%s: '%s' names files of this machine: only the command sends them"):format(operation.name, file)
  end
  for _, param in ipairs(operation.params) do
    if param.all_required and copy[param.name] == "all" then copy[param.name] = core.all end
  end
  if not may_repeat(operation) then return copy end
  local repeat_of = copy[schema.REPEAT_OF]
  copy[schema.REPEAT_OF] = nil
  return copy, repeat_of
end

local function call_operation(operation, server, session, request, args)
  local refusal = tools.refusal(server, operation)
  if refusal then return result_of(session, nil, refusal .. "; nothing was sent") end
  local copy, repeat_of = arguments_of(operation, args)
  if not copy then return result_of(session, nil, repeat_of) end
  return result_of(session, sending.run(server, session, request, operation, copy, repeat_of))
end

---Calls a tool.
---@param server table
---@param session cmr.cli.mcp.Session
---@param request table the client's request
---@param params table the request's params
---@return table? result
---@return integer? code
---@return string? message
function tools.call(server, session, request, params)
  local name, args = params.name, params.arguments
  if args == nil then args = {} end
  if type(name) ~= "string" then return nil, protocol.BAD_PARAMS, "the name of a tool is missing" end
  if not tables.is_object(args) then return nil, protocol.BAD_PARAMS, "arguments has to be an object" end
  for _, definition in ipairs(tools.list(server)) do
    if definition.name == name and OTHERS[name] then return call_other(definition, server, session, request, args) end
  end
  local operation = operations[name]
  if type(operation) ~= "table" then
    local names = {}
    for index, definition in ipairs(tools.list(server)) do
      names[index] = definition.name
    end
    local hint = validate.suggestion(name, names)
    return nil, protocol.BAD_PARAMS, ("unknown tool '%s'%s"):format(protocol.shown_name(name), hint)
  end
  return call_operation(operation, server, session, request, args)
end

return tools
