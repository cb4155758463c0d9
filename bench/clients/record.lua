-- Makes calls with the library, one after another, and records each in the ledger: record.lua PROCESS COUNT. Prints
-- when it began and when it ended, by the machine's clock. PROCESS is a number that no other process has.
local cmr = require "cmr"
local core = require "cmr.core"

local process, count = tonumber(arg[1]), tonumber(arg[2])
local client = cmr.new { ledger = true, rate = false, reexport_quota = false }
local google = { clientId = "5493-maeh.apps.googleusercontent.com", appName = "Outreach" }

local begun = core.now()
for number = 1, count do
  local mailbox = ("MB%06d%020d"):format(process, number)
  assert(client:reexport { mailboxId = mailbox, google = google })
end
print(begun, core.now())
