-- The mock's own interface under /_mock/, for tests: reset, look, seed, break things, turn the clock.
local json = require "cmr.mock.json"
local rate = require "cmr.mock.rate_limit"
local faults = require "cmr.mock.faults"
local seeding = require "cmr.mock.seeding"
local webhooks = require "cmr.mock.deliveries"

local control = {}

local function reply(status, value)
  return { status = status, headers = {}, body = json.encode(value) }
end

local function refuse(why)
  return reply(400, { error = why })
end

local handlers = {}

-- A handler for JSON objects of these fields: name = type, with a "?" at the end when it may be left out.
local function accept(name, types, handler)
  handlers["POST /_mock/" .. name] = function(body, world)
    for field in pairs(body) do
      if not types[field] then return refuse(("unknown field '%s'"):format(field)) end
    end
    for field, wanted in pairs(types) do
      local kind, optional = wanted:match "^(%a+)(%??)$"
      local value = body[field]
      if type(value) ~= kind and not (value == nil and optional == "?") or value == "" then
        return refuse(("'%s' must be a %s"):format(field, kind))
      end
    end
    local value, why = handler(body, world)
    return value and reply(200, value) or refuse(why)
  end
end

accept("reset", { rate = "number?", window = "string?" }, function(body, world)
  if body.rate and body.rate < 0 then return nil, "'rate' must be requests per second, 0 for no limit" end
  if body.window and not rate.known(body.window) then return nil, "'window' must be bucket, fixed or sliding" end
  world:reset(body)
  return { rate = world.rate, window = world.window }
end)

accept("clock", { advance = "number?", speed = "number?" }, function(body, world)
  if (body.advance or 0) < 0 then return nil, "'advance' must be seconds, 0 or more" end
  if (body.speed or 1) < 1 then return nil, "'speed' must be 1 or more" end
  world:pass(body.advance or 0, body.speed)
  return { now = world:now() }
end)

accept("webhooks", { url = "string", signatureFormat = "string?", actionId = "boolean?" }, function(body, world)
  local destination, why = webhooks.check(body)
  if not destination then return nil, why end
  world.webhooks:add(destination)
  return { url = destination.url, signatureFormat = destination.signature_format.name }
end)

accept("deliveries", { id = "number", times = "number?" }, function(body, world)
  if (body.times or 1) < 1 or (body.times or 1) > 10000 then return nil, "'times' must be 1 to 10000" end
  local times, why = world.webhooks:again(body.id, body.times or 1)
  return times and { times = times }, why
end)

accept("failures", { domain = "string", reason = "string" }, function(body, world)
  world.refused[body.domain:lower()] = body.reason
  return body
end)

accept("wallet", { balance = "number" }, function(body, world)
  world.balance = body.balance
  return body
end)

for name, kind in pairs(seeding) do
  accept(name, kind.fields, kind.add)
end

handlers["GET /_mock/requests"] = function(_, world)
  return reply(200, json.array(world:requests()))
end

handlers["GET /_mock/deliveries"] = function(_, world)
  return reply(200, world.webhooks:list())
end

handlers["POST /_mock/faults"] = function(body, world)
  local fault, why = faults.check(body)
  if not fault then return refuse(why) end
  table.insert(world.faults, fault)
  return reply(200, { queued = #world.faults })
end

--- Is this path the mock's own?
function control.owns(path)
  return path:sub(1, 7) == "/_mock/"
end

--- The answer {status, headers, body} to a control request.
-- @param request {method, path, headers, raw_body}
-- @param token the header x-mock-token must say this
function control.answer(request, world, token)
  if request.headers["x-mock-token"] ~= token then return reply(403, { error = "the header x-mock-token is wrong" }) end
  local handler = handlers[request.method .. " " .. request.path]
  if not handler then return reply(404, { error = "no such control: " .. request.method .. " " .. request.path }) end
  local body, why = json.object(request.raw_body)
  if not body then return refuse("bad JSON: " .. why) end
  world:catch_up()
  return handler(body, world)
end

return control
