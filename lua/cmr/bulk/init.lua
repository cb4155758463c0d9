---Bulk runs: one operation called for many rows. The client's ledger records the rows, so that no row is done twice.

local address = require "cmr.ledger.address"
local collected = require "cmr.util.collected"
local core = require "cmr.core"
local entry = require "cmr.ledger.entry"
local errors = require "cmr.util.errors"
local plan = require "cmr.bulk.plan"
local runner = require "cmr.bulk.runner"
local runs = require "cmr.ledger.runs"
local tables = require "cmr.util.tables"
local validate = require "cmr.util.validate"

---The options of client:bulk. By default, a later call with the same rows does not repeat the rows that are done. If
---the operation only reads, each call sends all rows.
---@class cmr.BulkOptions
---@field concurrency? integer The number of requests at once. Default: 8.
---
---Send all rows again, also the rows that are done. If the run is unfinished, client:bulk ignores this option and sends
---only the rows that are not done yet.
---@field again? boolean
---@field repeat_after? number Send a row again if it was done at least this many seconds ago. At most 400 days.
---
---The run skips a row that another run or a single call sent in the last `remember` seconds, unless that request failed
---or was deferred. Applies only to operations that cost money, destroy something, flip a state or use a quota. Default:
---30 days. If repeat_after is longer, the run uses repeat_after instead. At most 400 days, because the ledger removes
---older requests.
---@field remember? number
---@field retry_unknown? boolean Also send the rows that may have been done.
---@field retry_failed? boolean Also send the rows that the API refused, and ignore the wait that the API asked for.
---
---Send all rows, even if several have the same content. Without this option, client:bulk sends nothing if two rows are
---the same. An operation that only reads does not need the option.
---@field duplicates? boolean
---@field max_failures? integer Stop after this number of failures.
---
---Called for each row that client:bulk tried, even if no request was sent for the row.
---@field on_result? fun(row: table, res: cmr.Answer?, message: string?, err: cmr.Error?)

---The number of rows in each state. `earlier` has the same states for the rows that this call of client:bulk skipped
---because they were sent before.
---@class cmr.BulkReport
---@field run? string The run's name in the ledger.
---@field rows integer
---@field done integer
---@field accepted integer The API accepted them; webhooks report how they end.
---@field partial integer Done or accepted, except for some items that failed.
---@field failed integer
---@field sending integer Another process is sending them.
---@field unknown integer The server may have done them.
---@field deferred integer Refused for a passing reason: a later run can send them again.
---@field untried integer
---@field earlier table<string, integer>
---@field stopped? string The reason why the run ended early.

local bulk = { DEFAULT_CONCURRENCY = 8 }

local SPEC = {
  concurrency = validate.integer(1, 1000),
  again = "boolean",
  repeat_after = validate.number(0, plan.MAX_REMEMBER_SECONDS, "seconds"),
  remember = validate.number(0, plan.MAX_REMEMBER_SECONDS, "seconds"),
  retry_unknown = "boolean",
  retry_failed = "boolean",
  duplicates = "boolean",
  max_failures = validate.integer(1),
  on_result = "function",
}
local DEFAULTS = { concurrency = bulk.DEFAULT_CONCURRENCY, remember = plan.REMEMBER_SECONDS }
local STATES = { "done", "accepted", "partial", "failed", "sending", "unknown", "deferred" }

-- Finds a run of these rows with the present key, or else with a former key. Ignores a run that has sent nothing: the
-- user may have stopped it before the first row, for example after noticing a wrong key.
local function find_by_rows(run, wanted)
  local accounts = { wanted.account, (table.unpack or unpack)(wanted.former_accounts) }
  for _, account in ipairs(accounts) do
    local sought = { account = account, operation = wanted.operation, digest = wanted.digest }
    local found, message = runs.find(run.ledger, sought)
    local has_sent = false
    if found then
      has_sent, message = runs.has_sent(run.ledger, found)
    end
    if has_sent or message then return has_sent and found or nil, message end
  end
end

-- Finds the run with this name. Without a name, finds the run of these rows. A failure returns nil, a message and the
-- reason:
--   "mistake"    no run has the name, the run is of another operation or base URL, or `other_account` excludes the run
--   "other_key"  the run was sent with another key; the fourth value is the run
--   nil          the ledger failed
local function find(run, wanted, name, other_account)
  if not name then return find_by_rows(run, wanted) end
  local found, message = runs.named(run.ledger, name)
  if message then return nil, message end
  if not found then return nil, ("there is no run %s in the ledger"):format(name), "mistake" end
  if found.operation ~= wanted.operation then
    return nil, ("the run %s is of another operation"):format(name), "mistake"
  end
  if found.account == wanted.account or tables.contains(wanted.former_accounts, found.account) then return found end
  if not other_account and address.of(found.account) == address.of(wanted.account) then
    return nil, ("the run %s was sent with another key"):format(name), "other_key", found
  end
  return nil, ("the run %s is of another account"):format(name), "mistake"
