---Decides which items a request may reach. The mock answers 404 for a missing item, and 403 for an item of another
---user. Another user's credential counts as a missing item. A request without a user can reach every item of the
---partner.

local answer = require "cmr.mock.answer"
local Subscription = require "cmr.mock.model.subscription"

local scope = {}

-- Documented: if the user is unknown, the operation `domains` answers with an empty list, and not with an error.
local LENIENT = { domains = true }

---@param request table
---@param state table
---@return table? user The user with the request's userId.
function scope.user(request, state)
  local id = request.fields.userId
  local user = id and state.users:get(id)
  if id and not user and not LENIENT[request.operation.name] then
    answer.refuse(404, "The requested user does not exist.", false)
  end
  return user
end

local function checked(item, user, kind)
  if not item then answer.refuse(404, ("The requested %s does not exist."):format(kind)) end
  if user and item.userId ~= user.userId then
    answer.refuse(403, ("The %s does not belong to the user."):format(kind))
  end
  return item
end

---@param state table
---@param user table?
---@param id string
---@return table mailbox
function scope.mailbox(state, user, id)
  return checked(state.mailboxes:get(id), user, "mailbox")
end

---@param state table
---@param user table?
---@param name string
---@return table domain
function scope.domain(state, user, name)
  return checked(state.domains:get(name:lower()), user, "domain")
end

---Returns the domains with these names. Without names, returns all domains of the user.
---@param state table
---@param user table
---@param names string[]?
---@return table[] domains
function scope.domains(state, user, names)
  if not names or #names == 0 then return state.domains:list { userId = user.userId } end
  return scope.all(scope.domain, state, user, names)
end

---@param state table
---@param user table?
---@param id string
---@return table order
function scope.order(state, user, id)
  return checked(state.orders:get(id), user, "order")
end

---@param state table
---@param user table?
---@param id string
---@return table subscription
function scope.subscription(state, user, id)
  return checked(state.subscriptions:get(id), user, "subscription")
end

---@param state table
---@param user table?
---@param name string the domain's name
---@return table subscription
function scope.subscription_of_domain(state, user, name)
  return checked(Subscription.of_domain(state, name:lower()), user, "subscription")
end

---Finds several items. Assumed: if the API refuses one item, it refuses the whole request.
---@param find function A function of this module, such as scope.mailbox.
---@param state table
---@param user table?
---@param ids string[]
---@return table[] items
function scope.all(find, state, user, ids)
  local items = {}
  for index, id in ipairs(ids) do
    items[index] = find(state, user, id)
  end
  return items
end

---Finds a credential of a sending platform.
---@param state table
---@param user table?
---@param id string
---@return table credential
---@return table owner The user who has the credential.
---@return integer index The credential's index in the owner's list.
function scope.credential(state, user, id)
  for _, owner in ipairs(user and { user } or state.users:list()) do
    for index, credential in ipairs(owner.credentials) do
      if credential.credentialId == id then return credential, owner, index end
    end
  end
  return checked(nil, user, "credential")
end

return scope
