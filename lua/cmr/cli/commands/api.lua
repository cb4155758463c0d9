--- cmr api: any request, for what has no command.

local arguments = require "cmr.cli.arguments"
local call = require "cmr.cli.request"
local io = require "cmr.cli.io"

local M = { dry_run = true }

local details = [[
Whatever is not a GET may charge or destroy, and asks before it is sent, or wants
--yes.

Example:
   cmr api GET /subscriptions -q status=ACTIVE -q limit=100
   cmr api POST /mailboxes/oauth -d @reexport.json]]

function M.arguments(command)
  command:usage "Usage: cmr api [options] METHOD PATH"
  command:argument("METHOD"):target(".method"):description "GET, POST, PUT, PATCH or DELETE."
  command:argument("PATH"):target(".path"):description "Below the base URL, as in /exports/platform-credentials."
  command
    :option("-q --query")
    :target(".query")
    :argname("NAME=VALUE")
    :count("*")
    :description "A parameter of the query; may be repeated."
  command
    :option("-d --data")
    :target(".data")
    :argname("JSON|@FILE|-")
    :description "The body, a JSON object or array: as text, from a file or from standard input."
  command:epilog(details)
end

local function query(pairs_given)
  if not pairs_given or #pairs_given == 0 then return nil end
  local values = {}
  for _, pair in ipairs(pairs_given) do
    local name, value = pair:match "^([^=]+)=(.*)$"
    if not name then io.usage("option '--query' wants NAME=VALUE, not '%s'", pair) end
    if values[name] then io.usage("option '--query': '%s' is given twice", name) end
    values[name] = value
  end
  return values
end

function M.run(given, system)
  local read, method, path = io.reader(system), given[".method"]:upper(), given[".path"]
  if path:find("?", 1, true) then io.usage "the path has no query: give it as -q NAME=VALUE" end
  local request = { query = query(given[".query"]), body = arguments.json("--data", given[".data"], read) }
  return call.send({
    what = "request",
    arguments = { method, path, request },
    acts = method ~= "GET",
    reason = method ~= "GET" and ("api: a %s may charge or destroy"):format(method) or nil,
    about = {},
  }, given, system, call.client_for_one(given, system, read))
end

return M
