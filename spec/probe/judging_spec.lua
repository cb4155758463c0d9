-- What the probe says about answers: each verdict with its words, without a server.
local core = require "cmr.core"
local facts = require "cmr.probe.facts"
local plan = require "cmr.probe.plan"
local samples = require "cmr.samples"

local operations = {}
for _, step in ipairs(plan.steps) do operations[step.id] = step.operation end

-- Judges answers: a list of {step, status, envelope}. A status that is a string is the kind of an error. Returns the
-- verdict on a fact, and what was found.
local function judge(id, answers, more)
  local seen = {answers = {}, skipped = {}, requests = {}, words = {}, guessed = {}}
  for name, value in pairs(more or {}) do seen[name] = value end
  for index, answer in ipairs(answers) do
    local step, status, envelope = answer[1], answer[2], answer[3]
    assert.is_string(operations[step], step)
    seen.answers[step] = type(status) == "string" and {err = {kind = status}, message = "x"}
      or {status = status, envelope = envelope}
    seen.requests[index] = {step = step, operation = operations[step], status = tonumber(status)}
  end
  for _, fact in ipairs(facts.judge(seen)) do
    if fact.id == id then return {fact.verdict, fact.found} end
  end
  error("no fact " .. id)
end

-- Asserts what the probe says about each list of answers: rows of {verdict, found, answers, more}.
local function says(id, rows)
  for index, row in ipairs(rows) do
    local label = id .. " " .. index
    assert.same({label, row[1], row[2]}, {label, (table.unpack or unpack)(judge(id, row[3], row[4]))})
  end
end

local YES, NO, UNSEEN = "confirmed", "contradicted", "not seen"

local function of(data, status) return {status = status or 200, message = "x", data = data} end

