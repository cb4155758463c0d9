---The ledger records the requests that this user has sent from any process of this machine, and how they ended. It is
---an SQLite file that only this user can read. It has no key and no password. Of the arguments, it has only the ids.
---
---A request is recorded as "sending" before it is sent, and again when its answer arrives. If the process dies in
---between, the ledger still says "sending". Each process has a writer number, the id of its first request, and holds a
---lock on that number until the process ends. The lock shows whether a "sending" request is still under way. If its
---process has died, its outcome is unknown.

local core = require "cmr.core"
local schema = require "cmr.ledger.schema"
local sqlite = require "cmr.sqlite"
local text = require "cmr.util.text"

local unpack = table.unpack or unpack

---The states of a request.
---@alias cmr.RequestState
---| "sending" # the request is under way
---| "accepted" # the API accepted it; webhooks report how it ends
---| "done" # it was done, with all its items
---| "partial" # it was done, but some of its items failed
---| "failed" # it was not done: refused, or never sent
---| "deferred" # it was not done, and can be sent again after retry_at
---| "unknown" # the server may have done it

---@class cmr.Ledger
local Ledger = {}
Ledger.__index = Ledger
Ledger.__name = "cmr.ledger"

local FILE = "/cmr/ledger.db" -- inside the user's directory for state
local BUSY_SECONDS = 5 -- how long to wait for another process's write, which takes milliseconds
local NGINX_BUSY_SECONDS = 0.1 -- the wait in nginx, where a worker serves no request meanwhile
local LOCKED_BUSY_SECONDS = 0.1 -- the wait after an earlier wait was too short
local RUN_LOCKS = 2 ^ 40 -- the number of a run's lock is this number plus the run's id
local LISTENER_LOCKS, MAX_LISTENERS = 2 ^ 41, 16 -- first number and count of the locks of processes that store events
local FORGET_INTERVAL = 100 -- number of new requests between two removals of old requests
local MAX_FORGOTTEN = 2 * FORGET_INTERVAL -- maximum of requests in one removal

-- The first process that opens the ledger must read its -wal file, which takes a millisecond for 60 pages. So a quick
-- connection moves the pages into the ledger when there are this many.
local READER_WAL_PAGES = 30

-- A slow reader makes the -wal file grow. Afterwards the file is cut to this size. Without slow readers it stays
-- smaller.
local MAX_WAL_BYTES = 5 * 2 ^ 20

local ledgers = {} -- path -> ledger; a process has one for each file
local living = setmetatable({}, { __mode = "k" }) -- every ledger of this process, also the closed ones

local ledger = {
  Ledger = Ledger,
  RETENTION_SECONDS = 400 * text.DAY, -- older requests are removed
}

---Returns the default path of the ledger: $CMR_LEDGER, or cmr/ledger.db in the user's directory for state.
---@return string? path
---@return string? message
function ledger.default_path()
  local path, state, home = os.getenv "CMR_LEDGER", os.getenv "XDG_STATE_HOME", os.getenv "HOME"
  if path and path ~= "" then return path end
  if state and state:sub(1, 1) == "/" then return state .. FILE end
  if home and home ~= "" then return home .. "/.local/state" .. FILE end
  return nil, "neither HOME nor XDG_STATE_HOME is set"
end

-- Closes all connections that a fork's child inherited from its parent. The child must do this before it opens its own.
-- See cmr.sqlite.
local function leave_parents()
  for one in pairs(living) do
    for name, db in pairs(one.connections) do
      if db:is_inherited() then
        db:close()
        one.connections[name], one.writer = nil, nil
      end
    end
  end
end

-- Returns SQLite's message, or advice for the user when another program has locked the file.
local function explain(message, reason, path)
  if reason ~= "busy" then return message end
  return ("another program has it locked, 'fuser %s' shows which"):format(path)
end

-- Sets up a new connection.
local function prepare(db, synchronous)
  local limit = ("journal_size_limit = %d"):format(MAX_WAL_BYTES)
  for _, pragma in ipairs { "journal_mode = WAL", "synchronous = " .. synchronous, limit } do
    local rows, message, reason = db:rows("PRAGMA " .. pragma)
    if not rows then return nil, message, reason end
  end
  return schema.update(db)
