---Reads dates and durations on the command line.

local core = require "cmr.core"
local io = require "cmr.cli.io"
local text = require "cmr.util.text"

local times = {}

local UNITS = { d = text.DAY, h = text.HOUR, m = text.MINUTE, s = 1 }

---Turns an option's text, such as 7d, 12h or 30m, into seconds. Returns nil if there is no text. Raises a mistake if
---the text does not have this form.
---@param option string The option's name, such as "--repeat-after".
---@param typed string?
---@return number? seconds
function times.duration(option, typed)
  if not typed then return nil end
  local number, unit = typed:match "^(%d+)([dhms])$"
  if not number then io.usage("option '%s' wants a time such as 7d, 12h or 30m, not '%s'", option, typed) end
  return tonumber(number) * UNITS[unit]
end

---Turns an option's text into a time. The text is a date such as "2026-03-31" or "2026-03-31 17:30". Or it says how
---long ago the time was, such as "7d". Returns nil if there is no text. A time before 1970 becomes 1970. Raises a
---mistake.
---@param option string The option's name, such as "--since".
---@param typed string?
---@return number? time seconds since 1970
function times.time(option, typed)
  if not typed then return nil end
  if typed:find "^%d+[dhms]$" then return math.max(0, core.time() - times.duration(option, typed)) end
  local year, month, day, clock = typed:match "^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$"
  local hour, minute, second = "0", "0", "0"
  if clock and clock ~= "" then
    hour, minute, second = clock:match "^[ T](%d%d):(%d%d):?(%d?%d?)$"
  end
  if second == "" then second = "0" end
  local fields = { year = year, month = month, day = day, hour = hour, min = minute, sec = second }
  local time = year and hour and os.time(fields)
  if time and os.date("%Y-%m-%d", time) == typed:sub(1, 10) then return math.max(0, time) end
  io.usage("option '%s' wants a date such as 2026-03-31, or a time such as 7d, 12h or 30m, not '%s'", option, typed)
end

return times
