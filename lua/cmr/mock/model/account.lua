---The partner's account: the prices, the wallet and the users. The documentation has no price list. A price comes from
---the documentation's text, unless the price's comment says "assumed" or "sample".

local json = require "cmr.mock.json"
local samples = require "cmr.samples"

local account = {
  INITIAL_BALANCE = 100000, -- assumed
  DOMAIN_PRICE = 15.88, -- for each year of an order; from a sample
  RENEWAL_PRICE = 14.50, -- for each year of a renewal; from a sample
  MAILBOX_PRICE = 3, -- for a month
  OLD_MAILBOX_PRICE = 5, -- per month, if the subscription is at least 12 months old when it is renewed
  PREWARMED_PRICE = 30, -- for a domain with its mailboxes; from a sample
  PREWARMED_RENEWAL_PRICE = 15, -- from the same sample
  WARMUP_PRICE = 3, -- for 30 days; assumed
  PLACEMENT_PRICE = 1, -- for each mailbox in a placement test; assumed
  INSIGHT_PRICE = 1, -- for the analysis of a test; assumed
}

---Takes an amount from the wallet. Takes nothing when the wallet has less.
---@param state table
---@param amount number
---@return boolean paid
function account.pay(state, amount)
  if amount > state.balance then return false end
  state.balance = state.balance - amount
  return true
end

---Adds a user. Does not change an existing user.
---@param state table
---@param id string
---@param profile table? The fields of create_user. Default: the documented sample.
---@return table user
function account.add_user(state, id, profile)
  return state.users:get(id)
    or state.users:put(id, {
      userId = id,
      profile = profile or json.decode(samples.create_user.request),
      credentials = {}, -- credentials of sending platforms
    })
end

---Makes a table for the data of an event. The table has the fields that name the user; the caller may add other fields.
---@param state table
---@param user_id string
---@return table data
function account.event_data(state, user_id)
  local user = state.users:get(user_id)
  return { userId = user_id, userEmail = user and user.profile.email }
end

return account
