---Receives deliveries. The receiver verifies each delivery and claims its event. Then the receiver stores the event for
---client:await, handles the event and marks the event as done.
---
---The vendor expects an answer within 60 s. After any status other than 200, the vendor delivers again about 30 s and
---about 5 min later (help page). A claim's lease must outlast a slow handler, so that no second handler starts. After a
---crash of the handler, the lease must end before the vendor's last delivery, so that this delivery is handled.

local core = require "cmr.core"
local dead_letters = require "cmr.webhook.dead_letters"
local early_exit = require "cmr.webhook.early_exit"
local errors = require "cmr.util.errors"
local event_lists = require "cmr.webhook.event_lists"
local events = require "cmr.webhook.events"
local log = require "cmr.util.log"
local redact = require "cmr.util.redact"
local redelivery = require "cmr.webhook.redelivery"
local request_body = require "cmr.util.request_body"
local shared_dict = require "cmr.util.shared_dict"
local stores = require "cmr.store"
local tables = require "cmr.util.tables"
local text = require "cmr.util.text"
local validate = require "cmr.util.validate"
local verify = require "cmr.webhook.verify"

---A function that handles an event. The function fails if it raises an error, or returns false, or returns nil and a
---message. The vendor then gets a 500 and delivers again. The function should end within the 60 s for which the vendor
---waits. It must end within the lease, or renew the lease. It may end the request itself, for example with ngx.exit.
---The event then counts as handled if the status is from 200 to 299.
---@alias cmr.EventHandler fun(event: cmr.Event, delivery: cmr.HandlerDelivery): any, any

---The second argument of a handler.
---@class cmr.HandlerDelivery
---@field tries integer The number of deliveries of the event so far.
---@field is_replay boolean Whether the event comes from the dead letters.
---
---Renews the lease: it then ends `seconds` from now. The default of `seconds` is the option `lease`. Returns nil and a
---message if the lease is already over; another worker may then handle the event.
---@field renew fun(self: cmr.HandlerDelivery, seconds?: number): true?, string?

---Options of cmr.webhook.handler and cmr.webhook.receiver.
---@class cmr.HandlerOptions: cmr.VerifyOptions
---The handlers by event name. "*" handles all other events. Without "*", the receiver answers other events with 200.
---@field on? cmr.Handlers|table<string, cmr.EventHandler>
---
---Default: nginx's lua_shared_dict cmr if it is declared, else this process's memory. With the dictionary cmr,
---the default also uses cmr_events and cmr_claims, if nginx declares them.
---@field store? cmr.Store
---@field lease? number Seconds after which an event can be handled again if its handler crashed. Default: 240.
---
---Seconds for which cmr recognises a duplicate. For an event without an eventId, the maximum is the sum of `tolerance`
---and 10 minutes: see cmr.webhook.id. Default: 7 days.
---@field done_ttl? number
---@field event_ttl? number Seconds for which client:await finds an event. Default: 3600.
---@field dead_ttl? number Seconds for which cmr keeps a dead letter. Default: 30 days.
---
---Whether client:await and the dead letters get the passwords. At a delivery, the handler always gets them.
---Default: false.
---@field store_passwords? boolean
---@field log? fun(level: "WARN"|"ERR", message: string) Default: nginx's error log; outside nginx, standard error.

---Receives webhooks in any server. See cmr.webhook.receiver.
---@class cmr.Receiver
local Receiver = {}
Receiver.__index = Receiver
Receiver.__name = "cmr.webhook.receiver"

local SPEC = {
  on = {
    expected = "a table of event names and functions",
    test = function(value)
      if type(value) ~= "table" then return false end
      for name, handler in pairs(value) do
        if type(name) ~= "string" or type(handler) ~= "function" then return false end
      end
      return true
    end,
  },
  store = stores.RULE,
  lease = validate.number(1, 1e9, "seconds"),
  done_ttl = validate.number(1, 1e9, "seconds"),
  event_ttl = validate.number(1, 1e9, "seconds"),
  dead_ttl = validate.number(1, 1e9, "seconds"),
  store_passwords = "boolean",
  log = "function",
}
local DEFAULTS = {
  on = {},
  lease = 240,
  done_ttl = text.WEEK,
  event_ttl = text.HOUR,
  dead_ttl = 30 * text.DAY,
  store_passwords = false,
}
for name, rule in pairs(verify.SPEC) do
  SPEC[name], DEFAULTS[name] = rule, verify.DEFAULTS[name]
end

local MAX_TRIES = 1e6
-- The store keeps the count of an event's deliveries for at least a day, because a handler may take hours. If dead_ttl
-- is longer, the store keeps the count for dead_ttl, because the event may have a dead letter for that time. The count
-- of an event without an eventId is an exception: the store keeps it for at most redelivery.same_event_seconds.
local TRIES_SECONDS = text.DAY
local HASH_BYTES = 16 -- so short that the mark of a handled event fits into a dictionary entry of 128 bytes

