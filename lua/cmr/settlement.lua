---How an operation ends, according to its answer and the webhooks that arrive. Pure.
---
---A plan says what to wait for. It is plain data: it can be stored as JSON, and another process can wait with it.

local core = require "cmr.core"
local documented_events = require "cmr.webhook.events"
local ids = require "cmr.ledger.ids"
local tables = require "cmr.util.tables"

---What settles a request, and what its events carry. See cmr.info.
---@class cmr.Plan
---@field operation string
---@field sent_at? number Seconds since 1970. Events that came earlier belong to an earlier request.
---@field user? string
---@field order? string The order, if its status can be polled.
---Each {kind, id, is_new}. kind: "action", "order", "subscription", "domain" or "mailbox". is_new: the answer brought
---the id, so that no event of another request carries it.
---@field ids any[]
---@field steps cmr.PlanStep[] All of them must be complete.
---@field failure_events string[]
---@field first_failure? string The failure event that comes before anything is done.
---@field parts? integer How many of these events mean that nothing was done; 0: the answer refused everything.
---@field items_failed? cmr.FailedItem[] What the answer refused, although it is a success.

---The events that complete a part of a plan.
---@class cmr.PlanStep
---@field event string
---@field count? integer How many things they must report; nil: unknown.
---@field kind? "domain"|"address"|"mailbox"|"subscription" What one event reports.
---@field items? string[] The names of these things. It is enough when all of them are reported.
---@field announced? boolean The count comes with an event.

---@class cmr.FailedItem
---@field name? string
---@field reason? string

local CLOCK_SLACK_SECONDS = 10 -- the receiver may run on another machine
local MAX_REASON_BYTES = 200

-- An event's name -> the event that announces how many of it follow, and the member of data with this number.
local ANNOUNCEMENTS = {}
for _, event in ipairs(documented_events) do
  local announces = event.announces
  if announces then ANNOUNCEMENTS[announces.event] = { event = event.name, count = announces.count } end
end

-- The whole words of a status that settle an order. Every other word, and every compound such as PAYMENT_COMPLETED or
-- COMPLETED_WITH_ERRORS, settles nothing: the statuses are undocumented.
local STATUS_VERDICTS = {}
for verdict, list in pairs {
  done = "COMPLETED COMPLETE DONE SUCCESS SUCCESSFUL SUCCEEDED",
  failed = "FAILED FAILURE UNSUCCESSFUL CANCELLED CANCELED REJECTED",
} do
  for word in list:gmatch "%S+" do
    STATUS_VERDICTS[word] = verdict
  end
end

-- The documented states of a domain or a mailbox that is not ready yet.
local UNFINISHED = { PENDING = true, IN_PROGRESS = true, CREATING_PASSWORD = true }

-- What the items of a parameter are; "address" is a mailbox that has no id yet.
local KIND_OF_PARAMETER = {
  ["mailboxes.*[]"] = "address",
  ["domains[]"] = "domain",
  ["order[]"] = "domain",
  ["mailboxData[]"] = "mailbox",
  ["componentMailboxIds[]"] = "mailbox",
  ["mailboxIds[]"] = "mailbox",
  ["subscriptionIds[]"] = "subscription",
}

-- Where an event names a thing of a kind. A later field tells things apart, but is no name that the request had.
local NAME_FIELDS = {
  address = { "email", "mailboxId" },
  domain = { "domainName", "domain", "domainId" },
  mailbox = { "mailboxId", "email" },
  subscription = { "subscriptionId", "domain", "domainId" },
}
local REQUESTED_NAMES = { address = 1, domain = 2, mailbox = 1, subscription = 1 } -- how many of these fields are

-- Where an event may list several things: the help centre's sample of domain.order.success lists domains.
local LIST_FIELDS = {
  address = { "mailboxes", "emails" },
  domain = { "domains", "domainNames" },
  mailbox = { "mailboxes", "mailboxIds" },
  subscription = { "subscriptions", "subscriptionIds" },
}

local FAILED_ITEM_NAMES = { "domainName", "domain", "mailboxId", "email", "subscriptionId", "domainId" }
local FAILED_ITEM_REASONS = { "message", "error", "reason" }

local settlement = {}

