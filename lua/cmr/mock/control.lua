---The control calls under /_mock/, for tests and for the mock's page. docs/mock.md describes them.

local Deliveries = require "cmr.mock.deliveries"
local faults = require "cmr.mock.faults"
local json = require "cmr.mock.json"
local Mailbox = require "cmr.mock.model.mailbox"
local page = require "cmr.mock.page"
local rate_limit = require "cmr.mock.rate_limit"
local seed = require "cmr.mock.model.seed"
local signature_formats = require "cmr.webhook.signature_formats"
local view = require "cmr.mock.view"

local control = {}

local PREFIX = "/_mock/"
local MAX_REDELIVERIES = 10000

-- name of a field -> the texts that the field may have; GET /_mock/ lists them
local VALUES = {
  window = { "bucket", "fixed", "sliding" },
  signatureFormat = signature_formats.NAMES,
  serviceProvider = { "GOOGLE", "MICROSOFT" },
}

local calls = json.array() -- what GET /_mock/ lists
local handlers = {} -- by "METHOD /path": {types, run = function(fields, state, config) -> value, or nil and a message}

local function reply(status, value)
  return { status = status, headers = {}, body = json.encode(value) }
end

local function refuse(message)
  return reply(400, { error = message })
end

-- type of a field -> Lua type, where the names differ. read_query turns the digits of a "count" into a number.
local LUA_TYPES = { count = "number" }

-- Returns a table with the name of each operation as a key.
local function names_of(operations)
  local names = {}
  for _, operation in ipairs(operations) do
    names[operation.name] = true
  end
  return names
end

local function check(fields, types)
  for field in pairs(fields) do
    if not types[field] then return nil, ("unknown field '%s'"):format(field) end
  end
  for field, expected in pairs(types) do
    local kind, optional = expected:match "^(%a+)(%??)$"
    local value, lua_type = fields[field], LUA_TYPES[kind] or kind
    if kind ~= "any" and (type(value) ~= lua_type and not (value == nil and optional == "?") or value == "") then
      return nil, ("'%s' must be a %s"):format(field, kind)
    end
  end
  return true
end

