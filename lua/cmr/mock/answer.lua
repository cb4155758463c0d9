-- The answers of the API: a status and the documented envelope {status, message, data, actionId}.
local json = require "cmr.mock.json"
local random = require "cmr.util.random"
local examples = require "cmr.samples"

local answer = {}

--- An answer {status, headers, envelope}.
-- @param data nil is sent as null, false leaves the member out (as some documented answers do)
-- @param more further members of the envelope, like {actionId = ...}
function answer.new(status, message, data, more)
  local envelope = { status = status, message = message }
  if data == nil then
    envelope.data = json.null
  elseif data ~= false then
    envelope.data = data
  end
  for name, value in pairs(more or {}) do
    envelope[name] = value
  end
  return { status = status, headers = {}, envelope = envelope }
end

--- Mark the answer where the documents leave something open: the header x-mock-assumed says what was made up.
function answer.assume(reply, what)
  local before = reply.headers["x-mock-assumed"]
  reply.headers["x-mock-assumed"] = before and before .. "; " .. what or what
  return reply
end

local function action(wanted)
  return wanted and { actionId = "ACT_" .. random.uuid() } or nil
end

-- As the documents show it.
local function documented(shown, status, data, message)
  if data == nil then data = shown.data ~= nil and json.null end
  local reply = answer.new(status, message or shown.message, data, action(shown.actionId))
  return reply.envelope.message == shown.message and reply or answer.assume(reply, "message")
end

-- In the style of the others where the documents do not show it.
local function made_up(row, status, data, message, data_shown)
  local reply = answer.assume(answer.new(status, message, data, action(row.flags.async)), "message")
  if not data_shown then answer.assume(reply, "data") end
  return row.flags.async and answer.assume(reply, "actionId") or reply
end

--- The success of an operation: its documented example with this data. What the documents do not show is marked.
-- @param request its operation says which example
-- @param data nil: null, or no member, as the example has it
-- @param message where the documents show none, or another one than this case needs
function answer.success(request, data, message)
  local row = request.operation
  local example = examples[row.name] or {}
  local status = example.status or 200
  if example.answer then return documented(json.decode(example.answer), status, data, message) end
  return made_up(row, status, data, message, example.partial)
end

--- Refuse the request: raises the answer, which a handler need not catch.
-- @param assumed what of it is made up: "message" when left out, false for nothing
function answer.refuse(status, message, assumed)
  local reply = answer.new(status, message)
  if assumed ~= false then answer.assume(reply, assumed or "message") end
  error(reply, 0)
end

--- What a function returns, or the answer with which it refuses.
function answer.of(handler, ...)
  local done, reply = pcall(handler, ...)
  if done or type(reply) == "table" and reply.envelope then return reply end
  error(reply, 0)
end

--- The body as text.
function answer.body(reply)
  return reply.body or json.encode(reply.envelope)
end

return answer