end

local function busy_milliseconds(seconds)
  return 1000 * (package.loaded.ngx and NGINX_BUSY_SECONDS or seconds)
end

-- Refuses a ledger that has lost its newest requests, because they would be sent again. Such a ledger is an old copy,
-- or was cut. The file beside the ledger has the number of the newest request, which is never removed from the ledger.
local function check_mark(db, path)
  local marked = db:marked() -- read before the query, because other processes may write in between
  local row, message, reason = db:first "SELECT coalesce(max(id), 0) AS id FROM request"
  if not row then return nil, message, reason end
  if row.id >= marked then return true end
  local problem = "its newest requests are missing (%d of %d are there): it is damaged, or an old copy. "
    .. "To go on without them, remove %s-writers"
  return nil, problem:format(row.id, marked, path), "corrupt"
end

-- The settings of SQLite. With `synchronous` FULL, each change is on the disk before SQLite reports it as made. NORMAL
-- leaves the time to the kernel.
local function connect(path, synchronous)
  local db, message, reason = sqlite.open(path, busy_milliseconds(BUSY_SECONDS))
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

---Returns a connection of this process. On a "durable" connection, each change is on the disk before it is reported as
---made. A "quick" connection leaves the time to the kernel; it is for data that need not survive a power cut.
---@param synchronous "durable"|"quick"
---@return any? db
---@return string? message
---@return string? reason The reason from cmr.sqlite.
function Ledger:connection(synchronous)
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
  self.connections[synchronous] = db
  return db
end

---Returns whether the ledger's file was removed or replaced after it was opened. Then the ledger can be opened again.
---@return boolean
function Ledger:is_moved()
  local db = self.connections.durable
  return db ~= nil and not db:is_inherited() and db:is_moved()
end

---Opens a ledger. Makes the file if it is missing.
---@param path? string
---@param synchronous? "durable"|"quick" The connection to try. A caller that only reads takes "quick". Default:
---durable.
---@return cmr.Ledger? ledger One ledger for each path.
---@return string? message
---@return string? reason The reason from cmr.sqlite.
function ledger.open(path, synchronous)
  local absolute, db, message, reason
  if not path then
    path, message = ledger.default_path()
    if not path then return nil, "the ledger has no place: " .. message, "no_file" end
  end
  absolute, message = sqlite.absolute(path)
  if not absolute then return nil, ("the ledger %s cannot be opened: %s"):format(path, message), "no_file" end
  local self = ledgers[absolute]
  if self and self:is_moved() then
    self:close()
    self = nil
  end
  self = self or setmetatable({ path = absolute, connections = {}, holds = {}, is_locked = false }, Ledger)
  living[self] = true
  db, message, reason = self:connection(synchronous or "durable")
  if not db then return nil, message, reason end
  if synchronous == "quick" then db:rows(("PRAGMA wal_autocheckpoint = %d"):format(READER_WAL_PAGES)) end
  ledgers[absolute] = self
  return self
end

-- Sets how long this process waits while another program has locked the file.
local function set_busy_seconds(self, seconds)
  for _, connection in pairs(self.connections) do
    connection:rows(("PRAGMA busy_timeout = %d"):format(busy_milliseconds(seconds)))
  end
end

-- Begins a transaction. A request makes up to three of them before it is sent. Only the first one waits for the whole
-- time while another program has locked the file. With is_patient, this one waits in any case.
local function begin(self, db, is_patient)
  if self.is_locked and is_patient then set_busy_seconds(self, BUSY_SECONDS) end
  local ok, message, reason = db:run "BEGIN IMMEDIATE"
  local is_locked = reason == "busy"
  if is_locked ~= self.is_locked or is_patient and is_locked then
    self.is_locked = is_locked
    set_busy_seconds(self, is_locked and LOCKED_BUSY_SECONDS or BUSY_SECONDS)
  end
  return ok, explain(message, reason, self.path), reason
end

