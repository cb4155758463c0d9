--- What is done with a delivery, wherever it arrives: verified, claimed, kept for who awaits it, handled once, marked.
--
-- The vendor wants an answer within 60 s; after any other than 200 it tries again, about 30 s and 5 min later (help).
-- The lease is longer than a handler should run, so that nobody starts beside one that is slow, and shorter than that:
-- what a crash left undone is free when the last try comes.

local core = require "cmr.core"
local raise = require("cmr.util.errors").raise
local scrub = require "cmr.util.redact"
local stores = require "cmr.store"
local verify = require "cmr.webhook.verify"

local Receiver = {
  -- Defaults.
  lease = 240, -- seconds that a handler may take before the event is anybody's again
  done_ttl = 7 * 24 * 3600, -- seconds for which a duplicate is known
  event_ttl = 3600, -- seconds for which client:await finds an event
  store_passwords = false, -- whether what it finds has the passwords
}
Receiver.__index = Receiver

local LONGEST = 300 -- bytes of a handler's message in the log

local function is_time(value)
  return type(value) == "number" and value >= 1 and value < math.huge, "seconds, 1 or more"
end

local checks = {
  lease = is_time,
  done_ttl = is_time,
  event_ttl = is_time,
  store_passwords = function(value)
    return type(value) == "boolean", "boolean"
  end,
  store = stores.is_one,
  log = function(value)
    return type(value) == "function", "function"
  end,
  on = function(value)
    for name, handler in pairs(type(value) == "table" and value or { false }) do
      if type(name) ~= "string" or type(handler) ~= "function" then
        return false, "a table of event names and functions"
      end
    end
    return true
  end,
}

local function log(level, message)
  local ngx = package.loaded.ngx
  if ngx then
    ngx.log(ngx[level], message)
  else
    io.stderr:write(message, "\n")
  end
end

--- One that receives.
-- @tparam table given see cmr.webhook.handler
-- @tparam string caller for messages
-- @treturn table receiver
function Receiver.new(given, caller)
  if type(given) ~= "table" then raise(caller .. ": a table of options expected, got " .. type(given)) end
  local self = { on = {}, verify = {}, log = log }
  for name, value in pairs(given) do
    local check = checks[name]
    local good, expected = true, nil
    if check then
      good, expected = check(value)
    end
    if not good then raise(("%s: bad option '%s' (%s expected)"):format(caller, name, expected)) end
    (check and self or self.verify)[name] = value
  end
  verify.check(self.verify, caller)
  self.store = self.store or stores.here()
  return setmetatable(self, Receiver)
end

function Receiver:say(level, message, ...)
  self.log(level, "cmr webhook: " .. message:format(...))
end

-- What a claim and a log line call an event; no control character of it gets into a log.
local function names_of(event)
  local known = verify.info(event)
  return "event:" .. known.id, ("%s %s"):format(known.event, known.id):gsub("%c", "?"):sub(1, LONGEST)
end

-- Keeps an event for whoever awaits the outcome of what it belongs to: true, or nil and why not.
local function keep(self, event, keys, secrets)
  local data = type(event.data) == "table" and event.data or {}
  local text
  for prefix, id in pairs { ["action:"] = data.actionId or false, ["order:"] = data.orderId or false } do
    if type(id) == "string" and id ~= "" then
      text = text or core.json_encode(scrub.copy(event, self.store_passwords and keys or secrets, self.store_passwords))
      local fine, why = self.store:append(prefix .. id, text, self.event_ttl)
      if not fine then return nil, why end
    end
  end
  return true
end

-- Runs the user's function: true, or nil and why not.
local function handle(on, event, secrets)
  local fine, result, why = pcall(on, event)
  if fine and (result or result == nil and why == nil) then return true end
  if fine then
    why = why == nil and "it returned false" or why
  else
    why = result
  end
  local told, message = pcall(tostring, why)
  return nil, scrub.mask(told and message or type(why), secrets):gsub("%c", " "):sub(1, LONGEST)
end

-- The event is ours: the status to answer with.
local function attempt(self, event, label)
  local keys = self.verify.api_key or os.getenv "CMR_API_KEY"
  keys = type(keys) == "table" and keys or { keys }
  local secrets = scrub.secrets(event, keys)
  local fine, why = keep(self, event, keys, secrets)
  if not fine then
    self:say("ERR", "%s: it could not be kept: %s", label, why)
    if why ~= "full" then -- for what will never fit nobody need come again
      return 503
    end
  end
  local on = self.on[verify.info(event).event] or self.on["*"]
  if on then
    fine, why = handle(on, event, secrets)
    if not fine then
      self:say("ERR", "%s: its handler failed: %s", label, why)
      return 500
    end
  end
  return 200
end

-- What was done is done, also when that cannot be marked, or a store of the user's own raises: the vendor need not come
-- again.
local function finish(self, status, claim, token, label)
  local method = status == 200 and "done" or "release"
  local returned, fine, why = pcall(self.store[method], self.store, claim, token, self.done_ttl)
  if not returned then
    fine, why = nil, tostring(fine)
  end
  if not fine then
    self:say("ERR", "%s: its claim could not be %s: %s", label, status == 200 and "marked done" or "given back", why)
  end
  return status
end

--- Receives a delivery.
-- @tparam string body as it was sent
-- @tparam table headers name = value
-- @treturn number the HTTP status to answer with: 200 the event is done, now or before; 400, 401, 413 the delivery is
-- refused; 500 its handler failed, or there is no key; 503 it is being handled elsewhere, or the store is away
function Receiver:receive(body, headers)
  local event, why, err = verify.verify(body, headers, self.verify)
  if not event then
    self:say(err.status == 500 and "ERR" or "WARN", "refused (%s): %s", err.kind, why)
    return err.status
  end
  local claim, label = names_of(event)
  local token, state, more = self.store:claim(claim, self.lease)
  if token then
    return finish(self, attempt(self, event, label), claim, token, label)
  elseif state == "done" then
    return 200
  elseif state == "busy" then
    self:say("WARN", "%s: it is being handled, for %.0f s more at the most", label, more)
  else
    self:say("ERR", "%s: the store is away: %s", label, more)
  end
  return 503
end

return Receiver