end

-- Looks for a run of these rows that was sent with another key. Returns the run, and a message about the run. If there
-- is no such run, returns nil. After a failure, returns nil and the ledger's message.
local function find_other_key(run, wanted, opts)
  if opts.other_account then return nil end
  local other, message = runs.of_another_key(run.ledger, wanted)
  if not other then return nil, message end
  return other, ("the same rows were sent with another key (run %s)"):format(other.name)
end

-- Looks for the run with `find`, and then with find_other_key. If opts.changed_key is set and the run belongs to
-- another key, adds the run's account to wanted.former_accounts, and looks again.
local function look_up(run, wanted, opts)
  while true do
    local found, message, reason, other = find(run, wanted, opts.name, opts.other_account)
    if not found and not message then
      other, message = find_other_key(run, wanted, opts)
      reason = other and "other_key"
    end
    local is_former = reason == "other_key"
      and opts.changed_key
      and not tables.contains(wanted.former_accounts, other.account)
    if not is_former then return found, message, reason, other end
    table.insert(wanted.former_accounts, other.account)
  end
end

-- Makes a guard that releases the run if the run's coroutine never resumes. nginx drops the coroutine of a request when
-- the HTTP client disconnects.
local function let_go_when_collected(run)
  local ledger, id, hold = run.ledger, run.id, run.record.hold
  return collected.guard(function()
    ledger:let_go_run(id, hold)
  end)
end

-- Sets run.is_resumed and run.round_after. With opts.again, also prepares the next round, unless the run is resumed.
-- The ledger records the next round together with the round's first request. If no row is sent, the ledger keeps the
-- old round.
local function prepare_round(run, found, opts)
  local has_sent, problem = false, nil
  if found then
    has_sent, problem = runs.has_sent(run.ledger, found)
  end
  if problem then return nil, problem end
  run.is_resumed, run.round_after = has_sent and not found.ended_at, found and found.round_after or 0
  if not opts.again or run.is_resumed then return true end
  local newest, message, reason = run.ledger:newest()
  run.begins_round, run.round_after = true, newest
  return newest and true, message, reason
end

-- Takes the run that was found, or begins a new run.
local function take(run, wanted, found, opts)
  local taken, message, reason
  if found then
    taken, message, reason = runs.take(run.ledger, found)
  else
    taken, message, reason = runs.open(run.ledger, wanted)
  end
  if not taken then return nil, message, reason end
  run.record, run.id, run.name = taken, taken.id, taken.name
  run.guard = let_go_when_collected(run)
  return prepare_round(run, taken, opts)
end

-- Like `take`, but changes nothing in the ledger.
local function peek(run, found, opts)
  if found then
    run.id, run.name = found.id, found.name
  end
  return prepare_round(run, found, opts)
end

---Finds or begins the run of the rows that plan.read has read. The caller has the run for itself until bulk.close.
---
---Sets these fields of `run`:
---  account, id, name, round_after
---  former_accounts  a list of the accounts with former keys, for opts.changed_key
---  changed_key, other_account  as in opts, for plan.rows
---  others_after   like round_after, but for the requests of other keys; opts.again does not change it
---  record         the run in the ledger
---  is_resumed     whether the run was begun before and has not ended
---  begins_round   whether the first row that is sent begins the run's next round
---
---The fields of `opts` are:
---  again          prepares the run's next round, unless is_resumed
---  changed_key    if the rows were sent with another key, treats that key as a former key, see bulk.change_key
---  other_account  ignores the rows that were sent with another key
---  name           finds the run by its name, and not by its rows
---  source         the origin of the rows
---  peek           changes nothing in the ledger, and does not take the run
---@param run table as for runner.run
---@param opts table
---@return boolean? ok
---@return string? message
---@return "taken"|"other_key"|"mistake"|"ledger"|nil reason
---@return table? other The run that was sent with another key.
function bulk.open(run, opts)
  run.round_after = 0
  if not run.ledger or run.repeatable then return true end
  run.account = entry.account(run.client:target())
  local wanted = { account = run.account, operation = run.operation.name, digest = run.set_digest }
  wanted.rows, wanted.source, wanted.former_accounts = run.digests.count, opts.source, {}
  local found, message, reason, other = look_up(run, wanted, opts)
  run.former_accounts, run.changed_key, run.other_account = wanted.former_accounts, opts.changed_key, opts.other_account
  run.others_after = found and found.round_after or 0
  local ok
  if not message and opts.peek then return peek(run, found, opts) end
  if not message then
    ok, message, reason = take(run, wanted, found, opts)
  end
  if ok then return true end
  if reason == "taken" or reason == "other_key" or reason == "mistake" then return nil, message, reason, other end
  return nil, ("the ledger %s cannot be used: %s"):format(run.ledger.path, message), "ledger"
