---Decides whether to try a call again, and after how long. Pure: the caller passes the time left and the jitter.

local BASE_SECONDS = 0.5 -- the longest backoff before the second attempt; jitter shortens it by up to half
local MAX_BACKOFF_SECONDS = 8
local SERVER_ERROR_SECONDS = 5 -- the vendor's help page asks for this wait after a 5xx
local HANDSHAKE_CODE = 35 -- CURLE_SSL_CONNECT_ERROR: the handshake failed; an untrusted certificate has another code
local RETRYABLE_STATUS = { [500] = true, [502] = true, [503] = true, [504] = true }

local retry = {}

---Returns whether another attempt may follow a failed attempt. After any temporary failure, cmr repeats a call that is
---harmless to repeat. cmr repeats any other call only if the server never saw the call, or refused it because of the
---rate limit.
---@param err cmr.Error the error of the attempt
---@param repeatable boolean Whether doing the call twice is harmless, as for a GET.
function retry.again(err, repeatable)
  local safe = repeatable or err.outcome == "not_sent"
  if err.kind == "rate_limited" then return true end
  if err.kind == "network" or err.kind == "timeout" then return safe end
  -- with any other code, a new handshake would fail again
  if err.kind == "tls" then return safe and err.curl_code == HANDSHAKE_CODE end
  return repeatable and err.kind == "server_error" and RETRYABLE_STATUS[err.status] == true
end

---Returns whether another attempt is harmless. If it may do harm, cmr does not call the user's function `retry`.
---@param repeatable boolean whether doing the call twice is harmless
---@param outcome cmr.Outcome the outcome of all attempts so far
function retry.is_safe(repeatable, outcome)
  return repeatable or outcome ~= "unknown"
end

---Returns whether a retry after this error counts against the retry budget. A retry does not count if the server
---refused the previous attempt, whatever the reason.
function retry.is_outage(err)
  return err.kind ~= "rate_limited" and err.outcome ~= "rejected"
end

---Returns the wait before the next attempt.
---@param err cmr.Error the error of the last attempt
---@param attempts integer the number of attempts so far
---@param left number The seconds that are left until the call's timeout.
---@param jitter fun(): number Returns a number from 0 to 1.
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
