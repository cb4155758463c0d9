--- How far a bulk run is: a bar that is drawn over itself on a terminal, elsewhere a line now and then.

local M = {}

local Progress = {}
Progress.__index = Progress

local EVERY = 10 -- seconds between lines
local LONGEST, SHORTEST = 40, 5 -- columns of the bar

--- Seconds as people say them: "42 s", "12 min", "3 h 5 min", "2.5 days".
function M.duration(seconds)
  if seconds < 90 then return ("%.0f s"):format(seconds) end
  local minutes = math.floor(seconds / 60 + 0.5)
  if minutes < 90 then return ("%d min"):format(minutes) end
  if minutes < 2880 then return ("%d h %d min"):format(math.floor(minutes / 60), minutes % 60) end
  return ("%.1f days"):format(minutes / 1440)
end

-- "3.9/s, 37 min left, 3 failed, 1 unknown": what is not zero.
local function details(counts, elapsed)
  local ended = counts.done + counts.failed + counts.unknown + counts.later
  local rate = elapsed > 0 and ended / elapsed or 0
  local parts = { ("%.1f/s"):format(rate) }
  if rate > 0 and counts.todo > ended then parts[2] = M.duration((counts.todo - ended) / rate) .. " left" end
  for _, name in ipairs { "failed", "unknown", "later" } do
    if counts[name] > 0 then parts[#parts + 1] = ("%d %s"):format(counts[name], name) end
  end
  return ended, table.concat(parts, ", ")
end

--- The bar. Pure.
-- @param counts   todo: rows of this run; done, failed, unknown, later: of them, so far
-- @param elapsed  seconds
-- @param columns  of the terminal; 0: not known
function M.bar(counts, elapsed, columns)
  local ended, rest = details(counts, elapsed)
  local share = counts.todo > 0 and ended / counts.todo or 1
  local text = ("%d/%d %3d%%  %s"):format(ended, counts.todo, math.floor(100 * share), rest)
  local width = math.min(LONGEST, (columns > 0 and columns or 80) - #text - 4)
  if width < SHORTEST then return text:sub(1, columns > 0 and columns - 1 or #text) end
  local full = math.floor(width * share)
  return ("[%s%s] %s"):format(("#"):rep(full), ("-"):rep(width - full), text)
end

--- The line. Pure; parameters as of bar.
function M.line(counts, elapsed)
  local ended, rest = details(counts, elapsed)
  return ("cmr: %d of %d rows, %s\n"):format(ended, counts.todo, rest)
end

--- @param counts  that M.bar shows; they change while it is shown
-- @param system    see cmr.cli.io
-- @param now      function() -> seconds
function M.new(counts, system, now)
  local terminal = system.getenv "TERM" == "dumb" and function() end or system.terminal -- one that draws nothing over
  return setmetatable({
    counts = counts,
    stderr = system.stderr,
    terminal = terminal,
    now = now,
    begun = now(),
    said = now(),
  }, Progress)
end

--- Shows it, when it is time.
function Progress:show()
  local now, columns = self.now(), self.terminal(self.stderr)
  if columns then
    self.stderr:write("\r", M.bar(self.counts, now - self.begun, columns), "\27[K")
    self.stderr:flush()
    self.drawn = true
  elseif now - self.said >= EVERY then
    self.said = now
    self.stderr:write(M.line(self.counts, now - self.begun))
  end
end

--- Makes place for another text on standard error.
function Progress:clear()
  if self.drawn then self.stderr:write "\r\27[K" end
  self.drawn = false
end

return M