local MAX_LABEL_BYTES = 300 -- the maximum for an event's description in the log, and for a handler's message

local LOGGERS = { WARN = log.warn, ERR = log.error }

---Makes a receiver.
---@param caller string The name of the calling function, for messages.
---@param options cmr.HandlerOptions
function Receiver.new(caller, options)
  if options == nil then errors.raise(caller .. ": a table of options expected, got nil") end
  local opts = validate.options(caller, SPEC, DEFAULTS, options)
  local problem = verify.problem_with_key(opts)
  if problem then errors.raise(caller .. ": " .. problem) end
  early_exit.watch()
  return setmetatable({ opts = opts, store = opts.store or stores.default() }, Receiver)
end

local function report(self, level, format, ...)
  local message = "webhook: " .. format:format(...)
  if self.opts.log then
    errors.call_hook(self.opts.log, level, "cmr " .. message)
  else
    LOGGERS[level]("%s", message)
  end
end

-- Returns an event's description for the log. The description is one line, whatever the event contains.
local function label_of(info)
  return (text.cut((("%s %s"):format(info.event, info.id):gsub("%c", "?")), MAX_LABEL_BYTES))
end

-- Returns a hash that is the same for all deliveries of an event. If the event has an id and data, hashes its name, id
-- and data. Leaves out the event's other members: they may contain a timestamp that differs between deliveries. The id
-- alone is not enough, because the vendor may send several events with one id. Hashes any other event as a whole.
local function hash_of(event, info)
  local id = events.event_id(event)
  local content = id and { info.event, id, type(event.data) == "table" and event.data or event } or event
  return core.hex(core.sha256(tables.canonical(content)):sub(1, HASH_BYTES))
end

-- Makes a job, which has everything that the handling of an event needs.
local function new_job(self, event, info, is_replay)
  local hash = hash_of(event, info)
  local keys = verify.keys(self.opts)
  local secrets, store_passwords = redact.secrets(event, keys), self.opts.store_passwords
  local same_event_seconds = redelivery.same_event_seconds(event, self.opts.tolerance)
  return {
    event = event,
    info = info,
    hash = hash,
    claim = "event:" .. hash,
    counter = stores.TRIES .. hash,
    same_event_seconds = same_event_seconds,
    done_ttl = math.min(self.opts.done_ttl, same_event_seconds),
    tries_ttl = math.min(math.max(TRIES_SECONDS, self.opts.dead_ttl), same_event_seconds),
    is_replay = is_replay or false,
    label = label_of(info),
    secrets = secrets,
    stored_event = function()
      return redact.copy(event, store_passwords and keys or secrets, store_passwords)
    end,
  }
end

-- Stores an event for client:await.
local function store_event(self, job)
  local stored_seconds = job.is_replay and math.huge or job.tries > 1 and job.same_event_seconds or 0
  return event_lists.put(self.store, job.event, job.stored_event, self.opts.event_ttl, stored_seconds)
end

-- Stores a letter for the job's event. The letter becomes dead after `seconds` seconds. For an event that is too large
-- for the store, the caller omits `seconds`: the letter is dead at once.
local function put_letter(self, job, reason, seconds)
  local info, now = job.info, os.time()
  return dead_letters.put(self.store, {
    id = job.hash,
    name = info.event,
    event_id = events.event_id(job.event),
    failed_at = now,
    dead_at = seconds and now + seconds,
    tries = job.tries,
    reason = reason,
    event = job.stored_event(),
    info = {
      event = info.event,
      id = info.id,
      signature_format = info.signature_format,
      timestamp = info.timestamp,
      timestamp_signed = info.timestamp_signed,
      key = info.key,
    },
  }, self.opts.dead_ttl + (seconds or 0), job.same_event_seconds)
end

-- Stores a letter. Reports an error if the store has no letter about the event, or if the letter is dead at once.
local function put_dead_letter(self, job, reason, seconds)
  local ok, message = put_letter(self, job, reason, seconds)
  if not ok then
    local format = "%s: it is lost unless it is delivered again, for no dead letter could be stored: %s"
    report(self, "ERR", format, job.label, message)
  elseif (seconds or 0) == 0 then
    report(self, "ERR", "%s: it is a dead letter now: %s", job.label, reason)
  end
end

-- Counts a delivery of an event, and returns the number of deliveries so far. Returns 1 if the store fails.
local function count_try(self, job)
  return self.store:count(job.counter, MAX_TRIES, job.tries_ttl) or 1
end

