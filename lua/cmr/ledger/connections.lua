---The connections of a ledger to its database, and transactions on them.

local core = require "cmr.core"
local schema = require "cmr.ledger.schema"
local sqlite = require "cmr.sqlite"

---A part of cmr.Ledger.
---@class cmr.LedgerConnections
local connections = {}

local BUSY_SECONDS = 5 -- how long to wait for another process's write, which takes milliseconds
local NGINX_BUSY_SECONDS = 0.1 -- the wait in nginx: a worker that waits serves no other request
local LOCKED_BUSY_SECONDS = 0.1 -- in place of BUSY_SECONDS: see note_lock

-- A slow reader makes SQLite's -wal file grow. When the reader has ended, SQLite cuts the file to this size. Without
-- slow readers, the file stays smaller.
local MAX_WAL_BYTES = 5 * 2 ^ 20

local ledgers = setmetatable({}, { __mode = "k" }) -- every ledger of this process, also the closed ledgers

-- Closes all connections that a fork's child inherited from its parent. The child must do this before it opens its own
-- connections. See cmr.sqlite.
local function leave_parents()
  for one in pairs(ledgers) do
    for name, db in pairs(one.connections) do
      if db:is_inherited() then
        db:close()
        one.connections[name], one.writer = nil, nil
      end
    end
  end
end

-- Returns SQLite's message. If another program has locked the file, returns advice for the user instead.
local function explain(message, reason, path)
  if reason ~= "busy" then return message end
  return ("another program has it locked, 'fuser %s' shows which"):format(path)
end

local function busy_seconds(seconds)
  return package.loaded.ngx and NGINX_BUSY_SECONDS or seconds
end

-- Waits until another process's transaction has ended, at most for SQLite's busy timeout. Returns whether the
-- transaction has ended.
local function wait(db)
  return (db:transaction("BEGIN IMMEDIATE", function()
    return true
  end))
end

-- Sets the journal mode of a new file to WAL. If another process sets the mode at this moment, SQLite refuses at once.
-- The function then waits and tries again.
local function set_mode(db)
  local deadline = core.now() + busy_seconds(BUSY_SECONDS)
  local rows, message, reason
  repeat
    rows, message, reason = db:rows "PRAGMA journal_mode = WAL"
  until rows or reason ~= "busy" or core.now() > deadline or not wait(db)
  return rows, message, reason
end

-- Sets up a new connection.
local function prepare(db, synchronous)
  local rows, message, reason = set_mode(db)
  local limit = ("journal_size_limit = %d"):format(MAX_WAL_BYTES)
  for _, pragma in ipairs { "synchronous = " .. synchronous, limit } do
    if rows then
      rows, message, reason = db:rows("PRAGMA " .. pragma)
    end
  end
  if not rows then return nil, message, reason end
  return schema.update(db)
end

-- Refuses a ledger that has lost its newest requests, because cmr would send these requests again. Such a ledger is an
-- old copy, or was truncated. A second file has the id of the newest request. cmr itself never removes the newest
-- request from the ledger. So requests are lost if the ledger's highest id is lower than the id in the second file.
local function check_mark(db, path)
  -- Reads the mark before the query. After the query, another process may add a request and raise the mark.
  local marked = db:marked()
  local row, message, reason = db:first "SELECT coalesce(max(id), 0) AS id FROM request"
  if not row then return nil, message, reason end
  if row.id >= marked then return true end
  local problem = "its newest requests are missing (%d of %d are there): it is damaged, or an old copy. "
    .. "To go on without them, remove %s-writers"
  return nil, problem:format(row.id, marked, path), "corrupt"
end

-- Opens a connection. With `synchronous` FULL, a change is on the disk when its transaction has ended. With NORMAL, the
-- kernel writes the change some time later.
local function connect(path, synchronous)
  local db, message, reason = sqlite.open(path, 1000 * busy_seconds(BUSY_SECONDS))
  if not db then return nil, message, reason end
  local ok
  ok, message, reason = prepare(db, synchronous)
  if ok then
    ok, message, reason = check_mark(db, path)
  end
  if ok then return db end
  db:close()
  return nil, message, reason
