--- Whether to try again, and after how long. Pure: the clock and the dice are passed in.

local retry = {}

local BASE = 0.5 -- seconds before the second attempt
local CAP = 8 -- the longest of our own waits
local SERVER = 5 -- what the vendor asks for after a 5xx (help)
local HANDSHAKE = 35 -- CURLE_SSL_CONNECT_ERROR: it broke; a certificate we do not trust has another
local AGAIN = { [500] = true, [502] = true, [503] = true, [504] = true }

--- Whether a failed attempt may be followed by another.
-- Nothing that may have been done is done again: what is not repeatable is repeated only when the server never saw it,
-- or turned it away unread for its rate.
-- @tparam table err the error of the attempt
-- @tparam boolean repeatable whether doing it twice does no harm: a GET
-- @treturn boolean
function retry.again(err, repeatable)
  if err.kind == "rate_limited" then return true end
  if err.kind == "tls" then
    return err.curl_code == HANDSHAKE and (repeatable or err.outcome == "not_sent") -- a rehandshake fails later
  end
  if err.kind == "network" or err.kind == "timeout" then return repeatable or err.outcome == "not_sent" end
  return repeatable and AGAIN[err.status] ~= nil and err.kind == "server_error"
end

--- How long to wait before the next attempt.
-- @tparam table err the error of the attempt
-- @tparam number attempt how many there were, from 1
-- @tparam number left seconds left of the whole call's time
-- @tparam function random gives a number from 0 to 1
-- @treturn number seconds
function retry.delay(err, attempt, left, random)
  local backoff = math.min(CAP, BASE * 2 ^ (attempt - 1)) * (0.5 + 0.5 * random())
  if err.retry_after then return err.retry_after + BASE * random() end
  if err.kind == "server_error" and SERVER < left then return SERVER + backoff < left and SERVER + backoff or SERVER end
  return backoff
end

return retry
