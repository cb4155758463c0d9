--- Taking a number of something within any window of time. Pure.

--- Takes one, where there is one left.
-- @tparam table times when each was taken, oldest first, seconds; those that are older than the window leave it
-- @tparam number now seconds
-- @tparam number count how many there are
-- @tparam number window seconds
-- @treturn[1] number how many are taken, this one included
-- @treturn[2] nil when there is none left
-- @treturn[2] number seconds until there is
return function(times, now, count, window)
  while times[1] and times[1] + window <= now do
    table.remove(times, 1)
  end
  if #times >= count then return nil, times[#times - count + 1] + window - now end
  times[#times + 1] = now
  return #times
end
