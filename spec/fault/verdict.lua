--- Compares the result of a row with what the row expects.

local play = require "spec.fault.play"
local rows = require "spec.fault.rows"

local judge = {}

local function limit(seconds)
  return play.timed and seconds * play.patience or math.huge
end

judge.SLACK = limit(0.05) -- in seconds; a row may take this much longer than its bound
judge.STEP = limit(0.02) -- in seconds; a step of the engine may last this long

local function within(what, value, range)
  if range and not (value and value >= range[1] and value <= range[2]) then
    return ("%s: expected %s to %s, got %s"):format(what, range[1], range[2], tostring(value))
  end
end

local AT_ONCE = 0.1 * play.patience -- in seconds; the server needs some of this time

--- Returns the seconds that a row may take. Its attempts come one after the other, and each may take its whole bound.
local function bound(row, result)
  return row.bound and result.attempts * play.times[row.bound] or AT_ONCE
end

local function is_clean(text)
  return type(text) ~= "string" or not text:find(play.KEY, 1, true)
end

--- Returns what is wrong with the outcome of a row. Unlike its time, the outcome does not depend on how busy the
-- machine is.
-- @treturn string or nil
function judge.outcome(row, method, result)
  local err = result.err
  local wrong
  local expected = rows.expected(row)[method]
  if not (" or " .. expected .. " or "):find(" or " .. play.summary(result) .. " or ", 1, true) then
    wrong = ("expected %s, got %s (%s)"):format(expected, play.summary(result), err and err.message or "no error")
  elseif method == "POST" and result.outcome == "unknown" and result.seen > 1 then
    wrong = "an order that may have been done was repeated"
  elseif result.after ~= true then
    wrong = "the engine is no longer usable: " .. tostring(result.after)
  elseif result.open ~= 0 then
    wrong = result.open .. " connections were left open"
  elseif result.elsewhere and result.elsewhere > 0 then
    wrong = "it followed the redirect"
  elseif result.res and result.res.message ~= "fine" and result.status ~= 204 then
    wrong = "not the answer to this request: " .. tostring(result.res.message)
  elseif err and (err.message:find "%c" or not is_clean(err.message) or not is_clean(err.body)) then
    wrong = "not fit for a log: " .. err.message
  elseif err and type(err.body) == "table" and not is_clean(err.body.message) then
    wrong = "the body tells the key"
  elseif result.attempts > 1 then
    wrong = within("wait before the second attempt", result.slept[1], row.waits)
  elseif row.waits and result.slept[1] then
    wrong = "waited, but not for another attempt"
  end
  return wrong or err and within("retry_after", err.retry_after, row.retry_after)
end

--- Returns what is wrong with the time of a row. On a busy machine, the time may be right when the row is played again.
-- @treturn string or nil
function judge.time(row, result)
  local most = bound(row, result) + judge.SLACK
  if result.elapsed > most then
    return ("took %.3f s, at most %.3f s expected"):format(result.elapsed, most)
  end
  return judge.step(result.longest)
end

--- Returns what is wrong with the time of a step, which must not hold up a loop.
-- @tparam number seconds it took
-- @treturn string or nil
function judge.step(seconds)
  if seconds > judge.STEP then
    return ("held everything up for %.3f s"):format(seconds)
  end
end

return judge
