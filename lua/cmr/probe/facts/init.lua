--- What the library takes for true of the API, fact by fact, and how answers decide. Pure.

local M = {}

-- {id = "subscriptions.page", expected = text, source = "seed", "docs", "help" or "assumed",
--  judge = function(seen) -> verdict, what was seen}; see cmr.probe.judge for seen and the verdicts.
local facts = {}

for _, group in ipairs { "access", "paths", "lists", "answer_fields" } do
  for _, fact in ipairs(require("cmr.probe.facts." .. group)) do
    facts[#facts + 1] = fact
  end
end

--- Judges all facts.
-- @return array of {id, expected, source, verdict, found}
function M.judge(seen)
  local judged = {}
  for index, fact in ipairs(facts) do
    local verdict, found = fact.judge(seen)
    judged[index] = { id = fact.id, expected = fact.expected, source = fact.source, verdict = verdict, found = found }
  end
  return judged
end

return M