---Runs a function in one transaction: all of its changes are made, or none.
---@param synchronous "durable"|"quick"
---@param change fun(db: any): any, any, any Its results are returned. If the first one is nil, the changes are undone.
---@param is_patient? boolean True waits for another program's lock even if an earlier wait was too short.
function Ledger:transaction(synchronous, change, is_patient)
  local db, message, reason = self:connection(synchronous)
  if not db then return nil, message, reason end
  local ok
  ok, message, reason = begin(self, db, is_patient)
  if not ok then return nil, message, reason end
  local returned, result, detail, more = pcall(change, db)
  if not returned then
    db:run "ROLLBACK"
    error(result, 0)
  end
  if result == nil then
    db:run "ROLLBACK"
    return nil, detail, more
  end
  ok, message, reason = db:run "COMMIT"
  if ok then return result, detail, more end
  db:run "ROLLBACK"
  return nil, message, reason
end

---Runs a function that only reads. All of its queries see the ledger at the same moment, under one lock.
---@param read fun(): any, any, any Its results are returned.
function Ledger:snapshot(read)
  local db, message, reason = self:connection "durable"
  if not db then return nil, message, reason end
  local ok
  ok, message, reason = db:run "BEGIN"
  if not ok then return nil, message, reason end
  local returned, result, detail, more = pcall(read)
  db:run "ROLLBACK"
  if not returned then error(result, 0) end
  return result, detail, more
end

local ADD_ID = [[INSERT INTO request_id (request, kind, id) SELECT ?1, ?2, ?3
  WHERE NOT EXISTS (SELECT 1 FROM request_id WHERE id = ?3 AND kind = ?2 AND request = ?1)]]

local function add_ids(db, request, ids)
  for _, pair in ipairs(ids or {}) do
    local ok, message, reason = db:run(ADD_ID, request, pair[1], pair[2])
    if not ok then return nil, message, reason end
  end
  return true
end

-- Returns the writer numbers with a request under way, such as ",7,12,".
local function living_writers(self, db)
  local rows, message, reason = db:rows "SELECT DISTINCT writer FROM request WHERE state = 'sending'"
  if not rows then return nil, message, reason end
  local list = ","
  for _, row in ipairs(rows) do
    if row.writer == self.writer or db:is_held(row.writer) ~= false then list = ("%s%d,"):format(list, row.writer) end
  end
  return list
end

-- Removes the runs that began before a time and have no requests left. A run that a process is working on stays.
local function forget_runs(db, before)
  local sql =
    "SELECT id FROM run WHERE started_at < ? AND NOT EXISTS (SELECT 1 FROM request WHERE request.run = run.id)"
  local rows, message, reason = db:rows(sql, before)
  if not rows then return nil, message, reason end
  for _, run in ipairs(rows) do
    if db:is_held(RUN_LOCKS + run.id) == false then
      local ok
      ok, message, reason = db:run("DELETE FROM run WHERE id = ?", run.id)
      if not ok then return nil, message, reason end
    end
  end
  return true
end

-- Removes some of the requests that were sent before a time, oldest first. The newest request always stays, so that the
-- next one gets a higher number than any running writer. `window` is the number of old requests to look at, or -1 for
-- all.
local function forget(self, db, before, limit, window)
  local writers, message, reason = living_writers(self, db)
  if not writers then return nil, message, reason end
  local sql = [[SELECT id FROM (SELECT id, sent_at, state, writer FROM request ORDER BY id LIMIT ?)
    WHERE sent_at < ? AND id < (SELECT max(id) FROM request)
    AND NOT (state = 'sending' AND instr(?, ',' || writer || ',') > 0) ORDER BY id LIMIT ?]]
  local rows
  rows, message, reason = db:rows(sql, window, before, writers, limit)
  if not rows then return nil, message, reason end
  for _, row in ipairs(rows) do
    for _, name in ipairs { "request_id WHERE request", "request WHERE id" } do
      local ok
      ok, message, reason = db:run(("DELETE FROM %s = ?"):format(name), row.id)
      if not ok then return nil, message, reason end
    end
  end
  local ok
  ok, message, reason = forget_runs(db, before)
  if not ok then return nil, message, reason end
  return #rows
end