-- Lists the fields of a call: first the required fields, then the optional fields. Each group is sorted by name.
local function fields_of(types)
  local list = json.array()
  for name, expected in pairs(types) do
    local kind, optional = expected:match "^(%a+)(%??)$"
    list[#list + 1] = { name = name, type = kind, required = optional == "", values = VALUES[name] }
  end
  table.sort(list, function(a, b)
    if a.required ~= b.required then return a.required end
    return a.name < b.name
  end)
  return list
end

-- Defines a control call. `types` maps the name of each field to its type. A "?" after the type marks an optional
-- field. If `types` is nil, the call takes any fields. A GET has its fields in the query. Any other call has its fields
-- in a JSON object.
local function define(method, name, effect, types, run)
  local path = PREFIX .. name
  handlers[method .. " " .. path] = { types = types, run = run }
  calls[#calls + 1] = { method = method, path = path, effect = effect, fields = fields_of(types or {}) }
end

-- Defines a control call that lists the newest items of a kind.
local function show(name, effect)
  define("GET", name, effect, { limit = "count?" }, function(fields, state, config)
    return view.lists[name](state, config.key, fields.limit)
  end)
end

define("GET", "", "lists the control calls; a browser gets the page", {}, function()
  return calls
end)

define("GET", "status", "shows the clock, the wallet and the rate limit, and counts changes", {}, function(_, state)
  return view.status(state)
end)

define(
  "POST",
  "reset",
  "restores the initial data and settings",
  { rate = "number?", window = "string?" },
  function(fields, state)
    if fields.rate and fields.rate < 0 then return nil, "'rate' must be requests per second, 0 for no limit" end
    if fields.window and not rate_limit.exists(fields.window) then
      return nil, "'window' must be bucket, fixed or sliding"
    end
    state:reset(fields)
    return { rate = state.rate, window = state.window }
  end
)

define(
  "GET",
  "requests",
  "lists the recorded requests, oldest first",
  { after = "count?", limit = "count?", masked = "boolean?" },
  function(fields, state, config)
    local entries = state.recorder:list(fields.after, fields.limit)
    return fields.masked and view.requests(entries, config.key) or json.array(entries)
  end
)

show("faults", "lists the faults that wait for a request")

define("POST", "faults", "makes the next matching requests go wrong", faults.FIELDS, function(fields, state, config)
  local fault, message = faults.new(fields, names_of(config.operations))
  if not fault then return nil, message end
  table.insert(state.faults, fault)
  return { queued = #state.faults }
end)

define("DELETE", "faults", "removes all faults", {}, function(_, state)
  local removed = #state.faults
  state.faults = {}
  return { removed = removed }
end)

-- The call takes {operation = "METHOD /path"}, like the library's option `endpoints`.
define("POST", "endpoints", "serves operations at these paths", nil, function(fields, state, config)
  local names = names_of(config.operations)
  for operation, endpoint in pairs(fields) do
    if not names[operation] then return nil, ("there is no operation '%s'"):format(operation) end
    if type(endpoint) ~= "string" or not state:supply(operation, endpoint) then
      return nil, ("'%s' must be METHOD /path"):format(operation)
    end
  end
  return fields
end)

define(
  "POST",
  "clock",
  "skips seconds, and sets the speed of the clock",
  { advance = "number?", speed = "number?" },
  function(fields, state)
    if (fields.advance or 0) < 0 then return nil, "'advance' must be seconds, 0 or more" end
    if (fields.speed or 1) < 1 then return nil, "'speed' must be 1 or more" end
    state:advance(fields.advance or 0, fields.speed)
    return { now = state:now(), speed = state.speed }
  end
)

local EFFECTS = {
  users = "adds a user",
  domains = "adds or replaces a domain",
  subscriptions = "adds a subscription",
  mailboxes = "adds or replaces a mailbox",
}

for _, name in ipairs { "users", "domains", "subscriptions", "mailboxes" } do
  show(name, ("lists the %s"):format(name))
  define("POST", name, EFFECTS[name], seed.kinds[name].fields, seed.kinds[name].add)
end

show("orders", "lists the orders and their statuses")
show("quotas", "lists the quota of re-exports of each mailbox")

define(
  "POST",
  "quotas",
  "sets how many re-exports of a mailbox count as used just now",
  { mailboxId = "string", used = "number" },
  function(fields, state)
    local mailbox, most = state.mailboxes:get(fields.mailboxId), Mailbox.MAX_REEXPORTS_PER_WEEK
    if not mailbox then return nil, "no such mailbox" end
    if fields.used < 0 or fields.used > most or fields.used % 1 ~= 0 then
      return nil, ("'used' must be a whole number from 0 to %d"):format(most)
    end
    mailbox.reexports = {}
    for index = 1, fields.used do
      mailbox.reexports[index] = state:now()
    end
    return fields
  end
)

define("POST", "wallet", "sets the balance of the wallet", { balance = "number" }, function(fields, state)
  state.balance = fields.balance
  return fields
end)

define(
  "POST",
  "failures",
  "makes orders for a domain fail after they were accepted",
  { domain = "string", reason = "string" },
  function(fields, state)
    state.failures[fields.domain:lower()] = fields.reason
    return fields
  end
)

show("webhooks", "lists the destinations of webhooks")

-- With a URL, adds a destination. The destination replaces any other destination that has this URL. With an id, changes
-- the destination that has this id; fields that the call omits stay unchanged.
local function set_destination(fields, deliveries)
  if (fields.url == nil) == (fields.id == nil) then return nil, "'url' or 'id' is needed, and not both" end
  if fields.id then
    local current, message = deliveries:find(fields.id)
    if not current then return nil, message end
    fields.url, fields.signatureFormat = current.url, fields.signatureFormat or current.signature_format.name
    if fields.actionId == nil then fields.actionId = current.action_id end
    fields.fail = fields.fail or deliveries:failures_left(current.url)
  end
  local destination, message = Deliveries.destination(fields)
  if not destination then return nil, message end
  deliveries:add(destination)
  deliveries:fail_next(destination.url, fields.fail or 0)
  return destination
end

define(
  "POST",
  "webhooks",
  "delivers all later events to a URL, or changes a destination",
  { url = "string?", id = "number?", signatureFormat = "string?", actionId = "boolean?", fail = "number?" },
  function(fields, state)
    if (fields.fail or 0) < 0 then return nil, "'fail' must be a number of attempts, 0 or more" end
    local by_id = fields.id
    local destination, message = set_destination(fields, state.deliveries)
    if not destination then return nil, message end
    -- A caller that gives an id perhaps does not know the URL, and the URL may contain secrets. So the answer omits the
    -- URL.
    return {
      id = destination.id,
      url = not by_id and destination.url or nil,
      signatureFormat = destination.signature_format.name,
    }
  end
)

define("DELETE", "webhooks", "removes a destination", { id = "number" }, function(fields, state)
  local ok, message = state.deliveries:remove(fields.id)
  return ok and fields, message
end)

define(
  "GET",
  "deliveries",
  "lists the deliveries of events, oldest first",
  { limit = "count?", masked = "boolean?" },
  function(fields, state, config)
    local list = state.deliveries:list(fields.limit)
    if fields.masked then view.mask_deliveries(list, config.key) end
    return list
  end
)

define(
  "POST",
  "deliveries",
  "sends a delivery again, or ends it as failed",
  { id = "number", times = "number?", signatureFormat = "string?", fail = "boolean?" },
  function(fields, state)
    if fields.fail then
      if fields.times or fields.signatureFormat then return nil, "'fail' goes with no other field than 'id'" end
      local ok, message = state.deliveries:give_up(fields.id)
      return ok and fields, message
    end
    local times, format = fields.times or 1, signature_formats.FORMATS[fields.signatureFormat]
    if times < 1 or times > MAX_REDELIVERIES then return nil, ("'times' must be 1 to %d"):format(MAX_REDELIVERIES) end
    if fields.signatureFormat and not format then
      return nil, "'signatureFormat' must be a name like " .. signature_formats.NAMES[1]
    end
    local ok, message = state.deliveries:redeliver(fields.id, times, format)
    return ok and { times = times }, message
  end
)

---Returns whether a path belongs to the control calls.
---@param path string
---@return boolean
function control.owns(path)
  return path:sub(1, #PREFIX) == PREFIX
end

-- Returns the fields of a query, with their values converted to the types of the call.
local function read_query(query, types)
  local fields = {}
  for name, value in pairs(query) do
    local kind = types[name] and types[name]:match "^%a+"
    if kind == "count" and value:find "^%d+$" then value = tonumber(value) end
    if kind == "boolean" and (value == "true" or value == "false") then value = value == "true" end
    fields[name] = value
  end
  return fields
end

-- Returns the checked fields of a call, or nil and a message.
local function read_fields(request, types)
  local fields, message
  if request.method == "GET" then
    fields = read_query(request.query, types)
  else
    fields, message = json.object(request.raw_body)
    if not fields then return nil, "bad JSON: " .. message end
  end
  local ok = true
  if types then
    ok, message = check(fields, types)
  end
  return ok and fields, message
end

-- Answers a browser. The page needs the token, also as index.html. The files that the page loads need no token.
local function answer_browser(request, token)
  local name = request.method == "GET" and request.path:sub(#PREFIX + 1)
  if name ~= "" and name ~= "index.html" then return name and page.file(name) end
  if not (request.headers.accept or ""):find "text/html" then return nil end
  return request.query.token == token and page.file "index.html" or page.refuse()
end

---Answers a control call, or a browser that asks for the page.
---@param request table {method, path, query, headers, raw_body}
---@param state table
---@param config table {token = the correct value of the header x-mock-token, key = the API key, operations = array}
---@return table answer {status, headers, body}
function control.answer(request, state, config)
  local for_browser = answer_browser(request, config.token)
  if for_browser then return for_browser end
  if request.headers["x-mock-token"] ~= config.token then
    return reply(403, { error = "the header x-mock-token is wrong" })
  end
  local call = request.method .. " " .. request.path
  local handler = handlers[call]
  if not handler then return reply(404, { error = "no such control call: " .. call }) end
  local fields, message = read_fields(request, handler.types)
  if not fields then return refuse(message) end
  state:catch_up()
  local value
  value, message = handler.run(fields, state, config)
  return value and reply(200, value) or refuse(message)
end

return control
