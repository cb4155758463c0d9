--- Facts: the documented fields of answers, with their types, and times.

local core = require "cmr.core"
local examples = require "cmr.samples"
local judge = require "cmr.probe.judge"
local pages = require "cmr.probe.paging"
local shape = require "cmr.probe.shape"

local yes, no, unseen = judge.yes, judge.no, judge.unseen

local facts = {}

local function fact(id, expected, source, decide)
  facts[#facts + 1] = { id = id, expected = expected, source = source, judge = decide }
end

local function example(operation)
  local shown = examples[operation]
  return core.json_decode(shown.answer or shown.partial)
end

-- Documented fields

-- Judges values, seen in answers, by a documented one. what: how a report calls the value, as in "data.records"
local function like(documented, values, what, words)
  local actual = {}
  for _, value in ipairs(values) do
    shape.fields(value, words, actual, what)
  end
  local missing, wrong = shape.compare(shape.fields(documented, {}, nil, what), actual)
  local found = {}
  if #missing > 0 then found[1] = "missing or null: " .. table.concat(missing, ", ") end
  if #wrong > 0 then found[#found + 1] = table.concat(wrong, ", ") end
  if #found > 0 then return no(table.concat(found, "; ")) end
  return yes "all are there"
end

-- The lists of an operation's pages, those that have items.
local function lists(seen, ids, items)
  local found, why = {}, nil
  for _, id in ipairs(ids) do
    local envelope, reason = judge.success(seen, id)
    local _, list = pages.list(envelope or {}, items)
    if list and #list > 0 then found[#found + 1] = list end
    why = why or reason
  end
  return found, why or "there are no items"
end

local function items_like(operation, ids, items, documented)
  return function(seen)
    local found, why = lists(seen, ids, items)
    if #found == 0 then return unseen(why) end
    return like(documented or shape.at(example(operation), items), found, items or "list", seen.words)
  end
end

fact(
  "subscriptions.fields",
  "an item has the documented fields, of the documented types",
  "docs",
  items_like("subscriptions", { "subscriptions", "subscriptions, page 2" }, "data.subscriptions")
)

fact(
  "prewarmed.fields",
  "an item has the documented fields, of the documented types",
  "help",
  items_like("prewarmed", { "prewarmed", "prewarmed, page 2", "prewarmed, MICROSOFT" }, "data.inventory")
)

fact(
  "dns_records.fields",
  "data.records and data.disabledRecords list records with the documented fields",
  "help",
  function(seen)
    local envelope, why = judge.success(seen, "dns_records")
    if not envelope then return unseen(why) end
    local data = type(envelope.data) == "table" and envelope.data or {}
    if type(data.records) ~= "table" or type(data.disabledRecords) ~= "table" then
      return no "one of the two is missing or null"
    end
    local list = #data.records > 0 and data.records or data.disabledRecords
    if #list == 0 then return unseen "both are empty" end
    return like(example("dns_records").data.records, { list }, "records", seen.words)
  end
)

-- The documents list these names and show no sample: any type will do.
local report_fields =
  { "orderId", "status", "spamassassin", "blacklist", "mailboxCount", "aiInsightRequested", "mailboxes" }

fact("placement_reports.fields", "a group has the documented fields", "help", function(seen)
  local found, why = lists(seen, { "placement_reports", "placement_reports, page 2" })
  if #found == 0 then return unseen(why) end
  for _, name in ipairs(report_fields) do
    local there = false
    for _, list in ipairs(found) do
      there = there or type(list[1]) == "table" and list[1][name] ~= nil
    end
    if not there then return no("missing or null: " .. name) end
  end
  return yes "all are there"
end)

-- Platforms

fact("platforms.by_app", "data is keyed by app: a boolean connected, a list of credentials", "seed", function(seen)
  local envelope, why = judge.success(seen, "platforms")
  if not envelope then return unseen(why) end
  local kind = shape.type(envelope.data)
  if kind == "empty" then return unseen "there is no app" end
  if kind ~= "object" then return no("data is of type " .. kind) end
  for _, app in pairs(envelope.data) do
    if type(app) ~= "table" or type(app.connected) ~= "boolean" or type(app.credentials) ~= "table" then
      return no "an app is otherwise"
    end
  end
  return yes "every app is"
end)

fact(
  "platforms.fields",
  "a credential of EMAILBISON has the documented fields, of the documented types",
  "seed",
  function(seen)
    local envelope, why = judge.success(seen, "platforms")
    if not envelope then return unseen(why) end
    local list = shape.at(envelope, "data.EMAILBISON.credentials")
    if type(list) ~= "table" or #list == 0 then return unseen "there is none" end
    local documented = shape.at(example "platforms", "data.EMAILBISON.credentials")
    return like(documented, { list }, "credentials", seen.words)
  end
)

-- Geo

local function is_map(envelope, pattern)
  local kind = shape.type(envelope.data)
  if kind == "empty" then return unseen "it is empty" end
  if kind ~= "object" then return no("data is of type " .. kind) end
  for _, code in pairs(envelope.data) do
    if type(code) ~= "string" then return no("a value is of type " .. shape.type(code)) end
    if not code:find(pattern) then return no "a value is no such code" end
  end
  return yes "it is"
end

local function map(operation, what, pattern)
  fact(operation .. ".map", "data is a map " .. what, "help", function(seen)
    local envelope, why = judge.success(seen, operation)
    if not envelope then return unseen(why) end
    return is_map(envelope, pattern)
  end)
end

map("countries", "from names to codes of two capital letters", "^%u%u$")
map("states", "from names to codes", "^%w[%w-]*$")

-- Times

local ISO = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.?%d*Z$"
local DATE = "^%d%d%d%d%-%d%d%-%d%d"

local documented_times = {}
for _, shown in pairs(examples) do
  local text = shown.answer or shown.partial
  shape.walk(text and core.json_decode(text) or {}, {}, function(path, kind, value)
    if kind == "string" and value:find(ISO) then documented_times[path:match "[^.]+$"] = true end
  end)
end

fact("times", "times are ISO 8601 in UTC", "seed", function(seen)
  local count, exact, other = 0, 0, {}
  local noted = {}
  for _, request in ipairs(seen.requests) do
    local envelope = judge.success(seen, request.ask)
    shape.walk(envelope or {}, seen.words, function(path, kind, value)
      if kind ~= "string" or not (value:find(DATE) or documented_times[path:match "[^.]+$"]) then return end
      count = count + 1
      exact = exact + (value:find "%.%d+Z$" and 1 or 0)
      local place = request.operation .. ": " .. path
      if not value:find(ISO) and not noted[place] then
        noted[place] = true
        other[#other + 1] = place
      end
    end)
  end
  if count == 0 then return unseen "there were none" end
  if #other > 0 then return no("not so: " .. table.concat(other, ", ")) end
  return yes(
    exact == count and "all with fractions of seconds"
      or exact == 0 and "none with fractions of seconds"
      or "some with fractions of seconds"
  )
end)

return facts