local INSERT = [[INSERT INTO request
  (account, operation, digest, run, row, user, writer, state, sent_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, 'sending', ?)]]

-- Returns whether the same request was sent after the one with this id.
local function is_repeated(db, request)
  if not request.newest_known then return false end
  local sql = "SELECT max(id) AS id FROM request WHERE digest = ? AND operation = ? AND account = ?"
  local row = db:first(sql, request.digest, request.operation, request.account)
  return row and row.id and row.id > request.newest_known
end

-- Makes the id of this process's first request its writer number, and locks it.
local function take_writer(db, id)
  local ok, message, reason = db:hold(id)
  if ok then
    ok, message, reason = db:run("UPDATE request SET writer = ? WHERE id = ?", id, id)
  end
  return ok, message, reason
end

-- Inserts a request in a transaction.
local function insert(self, db, request)
  if is_repeated(db, request) then return nil, "the same request has just left from elsewhere", "repeated" end
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
    ok, message, reason = take_writer(db, id)
    if not ok then return nil, message, reason end
  end
  if request.supersedes then
    ok, message, reason = db:run("UPDATE request SET superseded = ? WHERE id = ?", id, request.supersedes)
    if not ok then return nil, message, reason end
  end
  ok, message, reason = add_ids(db, id, request.ids)
  if ok and id % FORGET_INTERVAL == 0 then
    ok, message, reason = forget(self, db, core.time() - ledger.RETENTION_SECONDS, MAX_FORGOTTEN, MAX_FORGOTTEN)
  end
  return ok and id, message, reason
end

---Records a request that is about to be sent. The record is on the disk when this function returns.
---@param request table {account, operation, digest, ids = {{kind, id} ...}}, and where they exist: run, row, user;
---supersedes, the id of the request that this one repeats; newest_known, the id of the newest request of this content
---that the caller knows: a newer one stops this one
---@return integer? id for finish
---@return string? message
---@return string? reason The reason from cmr.sqlite, or "repeated".
function Ledger:begin(request)
  local had_writer
  local returned, id, message, reason = pcall(self.transaction, self, "durable", function(db)
    had_writer = self.writer ~= nil
    return insert(self, db, request)
  end)
  if returned and id then
    self.connections.durable:mark(id)
    return id
  end
  if had_writer == false and self.writer then -- the id is free again, and the next request of any process gets it
    self.connections.durable:let_go(self.writer)
    self.writer = nil
  end
  if not returned then error(id, 0) end
  return nil, message, reason
end

local UPDATE = [[UPDATE request SET state = ?, retry_at = ?, kind = ?, outcome = ?, status = ?, message = ?,
  failed_items = ?, plan = coalesce(?, plan), ended_at = ? WHERE id = ?]]

---Records how a request ended.
---@param id integer
---@param ending table {state, and if they are known: retry_at, kind, outcome, status, message, failed_items, plan,
---ids = {{kind, id} ...}}
---@return boolean? ok
---@return string? message
---@return string? reason
function Ledger:finish(id, ending)
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

---Records that no coroutine waits for a request any more. In a fork's child, the function changes nothing.
---@param id integer
---@param db any The connection that recorded the request.
function Ledger:abandon(id, db)
  if db == self.connections.durable and not db:is_inherited() then
    db:run(ABANDON, "its coroutine ended before the answer was written down", core.time(), id)
  end
end

local SETTLE = [[UPDATE request SET state = ?, kind = ?, outcome = ?, message = ?, ended_at = ?
  WHERE id = ? AND state = 'accepted']]

---Records how an accepted request ended.
---@param id integer
---@param ending table {state, and if they are known: kind, outcome, message}
---@return boolean? ok
---@return string? message
---@return string? reason
function Ledger:settle(id, ending)
  return self:transaction("durable", function(db)
    return db:run(SETTLE, ending.state, ending.kind, ending.outcome, ending.message, core.time(), id)
  end)
end

-- The SQL expression for a request's state. It depends on whether the request's process still runs.
local function settle_state(self, db, request)
  if request.state == "sending" and request.writer ~= self.writer and db:is_held(request.writer) == false then
    request.state, request.outcome = "unknown", "unknown"
  end
