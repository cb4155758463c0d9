---Records requests and their ends in the ledger.

local core = require "cmr.core"
local writers = require "cmr.ledger.writers"

---A part of cmr.Ledger.
---@class cmr.LedgerWriting
local writing = {}

local ADD_ID = [[INSERT INTO request_id (request, kind, id) SELECT ?1, ?2, ?3
  WHERE NOT EXISTS (SELECT 1 FROM request_id WHERE id = ?3 AND kind = ?2 AND request = ?1)]]

local function add_ids(db, request, ids)
  for _, pair in ipairs(ids or {}) do
    local ok, message, reason = db:run(ADD_ID, request, pair[1], pair[2])
    if not ok then return nil, message, reason end
  end
  return true
end

local INSERT = [[INSERT INTO request
  (account, operation, digest, run, row, user, writer, state, sent_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, 'sending', ?)]]

local NEWEST = "SELECT max(id) AS id FROM request WHERE digest = ? AND operation = ? AND account = ?"

-- Returns whether the ledger has a newer request with this content. An id in `request` says which requests count:
--   newest_known            requests with a higher id
--   newest_known_elsewhere  requests with a higher id, from outside this run
-- Without such an id, returns a false value.
local function is_repeated(db, request)
  local known, row = request.newest_known, nil
  if known then
    row = db:first(NEWEST, request.digest, request.operation, request.account)
  elseif request.newest_known_elsewhere then
    known = request.newest_known_elsewhere
    row = db:first(NEWEST .. " AND run IS NOT ?", request.digest, request.operation, request.account, request.run)
  end
  return row and row.id and row.id > known
end

-- Begins a run's next round, if this request is the first request of the round. Otherwise has no effect.
local BEGIN_ROUND = [[UPDATE run SET round = round + 1, round_at = ?1, round_after = ?2, ended_at = NULL
  WHERE id = ?3 AND (round_after <> ?2 OR ended_at IS NOT NULL)]]

-- Inserts a request in a transaction.
local function insert(self, db, request)
  if is_repeated(db, request) then return nil, "the same request has just been sent from elsewhere", "repeated" end
  local ok, message, reason = db:run(
    INSERT,
    request.account,
    request.operation,
    request.digest,
    request.run,
    request.row,
    request.user,
    self.writer or 0,
    core.time()
  )
  if not ok then return nil, message, reason end
  local id = db:first("SELECT last_insert_rowid() AS id").id
  if not self.writer then
    self.writer = id
    ok, message, reason = writers.take(db, id)
    if not ok then return nil, message, reason end
  end
  if request.supersedes then
    ok, message, reason = db:run("UPDATE request SET superseded = ? WHERE id = ?", id, request.supersedes)
    if not ok then return nil, message, reason end
  end
  if request.round_after then
    ok, message, reason = db:run(BEGIN_ROUND, core.time(), request.round_after, request.run)
    if not ok then return nil, message, reason end
  end
  ok, message, reason = add_ids(db, id, request.ids)
  if ok then
    ok, message, reason = self:forget_old(db, id)
  end
  return ok and id, message, reason
end

---Records a request that is about to be sent. The record is on the disk when this function returns.
---
---The fields of `request` are account, operation, digest, and optionally:
---  ids                     such as {{"order", "ORD_1"}}
---  run, row, user
---  supersedes              the id of the request that this request repeats
---  newest_known            the id of the newest request with this content that the caller knows, or 0. If the ledger
---                          has a newer request with this content, the function records nothing
---  newest_known_elsewhere  like newest_known, but for the requests outside this run
---  round_after             an id; the request belongs to a new round of the run, which begins after this id
---@param request table
---@return integer? id for finish
---@return string? message
---@return string? reason The reason from cmr.sqlite, or "repeated".
function writing:begin(request)
  local had_writer
  local returned, id, message, reason = pcall(self.transaction, self, "durable", function(db)
    had_writer = self.writer ~= nil
    return insert(self, db, request)
  end)
  if returned and id then
    self.connections.durable:mark(id)
    return id
  end
  -- if this process's first request was rolled back, a request of another process may have the same id now
  if had_writer == false and self.writer then
    self.connections.durable:let_go(self.writer)
    self.writer = nil
  end
  if not returned then error(id, 0) end
  return nil, message, reason
end

local UPDATE = [[UPDATE request SET state = ?, retry_at = ?, kind = ?, outcome = ?, status = ?, message = ?,
  failed_items = ?, plan = coalesce(?, plan), ended_at = ? WHERE id = ?]]

---Records how a request ended. `ending` has the field state. Its optional fields are retry_at, kind, outcome, status,
---message, failed_items, plan and ids (such as {{"order", "ORD_1"}}).
---@param id integer
---@param ending table
---@return boolean? ok
---@return string? message
---@return string? reason
function writing:finish(id, ending)
  return self:transaction("durable", function(db)
    local ok, message, reason = db:run(
      UPDATE,
      ending.state,
      ending.retry_at,
      ending.kind,
      ending.outcome,
      ending.status,
      ending.message,
      ending.failed_items,
      ending.plan,
      core.time(),
      id
    )
    if not ok then return nil, message, reason end
    if ok == 0 or db:is_moved() then return nil, ("%s was moved, removed or cleared"):format(self.path), "moved" end
    return add_ids(db, id, ending.ids)
  end, true)
end

local ABANDON = [[UPDATE request SET state = 'unknown', outcome = 'unknown', message = ?, ended_at = ?
  WHERE id = ? AND state = 'sending']]

---Marks a request as unknown, because no coroutine waits for its answer. In a fork's child, changes nothing.
---@param id integer
---@param db any The connection that recorded the request.
function writing:abandon(id, db)
  if db == self.connections.durable and not db:is_inherited() then
    db:run(ABANDON, "its coroutine ended before the answer was written down", core.time(), id)
  end
end

local SETTLE = [[UPDATE request SET state = ?, kind = ?, outcome = ?, message = ?, ended_at = ?
  WHERE id = ? AND state = 'accepted']]

---Records how an accepted request ended.
---@param id integer
---@param ending table {state}, with the optional fields kind, outcome and message
---@return boolean? ok
---@return string? message
---@return string? reason
function writing:settle(id, ending)
  return self:transaction("durable", function(db)
    return db:run(SETTLE, ending.state, ending.kind, ending.outcome, ending.message, core.time(), id)
  end)
end

return writing
