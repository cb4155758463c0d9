---Finds the base URL in an account. An account is a text such as "DIGEST_OF_KEY https://host". A new key makes a new
---account, so the ledger may have requests to the same base URL under two accounts. Pure.

local address = {
  SQL = "substr(account, instr(account, ' ') + 1)", -- the SQL expression for the base URL of a row's account
}

---Returns the base URL of an account.
---@param account string
---@return string
function address.of(account)
  return account:match " (.*)$"
end

return address
