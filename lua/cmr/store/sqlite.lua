---A store for all processes of a machine, in the user's ledger. The store uses the machine's wall clock, so that the
---times are still right after a restart of the machine.

local core = require "cmr.core"
local ledgers = require "cmr.ledger"
local random = require "cmr.util.random"
local stores = require "cmr.store"
local validate = require "cmr.util.validate"

---@class cmr.store.Sqlite: cmr.Store
local Store = {}
Store.__index = Store
Store.__name = "cmr.store.sqlite"

local DAY = require("cmr.util.text").DAY
local SPEC = { ledger = validate.methods "transaction", path = "string" }
-- A list expires together with its newest text. So the older texts need no update when a text is added.
local LIST_END = "(SELECT expires FROM entry AS newest WHERE newest.name = %s ORDER BY id DESC LIMIT 1)"
local SWEEPS = {
  "DELETE FROM claim WHERE expires <= ?",
  "DELETE FROM count WHERE expires <= ?",
  ("DELETE FROM entry WHERE %s <= ?"):format(LIST_END:format "entry.name"),
}
local SWEEP_SECONDS = 60 -- time between two removals of expired entries
-- The name and the lifetime of a claim. While this claim exists, has_received returns true.
local RECEIVED, RECEIVED_SECONDS = "cmr:received", 30 * DAY

---Makes a store.
---@param options? {ledger?: cmr.Ledger, path?: string} Default: the ledger's default file.
function Store.new(options)
  local opts = validate.options("store.sqlite.new", SPEC, nil, options)
  return setmetatable({ ledger = opts.ledger or assert(ledgers.open(opts.path)), sweep_at = -math.huge }, Store)
end

local function sweep(self, db, now)
  if now < self.sweep_at then return end
  self.sweep_at = now + SWEEP_SECONDS
  for _, sql in ipairs(SWEEPS) do
    db:run(sql, now)
  end
end

-- Runs change(db, now) in a transaction.
local function update(self, synchronous, change)
  return self.ledger:transaction(synchronous, function(db)
    local now = core.time()
    sweep(self, db, now)
    return change(db, now)
  end)
end

local function claim_of(db, name, now)
  return db:first("SELECT token, expires FROM claim WHERE name = ? AND expires > ?", name, now)
end

local function put_claim(db, name, token, expires)
  return db:run("INSERT OR REPLACE INTO claim (name, token, expires) VALUES (?, ?, ?)", name, token, expires)
end

function Store:claim(name, lease)
  local state, left
  local token, message = update(self, "durable", function(db, now)
    local row, reason = claim_of(db, name, now)
    if reason then return nil, reason end
    if row then
      state, left = row.token and "busy" or "done", row.token and row.expires - now or nil
      return false
    end
    local token = random.hex(16)
    local ok
    ok, reason = put_claim(db, name, token, now + lease)
    return ok and token, reason
  end)
  if token then return token end
  if state then return nil, state, left end
  return nil, "unavailable", message
end

-- Changes a claim if its token is `token`. If there is no claim with this name, makes one only if `or_free` is true.
local function change_claim(self, name, token, expires_in, new_token, or_free)
  local is_over = false
  local ok, message = update(self, "durable", function(db, now)
    local row, reason = claim_of(db, name, now)
    if reason then return nil, reason end
    is_over = row and row.token ~= token or not row and not or_free
    if is_over then return false end
    return put_claim(db, name, new_token, now + expires_in)
  end)
  if is_over then return nil, stores.LEASE_OVER end
  if ok then return true end
  return nil, message
end

function Store:done(name, token, ttl)
  return change_claim(self, name, token, ttl, nil, true)
end

function Store:renew(name, token, lease)
  return change_claim(self, name, token, lease, token)
end

function Store:release(name, token)
  return change_claim(self, name, token, 0, token)
end

function Store:append(name, text, ttl)
  local ok, message = update(self, "durable", function(db, now)
    local newest, reason = db:first("SELECT expires FROM entry WHERE name = ? ORDER BY id DESC LIMIT 1", name)
    if reason then return nil, reason end
    local expires = now + ttl
    if newest and newest.expires <= now then
      db:run("DELETE FROM entry WHERE name = ?", name)
    elseif newest then
      expires = math.max(expires, newest.expires)
    end
    local added
    added, reason = db:run("INSERT INTO entry (name, text, expires) VALUES (?, ?, ?)", name, text, expires)
    if not added then return nil, reason end
    return put_claim(db, RECEIVED, nil, now + RECEIVED_SECONDS)
  end)
  if ok then return true end
  return nil, message
end

-- Returns whether anything was added to a list in the last 30 days.
function Store:has_received()
  local db, message = self.ledger:connection "durable"
  if not db then return nil, message end
  local row
  row, message = claim_of(db, RECEIVED, core.time())
  if message then return nil, message end
  return row ~= nil
end

function Store:list(name)
  local sql = "SELECT text FROM entry WHERE name = ? AND %s > ? ORDER BY id"
  local db, message = self.ledger:connection "durable"
  local rows
  if db then
    rows, message = db:rows(sql:format(LIST_END:format "?"), name, name, core.time())
  end
  if not rows then return nil, message end
  for index, row in ipairs(rows) do
    rows[index] = row.text
  end
  return rows
end

function Store:remove(name, text)
  local removed = false
  local ok, message = update(self, "durable", function(db, now)
    local sql = "SELECT id, expires FROM entry WHERE name = ? AND text = ? AND %s > ? ORDER BY id LIMIT 1"
    local row, reason = db:first(sql:format(LIST_END:format "?"), name, text, name, now)
    if reason then return nil, reason end
    removed = row ~= nil
    if not removed then return true end
    local ok
    ok, reason = db:run("DELETE FROM entry WHERE id = ?", row.id)
    if not ok then return nil, reason end
    -- A list ends when its newest text expires. The removal of the newest text must not end the list earlier. So the
    -- newest remaining text gets the later of two expiries: its own and the removed text's.
    local extend = "UPDATE entry SET expires = max(expires, ?) WHERE id = (SELECT max(id) FROM entry WHERE name = ?)"
    return db:run(extend, row.expires, name)
  end)
  if ok == nil then return nil, message end
  return removed
end

-- Uses a quick transaction. A power cut may undo the count, but the API counts too.
function Store:count(name, limit, window)
  local wait
  local count, message = update(self, "quick", function(db, now)
    local rows, reason = db:rows("SELECT at FROM count WHERE name = ? AND at > ? ORDER BY id", name, now - window)
    if not rows then return nil, reason end
    if #rows >= limit then
      wait = rows[#rows - limit + 1].at + window - now
      return false
    end
    local ok
    ok, reason = db:run("INSERT INTO count (name, at, expires) VALUES (?, ?, ?)", name, now, now + window)
    return ok and #rows + 1, reason
  end)
  if count then return count end
  if wait then return nil, "exhausted", wait end
  return nil, "unavailable", message
end

function Store:uncount(name)
  local ok, message = update(self, "quick", function(db)
    return db:run("DELETE FROM count WHERE id = (SELECT max(id) FROM count WHERE name = ?)", name)
  end)
  if ok then return true end
  return nil, message
end

return Store
