--- A client: one key and base URL, and a method per operation.

local core = require "cmr.core"
local limiter = require "cmr.limiter"
local operations = require "cmr.operations"
local options = require "cmr.options"
local raise = require("cmr.util.errors").raise
local run = require "cmr.sender"
local stores = require "cmr.store"
local waits = require "cmr.loop"

local Client = {}
Client.__index = Client
Client.__name = "cmr.client"

local unpack = table.unpack or unpack

--- Facts about an answer or an error.
-- @tparam table result what a call returned: the envelope, or the error
-- @treturn table operation, method, url, status, headers (lower-case names), attempts, elapsed (s, the whole call),
-- reused, http_version, sends; of the last attempt where there were several; partial, the list of items that failed
-- inside a success, or nil; for clients with on_response tls, the version a new connection agreed on, and timing,
-- seconds until resolved, connected, secured and first_byte. nil when it is not a call's result.
Client.info = run.info

local function state_of(self, name)
  if getmetatable(self) ~= Client then raise(("%s: call it with a colon: client:%s(...)"):format(name, name)) end
  if self._state.closed then raise(name .. ": the client is closed") end
  return self._state
end

--- A programmer's mistake raises, a fault of the data is returned.
local function refuse(message, err)
  if err.programmer_error then raise(message) end
  err.attempts = 0
  return nil, message, err
end

-- One method per operation: client:platforms(...). Arguments, answers and errors: see docs of the operation's row.
for _, operation in ipairs(operations) do
  local name = operation.name
  local prepare = core[name]
  Client[name] = function(self, ...)
    local state = state_of(self, name)
    local call, message, err = prepare(state.target, ...)
    if not call then return refuse(message, err) end
    return run.call(state, call, run.strategy(state, name))
  end
end

