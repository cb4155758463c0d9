---The methods of the Model Context Protocol that the server answers.

local core = require "cmr.core"
local prompts = require "cmr.cli.mcp.prompts"
local protocol = require "cmr.cli.mcp.protocol"
local resources = require "cmr.cli.mcp.resources"
local session = require "cmr.cli.mcp.session"
local tools = require "cmr.cli.mcp.tools"

local methods = {}

local INSTRUCTIONS = [[
The tools are the operations of the Cold Mail Reseller API. Orders cost money and cannot be undone, so read the outcome
of a failed call before you repeat it: not_sent and rejected mean that nothing was done, unknown means that it may have
been done. The tool history lists what was sent. Passwords and tokens in answers are masked as ***.
This server allows: %s.]]

local function instructions(allowed)
  local words = { "reads" }
  for _, class in ipairs(require("cmr.cli.mcp.access").CLASSES) do
    if allowed[class] then words[#words + 1] = class end
  end
  return INSTRUCTIONS:format(table.concat(words, ", "))
end

-- Makes the method that returns a list. Every list has only one page.
local function list(name, items)
  return function(params)
    if params.cursor ~= nil then return nil, protocol.BAD_PARAMS, "unknown cursor" end
    return { [name] = items() }
  end
end

---Returns the methods for a session, see session.new.
---@param server table {client, ledger, allowed}
---@return table<string, fun(session: cmr.cli.mcp.Session, params: table, request: table): table?, integer?, string?>
function methods.new(server)
  local list_tools = list("tools", function()
    return tools.list(server)
  end)
  local list_resources = list("resources", resources.list)
  local list_templates = list("resourceTemplates", resources.templates)
  local list_prompts = list("prompts", prompts.list)
  return {
    initialize = function(self, params)
      if self.version then return nil, protocol.INVALID_REQUEST, "the session is initialized already" end
      if type(params.protocolVersion) ~= "string" then
        return nil, protocol.BAD_PARAMS, "the protocolVersion is missing"
      end
      self.version = protocol.agree(params.protocolVersion)
      self.capabilities = type(params.capabilities) == "table" and params.capabilities or {}
      return {
        protocolVersion = self.version,
        capabilities = { tools = {}, resources = {}, prompts = {}, logging = {} },
        serverInfo = { name = "cmr", title = "Cold Mail Reseller", version = core._VERSION },
        instructions = instructions(server.allowed),
      }
    end,
    ping = function()
      return {}
    end,
    ["logging/setLevel"] = function(self, params)
      if not session.LEVELS[params.level] then return nil, protocol.BAD_PARAMS, "unknown level" end
      self.level = params.level
      return {}
    end,
    ["tools/list"] = function(_, params)
      return list_tools(params)
    end,
    ["tools/call"] = function(self, params, request)
      return tools.call(server, self, request, params)
    end,
    ["resources/list"] = function(_, params)
      return list_resources(params)
    end,
    ["resources/templates/list"] = function(_, params)
      return list_templates(params)
    end,
    ["resources/read"] = function(_, params)
      return resources.read(server, params)
    end,
    ["prompts/list"] = function(_, params)
      return list_prompts(params)
    end,
    ["prompts/get"] = function(_, params)
      return prompts.get(params)
    end,
  }
end

return methods
