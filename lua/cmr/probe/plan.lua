---The requests of the probe, in order. Also says which answers have the ids for later requests. Pure.

local operations = require "cmr.operations"
local paging = require "cmr.probe.paging"
local tables = require "cmr.util.tables"

local plan = {}

-- An id that no user has.
local NO_USER = "CMR0PROBE0NO0SUCH0USER000000"

---A key that no partner has.
plan.WRONG_KEY = "cmr-probe-wrong-key"

---The reads that are not in the plan, each with the reason.
plan.UNPLANNED = {
  order_status = "its query is not documented",
  platform_workspaces = "it needs a credential of Instantly and sends a request there",
}

---The steps. The fields of a step are:
---  operation       the name of the operation
---  id              the step's id. By default, this is the operation's name. A step for page 2 has the id
---                  plan.second_page(second_page_of)
---  query           the query
---  needs           the names of the ids that plan.query adds to the query, such as "userId"
---  second_page_of  the id of page 1's step; only a step for page 2 has this field
---  wrong_key       true if the request has a wrong key
plan.steps = {
  { operation = "subscriptions", query = { page = 1, limit = 1 } },
  { operation = "subscriptions", second_page_of = "subscriptions" },
  { operation = "users", query = { page = 1, limit = 1 } },
  { operation = "users", second_page_of = "users" },
  { id = "wrong key", operation = "countries", wrong_key = true },
  { operation = "countries" },
  { operation = "states", query = { countryCode = "US" } },
  { id = "unknown user", operation = "platforms", query = { userId = NO_USER } },
  { id = "no user", operation = "platforms" },
  { id = "unknown user's domains", operation = "domains", query = { userId = NO_USER } },
  { operation = "platforms", needs = { "userId" } },
  { operation = "user", needs = { "userId" } },
  { operation = "domains", query = { page = 1, limit = 1 }, needs = { "userId" } },
  { operation = "domains", second_page_of = "domains" },
  { operation = "dns_records", needs = { "userId", "domain" } },
  { operation = "mailboxes", query = { page = 1, limit = 1 }, needs = { "userId" } },
  { operation = "mailboxes", second_page_of = "mailboxes" },
  { operation = "all_mailboxes", query = { page = 1, limit = 1 } },
  { operation = "all_mailboxes", second_page_of = "all_mailboxes" },
  { operation = "mailbox", needs = { "mailboxId" } },
  { operation = "placement_reports", query = { page = 1, limit = 1 }, needs = { "userId" } },
  { operation = "placement_reports", second_page_of = "placement_reports" },
  { operation = "prewarmed", query = { page = 1, limit = 1 } },
  { operation = "prewarmed", second_page_of = "prewarmed", query = { serviceProvider = "GOOGLE" } },
  { id = "prewarmed, MICROSOFT", operation = "prewarmed", query = { serviceProvider = "MICROSOFT", limit = 1 } },
  { operation = "sandbox_prewarmed", query = { page = 1, limit = 1 } },
}

-- The ids in the items of each operation. `documented` and `guesses` name the fields that may contain the id. An id
-- from `guesses` may be wrong. A subscription's domain counts as a guess too: the domain may no longer exist.
local ID_FIELDS = {
  subscriptions = { { name = "userId", documented = { "userId" } }, { name = "domain", guesses = { "domain" } } },
  users = { { name = "userId", documented = { "userId", "id" }, guesses = { "_id" } } },
  domains = { { name = "domain", documented = { "domain", "domainName" }, guesses = { "name" } } },
  mailboxes = { { name = "mailboxId", documented = { "mailboxId" }, guesses = { "id", "_id" } } },
  all_mailboxes = { { name = "mailboxId", documented = { "mailboxId" }, guesses = { "id", "_id" } } },
}

---Returns the id of the step for page 2, from the id of the step for page 1.
function plan.second_page(id)
  return id .. ", page 2"
end

local steps_by_id = {}
for _, step in ipairs(plan.steps) do
  step.id = step.id or step.second_page_of and plan.second_page(step.second_page_of) or step.operation
  steps_by_id[step.id] = step
end

-- For a step for page 2, returns page 1's step, because page 2 uses its `needs` and its query too. Returns any other
-- step itself.
local function base_of(step)
  return steps_by_id[step.second_page_of or step.id]
end

---Returns the names of the ids that a step sends.
function plan.needs(step)
  return base_of(step).needs or {}
end

---Returns the query of a step, or nil and the reason to skip the step.
---@param ids table name -> id, from earlier answers
---@param first table? The envelope of page 1, if the step is for page 2.
function plan.query(step, ids, first)
  local query = {}
  if step.second_page_of then
    if not first then return nil, "page 1 could not be read" end
    local more, reason = paging.has_more(first, operations[step.operation].items)
    if more == false then return nil, reason end
  end
  for _, name in ipairs(plan.needs(step)) do
    if not ids[name] then return nil, ("no %s was found in earlier answers"):format(name) end
    query[name] = ids[name]
  end
  tables.copy(base_of(step).query or {}, query)
  tables.copy(step.query or {}, query)
  if step.second_page_of then query.page = 2 end
  return query
end

local function first_text(item, fields)
  for _, field in ipairs(fields or {}) do
    if type(item[field]) == "string" and item[field] ~= "" then return item[field] end
  end
end

---Adds the ids of the answer's first item to `ids`, and sets in `guessed` whether each id is a guess. Keeps an id that
---is already in `ids`. However, an id from a documented field replaces a guess.
function plan.learn(step, envelope, ids, guessed)
  local _, items = paging.list(envelope, operations[step.operation].items)
  local item = items and items[1]
  if type(item) ~= "table" or step.id ~= step.operation then return end
  for _, source in ipairs(ID_FIELDS[step.operation] or {}) do
    local name = source.name
    local value, guess = first_text(item, source.documented), first_text(item, source.guesses)
    -- if the command line names a user, cmr does not guess a domain from another user's subscription
    local is_foreign = step.operation == "subscriptions" and item.userId ~= ids.userId
    if value and (not ids[name] or guessed[name]) then
      ids[name], guessed[name] = value, false
    elseif guess and not ids[name] and not is_foreign then
      ids[name], guessed[name] = guess, true
    end
  end
end

return plan
