---Facts: statements about the API that the library relies on, and what the probe's answers say about each. Pure.
---
---A fact is a row {id, as "subscriptions.page"; its source: "seed"; "docs" or "help" for the vendor's page that states
---it; or "assumed"; what the API should do; judge}. judge(seen) returns verdict and found.
---
---`seen` is all that the probe saw: {answers = by step, see reader.read; skipped = by step, the reason why it was not
---sent; requests = list of {step, operation, status}; words = what shape.words returns; guessed = by name of an id,
---whether it is a guess; user_unknown = whether the API does not know the user on the command line}.

local facts = {}

local GROUPS = { "access", "lists", "answer_fields" }
-- Refusals that concern rights, money or the rate, and not the question.
local UNRELATED_REFUSALS = { [401] = true, [402] = true, [403] = true, [429] = true }

---Returns the verdicts, each with what was seen, or with the reason why nothing was.
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
---@return string? reason why there is none
function facts.success(seen, id)
  local answer = seen.answers[id]
  if not answer then return nil, "not asked: " .. (seen.skipped[id] or "no request needed it") end
  if not answer.status then return nil, ("no answer (%s)"):format(answer.err.kind) end
  local is_success = answer.status >= 200 and answer.status <= 299
  if is_success and answer.envelope then return answer.envelope end
  return nil, ("HTTP %d%s"):format(answer.status, is_success and ", but no JSON object" or "")
end

---Returns whether the API answered the question: it succeeded, or refused for a reason other than rights, money, the
---rate or its own health.
---@param answer table? of reader.read
function facts.is_conclusive(answer)
  local status = answer and answer.status
  return status ~= nil and status < 500 and not UNRELATED_REFUSALS[status]
end

---Makes a judge for the answer of a step: judge(envelope, seen) if the step succeeded, else it is "not seen".
function facts.on_success(step, judge)
  return function(seen)
    local envelope, reason = facts.success(seen, step)
    if not envelope then return facts.unseen(reason) end
    return judge(envelope, seen)
  end
end

---Makes rows of lines of text, each with an id, a source and a statement, and of a judge for each id.
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
  for _, group in ipairs(GROUPS) do -- loaded here, because the groups need this module
    for _, fact in ipairs(require("cmr.probe.facts." .. group)) do
      local verdict, found = fact[4](seen)
      local source = fact[2] == "assumed" and "assumed" or "documented"
      judged[#judged + 1] = { id = fact[1], expected = fact[3], source = source, verdict = verdict, found = found }
    end
  end
  return judged
end

return facts