end

---Returns a connection of this process. On a "durable" connection, a change is on the disk when its transaction has
---ended. On a "quick" connection, the kernel writes the change some time later, so a power cut may undo the change.
---@param synchronous "durable"|"quick"
---@return any? db
---@return string? message
---@return string? reason The reason from cmr.sqlite.
function connections:connection(synchronous)
  local db = self.connections[synchronous]
  if db and not db:is_inherited() then
    if not db:is_moved() then return db end
    return nil, ("the ledger %s was removed or replaced while it was open"):format(self.path), "no_file"
  end
  leave_parents()
  local message, reason
  db, message, reason = connect(self.path, synchronous == "durable" and "FULL" or "NORMAL")
  if not db then
    local problem = explain(message, reason, self.path)
    return nil, ("the ledger %s cannot be opened: %s"):format(self.path, problem), reason
  end
  ledgers[self] = true
  self.connections[synchronous] = db
  return db
end

---Returns whether the ledger's file was removed or replaced while the ledger was open. If so, the caller can open the
---ledger again.
---@return boolean
function connections:is_moved()
  local db = self.connections.durable
  return db ~= nil and not db:is_inherited() and db:is_moved()
end

-- Sets how long this process waits while another program has locked the file.
local function set_busy_seconds(self, seconds)
  for _, connection in pairs(self.connections) do
    connection:rows(("PRAGMA busy_timeout = %d"):format(1000 * busy_seconds(seconds)))
  end
end

-- Sets how long the next transactions wait for another program's lock. Normally, they wait the full time. After a
-- transaction that waited in vain, they wait only briefly. A patient transaction always waits the full time: see
-- connections:transaction.
-- Up to two transactions run before a request is sent. Each full wait would delay the request.
local function note_lock(self, is_locked, is_patient)
  if is_locked == self.is_locked and not (is_patient and is_locked) then return end
  self.is_locked = is_locked
  set_busy_seconds(self, is_locked and LOCKED_BUSY_SECONDS or BUSY_SECONDS)
end

---Runs a function in one transaction: the ledger gets all of its changes, or none of them.
---@param synchronous "durable"|"quick"
---@param change fun(db: any): any, any, any Its results are returned. A first result of nil undoes the changes.
---@param is_patient? boolean True: waits the full time for a lock, even if the previous transaction waited in vain.
function connections:transaction(synchronous, change, is_patient)
  local db, message, reason = self:connection(synchronous)
  if not db then return nil, message, reason end
  if self.is_locked and is_patient then set_busy_seconds(self, BUSY_SECONDS) end
  local has_begun, result = false
  result, message, reason = db:transaction("BEGIN IMMEDIATE", function()
    has_begun = true
    return change(db)
  end)
  note_lock(self, not has_begun and reason == "busy", is_patient)
  if not has_begun then message = explain(message, reason, self.path) end
  return result, message, reason
end

---Runs a function that only reads. All of its queries see the ledger in the same state, under one lock.
---@param read fun(): any, any, any Its results are returned.
function connections:snapshot(read)
  local db, message, reason = self:connection "durable"
  if not db then return nil, message, reason end
  return db:transaction("BEGIN", read)
end

---Moves the changes from the -wal file into the ledger's file, so that a copy of this one file is complete. While
---another process uses the ledger, some changes can stay in the -wal file.
function connections:checkpoint()
  local db = self:connection "durable"
  return db and db:rows "PRAGMA wal_checkpoint(PASSIVE)"
end

---Closes all connections.
function connections:close_connections()
  for _, db in pairs(self.connections) do
    db:close()
  end
  self.connections = {}
end

return connections
