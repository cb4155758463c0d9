---Makes the plan of a request. A plan lists the events to wait for after the request's answer. The plan is plain data:
---it can be stored as JSON, and another process can use it. Pure.

local ascii = require "cmr.util.ascii"
local ids = require "cmr.ledger.ids"
local reading = require "cmr.settlement.reading"
local refused = require "cmr.settlement.refused"
local request = require "cmr.settlement.request"
local things = require "cmr.settlement.things"

---Says what settles a request, and which ids its events have. See cmr.info.
---@class cmr.Plan
---@field operation string
---@field sent_at? number The time of sending, in seconds since 1970. Earlier events belong to an earlier request.
---@field user? string
---@field order? string The order's id, for polling the order's status.
---
---A list of {kind, id, is_new}. The kind is "action", "order", "subscription", "domain" or "mailbox". If is_new is
---true, the API made the id for this request, and no event of another request has this id.
---@field ids any[]
---@field steps cmr.PlanStep[] All steps must be complete before the request is done.
---@field failure_events string[]
---@field first_failure? string The failure event that can come before anything is done.
---
---The number of things that the `first_failure` events can report. If they report all of these things, everything has
---failed. Otherwise something may have been done. 0 means that no event will come, because the answer already refused
---everything.
---@field parts? integer
---@field items_failed? cmr.FailedItem[] The items that a successful answer refused.

---Says which events complete a step of a plan.
---@class cmr.PlanStep
---@field event string
---@field count? integer The number of things that the events must report; nil when unknown.
---@field kind? "domain"|"address"|"mailbox"|"subscription" The kind of thing that one event reports.
---@field items? string[] The names of the expected things. The step is complete when events report all of them.
---@field announced? boolean True if events with another name report the count.

local plan = {}