describe("the probe's verdict on", function()
  it("the key", function()
    local good = {"countries", 200, of {}}
    says("key.header", {
      {UNSEEN, "not asked: no request needed it", {good}},
      {UNSEEN, "not asked: it was late", {good}, {skipped = {["wrong key"] = "it was late"}}},
      {UNSEEN, "no answer (network)", {good, {"wrong key", "network"}}},
      {UNSEEN, "HTTP 429", {good, {"wrong key", 429}}},
      {UNSEEN, "HTTP 500", {good, {"wrong key", 500}}},
      {NO, "a wrong key is accepted too (HTTP 399)", {good, {"wrong key", 399}}},
      {YES, "your key is accepted, a wrong one is not", {good, {"wrong key", 400}}},
      {YES, "your key is accepted, a wrong one is not", {good, {"wrong key", 499}}},
      {UNSEEN, "no request succeeded", {{"wrong key", 401}, {"countries", 404}}},
    })
    says("key.wrong_status", {
      {YES, "HTTP 401", {{"wrong key", 401}}},
      {NO, "HTTP 402", {{"wrong key", 402}}},
      {NO, "HTTP 200", {{"wrong key", 200, of {}}}},
    })
    local function message(text) return {status = 1, message = text} end
    says("key.wrong_message", {
      {UNSEEN, "it was not refused (HTTP 399)", {{"wrong key", 399, message "Invalid API Key"}}},
      {YES, "the same message", {{"wrong key", 400, message "Invalid API Key"}}},
      {NO, "another message", {{"wrong key", 400, message "Invalid"}}},
      {NO, "another message", {{"wrong key", 400}}},
    })
    says("unknown_user.message", {
      {YES, "the same message", {{"unknown user", 404, message "The requested user does not exist."}}},
      {NO, "another message", {{"unknown user", 404, message "x"}}},
    })
    says("no_user.message", {
      {YES, "the same message", {{"no user", 400, message "Please provide a userId"}}},
      {NO, "another message", {{"no user", 400, message "x"}}},
    })
  end)

  it("a missing or unknown user", function()
    says("no_user.status", {
      {YES, "HTTP 400", {{"no user", 400}}},
      {YES, "HTTP 422", {{"no user", 422}}},
      {NO, "HTTP 401", {{"no user", 401}}},
    })
    says("unknown_user.status", {{YES, "HTTP 404", {{"unknown user", 404}}}, {NO, "HTTP 400", {{"unknown user", 400}}}})
    local step = "unknown user's domains"
    says("unknown_user.domains", {
      {NO, "HTTP 201", {{step, 201, of {}}}},
      {NO, "data is not a list and contains none", {{step, 200}}},
      {NO, "data is not a list and contains none", {{step, 200, of "x"}}},
      {NO, "there is a list with items", {{step, 200, of {domains = {"x"}, more = {}}}}},
      {YES, "HTTP 200 and an empty list", {{step, 200, of {domains = {}, count = 0}}}},
      {NO, "there is no list", {{step, 200, of {count = 0}}}},
    })
  end)

  it("every answer counts the answers of the API only", function()
    says("envelope.object", {
      {UNSEEN, "there was no such answer", {{"users", 300}, {"user", 399}, {"states", 429}, {"mailbox", 500},
        {"domains", "network"}}},
      {YES, "in all answers (1)", {{"users", 299, of()}}},
      {YES, "in all answers (many)", {{"users", 400, of()}, {"user", 499, of()}}},
      {NO, "not true of: users; states", {{"users", 200}, {"user", 200, of()}, {"states", 404}}},
    })
    says("envelope.status", {
      {UNSEEN, "there was no such answer", {{"users", 200}}},
      {YES, "in all answers (1)", {{"users", 200, of()}}},
      {NO, "not true of: users", {{"users", 201, of()}}},
    })
    says("envelope.message", {
      {UNSEEN, "there was no such answer", {{"users", 200}}},
      {YES, "in all answers (1)", {{"users", 200, of()}}},
      {NO, "not true of: users", {{"users", 200, {message = 1}}}},
    })
    says("envelope.data", {
      {UNSEEN, "there was no such answer", {{"users", 200}, {"user", 400, of {}}}},
      {YES, "in all answers (1)", {{"users", 299, of {}}}},
      {NO, "not true of: users", {{"users", 299, of()}}},
    })
    says("envelope.refused", {
      {UNSEEN, "there was no such answer", {{"users", 404}, {"user", 299, of()}}},
      {YES, "in all answers (1)", {{"users", 400, of()}}},
      {NO, "not true of: users", {{"users", 400, of {}}}},
    })
  end)

  it("a path", function()
    says("mailbox.path", {
      {YES, "HTTP 200", {{"mailbox", 200, of {}}}},
      {YES, "HTTP 299", {{"mailbox", 299, of {}}}},
      {NO, "HTTP 199", {{"mailbox", 199, of {}}}},
      {NO, "HTTP 300", {{"mailbox", 300, of {}}}},
      {NO, "HTTP 200, but no JSON object", {{"mailbox", 200}}},
      {NO, "HTTP 499", {{"mailbox", 499}}},
      {UNSEEN, "HTTP 500", {{"mailbox", 500}}},
      {UNSEEN, "no answer (timeout)", {{"mailbox", "timeout"}}},
      {UNSEEN, "not asked: no request needed it", {}},
      {NO, "HTTP 399", {{"mailbox", 399}}, {guessed = {mailboxId = true}}},
      {UNSEEN, "HTTP 400, but the mailboxId is a guess", {{"mailbox", 400}}, {guessed = {mailboxId = true}}},
      {NO, "HTTP 400", {{"mailbox", 400}}, {guessed = {mailboxId = false, domain = true}}},
    })
    for _, status in ipairs{401, 402, 403, 429} do
      says("mailbox.path", {{UNSEEN, "HTTP " .. status, {{"mailbox", status}}}})
    end
    local unknown = {user_unknown = true}
    says("platforms.path", {
      {UNSEEN, "HTTP 404, but the given user may belong to another partner", {{"platforms", 404}}, unknown},
      {NO, "HTTP 404", {{"platforms", 404}}},
    })
    says("users.path", {{NO, "HTTP 404", {{"users", 404}}, unknown}})
  end)

  it("the fields of a list", function()
    local function with(change)
      local answer = core.json_decode(samples.subscriptions.answer)
      change(answer.data.subscriptions[1], answer.data)
      return answer
    end
    local id = "subscriptions.fields"
    says(id, {
      {UNSEEN, "not asked: no request needed it", {}},
      {UNSEEN, "HTTP 500", {{"subscriptions", 500}}},
      {YES, "all are present", {{"subscriptions", 200, with(function() end)}}},
      {NO, "missing or null: data.subscriptions[].domain, data.subscriptions[].userId; "
        .. "data.subscriptions[].autoRenew is string, not boolean, "
        .. "data.subscriptions[].periodEnd is number, not string",
        {{"subscriptions", 200, with(function(item)
          item.domain, item.userId, item.autoRenew, item.periodEnd = nil, nil, "yes", 5
        end)}}},
      {NO, "missing or null: data.subscriptions[].domain",
        {{"subscriptions", 200, with(function(item) item.domain = nil end)}}},
      {NO, "data.subscriptions[].autoRenew is string, not boolean",
        {{"subscriptions", 200, with(function(item) item.autoRenew = "yes" end)}}},
      -- an item of either page may have the field
      {YES, "all are present", {{"subscriptions", 200, with(function(item) item.domain = nil end)},
        {"subscriptions, page 2", 200, with(function() end)}}},
    })
    local empty = with(function(_, data) data.subscriptions = {} end)
    says(id, {{UNSEEN, "there are no items", {{"subscriptions", 200, empty}, {"subscriptions, page 2", 200, empty}}},
      {UNSEEN, "HTTP 500", {{"subscriptions", 200, empty}, {"subscriptions, page 2", 500}}}})
    local prewarmed = core.json_decode(samples.prewarmed.answer)
    says("prewarmed.fields", {{YES, "all are present", {{"prewarmed, MICROSOFT", 200, prewarmed}}}})
  end)

  it("DNS records", function()
    local record = {recordId = "r", host = "h", value = "v", recordType = "A", priority = ""}
    local function dns(records, disabled) return {{"dns_records", 200, of {records = records,
      disabledRecords = disabled}}} end
    says("dns_records.fields", {
      {NO, "one of the two is missing or null", dns({record})},
      {NO, "one of the two is missing or null", dns(nil, {record})},
      {NO, "one of the two is missing or null", {{"dns_records", 200, of "x"}}},
      {UNSEEN, "both are empty", dns({}, {})},
      {YES, "all are present", dns({record}, {})},
      {YES, "all are present", dns({}, {record})},
      {NO, "missing or null: records[].host, records[].priority, records[].recordType, records[].value",
        dns({{recordId = "r"}}, {record})},
      {NO, "missing or null: records[].host, records[].priority, records[].recordType, records[].value",
        dns({}, {{recordId = "r"}})},
    })
  end)

  it("placement reports", function()
    local names = {"orderId", "status", "spamassassin", "blacklist", "mailboxCount", "aiInsightRequested", "mailboxes"}
    local function report(without)
      local item = {}
      for _, name in ipairs(names) do item[name] = "x" end
      if without then item[without] = nil end
      return of {reports = {item}}
    end
    local first, second = "placement_reports", "placement_reports, page 2"
    local id = "placement_reports.fields"
    says(id, {
      {UNSEEN, "there are no items", {{first, 200, of {reports = {}}}, {second, 200, of {reports = {}}}}},
      {UNSEEN, "HTTP 400", {{first, 400}}},
      {YES, "all are present", {{first, 200, report()}}},
      {YES, "all are present", {{first, 200, report "status"}, {second, 200, report "blacklist"}}},
      {NO, "missing or null: orderId", {{first, 200, of {reports = {"x"}}}}},
    })
    for _, name in ipairs(names) do
      says(id, {{NO, "missing or null: " .. name, {{first, 200, report(name)}, {second, 200, report(name)}}}})
    end
  end)

  it("platforms", function()
    local app = core.json_decode(samples.platforms.answer).data.EMAILBISON
    local function platforms(data) return {{"platforms", 200, of(data)}} end
    says("platforms.by_app", {
      {UNSEEN, "there are no apps", platforms {}},
      {NO, "data is of type list", platforms {app}},
      {NO, "data is of type string", platforms "x"},
      {YES, "every app has this form", platforms {A = app, B = {connected = false, credentials = {}}}},
      {NO, "an app has another form", platforms {A = "x"}},
      {NO, "an app has another form", platforms {A = {connected = "x", credentials = {}}}},
      {NO, "an app has another form", platforms {A = {connected = true, credentials = "x"}}},
    })
    says("platforms.fields", {
      {UNSEEN, "there are no such credentials", platforms {SMARTLEAD = app}},
      {UNSEEN, "there are no such credentials", platforms {EMAILBISON = {credentials = {}}}},
      {UNSEEN, "there are no such credentials", platforms {EMAILBISON = {credentials = "x"}}},
      {YES, "all are present", platforms {EMAILBISON = app}},
      {NO, "credentials[].email is number, not string", platforms {EMAILBISON = {credentials = {{email = 5,
        credentialId = "x", connectedAt = "x", metadata = app.credentials[1].metadata}}}}},
    })
  end)

  it("countries and states", function()
    local function rows(operation, good, bad)
      return {
        {UNSEEN, "data is empty", {{operation, 200, of {}}}},
        {NO, "data is of type list", {{operation, 200, of {"x"}}}},
        {NO, "data is of type nil", {{operation, 200, of()}}},
        {NO, "a value is of type number", {{operation, 200, of {A = 5}}}},
        {NO, "a value is of type object", {{operation, 200, of {A = {a = 1}}}}},
        {NO, "a value is not such a code", {{operation, 200, of {A = bad}}}},
        {YES, "it is", {{operation, 200, of {A = good}}}},
      }
    end
    says("countries.map", rows("countries", "IT", "ITA"))
    says("states.map", rows("states", "A-1", "-"))
  end)

  it("times", function()
    local function times(...) return {{"mailbox", 200, of {list = {...}}}} end
    local whole, exact = "2025-01-10T11:18:31Z", "2025-01-10T11:18:31.479Z"
    says("times", {
      {UNSEEN, "there were no times", times("x", "20250110", "a 2025-01-10")},
      {YES, "none with fractions of seconds", times(whole, whole)},
      {YES, "all with fractions of seconds", times(exact, exact)},
      {YES, "some with fractions of seconds", times(exact, whole)},
      {NO, "not true of: mailbox: data.list[]", times("2025-01-10", exact, "2025-01-11")},
      {NO, "not true of: mailbox: data.periodEnd, users: data.connectedAt", {{"mailbox", 200, of {periodEnd = "soon"}},
        {"users", 200, of {connectedAt = "now", note = "now"}}, {"user", 500, of {periodEnd = "soon"}}}},
    })
  end)

  it("the place of a list", function()
    local id = "subscriptions.items"
    local function answer(data) return {{"subscriptions", 200, of(data)}} end
    says(id, {
      {YES, "a list with items", answer {subscriptions = {{}}}},
      {YES, "an empty list", answer {subscriptions = {}}},
      {NO, "it is of type object; a list is at data.subscriptions.list", answer {subscriptions = {list = {"x"}}}},
      {NO, "it is of type string", answer {subscriptions = "x"}},
      {NO, "nothing is there; a list is at data.items", answer {items = {"x"}}},
      {NO, "nothing is there", answer {x = 1}},
      {NO, "it is of type boolean", answer {subscriptions = false}},
    })
    says(id, {{NO, "nothing is there; a list is at data.*", answer {jane = {"x"}}, {words = {jane = true}}}})
    for _, operation in ipairs{"prewarmed", "sandbox_prewarmed"} do
      says(operation .. ".items", {
        {YES, "a list with items", {{operation, 200, of {inventory = {{}}}}}},
        {NO, "nothing is there; a list is at data.items", {{operation, 200, of {items = {"x"}}}}},
        {UNSEEN, "HTTP 500", {{operation, 500}}},
      })
    end
  end)

  it("page numbers", function()
    local full = {totalSearchedCount = 1, currentPage = 1, nextPage = 2, totalPages = 2}
    local function answer(changes)
      local pagination = {}
      for name, value in pairs(full) do pagination[name] = value end
      for name, value in pairs(changes) do pagination[name] = value or nil end
      return {{"subscriptions", 200, of {subscriptions = {{}}, pagination = pagination}}}
    end
    says("subscriptions.pagination", {
      {NO, "there is no such object", {{"subscriptions", 200, of {pagination = 1}}}},
      {YES, "all four", answer {}},
      {NO, "missing or null: nextPage", answer {nextPage = false}},
      {UNSEEN, "three of them; nextPage is null or missing, but this is the last page",
        answer {nextPage = false, totalPages = 1}},
      {NO, "missing or null: totalSearchedCount, nextPage", answer {nextPage = false, totalSearchedCount = false,
        totalPages = 1}},
    })
    says("subscriptions.numbers", {
      {UNSEEN, "there is no data.pagination.currentPage", {{"subscriptions", 200, of {pagination = 1}}}},
      {UNSEEN, "there is no data.pagination.totalPages", answer {totalPages = false}},
      {YES, "currentPage is a number, totalPages is a number", answer {}},
      {NO, "currentPage is a string, totalPages is a number", answer {currentPage = "1"}},
      {NO, "currentPage is a number, totalPages is a string", answer {totalPages = "1"}},
    })
    says("prewarmed.pagination", {
      {NO, "data is not an object", {{"prewarmed", 200, of "x"}}},
      {NO, "missing or null: currentPage, totalPages, totalDomains, totalMailboxes", {{"prewarmed", 200, of {}}}},
      {YES, "all four", {{"prewarmed", 200, of {currentPage = 1, totalPages = 1, totalDomains = 1,
        totalMailboxes = 0}}}},
    })
    says("prewarmed.numbers", {
      {UNSEEN, "there is no data.currentPage", {{"prewarmed", 200, of "x"}}},
      {YES, "currentPage is a number, totalPages is a number",
        {{"prewarmed", 200, of {currentPage = 1, totalPages = 1}}}},
    })
  end)

  it("the filter by provider", function()
    local function answers(all, google, microsoft)
      local list = {}
      local steps = {"prewarmed", "prewarmed, page 2", "prewarmed, MICROSOFT"}
      for index, total in pairs{all or "x", google or "x", microsoft or "x"} do
        list[index] = {steps[index], 200, of {inventory = {}, totalDomains = total ~= "x" and total or nil}}
      end
      return list
    end
    local without = {{"prewarmed", 200, of {totalDomains = 5}}}
    local sum, same = "the two totals add up to the total without the filter",
      "the totals are the same as without the filter"
    local smaller = "the totals are smaller than without the filter"
    local larger = "a total is larger than without the filter"
    says("prewarmed.serviceProvider", {
      {UNSEEN, "not asked: no request needed it", without},
      {NO, "HTTP 400", {without[1], {"prewarmed, page 2", 400}}},
      {UNSEEN, "HTTP 399", {without[1], {"prewarmed, page 2", 399}}},
      {UNSEEN, "HTTP 500", {without[1], {"prewarmed, page 2", 500}}},
      {NO, "HTTP 404", {without[1], answers(1, 1)[2], {"prewarmed, MICROSOFT", 404}}},
      {UNSEEN, "the answers have no total", answers(nil, 2, 3)},
      {UNSEEN, "the answers have no total", answers(5, nil, 3)},
      {UNSEEN, "the answers have no total", answers(5, 2, nil)},
      {UNSEEN, "there are no items", answers(0, 0, 0)},
      {YES, sum, answers(1, 1, 0)},
      {YES, sum, answers(5, 2, 3)},
      {NO, same, answers(5, 5, 5)},
      {YES, smaller, answers(5, 5, 4)},
      {YES, smaller, answers(5, 4, 5)},
      {YES, smaller, answers(5, 1, 1)},
      {NO, larger, answers(5, 6, 5)},
      {NO, larger, answers(5, 5, 6)},
    })
  end)

  it("page and limit", function()
    local function page(items, position) return of {users = items, pagination = position} end
    local A, B = {id = "a"}, {id = "b"}
    says("users.limit", {
      {YES, "one of many items came", {{"users", 200, page({A}, {totalPages = 2})}}},
      {YES, "pages 1 and 2 have one item each", {{"users", 200, page {A}}, {"users, page 2", 200, page {B}}}},
      {NO, "more than one item came", {{"users", 200, page {A, B}}}},
      {UNSEEN, "one item came, and the answer does not say whether there are more", {{"users", 200, page {A}}}},
      {UNSEEN, "the list is empty", {{"users", 200, page {}}}},
      {UNSEEN, "HTTP 500", {{"users", 500}}},
    })
    says("users.page", {
      {UNSEEN, "not asked: no request needed it", {{"users", 200, page {A}}}},
      {NO, "HTTP 400", {{"users", 200, page {A}}, {"users, page 2", 400}}},
      {UNSEEN, "HTTP 399", {{"users", 200, page {A}}, {"users, page 2", 399}}},
      {UNSEEN, "HTTP 403", {{"users", 200, page {A}}, {"users, page 2", 403}}},
      {YES, "page 2 has other items than page 1", {{"users", 200, page {A}}, {"users, page 2", 200, page {B}}}},
      {YES, "page 2 is empty, page 1 is not", {{"users", 200, page {A}}, {"users, page 2", 200, page {}}}},
      {YES, "the answer has page number 2", {{"users", 200, page {A}},
        {"users, page 2", 200, page({B}, {currentPage = 2})}}},
      {NO, "the answer has another page number", {{"users", 200, page {A}},
        {"users, page 2", 200, page({B}, {currentPage = 3})}}},
      {NO, "page 2 repeats page 1", {{"users", 200, page({A}, {totalPages = 2})}, {"users, page 2", 200, page {A}}}},
      {UNSEEN, "page 2 repeats the one item of page 1, and the answer does not say whether there are more",
        {{"users", 200, page {A}}, {"users, page 2", 200, page {A}}}},
      {NO, "page 2 is empty although there are more items", {{"users", 200, page({A}, {totalPages = 2})},
        {"users, page 2", 200, page {}}}},
      {UNSEEN, "page 2 has no list", {{"users", 200, page {A}}, {"users, page 2", 200, of "x"}}},
    })
  end)
end)

describe("the probe's facts", function()
  it("have the sources of the documentation, or are assumed", function()
    local sources = {}
    for _, fact in ipairs(facts.judge{answers = {}, skipped = {}, requests = {}, words = {}, guessed = {}}) do
      assert.same({"not seen", true}, {fact.verdict, #fact.expected > 0}, fact.id)
      sources[fact.id] = fact.source
    end
    for _, fact in ipairs(facts.judge{answers = {}, skipped = {}, requests = {}, words = {}, guessed = {}}) do
      if fact.id == "users.path" then assert.equal("GET /users/list answers", fact.expected) end
    end
    for id, source in pairs{["key.header"] = "documented", ["no_user.status"] = "assumed",
      ["sandbox_prewarmed.path"] = "assumed", ["prewarmed.path"] = "documented", ["users.page"] = "assumed",
      ["subscriptions.page"] = "documented", ["subscriptions.limit"] = "documented", ["domains.page"] = "assumed",
      ["mailboxes.limit"] = "assumed", times = "documented",
      ["sandbox_prewarmed.items"] = "assumed"} do
      assert.equal(source, sources[id], id)
    end
  end)
end)
