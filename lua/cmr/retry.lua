---Whether a call is tried again, and after how long. Pure: the clock and the jitter are passed in.

local BASE_SECONDS = 0.5 -- before the second attempt
local MAX_BACKOFF_SECONDS = 8
local SERVER_ERROR_SECONDS = 5 -- what the vendor asks for after a 5xx (help)
local HANDSHAKE_CODE = 35 -- CURLE_SSL_CONNECT_ERROR: the handshake broke; an untrusted certificate has another code
local RETRYABLE_STATUS = { [500] = true, [502] = true, [503] = true, [504] = true }

local retry = {}

---Whether another attempt may follow a failed one. A call that is harmless to repeat may be repeated. Every other call
---is repeated only if the server never saw it, or refused it unread for the rate limit.
---@param err cmr.Error of the attempt
---@param repeatable boolean whether doing it twice is harmless, as for a GET
function retry.again(err, repeatable)
  local safe = repeatable or err.outcome == "not_sent"
  if err.kind == "rate_limited" then return true end
  if err.kind == "network" or err.kind == "timeout" then return safe end
  if err.kind == "tls" then return safe and err.curl_code == HANDSHAKE_CODE end -- another handshake fails later
  return repeatable and err.kind == "server_error" and RETRYABLE_STATUS[err.status] == true
end

---The wait before the next attempt.
---@param err cmr.Error of the last one
---@param attempts integer made so far
---@param left number seconds left of the call's timeout
---@param jitter fun(): number from 0 to 1
---@return number seconds
function retry.delay(err, attempts, left, jitter)
  local backoff = math.min(MAX_BACKOFF_SECONDS, BASE_SECONDS * 2 ^ (attempts - 1)) * (0.5 + 0.5 * jitter())
  if err.retry_after then return err.retry_after + BASE_SECONDS * jitter() end
  if err.kind == "server_error" and SERVER_ERROR_SECONDS < left then
    local delay = SERVER_ERROR_SECONDS + backoff
    return delay < left and delay or SERVER_ERROR_SECONDS
  end
  return backoff
end

return retry
