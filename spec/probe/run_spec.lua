-- The course of a probe: what it asks, when it stops, and what it reports. The API is a function here.
local cmr = require "cmr"
local plan = require "cmr.probe.plan"
local probe = require "cmr.probe"

local A, B = {userId = "UA", domain = "a.example", mailboxId = "MA"}, {userId = "UB"}

describe("a probe", function()
  local asked, info

  before_each(function()
    asked, info = {}, cmr.info
    cmr.info = function(of) return of.info end
  end)

  after_each(function() cmr.info = info end)

  -- Runs a probe. `api` gets the number of the request, its path, its query and the key. It returns a status and an
  -- envelope, or the kind of an error. If it returns nothing, the answer is a page of a list: page 1 has the item A,
  -- and page 2 has the item B.
  local function run(api, user)
    local function client_with(key)
      local client = {}
      function client.with(_, opts) return client_with(opts.api_key) end
      function client.request(_, method, path, opts)
        asked[#asked + 1] = {method, path, opts.query, key}
        local status, envelope = api(#asked, path, opts.query, key)
        if type(status) == "string" then return nil, "request: it failed", {kind = status} end
        status = status or 200
        local found = {status = status, http_version = "1.1", headers = {},
          url = envelope and envelope.url or "https://customers.coldmailreseller.com/api/v1/integration" .. path}
        if status <= 299 then
          envelope = envelope or {status = 200, message = "", data = {items = {opts.query.page == 2 and B or A},
            pagination = {totalPages = 2, totalSearchedCount = 2, currentPage = opts.query.page}}}
          if envelope == "text" then return "text", nil, nil end
          return setmetatable({status = envelope.status, message = envelope.message, data = envelope.data},
            {__index = {info = found}})
        end
        return nil, "request: refused", {kind = "http", body = envelope, info = found}
      end
      return client
    end
    return probe.run(client_with "the-key", user)
  end

  local function steps(report)
    local list = {}
    for index, request in ipairs(report.requests) do list[index] = request.step end
    return list
  end

  local function fact(report, id)
    for _, one in ipairs(report.facts) do
      if one.id == id then return {one.verdict, one.found} end
    end
  end

  local function skipped(report)
    local reasons = {}
    for _, one in ipairs(report.untried.skipped) do reasons[one.operation] = one.reason end
    return reasons
  end

  it("asks everything in the plan, with the key except once", function()
    local report = assert(run(function(_, _, _, key)
      if key ~= "the-key" then return 401, {status = 401, message = "Invalid API Key"} end
    end))
    local planned, operations = {}, {}
    for index, step in ipairs(plan.steps) do
      planned[index], operations[index] = step.id, step.operation
      assert.same({"GET", step.id == "wrong key" and plan.WRONG_KEY or "the-key"}, {asked[index][1], asked[index][4]})
    end
    assert.same(planned, steps(report))
    for index, request in ipairs(report.requests) do
      assert.same({operations[index], index == 5 and 401 or 200}, {request.operation, request.status})
    end
    assert.is_true(report.production)
    assert.same({"confirmed", "your key is accepted, a wrong one is not"}, fact(report, "key.header"))
    local counts = {confirmed = 0, contradicted = 0, not_seen = 0, discoveries = #report.discoveries}
    for _, one in ipairs(report.facts) do
      local name = one.verdict:gsub(" ", "_")
      counts[name] = counts[name] + 1
    end
    assert.same(counts, report.counts)
    assert.is_true(counts.confirmed > 0 and counts.contradicted > 0 and counts.not_seen > 0 and counts.discoveries > 0)
  end)

  it("lists what it does not ask, with the reasons", function()
    local report = assert(run(function() end))
    local untried = report.untried
    assert.same({order_status = "its query is not documented", mailbox_admin = "its answer holds an administrator's "
      .. "password", platform_workspaces = "it needs a credential of Instantly and sends a request there"},
      (function(reasons)
        local shown = {}
        for name, reason in pairs(reasons) do shown[name] = reason end
        return shown
      end)(skipped(report)))
    local count = #untried.undocumented + #untried.acting + #untried.skipped
    local operations = {}
    for _, request in ipairs(report.requests) do
      count = count + (operations[request.operation] and 0 or 1)
      operations[request.operation] = true
    end
    assert.equal(#cmr.operations, count)
    for _, name in ipairs(untried.undocumented) do
      local row = cmr.operations[name]
      assert.is_true(not row.path or not row.method, name)
    end
    for _, name in ipairs(untried.acting) do assert.not_equal("GET", cmr.operations[name].method) end
    assert.is_true(#untried.undocumented > 0 and #untried.acting > 20)
  end)

  it("stops when the first answer shows that it has no use", function()
    local function first(status, envelope)
      asked = {}
      local report, message, err = run(function(number)
        if number == 1 then return status, envelope end
        return 401
      end)
      return {report and #report.requests, message, err and err.kind, #asked}
    end
    assert.same({nil, "the API cannot be reached: it failed", "network", 1}, first "network")
    assert.same({nil, "it failed", "invalid_argument", 1}, first "invalid_argument")
    assert.same({nil, "the API refuses the key (HTTP 401): nothing else was tried", "http", 1}, first(401))
    for _, status in ipairs{300, 402, 500} do -- the probe goes on, even if all later answers are refusals
      assert.is_true(first(status)[1] > 5, status)
    end
  end)

  it("stops when the first answer does not come from the API", function()
    cmr.info = function() return {status = 299, headers = {}, url = ""} end
    local client = {with = function(self) return self end, request = function() return "text" end}
    local report, message = probe.run(client)
    assert.same({nil, "the answer does not come from the API (HTTP 299, but no JSON object)"}, {report, message})
  end)

  it("skips the rest after three requests in a row without an answer", function()
    for kind, good in pairs{[500] = 499, [599] = 404, network = 200} do
      asked = {}
      local report = assert(run(function(number)
        if number == 4 then return good end
        if number >= 2 and number <= 3 or number >= 5 then return kind end
      end))
      assert.equal(7, #report.requests)
      assert.equal("the API had stopped answering", skipped(report).user)
      assert.same({"not seen", "not asked: the API had stopped answering"}, fact(report, "prewarmed.path"))
    end
  end)

  it("skips everything but three requests when none is answered", function()
    assert.equal(3, #assert(run(function() return 500 end)).requests)
  end)

  it("asks nothing about a given user whom the API does not know", function()
    local function api(_, path, query)
      if path:find "platform%-credentials" and query.userId == "GIVEN" then return 404 end
    end
    local report = assert(run(api, "GIVEN"))
    assert.same({"not seen", "HTTP 404, but the given user may belong to another partner"},
      fact(report, "platforms.path"))
    assert.equal("the API does not know the given user", skipped(report).user)
    assert.equal("confirmed", fact(report, "prewarmed.path")[1]) -- this request needs no user
    for _, request in ipairs(asked) do
      if request[2] ~= "/exports/platform-credentials" then assert.not_equal("GIVEN", request[3].userId) end
    end
    asked = {}
    report = assert(run(function(_, path, query) -- the same answer about a user from a list
      if path:find "platform%-credentials" and query.userId == "UA" then return 404 end
    end))
    assert.same({"contradicted", "HTTP 404"}, fact(report, "platforms.path"))
    assert.is_nil(skipped(report).user)
    report = assert(run(function(_, path, query) -- another refusal about the given user
      if path:find "platform%-credentials" and query.userId == "GIVEN" then return 403 end
    end, "GIVEN"))
    assert.is_nil(skipped(report).user)
    report = assert(run(function(_, path) -- another operation does not know the user
      if path == "/users" then return 404 end
    end, "GIVEN"))
    assert.is_nil(skipped(report).domains)
  end)

  it("shows no name that is a given id, or a value in an answer", function()
    local report = assert(run(function(_, path)
      if path == "/mailboxes/mailbox" then
        return 200, {status = 200, message = "", data = {given = 1, known = 2, other = 3}}
      end
      if path == "/users" then return 404, {status = 404, message = "known"} end
    end, "given"))
    for _, one in ipairs(report.discoveries) do
      if one.id == "mailbox.fields" then assert.equal("data: * number, other number", one.found) end
    end
  end)

  it("needs no second page when there is none", function()
    local report = assert(run(function(_, path)
      if path == "/subscriptions" then
        return 200, {status = 200, message = "", data = {subscriptions = {A}, pagination = {totalPages = 1}}}
      end
      if path == "/users/list" then return 404 end
    end))
    assert.same({"not seen", "not asked: there is only one item"}, fact(report, "subscriptions.page"))
    assert.same({"not seen", "HTTP 404"}, fact(report, "users.page"))
    assert.same({"users", "wrong key"}, {steps(report)[2], steps(report)[3]})
  end)

  it("tells the production API from another one", function()
    local report = assert(run(function(number)
      if number == 1 then return 404, {url = "http://127.0.0.1/"} end
    end))
    assert.is_false(report.production)
  end)
end)
