---Finds requests in the ledger.

local address = require "cmr.ledger.address"
local writers = require "cmr.ledger.writers"

local unpack = table.unpack or unpack

---A part of cmr.Ledger.
---@class cmr.LedgerQueries
local queries = {}

-- Returns the rows that a query finds. If a request's process has died, the state "sending" becomes "unknown" in the
-- returned row. The database does not change.
local function query(self, sql, ...)
  local db, message, reason = self:connection "durable"
  if not db then return nil, message, reason end
  local rows
  rows, message, reason = db:rows(sql, ...)
  for _, request in ipairs(rows or {}) do
    if writers.has_left(self, db, request) then
      request.state, request.outcome = "unknown", "unknown"
    end
  end
  return rows, message, reason
end

---Returns the id of the newest request, or 0 when there is none.
---@return integer? id
---@return string? message
---@return string? reason
function queries:newest()
  local rows, message, reason = query(self, "SELECT coalesce(max(id), 0) AS id FROM request")
  return rows and rows[1].id, message, reason
end

local SAME = ([[SELECT id, account, run, writer, state, retry_at, kind, outcome, message, failed_items, sent_at,
  ended_at FROM request WHERE digest = ? AND operation = ? AND %s = ? AND superseded IS NULL ORDER BY id]]):format(
  address.SQL
)

---Returns the requests with this operation and digest, oldest first. The base URL must be the account's, but the key
---may be any key. Omits a request that a later request superseded.
---@param account string
---@param operation string
---@param digest string
---@return table[]? requests
---@return string? message
function queries:same(account, operation, digest)
  return query(self, SAME, digest, operation, address.of(account))
end

---Returns the ids of a request as a list such as {{"order", "ORD_1"}, {"domain", "doe.com"}}.
---@param request integer
---@return string[][] ids
function queries:ids(request)
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
  -- here, ? is the list of the writers that have a request under way
  unknown = "state IN ('sending', 'unknown') AND (state = 'unknown' OR instr(?, ',' || writer || ',') = 0)"
    .. " AND superseded IS NULL",
}

local MAX_FOUND = 1000

-- Returns the WHERE clause for a filter, and the values for the clause. An empty filter gives "".
local function where(self, filter)
  local conditions, values = {}, {}
  for name, value in pairs(filter) do
    if name == "unknown" then
      local db, message, reason = self:connection "durable"
      if not db then return nil, message, reason end
      value, message, reason = writers.living(self, db)
      if not value then return nil, message, reason end
    end
    conditions[#conditions + 1], values[#values + 1] = CONDITIONS[name], value
  end
  return #conditions > 0 and "WHERE " .. table.concat(conditions, " AND ") or "", values
end

-- A damaged file could give a request twice. So the function fails if the ids of the rows do not descend.
local function check_order(self, rows, before)
  local previous = before or math.huge
  for _, row in ipairs(rows) do
    if row.id >= previous then return nil, ("the ledger %s is damaged"):format(self.path), "corrupt" end
    previous = row.id
  end
  return rows
end

---Returns at most 1,000 requests that match a filter, newest first. To get the next requests, set `before` to the id of
---the last request.
---
---Every field of the filter is optional. The fields `open`, `accepted` and `unknown` can only be true. The other fields
---are `account`, `operation`, `user`, `since` (a time), `before` (the id of a request), `run` (the name of a run) and
---`id` (the id of an order, a mailbox or another thing).
---@param filter table
---@return table[]? requests
---@return string? message
function queries:find(filter)
  local conditions, values, reason = where(self, filter)
  if not conditions then return nil, values, reason end
  local sql = "SELECT * FROM request %s ORDER BY id DESC LIMIT %d"
  local rows, message
  rows, message, reason = query(self, sql:format(conditions, MAX_FOUND), unpack(values))
  if not rows then return nil, message, reason end
  return check_order(self, rows, filter.before)
end

---Returns the request with this id in the ledger.
---@param id integer
---@return table? request
---@return string? message
function queries:get(id)
  local rows, message, reason = query(self, "SELECT * FROM request WHERE id = ?", id)
  if not rows then return nil, message, reason end
  if not rows[1] then return nil, ("the ledger has no request %d"):format(id) end
  return rows[1]
end

---Returns how many requests match a filter.
---@param filter table a filter as for Ledger:find
---@return integer? count
---@return string? message
function queries:count(filter)
  local conditions, values, reason = where(self, filter)
  if not conditions then return nil, values, reason end
  local rows, message
  rows, message, reason = query(self, "SELECT count(*) AS count FROM request " .. conditions, unpack(values))
  return rows and rows[1].count, message, reason
end

---Iterates over the requests that match a filter, newest first. Reads 1,000 of them at a time.
---@param filter table a filter as for Ledger:find
---@return fun(): table|false|nil, string? iterator Gives each request; a failure gives false and a message.
function queries:each(filter)
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
    return page[position]
  end
end

return queries
