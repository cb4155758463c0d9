--- Facts: every operation that is asked answers at the method and path of the table.

local judge = require "cmr.probe.judge"
local plan = require "cmr.probe.plan"
local operations = require "cmr.operations"

local facts = {}

-- The method is our guess there.
local assumed = { sandbox_prewarmed = true }

local function decide(step)
  return function(seen)
    local envelope, why = judge.success(seen, step.id)
    local answer = seen.answers[step.id]
    if envelope then return judge.yes(("HTTP %d"):format(answer.status)) end
    if not judge.telling(answer) then return judge.unseen(why) end
    if seen.lost and step.id == "platforms" then
      return judge.unseen(why .. ", for a given user who may not be this partner's")
    end
    for _, name in ipairs(plan.needs(step)) do
      if seen.guessed[name] and answer.status >= 400 then
        return judge.unseen(why .. (", for a %s that is a guess"):format(name))
      end
    end
    return judge.no(why)
  end
end

for _, step in ipairs(plan.steps) do
  if step.id == step.operation then
    local row = operations[step.operation]
    facts[#facts + 1] = {
      id = row.name .. ".path",
      expected = ("%s %s answers"):format(row.method, row.path),
      source = assumed[row.name] and "assumed" or row.source,
      judge = decide(step),
    }
  end
end

return facts
