---Counts a mailbox's re-exports. The API allows 3 in a week. Before a client sends a re-export, it counts the re-export
---in its store, under the mailbox's id or address. The API also counts the re-exports that users start in the
---dashboard. The client cannot see these re-exports, so it also stores the API's refusals.

local log = require "cmr.util.log"
local stores = require "cmr.store"
local text = require "cmr.util.text"

local MAX_REEXPORTS = 3 -- maximum within WINDOW_SECONDS
local WINDOW_SECONDS = text.WEEK
-- How long a refusal without Retry-After is in force. A week would be too long. Some counted re-exports may be days
-- old, for example re-exports from the dashboard, so the quota may be free again soon.
local REFUSAL_SECONDS = text.DAY
local MAX_NAME_BYTES = 80 -- the longest name of a mailbox in a message

local quota = {}

-- Returns the id or the address of a call's mailbox, or nil if the call has neither.
local function mailbox_of(call)
  local args = call:arguments()
  local name = args.mailboxId or args.email
  return name and require("cmr.ledger.identity").normal(name)
end

-- Returns the number of seconds for which the API's last refusal is still in force, or nil if none is in force.
local function refused_for(store, name)
  local refusals = store:list(name) or {}
  local left = #refusals > 0 and tonumber(refusals[#refusals]) - os.time() or 0
  return left > 0 and left or nil
end

---Counts a call that is about to be sent.
---@param operation cmr.Operation? The call's operation; nil for a raw request.
---@return table? reservation The argument for quota.failed; nil for a call without a quota.
---@return string? message The reason why the call must not be sent.
---@return number? seconds The time until the call may be sent.
function quota.reserve(state, call, operation)
  if not operation or not operation.flags.quota then return nil end
  local mode = state.options.reexport_quota
  local mailbox = mode and mailbox_of(call)
  if not mailbox then return nil end
  local store = state.store
  local reservation = { store = store, name = stores.QUOTA .. state.target:key_id() .. ":" .. mailbox }
  local left = refused_for(store, reservation.name)
  if not left then
    local count, reason, seconds = store:count(reservation.name, MAX_REEXPORTS, WINDOW_SECONDS)
    reservation.counted = count ~= nil
    left = reason == "exhausted" and seconds or nil -- nil if the store is unavailable: the call is sent
  end
  if not left then return reservation end
  local shown = text.cut(mailbox:gsub("%c", "?"), MAX_NAME_BYTES)
  local message = "the %d re-exports of mailbox %s within a week are used up; the next in %s"
  message = message:format(MAX_REEXPORTS, shown, text.duration(left))
  if mode == "enforce" then return nil, message, left end
  log.warn("%s: %s; sent all the same", operation.name, message)
  return reservation
end

---Undoes the count of quota.reserve if the API certainly did not accept the call. If the API refused the call because
---the quota is used up, also stores the refusal.
---@param reservation table? The result of quota.reserve.
---@param err cmr.Error The error, with the outcome of all attempts.
function quota.failed(reservation, err)
  if not reservation then return end
  local store, name = reservation.store, reservation.name
  if reservation.counted and err.outcome ~= "unknown" then store:uncount(name) end
  if err.kind == "quota_exceeded" then
    local seconds = math.min(WINDOW_SECONDS, err.retry_after or REFUSAL_SECONDS)
    store:append(name, ("%.0f"):format(os.time() + seconds), seconds)
  end
end

return quota
