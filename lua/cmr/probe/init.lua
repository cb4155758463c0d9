--- Which of the library's assumptions the live API confirms, found out by reading. Nothing is changed there, and the
-- report holds no values: names of fields, types, statuses, and counts as 0, 1 or many.

local cmr = require "cmr"
local discoveries = require "cmr.probe.discoveries"
local facts = require "cmr.probe.facts"
local judge = require "cmr.probe.judge"
local plan = require "cmr.probe.plan"
local reader = require "cmr.probe.reader"
local shape = require "cmr.probe.shape"

local M = {}

local PATIENCE = 3 -- requests in a row that the API does not answer for itself, after which the others are not made

local function fail(message, ...)
  error({ failure = message:format(...), status = 1 }, 0)
end

-- What makes all other questions pointless shows in the first answer.
local function begin(answer)
  if not answer.status then fail("the API cannot be reached: %s", answer.message) end
  if answer.status == 401 then fail "the API refuses the key (HTTP 401): nothing else was tried" end
  if answer.status <= 299 and not answer.envelope then
    fail("what answers there is not the API (HTTP %d, but no JSON object)", answer.status)
  end
end

local function is_silent(answer)
  return not answer.status or answer.status >= 500
end

local function ask_all(client, given)
  local wrong = client:with { api_key = plan.WRONG_KEY }
  local seen = { answers = {}, skipped = {}, guessed = {}, requests = {} }
  local known, silent = { userId = given }, 0
  for _, step in ipairs(plan.steps) do
    local items = cmr.operations[step.operation].items
    local first = step.second and judge.success(seen, step.second) or nil
    local query, why = plan.query(step, known, first, items)
    if silent >= PATIENCE then
      query, why = nil, "the API had stopped answering"
    end
    if seen.lost and plan.needs(step)[1] then
      query, why = nil, "the API does not know the given user"
    end
    seen.skipped[step.id] = why
    if query then
      local answer = reader.read(step.wrong_key and wrong or client, step.operation, query)
      if #seen.requests == 0 then begin(answer) end
      seen.answers[step.id] = answer
      seen.requests[#seen.requests + 1] = { ask = step.id, operation = step.operation, status = answer.status }
      silent = is_silent(answer) and silent + 1 or 0
      -- a given user may be nobody's: then answers about that user say nothing
      seen.lost = seen.lost or given and step.id == "platforms" and answer.status == 404
      local envelope = judge.success(seen, step.id)
      if envelope then plan.learn(step, envelope, known, seen.guessed, items) end
    end
  end
  seen.words = shape.words(known, {})
  for _, answer in pairs(seen.answers) do
    shape.words(answer.envelope, seen.words)
  end
  return seen
end

-- What is not asked, and why: three lists of operations.
local function left_out(seen)
  local undocumented, unasked, acting, asked = {}, {}, {}, {}
  for _, request in ipairs(seen.requests) do
    asked[request.operation] = true
  end
  for _, row in ipairs(cmr.operations) do
    local why, unknown = reader.refusal(row)
    if unknown then
      undocumented[#undocumented + 1] = row.name
    elseif row.method ~= "GET" then
      acting[#acting + 1] = row.name
    elseif not asked[row.name] then
      why = why or seen.skipped[row.name] or plan.unasked[row.name] or "it is not in the plan"
      unasked[#unasked + 1] = { operation = row.name, why = why }
    end
  end
  return { undocumented = undocumented, unasked = unasked, acting = acting }
end

--- Asks the API and judges its answers.
-- @param client  from cmr.new; its key is used for reads, and one request is made with a wrong key
-- @param user    a user of the partner whose things are looked at; default: one that a subscription or the list of
--   users names
-- @return the report: {production = whether it is about the API of the documents,
--   requests = {{ask, operation, status}},
--   facts = {{id, expected, source, verdict = "confirmed", "contradicted" or "not seen", found}},
--   discoveries = {{id, found}}, untried = {undocumented, unasked, acting},
--   counts = {confirmed, contradicted, not_seen, discoveries}}.
--   Raises {failure = message, status = 1} when the API cannot be reached or refuses the key.
function M.run(client, user)
  local seen = ask_all(client, user)
  local report = { requests = seen.requests, facts = facts.judge(seen), discoveries = discoveries.of(seen) }
  report.production = seen.answers[plan.steps[1].id].production
  report.untried = left_out(seen)
  report.counts = { confirmed = 0, contradicted = 0, not_seen = 0, discoveries = #report.discoveries }
  for _, fact in ipairs(report.facts) do
    local verdict = fact.verdict:gsub(" ", "_")
    report.counts[verdict] = report.counts[verdict] + 1
  end
  return report
end

return M
