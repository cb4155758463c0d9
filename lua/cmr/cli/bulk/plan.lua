--- Which rows there are, and which of them are to be sent, by what the journal says of them.

local identity = require "cmr.cli.bulk.identity"

local M = {}

-- Refused for what will pass, and not for what the row is: tried again by the next run.
M.passing = { quota_exceeded = true, rate_limited = true, unauthorized = true, payment_required = true }

-- What to do with a row of this state (see journal.read): "todo", or what is left alone: "done", "partly", "unknown",
-- "failed", "later".
local function standing(state, job)
  if state == nil then return "todo" end
  if state == "unknown" then return (job.harmless or job.retry_unknown) and "todo" or "unknown" end
  if type(state) == "string" then return state end
  if state.outcome == "not_sent" or job.harmless then return "todo" end
  if M.passing[state.kind] then return (state.again or 0) > job.time() and "later" or "todo" end
  return job.retry_failed and "todo" or "failed"
end

--- The rows of the input, as they stand.
-- @param job  {input, read (of rows.reader), check (arguments -> not nil, or nil and what is wrong), states (of a
--   journal), harmless: whether sending a row twice changes nothing; retry_unknown, retry_failed; time}
-- @return function() -> a row of the input with id, first (the number of the first row with this content), standing,
--   and arguments where that is "todo", problem where it is "bad"; nil at the end. And the set of the ids so far
function M.rows(job)
  local next_row, first, copies = job.input:rows(), {}, {}
  return function()
    local one = next_row()
    if not one then return nil end
    local arguments, why = job.read(one)
    if arguments then
      local id = identity(arguments)
      one.first = first[id] or one.number
      if first[id] then
        copies[id] = (copies[id] or 1) + 1
        id = id .. "#" .. copies[id]
      end
      first[id] = one.number
      one.id, one.standing = id, standing(job.states[id], job)
      if one.standing == "todo" then
        one.arguments, why = arguments, select(2, job.check(arguments))
      end
    end
    if why then
      one.standing, one.problem = "bad", why
    end
    return one
  end,
    first
end

--- Looks at every row.
-- @param tell  function(row), told of each
-- @return counts by standing, and rows, their sum; the set of the ids
function M.look(job, tell)
  local counts = { rows = 0, todo = 0, done = 0, partly = 0, unknown = 0, failed = 0, later = 0, bad = 0 }
  local rows, ids = M.rows(job)
  for one in rows do
    counts.rows = counts.rows + 1
    counts[one.standing] = counts[one.standing] + 1
    tell(one)
  end
  return counts, ids
end

return M
