---Says on the terminal, in one line, what the command is doing. The line appears after two seconds.

local core = require "cmr.core"
local io = require "cmr.cli.io"
local text = require "cmr.util.text"

local progress = {}

local Progress = {}
Progress.__index = Progress
Progress.__name = "cmr.cli.progress"

local SILENT_SECONDS = 2
local DEFAULT_COLUMNS = 80

---Makes a line that is shown only on a terminal.
function progress.new(system)
  local self = { stderr = system.stderr, started_at = core.now(), is_drawn = false }
  local columns = io.is_watched(system) and system.terminal(system.stderr)
  self.columns = columns and (columns > 0 and columns or DEFAULT_COLUMNS) or nil
  return setmetatable(self, Progress)
end

---Shows a line in place of the previous line.
function Progress:show(line)
  local elapsed = core.now() - self.started_at
  if not self.columns or elapsed < SILENT_SECONDS then return end
  line = ("%s, %s"):format(line, text.duration(math.floor(elapsed)))
  self.stderr:write("\r", require("cmr.cli.terminal").fit(line, self.columns - 1), "\27[K")
  self.stderr:flush()
  self.is_drawn = true
end

---Removes the line, so that other text can be written.
function Progress:clear()
  if self.is_drawn then
    self.stderr:write "\r\27[K"
    self.stderr:flush()
  end
  self.is_drawn = false
end

---Returns the hook on_retry for a terminal. The hook says why the command waits, and for how long.
---@param retries integer
function progress.on_retry(system, retries)
  return function(retry)
    local err = retry.err
    local reason = err.status and ("HTTP %d"):format(err.status) or ("no answer (%s)"):format(err.kind)
    local format = "\r\27[Kcmr: %s, again in %s (attempt %d of %d)\n"
    local wait = retry.delay < 1 and ("%.1f s"):format(retry.delay) or ("%d s"):format(math.ceil(retry.delay))
    system.stderr:write(format:format(reason, wait, retry.attempt + 1, retries + 1))
    system.stderr:flush()
  end
end

return progress
