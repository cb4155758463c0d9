---Finds the things that a request asked for, except those that the answer refused. Pure.

local ascii = require "cmr.util.ascii"
local things = require "cmr.settlement.things"

local request = {}

-- Returns how often each name failed. The entry "" counts the failed items without a name.
local function count_failed(described)
  local counts = { [""] = 0 }
  for _, item in ipairs(described or {}) do
    local name = item.name and ascii.lower(item.name) or ""
    counts[name] = (counts[name] or 0) + 1
  end
  return counts
end

-- Returns the things that did not fail. Also returns whether it is known which things failed. If two things share a
-- name and one of them failed, the first one counts as failed.
local function take_failed(list, counts)
  local left = {}
  for _, thing in ipairs(list) do
    local name = thing.name and ascii.lower(thing.name)
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

---Returns the set of the domains of some things.
function request.domains_of(list)
  local domains = {}
  for _, thing in ipairs(list) do
    if thing.domain then domains[thing.domain] = true end
  end
  return domains
end

-- Returns the mailboxes whose domains did not fail.
local function keep_available(mailboxes, ordered, available, refused)
  local left = {}
  for _, mailbox in ipairs(mailboxes) do
    local domain = mailbox.domain
    local is_available = available[domain]
    if not ordered[domain] then is_available = not refused[domain] end
    if is_available then left[#left + 1] = mailbox end
  end
  return left
end

---Returns the things that a request asked for, in groups. A group has the things of one parameter. Omits the things
---that the answer refused, and the mailboxes of a failed domain.
---@param described cmr.FailedItem[]? The items that the answer refused.
---@return table[] groups Each {event, kind, left = the things, is_exact = whether it is known which things failed}.
function request.groups(operation, args, described)
  local groups, refused, ordered, available = {}, count_failed(described), {}, {}
  for _, entry in ipairs(operation.success_events) do
    local event, parameter = entry:match "^(%S+) ?(%S*)$"
    local list, kind = things.requested(args, parameter)
    if #list > 0 then
      groups[#groups + 1] = { event = event, kind = kind, left = list }
      if kind == "domain" then ordered = request.domains_of(list) end
    end
  end
  local named = count_failed(described)
  for _, group in ipairs(groups) do
    if group.kind ~= "address" then
      group.left, group.is_exact = take_failed(group.left, named)
      if group.kind == "domain" then available = request.domains_of(group.left) end
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

return request