end

-- Returns the requests that a query finds.
local function query(self, sql, ...)
  local db, message, reason = self:connection "durable"
  if not db then return nil, message, reason end
  local rows
  rows, message, reason = db:rows(sql, ...)
  for _, request in ipairs(rows or {}) do
    settle_state(self, db, request)
  end
  return rows, message, reason
end

---Returns the id of the newest request, or 0 when there is none.
---@return integer? id
---@return string? message
---@return string? reason
function Ledger:newest()
  local rows, message, reason = query(self, "SELECT coalesce(max(id), 0) AS id FROM request")
  return rows and rows[1].id, message, reason
end

local SAME = [[SELECT id, run, writer, state, retry_at, kind, outcome, message, failed_items, sent_at, ended_at
  FROM request WHERE digest = ? AND operation = ? AND account = ? AND superseded IS NULL ORDER BY id]]

---Returns the requests with the same content that no other request superseded, oldest first.
---@param account string
---@param operation string
---@param digest string
---@return table[]? requests
---@return string? message
function Ledger:same(account, operation, digest)
  return query(self, SAME, digest, operation, account)
end

---Returns the ids of a request, as {{kind, id} ...}.
---@param request integer
---@return string[][] ids
function Ledger:ids(request)
  local rows, message = query(self, "SELECT kind, id FROM request_id WHERE request = ? ORDER BY rowid", request)
  if not rows then return nil, message end
  local ids = {}
  for index, row in ipairs(rows) do
    ids[index] = { row.kind, row.id }
  end
  return ids
end

-- The SQL condition for each field of a filter.
local CONDITIONS = {
  account = "account = ?",
  operation = "operation = ?",
  user = "user = ?",
  run = "run = (SELECT id FROM run WHERE name = ?)",
  since = "sent_at >= ?",
  before = "id < ?",
  id = "id IN (SELECT request FROM request_id WHERE id = ?)",
  open = "state IN ('sending', 'accepted', 'unknown') AND ? AND superseded IS NULL",
  accepted = "state = 'accepted' AND ? AND superseded IS NULL",
  -- the value for this condition is the list of writers with a request under way
  unknown = "state IN ('sending', 'unknown') AND (state = 'unknown' OR instr(?, ',' || writer || ',') = 0)"
    .. " AND superseded IS NULL",
}

local MAX_FOUND = 1000

