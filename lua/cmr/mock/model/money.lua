-- Prices and the partner's wallet. The documents give no price list: where a sample or a text names a price it is
-- taken, the others are assumed.
local money = {
  BALANCE = 100000, -- what a new wallet holds; assumed
  DOMAIN = 15.88, -- a year of a new domain; from a sample
  RENEWAL = 14.50, -- a year more; from a sample
  MAILBOX = 3, -- a month of a mailbox
  OLD_MAILBOX = 5, -- from the renewal that crosses 12 months
  PREWARMED = 30, -- a domain with its mailboxes; from a sample
  PREWARMED_RENEWAL = 15, -- from the same sample
  WARMUP = 3, -- 30 days of warmup; assumed
  PLACEMENT = 1, -- a mailbox in a placement test; assumed
  INSIGHT = 1, -- the analysis of a test; assumed
}

--- Take an amount from the wallet: true, or false and nothing is taken.
function money.pay(world, amount)
  if amount > world.balance then return false end
  world.balance = world.balance - amount
  return true
end

return money
