---Decides how a request ended, from the events that arrived. Pure.

local ascii = require "cmr.util.ascii"
local reading = require "cmr.settlement.reading"
local tables = require "cmr.util.tables"
local things = require "cmr.settlement.things"

local event_name, event_data, nonempty = reading.event_name, reading.event_data, reading.nonempty

local CLOCK_SLACK_SECONDS = 10 -- allowed difference to the receiver's clock, which may be on another machine

local verdict = {}

-- Returns "own" if an event has the id of an action or an order of the plan. Returns "named" if the event is only about
-- a thing that the plan names. Returns nil if the event belongs to another request.
local function relation(plan, index, event, origin)
  local data, is_foreign, is_own = event_data(event), false, origin == "old"
  if origin == "new" then return "own" end
  for kind, field in pairs { action = "actionId", order = "orderId" } do
    local id = nonempty(data[field])
    local known = id and index[kind .. ":" .. id]
    if known == "new" then return "own" end
    is_own = is_own or known ~= nil
    is_foreign = is_foreign or id ~= nil and index[kind] == true and not known
  end
  if is_foreign and not is_own then return nil end
  local received_at = event.receivedAt
  if plan.sent_at and type(received_at) == "number" and received_at < plan.sent_at - CLOCK_SLACK_SECONDS then
    return nil
  end
  return is_own and "own" or "named"
end

local function index_of(plan)
  local index = {}
  for _, entry in ipairs(plan.ids) do
    index[entry[1] .. ":" .. entry[2]] = entry[3] and "new" or "old"
    index[entry[1]] = true
  end
  return index
end

local function set_of(list)
  local set = {}
  for _, value in ipairs(list or {}) do
    set[value] = true
  end
  return set
end

-- Returns what the events say about a step: {step, count, wanted, failure, is_complete}. Sets found[index] for each
-- event that reports a success of the step.
local function progress(step, events, relations, found)
  local wanted_names, named, keys, count, announced = set_of(step.items), {}, {}, 0, nil
  local announcement = step.announced and reading.announcement(step.event)
  local failure
  for index, event in ipairs(events) do
    local name = event_name(event)
    if name == step.event then
      for _, thing in ipairs(things.reported(event, step.kind)) do
        local is_wanted = not (thing.name and step.items) or wanted_names[thing.name]
        if thing.verdict == "failed" then failure = failure or event end
        if thing.verdict == "done" and (is_wanted or relations[index] == "own") and not keys[thing.key] then
          keys[thing.key], count = true, count + 1
          if thing.name then named[thing.name] = true end
          if is_wanted or #step.items == step.count then found[index] = true end
        end
      end
    elseif announcement and name == announcement.event then
      local number = tables.at(event.data, announcement.count)
      if type(number) == "number" then announced = (announced or 0) + number end
    end
  end
  local wanted = step.count or announced
  local all_named = step.items and step.items[1] ~= nil
  for _, name in ipairs(step.items or {}) do
    all_named = all_named and named[name]
  end
  return {
    step = step,
    count = count,
    wanted = wanted,
    failure = failure,
    is_complete = all_named or wanted ~= nil and count >= wanted,
  }
end

-- Returns "rejected" if nothing can have been done: every part failed in the first step, and no other event came.
-- Otherwise returns "unknown". A failed workspace also means "unknown": its domain may already be paid (help page).
local function outcome_of(plan, failures, others)
  if not plan.parts or plan.parts < 1 or others > 0 then return "unknown" end
  local keys, count = {}, 0
  for _, event in ipairs(failures) do
    local reason = nonempty(event_data(event).reason) or ""
    if event_name(event) ~= plan.first_failure or ascii.lower(reason):find "workspace" then return "unknown" end
    local kind = plan.first_failure:match "^subscription" and "subscription"
      or plan.first_failure:match "^mailbox" and "address"
      or "domain"
    for _, thing in ipairs(things.reported(event, kind)) do
      if not keys[thing.key] then
        keys[thing.key], count = true, count + 1
      end
    end
  end
  return count >= plan.parts and "rejected" or "unknown"
end

---Returns the result of the events that arrived so far. The result has these fields:
---
---    verdict        "done", "failed", or nil while the end is open
---    outcome        the outcome if the verdict is "failed"
---    events         the events that belong to the plan
---    found          the events that report a success
---    failure        the first event that reports a failure
---    missing        what is missing, in words
---    is_uncounted   true if the number of expected things is unknown
---
---`origins` has an entry for each event that was stored under the id of an action or an order of the plan. The entry is
---"new" if the API made that id for this request, and otherwise "old".
---@param plan cmr.Plan
---@param events cmr.Event[] The events, oldest first, without duplicates.
---@param origins? table<cmr.Event, "new"|"old">
---@return table result
function verdict.of(plan, events, origins)
  local index, failing, waited = index_of(plan), set_of(plan.failure_events), {}
  for _, step in ipairs(plan.steps) do
    waited[step.event] = true
  end
  local result, relations, failures = { found = {}, events = {} }, {}, {}
  for _, event in ipairs(events) do
    local related = relation(plan, index, event, origins and origins[event])
    local name = event_name(event)
    if related == "own" or related and (waited[name] or failing[name]) then
      result.events[#result.events + 1] = event
      relations[#result.events] = related
      if failing[name] then failures[#failures + 1] = event end
    end
  end
  result.failure = failures[1]
  local is_complete, found = true, {}
  for _, step in ipairs(plan.steps) do
    local made = progress(step, result.events, relations, found)
    result.failure = result.failure or made.failure
    is_complete = is_complete and made.is_complete
    if not made.is_complete and not result.missing then
      result.missing = ("%d of %s %s"):format(made.count, made.wanted and ("%d"):format(made.wanted) or "?", step.event)
      result.is_uncounted = not made.wanted
    end
  end
  for position, event in ipairs(result.events) do
    if found[position] then result.found[#result.found + 1] = event end
  end
  if plan.items_failed and plan.parts == 0 then
    result.verdict, result.outcome = "failed", "rejected"
  elseif result.failure then
    result.verdict = "failed"
    result.outcome = outcome_of(plan, failures, #result.events - #failures)
  elseif is_complete then
    result.verdict = plan.items_failed and "failed" or "done"
    result.outcome = plan.items_failed and "unknown" or nil
  end
  return result
end

return verdict
