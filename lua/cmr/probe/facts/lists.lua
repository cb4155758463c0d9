---Facts about lists: their place in the answer, their pages and their filters.

local facts = require "cmr.probe.facts"
local operations = require "cmr.operations"
local paging = require "cmr.probe.paging"
local plan = require "cmr.probe.plan"
local shape = require "cmr.probe.shape"
local tables = require "cmr.util.tables"

local yes, no, unseen, on = facts.yes, facts.no, facts.unseen, facts.on_success

-- Returns the source that documents a parameter, such as "docs" or "help". Returns "assumed" for an assumed parameter.
local function source_of(operation, name)
  for _, param in ipairs(operation.params) do
    if param.name == name then return param.assumed and "assumed" or param.source end
  end
end

-- Returns the verdict on a parameter. The step `id` sent the parameter and did not succeed.
local function not_accepted(seen, id, reason)
  local answer = seen.answers[id]
  if facts.is_conclusive(answer) and answer.status >= 400 then return no(("HTTP %d"):format(answer.status)) end
  return unseen(reason)
end

local function list_at(path)
  return function(envelope, seen)
    local value = tables.at(envelope, path)
    local kind = value ~= nil and shape.type(value)
    if kind == "list" then return yes "a list with items" end
    if kind == "empty" then return yes "an empty list" end
    local found = paging.list(envelope, nil, seen.words)
    return no((kind and "it is of type " .. kind or "nothing is there") .. (found and "; a list is at " .. found or ""))
  end
end

local function judge_members(object, names)
  local missing = {}
  for _, name in ipairs(names) do
    if object[name] == nil then missing[#missing + 1] = name end
  end
  if #missing == 0 then return yes "all four" end
  return no("missing or null: " .. table.concat(missing, ", "))
end

local function judge_pagination(envelope)
  local pagination = tables.at(envelope, "data.pagination")
  if type(pagination) ~= "table" then return no "there is no such object" end
  local names = { "totalSearchedCount", "currentPage", "nextPage", "totalPages" }
  local verdict, found = judge_members(pagination, names)
  if found == "missing or null: nextPage" and pagination.currentPage == pagination.totalPages then
    return unseen "three of them; nextPage is null or missing, but this is the last page"
  end
  return verdict, found
end

local function judge_flat_pagination(envelope)
  if type(envelope.data) ~= "table" then return no "data is not an object" end
  return judge_members(envelope.data, { "currentPage", "totalPages", "totalDomains", "totalMailboxes" })
end

local function numbers_at(path)
  return function(envelope)
    local object, types, verdict = tables.at(envelope, path), {}, yes
    for _, name in ipairs { "currentPage", "totalPages" } do
      local value = type(object) == "table" and object[name]
      if not value then return unseen(("there is no %s.%s"):format(path, name)) end
      types[#types + 1] = ("%s is a %s"):format(name, type(value))
      if type(value) ~= "number" then verdict = no end
    end
    return verdict(table.concat(types, ", "))
  end
end

local function judge_provider_filter(unfiltered, seen)
  local all, counts = paging.position(unfiltered).total, {}
  for index, id in ipairs { plan.second_page "prewarmed", "prewarmed, MICROSOFT" } do
    local envelope, reason = facts.success(seen, id)
    if not envelope then return not_accepted(seen, id, reason) end
    counts[index] = paging.position(envelope).total
  end
  if not (all and counts[1] and counts[2]) then return unseen "the answers have no total" end
  if all == 0 then return unseen "there are no items" end
  if counts[1] + counts[2] == all then return yes "the two totals add up to the total without the filter" end
  if counts[1] == all and counts[2] == all then return no "the totals are the same as without the filter" end
  if counts[1] <= all and counts[2] <= all then return yes "the totals are smaller than without the filter" end
  return no "a total is larger than without the filter"
end

local FACTS = [[
subscriptions.items        docs     the list is at data.subscriptions
prewarmed.items            help     the list is at data.inventory
sandbox_prewarmed.items    assumed  the list is at data.inventory
subscriptions.pagination   docs     data.pagination has totalSearchedCount, currentPage, nextPage, totalPages
prewarmed.pagination       help     data itself has currentPage, totalPages, totalDomains, totalMailboxes
subscriptions.numbers      docs     currentPage and totalPages are numbers
prewarmed.numbers          help     currentPage and totalPages are numbers
prewarmed.serviceProvider  help     serviceProvider=GOOGLE and serviceProvider=MICROSOFT filter the list
]]

local lists = facts.rows(FACTS, {
  ["subscriptions.items"] = on("subscriptions", list_at "data.subscriptions"),
  ["prewarmed.items"] = on("prewarmed", list_at "data.inventory"),
  ["sandbox_prewarmed.items"] = on("sandbox_prewarmed", list_at "data.inventory"),
  ["subscriptions.pagination"] = on("subscriptions", judge_pagination),
  ["prewarmed.pagination"] = on("prewarmed", judge_flat_pagination),
  ["subscriptions.numbers"] = on("subscriptions", numbers_at "data.pagination"),
  ["prewarmed.numbers"] = on("prewarmed", numbers_at "data"),
  ["prewarmed.serviceProvider"] = on("prewarmed", judge_provider_filter),
})

for _, step in ipairs(plan.steps) do
  local first_id, operation = step.second_page_of, operations[step.operation]
  if first_id then
    local function judge_limit(first, seen)
      return paging.judge_limit(first, facts.success(seen, step.id) or nil, operation.items)
    end
    local function judge_page(first, seen)
      local second, reason = facts.success(seen, step.id)
      if not second then return not_accepted(seen, step.id, reason) end
      return paging.judge_page(first, second, operation.items)
    end
    local function add(name, expected, judge)
      lists[#lists + 1] = { operation.name .. "." .. name, source_of(operation, name), expected, on(first_id, judge) }
    end
    add("limit", "limit=1 returns one item", judge_limit)
    add("page", "page=2 returns the second page", judge_page)
  end
end

return lists
