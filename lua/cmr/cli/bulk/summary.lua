---Counts the rows by their status, shows a progress bar, and writes the last lines of a run.

local text = require "cmr.util.text"

local summary = {}

local Tally = {}
Tally.__index = Tally
Tally.__name = "cmr.cli.bulk.tally"

local Progress = {}
Progress.__index = Progress
Progress.__name = "cmr.cli.bulk.progress"

local MAX_LISTED_ROWS = 20
local MAX_BAR_COLUMNS, MIN_BAR_COLUMNS = 40, 5
local DEFAULT_COLUMNS = 80
local LINE_INTERVAL_SECONDS = 10

---Counts rows in words: "1 row", "2 rows".
function summary.rows(count)
  return count == 1 and "1 row" or ("%d rows"):format(count)
end

---Adds a part such as "3 failed" for every status that some rows have.
function summary.add_counts(parts, counts, statuses)
  for _, status in ipairs(statuses) do
    if counts[status] > 0 then parts[#parts + 1] = ("%d %s"):format(counts[status], status) end
  end
end

---Makes the counters of a run. The fields done, accepted, failed, sending, unknown and deferred count the rows that
---this run tried; `failed` also counts the invalid rows. `earlier` has the same fields for the rows that this run
---skipped, because they were sent before.
---@param todo integer The number of rows to send, plus the number of invalid rows.
function summary.tally(todo)
  return setmetatable({
    todo = todo,
    done = 0,
    accepted = 0,
    failed = 0,
    sending = 0,
    unknown = 0,
    deferred = 0,
    earlier = { done = 0, accepted = 0, failed = 0, sending = 0, unknown = 0, deferred = 0 },
    kinds = { failed = {}, deferred = {} },
    listed = { sending = {}, unknown = {}, partial = {} },
    messages = {},
    retry_at = nil,
  }, Tally)
end

local function list_row(list, number)
  list.count = (list.count or 0) + 1
  if list.count <= MAX_LISTED_ROWS then list[list.count] = number end
end

---Counts a row.
---@param status "done"|"accepted"|"partial"|"sending"|"failed"|"unknown"|"deferred"
---@param failure table? For a failed or deferred row: its failure. For a partial row: its ending.
---@param is_earlier boolean? True for a row that this run does not send, because it was sent before.
function Tally:add(row, status, failure, is_earlier)
  if self.listed[status] then list_row(self.listed[status], row.number) end
  if status == "partial" then
    self.messages[row.number] = failure and failure.message
    status = failure and failure.state == "accepted" and "accepted" or "done"
  end
  local counts = is_earlier and self.earlier or self
  counts[status] = counts[status] + 1
  local kinds = self.kinds[status]
  if kinds then kinds[failure.kind] = (kinds[failure.kind] or 0) + 1 end
  if status == "deferred" and failure.retry_at then
    self.retry_at = math.min(self.retry_at or failure.retry_at, failure.retry_at)
  end
end

-- Returns how many rows have one of these statuses. Rows that the run skipped count too.
local function sum_of(self, ...)
  local sum = 0
  for _, status in ipairs { ... } do
    sum = sum + self[status] + self.earlier[status]
  end
  return sum
end

---Returns whether every row is done or accepted, and no item has failed.
---@param rows integer The number of rows in the input.
function Tally:is_complete(rows)
  return sum_of(self, "done", "accepted") == rows and not self.listed.partial.count
end

---Returns whether every row is done, accepted or failed.
---@param rows integer The number of rows in the input.
function Tally:is_ended(rows)
  return sum_of(self, "done", "accepted", "failed") == rows
end

---Returns how many of the input's rows are neither done, nor accepted, nor in the file of failures. These rows were not
---tried, or their status is "sending" or "unknown".
function Tally:left_out(rows)
  return rows - sum_of(self, "done", "accepted", "failed", "deferred")
end

-- Returns the failures by kind, such as "1 not_found, 2 bad_request".
local function count_kinds(kinds)
  local parts = {}
  for kind, count in pairs(kinds) do
    parts[#parts + 1] = ("%d %s"):format(count, kind)
  end
  table.sort(parts)
  return table.concat(parts, ", ")
end

local function row_numbers(list)
  local more = list.count > MAX_LISTED_ROWS and (" and %d more"):format(list.count - MAX_LISTED_ROWS) or ""
  return (list.count == 1 and "row " or "rows ") .. table.concat(list, ", ") .. more
end

---Returns the last lines of the run.
function Tally:lines(rows)
  local earlier, sum, parts = self.earlier, {}, {}
  for status in pairs(earlier) do
    sum[status] = sum_of(self, status)
  end
  for _, status in ipairs { "done", "accepted" } do
    if sum[status] > 0 or status == "done" and sum.accepted == 0 then
      local before = earlier[status] > 0 and (" (%d of them before)"):format(earlier[status]) or ""
      parts[#parts + 1] = ("%d %s%s"):format(sum[status], status, before)
    end
  end
  summary.add_counts(parts, sum, { "failed", "sending", "unknown", "deferred" })
  local untried = rows - sum_of(self, "done", "accepted", "failed", "sending", "unknown", "deferred")
  if untried > 0 then parts[#parts + 1] = ("%d not tried"):format(untried) end

  local lines = { ("%s: %s"):format(summary.rows(rows), table.concat(parts, ", ")) }
  local function add(format, ...)
    lines[#lines + 1] = format:format(...)
  end
  if sum.failed > 0 then add("failed: %s", count_kinds(self.kinds.failed)) end
  if sum.accepted > 0 then add "accepted: the API reports later how they end" end
  if self.listed.partial.count then add("some items failed: %s", row_numbers(self.listed.partial)) end
  for _, number in ipairs(self.listed.partial) do
    if self.messages[number] then add("row %d: %s", number, self.messages[number]) end
  end
  if sum.sending > 0 then
    local numbers = row_numbers(self.listed.sending)
    add("sending: %s: another process waits for the answer; run the same command again when it has ended", numbers)
  end
  if sum.unknown > 0 then
    local numbers = row_numbers(self.listed.unknown)
    add("unknown: %s: may have been done; look, and if they were not, use --retry-unknown", numbers)
  end
  if sum.deferred > 0 then
    local from = self.retry_at and text.date(" from %Y-%m-%d %H:%M", math.ceil(self.retry_at)) or ""
    add("deferred: %s: run the same command again%s", count_kinds(self.kinds.deferred), from)
  end
  return lines
end

-- Returns how many rows have ended, and the details, such as "3.9/s, 37 minutes left, 3 failed, 1 unknown". The text
-- omits counts of zero.
local function details(tally, elapsed)
  local ended = tally.done + tally.accepted + tally.failed + tally.sending + tally.unknown + tally.deferred
  local rate = elapsed > 0 and ended / elapsed or 0
  local parts = { ("%.1f/s"):format(rate) }
  if rate > 0 and tally.todo > ended then
    parts[2] = text.duration(math.ceil((tally.todo - ended) / rate)) .. " left"
  end
  summary.add_counts(parts, tally, { "failed", "sending", "unknown", "deferred" })
  return ended, table.concat(parts, ", ")
end

---Returns the progress bar.
---@param elapsed number seconds
---@param columns integer The width of the terminal, or 0 when it is unknown.
function summary.bar(tally, elapsed, columns)
  local ended, rest = details(tally, elapsed)
  local share = tally.todo > 0 and ended / tally.todo or 1
  local label = ("%d/%d %3d%%  %s"):format(ended, tally.todo, math.floor(100 * share), rest)
  local width = math.min(MAX_BAR_COLUMNS, (columns > 0 and columns or DEFAULT_COLUMNS) - #label - 4)
  if width < MIN_BAR_COLUMNS then return label:sub(1, columns > 0 and columns - 1 or #label) end
  local full = math.floor(width * share)
  return ("[%s%s] %s"):format(("#"):rep(full), ("-"):rep(width - full), label)
end

---Returns the progress as a line.
function summary.line(tally, elapsed)
  local ended, rest = details(tally, elapsed)
  return ("cmr: %d of %d rows, %s\n"):format(ended, tally.todo, rest)
end

---Makes the progress display: a bar on a terminal, otherwise a line every ten seconds.
---@param now fun(): number seconds
function summary.progress(tally, system, now)
  local terminal = system.terminal
  if system.getenv "TERM" == "dumb" then terminal = function() end end -- a dumb terminal cannot overwrite a line
  return setmetatable({
    tally = tally,
    stderr = system.stderr,
    terminal = terminal,
    now = now,
    started_at = now(),
    line_at = now(),
  }, Progress)
end

---Updates the bar. Without a terminal, writes a line if enough time has passed since the last line.
function Progress:show()
  local now, columns = self.now(), self.terminal(self.stderr)
  if columns then
    self.stderr:write("\r", summary.bar(self.tally, now - self.started_at, columns), "\27[K")
    self.stderr:flush()
    self.is_drawn = true
  elseif now - self.line_at >= LINE_INTERVAL_SECONDS then
    self.line_at = now
    self.stderr:write(summary.line(self.tally, now - self.started_at))
  end
end

---Removes the bar, so that other text can be written to standard error.
function Progress:clear()
  if self.is_drawn then self.stderr:write "\r\27[K" end
  self.is_drawn = false
end

return summary
