--- Facts: keys, the envelope of every answer, refusals.

local judge = require "cmr.probe.judge"
local shape = require "cmr.probe.shape"

local yes, no, unseen = judge.yes, judge.no, judge.unseen

local facts = {}

local function fact(id, expected, source, decide)
  facts[#facts + 1] = { id = id, expected = expected, source = source, judge = decide }
end

-- The answer to an ask that was made to be refused; nil and why when something else came in between.
local function answer_to(seen, id)
  local answer = seen.answers[id]
  if answer and answer.status and answer.status < 500 and answer.status ~= 429 then return answer end
  local _, why = judge.success(seen, id)
  return nil, why
end

local function refused_with(id, ...)
  local wanted = { ... }
  return function(seen)
    local answer, why = answer_to(seen, id)
    if not answer then return unseen(why) end
    local found = ("HTTP %d"):format(answer.status)
    for _, status in ipairs(wanted) do
      if answer.status == status then return yes(found) end
    end
    return no(found)
  end
end

-- A refusal's message is not shown: it may name somebody.
local function told(id, message)
  return function(seen)
    local answer, why = answer_to(seen, id)
    if not answer then return unseen(why) end
    if answer.status < 400 then return unseen(("it was not refused (HTTP %d)"):format(answer.status)) end
    if answer.envelope and answer.envelope.message == message then return yes "it says so" end
    return no "it says something else"
  end
end

-- Keys

fact("key.header", "the key goes in the header cmr-x-api-key", "seed", function(seen)
  local wrong, why = answer_to(seen, "wrong key")
  if not wrong then return unseen(why) end
  if wrong.status < 400 then return no(("a wrong key is let in, too (HTTP %d)"):format(wrong.status)) end
  for id in pairs(seen.answers) do
    if judge.success(seen, id) then return yes "the key is let in, a wrong one is not" end
  end
  return unseen "nothing was let in"
end)

fact("key.wrong_status", "a wrong key is refused with HTTP 401", "help", refused_with("wrong key", 401))
fact("key.wrong_message", 'a wrong key is told "Invalid API Key"', "help", told("wrong key", "Invalid API Key"))

-- The envelope. What a proxy in front of the API may have answered (429, 5xx, redirections) is not held against it.

local function is_apis(answer)
  local status = answer.status
  return status and (status <= 299 or status >= 400 and status <= 499 and status ~= 429)
end

-- A fact that all answers of a kind share.
-- is_one(answer): whether it is of the kind; holds(envelope, answer)
local function all(is_one, holds)
  return function(seen)
    local count, where = 0, {}
    for _, request in ipairs(seen.requests) do
      local answer = seen.answers[request.ask]
      if is_apis(answer) and is_one(answer) then
        count = count + 1
        if not holds(answer.envelope, answer) then where[#where + 1] = request.ask end
      end
    end
    if count == 0 then return unseen "there was no such answer" end
    if #where > 0 then return no("not so: " .. table.concat(where, "; ")) end
    return yes(("in all answers (%s)"):format(judge.count(count)))
  end
end

local function has_envelope(answer)
  return answer.envelope ~= nil
end

fact(
  "envelope.object",
  "every answer is a JSON object",
  "seed",
  all(function()
    return true
  end, function(envelope)
    return envelope ~= nil
  end)
)

fact(
  "envelope.status",
  "status repeats the status of HTTP",
  "help",
  all(has_envelope, function(envelope, answer)
    return envelope.status == answer.status
  end)
)

fact(
  "envelope.message",
  "message is a string",
  "seed",
  all(has_envelope, function(envelope)
    return type(envelope.message) == "string"
  end)
)

fact(
  "envelope.data",
  "an answer to a read has data",
  "seed",
  all(function(answer)
    return has_envelope(answer) and answer.status <= 299
  end, function(envelope)
    return envelope.data ~= nil
  end)
)

fact(
  "envelope.refused",
  "data of a refusal is null",
  "help",
  all(function(answer)
    return has_envelope(answer) and answer.status >= 400
  end, function(envelope)
    return envelope.data == nil
  end)
)

-- Users

fact(
  "unknown_user.status",
  "platforms of a user that is not there: HTTP 404",
  "seed",
  refused_with("unknown user", 404)
)
fact(
  "unknown_user.message",
  'such a user is told "The requested user does not exist."',
  "help",
  told("unknown user", "The requested user does not exist.")
)

fact("unknown_user.domains", "domains of a user that is not there: HTTP 200 and an empty list", "help", function(seen)
  local answer, why = answer_to(seen, "unknown user's domains")
  if not answer then return unseen(why) end
  if answer.status ~= 200 then return no(("HTTP %d"):format(answer.status)) end
  local data = answer.envelope and answer.envelope.data
  if type(data) ~= "table" then return no "data is no list, and has none" end
  local found = {}
  for _, kinds in pairs(shape.fields(data, {})) do
    for kind in pairs(kinds) do
      found[kind] = true
    end
  end
  if found.list then return no "there is a list with items" end
  return (found.empty and yes or no)(found.empty and "HTTP 200, and nothing in the list" or "there is no list")
end)

fact("no_user.status", "a missing userId is refused with HTTP 400 or 422", "assumed", refused_with("no user", 400, 422))
fact(
  "no_user.message",
  'a missing userId is told "Please provide a userId"',
  "help",
  told("no user", "Please provide a userId")
)

return facts
