-- What most operations check first: whose resources are meant.
local answer = require "cmr.mock.answer"

local scope = {}

--- The user named in the query.
-- @return the user, or nil and the answer that says why not
function scope.user(request, world)
  local id = request.query.userId
  if not id or id == "" then
    -- assumed: the message is documented, its status is not
    return nil, answer.assume(answer.new(422, "Please provide a userId"), "status 422")
  end
  local user = world.users[id]
  if not user then return nil, answer.new(404, "The requested user does not exist.") end
  return user
end

--- Like scope.user where the parameter is optional: without one, nil and no answer.
function scope.optional_user(request, world)
  if request.query.userId == nil then return nil end
  return scope.user(request, world)
end

--- A refusal whose status is documented and whose message is not.
function scope.refuse(status, message)
  return answer.assume(answer.new(status, message), "message")
end

return scope
