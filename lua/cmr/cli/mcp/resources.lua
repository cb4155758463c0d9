---The resources: the reference of the operations, and the requests in the ledger.

local arguments = require "cmr.cli.arguments"
local examples = require "cmr.examples"
local help = require "cmr.cli.help"
local ledger_tools = require "cmr.cli.mcp.ledger_tools"
local operations = require "cmr.operations"
local protocol = require "cmr.cli.mcp.protocol"
local tools = require "cmr.cli.mcp.tools"

local resources = {}

local OPERATIONS, OPERATION = "cmr://operations", "^cmr://operations/([%w_]+)$"
local LEDGER, ENTRY = "cmr://ledger", "^cmr://ledger/(%d+)$"
local MAX_ID_DIGITS = 15

-- Returns one line for each operation. If the operation has no tool, the line says why.
local function index(server)
  local lines = {}
  for position, operation in ipairs(operations) do
    local refusal = tools.refusal(server, operation)
    local note = refusal and (" (no tool: %s)"):format(refusal) or ""
    lines[position] = ("- %s: %s%s"):format(operation.name, help.summary(operation), note)
  end
  return table.concat(lines, "\n")
end

local function reference(operation)
  local lines = { "# " .. operation.name, "", help.operation(operation), "" }
  for _, param in ipairs(operation.params) do
    local required = (param.required or param.all_required) and ", required" or ""
    local line = ("- `%s` (%s%s): %s"):format(param.name, param.type, required, help.description(param) or "")
    lines[#lines + 1] = line
  end
  if examples[operation.name] then
    lines[#lines + 1] = "\nExample: " .. examples[operation.name]:gsub("%s*\n%s*", " ")
  end
  local sample = require("cmr.samples")[operation.name]
  if sample and sample.answer then lines[#lines + 1] = "\nDocumented answer: " .. sample.answer end
  return table.concat(lines, "\n")
end

---Returns the list of resources.
function resources.list()
  local list = {
    { uri = OPERATIONS, name = "operations", title = "The API's operations", mimeType = "text/markdown" },
    { uri = LEDGER, name = "ledger", title = "The newest requests that were sent", mimeType = "application/json" },
  }
  for _, operation in ipairs(operations) do
    list[#list + 1] = {
      uri = OPERATIONS .. "/" .. operation.name,
      name = operation.name,
      title = operation.title,
      description = arguments.undocumented(operation) and "Its path is not documented." or nil,
      mimeType = "text/markdown",
    }
  end
  return list
end

---Returns the templates of resources.
function resources.templates()
  return {
    { uriTemplate = OPERATIONS .. "/{name}", name = "operation", title = "An operation", mimeType = "text/markdown" },
    { uriTemplate = LEDGER .. "/{ledger_id}", name = "request", title = "A request", mimeType = "application/json" },
  }
end

-- Returns the text and the type of a resource; or nil and a message.
local function read(server, uri)
  if uri == OPERATIONS then return index(server), "text/markdown" end
  if uri == LEDGER then
    local json, message = ledger_tools.history(server, {})
    return json, json and "application/json" or message
  end
  local operation = operations[uri:match(OPERATION)]
  if type(operation) == "table" then return reference(operation), "text/markdown" end
  local id = uri:match(ENTRY)
  if id and #id <= MAX_ID_DIGITS then
    local json, message = ledger_tools.request(server, tonumber(id))
    return json, json and "application/json" or message
  end
  return nil, "unknown resource"
end

---Reads a resource.
---@param server table
---@param params table the client's params
---@return table? result
---@return integer? code
---@return string? message
function resources.read(server, params)
  local uri = params.uri
  if type(uri) ~= "string" then return nil, protocol.BAD_PARAMS, "the uri is missing" end
  local text, kind = read(server, uri)
  if not text then return nil, protocol.UNKNOWN_RESOURCE, kind end
  return { contents = { { uri = uri, mimeType = kind, text = text } } }
end

return resources