local function nonempty(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function first_of(value, fields, count)
  for index = 1, count or #fields do
    local text = nonempty(value[fields[index]])
    if text then return text end
  end
end

local function name_of(event)
  return event.event or event.eventType
end

local function data_of(event)
  return type(event.data) == "table" and event.data or {}
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

---The names and reasons of failed items.
---@param failed any[]? of settlement.failed_items
---@return cmr.FailedItem[]? items
function settlement.describe_failures(failed)
  local described = {}
  for index, item in ipairs(failed or {}) do
    local is_table = type(item) == "table"
    local reason = is_table and first_of(item, FAILED_ITEM_REASONS)
    described[index] = {
      name = is_table and first_of(item, FAILED_ITEM_NAMES) or nonempty(item),
      reason = reason and reason:sub(1, MAX_REASON_BYTES) or nil,
    }
  end
  return described[1] and described or nil
end

-- Lists the things that a parameter asks for, each {name, domain}. "mailboxes.*[]" is a map from domains to lists;
-- "domains[]" a list, or one item in place of it.
local function things_of(args, parameter)
  local kind, value, things = KIND_OF_PARAMETER[parameter], args[parameter:match "^%w+"], {}
  if type(value) ~= "table" then return things, kind end
  if kind == "address" then
    for _, domain in ipairs(tables.sorted_keys(value)) do
      local list = value[domain]
      for _, mailbox in ipairs(type(list) == "table" and list or {}) do -- null: as if the domain were left out
        local name = type(mailbox) == "table" and nonempty(mailbox.username)
        local address = name and ("%s@%s"):format(name, domain):lower()
        things[#things + 1] = { name = address or nil, domain = tostring(domain):lower() }
      end
    end
    return things, kind
  end
  local list = value
  if next(value) ~= nil and value[1] == nil then list = { value } end
  for _, item in ipairs(list) do
    if item ~= core.null then
      local name = type(item) == "table" and first_of(item, NAME_FIELDS[kind], REQUESTED_NAMES[kind]) or nonempty(item)
      if name and kind == "domain" then name = name:lower() end
      things[#things + 1] = { name = name, domain = kind == "domain" and name or nil }
    end
  end
  return things, kind
end

-- How often each name failed; [""]: how many items failed without a name.
local function count_failed(described)
  local counts = { [""] = 0 }
  for _, item in ipairs(described or {}) do
    local name = item.name and item.name:lower() or ""
    counts[name] = (counts[name] or 0) + 1
  end
  return counts
end

-- Takes what failed out of a list of things. Returns the others, and whether it is known which ones they are. A name
-- that was sent twice and failed once is left.
local function take_failed(things, counts)
  local left = {}
  for _, thing in ipairs(things) do
    local name = thing.name and thing.name:lower()
    if name and (counts[name] or 0) > 0 then
      counts[name] = counts[name] - 1
    else
      left[#left + 1] = thing
    end
  end
  for _ = 1, math.min(counts[""], #left) do
    left[#left] = nil
  end
  return left, counts[""] == 0
end

local function domains_of(things)
  local domains = {}
  for _, thing in ipairs(things) do
    if thing.domain then domains[thing.domain] = true end
  end
  return domains
end

-- The mailboxes in domains that did not fail.
local function keep_available(mailboxes, ordered, available, refused)
  local left = {}
  for _, mailbox in ipairs(mailboxes) do
    local domain = mailbox.domain
    local is_available = ordered[domain] and available[domain] or not ordered[domain] and not refused[domain]
    if is_available then left[#left + 1] = mailbox end
  end
  return left
end

-- What was asked for: for each entry of success_events whose parameter was sent {event, kind, left, is_exact}. Of the
-- mailboxes of a domain that failed none is left.
local function requested(operation, args, described)
  local groups, refused, ordered, available = {}, count_failed(described), {}, {}
  for _, entry in ipairs(operation.success_events) do
    local event, parameter = entry:match "^(%S+) ?(%S*)$"
    local things, kind = things_of(args, parameter)
    if #things > 0 then groups[#groups + 1] = { event = event, kind = kind, left = things } end
    if #things > 0 and kind == "domain" then ordered = domains_of(things) end
  end
  local named = count_failed(described)
  for _, group in ipairs(groups) do
    if group.kind ~= "address" then
      group.left, group.is_exact = take_failed(group.left, named)
      if group.kind == "domain" then available = domains_of(group.left) end
    end
  end
  for _, group in ipairs(groups) do
    if group.kind == "address" then
      group.left, group.is_exact = keep_available(group.left, ordered, available, refused), true
      if next(ordered) == nil then
        group.left, group.is_exact = take_failed(group.left, named)
      end
    end
  end
  return groups
end

-- The names of things, unless one has none.
local function names_of(things)
  local names, seen = {}, {}
  for _, thing in ipairs(things) do
    if not thing.name then return nil end
    if not seen[thing.name] then
      seen[thing.name] = true
      names[#names + 1] = thing.name
    end
  end
  return names
end

-- The steps of a plan. A domain whose mailboxes are waited for needs no event of its own.
local function steps_of(groups)
  local steps, covered = {}, {}
  for _, group in ipairs(groups) do
    local left = {}
    for _, thing in ipairs(group.left) do
      if group.kind ~= "domain" or not covered[thing.domain] then left[#left + 1] = thing end
    end
    for domain in pairs(domains_of(group.left)) do
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

-- The step of an operation whose arguments say nothing about the number of things.
local function unknown_step(operation)
  local event, parameter = operation.success_events[1]:match "^(%S+) ?(%S*)$"
  local step = { event = event, kind = KIND_OF_PARAMETER[parameter] }
  if parameter == "" then
    step.count = 1
  elseif ANNOUNCEMENTS[event] and #operation.success_events == 1 then
    step.announced = true -- one domain's: it is announced as a whole
  end
  return step
end

-- Whether everything that is asked for depends on one group: mailboxes depend on their domains.
local function depends_on(groups, group)
  local domains = domains_of(group.left)
  for _, other in ipairs(groups) do
    for _, thing in ipairs(other.left) do
      if other ~= group and not domains[thing.domain] then return false end
    end
  end
  return true
end

-- The failure event that comes before anything is done, and how many of it there are when everything has failed.
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

-- In an order that is the same in every process.
local function sorted(pairs_of_ids)
  table.sort(pairs_of_ids, function(a, b)
    if a[1] == b[1] then return a[2] < b[2] end
    return a[1] < b[1]
  end)
  return pairs_of_ids
end

-- The ids by which an event can be found. The action and the order of the answer come first.
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
    local things, kind = things_of(args, parameter)
    for _, thing in ipairs(things) do
      if thing.domain then add_id(list, seen, "domain", thing.domain) end
      if thing.name and kind ~= "domain" and not (kind == "address" and has_own) then
        add_id(list, seen, kind == "address" and "mailbox" or kind, thing.name)
      end
    end
  end
  local email = nonempty(args.email)
  if email then add_id(list, seen, "mailbox", email:lower()) end
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

---Whether events are documented that report how an operation ends.
---@param operation cmr.Operation
---@return boolean? ok
---@return string? message
function settlement.awaitable(operation)
  if operation.success_events then return true end
  return nil, ("no event is documented to report the success of '%s'"):format(operation.name)
end

---What to wait for after an answer.
---@param operation cmr.Operation
---@param args table? the call's arguments by name, if they are available
---@param answer table the envelope, or {actionId, data = {orderId}}
---@param sent_at? number when the request left, seconds since 1970
---@return cmr.Plan? plan
---@return string? message no plan: the operation reports no outcome
function settlement.plan(operation, args, answer, sent_at)
  local ok, message = settlement.awaitable(operation)
  if not ok then return nil, message end
  local known = type(args) == "table" and args or {}
  local failed = settlement.describe_failures(settlement.failed_items(operation, answer))
  local groups = requested(operation, known, failed)
  local plan = {
    operation = operation.name,
    sent_at = sent_at,
    user = nonempty(known.userId) or nonempty(answer.userId),
    ids = ids_of(operation, known, answer),
    steps = #groups > 0 and steps_of(groups) or { unknown_step(operation) },
    failure_events = operation.failure_events or {},
    items_failed = failed,
  }
  plan.order = id_of_kind(plan.ids, "order")
  plan.first_failure, plan.parts = parts_of(operation, groups, answer, failed)
  return plan
end

---The first step of a plan, for a request whose answer is not at hand.
---@param failed_items any[]? of the answer, as in cmr.info
---@return table expected {event = name, count = how many, or nil when unknown}
function settlement.expected(operation, args, failed_items)
  local groups = requested(operation, args or {}, settlement.describe_failures(failed_items))
  local step = #groups > 0 and steps_of(groups)[1] or unknown_step(operation)
  return { event = step.event, count = step.count }
end

---Replaces what a plan expects by a number of events.
---@param plan cmr.Plan
---@param count integer
---@return cmr.Plan plan a copy
function settlement.with_count(plan, count)
  local copy = {}
  for name, value in pairs(plan) do
    copy[name] = value
  end
  copy.steps = { { event = plan.steps[1].event, kind = plan.steps[1].kind, count = count } }
  return copy
end

-- How an event belongs to a plan: "own", by an id that only the request's events carry; "named", by the thing that it
-- is about; nil: it belongs to another request.
local function relation(plan, index, event, origin)
  local data, is_foreign, is_own = data_of(event), false, origin == "old"
  if origin == "new" then return "own" end
  for kind, field in pairs { action = "actionId", order = "orderId" } do
    local id = nonempty(data[field])
    local known = id and index[kind .. ":" .. id]
    if known == "new" then return "own" end
    is_own = is_own or known ~= nil and id ~= nil
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

local function list_in(data, event_name, kind)
  local documented = documented_events[event_name]
  local member = documented and documented.items
  if member and type(data[member]) == "table" then return data[member] end
  for _, field in ipairs(LIST_FIELDS[kind] or {}) do
    if type(data[field]) == "table" then return data[field] end
  end
end

-- The things that an event reports: each {name = as the request named it, key = tells things apart, verdict}.
local function reports(event, kind)
  local data, things = data_of(event), {}
  if not kind then return { { key = event, verdict = "done" } } end
  local list = list_in(data, name_of(event), kind)
  for index, item in ipairs(list or { data }) do
    local thing = { verdict = "done" }
    if type(item) == "table" then
      thing.name = first_of(item, NAME_FIELDS[kind], REQUESTED_NAMES[kind])
      thing.key = first_of(item, NAME_FIELDS[kind])
      local status = list and nonempty(item.status)
      status = status and status:upper()
      if status and UNFINISHED[status] then thing.verdict = nil end
      if status and STATUS_VERDICTS[status] == "failed" then thing.verdict = "failed" end
    else
      thing.name = nonempty(item)
      thing.key = thing.name
    end
    if thing.name and (kind == "domain" or kind == "address") then thing.name = thing.name:lower() end
    thing.key = thing.key and thing.key:lower() or tostring(event) .. index
    things[#things + 1] = thing
  end
  return things
end

local function set_of(list)
  local set = {}
  for _, value in ipairs(list or {}) do
    set[value] = true
  end
  return set
end

-- What the events say about a step: {step, count, wanted, is_complete}.
local function progress(step, events, relations)
  local wanted_names, named, keys, count, announced = set_of(step.items), {}, {}, 0, nil
  local announcement = step.announced and ANNOUNCEMENTS[step.event]
  local found, failure = {}, nil
  for index, event in ipairs(events) do
    local name = name_of(event)
    if name == step.event then
      for _, thing in ipairs(reports(event, step.kind)) do
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
    found = found,
    failure = failure,
    is_complete = all_named or wanted ~= nil and count >= wanted,
  }
end

-- The outcome of a failure. "rejected" when nothing can have been done: every part failed in the first step, and no
-- event reports that anything was done. A workspace that fails may have cost its domain already (help).
local function outcome_of(plan, failures, others)
  if not plan.parts or plan.parts < 1 or others > 0 then return "unknown" end
  local keys, count = {}, 0
  for _, event in ipairs(failures) do
    local reason = nonempty(data_of(event).reason) or ""
    if name_of(event) ~= plan.first_failure or reason:lower():find("workspace", 1, true) then return "unknown" end
    local kind = plan.first_failure:match "^subscription" and "subscription"
      or plan.first_failure:match "^mailbox" and "address"
      or "domain"
    for _, thing in ipairs(reports(event, kind)) do
      if not keys[thing.key] then
        keys[thing.key], count = true, count + 1
      end
    end
  end
  return count >= plan.parts and "rejected" or "unknown"
end

---What the events that arrived so far say.
---@param plan cmr.Plan
---@param events cmr.Event[] each once, oldest first
---@param origins? table<cmr.Event, "new"|"old"> the events stored under an action or an order of the plan; "new": the
---answer brought this id
---@return table result {verdict = "done", "failed" or nil: neither yet; found = the events that report success, or a
---part of it; events = all that belong to the plan; failure = the first event that reports a failure; outcome = of a
---failure; missing = in words; is_uncounted = whether nobody knows how many events there must be}
function settlement.judge(plan, events, origins)
  local index, failing, waited = index_of(plan), set_of(plan.failure_events), {}
  for _, step in ipairs(plan.steps) do
    waited[step.event] = true
  end
  local result, relations, failures = { found = {}, events = {} }, {}, {}
  for _, event in ipairs(events) do
    local related = relation(plan, index, event, origins and origins[event])
    local name = name_of(event)
    if related == "own" or related and (waited[name] or failing[name]) then
      result.events[#result.events + 1] = event
      relations[#result.events] = related
      if failing[name] then failures[#failures + 1] = event end
    end
  end
  result.failure = failures[1]
  local is_complete, found = true, {}
  for _, step in ipairs(plan.steps) do
    local made = progress(step, result.events, relations)
    for position in pairs(made.found) do
      found[position] = true
    end
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

---The words that settle an order, with those of the user.
---@param done? string[]
---@param failed? string[]
function settlement.status_verdicts(done, failed)
  local verdicts = setmetatable({}, { __index = STATUS_VERDICTS })
  for _, word in ipairs(done or {}) do
    verdicts[word:upper()] = "done"
  end
  for _, word in ipairs(failed or {}) do
    verdicts[word:upper()] = "failed"
  end
  return verdicts
end

---The verdict of an order's status: "done", "failed", or nil.
---@param status any
---@param verdicts? table from settlement.status_verdicts
function settlement.verdict_of_status(status, verdicts)
  if type(status) ~= "string" then return nil end
  return (verdicts or STATUS_VERDICTS)[status:match("^%s*(.-)%s*$"):upper()]
end

return settlement
