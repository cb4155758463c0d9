---Turns each report of a listener into one line of text for a person at a terminal. Pure.

local text = require "cmr.util.text"

local lines = {}

-- The members that say what an event is about. The most useful members come first.
local SUBJECTS = { "email", "domain", "domainName", "mailboxId", "orderId", "subscriptionId" }

local function subject_of(event)
  local data = type(event.data) == "table" and event.data or {}
  for _, name in ipairs(SUBJECTS) do
    local value = data[name] or event[name]
    if type(value) == "string" then return value end
  end
end

local function delivery(report)
  local parts = { report.accepted and "accepted" or "refused " }
  if report.accepted then
    local event = type(report.event) == "table" and report.event or {}
    parts[#parts + 1] = tostring(event.event or event.eventType or "an event without a name")
    parts[#parts + 1] = subject_of(event)
    parts[#parts + 1] = report.id and "id " .. report.id
  else
    parts[#parts + 1] = ("%s: %s"):format(tostring(report.kind), tostring(report.message))
  end
  if report.problem then parts[#parts + 1] = report.problem end
  if report.exit and report.exit ~= 0 then parts[#parts + 1] = ("the command ended with %s"):format(report.exit) end
  parts[#parts + 1] = report.status and report.status ~= 200 and ("answered %d"):format(report.status) or nil
  return table.concat(parts, "  ")
end

---Returns a report as one line, without a newline.
---@param report table A report that listen.run passes to `emit`.
---@param time string The time of the report, such as "17:30:05".
---@return string
function lines.of(report, time)
  if report.url then return ("listening at %s (pid %s); Ctrl-C ends it"):format(report.url, tostring(report.pid)) end
  local line = report.forwarded and ("forwarded; the answer was %s"):format(tostring(report.forwarded))
    or delivery(report)
  return ("%s  #%s  %s"):format(time, tostring(report.delivery), text.printable(line))
end

return lines
