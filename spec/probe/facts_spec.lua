-- Every fact of `cmr probe` can be contradicted: the spec changes one of the mock's answers for each fact.
local cjson = require "cjson"
local probe = require "cmr.probe"
local client = require "spec.support.client"
local mock = require "spec.support.mock"
local populate = require "spec.support.populated"

local server, requests

-- Returns the ids of the facts that are contradicted.
local function contradicted()
  local ids = {}
  for _, fact in ipairs(probe.run(client.new(server, {retries = 0})).facts) do
    if fact.verdict == "contradicted" then ids[#ids + 1] = fact.id end
  end
  table.sort(ids)
  return ids
end

setup(function()
  server = mock.shared("http")
  populate(server)
  local before = #server:requests()
  assert.same({}, contradicted())
  requests = {(table.unpack or unpack)(server:requests(), before + 1)}
end)

-- Returns the answer to the nth request of an operation.
local function answer_to(operation, nth)
  for _, request in ipairs(requests) do
    if request.operation == operation then
      nth = nth - 1
      if nth == 0 then
        local key = request.headers["cmr-x-api-key"]
        local url = server.base_url:match("^%a+://[^/]+") .. request.path .. "?" .. request.raw_query
        return server:request("GET", url, {key = false, headers = {["cmr-x-api-key"] = key}})
      end
    end
  end
end

-- Makes the mock answer the nth request of an operation with this status and this body.
local function order(operation, nth, status, body)
  if nth > 1 then server:fault{match = {operation = operation}, times = nth - 1} end
  server:fault{match = {operation = operation}, status = status, body = body}
end

local edits = {}

-- Adds a changed answer. ids: the facts that it contradicts; nth: the number of the operation's request; edit:
-- function(body) -> another status or nil, another body or nil.
local function case(ids, operation, nth, edit)
  edits[#edits + 1] = {ids = ids, operation = operation, nth = nth, edit = edit}
end

local function refused(status, message)
  return function() return status, {status = status, message = message or "No", data = cjson.null} end
end

-- Operations with a second page, and the names of their lists in the mock's data.
local lists = {
  {"subscriptions", "subscriptions"}, {"users", "users"}, {"domains", "domains"}, {"mailboxes", "mailboxes"},
  {"all_mailboxes", "mailboxes"}, {"placement_reports", "reports"}, {"prewarmed", "inventory"},
}

-- The number of an operation's usual request, if it is not the first one.
local ordinary = {countries = 2, platforms = 3, domains = 2}

case({"key.header", "key.wrong_status"}, "countries", 1, function() return 200, answer_to("countries", 2).body end)
case({"key.wrong_status"}, "countries", 1, refused(403, "Invalid API Key"))
case({"key.wrong_message"}, "countries", 1, refused(401))
case({"envelope.object", "key.wrong_message"}, "countries", 1, function() return 401, "no JSON" end)
case({"envelope.status"}, "states", 1, function(body) body.status = 201 end)
case({"envelope.message"}, "states", 1, function(body) body.message = 5 end)
case({"envelope.data"}, "mailbox", 1, function(body) body.data = cjson.null end)
case({"envelope.refused"}, "platforms", 1, function(body) body.data = {why = "x"} end)
case({"unknown_user.status"}, "platforms", 1, refused(403, "The requested user does not exist."))
case({"unknown_user.message"}, "platforms", 1, refused(404))
case({"unknown_user.domains"}, "domains", 1, refused(404))
case({"unknown_user.domains"}, "domains", 1, function()
  return nil, answer_to("domains", 2).body
end)
case({"unknown_user.domains"}, "domains", 1, function(body) body.data = {count = 0} end)
case({"envelope.data", "unknown_user.domains"}, "domains", 1, function(body) body.data = nil end)
case({"no_user.status"}, "platforms", 2, refused(404, "Please provide a userId"))
case({"no_user.message"}, "platforms", 2, refused(422))

for _, operation in ipairs{"subscriptions", "users", "countries", "states", "platforms", "user", "domains",
  "dns_records", "mailboxes", "all_mailboxes", "mailbox", "placement_reports", "prewarmed", "sandbox_prewarmed"} do
  case({operation .. ".path"}, operation, ordinary[operation] or 1, refused(404))
end

for _, list in ipairs(lists) do
  local operation, name = list[1], list[2]
  local first = ordinary[operation] or 1
  case({operation .. ".limit"}, operation, first, function(body)
    table.insert(body.data[name], answer_to(operation, first + 1).body.data[name][1])
  end)
  case({operation .. ".page"}, operation, first + 1, function()
    return nil, answer_to(operation, first).body
  end)
  case({operation .. ".page"}, operation, first + 1, function(body)
    (body.data.pagination or body.data).currentPage = 1
  end)
  if operation ~= "prewarmed" then case({operation .. ".page"}, operation, first + 1, refused(400)) end
end

for _, list in ipairs{lists[1], {"prewarmed", "inventory"}, {"sandbox_prewarmed", "inventory"}} do
  case({list[1] .. ".items"}, list[1], 1, function(body)
    body.data.items, body.data[list[2]] = body.data[list[2]], nil
  end)
end

case({"subscriptions.pagination"}, "subscriptions", 1, function(body) body.data.pagination.nextPage = nil end)
case({"subscriptions.numbers"}, "subscriptions", 1, function(body) body.data.pagination.totalPages = "2" end)
case({"prewarmed.pagination"}, "prewarmed", 1, function(body) body.data.totalMailboxes = nil end)
case({"prewarmed.numbers"}, "prewarmed", 1, function(body) body.data.currentPage = "1" end)
case({"prewarmed.serviceProvider"}, "prewarmed", 3, function(body) body.data.totalDomains = 1000 end)
case({"prewarmed.serviceProvider"}, "prewarmed", 3, refused(400))
case({"prewarmed.page", "prewarmed.serviceProvider"}, "prewarmed", 2, refused(400)) -- this request is for both facts
case({"subscriptions.fields"}, "subscriptions", 1, function(body)
  body.data.subscriptions[1].pricePerMailbox = "8"
end)
case({"prewarmed.fields"}, "prewarmed", 1, function(body)
  body.data.inventory[1].preWarmedUpMailboxes[1].email = {"x"}
end)
case({"dns_records.fields"}, "dns_records", 1, function(body) body.data.records[1].host = nil end)
case({"dns_records.fields"}, "dns_records", 1, function(body) body.data.disabledRecords = cjson.null end)
case({"platforms.by_app"}, "platforms", 3, function(body) body.data.EMAILBISON.connected = "yes" end)
case({"platforms.by_app"}, "platforms", 3, function(body) body.data = {body.data.EMAILBISON} end)
case({"platforms.fields"}, "platforms", 3, function(body)
  body.data.EMAILBISON.credentials[1].metadata.appName = cjson.null
end)
case({"countries.map"}, "countries", 2, function(body) body.data = {{name = "Italy", code = "IT"}} end)
case({"countries.map"}, "countries", 2, function(body) body.data.Italy = "ITA" end)
case({"states.map"}, "states", 1, function(body) body.data.Texas = 5 end)
case({"times"}, "domains", 2, function(body) body.data.domains[1].expireOn = "2026-11-30T00:00:00+02:00" end)
case({"times"}, "subscriptions", 1, function(body) body.data.subscriptions[1].periodEnd = "tomorrow" end)

describe("a changed answer contradicts", function()
  for index, change in ipairs(edits) do
    it(("%s (%d)"):format(table.concat(change.ids, ", "), index), function()
      local reply = answer_to(change.operation, change.nth)
      local status, body = change.edit(reply.body)
      order(change.operation, change.nth, status or reply.status, body or reply.body)
      assert.same(change.ids, contradicted())
    end)
  end

  it("placement_reports.fields, when no page has a report", function()
    local pages = {answer_to("placement_reports", 1).body, answer_to("placement_reports", 2).body}
    for _, body in ipairs(pages) do
      body.data.reports[1].mailboxCount = nil
      server:fault{match = {operation = "placement_reports"}, body = body}
    end
    assert.same({"placement_reports.fields"}, contradicted())
  end)

  -- Edits the answer to the nth request of an operation, and runs the probe. Returns the verdict on a fact, and what
  -- the probe found.
  local function found(id, operation, nth, edit)
    local reply = answer_to(operation, nth)
    local status, body = edit(reply.body)
    order(operation, nth, status or reply.status, body or reply.body)
    local report = probe.run(client.new(server, {retries = 0}))
    assert.equal(0, report.counts.contradicted)
    for _, fact in ipairs(report.facts) do
      if fact.id == id then return {fact.verdict, fact.found} end
    end
  end

  it("nothing, when there is another explanation", function()
    local function alone(body)
      body.data.pagination = {totalSearchedCount = 1, currentPage = 1, nextPage = cjson.null, totalPages = 1}
    end
    assert.same({"not seen", "three of them; nextPage is null or missing, but this is the last page"},
      found("subscriptions.pagination", "subscriptions", 1, alone))
    for _, operation in ipairs{"mailboxes", "all_mailboxes"} do
      local body = answer_to(operation, 1).body
      body.data.mailboxes[1].id, body.data.mailboxes[1].mailboxId = "GUESSED", nil
      order(operation, 1, 200, body)
    end
    assert.same({"not seen", "HTTP 404, but the mailboxId is a guess"},
      found("mailbox.path", "mailbox", 1, refused(404)))
    assert.same({"not seen", "HTTP 500"}, found("key.wrong_status", "countries", 1, refused(500)))
    assert.same({"not seen", "HTTP 429"}, found("users.path", "users", 1, refused(429)))
    assert.same({"not seen", "both are empty"}, found("dns_records.fields", "dns_records", 1, function(body)
      body.data.records = {}
    end))
  end)

  it("every fact, in one of these cases", function()
    local covered = {["placement_reports.fields"] = true}
    for _, change in ipairs(edits) do
      for _, id in ipairs(change.ids) do covered[id] = true end
    end
    for _, fact in ipairs(probe.run(client.new(server)).facts) do assert.is_true(covered[fact.id], fact.id) end
  end)
end)
