---A store has the data that calls, webhooks and workers share. The stores differ in their reach: one process (memory),
---one nginx (shdict), one machine (sqlite) or many hosts (redis).

local shared_dict = require "cmr.util.shared_dict"
local validate = require "cmr.util.validate"

---A store has claims, lists of texts, and counters. A claim, a list and a counter may have the same name. Times are in
---seconds.
---@class cmr.Store
---Claims a name for `lease` seconds. Returns a token. If the name is already claimed, returns nil, "busy" and the
---seconds until that claim ends. If the name is marked as done, returns nil and "done". If the store fails, returns
---nil, "unavailable" and a message. When the holder of a claim crashes, the name becomes free at the end of the lease.
---@field claim fun(self: cmr.Store, name: string, lease: number): any, string?, any
---
---Marks the name as done for `ttl` seconds. This also works after the end of the claim, while the name is free.
---@field done fun(self: cmr.Store, name: string, token: any, ttl: number): true?, string?
---
---Makes the claim end `lease` seconds from now.
---@field renew fun(self: cmr.Store, name: string, token: any, lease: number): true?, string?
---
---Frees the name.
---@field release fun(self: cmr.Store, name: string, token: any): true?, string?
---
---Adds a text to a list, and keeps the list for `ttl` seconds from now. Returns nil and "full" when there is no room
---now. Returns nil and "too_large" when the text would not fit into an empty store.
---@field append fun(self: cmr.Store, name: string, text: string, ttl: number): true?, string?
---
---Returns the texts of a list, oldest first.
---@field list fun(self: cmr.Store, name: string): string[]?, string?
---
---Removes one copy of a text from a list. Returns whether the text was in the list, or nil and a message.
---@field remove fun(self: cmr.Store, name: string, text: string): boolean?, string?
---
---Adds one to the count of the last `window` seconds. Returns the new count. If the count is already `limit`, returns
---nil, "exhausted" and the seconds until the count can rise again. If the store fails, returns nil, "unavailable" and
---a message.
---@field count fun(self: cmr.Store, name: string, limit: integer, window: number): integer?, string?, any
---
---Undoes the latest count.
---@field uncount fun(self: cmr.Store, name: string): true?, string?

local store = {
  RULE = validate.methods( -- the rule for an option that is a store
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
  QUOTA = "quota:", -- the names of quotas begin with this
  TRIES = "tries:", -- the names of the counters of deliveries begin with this
}

local process_store

---Returns the store to use if no option names a store or a ledger. If nginx declares lua_shared_dict cmr, the store
---uses this dictionary. It also uses cmr_events and cmr_claims, if nginx declares them. Without the dictionary
---cmr, the store is in the memory of this process.
function store.default()
  local dict = shared_dict.default()
  if dict then
    local events, claims = shared_dict.find(shared_dict.EVENTS), shared_dict.find(shared_dict.CLAIMS)
    return require("cmr.store.shdict").new(dict, events, claims)
  end
  process_store = process_store or require("cmr.store.memory").new()
  return process_store
end

---Returns whether a store is the default store in this process's memory. No other process can add to that store.
function store.is_of_process(self)
  return self == process_store
end

---Adds one to the count in a sliding window, unless the count has reached the limit. Changes only `times`.
---@param times number[] The times of the counts, oldest first. The function removes the times before the window.
---@param now number
---@param limit integer
---@param window number seconds
---@return integer? count Nil when the count is already `limit`.
---@return number? wait The seconds until the count falls below `limit`.
function store.count_in_window(times, now, limit, window)
  while times[1] and times[1] + window <= now do
    table.remove(times, 1)
  end
  if #times >= limit then return nil, times[#times - limit + 1] + window - now end
  times[#times + 1] = now
  return #times
end

return store
