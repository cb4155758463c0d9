--- Facts: lists, and how they are cut into pages.

local judge = require "cmr.probe.judge"
local pages = require "cmr.probe.paging"
local plan = require "cmr.probe.plan"
local shape = require "cmr.probe.shape"
local operations = require "cmr.operations"

local yes, no, unseen = judge.yes, judge.no, judge.unseen

local facts = {}

local function fact(id, expected, source, decide)
  facts[#facts + 1] = { id = id, expected = expected, source = source, judge = decide }
end

-- A fact about one answer that must be a success.
local function of(id, decide)
  return function(seen)
    local envelope, why = judge.success(seen, id)
    if not envelope then return unseen(why) end
    return decide(envelope, seen)
  end
end

-- Whether a parameter is documented under this name for this operation.
local function source_of(row, name)
  for _, param in ipairs(row.params) do
    if param.name == name then return param.assumed and "assumed" or param.source end
  end
end

local function refused(seen, id)
  local answer = seen.answers[id]
  if judge.telling(answer) and answer.status >= 400 then return no(("HTTP %d"):format(answer.status)) end
end

-- Parameters

for _, step in ipairs(plan.steps) do
  if step.second then
    local row = operations[step.operation]
    local id = step.second
    fact(
      row.name .. ".limit",
      "limit=1 gives one item",
      source_of(row, "limit"),
      of(id, function(first, seen)
        return pages.limit(first, judge.success(seen, step.id) or nil, row.items)
      end)
    )
    fact(
      row.name .. ".page",
      "page=2 gives the second page",
      source_of(row, "page"),
      of(id, function(first, seen)
        local second, why = judge.success(seen, step.id)
        if second then return pages.page(first, second, row.items) end
        local verdict, found = refused(seen, step.id)
        if verdict then return verdict, found end
        return unseen(why)
      end)
    )
  end
end

-- Where the list is

local function is_at(path)
  return function(envelope, seen)
    local there = shape.at(envelope, path)
    local kind = there ~= nil and shape.type(there)
    if kind == "list" then return yes "a list with items" end
    if kind == "empty" then return yes "an empty list" end
    local found = pages.list(envelope, nil, seen.words)
    return no((kind and "it is of type " .. kind or "nothing is there") .. (found and "; a list is at " .. found or ""))
  end
end

fact("subscriptions.items", "the list is data.subscriptions", "docs", of("subscriptions", is_at "data.subscriptions"))
fact("prewarmed.items", "the list is data.inventory", "help", of("prewarmed", is_at "data.inventory"))
fact(
  "sandbox_prewarmed.items",
  "the list is data.inventory",
  "assumed",
  of("sandbox_prewarmed", is_at "data.inventory")
)

-- What is said of pages

local function missing(object, names)
  local list = {}
  for _, name in ipairs(names) do
    if object[name] == nil then list[#list + 1] = name end
  end
  return list
end

fact(
  "subscriptions.pagination",
  "data.pagination has totalSearchedCount, currentPage, nextPage, totalPages",
  "docs",
  of("subscriptions", function(envelope)
    local where = shape.at(envelope, "data.pagination")
    if type(where) ~= "table" then return no "there is no such object" end
    local lacking = missing(where, { "totalSearchedCount", "currentPage", "nextPage", "totalPages" })
    if #lacking == 0 then return yes "all four" end
    if #lacking == 1 and lacking[1] == "nextPage" and where.currentPage == where.totalPages then
      return unseen "three of them, and nextPage is null or missing on the last page"
    end
    return no("missing or null: " .. table.concat(lacking, ", "))
  end)
)

fact(
  "prewarmed.pagination",
  "data itself has currentPage, totalPages, totalDomains, totalMailboxes",
  "help",
  of("prewarmed", function(envelope)
    if type(envelope.data) ~= "table" then return no "data is no object" end
    local lacking = missing(envelope.data, { "currentPage", "totalPages", "totalDomains", "totalMailboxes" })
    if #lacking == 0 then return yes "all four" end
    return no("missing or null: " .. table.concat(lacking, ", "))
  end)
)

local function numbers(path)
  return function(envelope)
    local where, types, wrong = shape.at(envelope, path), {}, false
    for _, name in ipairs { "currentPage", "totalPages" } do
      local value = type(where) == "table" and where[name]
      if not value then return unseen(("there is no %s.%s"):format(path, name)) end
      types[#types + 1] = ("%s is a %s"):format(name, type(value))
      wrong = wrong or type(value) ~= "number"
    end
    return (wrong and no or yes)(table.concat(types, ", "))
  end
end

fact(
  "subscriptions.numbers",
  "currentPage and totalPages are numbers",
  "docs",
  of("subscriptions", numbers "data.pagination")
)
fact("prewarmed.numbers", "currentPage and totalPages are numbers", "help", of("prewarmed", numbers "data"))

-- Filters

fact(
  "prewarmed.serviceProvider",
  "serviceProvider chooses between GOOGLE and MICROSOFT",
  "help",
  of("prewarmed", function(every, seen)
    local all = pages.position(every).total
    local some, counts = { plan.second "prewarmed", "prewarmed, MICROSOFT" }, {}
    for index, id in ipairs(some) do
      local envelope, why = judge.success(seen, id)
      if not envelope then
        local verdict, found = refused(seen, id)
        if verdict then return verdict, found end
        return unseen(why)
      end
      counts[index] = pages.position(envelope).total
    end
    if not (all and counts[1] and counts[2]) then return unseen "the answers do not say how many there are" end
    if all == 0 then return unseen "there are none" end
    if counts[1] + counts[2] == all then return yes "the two add up to what comes without it" end
    if counts[1] == all and counts[2] == all then return no "as many come as without it" end
    if counts[1] <= all and counts[2] <= all then return yes "fewer come than without it" end
    return no "more come than without it"
  end)
)

return facts