-- Ends the claim. If the event failed, stores its letter. From the third delivery on, the letter is dead at once. An
-- earlier delivery's letter becomes dead after redelivery.SECONDS, unless a later delivery is handled. In a replay, the
-- event keeps its letter. An error of the store does not change the answer to the vendor.
local function finish(self, job, is_handled, reason)
  if job.is_finished then return end
  job.is_finished = true
  local method = is_handled and "done" or "release"
  local returned, ok, message = pcall(function()
    if not job.is_replay and is_handled then
      if job.tries > 1 then dead_letters.settle(self.store, job.hash, job.same_event_seconds) end
      for _ = 1, job.tries do
        self.store:uncount(job.counter)
      end
    elseif not job.is_replay then
      self.store:uncount(job.counter)
      job.tries = math.max(job.tries, count_try(self, job)) -- other deliveries may have come while the handler ran
      put_dead_letter(self, job, reason, job.tries < redelivery.MAX_TRIES and redelivery.SECONDS or 0)
    end
    return self.store[method](self.store, job.claim, job.token, job.done_ttl)
  end)
  if not returned then
    ok, message = nil, tostring(ok)
  end
  if not ok then
    local action = is_handled and "marked as done" or "released"
    report(self, "ERR", "%s: its claim could not be %s: %s", job.label, action, message)
  end
end

-- Makes the second argument of a handler.
local function new_delivery(self, job)
  return {
    tries = job.tries,
    is_replay = job.is_replay,
    renew = function(_, seconds)
      return self.store:renew(job.claim, job.token, seconds or self.opts.lease)
    end,
  }
end

-- Returns a handler's message without secrets, on one line.
local function shown(job, message)
  local ok, words = pcall(tostring, message)
  words = redact.mask(ok and words or type(message), job.secrets):gsub("%c", " ")
  return (text.cut(words, MAX_LABEL_BYTES))
end

-- Runs the user's handler. Returns true, or nil and a message.
local function run_handler(self, job, handler)
  local function settle(is_success, reason)
    if not is_success then report(self, "ERR", "%s: its handler failed: %s", job.label, reason) end
    finish(self, job, is_success, reason)
  end
  local returned, result, message = early_exit.call(settle, handler, job.event, new_delivery(self, job))
  if not returned then
    message = result
  elseif result or result == nil and message == nil then
    return true
  elseif message == nil then
    message = "it returned false"
  end
  return nil, shown(job, message)
end

-- Stores and handles an event that this worker has claimed. Returns the HTTP status. If the status is not 200, also
-- returns a message.
local function handle(self, job)
  local ok, message = store_event(self, job)
  if not ok then
    report(self, "ERR", "%s: could not be stored: %s", job.label, message)
    if message ~= "too_large" then return 503, "could not be stored: " .. message end
    -- no later delivery could store the event either
    put_dead_letter(self, job, "client:await cannot find it: it is too large for the store")
  end
  local handler = self.opts.on[job.info.event] or self.opts.on["*"]
  if handler then
    if job.tries > 1 and not job.is_replay then
      -- an earlier delivery was not handled; if this handler crashes the process, the letter saves the event
      put_letter(self, job, "its handler did not end", redelivery.SECONDS)
    end
    ok, message = run_handler(self, job, handler)
    if not ok then
      report(self, "ERR", "%s: its handler failed: %s", job.label, message)
      return 500, "its handler failed: " .. message
    end
  end
  return 200
end

-- Claims an event, and handles it. The claim fails if the event was handled before, or if another worker is handling
-- the event. Returns the HTTP status. If the status is not 200, also returns a message.
local function attempt(self, job)
  local token, state, detail = self.store:claim(job.claim, self.opts.lease)
  if state == "done" then return 200 end
  if token or state == "busy" then
    if not job.is_replay then job.tries = count_try(self, job) end
  end
  if token then
    job.token = token
    local status, message = handle(self, job)
    finish(self, job, status == 200, message)
    return status, message
  elseif state == "busy" then
    local message = ("being handled elsewhere, for %.0f s more at most"):format(detail)
    report(self, "WARN", "%s: %s", job.label, message)
    return 503, message
  end
  report(self, "ERR", "%s: the store is unavailable: %s", job.label, detail)
  return 503, "the store is unavailable: " .. detail
end

---Receives a delivery and returns the HTTP status to answer with. 200: the event was handled, now or earlier. 400, 401
---or 413: the delivery is refused. 500: the handler failed, or there is no key. 503: another request is handling the
---event, or the store is unavailable or full.
---@param raw_body string
---@param headers table<string, string|string[]> The headers. The case of a name does not matter.
---@return integer status
function Receiver:receive(raw_body, headers)
  local event, message, err = verify.delivery(raw_body, headers, self.opts)
  if not event then
    report(self, err.status == 500 and "ERR" or "WARN", "refused (%s): %s", err.kind, message)
    return err.status
  end
  local status = attempt(self, new_job(self, event, verify.info(event)))
  return status
