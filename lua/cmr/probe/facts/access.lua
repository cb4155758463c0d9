---Facts about the key, the envelope of every answer, refusals, and the paths of the operations in the plan.

local facts = require "cmr.probe.facts"
local operations = require "cmr.operations"
local plan = require "cmr.probe.plan"
local shape = require "cmr.probe.shape"

local yes, no, unseen = facts.yes, facts.no, facts.unseen

-- The documentation has the path of these operations, but not their method. A fact about such an operation needs both,
-- so cmr reports the fact as assumed.
local ASSUMED_PATHS = { sandbox_prewarmed = true }

-- Makes a judge for the answer to a step. Normally, the new judge returns the verdict of judge(answer, seen). If the
-- status is 429 or 5xx, or if there is no answer, the new judge returns "not seen".
local function on_answer(id, judge)
  return function(seen)
    local answer = seen.answers[id]
    if answer and answer.status and answer.status < 500 and answer.status ~= 429 then return judge(answer, seen) end
    local _, reason = facts.success(seen, id)
    return unseen(reason)
  end
end

local function refused_with(id, status, other)
  return on_answer(id, function(answer)
    local verdict = (answer.status == status or answer.status == other) and yes or no
    return verdict(("HTTP %d"):format(answer.status))
  end)
end

-- Makes a judge that expects a refusal with `message`. The report omits any other message, because such a message may
-- contain a name.
local function refused_saying(id, message)
  return on_answer(id, function(answer)
    if answer.status < 400 then return unseen(("it was not refused (HTTP %d)"):format(answer.status)) end
    if answer.envelope and answer.envelope.message == message then return yes "the same message" end
    return no "another message"
  end)
end

local judge_key = on_answer("wrong key", function(answer, seen)
  if answer.status < 400 then return no(("a wrong key is accepted too (HTTP %d)"):format(answer.status)) end
  for id in pairs(seen.answers) do
    if facts.success(seen, id) then return yes "your key is accepted, a wrong one is not" end
  end
  return unseen "no request succeeded"
end)

-- A proxy in front of the API may answer with 429, 5xx or a redirection. Such an answer says nothing about the API.
local function is_from_api(answer)
  local status = answer.status
  return status and (status <= 299 or status >= 400 and status <= 499 and status ~= 429)
end

-- Makes a judge for all answers. holds(envelope, answer) returns whether the fact is true for this answer, or nil if
-- the fact does not apply to the answer.
local function all(holds)
  return function(seen)
    local count, exceptions = 0, {}
    for _, request in ipairs(seen.requests) do
      local answer = seen.answers[request.step]
      local held = nil
      if is_from_api(answer) then held = holds(answer.envelope, answer) end
      if held ~= nil then count = count + 1 end
      if held == false then exceptions[#exceptions + 1] = request.step end
    end
    if count == 0 then return unseen "there was no such answer" end
    if #exceptions > 0 then return no("not true of: " .. table.concat(exceptions, "; ")) end
    return yes(("in all answers (%s)"):format(count == 1 and "1" or "many"))
  end
end

local judge_unknown_domains = on_answer("unknown user's domains", function(answer)
  if answer.status ~= 200 then return no(("HTTP %d"):format(answer.status)) end
  local data = answer.envelope and answer.envelope.data
  if type(data) ~= "table" then return no "data is not a list and contains none" end
  local found = {}
  shape.walk(data, {}, function(_, kind)
    found[kind] = true
  end)
  if found.list then return no "there is a list with items" end
  if found.empty then return yes "HTTP 200 and an empty list" end
  return no "there is no list"
end)

local function answers_at_path(step)
  return function(seen)
    local envelope, reason = facts.success(seen, step.id)
    local answer = seen.answers[step.id]
    if envelope then return yes(("HTTP %d"):format(answer.status)) end
    if not facts.is_conclusive(answer) then return unseen(reason) end
    if seen.user_unknown and step.id == "platforms" then
      return unseen(reason .. ", but the given user may belong to another partner")
    end
    for _, name in ipairs(plan.needs(step)) do
      if seen.guessed[name] and answer.status >= 400 then
        return unseen(("%s, but the %s is a guess"):format(reason, name))
      end
    end
    return no(reason)
  end
end

local FACTS = [[
key.header            seed     the key goes in the header cmr-x-api-key
key.wrong_status      help     a wrong key is refused with HTTP 401
key.wrong_message     help     the message for a wrong key is "Invalid API Key"
envelope.object       seed     every answer is a JSON object
envelope.status       help     status equals the HTTP status
envelope.message      seed     message is a string
envelope.data         seed     every successful answer has data
envelope.refused      help     data is null in a refusal
unknown_user.status   seed     platforms of an unknown user are refused with HTTP 404
unknown_user.message  help     the message for an unknown user is "The requested user does not exist."
unknown_user.domains  help     domains of an unknown user are an empty list with HTTP 200
no_user.status        assumed  a missing userId is refused with HTTP 400 or 422
no_user.message       help     the message for a missing userId is "Please provide a userId"
]]

local access = facts.rows(FACTS, {
  ["key.header"] = judge_key,
  ["key.wrong_status"] = refused_with("wrong key", 401),
  ["key.wrong_message"] = refused_saying("wrong key", "Invalid API Key"),
  ["envelope.object"] = all(function(envelope)
    return envelope ~= nil
  end),
  ["envelope.status"] = all(function(envelope, answer)
    return envelope and envelope.status == answer.status
  end),
  ["envelope.message"] = all(function(envelope)
    return envelope and type(envelope.message) == "string"
  end),
  ["envelope.data"] = all(function(envelope, answer)
    if envelope and answer.status < 400 then return envelope.data ~= nil end
  end),
  ["envelope.refused"] = all(function(envelope, answer)
    if envelope and answer.status >= 400 then return envelope.data == nil end
  end),
  ["unknown_user.status"] = refused_with("unknown user", 404),
  ["unknown_user.message"] = refused_saying("unknown user", "The requested user does not exist."),
  ["unknown_user.domains"] = judge_unknown_domains,
  ["no_user.status"] = refused_with("no user", 400, 422),
  ["no_user.message"] = refused_saying("no user", "Please provide a userId"),
})

for _, step in ipairs(plan.steps) do
  if step.id == step.operation then
    local operation = operations[step.operation]
    access[#access + 1] = {
      operation.name .. ".path",
      ASSUMED_PATHS[operation.name] and "assumed" or operation.source,
      ("%s %s answers"):format(operation.method, operation.path),
      answers_at_path(step),
    }
  end
end

return access
