-- The report of a probe, in each of its forms, word for word.
local report = require "cmr.probe.report"

local function result(more)
  local made = {
    production = true,
    requests = {{}, {}, {}},
    counts = {confirmed = 1, contradicted = 1, not_seen = 2, discoveries = 1},
    facts = {
      {id = "a.one", verdict = "confirmed", source = "assumed", expected = "a list", found = "a list"},
      {id = "b.two", verdict = "contradicted", source = "documented", expected = "a number", found = "a text"},
      {id = "c.three", verdict = "not seen", source = "assumed", expected = "x", found = "no user"},
      {id = "d.four", verdict = "not seen", source = "assumed", expected = "y", found = "no domain"},
    },
    discoveries = {{id = "users.list", found = "data.users"}},
    untried = {undocumented = {"wallet_balance", "x_y"}, acting = {"buy_domains"},
      skipped = {{operation = "all_domains", reason = "no user"}}},
  }
  for name, value in pairs(more or {}) do made[name] = value end
  return made
end

local MARKDOWN = [[
# Report of cmr probe

cmr 1. 3 requests, all of them reads, to the production API.
Each line has the name of a fact, its source, what cmr expects, and what was seen.

## Contradicted

- `b.two` (documented): a number. Seen: a text.

## Confirmed

- `a.one` (assumed): a list. Seen: a list.

## Not seen

- `c.three` (assumed): x. Reason: no user.
- `d.four` (assumed): y. Reason: no domain.

## Discoveries

- `users.list`: data.users.

## Not tried

- Not documented: wallet-balance, x-y.
- all-domains: no user.
- Not a read: buy-domains.

1 confirmed, 1 contradicted, 2 not seen, 1 discoveries.

This report holds no key, id, address, name or other value of yours. Please paste it into an issue of cmr, above all
when something is contradicted.
]]

local SUMMARY = [[
3 requests, all of them reads, to the production API.
1 facts are confirmed, 1 contradicted, 2 not seen.

Contradicted:
   b.two: expected: a number; seen: a text

Not seen: c.three, d.four

--output markdown prints the whole report, with 1 discoveries, to paste into an issue; --output table prints every fact.
]]

local OTHER = "an API that is not the production API"

describe("the report of a probe", function()
  it("is Markdown for an issue", function()
    assert.equal(MARKDOWN, report.text(result(), "cmr 1"))
    assert.equal((MARKDOWN:gsub("the production API", OTHER)), report.text(result{production = false}, "cmr 1"))
  end)

  it("is a summary for a person", function()
    assert.equal(SUMMARY, report.summary(result(), 120))
    assert.equal((SUMMARY:gsub("the production API", OTHER)), report.summary(result{production = false}, 120))
  end)

  it("leaves out empty parts", function()
    local facts = {result().facts[1]}
    local text = report.text(result{facts = facts}, "cmr 1")
    assert.same({nil, nil}, {text:find "## Contradicted", text:find "## Not seen"})
    assert.equal([[
3 requests, all of them reads, to the production API.
1 facts are confirmed, 1 contradicted, 2 not seen.

]], report.summary(result{facts = facts}, 120):match "^.-\n\n")
    assert.is_nil(report.summary(result{facts = facts}, 120):find "Not seen")
    local two = result().facts
    facts = {two[2], {id = "e.five", verdict = "contradicted", expected = "x", found = "y"}, two[3]}
    assert.matches("%.\n\nContradicted:\n   b.two: [^\n]+\n   e.five: [^\n]+\n\nNot seen: c.three\n\n",
      report.summary(result{facts = facts}, 120))
  end)

  it("fits a narrow terminal", function()
    for line in report.summary(result(), 40):gmatch "[^\n]+" do
      assert.is_true(#line <= 40, line)
    end
    assert.matches("^3 requests, all of them reads, to the\nproduction API%.\n", report.summary(result(), 40))
    assert.matches("\n   b.two: expected: a number; seen: a\n      text\n", report.summary(result(), 40), 1, true)
    assert.matches("\nNot seen: c.three,\n   d.four\n", report.summary(result(), 24), 1, true)
  end)
end)
