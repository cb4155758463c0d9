---Decides from the ledger which rows of a run are sent.

local digests = require "cmr.bulk.digests"
local forgetting = require "cmr.ledger.forgetting"
local identity = require "cmr.ledger.identity"
local runs = require "cmr.ledger.runs"
local tables = require "cmr.util.tables"
local text = require "cmr.util.text"

local plan = {
  REMEMBER_SECONDS = 30 * text.DAY,
  MAX_REMEMBER_SECONDS = forgetting.RETENTION_SECONDS,
}

-- The order of the entries with the same content: the lowest rank comes first. The first row with this content gets the
-- first entry, and the second row gets the second entry.
local RANKS = { done = 1, partial = 1, accepted = 1, sending = 2, unknown = 2, deferred = 3, failed = 3 }
local JUST_SENT_RANK = 0 -- the entry was made in this pass, for an earlier copy of the row
local FAILED_PART_RANK = 0.5 -- the entry failed, and the input is a failures file: see entry_of

local SETTLED = { done = true, accepted = true, partial = true }
local STATUSES = { "todo", "done", "accepted", "partial", "sending", "unknown", "failed", "deferred", "invalid" }
local CHANGED = { usage = "the input changed while it was read" }

---Returns whether a second call of the operation costs money, destroys something, flips a state, or uses a quota. For
---such an operation, a request from outside the run counts too: see `counts`.
local function is_guarded(operation)
  local flags = operation.flags
  return flags.charges or flags.danger or flags.quota or flags.flips
end

-- Returns whether this entry of an earlier request counts for the run. A row is new if none of its entries counts.
local function counts(run, entry, now)
  if entry.id <= run.round_after then return false end
  local has_time = run.repeat_after and SETTLED[entry.state]
  local counted_from = has_time and entry.ended_at or entry.sent_at
  if has_time and counted_from <= now - run.repeat_after then return false end
  if run.id and entry.run == run.id then return true end
  return is_guarded(run.operation) and RANKS[entry.state] < 3 and counted_from > now - run.remember_seconds
end

-- Returns the status of a row that has an entry in the ledger.
local function status_of(run, entry, now)
  local state = entry.state
  if state == "unknown" then return run.retry_unknown and "todo" or "unknown" end
  if state == "failed" then return (entry.outcome == "not_sent" or run.retry_failed) and "todo" or "failed" end
  if state == "deferred" then
    local must_wait = not run.retry_failed and entry.retry_at and entry.retry_at > now
    return must_wait and "deferred" or "todo"
  end
  return state == "accepted" and (entry.failed_items or 0) > 0 and "partial" or state
end

-- `entries` are the requests that have a row's content. Returns whether a request from outside this run is newer than a
-- failed or deferred request of this run.
local function is_sent_since(run, entries)
  local oldest_failed, newest_elsewhere = math.huge, 0
  for _, entry in ipairs(entries) do
    if entry.run ~= run.id then
      newest_elsewhere = math.max(newest_elsewhere, entry.id)
    elseif RANKS[entry.state] == RANKS.failed then
      oldest_failed = math.min(oldest_failed, entry.id)
    end
  end
  return newest_elsewhere > oldest_failed
end

-- Returns the entry of a row. If several rows have the same content, the first row (`number` is 1) gets the first
-- entry, and the second row gets the second entry. The entries have this order:
--   1. entries made in this pass
--   2. failed and deferred entries, if the input is a failures file and is_sent_since is false: the rows of such a file
--      are to be sent again
--   3. the other entries, in the order of RANKS
local function entry_of(run, entries, number)
  local failed_first = run.is_part and not is_sent_since(run, entries)
  local function rank_of(entry)
    if entry.run == run.id and entry.id > run.pass_after then return JUST_SENT_RANK end
    local rank = RANKS[entry.state]
    return failed_first and rank == RANKS.failed and FAILED_PART_RANK or rank
  end
  table.sort(entries, function(a, b)
    local one, other = rank_of(a), rank_of(b)
    if one == other then return a.id < b.id end
    return one < other
  end)
  return entries[number]
end

-- Returns the failure of a run whose ledger cannot be read.
local function unreadable(run, message)
  return { failure = ("the ledger %s cannot be used: %s"):format(run.ledger.path, message), status = 1 }
