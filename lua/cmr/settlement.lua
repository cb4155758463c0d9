--- What became of an operation that was only accepted, as the events say that came. Pure.

local outcome = {}

-- What an order says itself of how many mailboxes will come, for those who do not know the request (docs).
local TOTAL = { event = "mailbox.order.success", field = "quantity", of = "mailbox.created" }

-- Events that stand for several items: the member of data that lists them (docs).
local LISTS = { ["prewarmup.order.success"] = "mailboxDetails" }

local function name_of(event)
  return event.event or event.eventType
end

-- How many items of a parameter were sent, and how many of them are not of domains that cannot be had. "mailboxes.*[]"
-- is a map from domains to lists; "domains[]" a list, or one item in place of it.
local function sent(request, parameter, unavailable)
  local name, rest = parameter:match "^(%w+)(.*)$"
  local value = type(request[name]) == "table" and request[name] or {}
  if rest == "[]" and next(value) ~= nil and value[1] == nil then return 1, 1 end
  local all, possible = 0, 0
  for key, item in pairs(value) do
    local domain = rest == "[]" and type(item) == "table" and item.domain or key
    local count = rest == "[]" and 1 or #item
    all = all + count
    possible = possible + (unavailable[tostring(domain):lower()] and 0 or count)
  end
  return all, possible
end

--- What is to be waited for.
-- @tparam table row of the operation
-- @tparam[opt] table request the body that was sent, where it is known
-- @tparam[opt] table partial what failed inside the answer, as in cmr.info
-- @treturn table {event = name, count = how many of it, nil: not known}
function outcome.expected(row, request, partial)
  local unavailable, failed = {}, 0
  for _, item in ipairs(partial or {}) do
    if type(item) == "table" then
      failed = failed + 1
    else
      unavailable[tostring(item):lower()] = true
    end
  end
  local first
  for _, entry in ipairs(row.settles) do
    local event, parameter = entry:match "^(%S+) ?(%S*)$"
    first = first or event
    if parameter == "" then return { event = event, count = 1 } end
    local all, possible = sent(request or {}, parameter, unavailable)
    if all > 0 then return { event = event, count = math.max(0, possible - failed) } end
  end
  return { event = first, count = first ~= TOTAL.of and 1 or nil }
end

-- How many the order itself has announced; nil when it has not yet.
local function announced(events)
  local total
  for _, event in ipairs(events) do
    local data = type(event.data) == "table" and event.data or {}
    if name_of(event) == TOTAL.event and type(data[TOTAL.field]) == "number" then
      total = (total or 0) + data[TOTAL.field]
    end
  end
  return total
end

--- What the events so far say.
-- @tparam table row of the operation
-- @tparam table expected from outcome.expected
-- @tparam table events each once, oldest first
-- @treturn string "done", "failed", or nil: nothing yet
-- @treturn table of the events, those that say it is done, or a part of it
-- @treturn table the event that says it failed, or nil
function outcome.judge(row, expected, events)
  local found, count, failure = {}, 0, nil
  local fails = " " .. table.concat(row.fails or {}, " ") .. " "
  for _, event in ipairs(events) do
    local name = name_of(event)
    if name == expected.event then
      local list = type(event.data) == "table" and LISTS[name] and event.data[LISTS[name]]
      found[#found + 1], count = event, count + (type(list) == "table" and #list or 1)
    elseif not failure and fails:find(" " .. name .. " ", 1, true) then
      failure = event
    end
  end
  local wanted = expected.count or announced(events)
  return failure and "failed" or wanted and count >= wanted and "done" or nil, found, failure
end

-- How many domains or the like a parameter of a request names: items of a list, or one in place of it; names of a map.
local function parts(request, parameter)
  local value, count = request[parameter:match "^%w+"], 0
  for _ in pairs(type(value) == "table" and value or {}) do
    count = count + 1
  end
  local one = count > 0 and value[1] == nil and not parameter:find("*", 1, true)
  return one and 1 or count
end

--- Whether a failure means that nothing was done: only when it is that of the first step of a request for one thing,
-- and nothing else was heard. What else was asked for may be done, or be done yet.
-- @tparam table row of the operation
-- @tparam[opt] table request the body that was sent, where it is known
-- @tparam table events all that came
-- @tparam table failure the one that says it failed
-- @treturn string "rejected" or "unknown"
function outcome.certainty(row, request, events, failure)
  if not request or #events > 1 or name_of(failure) ~= row.fails[1] then return "unknown" end
  local most = 0
  for _, entry in ipairs(row.settles) do
    most = math.max(most, parts(request, entry:match "%S+$"))
  end
  return most == 1 and "rejected" or "unknown"
end

-- Words in the status of an order, the first of which counts; the statuses themselves are not documented.
local WORDS = {
  { "FAIL", "failed" },
  { "UNSUCC", "failed" },
  { "PARTIAL", "failed" },
  { "CANCEL", "failed" },
  { "REJECT", "failed" },
  { "INCOMPLETE" },
  { "COMPLETE", "done" },
  { "SUCCESS", "done" },
}

--- What the status of an order says: "done", "failed", or nil.
-- @param status as order_status has it
function outcome.of_status(status)
  status = type(status) == "string" and status:upper() or ""
  for _, word in ipairs(WORDS) do
    if status:find(word[1], 1, true) then return word[2] end
  end
end

return outcome
