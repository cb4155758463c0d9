-- Makes ledgers for specs, each in its own directory.
local ledgers = require "cmr.ledger"

local support = {}

---Makes a directory, which `support.remove` removes. Returns the path of a ledger in it.
function support.path()
  local directory = os.tmpname()
  os.remove(directory)
  assert(os.execute("mkdir -m 700 " .. directory))
  return directory .. "/ledger.db", directory
end

---Opens the ledger at a path again, like another process.
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