-- Returns the SQL after "FROM request" for a filter, and its values.
local function where(self, filter)
  local conditions, values = {}, {}
  for name, value in pairs(filter) do
    if name == "unknown" then
      local db, message, reason = self:connection "durable"
      if not db then return nil, message, reason end
      value, message, reason = living_writers(self, db)
      if not value then return nil, message, reason end
    end
    conditions[#conditions + 1], values[#values + 1] = CONDITIONS[name], value
  end
  return #conditions > 0 and "WHERE " .. table.concat(conditions, " AND ") or "", values
end

---Returns at most 1,000 requests that match a filter, newest first. For the next ones, set `before` to the id of the
---last one.
---@param filter table {account, operation, user, run = its name, since, before, id = of an order, a mailbox ...,
---open = true, accepted = true, unknown = true}
---@return table[]? requests
---@return string? message
function Ledger:find(filter)
  local conditions, values, reason = where(self, filter)
  if not conditions then return nil, values, reason end
  local sql = "SELECT * FROM request %s ORDER BY id DESC LIMIT %d"
  return query(self, sql:format(conditions, MAX_FOUND), unpack(values))
end

---Returns the request with this number.
---@param id integer
---@return table? request
---@return string? message
function Ledger:get(id)
  local rows, message, reason = query(self, "SELECT * FROM request WHERE id = ?", id)
  if not rows then return nil, message, reason end
  if not rows[1] then return nil, ("the ledger has no request %d"):format(id) end
  return rows[1]
end

---Returns how many requests match a filter.
---@param filter table A filter for Ledger:find.
---@return integer? count
---@return string? message
function Ledger:count(filter)
  local conditions, values, reason = where(self, filter)
  if not conditions then return nil, values, reason end
  local rows, message
  rows, message, reason = query(self, "SELECT count(*) AS count FROM request " .. conditions, unpack(values))
  return rows and rows[1].count, message, reason
end

---Iterates over the requests that match a filter, newest first. Reads 1,000 of them at a time.
---@param filter table A filter for Ledger:find.
---@return fun(): table|false|nil, string? iterator The next request; after a failure once false, message.
function Ledger:each(filter)
  local page_filter, page, position = {}, nil, 0
  for name, value in pairs(filter) do
    page_filter[name] = value
  end
  local is_over = false
  return function()
    if is_over then return nil end
    position = position + 1
    if not page or not page[position] and #page == MAX_FOUND then
      local message
      page_filter.before = page and page[#page].id or page_filter.before
      page, message = self:find(page_filter)
      position = 1
      if not page then
        is_over = true
        return false, message
      end
    end
    is_over = page[position] == nil
    return page[position]
  end
end

---Removes the requests that were sent before a time, and the runs without requests. The newest request and the
---requests under way stay.
---@param before number seconds since 1970
---@return integer? count
---@return string? message
function Ledger:forget(before)
  local count = 0
  while true do -- removes them in parts, so that other processes can write in between
    local removed, message, reason = self:transaction("durable", function(db)
      return forget(self, db, before, MAX_FOUND, -1)
    end)
    if not removed then return nil, message, reason end
    count = count + removed
    if removed < MAX_FOUND then return count end
  end
end

---Returns the store on this ledger. See cmr.Store.
function Ledger:store()
  self.store_ = self.store_ or require("cmr.store.sqlite").new { ledger = self }
  return self.store_
end

---Returns the limiter on this ledger. See cmr.Limiter.
function Ledger:limiter()
  self.limiter_ = self.limiter_ or require("cmr.limiter.sqlite").new { ledger = self }
  return self.limiter_
end

---Takes a run for this caller alone, until the process ends or lets it go.
---@param run integer
---@return table? hold for let_go_run
---@return string? message
---@return string? reason "busy" when another process, or another caller in this one, has it.
function Ledger:hold_run(run)
  local db, message, reason = self:connection "durable"
  if not db then return nil, message, reason end
  local hold = { db = db }
  local other = self.holds[run]
  if other and other.db == db then return nil, "another coroutine has it", "busy" end
  local ok
  ok, message, reason = db:hold(RUN_LOCKS + run)
  if not ok then return nil, message, reason end
  self.holds[run] = hold
  return hold
end

---Moves all changes from the -wal file into the ledger's file, so that a copy of this one file is complete.
function Ledger:checkpoint()
  local db = self:connection "durable"
  return db and db:rows "PRAGMA wal_checkpoint(PASSIVE)"
end

---@param run integer
---@param hold table The result of hold_run. A second call has no effect.
function Ledger:let_go_run(run, hold)
  if self.holds[run] ~= hold then return end
  self.holds[run] = nil
  if self.connections.durable == hold.db then hold.db:let_go(RUN_LOCKS + run) end
end

---Announces to other processes that this process stores the events that it receives. The announcement ends with the
---process.
---@return boolean? ok
---@return string? message
function Ledger:listen()
  local db, message = self:connection "durable"
  if not db then return nil, message end
  for number = 1, MAX_LISTENERS do
    local ok, reason
    ok, message, reason = db:hold(LISTENER_LOCKS + number)
    if ok or reason ~= "busy" then return ok, message end
  end
  return true -- enough other processes listen
end

---Returns whether events arrive in the ledger. They do when another process stores the events that it receives, or did
---so in the last 30 days.
---@return boolean? ok
---@return string? message
function Ledger:is_receiving()
  local db, message = self:connection "durable"
  if not db then return nil, message end
  for number = 1, MAX_LISTENERS do
    if db:is_held(LISTENER_LOCKS + number) then return true end
  end
  return self:store():has_received()
end

---Closes the ledger. The next open makes a new one.
function Ledger:close()
  ledgers[self.path] = nil
  for _, db in pairs(self.connections) do
    db:close()
  end
  self.connections, self.holds = {}, {}
end

return ledger
