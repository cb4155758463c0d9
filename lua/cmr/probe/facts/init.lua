---A fact is a statement about the API. The library relies on the facts. The answers to the probe's requests confirm or
---contradict each fact. Pure.
---
---A fact is a row of four values. The first is its id, such as "subscriptions.page". The second is its source: "seed",
---"docs", "help" or "assumed". The third says what the API should do. The last is the function judge(seen), which
---returns the verdict and what was found.
---
---`seen` has everything that the probe saw: {answers = step -> the result of reader.read; skipped = step -> the reason
---why the probe did not send the step; requests = list of {step, operation, status}; words = the result of shape.words;
---guessed = name of an id -> whether the id is a guess; user_unknown = true if the API does not know the user on the
---command line}.

local facts = {}

local GROUPS = { "access", "lists", "answer_fields" }
-- In a refusal, these statuses mean that rights or money are missing, or that the rate limit is exceeded. Such a
-- refusal does not answer the probe's question.
local UNRELATED_REFUSALS = { [401] = true, [402] = true, [403] = true, [429] = true }

---facts.yes and facts.no return a verdict and what was seen. facts.unseen returns a verdict and the reason why nothing
---was seen.
function facts.yes(found)
  return "confirmed", found
end

function facts.no(found)
  return "contradicted", found
end

function facts.unseen(reason)
  return "not seen", reason
end

---Returns the envelope of a step's successful answer.
---@return table? envelope
---@return string? reason The reason why there is no such envelope.
function facts.success(seen, id)
  local answer = seen.answers[id]
  if not answer then return nil, "not asked: " .. (seen.skipped[id] or "no request needed it") end
  if not answer.status then return nil, ("no answer (%s)"):format(answer.err.kind) end
  local is_success = answer.status >= 200 and answer.status <= 299
  if is_success and answer.envelope then return answer.envelope end
  return nil, ("HTTP %d%s"):format(answer.status, is_success and ", but no JSON object" or "")
end

---Returns whether the API answered the probe's question. A success is an answer. A refusal is an answer too, except
---with a status in UNRELATED_REFUSALS. A 5xx is no answer.
---@param answer table? an answer of reader.read
function facts.is_conclusive(answer)
  local status = answer and answer.status
  return status ~= nil and status < 500 and not UNRELATED_REFUSALS[status]
end

---Makes a judge for the answer of a step. If the step succeeded, the new judge calls judge(envelope, seen). Otherwise
---the verdict is "not seen".
function facts.on_success(step, judge)
  return function(seen)
    local envelope, reason = facts.success(seen, step)
    if not envelope then return facts.unseen(reason) end
    return judge(envelope, seen)
  end
end

---Makes the rows of facts. Each line in `lines` has an id, a source and a statement. `judges` has a function for each
---id.
function facts.rows(lines, judges)
  local rows = {}
  for id, source, expected in lines:gmatch "(%S+) +(%S+) +([^\n]+)" do
    rows[#rows + 1] = { id, source, expected, judges[id] }
  end
  return rows
end

---Judges all facts.
---@return table[] list of {id, expected, source = "documented" or "assumed", verdict, found}
function facts.judge(seen)
  local judged = {}
  for _, group in ipairs(GROUPS) do -- required here, because the groups require this module
    for _, fact in ipairs(require("cmr.probe.facts." .. group)) do
      local verdict, found = fact[4](seen)
      local source = fact[2] == "assumed" and "assumed" or "documented"
      judged[#judged + 1] = { id = fact[1], expected = fact[3], source = source, verdict = verdict, found = found }
    end
  end
  return judged
end

return facts
