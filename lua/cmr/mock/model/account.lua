---The partner's account: prices, the wallet, and the users. The documentation has no price list. A price without a
---note is taken from its text.

local json = require "cmr.mock.json"
local samples = require "cmr.samples"

local account = {
  INITIAL_BALANCE = 100000, -- assumed
  DOMAIN_PRICE = 15.88, -- the first year; from a sample
  RENEWAL_PRICE = 14.50, -- each further year; from a sample
  MAILBOX_PRICE = 3, -- a month
  OLD_MAILBOX_PRICE = 5, -- a month, from the renewal that crosses 12 months
  PREWARMED_PRICE = 30, -- a domain with its mailboxes; from a sample
  PREWARMED_RENEWAL_PRICE = 15, -- from the same sample
  WARMUP_PRICE = 3, -- 30 days; assumed
  PLACEMENT_PRICE = 1, -- a mailbox in a placement test; assumed
  INSIGHT_PRICE = 1, -- the analysis of a test; assumed
}

---Takes an amount from the wallet, or nothing when the wallet holds less.
---@param state table
---@param amount number
---@return boolean paid
function account.pay(state, amount)
  if amount > state.balance then return false end
  state.balance = state.balance - amount
  return true
end

---Adds a user. An existing user stays as it is.
---@param state table
---@param id string
---@param profile table? the fields of create_user; default: the documented sample
---@return table user
function account.add_user(state, id, profile)
  return state.users:get(id)
    or state.users:put(id, {
      userId = id,
      profile = profile or json.decode(samples.create_user.request),
      credentials = {}, -- of sending platforms
    })
end

---Starts the data of an event with the fields that name its user.
---@param state table
---@param user_id string
---@return table data
function account.event_data(state, user_id)
  local user = state.users:get(user_id)
  return { userId = user_id, userEmail = user and user.profile.email }
end

return account
