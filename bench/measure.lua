-- Rounds in which everybody has a turn, and what is said of them. Machines are noisy, and the same noise meets all who
-- run in one round: what counts is the ratio of two in a round, and the median of the rounds.
local measure = {}

--- The median, nil of none.
function measure.median(values)
  local sorted = {}
  for index, value in ipairs(values) do
    sorted[index] = value
  end
  table.sort(sorted)
  local middle = (#sorted + 1) / 2
  return sorted[1] and (sorted[math.floor(middle)] + sorted[math.ceil(middle)]) / 2
end

--- Lets all run in every round, another one first each time.
-- @param rounds how many
-- @param contestants array of {name, run = function() -> number or a table of them, once = only in the first round}
-- @return for each, in the same order, the array of what it returned
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

--- The same, as bars: {name, note, ours, values, median}.
-- @param fields where they return tables: names of their fields
-- @return the bars; with fields, those of each
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

--- The median over the rounds of what combines one's value and the other's.
function measure.combined(ours, peer, combine)
  local values = {}
  for round, value in ipairs(ours.values) do
    values[round] = combine(value, peer.values[round])
  end
  return measure.median(values)
end

--- The median over the rounds of one's value in parts of the other's.
function measure.ratio(ours, peer)
  return measure.combined(ours, peer, function(a, b)
    return a / b
  end)
end

return measure