end

---Returns the dead letters: events that could not be handled or stored, and that the vendor does not deliver again. A
---delivery fails if the handler fails or the store cannot store the event. If the third delivery fails, the event is a
---dead letter at once. If fewer deliveries come, the event is a dead letter 10 minutes after the last failure, unless
---another delivery is handled before that. An event that is too large for the store also becomes a dead letter.
---@return cmr.DeadLetter[]? letters The dead letters, oldest first.
---@return string? message
function Receiver:dead_letters()
  return dead_letters.list(self.store)
end

-- Calls the handler for the event of a dead letter. Returns true, or nil and a message.
local function replay(self, letter)
  if not letter.event then return nil, "there was no room to store its event" end
  local event = letter.event
  verify.remember(event, letter.info)
  local job = new_job(self, event, letter.info, true)
  -- The letter keeps the hash of the event as delivered. The stored event may lack secrets, so its hash may differ.
  job.hash, job.tries = dead_letters.hash(letter), letter.tries
  local may_be_delivered = os.time() - letter.failed_at < job.same_event_seconds
  -- While the event may still be delivered, the job uses the same claim as the deliveries. Later, the job uses the
  -- letter's own claim, because the deliveries' claim may belong to a newer event with the same hash.
  job.claim = may_be_delivered and "event:" .. job.hash or "dead:" .. letter.id
  local status, message = attempt(self, job)
  if status ~= 200 then return nil, message end
  local removed
  removed, message = dead_letters.remove(self.store, letter)
  if removed == nil then return nil, message end
  return true
end

-- Returns a list with the dead letter that has this id. Without an id, returns all dead letters.
local function find_dead_letters(self, id)
  if id == nil then return dead_letters.list(self.store) end
  local letter, message = dead_letters.find(self.store, id)
  return letter and { letter }, message
end

---Handles dead letters: stores each event for client:await, and calls the event's handler. Removes the dead letter of
---each handled event. If a later delivery has handled the event, removes the dead letter and does nothing else.
---@param id? string The id of one letter. Default: all letters.
---@return integer? count The number of handled events; nil if there is no such letter or the store is unavailable.
---@return string|table<string, string>|nil failures Reasons by id; nil if no letter failed. A message if count is nil.
function Receiver:replay(id)
  local letters, message = find_dead_letters(self, id)
  if not letters then return nil, message end
  local count, failures = 0, {}
  for _, letter in ipairs(letters) do
    local ok, reason = replay(self, letter)
    count = count + (ok and 1 or 0)
    failures[letter.id] = reason
  end
  return count, next(failures) and failures or nil
end

---Removes dead letters permanently.
---@param id? string The id of one letter. Default: all letters.
---@return integer? count The number of removed letters; nil if there is no such letter or the store is unavailable.
---@return string? message
function Receiver:drop(id)
  local letters, message = find_dead_letters(self, id)
  if not letters then return nil, message end
  for _, letter in ipairs(letters) do
    local removed
    removed, message = dead_letters.remove(self.store, letter)
    if removed == nil then return nil, message end
  end
  return #letters
end

-- Warns of missing dictionaries. If lua_shared_dict cmr is declared, only one worker warns.
local function warn_of_missing_dictionaries()
  local main, missing = shared_dict.default(), {}
  for _, name in ipairs { shared_dict.EVENTS, shared_dict.CLAIMS } do
    if not shared_dict.find(name) then missing[#missing + 1] = ("'lua_shared_dict %s 10m;'"):format(name) end
  end
  if not main and ngx.worker.count() > 1 then
    log.warn "no lua_shared_dict cmr: each worker recognises only the webhooks that it received itself"
  elseif main and missing[1] and main:add("cmr:warned", true) then
    log.warn(
      "handled events, awaited events and quotas share lua_shared_dict cmr, which loses its oldest entries when it is "
        .. "full; nginx.conf should also have %s",
      text.list(missing, "and")
    )
  end
end

---Makes a receiver for nginx. See cmr.webhook.handler.
function Receiver.handler(options)
  if not package.loaded.ngx then
    errors.raise "webhook.handler: works in nginx only; elsewhere use cmr.webhook.receiver"
  end
  local receiver = Receiver.new("webhook.handler", options)
  if not options.store then warn_of_missing_dictionaries() end
  local function receive()
    ngx.status = receiver:receive(request_body.read(), ngx.req.get_headers(0))
    ngx.header["Content-Length"] = 0
  end
  return receive, receiver
end

return Receiver
