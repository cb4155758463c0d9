-- The API as a function from request to answer: key, rate limit, dispatch by the operations table. No I/O.
local json = require "cmr.mock.json"
local answer = require "cmr.mock.answer"
local fields = require "cmr.mock.fields"
local routes = require "cmr.mock.routes"
local scope = require "cmr.mock.routes.scope"

local api = {}
api.__index = api

local KEY_HEADER = "cmr-x-api-key"

--- An API over a world.
-- @param config {key = the key that is right, base = "/api/v1/integration", operations = array of rows}
-- @param world from state.new
function api.new(config, world)
  local by_path, by_name = {}, {}
  for _, row in ipairs(config.operations) do
    by_name[row.name] = row
    if row.path and row.path ~= json.null then
      local methods = by_path[row.path] or {}
      -- assumed: where the method is not documented, any will do
      methods[(row.method == json.null or not row.method) and "*" or row.method] = row
      by_path[row.path] = methods
    end
  end
  return setmetatable({ key = config.key, base = config.base, by_path = by_path, rows = by_name, world = world }, api)
end

--- Which operation is meant: sets operation, operation_name and operation_path where they are known.
-- @param request {method, path}: the path as it was sent
function api:identify(request)
  if request.path:sub(1, #self.base) ~= self.base then return end
  local path = request.path:sub(#self.base + 1)
  local methods = self.by_path[path]
  if not methods then return end
  request.methods, request.operation_path = methods, path
  request.operation = methods[request.method] or methods["*"]
  request.operation_name = request.operation and request.operation.name
end

local function not_allowed(methods)
  local allowed = {}
  for method in pairs(methods) do
    allowed[#allowed + 1] = method
  end
  table.sort(allowed)
  local reply = answer.assume(answer.new(405, "Method Not Allowed"), "status 405; message")
  reply.headers["Allow"] = table.concat(allowed, ", ")
  return reply
end

local function over_limit(wait)
  -- assumed: that Retry-After counts seconds, and the message
  local reply = answer.assume(answer.new(429, "Rate limit exceeded"), "Retry-After in seconds; message")
  reply.headers["Retry-After"] = tostring(math.max(1, math.ceil(wait - 1e-9)))
  return reply
end

local function handle(handler, request, world)
  request.fields = fields.of(request)
  fields.check(request.operation, request.fields)
  request.user = scope.user(request, world)
  return handler(request, world)
end

--- The answer to a request.
-- @param request {method, path, query = {name = text}, headers = {lower-case name = text}, raw_body}, identified
function api:answer(request)
  local key = request.headers[KEY_HEADER]
  if key ~= self.key then return answer.new(401, "Invalid API Key") end
  local passes, wait = self.world:take(key)
  if not passes then return over_limit(wait) end
  if not request.methods then return answer.assume(answer.new(404, "Not Found"), "message") end
  local row = request.operation
  if not row then return not_allowed(request.methods) end
  local handler = routes[row.name]
  if not handler then
    local message = ("mock: the operation '%s' is not implemented"):format(row.name)
    return answer.assume(answer.new(501, message), "everything")
  end
  local body = json.object(request.raw_body)
  if not body then return answer.assume(answer.new(400, "Malformed JSON"), "message") end
  request.body, request.rows = body, self.rows
  self.world:catch_up()
  return self.world:call(answer.of, handle, handler, request, self.world)
end

return api
