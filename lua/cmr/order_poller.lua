---Polls the statuses of orders. A process has one poller for each key. All coroutines that wait for an order share the
---polls of this order. The poller uses only a share of the rate limit, and lets all other calls go first.

local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local sender = require "cmr.sender"

local unpack = table.unpack or unpack

local POLL_SHARE = 0.25 -- the share of the rate that polls may use
local UNLIMITED_RATE = 4 -- requests per second; the polls of a client without a rate limit use a share of this rate
local MAX_QUEUE_SECONDS = 0.01 -- a poll takes a slot of the rate limit only if the slot is free now
local MAX_STATUS_SECONDS = 10
local RETRY_SECONDS = 0.5 -- the wait after a poll that found no free slot
local MAX_JITTER = 0.1 -- as a share of the time between two polls
-- An order counts as watched for this long after the last Watch:poll. nginx may end a request that waits, and then
-- nothing calls Watch:leave.
local ACTIVE_SECONDS = 15

---@class cmr.OrderWatch
local Watch = {}
Watch.__index = Watch

local poller = {}

local keys = {} -- key and base URL -> {free_at, orders = {id -> {due_at, seen_at, watchers, answer}}}

-- Returns how many polls per second this process may send. All workers of an nginx get the same share.
local function share_of(rate)
  local ngx = package.loaded.ngx
  local workers = ngx and ngx.worker and ngx.worker.count and ngx.worker.count() or 1
  return (rate or UNLIMITED_RATE) * POLL_SHARE / workers
end

-- Makes a limiter that reserves a slot only if the wait for it is at most MAX_QUEUE_SECONDS. The last argument of
-- `reserve` is the longest wait.
local function behind(limiter)
  return {
    reserve = function(_, key, ...)
      local args = { n = select("#", ...), ... }
      args[args.n] = math.min(args[args.n], MAX_QUEUE_SECONDS)
      return limiter:reserve(key, unpack(args, 1, args.n))
    end,
    pause = function(_, ...)
      return limiter:pause(...)
    end,
  }
end

local function is_active(order, now)
  return math.abs(now - order.seen_at) <= ACTIVE_SECONDS
end

---Begins to watch an order.
---@param client cmr.Client
---@param order string
---@param user? string
---@param interval number The seconds between two polls.
---@param now number
function poller.watch(client, order, user, interval, now)
  local state = client._state
  local opts = state.options
  local name = ("%s %s"):format(state.target:key_id(), tostring(state.target))
  local key = keys[name] or { free_at = -math.huge, orders = {} }
  keys[name] = key
  for id, other in pairs(key.orders) do
    if not is_active(other, now) then key.orders[id] = nil end
  end
  local self = setmetatable({
    client = client,
    key = key,
    key_name = name,
    id = order,
    user = user,
    interval = interval,
    spacing = 1 / share_of(opts.rate),
    jitter = opts.jitter or sender.jitter,
  }, Watch)
  local shared = key.orders[order] or { due_at = math.huge, watchers = 0 }
  key.orders[order] = shared
  shared.watchers = shared.watchers + 1
  shared.due_at, shared.seen_at = math.min(shared.due_at, now + self:jittered(interval)), now
  self.order, self.seen = shared, shared.answer
  return self
end

function Watch:jittered(seconds)
  return seconds * (1 + MAX_JITTER * self.jitter())
end

-- Returns the time between two polls of one order. The time is longer if there are too many orders for the poller's
-- share of the rate.
function Watch:pause(now)
  local count = 0
  for _, order in pairs(self.key.orders) do
    if is_active(order, now) then count = count + 1 end
  end
  return self:jittered(math.max(self.interval, self.spacing * count))
end

-- Reserves the key's next poll for this order and returns true. If the order is not due, or if the key's last poll was
-- too recent, reserves nothing and returns false.
function Watch:claim(now)
  local key, order = self.key, self.order
  local is_taken = key.free_at > now and key.free_at <= now + self.spacing -- also false if the clock was set back
  if order.due_at > now or is_taken then return false end
  key.free_at = now + self.spacing
  local pause = self:pause(now)
  order.due_at = order.due_at + pause > now and order.due_at + pause or now + pause
  return true
end

local function request(self, left)
  local state = self.client._state
  local client = self.client:with {
    timeout = math.max(0.001, math.min(MAX_STATUS_SECONDS, left)),
    retries = 0,
    limiter = behind(state.limiter),
  }
  return client:order_status { orderId = self.id, userId = self.user }
end

---Polls the order if it is due.
---@param now number
---@param left number The seconds that the poll may take.
---@return boolean is_new Whether there is a new answer, from this poll or from the poll of another coroutine.
---@return cmr.Answer? res
---@return cmr.Error? err
function Watch:poll(now, left)
  local order = self.order
  order.seen_at = now
  self.key.orders[self.id] = order
  if order.answer == self.seen then
    if self.client._state.closed or not self:claim(now) then return false end
    local ok, res, message, err = coroutines.protect(request, self, left)
    if not ok then
      res, err = nil, core.error { kind = "network", outcome = "unknown", message = tostring(res), attempts = 0 }
    end
    if err and err.outcome == "not_sent" and err.kind == "rate_limited" then -- no free slot: other calls go first
      order.due_at = now + self:jittered(RETRY_SECONDS)
      return false
    end
    order.answer = { res = res, err = err, message = message }
  end
  self.seen = order.answer
  return true, order.answer.res, order.answer.err
end

---Ends the watch.
function Watch:leave()
  self.order.watchers = self.order.watchers - 1
  local key = self.key
  if self.order.watchers <= 0 and key.orders[self.id] == self.order then key.orders[self.id] = nil end
  if next(key.orders) == nil and keys[self.key_name] == key then keys[self.key_name] = nil end
end

return poller
