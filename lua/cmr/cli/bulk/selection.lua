---Reads the rows of the input, and decides from the journal which of them a run sends.

local core = require "cmr.core"

local selection = {}

local ID_BYTES = 15 -- of the digest
-- Refusals that pass: the next run sends these rows again.
local TRANSIENT_KINDS = { quota_exceeded = true, rate_limited = true, unauthorized = true, payment_required = true }

local serialize

-- A string has its length in front, so that no two values are written alike.
local SERIALIZERS = {
  string = function(value)
    return #value .. ":" .. value
  end,
  number = function(value)
    return ("%.17g"):format(value)
  end,
  boolean = tostring,
  table = function(value)
    local keys, parts = {}, {}
    for key in pairs(value) do
      keys[#keys + 1] = key
    end
    table.sort(keys, function(a, b)
      if type(a) == type(b) then return a < b end
      return type(a) == "number"
    end)
    for index, key in ipairs(keys) do
      parts[index] = serialize(key) .. serialize(value[key])
    end
    return "{" .. table.concat(parts, ",") .. "}"
  end,
}

function serialize(value)
  if value == core.null then return "null" end
  if value == core.all then return "all" end
  return SERIALIZERS[type(value)](value)
end

---The id of a row, 20 characters: the same for the same arguments in every run, on every Lua, in any format.
function selection.id(args)
  return core.base64(core.sha256(serialize(args)):sub(1, ID_BYTES))
end

---The status of a row after a failure: "unknown", "deferred" or "failed".
function selection.status_after(failure)
  if failure.outcome == "unknown" then return "unknown" end
  return TRANSIENT_KINDS[failure.kind] and "deferred" or "failed"
end

-- The status of a row by its state in the journal.
local function status_of(state, run)
  if state == nil then return "todo" end
  if state == "unknown" then return (run.repeatable or run.retry_unknown) and "todo" or "unknown" end
  if type(state) == "string" then return state end
  if state.outcome == "not_sent" or run.repeatable then return "todo" end
  if TRANSIENT_KINDS[state.kind] then return (state.retry_at or 0) > run.time() and "deferred" or "todo" end
  return run.retry_failed and "todo" or "failed"
end

---Iterates over the rows. Each gets its id; first, the number of the first row with the same content; and its status:
---"todo" (to be sent, with args), "done", "partial" (done, but some items failed), "unknown", "failed", "deferred"
---(refused for now) or "invalid" (with the problem).
---@param run table with input, read (of columns.reader), check (args -> true, or nil, message), states (of
---journal.read), repeatable (sending a row twice does no harm), retry_unknown, retry_failed, time
---@return fun(): table? iterator
---@return table ids the set of the ids so far
function selection.rows(run)
  local next_row, first, copies = run.input:rows(), {}, {}
  local function iterator()
    local row = next_row()
    if not row then return nil end
    local args, message = run.read(row)
    if args then
      local id = selection.id(args)
      row.first = first[id] or row.number
      if first[id] then
        copies[id] = (copies[id] or 1) + 1
        id = id .. "#" .. copies[id]
      end
      first[id] = row.number
      row.id, row.status = id, status_of(run.states[id], run)
      if row.status == "todo" then
        row.args, message = args, select(2, run.check(args))
      end
    end
    if message then
      row.status, row.problem = "invalid", message
    end
    return row
  end
  return iterator, first
end

---Visits every row.
---@return table counts by status, and `rows`, their sum
---@return table ids the set of the ids
function selection.review(run, on_row)
  local counts = { rows = 0, todo = 0, done = 0, partial = 0, unknown = 0, failed = 0, deferred = 0, invalid = 0 }
  local rows, ids = selection.rows(run)
  for row in rows do
    counts.rows = counts.rows + 1
    counts[row.status] = counts[row.status] + 1
    on_row(row)
  end
  return counts, ids
end

return selection
