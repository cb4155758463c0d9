---The API as a function that turns a request into an answer. It checks the key and the rate limit, finds the operation
---and calls its handler. It does no I/O.
---
---A handler is a function with the name of its operation, in a file of routes/. handler(request, state) returns an
---answer or raises a refusal. request.fields has the checked fields. request.user is the user that userId names.

local answer = require "cmr.mock.answer"
local fields = require "cmr.mock.fields"
local json = require "cmr.mock.json"
local multipart = require "cmr.mock.multipart"
local scope = require "cmr.mock.routes.scope"

local Dispatch = {}
Dispatch.__index = Dispatch
Dispatch.__name = "cmr.mock.dispatch"

local KEY_HEADER = "cmr-x-api-key"

local GROUPS = { "users", "domains", "dns", "orders", "mailboxes", "subscriptions", "export", "prewarmed", "placement" }

local handlers = {}
for _, group in ipairs(GROUPS) do
  for name, handler in pairs(require("cmr.mock.routes." .. group)) do
    handlers[name] = handler
  end
end

---Makes the API for a state.
---@param config table {key = the correct key, base = "/api/v1/integration", operations = array}
---@param state table
---@return table dispatch
function Dispatch.new(config, state)
  local by_path, by_name = {}, {}
  for _, operation in ipairs(config.operations) do
    by_name[operation.name] = operation
    if operation.path and operation.path ~= json.null then
      local methods = by_path[operation.path] or {}
      -- assumed: an operation without a documented method accepts any method
      methods[(operation.method == json.null or not operation.method) and "*" or operation.method] = operation
      by_path[operation.path] = methods
    end
  end
  return setmetatable(
    { key = config.key, base = config.base, by_path = by_path, by_name = by_name, state = state },
    Dispatch
  )
end

---Finds the operation of a request. Sets the request's fields operation, operation_name and operation_path.
---@param request table {method, path = the path as sent}
function Dispatch:identify(request)
  if request.path:sub(1, #self.base) ~= self.base then return end
  local path = request.path:sub(#self.base + 1)
  local supplied = self.state.endpoints[request.method .. " " .. path]
  local operation = supplied and self.by_name[supplied.operation]
  local methods = operation and { [request.method] = operation } or self.by_path[path]
  if not methods then return end
  request.methods, request.operation_path = methods, path
  request.is_supplied, request.user_in = operation ~= nil, operation and supplied.user_in
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

local function over_limit(seconds)
  -- assumed: the message, and the unit of Retry-After
  local reply = answer.assume(answer.new(429, "Rate limit exceeded"), "Retry-After in seconds; message")
  reply.headers["Retry-After"] = tostring(math.max(1, math.ceil(seconds - 1e-9)))
  return reply
end

-- Returns the body as a table. If the operation takes JSON, an empty body counts as {}. Assumed: the API answers 400
-- to a body with a wrong Content-Type.
local function read_body(request)
  local content_type = (request.headers["content-type"] or ""):lower():match "^[^;]*"
  if request.operation.flags and request.operation.flags.form then
    if not multipart.is_form(request) then
      answer.refuse(400, "The Content-Type must be multipart/form-data", "status 400; message")
    end
    local parts, message = multipart.parts(request)
    return parts and multipart.fields(request.operation, parts) or answer.refuse(400, "Malformed form: " .. message)
  end
  if request.raw_body ~= "" and content_type:match "^%s*(.-)%s*$" ~= "application/json" then
    answer.refuse(400, "The Content-Type must be application/json", "status 400; message")
  end
  return json.object(request.raw_body) or answer.refuse(400, "Malformed JSON")
end

-- Answers a request at an endpoint that the user supplied, if the mock has no handler for its operation. Assumed: the
-- API answers with success.
local function record_only(request)
  return answer.success(request, nil, "Recorded by the mock")
end

local function handle(handler, request, state)
  request.body = read_body(request)
  fields.check_names(request)
  request.fields = fields.of(request)
  fields.check(request.operation, request.fields)
  request.user = scope.user(request, state)
  return handler(request, state)
end

---Answers a request, after Dispatch:identify has looked for its operation.
---@param request table {method, path, query = {name = text}, headers = {lower-case name = text}, raw_body}
---@return table answer
function Dispatch:answer(request)
  local key = request.headers[KEY_HEADER]
  if key ~= self.key then return answer.new(401, "Invalid API Key") end
  local passes, seconds = self.state:take(key)
  if not passes then return over_limit(seconds) end
  if not request.methods then return answer.assume(answer.new(404, "Not Found"), "message") end
  local operation = request.operation
  if not operation then return not_allowed(request.methods) end
  local handler = handlers[operation.name] or request.is_supplied and record_only
  if not handler then
    local message = ("mock: the operation '%s' is not implemented"):format(operation.name)
    return answer.assume(answer.new(501, message), "everything")
  end
  request.operations = self.by_name
  self.state:catch_up()
  return self.state:handle(answer.of, handle, handler, request, self.state)
end

return Dispatch
