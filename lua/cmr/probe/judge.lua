--- Verdicts, and the answers they are made of. Pure.

local M = {}

--- The verdicts: each returns itself and what was seen, as a fact's judge does.
function M.yes(found)
  return "confirmed", found
end
function M.no(found)
  return "contradicted", found
end
function M.unseen(why)
  return "not seen", why
end

--- The answer to an ask when the API said yes.
-- @param seen  {answers = ask's id -> answer of reader.read, skipped = ask's id -> why it was not made,
--   requests = array of {ask = id, operation, status}, words = of shape.words, guessed = name of a known id -> whether
--   it is a guess, lost = whether the given user is unknown there}
-- @return the envelope, or nil and why there is none
function M.success(seen, id)
  local answer = seen.answers[id]
  if not answer then return nil, "not asked: " .. (seen.skipped[id] or "it came to no such request") end
  if not answer.status then return nil, ("no answer (%s)"):format(answer.failure) end
  if answer.status >= 200 and answer.status <= 299 then
    if answer.envelope then return answer.envelope end
    return nil, ("HTTP %d, but no JSON object"):format(answer.status)
  end
  return nil, ("HTTP %d"):format(answer.status)
end

local other = { [401] = true, [402] = true, [403] = true, [429] = true }

--- Whether the API has answered to what was asked: with a success, or with a refusal that is not about rights, money,
-- the rate or the server's health.
function M.telling(answer)
  local status = answer and answer.status
  return status and status < 500 and not other[status]
end

--- How many, without saying how many.
function M.count(number)
  if number == 0 then return "0" end
  return number == 1 and "1" or "many"
end

return M