-- A raw request, checked and ready to start.
local function prepare_raw(state, caller, method, path, given)
  if given ~= nil and type(given) ~= "table" then
    raise(caller .. ": a table of query and body expected, got " .. type(given))
  end
  local request = {}
  for name, value in pairs(given or {}) do
    if name ~= "query" and name ~= "body" then
      raise(("%s: bad field '%s' (query or body expected)"):format(caller, tostring(name)))
    end
    request[name] = value
  end
  if request.query ~= nil then
    if type(request.query) ~= "table" then raise(caller .. ": bad field 'query' (table expected)") end
    local list = {}
    for name, value in pairs(request.query) do
      if type(name) ~= "string" then raise(caller .. ": bad field 'query' (its members need names)") end
      list[#list + 1] = { name, value }
    end
    table.sort(list, function(a, b)
      return a[1] < b[1]
    end)
    request.query = list
  end
  if type(method) ~= "string" or type(path) ~= "string" then
    raise(caller .. ": bad arguments (a method and a path expected)")
  end
  return core.request(state.target, method, path, request)
end

--- Any other request, under the same rules.
-- @tparam string method GET, POST, PUT, PATCH or DELETE
-- @tparam string path below the base URL, percent-encoded, without a query
-- @tparam[opt] table given query = {name = string, number or boolean}, body = table
-- @return the envelope, or nil, message, err
function Client:request(method, path, given)
  local state = state_of(self, "request")
  local call, message, err = prepare_raw(state, "request", method, path, given)
  if not call then return refuse(message, err) end
  return run.call(state, call, run.strategy(state, "request"))
end

--- The items of a list over all its pages, fetched as they are needed.
--
--     for item, why, err in client:each("subscriptions", {status = "ACTIVE"}) do
--       if not item then error(why) end        -- a page could not be had: once, and then the loop ends
--
-- @param what the operation's name; {name, items = "data.users", page = "page"} where the documents do not say where an
-- answer has its items, or how a page is chosen
-- @param ... the operation's arguments
-- @treturn function for a generic for: item, or once false, message, err
function Client:each(what, ...)
  local state = state_of(self, "each")
  local name = type(what) == "table" and what[1] or what
  local row = operations[name]
  if type(name) ~= "string" or not row or not row.flags.list then
    raise(("each: '%s' is no operation that lists"):format(tostring(name)))
  end
  local how = type(what) == "table" and what or row
  for field, value in pairs(type(what) == "table" and what or {}) do
    if field ~= 1 and field ~= "items" and field ~= "page" then
      raise(("each: bad field '%s' (the operation's name, items and page expected)"):format(tostring(field)))
    elseif type(value) ~= "string" or not value:find "^[%w_]" or value:find("..", 1, true) or value:find "%.$" then
      raise(("each: bad field '%s' (a name expected, as in \"data.users\")"):format(tostring(field)))
    end
  end
  local items, page = how.items or row.items, how.page or row.page
  if not items or not page then
    local missing = not items and 'items = "data.WHERE"' or 'page = "NAME"'
    raise(("each: %s's answer is not documented: client:each({%q, %s}, ...)"):format(name, name, missing))
  end
  local count, arguments = select("#", ...), { ... }
  local fields = {}
  if type(arguments[count]) == "table" then
    for field, value in pairs(arguments[count]) do
      fields[field] = value
    end
    arguments[count] = fields
  else
    count = count + 1
    arguments[count] = fields
  end
  local function fetch(number)
    fields[page] = number
    local call, message, err = core[name](state.target, unpack(arguments, 1, count))
    if not call then return refuse(message, err) end
    return run.call(state, call, run.strategy(state, "each", true))
  end
  return require("cmr.pagination").iterate(fetch, name, items, fields[page] or 1)
end

local function operation_of(name, caller)
  if type(name) ~= "string" or not operations[name] then
    local names = {}
    for index, operation in ipairs(operations) do
      names[index] = operation.name
    end
    local near = type(name) == "string" and core.suggest(name, names)
    local hint = near and (" (did you mean '%s'?)"):format(near) or ""
    raise(("%s: there is no operation '%s'%s"):format(caller, tostring(name), hint))
  end
  return core[name]
end

--- What a call would send; nothing is sent.
-- @tparam string what the operation's name, or "request"
-- @param ... its arguments, or those of client:request
-- @treturn table method, url, headers (an array of lines, without the key), key_header (the name of the key's header),
-- body, ca_file, proxy, resolve: as libcurl is told them, the key masked; or nil, message, err
function Client:preview(what, ...)
  local state = state_of(self, "preview")
  local call, message, err
  if what == "request" then
    call, message, err = prepare_raw(state, "preview", ...)
  else
    call, message, err = operation_of(what, "preview")(state.target, ...)
  end
  if not call then return refuse(message, err) end
  return call:request()
end

local function together(state, name, iterating)
  local wait = run.strategy(state, name, iterating)
  if not wait.spawn then raise(name .. ": this client's wait strategy has no spawn, signal and wake") end
  return wait
end

--- Starts a call and goes on. In a plain script it moves whenever something waits.
-- @tparam string operation its name
-- @param ... its arguments
-- @treturn table job: job:wait() -> the envelope, or nil, message, err; job:done(); job:cancel()
function Client:start(operation, ...)
  local state = state_of(self, "start")
  local prepare = operation_of(operation, "start")
  local wait = together(state, "start", false)
  local jobs = require "cmr.jobs"
  local call, message, err = prepare(state.target, ...)
  if not call then return jobs.ended(wait.signal(), refuse(message, err)) end
  return jobs.start(state, call, wait, wait.signal())
end

--- Runs an operation on many inputs, a few at a time, paced and retried like single calls.
--
--     for input, res, why, err in client:map("reexport", rows, {concurrency = 8}) do ... end
--
-- @tparam string operation its name
-- @param inputs a list, or a function that returns the next one: a table of fields, or the first argument
-- @tparam[opt] table given concurrency (16): calls at once, and results held; ordered (false): in the inputs' order;
-- before_send: function, told the input when it has left the line and before anything is sent: a journal's place. false
-- from it: it is not sent (kind "cancelled")
-- @return for a generic for: input, then what the call returned, as they finish; wrong arguments are that
-- input's error, of kind "invalid_argument". Leaving the loop cancels what is in flight. Each call's timeout begins when it leaves
-- the line of the rate
function Client:map(operation, inputs, given)
  local state = state_of(self, "map")
  local prepare = operation_of(operation, "map")
  local wait = together(state, "map", true)
  local jobs = require "cmr.jobs"
  given = given or {}
  for name, value in pairs(given) do
    if name == "concurrency" and not (type(value) == "number" and value >= 1 and value % 1 == 0) then
      raise "map: bad option 'concurrency' (a whole number from 1 expected)"
    elseif name == "before_send" and type(value) ~= "function" then
      raise "map: bad option 'before_send' (a function expected)"
    elseif name ~= "concurrency" and name ~= "ordered" and name ~= "before_send" then
      raise(("map: unknown option '%s' (concurrency, ordered or before_send expected)"):format(tostring(name)))
    end
  end
  local next_input, place = inputs, 0
  if type(inputs) == "table" then
    next_input = function()
      place = place + 1
      return inputs[place]
    end
  elseif type(inputs) ~= "function" then
    raise("map: bad inputs (a list or a function expected, got " .. type(inputs) .. ")")
  end
  return jobs.map(next_input, function(input, signal)
    local call, message, err = prepare(state.target, input)
    if not call then
      err.attempts = 0
      return jobs.ended(signal, nil, message, err)
    end
    return jobs.start(state, call, wait, signal, given.before_send and function()
      return given.before_send(input)
    end)
  end, given, wait)
end

--- Waits for the outcome of what was only accepted: for the webhooks that settle it, which are the operation's column
-- settles. They are found in the client's store, where cmr.webhook.handler puts them: also those that came before, to
-- another worker or, with a store in Redis, to another host. No event has passwords, unless the handler keeps them.
--
--     local res = assert(client:create_order(user, order))
--     local events, why, err = client:await(res)
--
-- Where no event comes, an order's status is asked for now and then; how statuses are called is not documented.
-- @tparam table res an answer; elsewhere {operation = name, actionId = ..., orderId = ..., userId = ..., count = how
-- many are to come}
-- @tparam[opt] table given timeout (180): seconds; poll (30): seconds between two requests for an order's status, or
-- false for none
-- @treturn[1] table the events, oldest first: for an order of mailboxes one for each. Where only its status says that
-- it is done, those that came, with what order_status said as its member order
-- @treturn[2] nil, message, err: of kind "operation_failed", with the event that says so as err.body, outcome "unknown" or, when
-- one thing was ordered and nothing of it was done, "rejected"; of kind "timeout", outcome "unknown". err.events has
-- all that came. When the first of several fails it does not wait for the others
function Client:await(res, given)
  local state = state_of(self, "await")
  return require "cmr.await"(self, state, run.strategy(state, "await"), res, given)
end

-- A strategy that is not at home here (luv without luv) is said so, and not by require.
local function strategy_of(name, caller)
  local fine, strategy = pcall(waits.named, name)
  if not fine then raise(("%s: bad option 'loop' ('%s' does not work here)"):format(caller, name)) end
  return strategy
end

local function build(caller, given, parent)
  local for_target, own = options.split(given)
  if not for_target then raise(caller .. ": " .. own) end
  local target = parent and parent.target
  if not parent or next(for_target) ~= nil then
    local made, message = core.target(for_target, target)
    if not made then raise(caller .. ": " .. message) end
    target = made
  end
  setmetatable(own, { __index = parent and parent.options or options.defaults })
  local wait = own.loop
  return setmetatable({
    _state = {
      target = target,
      options = own,
      limiter = own.limiter or limiter.here(),
      store = own.store or stores.default(),
      wait = type(wait) == "string" and strategy_of(wait, caller) or wait, -- nil: whatever fits the place of each call
    },
  }, Client)
end

--- Makes a client. What is not given comes from the environment ($CMR_API_KEY, $CMR_BASE_URL, $CMR_CA_FILE) or has its
-- default; the options are listed in the README.
-- @tparam[opt] table given
-- @return client
function Client.new(given)
  if given ~= nil and type(given) ~= "table" then raise("new: a table of options expected, got " .. type(given)) end
  local all, message = options.complete(given or {})
  if not all then raise("new: " .. message) end
  return build("new", all)
end

--- The same client with other options, light to make: for one call, client:with{timeout = 60}:platforms(id).
-- @tparam table given
-- @return client that shares key, engine and limiter
function Client:with(given)
  local state = state_of(self, "with")
  if type(given) ~= "table" then raise("with: a table of options expected, got " .. type(given)) end
  return build("with", given, state)
end

--- Ends the client: later calls raise. Connections nobody uses any more are closed.
function Client:close()
  self._state.closed = true
  local engine = core.engine()
  if engine:count() == 0 then
    waits.forget(engine)
    engine:close()
  end
end

--- Says where its requests go, never with which key.
function Client:__tostring()
  return "cmr.client: " .. tostring(self._state.target):match ": (.*)"
end

return Client
