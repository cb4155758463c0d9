--- What became of the rows so far, and how that is said at the end. Pure.

local plan = require "cmr.cli.bulk.plan"

local M = {}

local Tally = {}
Tally.__index = Tally

local NAMED = 20 -- rows that are named one by one

--- @param todo  how many rows are to be sent
-- @return tally: todo; done, failed, unknown, later: of them, so far; earlier: the same of rows left alone
function M.new(todo)
  return setmetatable({
    todo = todo,
    done = 0,
    failed = 0,
    unknown = 0,
    later = 0,
    earlier = { done = 0, failed = 0, unknown = 0, later = 0 },
    kinds = { failed = {}, later = {} },
    named = { unknown = {}, partly = {} },
    again = nil,
  }, Tally)
end

local function name(list, number)
  list.count = (list.count or 0) + 1
  if list.count <= NAMED then list[list.count] = number end
end

--- A row has come to its end.
-- @param standing  "done", "partly", or "failed", "unknown", "later"
-- @param failure   as in a journal's states, of the last two
-- @param earlier   whether it was left alone
function Tally:add(row, standing, failure, earlier)
  if self.named[standing] then name(self.named[standing], row.number) end
  if standing == "partly" then standing = "done" end
  local counts = earlier and self.earlier or self
  counts[standing] = counts[standing] + 1
  local kinds = self.kinds[standing]
  if kinds then kinds[failure.kind] = (kinds[failure.kind] or 0) + 1 end
  if standing == "later" and failure.again then self.again = math.min(self.again or failure.again, failure.again) end
end

--- Where a failure leaves a row: "unknown", "later" or "failed".
function M.standing(failure)
  if failure.outcome == "unknown" then return "unknown" end
  return plan.passing[failure.kind] and "later" or "failed"
end

-- "2 invalid, 1 not_found"
local function listed(kinds)
  local parts = {}
  for kind, count in pairs(kinds) do
    parts[#parts + 1] = ("%d %s"):format(count, kind)
  end
  table.sort(parts)
  return table.concat(parts, ", ")
end

local function numbers(list)
  local more = list.count > NAMED and (" and %d more"):format(list.count - NAMED) or ""
  return (list.count == 1 and "row " or "rows ") .. table.concat(list, ", ") .. more
end

--- "1 row", "2 rows"
function M.rows(count)
  return count == 1 and "1 row" or ("%d rows"):format(count)
end

--- Whether every row is done, and all of it.
function Tally:complete(rows)
  return self.done + self.earlier.done == rows and not self.named.partly.count
end

--- How many rows are neither done nor among the failures: they were not tried, or nobody knows.
function Tally:left_out(rows)
  local left = rows
  for _, standing in ipairs { "done", "failed", "later" } do
    left = left - self[standing] - self.earlier[standing]
  end
  return left
end

--- The lines of the summary.
-- @param rows  how many the input has
function Tally:lines(rows)
  local earlier, sum, parts = self.earlier, {}, {}
  for standing, count in pairs(earlier) do
    sum[standing] = self[standing] + count
  end
  parts[1] = ("%d done"):format(sum.done)
  if earlier.done > 0 then parts[1] = parts[1] .. (" (%d of them before)"):format(earlier.done) end
  for _, standing in ipairs { "failed", "unknown", "later" } do
    if sum[standing] > 0 then parts[#parts + 1] = ("%d %s"):format(sum[standing], standing) end
  end
  local left = rows - sum.done - sum.failed - sum.unknown - sum.later
  if left > 0 then parts[#parts + 1] = ("%d not tried"):format(left) end
  local lines = { ("%s: %s"):format(M.rows(rows), table.concat(parts, ", ")) }
  if sum.failed > 0 then lines[#lines + 1] = "failed: " .. listed(self.kinds.failed) end
  if self.named.partly.count then
    lines[#lines + 1] = ("done in part, items of them failed: %s"):format(numbers(self.named.partly))
  end
  if sum.unknown > 0 then
    lines[#lines + 1] = ("unknown: %s: may have been done; look, and if not, --retry-unknown"):format(
      numbers(self.named.unknown)
    )
  end
  if sum.later > 0 then
    local from = self.again and os.date(" from %Y-%m-%d %H:%M", self.again) or ""
    lines[#lines + 1] = ("later: %s: run the same again%s"):format(listed(self.kinds.later), from)
  end
  return lines
end

return M
