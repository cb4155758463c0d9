-- Ledgers in a directory of their own, for specs.
local ledgers = require "cmr.ledger"

local support = {}

--- Makes a directory that ends with `support.remove`. Returns the path of a ledger in it.
function support.path()
  local directory = os.tmpname()
  os.remove(directory)
  assert(os.execute("mkdir -m 700 " .. directory))
  return directory .. "/ledger.db", directory
end

--- Opens the ledger at a path anew, as another process would.
function support.open(path)
  local ledger, message = ledgers.open(path)
  return assert(ledger, message)
end

--- Closes the ledger at a path, if it is open, and removes its directory.
function support.remove(path)
  local ledger = ledgers.open(path)
  if ledger then ledger:close() end
  os.execute("chmod -R u+rwx " .. path:match "^(.*)/" .. "; rm -rf " .. path:match "^(.*)/")
end

return support
