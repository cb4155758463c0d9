---How an operation ended, according to its answer and the webhooks that arrived. Pure.

local core = require "cmr.core"
local documented_events = require "cmr.webhook.events"
local tables = require "cmr.util.tables"

-- An event's name -> the event that announces how many of it follow, and the member of data with this number.
local ANNOUNCEMENTS = {}
for _, event in ipairs(documented_events) do
  local announces = event.announces
  if announces then ANNOUNCEMENTS[announces.event] = { event = event.name, count = announces.count } end
end

-- Substrings of an order's status, tried in this order. The statuses are undocumented.
local STATUS_VERDICTS = {
  { "FAIL", "failed" },
  { "UNSUCC", "failed" },
  { "PARTIAL", "failed" },
  { "CANCEL", "failed" },
  { "REJECT", "failed" },
  { "INCOMPLETE" },
  { "COMPLETE", "done" },
  { "SUCCESS", "done" },
}

local settlement = {}

local function name_of(event)
  return event.event or event.eventType
end

---The items of an answer that failed: some operations answer 200 although single items were refused.
---@return any[]? items nil when none failed
function settlement.failed_items(operation, res)
  local data = res.data
  if type(data) ~= "table" then return nil end
  local failed = {}
  if type(data.unavailableDomains) == "table" then -- orders (help)
    for _, domain in ipairs(data.unavailableDomains) do
      failed[#failed + 1] = domain
    end
  end
  for _, item in ipairs(data) do
    if type(item) == "table" then
      local incomplete = operation and operation.success_field and item[operation.success_field] == nil
      if item.success == false or incomplete then -- success: bulk mailbox update (help)
        failed[#failed + 1] = item
      end
    end
  end
  return failed[1] ~= nil and failed or nil
end

-- Counts the items sent in a parameter, and those among them whose domain is available. "mailboxes.*[]" is a map from
-- domains to lists; "domains[]" a list, or one item in place of it.
local function count_items(args, parameter, unavailable)
  local name, path = parameter:match "^(%w+)(.*)$"
  local value = type(args[name]) == "table" and args[name] or {}
  if path == "[]" and next(value) ~= nil and value[1] == nil then return 1, 1 end
  local all, available = 0, 0
  for key, item in pairs(value) do
    local domain = path == "[]" and type(item) == "table" and item.domain or key
    local count = path == "[]" and 1 or type(item) == "table" and #item or 0 -- null: as if the domain were left out
    all = all + count
    available = available + (unavailable[tostring(domain):lower()] and 0 or count)
  end
  return all, available
end

---The events that report success.
---@param args table? the call's arguments by name, if they are available
---@param failed_items any[]? of the answer, as in cmr.info
---@return table expected {event = name, count = how many, or nil when unknown}
function settlement.expected(operation, args, failed_items)
  local unavailable, failed = {}, 0
  for _, item in ipairs(failed_items or {}) do
    if type(item) == "table" then
      failed = failed + 1
    else
      unavailable[tostring(item):lower()] = true
    end
  end
  local first
  for _, entry in ipairs(operation.success_events) do
    local event, parameter = entry:match "^(%S+) ?(%S*)$"
    first = first or event
    if parameter == "" then return { event = event, count = 1 } end
    local all, available = count_items(args or {}, parameter, unavailable)
    if all > 0 then return { event = event, count = math.max(0, available - failed) } end
  end
  return { event = first, count = not ANNOUNCEMENTS[first] and 1 or nil }
end

-- How many events of a name were announced; nil: none yet.
local function announced(name, events)
  local announcement, total = ANNOUNCEMENTS[name], nil
  for _, event in ipairs(events) do
    local count = name_of(event) == announcement.event and tables.at(event.data, announcement.count)
    if type(count) == "number" then total = (total or 0) + count end
  end
  return total
end

---The verdict of the events that arrived so far.
---@param expected table from settlement.expected
---@param events cmr.Event[] each once, oldest first
---@return string? verdict "done", "failed", or nil: neither yet
---@return cmr.Event[] found the events that report success, or a part of it
---@return cmr.Event? failure the first event that reports a failure
function settlement.verdict(operation, expected, events)
  local found, count, failure = {}, 0, nil
  local failures = " " .. table.concat(operation.failure_events or {}, " ") .. " "
  for _, event in ipairs(events) do
    local name = name_of(event)
    if name == expected.event then
      local items = documented_events[name].items and tables.at(event.data, documented_events[name].items)
      found[#found + 1], count = event, count + (type(items) == "table" and #items or 1)
    elseif not failure and failures:find(" " .. name .. " ", 1, true) then
      failure = event
    end
  end
  if failure then return "failed", found, failure end
  local wanted = expected.count or announced(expected.event, events)
  return wanted and count >= wanted and "done" or nil, found
end

-- Counts the things that a parameter asks for: the items of a list, 1 for a single item, or the names of a map.
local function count_parts(args, parameter)
  local value, count = args[parameter:match "^%w+"], 0
  for _, item in pairs(type(value) == "table" and value or {}) do
    if item ~= core.null then count = count + 1 end
  end
  local is_one = count > 0 and value[1] == nil and not parameter:find("*", 1, true)
  return is_one and 1 or count
end

---The outcome of a failed operation. "rejected" when nothing can have been done: the request asked for one item, its
---first step failed, and no other event came. Otherwise "unknown".
---@param args table? the call's arguments by name, if they are available
---@param events cmr.Event[] all that arrived
---@param failure cmr.Event one of them
function settlement.outcome_of_failure(operation, args, events, failure)
  if not args or #events > 1 or name_of(failure) ~= operation.failure_events[1] then return "unknown" end
  local parts = 0
  for _, entry in ipairs(operation.success_events) do
    parts = math.max(parts, count_parts(args, entry:match "%S+$"))
  end
  return parts == 1 and "rejected" or "unknown"
end

---The verdict of an order's status: "done", "failed", or nil.
function settlement.verdict_of_status(status)
  status = type(status) == "string" and status:upper() or ""
  for _, entry in ipairs(STATUS_VERDICTS) do
    if status:find(entry[1], 1, true) then return entry[2] end
  end
end

return settlement
