-- Where later questions get their ids, and whether they are asked.
local plan = require "cmr.probe.plan"

local steps = {}
for _, step in ipairs(plan.steps) do steps[step.id] = step end

describe("an id", function()
  -- The known ids after the first item of a list was seen.
  local function learnt(operation, item, known, guessed)
    known, guessed = known or {}, guessed or {}
    plan.learn(steps[operation], {data = {list = {item}}}, known, guessed)
    return {known, guessed}
  end

  it("is taken from where the documents have it", function()
    assert.same({{userId = "U", domain = "x.example"}, {userId = false, domain = true}},
      learnt("subscriptions", {userId = "U", domain = "x.example"}))
    assert.same({{userId = "U"}, {userId = false}}, learnt("users", {id = "U"}))
    assert.same({{domain = "x.example"}, {domain = false}}, learnt("domains", {domainName = "x.example"}))
    assert.same({{mailboxId = "M"}, {mailboxId = false}}, learnt("all_mailboxes", {mailboxId = "M", id = "N"}))
  end)

  it("is else a guess", function()
    assert.same({{mailboxId = "N"}, {mailboxId = true}}, learnt("mailboxes", {id = "N"}))
    assert.same({{domain = "x.example"}, {domain = true}}, learnt("domains", {name = "x.example"}))
    assert.same({{}, {}}, learnt("mailboxes", {email = "x@y.example", id = 5, mailboxId = ""}))
    assert.same({{}, {}}, learnt("mailboxes", "M"))
  end)

  it("stays, unless it was a guess and is known now", function()
    assert.same({{userId = "U"}, {}}, learnt("users", {id = "V"}, {userId = "U"}))
    assert.same({{domain = "a"}, {domain = false}}, learnt("domains", {domain = "a"}, {domain = "b"}, {domain = true}))
    assert.same({{domain = "b"}, {domain = true}}, learnt("domains", {name = "a"}, {domain = "b"}, {domain = true}))
  end)

  it("of a domain is not another user's", function()
    local known = {userId = "GIVEN"}
    assert.same({{userId = "GIVEN"}, {}}, learnt("subscriptions", {userId = "U", domain = "x.example"}, known))
    assert.same({{userId = "GIVEN", domain = "x.example"}, {domain = true}},
      learnt("subscriptions", {userId = "GIVEN", domain = "x.example"}, known))
  end)
end)

describe("a question", function()
  it("has a query of what is known", function()
    assert.same({page = 1, limit = 1}, plan.query(steps.users, {}))
    assert.same({userId = "U", domain = "D"}, plan.query(steps.dns_records, {userId = "U", domain = "D"}))
    assert.same({nil, "no domain was found in earlier answers"}, {plan.query(steps.dns_records, {userId = "U"})})
    assert.same({}, plan.query(steps["no user"], {userId = "U"}))
    assert.not_equal("U", plan.query(steps["unknown user"], {userId = "U"}).userId)
  end)

  it("for a second page is the first's with another page, when there is one", function()
    local step = steps[plan.second_page "domains"]
    local two = {data = {domains = {{domain = "x"}}, pagination = {totalPages = 2}}}
    assert.same({userId = "U", page = 2, limit = 1}, plan.query(step, {userId = "U"}, two))
    two.data.pagination.totalPages = 1
    assert.same({nil, "there is only one item"}, {plan.query(step, {userId = "U"}, two)})
    assert.same({nil, "page 1 could not be read"}, {plan.query(step, {userId = "U"})})
  end)
end)
