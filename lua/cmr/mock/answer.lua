-- The answers of the API: a status and the documented envelope {status, message, data, actionId}.
local json = require "cmr.mock.json"

local answer = {}

--- An answer {status, headers, envelope}.
-- @param data nil is sent as null, false leaves the member out (as some documented answers do)
-- @param more further members of the envelope, like {actionId = ...}
function answer.new(status, message, data, more)
  local envelope = {status = status, message = message}
  if data == nil then envelope.data = json.null elseif data ~= false then envelope.data = data end
  for name, value in pairs(more or {}) do envelope[name] = value end
  return {status = status, headers = {}, envelope = envelope}
end

--- A success.
function answer.ok(message, data, more)
  return answer.new(200, message, data, more)
end

--- Mark the answer where the documents leave something open: the header x-mock-assumed says what was made up.
function answer.assume(reply, what)
  local before = reply.headers["x-mock-assumed"]
  reply.headers["x-mock-assumed"] = before and before .. "; " .. what or what
  return reply
end

--- The body as text.
function answer.body(reply)
  return reply.body or json.encode(reply.envelope)
end

return answer
