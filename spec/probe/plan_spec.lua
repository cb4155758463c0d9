-- Where the ids in later requests come from, and which requests are sent.
local plan = require "cmr.probe.plan"

local steps = {}
for _, step in ipairs(plan.steps) do steps[step.id] = step end

describe("an id", function()
  -- Returns the known ids after the probe has seen the first item of a list.
  local function learnt(operation, item, known, guessed)
    known, guessed = known or {}, guessed or {}
    plan.learn(steps[operation], {data = {list = {item}}}, known, guessed)
    return {known, guessed}
  end

  it("is taken from its documented field", function()
    assert.same({{userId = "U", domain = "x.example"}, {userId = false, domain = true}},
      learnt("subscriptions", {userId = "U", domain = "x.example"}))
    assert.same({{userId = "U"}, {userId = false}}, learnt("users", {id = "U"}))
    assert.same({{domain = "x.example"}, {domain = false}}, learnt("domains", {domainName = "x.example"}))
    assert.same({{mailboxId = "M"}, {mailboxId = false}}, learnt("all_mailboxes", {mailboxId = "M", id = "N"}))
  end)

  it("is otherwise a guess", function()
    assert.same({{mailboxId = "N"}, {mailboxId = true}}, learnt("mailboxes", {id = "N"}))
    assert.same({{domain = "x.example"}, {domain = true}}, learnt("domains", {name = "x.example"}))
    assert.same({{}, {}}, learnt("mailboxes", {email = "x@y.example", id = 5, mailboxId = ""}))
    assert.same({{}, {}}, learnt("mailboxes", "M"))
    assert.same({{}, {}}, learnt(plan.second_page "mailboxes", {mailboxId = "M"}))
    assert.same({{}, {}}, learnt("mailboxes"))
  end)

  it("stays, unless it was a guess and is now known", function()
    assert.same({{userId = "U"}, {}}, learnt("users", {id = "V"}, {userId = "U"}))
    assert.same({{domain = "a"}, {domain = false}}, learnt("domains", {domain = "a"}, {domain = "b"}, {domain = true}))
    assert.same({{domain = "b"}, {domain = true}}, learnt("domains", {name = "a"}, {domain = "b"}, {domain = true}))
  end)

  it("of a domain is not taken from another user", function()
    local known = {userId = "GIVEN"}
    assert.same({{userId = "GIVEN"}, {}}, learnt("subscriptions", {userId = "U", domain = "x.example"}, known))
    assert.same({{userId = "GIVEN", domain = "x.example"}, {domain = true}},
      learnt("subscriptions", {userId = "GIVEN", domain = "x.example"}, known))
  end)
end)

describe("a request", function()
  it("asks for one item of each list, and sends the ids that it needs and nothing else", function()
    local ids = {userId = "U", domain = "D", mailboxId = "M"}
    local two = {data = {items = {{}}, pagination = {totalPages = 2}}}
    local LISTS = {subscriptions = {}, users = {}, all_mailboxes = {}, domains = {userId = "U"},
      mailboxes = {userId = "U"}, placement_reports = {userId = "U"}, prewarmed = {}, sandbox_prewarmed = {}}
    local OTHERS = {["wrong key"] = {}, countries = {}, states = {countryCode = "US"}, ["no user"] = {},
      platforms = {userId = "U"}, user = {userId = "U"}, dns_records = {userId = "U", domain = "D"},
      mailbox = {mailboxId = "M"}, ["prewarmed, MICROSOFT"] = {serviceProvider = "MICROSOFT", limit = 1},
      ["prewarmed, page 2"] = {serviceProvider = "GOOGLE", page = 2, limit = 1}}
    for _, step in ipairs(plan.steps) do
      local query = plan.query(step, ids, step.second_page_of and two)
      local list = LISTS[step.second_page_of or step.id]
      if OTHERS[step.id] then
        assert.same({step.id, OTHERS[step.id]}, {step.id, query})
      elseif list then
        assert.same({step.id, {page = step.second_page_of and 2 or 1, limit = 1, userId = list.userId}},
          {step.id, query})
      else
        assert.matches("^unknown user", step.id)
        assert.matches("^CMR0PROBE", query.userId)
        assert.is_nil(next(query, next(query)))
      end
    end
  end)

  it("has a query with known ids, and is not sent without them", function()
    assert.same({page = 1, limit = 1}, plan.query(steps.users, {}))
    assert.same({userId = "U", domain = "D"}, plan.query(steps.dns_records, {userId = "U", domain = "D"}))
    assert.same({nil, "no domain was found in earlier answers"}, {plan.query(steps.dns_records, {userId = "U"})})
    assert.same({}, plan.query(steps["no user"], {userId = "U"}))
    assert.not_equal("U", plan.query(steps["unknown user"], {userId = "U"}).userId)
  end)

  it("for a second page is the first page's request with another number, if there is a second page", function()
    local step = steps[plan.second_page "domains"]
    local two = {data = {domains = {{domain = "x"}}, pagination = {totalPages = 2}}}
    assert.same({userId = "U", page = 2, limit = 1}, plan.query(step, {userId = "U"}, two))
    two.data.pagination.totalPages = 1
    assert.same({nil, "there is only one item"}, {plan.query(step, {userId = "U"}, two)})
    assert.same({nil, "page 1 could not be read"}, {plan.query(step, {userId = "U"})})
  end)
end)
