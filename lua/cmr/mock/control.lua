-- The mock's own interface under /_mock/, for tests: reset, look, seed, break things, turn the clock.
local json = require "cmr.mock.json"
local rate = require "cmr.mock.rate"
local faults = require "cmr.mock.faults"

local control = {}

local function reply(status, value)
  return {status = status, headers = {}, body = json.encode(value)}
end

local function refuse(why)
  return reply(400, {error = why})
end

local function unknown(body, ...)
  local known = {}
  for _, name in ipairs{...} do known[name] = true end
  for name in pairs(body) do
    if not known[name] then return ("unknown field '%s'"):format(name) end
  end
end

local function text(value)
  return type(value) == "string" and value ~= ""
end

local handlers = {}

handlers["POST /_mock/reset"] = function(body, world)
  local why = unknown(body, "rate", "window")
  if why then return refuse(why) end
  if body.rate and not (type(body.rate) == "number" and body.rate >= 0) then
    return refuse("'rate' must be requests per second, 0 for no limit")
  end
  if body.window and not rate.known(body.window) then
    return refuse("'window' must be bucket, fixed or sliding")
  end
  world:reset(body)
  return reply(200, {rate = world.rate, window = world.window})
end

handlers["GET /_mock/requests"] = function(_, world)
  return reply(200, json.array(world:requests()))
end

handlers["POST /_mock/faults"] = function(body, world)
  local fault, why = faults.check(body)
  if not fault then return refuse(why) end
  table.insert(world.faults, fault)
  return reply(200, {queued = #world.faults})
end

handlers["POST /_mock/users"] = function(body, world)
  local why = unknown(body, "userId")
  if why then return refuse(why) end
  if not text(body.userId) then return refuse("'userId' must be a string") end
  world:add_user(body.userId)
  return reply(200, {userId = body.userId})
end

handlers["POST /_mock/mailboxes"] = function(body, world)
  local why = unknown(body, "mailboxId", "email", "userId", "status")
  if why then return refuse(why) end
  for _, name in ipairs{"mailboxId", "email", "userId"} do
    if not text(body[name]) then return refuse(("'%s' must be a string"):format(name)) end
  end
  if body.status and not text(body.status) then return refuse("'status' must be a string") end
  if not world.users[body.userId] then return refuse("no such user: seed it first") end
  world:add_mailbox(body)
  return reply(200, {mailboxId = body.mailboxId})
end

handlers["POST /_mock/clock"] = function(body, world)
  local why = unknown(body, "advance")
  if why then return refuse(why) end
  if not (type(body.advance) == "number" and body.advance >= 0) then
    return refuse("'advance' must be seconds, 0 or more")
  end
  world.offset = world.offset + body.advance
  return reply(200, {now = world:now()})
end

--- Is this path the mock's own?
function control.owns(path)
  return path:sub(1, 7) == "/_mock/"
end

--- The answer {status, headers, body} to a control request.
-- @param request {method, path, headers, raw_body}
-- @param token the header x-mock-token must say this
function control.answer(request, world, token)
  if request.headers["x-mock-token"] ~= token then return reply(403, {error = "the header x-mock-token is wrong"}) end
  local handler = handlers[request.method .. " " .. request.path]
  if not handler then return reply(404, {error = "no such control: " .. request.method .. " " .. request.path}) end
  local body, why = json.object(request.raw_body)
  if not body then return refuse("bad JSON: " .. why) end
  return handler(body, world)
end

return control
