---The mock's state as the control calls show it. A function masks secrets only if its comment says so. Pure.

local json = require "cmr.mock.json"
local Mailbox = require "cmr.mock.model.mailbox"
local redact = require "cmr.util.redact"
local tables = require "cmr.util.tables"
local text = require "cmr.util.text"

local view = {}

local MASK = "***"
local MAX_SHOWN_BODY_BYTES = 16 * 1024

-- Returns the spellings of the API key in a header, in a query and in JSON.
local function spellings(key)
  local encoded = key:gsub("[^%w._~-]", function(character)
    return ("%%%02X"):format(character:byte())
  end)
  return { key, encoded, (json.encode(key):sub(2, -2)) }
end

-- Returns a copy of a value. In fields with a name such as `password`, a mask replaces each text and number. In all
-- other texts, a mask replaces the API key.
local function masked(value, keys)
  local function without_keys(item)
    if type(item) == "string" then return redact.mask(item, keys) end
    if type(item) ~= "table" then return item end
    for name, member in pairs(item) do
      item[name] = without_keys(member)
    end
    return item
  end
  return without_keys(redact.masked(value))
end

-- Returns a copy of a table such as headers, with the API key masked in each name. The client chose the names, so a
-- name may contain the key.
local function masked_names(object, keys)
  local copy = {}
  for name, value in pairs(object) do
    copy[redact.mask(name, keys)] = value
  end
  return copy
end

-- Returns the beginning of a body with masked secrets. The body is JSON or the text of a query. The caller has already
-- masked the API key in the whole body, so this function cannot cut the key in two.
local function masked_body(body)
  body = body:sub(1, MAX_SHOWN_BODY_BYTES)
  if body:find "^%s*[%[{]" then return redact.json_text(body) end
  return redact.url("?" .. body):sub(2)
end

-- Returns a recorded request with masked secrets.
local function masked_request(entry, keys)
  local shown = masked(entry, keys)
  shown.headers, shown.query = masked_names(shown.headers, keys), masked_names(shown.query, keys)
  shown.raw_query = redact.url("?" .. shown.raw_query):sub(2)
  shown.body, shown.bodyBytes = masked_body(shown.body), #entry.body
  for _, part in ipairs(shown.parts or {}) do
    shown.body = "" -- the parts show the body
    if part.value then part.value = redact.is_secret_name(part.name) and MASK or masked_body(part.value) end
  end
  if shown.answer then
    shown.answer.body, shown.answer.bodyBytes = masked_body(shown.answer.body), #entry.answer.body
  end
  return shown
end

-- Returns show(item) for each of the newest `limit` items of a list. Without a limit, returns show(item) for all items.
local function newest(items, limit, show)
  local shown = json.array()
  for index = math.max(1, #items - (limit or #items) + 1), #items do
    shown[#shown + 1] = show(items[index])
  end
  return shown
end

---Shows recorded requests with masked secrets. Shows only the first 16 KiB of each body and each answer.
---@param entries table[]
---@param key string The API key.
---@return table[] shown
function view.requests(entries, key)
  local keys = spellings(key)
  return newest(entries, nil, function(entry)
    return masked_request(entry, keys)
  end)
end

---Masks the secrets in a list of deliveries.
---@param list table[] The deliveries, which this function changes.
---@param key string The API key.
function view.mask_deliveries(list, key)
  local keys = spellings(key)
  for _, delivery in ipairs(list) do
    delivery.body = redact.mask(redact.json_text(delivery.body), keys)
    delivery.url = redact.mask(redact.url(delivery.url), keys)
  end
end

---The functions that make the lists for control calls: name -> function(state, key, limit). Such a function returns the
---newest `limit` items with masked secrets.
view.lists = {}

local function list(name, items_of, show)
  view.lists[name] = function(state, key, limit)
    local keys = spellings(key)
    return newest(items_of(state), limit, function(item)
      return masked(show(item, state, keys), keys)
    end)
  end
end

local function collection(name, show)
  list(name, function(state)
    return state[name]:list()
  end, show)
end

collection("users", function(user)
  return { userId = user.userId, profile = user.profile, credentials = json.array(user.credentials) }
end)

collection("domains", function(domain, state)
  return {
    domainName = domain.domainName,
    domainId = domain.domainId,
    userId = domain.userId,
    status = domain:status(),
    expireOn = domain.expireOn and state:timestamp(domain.expireOn),
    autoRenew = domain.autoRenew,
    sandbox = domain.sandbox,
  }
end)

collection("subscriptions", function(subscription, state)
  return {
    subscriptionId = subscription.subscriptionId,
    domain = subscription.domain,
    userId = subscription.userId,
    serviceProvider = subscription.serviceProvider,
    status = subscription.status,
    mailboxes = subscription:quantity(),
    pricePerMailbox = subscription.pricePerMailbox,
    periodEnd = state:timestamp(subscription.periodEnd),
    autoRenew = subscription.autoRenew,
    sandbox = subscription.sandbox,
  }
end)

collection("mailboxes", function(mailbox)
  return {
    mailboxId = mailbox.mailboxId,
    email = mailbox.email,
    firstName = mailbox.firstName,
    lastName = mailbox.lastName,
    userId = mailbox.userId,
    subscriptionId = mailbox.subscriptionId,
    status = mailbox.status,
    warmup = mailbox.warmup and mailbox.warmup.status,
  }
end)

collection("orders", function(order)
  return { orderId = order.orderId, userId = order.userId, status = order.status, sandbox = order.sandbox }
end)

list("quotas", function(state)
  return state.mailboxes:list()
end, function(mailbox, state)
  local recent = mailbox:recent_reexports()
  return {
    mailboxId = mailbox.mailboxId,
    email = mailbox.email,
    used = #recent,
    left = Mailbox.MAX_REEXPORTS_PER_WEEK - #recent,
    nextAt = recent[1] and state:timestamp(recent[1] + text.WEEK), -- when the oldest re-export no longer counts
  }
end)

list("webhooks", function(state)
  return state.deliveries.destinations
end, function(destination, state)
  return {
    id = destination.id,
    url = redact.url(destination.url),
    signatureFormat = destination.signature_format.name,
    actionId = destination.action_id,
    fail = state.deliveries:failures_left(destination.url),
  }
end)

list("faults", function(state)
  return state.faults
end, function(fault, _, keys)
  local shown = tables.copy(fault)
  shown.times, shown.left = fault.left, nil
  shown.headers = masked_names(fault.headers, keys)
  if type(fault.body) == "string" then shown.body = masked_body(redact.mask(fault.body, keys)) end
  return shown
end)

---Shows the clock, the wallet and the rate limit. Also shows numbers that tell the page what has changed. When
---the number `deliveries` changes, for example, the page loads the deliveries again.
---@param state table
---@return table status
function view.status(state)
  local recorder = state.recorder
  return {
    now = state:now(),
    speed = state.speed,
    balance = state.balance,
    rate = state.rate,
    window = state.window,
    resets = state.resets,
    requests = { first = recorder.first, last = recorder.last, finished = recorder.finished },
    deliveries = state.deliveries.revision,
    faults = #state.faults,
  }
end

return view
