---The ledger records the requests that may change something, and how the requests ended. All processes of this user on
---this machine write into the ledger. It is an SQLite file that only this user can read. It contains no API key. The
---only arguments in the ledger are ids, domains and the addresses of mailboxes. The ledger contains passwords only if a
---webhook receiver with the option store_passwords writes into it.
---
---cmr records a request as "sending" before sending it, and records the end when the answer arrives. If the process
---dies in between, the state in the file stays "sending", and the outcome is unknown. See cmr.ledger.writers.

local connections = require "cmr.ledger.connections"
local forgetting = require "cmr.ledger.forgetting"
local location = require "cmr.ledger.location"
local locks = require "cmr.ledger.locks"
local queries = require "cmr.ledger.queries"
local tables = require "cmr.util.tables"
local writing = require "cmr.ledger.writing"

---The states of a request.
---@alias cmr.RequestState
---| "sending" # the request is under way
---| "accepted" # the API accepted it; webhooks report how it ends
---| "done" # it was done, with all its items
---| "partial" # it was done, but some of its items failed
---| "failed" # it was not done: refused, or never sent
---| "deferred" # it was not done, and can be sent again later; retry_at may say when
---| "unknown" # the server may have done it

---@class cmr.Ledger: cmr.LedgerConnections, cmr.LedgerForgetting, cmr.LedgerLocks, cmr.LedgerQueries, cmr.LedgerWriting
local Ledger = {}
Ledger.__index = Ledger
Ledger.__name = "cmr.ledger"

for _, methods in ipairs { connections, forgetting, locks, queries, writing } do
  tables.copy(methods, Ledger)
end

local ledgers = {} -- path -> the open ledger with this path; this process has only one per path

local ledger = { Ledger = Ledger }

---Opens a ledger. Makes the file when it is missing.
---@param path? string default: location.default
---@return cmr.Ledger? ledger Each call with the same path returns the same object.
---@return string? message
---@return string? reason The reason from cmr.sqlite.
function ledger.open(path)
  local absolute, message = location.absolute(path)
  if not absolute then return nil, message, "no_file" end
  local self = ledgers[absolute]
  if self and self:is_moved() then
    self:close()
    self = nil
  end
  self = self or setmetatable({ path = absolute, connections = {}, holds = {}, is_locked = false }, Ledger)
  local db, reason
  db, message, reason = self:connection "durable"
  if not db then return nil, message, reason end
  ledgers[absolute] = self
  return self
end

---Returns the store in this ledger. See cmr.Store.
function Ledger:store()
  self.store_ = self.store_ or require("cmr.store.sqlite").new { ledger = self }
  return self.store_
end

---Returns the limiter whose file is beside this ledger. See cmr.Limiter.
function Ledger:limiter()
  self.limiter_ = self.limiter_ or require("cmr.limiter.file").new { path = self.path }
  return self.limiter_
end

---Closes the ledger. The next ledger.open with its path makes a new object.
function Ledger:close()
  ledgers[self.path] = nil
  self:close_connections()
  self.holds = {}
end

return ledger
