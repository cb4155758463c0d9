---Compares the live API with the library's assumptions. The probe sends only reads. The report has the names and types
---of fields, statuses, and rough counts such as "many". It has no values.

local cmr = require "cmr"
local discoveries = require "cmr.probe.discoveries"
local facts = require "cmr.probe.facts"
local plan = require "cmr.probe.plan"
local reader = require "cmr.probe.reader"
local shape = require "cmr.probe.shape"

local probe = {}

-- If this many requests in a row get no answer or a 5xx, the probe skips the rest of the requests.
local MAX_UNANSWERED_REQUESTS = 3

-- Returns the reason why the probe must stop after the first answer, or nil.
local function reason_to_stop(answer)
  if not answer.status then
    if answer.err.kind == "invalid_argument" then return answer.message end
    return "the API cannot be reached: " .. answer.message
  end
  if answer.status == 401 then return "the API refuses the key (HTTP 401): nothing else was tried" end
  if answer.status <= 299 and not answer.envelope then
    return ("the answer does not come from the API (HTTP %d, but no JSON object)"):format(answer.status)
  end
end

-- Returns the query of a step, or nil and the reason to skip the step.
local function prepare(step, seen, ids, unanswered)
  if seen.user_unknown and #plan.needs(step) > 0 then return nil, "the API does not know the given user" end
  if unanswered >= MAX_UNANSWERED_REQUESTS then return nil, "the API had stopped answering" end
  local first = step.second_page_of and facts.success(seen, step.second_page_of)
  return plan.query(step, ids, first or nil)
end

-- Sends the plan's requests. Returns the table `seen` (see cmr.probe.facts), or nil, message, err.
local function send_all(client, user)
  local client_with_wrong_key = client:with { api_key = plan.WRONG_KEY }
  local seen = { answers = {}, skipped = {}, guessed = {}, requests = {} }
  local ids, unanswered = { userId = user }, 0
  for _, step in ipairs(plan.steps) do
    local query, reason = prepare(step, seen, ids, unanswered)
    seen.skipped[step.id] = reason
    if query then
      local answer = reader.read(step.wrong_key and client_with_wrong_key or client, step.operation, query)
      local message = #seen.requests == 0 and reason_to_stop(answer)
      if message then return nil, message, answer.err end
      seen.answers[step.id] = answer
      seen.requests[#seen.requests + 1] = { step = step.id, operation = step.operation, status = answer.status }
      unanswered = (answer.status or 500) >= 500 and unanswered + 1 or 0
      -- if the user on the command line does not exist, answers about this user say nothing about the API
      seen.user_unknown = seen.user_unknown or user and step.id == "platforms" and answer.status == 404
      local envelope = facts.success(seen, step.id)
      if envelope then plan.learn(step, envelope, ids, seen.guessed) end
    end
  end
  seen.words = shape.words(ids, {})
  for _, answer in pairs(seen.answers) do
    shape.words(answer.envelope, seen.words)
  end
  return seen
end

-- Returns the operations that were not called, in three lists.
local function untried(seen)
  local undocumented, skipped, acting, sent = {}, {}, {}, {}
  for _, request in ipairs(seen.requests) do
    sent[request.operation] = true
  end
  for _, operation in ipairs(cmr.operations) do
    local name = operation.name
    local reason, is_undocumented = reader.refusal(operation)
    if is_undocumented then
      undocumented[#undocumented + 1] = name
    elseif operation.method ~= "GET" then
      acting[#acting + 1] = name
    elseif not sent[name] then
      reason = reason or seen.skipped[name] or plan.UNPLANNED[name] or "it is not in the plan"
      skipped[#skipped + 1] = { operation = name, reason = reason }
    end
  end
  return { undocumented = undocumented, skipped = skipped, acting = acting }
end

---Calls the API and judges its answers.
---@param client cmr.Client One request has a wrong key. All other requests use the client's key.
---@param user string? Default: a user from the list of subscriptions or the list of users.
---@return table? report {production = whether the production API answered; requests = list of {step, operation,
---  status}; facts = the result of facts.judge; discoveries = list of {id, found}; untried = {undocumented = names,
---  skipped = list of {operation, reason}, acting = names}; counts = {confirmed, contradicted, not_seen, discoveries}}.
---  Nil if the first request gets no answer from the API, or if the API refuses the key.
---@return string? message
---@return table? err The error of the first request.
function probe.run(client, user)
  local seen, message, err = send_all(client, user)
  if not seen then return nil, message, err end
  local report = {
    production = seen.answers[plan.steps[1].id].production,
    requests = seen.requests,
    facts = facts.judge(seen),
    discoveries = discoveries.find(seen),
    untried = untried(seen),
  }
  report.counts = { confirmed = 0, contradicted = 0, not_seen = 0, discoveries = #report.discoveries }
  for _, fact in ipairs(report.facts) do
    local verdict = fact.verdict:gsub(" ", "_")
    report.counts[verdict] = report.counts[verdict] + 1
  end
  return report
end

return probe
