---Facts about the documented fields of answers and their types, and about the format of times.

local facts = require "cmr.probe.facts"
local paging = require "cmr.probe.paging"
local plan = require "cmr.probe.plan"
local samples = require "cmr.samples"
local shape = require "cmr.probe.shape"
local tables = require "cmr.util.tables"

local yes, no, unseen, on = facts.yes, facts.no, facts.unseen, facts.on_success

-- The documentation names these fields without a sample, so a field may have any type.
local REPORT_FIELDS =
  { "orderId", "status", "spamassassin", "blacklist", "mailboxCount", "aiInsightRequested", "mailboxes" }
local ISO_TIME = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.?%d*Z$"
local DATE = "^%d%d%d%d%-%d%d%-%d%d"

-- The names of the fields that contain a time in the samples.
local time_fields = {}
for operation in pairs(samples) do
  shape.walk(shape.sample(operation), {}, function(path, kind, value)
    if kind == "string" and value:find(ISO_TIME) then time_fields[path:match "[^.]+$"] = true end
  end)
end

-- Compares the fields of `values` with the fields of the documented value. `name` is the path of the values in the
-- report, such as "data.records".
local function compare(documented, values, name, words)
  local actual = {}
  for _, value in ipairs(values) do
    shape.fields(value, words, actual, name)
  end
  local missing, wrong = shape.compare(shape.fields(documented, {}, nil, name), actual)
  local found = {}
  if #missing > 0 then found[1] = "missing or null: " .. table.concat(missing, ", ") end
  if #wrong > 0 then found[#found + 1] = table.concat(wrong, ", ") end
  if #found > 0 then return no(table.concat(found, "; ")) end
  return yes "all are present"
end

-- Returns the nonempty lists in the answers to these steps. If there is no such list, the second result says why.
local function full_lists(seen, ids, path)
  local found, reason = {}, nil
  for _, id in ipairs(ids) do
    local envelope, message = facts.success(seen, id)
    local _, items = paging.list(envelope or {}, path)
    if items and #items > 0 then found[#found + 1] = items end
    reason = reason or message
  end
  return found, reason or "there are no items"
end

local function items_as_documented(operation, path, ...)
  local ids = { operation, plan.second_page(operation), ... }
  return function(seen)
    local found, reason = full_lists(seen, ids, path)
    if #found == 0 then return unseen(reason) end
    return compare(tables.at(shape.sample(operation), path), found, path, seen.words)
  end
end

local function judge_dns_records(envelope, seen)
  local data = type(envelope.data) == "table" and envelope.data or {}
  if type(data.records) ~= "table" or type(data.disabledRecords) ~= "table" then
    return no "one of the two is missing or null"
  end
  local items = #data.records > 0 and data.records or data.disabledRecords
  if #items == 0 then return unseen "both are empty" end
  return compare(shape.sample("dns_records").data.records, { items }, "records", seen.words)
end

local function judge_reports(seen)
  local found, reason = full_lists(seen, { "placement_reports", plan.second_page "placement_reports" })
  if #found == 0 then return unseen(reason) end
  for _, name in ipairs(REPORT_FIELDS) do
    local present = false
    for _, items in ipairs(found) do
      present = present or type(items[1]) == "table" and items[1][name] ~= nil
    end
    if not present then return no("missing or null: " .. name) end
  end
  return yes "all are present"
end

local function judge_apps(envelope)
  local kind = shape.type(envelope.data)
  if kind == "empty" then return unseen "there are no apps" end
  if kind ~= "object" then return no("data is of type " .. kind) end
  for _, app in pairs(envelope.data) do
    if type(app) ~= "table" or type(app.connected) ~= "boolean" or type(app.credentials) ~= "table" then
      return no "an app has another form"
    end
  end
  return yes "every app has this form"
end

local function judge_credentials(envelope, seen)
  local path = "data.EMAILBISON.credentials"
  local items = tables.at(envelope, path)
  if type(items) ~= "table" or #items == 0 then return unseen "there are no such credentials" end
  return compare(tables.at(shape.sample "platforms", path), { items }, "credentials", seen.words)
end

local function maps_to(pattern)
  return function(envelope)
    local kind = shape.type(envelope.data)
    if kind == "empty" then return unseen "data is empty" end
    if kind ~= "object" then return no("data is of type " .. kind) end
    for _, code in pairs(envelope.data) do
      if type(code) ~= "string" then return no("a value is of type " .. shape.type(code)) end
      if not code:find(pattern) then return no "a value is not such a code" end
    end
    return yes "it is"
  end
end

local function judge_times(seen)
  local count, with_fractions, exceptions, noted = 0, 0, {}, {}
  for _, request in ipairs(seen.requests) do
    local envelope = facts.success(seen, request.step)
    shape.walk(envelope or {}, seen.words, function(path, kind, value)
      if kind ~= "string" or not (value:find(DATE) or time_fields[path:match "[^.]+$"]) then return end
      count = count + 1
      with_fractions = with_fractions + (value:find "%.%d+Z$" and 1 or 0)
      local field = request.operation .. ": " .. path
      if not value:find(ISO_TIME) and not noted[field] then
        noted[field] = true
        exceptions[#exceptions + 1] = field
      end
    end)
  end
  if count == 0 then return unseen "there were no times" end
  if #exceptions > 0 then return no("not true of: " .. table.concat(exceptions, ", ")) end
  local share = with_fractions == count and "all" or with_fractions == 0 and "none" or "some"
  return yes(share .. " with fractions of seconds")
end

local FACTS = [[
subscriptions.fields      docs  an item has the documented fields with the documented types
prewarmed.fields          help  an item has the documented fields with the documented types
dns_records.fields        help  data.records and data.disabledRecords list records with the documented fields
placement_reports.fields  help  a group has the documented fields
platforms.by_app          seed  data has an object for each app, with a boolean connected and a list of credentials
platforms.fields          seed  a credential of EMAILBISON has the documented fields with the documented types
countries.map             help  data maps names to codes of two capital letters
states.map                help  data maps names to codes
times                     seed  times are ISO 8601 in UTC
]]

return facts.rows(FACTS, {
  ["subscriptions.fields"] = items_as_documented("subscriptions", "data.subscriptions"),
  ["prewarmed.fields"] = items_as_documented("prewarmed", "data.inventory", "prewarmed, MICROSOFT"),
  ["dns_records.fields"] = on("dns_records", judge_dns_records),
  ["placement_reports.fields"] = judge_reports,
  ["platforms.by_app"] = on("platforms", judge_apps),
  ["platforms.fields"] = on("platforms", judge_credentials),
  ["countries.map"] = on("countries", maps_to "^%u%u$"),
  ["states.map"] = on("states", maps_to "^%w[%w-]*$"),
  times = judge_times,
})
