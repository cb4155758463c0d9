---The limiter of all processes of a machine. It stores the queue of cmr.limiter.memory in the user's ledger. It uses
---the machine's monotonic clock, which is the same for every process.
---
---    local client = cmr.new { limiter = require("cmr.limiter.sqlite").new() }
---
---While the ledger cannot be written, each process uses its own queue.

local core = require "cmr.core"
local ledgers = require "cmr.ledger"
local log = require "cmr.util.log"
local validate = require "cmr.util.validate"

---@class cmr.limiter.Sqlite: cmr.Limiter
local Limiter = {}
Limiter.__index = Limiter
Limiter.__name = "cmr.limiter.sqlite"

local SPEC = { ledger = validate.methods "transaction", path = "string" }

---Makes a limiter.
---@param options? {ledger?: cmr.Ledger, path?: string} Default: the ledger's default file.
function Limiter.new(options)
  local opts = validate.options("limiter.sqlite.new", SPEC, nil, options)
  local ledger = opts.ledger or assert(ledgers.open(opts.path))
  return setmetatable({ ledger = ledger, fallback = require("cmr.limiter.memory").new() }, Limiter)
end

-- Moves the key's queue. change(slot, now) gets the next free slot, and returns the new next free slot, or nil for no
-- change.
local function update(self, key, change)
  return self.ledger:transaction("quick", function(db)
    local row, reason = db:first("SELECT next, at FROM slot WHERE key = ?", key)
    if reason then return nil, reason end
    local now = core.now()
    local is_current = row and row.at <= now -- false when the machine was restarted since then
    local next_slot = change(is_current and math.max(row.next, now) or now, now)
    if not next_slot then return true end
    return db:run("INSERT OR REPLACE INTO slot (key, next, at) VALUES (?, ?, ?)", key, next_slot, now)
  end)
end

-- Logs a warning once, because the next calls would repeat it.
local function warn(self, message)
  if not self.warned then log.warn("the ledger's rate limit is not shared now: %s", message) end
  self.warned = true
end

---Reserves the key's next slot. See cmr.Limiter.
function Limiter:reserve(key, rate, max_wait)
  local delay
  local ok, message = update(self, key, function(slot, now)
    delay = slot - now
    return delay <= max_wait and slot + 1 / rate or nil
  end)
  if not ok then
    warn(self, message)
    return self.fallback:reserve(key, rate, max_wait)
  end
  if delay > max_wait then return nil, delay end
  return delay
end

---Gives out no slot for some seconds, in any process.
function Limiter:pause(key, seconds)
  self.fallback:pause(key, seconds)
  update(self, key, function(slot, now)
    return math.max(slot, now + seconds)
  end)
end

return Limiter
