---Receives deliveries: verifies each, claims its event, stores it for client:await, handles it once, marks it as done.
---
---The vendor expects an answer within 60 s. After any other than 200 it tries again about 30 s and 5 min later (help).
---The lease must outlast a slow handler, so that no second one starts, and end before the vendor's last delivery, so
---that an event lost in a crash is handled then.

local core = require "cmr.core"
local errors = require "cmr.util.errors"
local log = require "cmr.util.log"
local redact = require "cmr.util.redact"
local request_body = require "cmr.util.request_body"
local shared_dict = require "cmr.util.shared_dict"
local stores = require "cmr.store"
local text = require "cmr.util.text"
local validate = require "cmr.util.validate"
local verify = require "cmr.webhook.verify"

---Handles an event. It has failed if it raises, or returns false, or nil and a message: the vendor then gets a 500 and
---tries again. It should end within the vendor's 60 s and must end within the lease.
---@alias cmr.EventHandler fun(event: cmr.Event): any, any

---Options of cmr.webhook.handler and cmr.webhook.receiver.
---@class cmr.HandlerOptions: cmr.VerifyOptions
---By event name; "*" for all others. Other events are answered with 200.
---@field on? cmr.Handlers|table<string, cmr.EventHandler>
---@field store? cmr.Store Default: lua_shared_dict cmr in nginx, if declared; else one per process.
---@field lease? number Seconds until an event whose handler crashed is handled again. Default: 240.
---@field done_ttl? number Seconds for which a duplicate is recognised. Default: 7 days.
---@field event_ttl? number Seconds for which client:await finds an event. Default: 3600.
---@field store_passwords? boolean Whether client:await sees the passwords. The handler always does. Default: false.
---@field log? fun(level: "WARN"|"ERR", message: string) Default: nginx's error log, else standard error.

---Receives webhooks in any server. See cmr.webhook.receiver.
---@class cmr.Receiver
local Receiver = {}
Receiver.__index = Receiver
Receiver.__name = "cmr.webhook.receiver"

local SPEC = {
  on = {
    expected = "a table of event names and functions",
    test = function(value)
      for name, handler in pairs(type(value) == "table" and value or { false }) do
        if type(name) ~= "string" or type(handler) ~= "function" then return false end
      end
      return true
    end,
  },
  store = stores.RULE,
  lease = validate.number(1, 1e9, "seconds"),
  done_ttl = validate.number(1, 1e9, "seconds"),
  event_ttl = validate.number(1, 1e9, "seconds"),
  store_passwords = "boolean",
  log = "function",
}
local DEFAULTS = { on = {}, lease = 240, done_ttl = text.WEEK, event_ttl = text.HOUR, store_passwords = false }
for name, rule in pairs(verify.SPEC) do
  SPEC[name], DEFAULTS[name] = rule, verify.DEFAULTS[name]
end

local MAX_LABEL_BYTES = 300 -- of an event, or of a handler's message, in the log

local LOGGERS = { WARN = log.warn, ERR = log.error }

---Makes a receiver.
---@param caller string for messages
---@param options cmr.HandlerOptions
function Receiver.new(caller, options)
  if options == nil then errors.raise(caller .. ": a table of options expected, got nil") end
  local opts = validate.options(caller, SPEC, DEFAULTS, options)
  local problem = verify.problem_with_key(opts)
  if problem then errors.raise(caller .. ": " .. problem) end
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

-- An event in the log: one line, whatever is in it.
local function label_of(info)
  return ("%s %s"):format(info.event, info.id):gsub("%c", "?"):sub(1, MAX_LABEL_BYTES)
end

-- Stores an event under the ids that client:await looks for.
local function store_event(self, event, keys, secrets)
  local data = type(event.data) == "table" and event.data or {}
  local store_passwords = self.opts.store_passwords
  local json
  for prefix, id in pairs { ["action:"] = data.actionId or false, ["order:"] = data.orderId or false } do
    if type(id) == "string" and id ~= "" then
      json = json or core.json_encode(redact.copy(event, store_passwords and keys or secrets, store_passwords))
      local ok, message = self.store:append(prefix .. id, json, self.opts.event_ttl)
      if not ok then return nil, message end
    end
  end
  return true
end

-- Runs the user's handler. The message of a failure has no secret in it.
local function run_handler(handler, event, secrets)
  local returned, result, message = pcall(handler, event)
  if not returned then
    message = result
  elseif result or result == nil and message == nil then
    return true
  elseif message == nil then
    message = "it returned false"
  end
  local ok, shown = pcall(tostring, message)
  return nil, redact.mask(ok and shown or type(message), secrets):gsub("%c", " "):sub(1, MAX_LABEL_BYTES)
end

-- Handles an event that this worker has claimed. Returns the HTTP status.
local function handle(self, event, info, label)
  local keys = verify.keys(self.opts)
  local secrets = redact.secrets(event, keys)
  local ok, message = store_event(self, event, keys, secrets)
  if not ok then
    report(self, "ERR", "%s: could not be stored: %s", label, message)
    if message ~= "full" then return 503 end -- "full": another delivery would not fit either
  end
  local handler = self.opts.on[info.event] or self.opts.on["*"]
  if handler then
    ok, message = run_handler(handler, event, secrets)
    if not ok then
      report(self, "ERR", "%s: its handler failed: %s", label, message)
      return 500
    end
  end
  return 200
end

-- Ends the claim. If that fails, or the user's store raises, the answer stays the same: the event was handled.
local function finish(self, status, claim, token, label)
  local method = status == 200 and "done" or "release"
  local returned, ok, message = pcall(self.store[method], self.store, claim, token, self.opts.done_ttl)
  if not returned then
    ok, message = nil, tostring(ok)
  end
  if not ok then
    local action = status == 200 and "marked as done" or "released"
    report(self, "ERR", "%s: its claim could not be %s: %s", label, action, message)
  end
  return status
end

---Receives a delivery and returns the HTTP status to answer with: 200 the event is handled, now or before; 400, 401,
---413 the delivery is refused; 500 the handler failed, or there is no key; 503 the event is being handled elsewhere, or
---the store is unavailable.
---@param raw_body string
---@param headers table<string, string|string[]> Names in any case.
---@return integer status
function Receiver:receive(raw_body, headers)
  local event, message, err = verify.delivery(raw_body, headers, self.opts)
  if not event then
    report(self, err.status == 500 and "ERR" or "WARN", "refused (%s): %s", err.kind, message)
    return err.status
  end
  local info = verify.info(event)
  local claim, label = "event:" .. info.id, label_of(info)
  local token, state, detail = self.store:claim(claim, self.opts.lease)
  if token then return finish(self, handle(self, event, info, label), claim, token, label) end
  if state == "done" then return 200 end
  if state == "busy" then
    report(self, "WARN", "%s: being handled elsewhere, for %.0f s more at most", label, detail)
  else
    report(self, "ERR", "%s: the store is unavailable: %s", label, detail)
  end
  return 503
end

---Makes a receiver for nginx. See cmr.webhook.handler.
function Receiver.handler(options)
  local ngx = package.loaded.ngx
  if not ngx then errors.raise "webhook.handler: works in nginx only; elsewhere use cmr.webhook.receiver" end
  local receiver = Receiver.new("webhook.handler", options)
  if not options.store and not shared_dict.default() and ngx.worker.count() > 1 then
    log.warn "no lua_shared_dict cmr: each worker recognises only the webhooks that it received itself"
  end
  return function()
    ngx.status = receiver:receive(request_body.read(), ngx.req.get_headers(0))
    ngx.header["Content-Length"] = 0
  end
end

return Receiver
