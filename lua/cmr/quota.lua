--- The re-exports of a mailbox: 3 in a week, the dashboard's among them (seed). Counted here before they are sent, in
-- the client's store, by the id or the address that a call has; the dashboard's cannot be seen. The API decides in the
-- end: what it says is remembered.

local core = require "cmr.core"
local operations = require "cmr.operations"
local log = require "cmr.util.log"

local quota = {}

local COUNT, WEEK = 3, 7 * 24 * 3600
local DAY = 24 * 3600 -- a refusal that names no time is believed for so long: the dashboard's calls may be days old

-- The mailbox of a call that has a quota, as a name; nil when it has none.
local function mailbox_of(call)
  local row = operations[call:info().operation]
  local body = row and row.flags.quota and call:body()
  local given = body and core.json_decode(body) or {}
  return given.mailboxId or given.email and given.email:lower()
end

-- How long the API's own refusal still holds, seconds; nil when it never refused, or no longer does.
local function refused_for(store, name)
  local left
  for _, time in ipairs(store:list(name) or {}) do
    left = tonumber(time) - os.time()
  end
  return left and left > 0 and left or nil
end

local function in_words(seconds)
  if seconds < 3600 then return ("%.0f min"):format(math.ceil(seconds / 60)) end
  local text = seconds < DAY and ("%.1f h"):format(seconds / 3600) or ("%.1f days"):format(seconds / DAY)
  return (text:gsub("%.0 ", " "):gsub("^1 days", "1 day"))
end

--- Counts a call that is about to be made.
-- @tparam table state of the client: options.reexport_quota ("warn", "enforce" or false), store, target
-- @param call from the core
-- @treturn[1] table what quota.failed wants; nil for a call without a quota
-- @treturn[2] nil when it must not be made
-- @treturn[2] string why
-- @treturn[2] number seconds until it may
function quota.take(state, call)
  local mode = state.options.reexport_quota
  local mailbox = mode and mailbox_of(call)
  if not mailbox then return nil end
  local counted = { store = state.store, name = ("quota:%s:%s"):format(state.target:key_id(), mailbox) }
  local left = refused_for(counted.store, counted.name)
  if not left then
    local taken, reason, seconds = counted.store:count(counted.name, COUNT, WEEK)
    counted.taken = taken ~= nil
    left = reason == "exhausted" and seconds or nil
  end
  if not left then return counted end
  local message = ("the %d re-exports of mailbox %s within a week are used up; the next in %s"):format(
    COUNT,
    mailbox:gsub("%c", "?"):sub(1, 80),
    in_words(left)
  ) -- it is data: one line of a log, whatever it is
  if mode == "enforce" then return nil, message, left end
  log.warn("%s: %s; sent all the same", call:info().operation, message)
  return counted
end

--- What was not accepted does not count; that the API refused it for the quota is remembered.
-- @param counted what quota.take returned
-- @tparam table err of the call, its outcome that of all attempts
function quota.failed(counted, err)
  if not counted then return end
  if counted.taken and err.outcome ~= "unknown" then counted.store:uncount(counted.name) end
  if err.kind == "quota_exceeded" then
    local seconds = math.min(WEEK, err.retry_after or DAY)
    counted.store:append(counted.name, ("%.0f"):format(os.time() + seconds), seconds)
  end
end

return quota
