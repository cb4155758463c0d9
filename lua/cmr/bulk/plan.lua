---Decides from the ledger which rows of a run are sent.

local identity = require "cmr.ledger.identity"
local text = require "cmr.util.text"

local plan = {}

-- A copy of a row is the first of these that no other copy is yet.
local RANKS = { done = 1, partial = 1, accepted = 1, sending = 2, unknown = 2, deferred = 3, failed = 3 }
local JUST_SENT_RANK = 0 -- for an earlier copy, in this pass

local SETTLED = { done = true, accepted = true, partial = true }
local STATUSES = { "todo", "done", "accepted", "partial", "unknown", "failed", "deferred", "invalid" }

---Whether doing it twice costs money, destroys, or uses a quota: such a row is recognised in every run.
local function is_guarded(operation)
  local flags = operation.flags
  return flags.charges or flags.danger or flags.quota or flags.flips
end

-- Whether an entry counts for this run.
local function counts(run, entry, now)
  if entry.id <= run.round_after then return false end
  local is_over = entry.state == "done" or entry.state == "accepted" or entry.state == "partial"
  if is_over and run.repeat_after and (entry.ended_at or entry.sent_at) <= now - run.repeat_after then return false end
  if run.id and entry.run == run.id then return true end
  return is_guarded(run.operation) and RANKS[entry.state] < 3 and entry.sent_at > now - run.remember_seconds
end

-- The status of a row by its entry, and whether it is sent in place of that entry.
local function status_of(run, entry, now)
  local state = entry.state
  if state == "sending" then return "unknown" end -- it is under way: there is nothing to look at yet
  if state == "unknown" then return run.retry_unknown and "todo" or "unknown" end
  if state == "failed" then return (entry.outcome == "not_sent" or run.retry_failed) and "todo" or "failed" end
  if state == "deferred" then return (entry.retry_at or 0) > now and "deferred" or "todo" end
  return state == "accepted" and (entry.failed_items or 0) > 0 and "partial" or state
end

-- Finds the entry of the n-th row with the same content.
local function entry_of(run, entries, number)
  local function rank_of(entry)
    return entry.run == run.id and entry.id > run.pass_after and JUST_SENT_RANK or RANKS[entry.state]
  end
  table.sort(entries, function(a, b)
    local one, other = rank_of(a), rank_of(b)
    if one == other then return a.id < b.id end
    return one < other
  end)
  return entries[number]
end

local function look_up(run, row)
  if not run.ledger or run.repeatable then
    row.status = "todo"
    return
  end
  local entries, message = run.ledger:same(run.account, run.operation.name, row.digest)
  if not entries then error({ failure = message, status = 1 }, 0) end
  local now, counted, newest = run.time(), {}, 0
  for _, entry in ipairs(entries) do
    newest = math.max(newest, entry.id)
    if counts(run, entry, now) then counted[#counted + 1] = entry end
  end
  local entry = entry_of(run, counted, row.copy)
  row.entry, row.status = entry, entry and status_of(run, entry, now) or "todo"
  if row.copy == 1 then row.newest_known = newest end -- the copies of a row follow each other
end

-- The newest request, before the first row of a pass is sent.
local function newest_of(run)
  if not run.ledger or run.repeatable then return 0 end
  local newest, message = run.ledger:newest()
  if not newest then error({ failure = message, status = 1 }, 0) end
  return newest
end

---Reads the rows' digests. Returns them by number; "": a row that is no valid one.
---@param run table {rows() -> iterator of {number, args or problem}}
---@return string[] digests
---@return string set_digest the digest of the whole set
function plan.digests(run)
  local digests, valid = {}, {}
  for row in run.rows() do
    local digest = row.args and identity.digest(row.args) or ""
    digests[row.number] = digest
    valid[#valid + 1] = digest
  end
  return digests, identity.set_digest(valid)
end

---Iterates over the rows. Each gets its digest; first: the number of the first row with the same content; copy: 1 for
---that one, 2 for the next; entry: its request in the ledger; and its status: "todo" (to be sent, with args), "done",
---"accepted", "partial", "unknown", "failed", "deferred", or "invalid" (with the problem).
---@param run table {rows, digests (of plan.digests), check(args) -> true or nil, message, ledger, account, operation,
---id (of the run in the ledger), round_after, repeat_after, remember_seconds, repeatable (a row may be sent twice),
---retry_unknown, retry_failed, time() -> seconds since 1970}
---@return fun(): table? iterator
function plan.rows(run)
  local next_row, first, copies = run.rows(), {}, {}
  run.pass_after = newest_of(run)
  return function()
    local row = next_row()
    if not row then return nil end
    row.digest = run.digests[row.number]
    if row.args and not row.digest then error({ usage = "the input changed while it was read" }, 0) end
    if row.args then
      row.first = first[row.digest] or row.number
      first[row.digest] = row.first
      row.copy = row.first == row.number and 1 or (copies[row.digest] or 1) + 1
      if row.copy > 1 then copies[row.digest] = row.copy end -- most rows have no copy
      row.status = run.settled and run.settled[row.number]
      if not row.status then look_up(run, row) end
      if row.status == "todo" then row.problem = select(2, run.check(row.args)) end
    end
    if row.problem then row.status = "invalid" end
    return row
  end
end

---Whether a row that is about to be sent is still the one that was reviewed.
function plan.is_unchanged(run, row)
  return run.digests[row.number] == identity.digest(row.args)
end

---Visits every row. The run remembers those that are done: plan.rows need not look them up again.
---@return table counts by status, and `rows`, their sum
function plan.review(run, on_row)
  local sums = { rows = 0 }
  for _, status in ipairs(STATUSES) do
    sums[status] = 0
  end
  local settled = {}
  for row in plan.rows(run) do
    if SETTLED[row.status] then settled[row.number] = row.status end
    sums.rows = sums.rows + 1
    sums[row.status] = sums[row.status] + 1
    on_row(row)
  end
  run.settled = settled
  return sums
end

plan.is_guarded = is_guarded
plan.REMEMBER_SECONDS = 30 * text.DAY

return plan