end

---Replaces the former keys by the present key in the ledger, so that later runs find their requests. The name of this
---run may change.
---@param run table
---@return boolean? ok
---@return string? message
function bulk.change_key(run)
  for _, account in ipairs(run.former_accounts or {}) do
    local ok, message = runs.change_key(run.ledger, account, run.account)
    if not ok then return nil, ("the ledger %s cannot be used: %s"):format(run.ledger.path, message) end
    run.name = runs.name(run.ledger, run.id)
  end
  run.former_accounts = {}
  return true
end

---Releases the run that bulk.open found or began.
---@param run table
---@param every_row boolean Whether every row has ended. If true, the ledger records that the run has ended.
function bulk.close(run, every_row)
  if not run.record then return end
  if every_row then runs.finish(run.ledger, run.record) end
  run.ledger:let_go_run(run.id, run.record.hold)
  run.ledger:checkpoint()
end

-- Copies the table. A list may contain the same table twice, but the runner identifies a row by its table.
local function copy(args)
  if type(args) ~= "table" then return args end
  local fields = {}
  for name, value in pairs(args) do
    fields[name] = value
  end
  return fields
end

-- Returns the function `rows` of a run. Each call of this function returns an iterator over all rows. In a row,
-- `original` is the item of the list, and `args` is a copy of this item.
local function rows_of(list)
  return function()
    local number = 0
    return function()
      number = number + 1
      local args = list[number]
      return args ~= nil and { number = number, args = copy(args), original = args } or nil
    end
  end
end

local function collect(rows)
  if type(rows) == "table" then return rows end
  if type(rows) ~= "function" then
    errors.raise("bulk: bad rows (a list or a function expected, got " .. type(rows) .. ")")
  end
  local list = {}
  for row in rows do
    list[#list + 1] = row
  end
  return list
end

-- Checks every row before the first row is sent. Returns the reason why nothing may be sent, or nil.
local function review(run, duplicates)
  local problem
  local ok, failure = pcall(plan.review, run, function(row)
    if problem or row.copy == 1 or duplicates then return end
    problem = ("rows %d and %d are the same: option 'duplicates' sends both"):format(row.first, row.number)
  end)
  if ok then return problem end
  if type(failure) ~= "table" then error(failure, 0) end
  return failure.failure or failure.usage
end

---Runs an operation for many rows. See client:bulk.
---@param client cmr.Client
---@param ledger cmr.Ledger?
---@param loop cmr.Loop
---@param operation cmr.Operation
---@param rows table[]|fun(): table?
---@param check fun(args: table): boolean?, string?
---@param opts cmr.BulkOptions?
---@return cmr.BulkReport? report
---@return string? message
function bulk.run(client, ledger, loop, operation, rows, check, opts)
  opts = validate.options("bulk", SPEC, DEFAULTS, opts)
  local list = collect(rows)
  local report = { rows = #list, earlier = {}, untried = #list }
  for _, state in ipairs(STATES) do
    report[state], report.earlier[state] = 0, 0
  end
  local run = {
    client = client,
    ledger = ledger,
    loop = loop,
    operation = operation,
    repeatable = operation.method == "GET" or operation.flags.safe,
    rows = rows_of(list),
    read_row = function() end, -- the row already has its args
    check = check,
    concurrency = opts.concurrency,
    max_failures = opts.max_failures,
    repeat_after = opts.repeat_after,
    remember_seconds = plan.remember_seconds(opts.remember, opts.repeat_after),
    retry_unknown = opts.retry_unknown,
    retry_failed = opts.retry_failed,
    time = core.time,
    on_end = function(_, state, _, is_earlier)
      local counts = is_earlier and report.earlier or report
      counts[state], report.untried = counts[state] + 1, report.untried - 1
    end,
    on_result = function(row, answer, err)
      if opts.on_result then errors.call_hook(opts.on_result, row.original, answer, err and err.message, err) end
    end,
  }
  plan.read(run)
  local ok, message = bulk.open(run, { again = opts.again, source = "cmr.bulk" })
  if not ok then return nil, "bulk: " .. message end
  report.run = run.name
  local problem = not run.repeatable and review(run, opts.duplicates)
  if problem then
    bulk.close(run, false)
    return nil, "bulk: " .. problem
  end
  local ending = runner.run(run)
  local open = report.untried
  for _, state in ipairs { "deferred", "sending", "unknown" } do
    open = open + report[state] + report.earlier[state]
  end
  bulk.close(run, open == 0)
  if type(ending) == "string" or ending and not ending.status then error(ending, 0) end
  report.stopped = ending and ending.failure
  return report
end

return bulk