end

-- Returns two lists of requests that have a row's content:
--   own      the requests that were sent with the present key or a former key
--   others   the requests that were sent with any other key. Empty if the operation is not guarded, or if the run has
--            other_account
local function same(run, digest)
  local entries, message = run.ledger:same(run.account, run.operation.name, digest)
  if not entries then error(unreadable(run, message)) end
  local own, others, former_accounts = {}, {}, run.former_accounts or {}
  for _, entry in ipairs(entries) do
    local is_own = entry.account == run.account or tables.contains(former_accounts, entry.account)
    table.insert(is_own and own or others, entry)
  end
  return own, is_guarded(run.operation) and not run.other_account and others or {}
end

-- Returns a request for this row that was sent with another key and is newer than `newest`, or nil. `newest` is the id
-- of the row's newest request with this key.
local function sent_by_other_key(run, others, newest, now)
  local after, since = math.max(newest, run.others_after or 0), now - run.remember_seconds
  for _, entry in ipairs(others) do
    if entry.id > after and RANKS[entry.state] < RANKS.failed and entry.sent_at > since then return entry end
  end
end

-- Gives a row its entry and its status. If the status is "todo", looks for a later request that sent the same content
-- with another key:
--   none is found                       the status stays "todo"
--   one is found, no run.changed_key    raises a failure with the field other_key
--   one is found, with run.changed_key  adds its account to run.former_accounts, and looks the row up again
local function look_up(run, row)
  if not run.ledger or run.repeatable then
    row.status = "todo"
    return
  end
  local entries, others = same(run, row.digest)
  local now, counted, newest, newest_elsewhere, times = run.time(), {}, 0, 0, 0
  for _, entry in ipairs(entries) do
    newest = math.max(newest, entry.id)
    if entry.run ~= run.id then newest_elsewhere = math.max(newest_elsewhere, entry.id) end
    if RANKS[entry.state] < RANKS.failed then
      times = times + 1
      row.last_sent_at = math.max(row.last_sent_at or entry.sent_at, entry.sent_at)
    end
    if counts(run, entry, now) then counted[#counted + 1] = entry end
  end
  local entry = entry_of(run, counted, row.copy)
  row.entry, row.status = entry, entry and status_of(run, entry, now) or "todo"
  local other = row.status == "todo" and sent_by_other_key(run, others, newest, now)
  if other then
    if not run.changed_key then
      local where = other.run and (" (run %s)"):format(runs.name(run.ledger, other.run)) or ""
      local message = ("row %d was sent with another key%s"):format(row.number, where)
      error { other_key = message, failure = message, status = 1 }
    end
    table.insert(run.former_accounts, other.account)
    return look_up(run, row)
  end
  row.is_repeat = times >= row.copy
  -- Another process may send the same content before this row is sent. So Ledger:begin looks for a newer request with
  -- this content, and refuses the row if there is one. If this row is a copy of an earlier row, Ledger:begin ignores
  -- the requests of this run, because they may belong to the earlier row.
  if row.copy == 1 then
    row.newest_known = newest
  else
    row.newest_known_elsewhere = newest_elsewhere
  end
end

-- Returns the id of the newest request in the ledger. Returns nil for a run that does not use the ledger. Called before
-- a pass sends its first row.
local function newest_of(run)
  if not run.ledger or run.repeatable then return end
  local newest, message = run.ledger:newest()
  if not newest then error(unreadable(run, message)) end
  return newest
end

-- Takes a sorted list of the rows' digests. Returns the set of the digests that more than one row has.
local function copied(sorted)
  local found = {}
  for index = 2, #sorted do
    if sorted[index] == sorted[index - 1] then found[sorted[index]] = true end
  end
  found[""] = nil -- "" stands for the rows that are not valid
  return found
end

---Reads the rows. Sets run.digests, run.copied (the digests that several rows have) and run.set_digest (the digest of
---the whole set).
---@param run table run.rows() returns an iterator of {number}; run.read_row(row) sets row.args or row.problem.
function plan.read(run)
  local read = digests.new()
  for row in run.rows() do
    run.read_row(row)
    read:add(row.args and identity.digest(row.args, run.operation))
  end
  local list = read:list()
  run.digests, run.set_digest = read, identity.set_digest(list)
  run.copied = copied(list)
end

-- Returns a function that gives each row its fields `first` and `copy`.
local function copy_counter(run)
  local first, copies = {}, {}
  return function(row)
    local digest = row.digest
    row.first, row.copy = row.number, 1
    if not run.copied[digest] then return end -- most rows have no copy
    copies[digest] = (copies[digest] or 0) + 1
    first[digest] = first[digest] or row.number
    row.first, row.copy = first[digest], copies[digest]
  end
end

-- Gives a row its status.
local function decide(run, row)
  if row.digest ~= "" then look_up(run, row) end
  if row.status and row.status ~= "todo" then return end
  run.read_row(row)
  if row.args and row.digest == "" then error(CHANGED) end
  if row.args then row.problem = select(2, run.check(row.args)) end
  if row.problem then row.status = "invalid" end
end

---Iterates over the rows, and gives each row these fields:
---  digest        the digest of its content
---  first         the number of the first row with the same content
---  copy          1 for the first row with this content, 2 for the next one
---  entry         the row's request in the ledger, or nil
---  is_repeat     whether the row was sent before and may have been done
---  last_sent_at  the time of the last request that may have done the row
---  status        "todo" (to be sent), "done", "accepted", "partial", "sending" (another process sends it), "unknown",
---                "failed", "deferred", or "invalid"
---  args          the arguments of a "todo" row, and of an "invalid" row that could be read
---  problem       the message for an "invalid" row
---
---The fields of `run` are:
---  rows, read_row, digests, copied           see plan.read
---  settled, partial                          see plan.review
---  check(args)                               returns true, or nil and a message
---  ledger, account, former_accounts, changed_key, other_account, others_after, operation
---  id                                        the id of the run in the ledger
---  is_part                                   whether the input is a failures file, which has some of the run's rows
---  round_after, repeat_after, remember_seconds, retry_unknown, retry_failed
---  repeatable                                whether a row can be sent twice without harm
---  time()                                    returns seconds since 1970
---@param run table
---@return fun(): table? iterator
function plan.rows(run)
  local next_row, number_copies = run.rows(), copy_counter(run)
  run.pass_after = newest_of(run)
  return function()
    local row = next_row()
    if not row then return nil end
    row.digest = run.digests:get(row.number)
    if not row.digest then error(CHANGED) end
    number_copies(row)
    row.status = run.settled and run.settled[row.number]
    row.entry = run.partial and run.partial[row.number]
    if not row.status then decide(run, row) end
    return row
  end
end

---Returns whether the row still has the content that plan.read found. Called before the row is sent.
function plan.is_unchanged(run, row)
  return run.digests:get(row.number) == identity.digest(row.args, run.operation)
end

local function review(run, on_row)
  local sums = { rows = 0 }
  for _, status in ipairs(STATUSES) do
    sums[status] = 0
  end
  local settled, partial = {}, {}
  for row in plan.rows(run) do
    if SETTLED[row.status] then settled[row.number] = row.status end
    if row.status == "partial" then partial[row.number] = row.entry end
    sums.rows = sums.rows + 1
    sums[row.status] = sums[row.status] + 1
    on_row(row)
  end
  run.settled, run.partial = settled, partial
  return sums
end

---Calls on_row for every row. Stores the status of each done, accepted or partial row in run.settled, so that plan.rows
---does not look the row up again. Stores the requests of partial rows in run.partial, for the messages that name the
---failed items.
---@return table counts The number of rows of each status. The field `rows` is the number of all rows.
function plan.review(run, on_row)
  if not run.ledger or run.repeatable then return review(run, on_row) end
  local sums, message = run.ledger:snapshot(function()
    return review(run, on_row)
  end)
  if not sums then error(unreadable(run, message)) end
  return sums
end

---Returns how many seconds a run remembers requests from outside the run. This time is at least repeat_after. Otherwise
---the run would repeat rows too early.
---@param remember number The user's wish, in seconds.
---@param repeat_after number?
function plan.remember_seconds(remember, repeat_after)
  return math.max(remember, repeat_after or 0)
end

plan.is_guarded = is_guarded

return plan
