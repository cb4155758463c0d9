-- Whose things are meant: what is not there is refused with 404, what is another user's with 403. Without a user (where
-- the documents want none, or leave it open) everything of the partner is in reach.
local answer = require "cmr.mock.answer"
local subscriptions = require "cmr.mock.model.subscription"

local scope = {}

-- Documented: here an unknown user has nothing, and is no error.
local LENIENT = { domains = true }

--- The user whom userId names, or nil without one.
function scope.user(request, world)
  local id = request.fields.userId
  local user = id and world.users:get(id)
  if id and not user and not LENIENT[request.operation.name] then
    answer.refuse(404, "The requested user does not exist.", false)
  end
  return user
end

-- The thing, when it is there and the user's.
local function own(thing, user, what)
  if not thing then answer.refuse(404, ("The requested %s does not exist."):format(what)) end
  if user and thing.userId ~= user.userId then
    answer.refuse(403, ("The %s does not belong to the user."):format(what))
  end
  return thing
end

--- The mailbox of this id.
function scope.mailbox(world, user, id)
  return own(world.mailboxes:get(id), user, "mailbox")
end

--- The mailboxes of these ids. Assumed: one that is refused refuses them all.
function scope.mailboxes(world, user, ids)
  local list = {}
  for index, id in ipairs(ids) do
    list[index] = scope.mailbox(world, user, id)
  end
  return list
end

--- The domain of this name.
function scope.domain(world, user, name)
  return own(world.domains:get(name:lower()), user, "domain")
end

--- The domains of these names; all of the user's when there are none. Assumed: one that is refused refuses them all.
function scope.domains(world, user, names)
  if not names or #names == 0 then return world.domains:list { userId = user.userId } end
  local list = {}
  for index, name in ipairs(names) do
    list[index] = scope.domain(world, user, name)
  end
  return list
end

--- The order of this id.
function scope.order(world, user, id)
  return own(world.orders:get(id), user, "order")
end

--- The subscription of this id.
function scope.subscription(world, user, id)
  return own(world.subscriptions:get(id), user, "subscription")
end

--- The subscription that a domain has.
function scope.subscription_of_domain(world, user, name)
  return own(subscriptions.of_domain(world, name:lower()), user, "subscription")
end

--- A credential of a sending platform, by id.
-- @return the credential, its user, its place in the user's list
function scope.credential(world, user, id)
  for _, candidate in ipairs(user and { user } or world.users:list()) do
    for index, credential in ipairs(candidate.credentials) do
      if credential.credentialId == id then return credential, candidate, index end
    end
  end
  return own(nil, user, "credential")
end

return scope
