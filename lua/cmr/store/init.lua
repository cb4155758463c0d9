---A store holds what calls, webhooks and workers share: in one process (memory), in one nginx (shdict), on one machine
---(sqlite), or on many hosts (redis).

local shared_dict = require "cmr.util.shared_dict"
local validate = require "cmr.util.validate"

---Holds claims, lists of texts, and counters. Names of the three never collide. Times are in seconds.
---@class cmr.Store
---Claims a name for `lease` seconds. Returns a token; or nil, "busy" and the seconds that another claim has left; nil,
---"done"; nil, "unavailable" and a message. If the holder crashes, the claim becomes free when its lease ends.
---@field claim fun(self: cmr.Store, name: string, lease: number): any, string?, any
---Marks the name as done for `ttl` seconds, even if the claim has ended and the name is free.
---@field done fun(self: cmr.Store, name: string, token: any, ttl: number): true?, string?
---Lets the claim end `lease` seconds from now.
---@field renew fun(self: cmr.Store, name: string, token: any, lease: number): true?, string?
---Frees the name.
---@field release fun(self: cmr.Store, name: string, token: any): true?, string?
---Adds a text to the list of that name and keeps the list for `ttl` seconds more. nil, "full": there is no room now;
---nil, "too_large": it would not fit into an empty store.
---@field append fun(self: cmr.Store, name: string, text: string, ttl: number): true?, string?
---The texts of a list, oldest first.
---@field list fun(self: cmr.Store, name: string): string[]?, string?
---Removes a text from a list, once. Returns whether it was there; or nil and a message.
---@field remove fun(self: cmr.Store, name: string, text: string): boolean?, string?
---Counts one more within the last `window` seconds. Returns the new count; nil, "exhausted" and the seconds until the
---next one fits, when there are `limit` already; or nil, "unavailable" and a message.
---@field count fun(self: cmr.Store, name: string, limit: integer, window: number): integer?, string?, any
---Takes back the latest count.
---@field uncount fun(self: cmr.Store, name: string): true?, string?

local store = {
  RULE = validate.methods( -- for options
    "claim",
    "done",
    "renew",
    "release",
    "append",
    "list",
    "remove",
    "count",
    "uncount"
  ),
  LEASE_OVER = "the lease is over",
  QUOTA = "quota:", -- how the names of quotas begin
  TRIES = "tries:", -- an event's counter of deliveries has a name that begins with this
}

local process_store

---Returns the store to use without an option: lua_shared_dict cmr in nginx, if declared, with cmr_events and
---cmr_claims; else one of this process.
function store.default()
  local dict = shared_dict.default()
  if dict then
    local events, claims = shared_dict.find(shared_dict.EVENTS), shared_dict.find(shared_dict.CLAIMS)
    return require("cmr.store.shdict").new(dict, events, claims)
  end
  process_store = process_store or require("cmr.store.memory").new()
  return process_store
end

---Returns whether a store belongs to this process alone, as a client's does without the option. No other process adds
---to it.
function store.is_of_process(self)
  return self == process_store
end

---Counts one more in a sliding window. Pure.
---@param times number[] when each one was counted, oldest first; those before the window are removed
---@param now number
---@param limit integer
---@param window number seconds
---@return integer? count nil: there are `limit` already
---@return number? wait seconds until the oldest of them leaves the window
function store.count_in_window(times, now, limit, window)
  while times[1] and times[1] + window <= now do
    table.remove(times, 1)
  end
  if #times >= limit then return nil, times[#times - limit + 1] + window - now end
  times[#times + 1] = now
  return #times
end

return store
