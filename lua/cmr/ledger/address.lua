---The base URL in the name of an account, see cmr.ledger.entry.account. After the user got a new key, requests to the
---same base URL are in the ledger under two accounts. Pure.

local address = {
  SQL = "substr(account, instr(account, ' ') + 1)", -- the base URL of a row's account
}

---Returns the base URL of an account.
---@param account string
---@return string
function address.of(account)
  return account:match " (.*)$"
end

return address
