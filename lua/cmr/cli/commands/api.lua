---cmr api: sends any request, also one for which cmr has no command.

local arguments = require "cmr.cli.arguments"
local io = require "cmr.cli.io"
local tables = require "cmr.util.tables"

local api = { dry_run = true }

api.epilog = [[
A request other than a GET may charge or destroy. The command asks for a
confirmation, or needs --yes.

Example:
   cmr api GET /subscriptions -q status=ACTIVE -q limit=100
   cmr api POST /mailboxes/oauth -d @reexport.json]]

api.options = {
  { "-q --query", "NAME=VALUE", "A parameter of the query; may be repeated.", count = "*" },
  {
    "-d --data",
    "JSON|@FILE|-",
    "The body, a JSON object or array: as text, from a file or from standard input.",
  },
}

function api.arguments(command)
  command:usage "Usage: cmr api [options] METHOD PATH"
  command:argument("METHOD"):target(".method"):description "GET, POST, PUT, PATCH or DELETE."
  command:argument("PATH"):target(".path"):description "The path below the base URL, such as /geo/countries."
end

-- Returns the query in two forms: for client:request and for core.request.
local function query_of(options)
  local query, list = {}, {}
  for _, pair in ipairs(arguments.pairs("--query", options)) do
    query[pair.name] = pair.value
  end
  for index, name in ipairs(tables.sorted_keys(query)) do
    list[index] = { name, query[name] }
  end
  return query, list
end

function api.run(parsed, system)
  local request = require "cmr.cli.request"
  local read, method, path = io.reader(system), parsed[".method"]:upper(), parsed[".path"]
  if path:find("?", 1, true) then io.usage "the path has no query: give it as -q NAME=VALUE" end
  local query, list = query_of(parsed[".query"])
  local body = arguments.json("--data", parsed[".data"], read)
  local has_effect = method ~= "GET"
  return request.send({
    method = "request",
    prepare = function(target)
      return require("cmr.core").request(target, method, path, { query = list, body = body })
    end,
    args = { method, path, { query = query, body = body } },
    has_effect = has_effect,
    acts = has_effect,
    reason = has_effect and ("api: a %s may charge or destroy"):format(method) or nil,
    about = {},
  }, parsed, system, request.client_for_one(parsed, system, read, has_effect))
end

return api
