--- What `cmr probe` asks, in this order, and how later questions get their ids. Pure.

local pages = require "cmr.probe.paging"

local M = {}

-- Nobody's. The real user, domain and mailbox come from earlier answers, or from the command line.
local NOBODY = "CMR0CHECK0NO0SUCH0USER000000"

--- The key that no partner has.
M.WRONG_KEY = "cmr-check-wrong-key"

-- id, where it is not the operation's; operation; query; needs = parameters that are known by then; second = page 2 of
-- the ask of that id; wrong_key
M.steps = {
  { operation = "subscriptions", query = { page = 1, limit = 1 } },
  { operation = "subscriptions", second = "subscriptions" },
  { operation = "users", query = { page = 1, limit = 1 } },
  { operation = "users", second = "users" },
  { id = "wrong key", operation = "countries", wrong_key = true },
  { operation = "countries" },
  { operation = "states", query = { countryCode = "US" } },
  { id = "unknown user", operation = "platforms", query = { userId = NOBODY } },
  { id = "no user", operation = "platforms" },
  { id = "unknown user's domains", operation = "domains", query = { userId = NOBODY } },
  { operation = "platforms", needs = { "userId" } },
  { operation = "user", needs = { "userId" } },
  { operation = "domains", query = { page = 1, limit = 1 }, needs = { "userId" } },
  { operation = "domains", second = "domains" },
  { operation = "dns_records", needs = { "userId", "domain" } },
  { operation = "mailboxes", query = { page = 1, limit = 1 }, needs = { "userId" } },
  { operation = "mailboxes", second = "mailboxes" },
  { operation = "all_mailboxes", query = { page = 1, limit = 1 } },
  { operation = "all_mailboxes", second = "all_mailboxes" },
  { operation = "mailbox", needs = { "mailboxId" } },
  { operation = "placement_reports", query = { page = 1, limit = 1 }, needs = { "userId" } },
  { operation = "placement_reports", second = "placement_reports" },
  { operation = "prewarmed", query = { page = 1, limit = 1 } },
  { operation = "prewarmed", second = "prewarmed", query = { serviceProvider = "GOOGLE" } },
  { id = "prewarmed, MICROSOFT", operation = "prewarmed", query = { serviceProvider = "MICROSOFT", limit = 1 } },
  { operation = "sandbox_prewarmed", query = { page = 1, limit = 1 } },
}

--- Reads that are not asked, and why.
M.unasked = {
  order_status = "the names of its query are not documented",
  platform_workspaces = "it wants a credential of Instantly, and asks there",
}

--- The id of the ask for a second page.
function M.second(id)
  return id .. ", page 2"
end

for _, step in ipairs(M.steps) do
  step.id = step.id or step.second and M.second(step.second) or step.operation
end

local by_id = {}
for _, step in ipairs(M.steps) do
  by_id[step.id] = step
end

--- Why a list has no second page worth asking for, or nil.
-- @param envelope  of the first page
-- @param items     where its list is documented to be, or nil
local function pointless(envelope, items)
  local more, why = pages.more(envelope, items)
  return more == false and why or nil
end

--- The query of a step.
-- @param known  name -> id: what is known by now
-- @param first  the envelope of the first page, for a second one; nil when there is none
-- @param items  where the operation's list is documented to be, or nil
-- @return name -> value, or nil and why it is not asked
function M.query(step, known, first, items)
  local query, base = {}, by_id[step.second or step.id]
  if step.second then
    local why = not first and "page 1 was not had" or pointless(first, items)
    if why then return nil, why end
  end
  for _, name in ipairs(base.needs or {}) do
    if not known[name] then return nil, ("no %s was found in earlier answers"):format(name) end
    query[name] = known[name]
  end
  for name, value in pairs(base.query or {}) do
    query[name] = value
  end
  for name, value in pairs(step.query or {}) do
    query[name] = value
  end
  if step.second then query.page = 2 end
  return query
end

--- The known ids that a step's query is made of, as names.
function M.needs(step)
  return by_id[step.second or step.id].needs or {}
end

-- Where ids may be: operation -> what is found in which fields of an item, those that documents name and those that are
-- guesses. The domain of a subscription may be gone.
local sources = {
  subscriptions = { { name = "userId", documented = { "userId" } }, { name = "domain", guesses = { "domain" } } },
  users = { { name = "userId", documented = { "userId", "id" }, guesses = { "_id" } } },
  domains = { { name = "domain", documented = { "domain", "domainName" }, guesses = { "name" } } },
  mailboxes = { { name = "mailboxId", documented = { "mailboxId" }, guesses = { "id", "_id" } } },
  all_mailboxes = { { name = "mailboxId", documented = { "mailboxId" }, guesses = { "id", "_id" } } },
}

local function find(item, fields)
  for _, field in ipairs(fields or {}) do
    if type(item[field]) == "string" and item[field] ~= "" then return item[field] end
  end
end

--- Takes ids from an answer. What is known already stays, unless it is a guess.
-- @param known    name -> id, changed
-- @param guessed  name -> whether it is a guess, changed
-- @param items    where the operation's list is documented to be, or nil
function M.learn(step, envelope, known, guessed, items)
  local _, list = pages.list(envelope, items)
  local item = list and list[1]
  if type(item) ~= "table" or step.id ~= step.operation then return end
  for _, source in ipairs(sources[step.operation] or {}) do
    local name = source.name
    local value, guess = find(item, source.documented), find(item, source.guesses)
    -- a subscription may be another user's than the given one
    local stranger = step.operation == "subscriptions" and item.userId ~= known.userId
    if value and (not known[name] or guessed[name]) then
      known[name], guessed[name] = value, false
    elseif guess and not known[name] and not stranger then
      known[name], guessed[name] = guess, true
    end
  end
end

return M
