---The control calls under /_mock/, for tests. docs/mock.md describes them.

local Deliveries = require "cmr.mock.deliveries"
local faults = require "cmr.mock.faults"
local json = require "cmr.mock.json"
local rate_limit = require "cmr.mock.rate_limit"
local seed = require "cmr.mock.model.seed"

local control = {}

local PREFIX = "/_mock/"
local MAX_REDELIVERIES = 10000

local handlers = {} -- by "METHOD /path": function(body, state) -> answer

local function reply(status, value)
  return { status = status, headers = {}, body = json.encode(value) }
end

local function refuse(message)
  return reply(400, { error = message })
end

local function check(body, types)
  for field in pairs(body) do
    if not types[field] then return nil, ("unknown field '%s'"):format(field) end
  end
  for field, expected in pairs(types) do
    local kind, optional = expected:match "^(%a+)(%??)$"
    local value = body[field]
    if kind ~= "any" and (type(value) ~= kind and not (value == nil and optional == "?") or value == "") then
      return nil, ("'%s' must be a %s"):format(field, kind)
    end
  end
  return true
end

-- Makes a control call that takes an object with these fields, given as name = type. A "?" marks an optional field.
local function accept(name, types, handler)
  handlers["POST " .. PREFIX .. name] = function(body, state)
    local ok, message = check(body, types)
    if not ok then return refuse(message) end
    local value, problem = handler(body, state)
    return value and reply(200, value) or refuse(problem)
  end
end

local function show(name, list)
  handlers["GET " .. PREFIX .. name] = function(_, state)
    return reply(200, json.array(list(state)))
  end
end

accept("reset", { rate = "number?", window = "string?" }, function(body, state)
  if body.rate and body.rate < 0 then return nil, "'rate' must be requests per second, 0 for no limit" end
  if body.window and not rate_limit.exists(body.window) then return nil, "'window' must be bucket, fixed or sliding" end
  state:reset(body)
  return { rate = state.rate, window = state.window }
end)

accept("clock", { advance = "number?", speed = "number?" }, function(body, state)
  if (body.advance or 0) < 0 then return nil, "'advance' must be seconds, 0 or more" end
  if (body.speed or 1) < 1 then return nil, "'speed' must be 1 or more" end
  state:advance(body.advance or 0, body.speed)
  return { now = state:now() }
end)

accept("webhooks", { url = "string", signatureFormat = "string?", actionId = "boolean?" }, function(body, state)
  local destination, message = Deliveries.destination(body)
  if not destination then return nil, message end
  state.deliveries:add(destination)
  return { url = destination.url, signatureFormat = destination.signature_format.name }
end)

accept("deliveries", { id = "number", times = "number?" }, function(body, state)
  local times = body.times or 1
  if times < 1 or times > MAX_REDELIVERIES then return nil, ("'times' must be 1 to %d"):format(MAX_REDELIVERIES) end
  local ok, message = state.deliveries:redeliver(body.id, times)
  return ok and { times = times }, message
end)

accept("failures", { domain = "string", reason = "string" }, function(body, state)
  state.failures[body.domain:lower()] = body.reason
  return body
end)

-- The call takes an object like the library's option `endpoints`.
handlers["POST " .. PREFIX .. "endpoints"] = function(body, state)
  for operation, endpoint in pairs(body) do
    if type(endpoint) ~= "string" or not state:supply(operation, endpoint) then
      return refuse(("'%s' must be METHOD /path"):format(operation))
    end
  end
  return reply(200, body)
end

accept("wallet", { balance = "number" }, function(body, state)
  state.balance = body.balance
  return body
end)

accept("faults", faults.FIELDS, function(body, state)
  local fault, message = faults.new(body)
  if not fault then return nil, message end
  table.insert(state.faults, fault)
  return { queued = #state.faults }
end)

for name, kind in pairs(seed.kinds) do
  accept(name, kind.fields, kind.add)
end

show("requests", function(state)
  return state:requests()
end)

show("deliveries", function(state)
  return state.deliveries:list()
end)

---Returns whether a path belongs to the control calls.
---@param path string
---@return boolean
function control.owns(path)
  return path:sub(1, #PREFIX) == PREFIX
end

---Answers a control call.
---@param request table {method, path, headers, raw_body}
---@param state table
---@param token string The correct value of the header x-mock-token.
---@return table answer {status, headers, body}
function control.answer(request, state, token)
  if request.headers["x-mock-token"] ~= token then return reply(403, { error = "the header x-mock-token is wrong" }) end
  local call = request.method .. " " .. request.path
  local handler = handlers[call]
  if not handler then return reply(404, { error = "no such control call: " .. call }) end
  local body, message = json.object(request.raw_body)
  if not body then return refuse("bad JSON: " .. message) end
  state:catch_up()
  return handler(body, state)
end

return control