-- Returns the names of things, or nil if one of them has no name.
local function names_of(list)
  local names, seen = {}, {}
  for _, thing in ipairs(list) do
    if not thing.name then return nil end
    if not seen[thing.name] then
      seen[thing.name] = true
      names[#names + 1] = thing.name
    end
  end
  return names
end

-- Returns the steps of a plan. If the plan waits for a domain's mailboxes, it needs no event for the domain.
local function steps_of(groups)
  local steps, covered = {}, {}
  for _, group in ipairs(groups) do
    local left = {}
    for _, thing in ipairs(group.left) do
      if group.kind ~= "domain" or not covered[thing.domain] then left[#left + 1] = thing end
    end
    for domain in pairs(request.domains_of(group.left)) do
      covered[domain] = true
    end
    if #left > 0 or #steps == 0 then
      steps[#steps + 1] = {
        event = group.event,
        kind = group.kind,
        count = #group.left,
        items = group.is_exact and #left > 0 and names_of(left) or nil,
      }
    end
  end
  if #steps > 1 and steps[1].count == 0 then table.remove(steps, 1) end
  return steps
end

-- Returns the step of an operation whose arguments do not show how many things it changes.
local function unknown_step(operation)
  local event, parameter = operation.success_events[1]:match "^(%S+) ?(%S*)$"
  local step = { event = event, kind = things.KIND_OF_PARAMETER[parameter] }
  if parameter == "" then
    step.count = 1
  elseif reading.announcement(event) and #operation.success_events == 1 then
    step.announced = true -- another event announces how many mailboxes a domain gets
  end
  return step
end

-- Returns true if each thing in the other groups belongs to a domain in this group.
local function depends_on(groups, group)
  local domains = request.domains_of(group.left)
  for _, other in ipairs(groups) do
    for _, thing in ipairs(other.left) do
      if other ~= group and not domains[thing.domain] then return false end
    end
  end
  return true
end

-- Returns two fields of a plan, first_failure and parts. See cmr.Plan.
local function parts_of(operation, groups, answer, failed)
  if #groups == 0 then
    local is_single = not operation.success_events[1]:find " "
    local items = type(answer.data) == "table" and #answer.data or 0
    if is_single and failed and #failed == items then return nil, 0 end
    return nil
  end
  for _, failure in ipairs(operation.failure_events or { false }) do
    for _, group in ipairs(groups) do
      if not failure or group.event:match "^%a+" == failure:match "^%a+" then
        if not depends_on(groups, group) then return nil end
        return failure or nil, #group.left
      end
    end
  end
end

local function add_id(list, seen, kind, id, is_new)
  local key = kind .. ":" .. id
  if seen[key] then return end
  seen[key] = true
  list[#list + 1] = { kind, id, is_new or nil }
end

-- Sorts the pairs {kind, id}, so that their order is the same in every process.
local function sorted(pairs_of_ids)
  table.sort(pairs_of_ids, function(a, b)
    if a[1] == b[1] then return a[2] < b[2] end
    return a[1] < b[1]
  end)
  return pairs_of_ids
end

-- Returns the ids by which the events of a request can be found. The answer's action id and order id come first.
local function ids_of(operation, args, answer)
  local list, seen, old = {}, {}, {}
  local given = sorted(ids.of(args))
  for _, pair in ipairs(given) do
    old[pair[1] .. ":" .. pair[2]] = true
  end
  local answered = sorted(ids.of(answer))
  for _, kind in ipairs { "action", "order" } do
    for _, pair in ipairs(answered) do
      if pair[1] == kind then add_id(list, seen, kind, pair[2], not old[kind .. ":" .. pair[2]]) end
    end
  end
  local has_own = #list > 0
  for _, pair in ipairs(given) do
    add_id(list, seen, pair[1], pair[2])
  end
  for _, entry in ipairs(operation.success_events) do
    local parameter = entry:match "%S+$"
    local wanted, kind = things.requested(args, parameter)
    for _, thing in ipairs(wanted) do
      if thing.domain then add_id(list, seen, "domain", thing.domain) end
      if thing.name and kind ~= "domain" and not (kind == "address" and has_own) then
        add_id(list, seen, kind == "address" and "mailbox" or kind, thing.name)
      end
    end
  end
  local email = reading.nonempty(args.email)
  if email then add_id(list, seen, "mailbox", ascii.lower(email)) end
  for _, pair in ipairs(answered) do
    add_id(list, seen, pair[1], pair[2])
  end
  return list
end

local function id_of_kind(list, kind)
  for _, pair in ipairs(list) do
    if pair[1] == kind then return pair[2] end
  end
end

---Returns whether there are documented events that report how an operation ends.
---@param operation cmr.Operation
---@return boolean? ok
---@return string? message
function plan.awaitable(operation)
  if operation.success_events then return true end
  return nil, ("no event is documented to report the success of '%s'"):format(operation.name)
end

---Makes the plan for a request and its answer.
---@param operation cmr.Operation
---@param args table? The call's arguments by name, if they are available.
---@param answer table The envelope, or {actionId, data = {orderId}}.
---@param sent_at? number When the request was sent, in seconds since 1970.
---@return cmr.Plan? plan Nil if no documented event reports the operation's success.
---@return string? message
function plan.of(operation, args, answer, sent_at)
  local ok, message = plan.awaitable(operation)
  if not ok then return nil, message end
  local known = type(args) == "table" and args or {}
  local failed = refused.describe(refused.items(operation, answer))
  local groups = request.groups(operation, known, failed)
  local made = {
    operation = operation.name,
    sent_at = sent_at,
    user = reading.nonempty(known.userId) or reading.nonempty(answer.userId),
    ids = ids_of(operation, known, answer),
    steps = #groups > 0 and steps_of(groups) or { unknown_step(operation) },
    failure_events = operation.failure_events or {},
    items_failed = failed,
  }
  made.order = id_of_kind(made.ids, "order")
  made.first_failure, made.parts = parts_of(operation, groups, answer, failed)
  return made
end

---Returns the event and the count of the first step of a plan. Needs only the failed items, and not the whole answer.
---@param failed_items any[]? The failed items of the answer, as in cmr.info.
---@return table expected {event = name, count = the number, or nil when unknown}
function plan.expected(operation, args, failed_items)
  local groups = request.groups(operation, args or {}, refused.describe(failed_items))
  local step = #groups > 0 and steps_of(groups)[1] or unknown_step(operation)
  return { event = step.event, count = step.count }
end

---Makes a copy of a plan. The copy has only the first step, which expects events about `count` things.
---@param made cmr.Plan
---@param count integer
---@return cmr.Plan plan a copy
function plan.with_count(made, count)
  local copy = {}
  for name, value in pairs(made) do
    copy[name] = value
  end
  copy.steps = { { event = made.steps[1].event, kind = made.steps[1].kind, count = count } }
  return copy
end

return plan
