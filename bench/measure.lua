-- Measures contestants in rounds. Machines are noisy, and all contestants of one round meet the same noise. So a
-- result is the median, over all rounds, of the ratio of two contestants in a round.
local measure = {}

--- Returns the median, or nil without values.
function measure.median(values)
  local sorted = {}
  for index, value in ipairs(values) do
    sorted[index] = value
  end
  table.sort(sorted)
  local middle = (#sorted + 1) / 2
  return sorted[1] and (sorted[math.floor(middle)] + sorted[math.ceil(middle)]) / 2
end

--- Runs the contestants in rounds. Each round begins with another contestant.
-- @param rounds the number of rounds
-- @param contestants array of {name, run = function() -> number or a table of them, once = only in the first round}
-- @return for each contestant, in the same order, the array of its results
function measure.rounds(rounds, contestants)
  local results = {}
  for index = 1, #contestants do
    results[index] = {}
  end
  for round = 1, rounds do
    for turn = 1, #contestants do
      local index = (turn + round - 2) % #contestants + 1
      local one = contestants[index]
      if round == 1 or not one.once then table.insert(results[index], one.run()) end
    end
  end
  return results
end

local function bar(one, values)
  return { name = one.name, note = one.note, ours = one.ours, values = values, median = measure.median(values) }
end

--- Does the same as measure.rounds, and returns bars: {name, note, ours, values, median}.
-- @param fields the fields to take from the results, if these are tables
-- @return the list of bars; with fields, one list for each field
function measure.bars(rounds, contestants, fields)
  local all = {}
  for index, values in ipairs(measure.rounds(rounds, contestants)) do
    for place, field in ipairs(fields or { false }) do
      local picked = {}
      for round, value in ipairs(values) do
        picked[round] = field and value[field] or value
      end
      all[place] = all[place] or {}
      all[place][index] = bar(contestants[index], picked)
    end
  end
  return (table.unpack or unpack)(all)
end

--- Combines the values that two bars have for each round, and returns the median of the results.
function measure.combined(ours, peer, combine)
  local values = {}
  for round, value in ipairs(ours.values) do
    values[round] = combine(value, peer.values[round])
  end
  return measure.median(values)
end

--- Returns the median, over all rounds, of the ratio of two bars.
function measure.ratio(ours, peer)
  return measure.combined(ours, peer, function(a, b)
    return a / b
  end)
end

return measure
