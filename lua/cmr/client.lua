--- A client: one key and base URL, and a call's life: prepare, pace, start, wait, retry or return.

local core = require "cmr.core"
local limiter = require "cmr.limiter.local"
local options = require "cmr.options"
local pages = require "cmr.pages"
local partial = require "cmr.partial"
local retry = require "cmr.retry"
local waits = require "cmr.wait"

local Client = {}
Client.__index = Client
Client.__name = "cmr.client"

local everyone = limiter.new() -- one line per key, whichever client asks
local infos = setmetatable({}, { __mode = "k" }) -- of answers and errors
local unpack = unpack or table.unpack
local worse = { not_sent = 1, rejected = 2, unknown = 3 }
local here = debug.getinfo(1, "S").source:match "^(.*)client%.lua$" or "@"

--- Raises at the line of the first caller outside the library: that is where the mistake is.
local function raise(message)
  local level = 2
  local info = debug.getinfo(level, "S")
  while info and (info.what == "C" or info.what == "tail" or info.source:sub(1, #here) == here) do
    level = level + 1
    info = debug.getinfo(level, "S")
  end
  error("cmr." .. message, info and level or 0)
end

-- The digits of a clock below any that matter: good enough to spread retries, and no seed to share.
local function dice()
  return core.now() * 1e5 % 1
end

--- What the user wants to be told. A hook that fails must not lose the answer of a call that was done.
local function tell(hook, info)
  if not hook then
    return nil
  end
  local fine, answer = pcall(hook, info)
  if not fine then
    io.stderr:write("cmr: a hook failed: ", tostring(answer), "\n")
    return nil
  end
  return answer
end

local function remember(result, call, attempts, elapsed)
  infos[result] = { call = call, attempts = attempts, elapsed = elapsed }
end

--- Facts about an answer or an error.
-- @tparam table result what a call returned: the envelope, or the error
-- @treturn table operation, method, url, status, headers (lower-case names), attempts, elapsed (s, the whole call),
-- reused, http_version, starts; of the last attempt where there were several; partial, the list of items that failed
-- inside a success, or nil. nil when it is not a call's result.
function Client.info(result)
  local known = infos[result]
  if not known then
    return nil
  end
  local info = known.call:info()
  info.attempts, info.elapsed = known.attempts, known.elapsed
  info.partial = result.kind == nil and partial(core.operations[info.operation], result) or nil
  return info
end

local function failure(call, kind, message, fields)
  local operation = call:info().operation
  fields.kind, fields.operation = kind, operation
  fields.message = ("%s: %s"):format(operation, message)
  return core.error(fields)
end

--- One call from the line at the limiter to its last attempt.
local function run(state, call)
  local wait, own, key = state.wait or waits.detect(), state.options, state.target:key_id()
  local refused = wait.refuse and wait.refuse()
  if refused then
    raise(call:info().operation .. ": " .. refused)
  end
  local method, engine = call:method(), core.engine()
  local begun = wait.now()
  local deadline = begun + own.timeout
  local attempt, outcome = 0, "not_sent"

  local function give_up(err)
    if worse[outcome] > worse[err.outcome] then
      err.outcome = outcome
    end
    err.attempts = attempt
    remember(err, call, attempt, wait.now() - begun)
    return nil, err.message, err
  end

  while true do
    local left = deadline - wait.now()
    if own.rate then
      local delay, needed = state.limiter:reserve(key, own.rate, wait.now(), left)
      if not delay then
        local message = ("the next request may leave in %.1f s, and the call has %.1f s left"):format(needed, left)
        return give_up(failure(call, "rate_limited", message, { outcome = "not_sent", retry_after = needed }))
      end
      if delay > 0 then
        wait.sleep(engine, delay)
      end
      left = deadline - wait.now()
    end
    if left <= 0 then
      local message = ("no time left after %.1f s"):format(own.timeout)
      return give_up(failure(call, "timeout", message, { outcome = "not_sent" }))
    end

    attempt = attempt + 1
    call:start(engine, math.min(own.attempt_timeout, left))
    wait.wait(engine, call)
    local res, _, err = call:result()
    if own.on_response then
      local info = call:info()
      info.attempt, info.err = attempt, err
      tell(own.on_response, info)
    end
    if res then
      remember(res, call, attempt, wait.now() - begun)
      return res
    end

    if worse[err.outcome] > worse[outcome] then
      outcome = err.outcome
    end
    left = deadline - wait.now()
    if own.rate and err.kind == "rate_limited" then
      state.limiter:pause(key, wait.now(), err.retry_after or 1 / own.rate)
    end
    if attempt > own.retries or not retry.again(err, method) then
      return give_up(err)
    end
    local delay = retry.delay(err, attempt, left, own.random or dice)
    if delay >= left then
      return give_up(err)
    end
    local info = { operation = err.operation, attempt = attempt, delay = delay, err = err }
    if tell(own.on_retry, info) == false then
      return give_up(err)
    end
    wait.sleep(engine, delay)
  end
end

local function state_of(self, name)
  if getmetatable(self) ~= Client then
    raise(("%s: call it with a colon: client:%s(...)"):format(name, name))
  end
  if self._state.closed then
    raise(name .. ": the client is closed")
  end
  return self._state
end

--- A programmer's mistake raises, a fault of the data is returned.
local function refuse(message, err)
  if err.mistake then
    raise(message)
  end
  err.attempts = 0
  return nil, message, err
end

-- One method per operation: client:platforms(...). Arguments, answers and errors: see docs of the operation's row.
for _, operation in ipairs(core.operations) do
  local name = operation.name
  local prepare = core[name]
  Client[name] = function(self, ...)
    local state = state_of(self, name)
    local call, message, err = prepare(state.target, ...)
    if not call then
      return refuse(message, err)
    end
    return run(state, call)
  end
end

--- Any other request, under the same rules.
-- @tparam string method GET, POST, PUT, PATCH or DELETE
-- @tparam string path below the base URL, percent-encoded, without a query
-- @tparam[opt] table given query = {name = string, number or boolean}, body = table
-- @return the envelope, or nil, message, err
function Client:request(method, path, given)
  local state = state_of(self, "request")
  local request = {}
  for name, value in pairs(given or {}) do
    if name ~= "query" and name ~= "body" then
      raise(("request: bad field '%s' (query or body expected)"):format(tostring(name)))
    end
    request[name] = value
  end
  if request.query ~= nil then
    if type(request.query) ~= "table" then
      raise "request: bad field 'query' (table expected)"
    end
    local list = {}
    for name, value in pairs(request.query) do
      if type(name) ~= "string" then
        raise "request: bad field 'query' (its members need names)"
      end
      list[#list + 1] = { name, value }
    end
    table.sort(list, function(a, b)
      return a[1] < b[1]
    end)
    request.query = list
  end
  if type(method) ~= "string" or type(path) ~= "string" then
    raise "request: bad arguments (a method and a path expected)"
  end
  local call, message, err = core.request(state.target, method, path, request)
  if not call then
    return refuse(message, err)
  end
  return run(state, call)
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
  state_of(self, "each")
  local name = type(what) == "table" and what[1] or what
  local row = core.operations[name]
  if type(name) ~= "string" or not row or not row.flags.list then
    raise(("each: '%s' is no operation that lists"):format(tostring(name)))
  end
  local how = type(what) == "table" and what or row
  local items, page = how.items or row.items, how.page or row.page
  if not items or not page then
    local missing = not items and 'items = "data...."' or 'page = "..."'
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
    return self[name](self, unpack(arguments, 1, count))
  end
  return pages.iterate(fetch, name, items, fields[page] or 1)
end

local function build(given, parent)
  local for_target, own = options.split(given)
  if not for_target then
    raise("new: " .. own)
  end
  local target = parent and parent.target
  if not parent or next(for_target) ~= nil then
    local made, message = core.target(for_target, target)
    if not made then
      raise("new: " .. message)
    end
    target = made
  end
  setmetatable(own, { __index = parent and parent.options or options.defaults })
  local wait = own.wait
  return setmetatable({
    _state = {
      target = target,
      options = own,
      limiter = own.limiter or everyone,
      wait = type(wait) == "string" and waits.named(wait) or wait, -- nil: whatever fits the place of each call
    },
  }, Client)
end

--- Makes a client. What is not given comes from the environment ($CMR_API_KEY, $CMR_BASE_URL, $CMR_CA_FILE) or has its
-- default; the options are listed in the README.
-- @tparam[opt] table given
-- @return client
function Client.new(given)
  if given ~= nil and type(given) ~= "table" then
    raise("new: a table of options expected, got " .. type(given))
  end
  local all, message = options.complete(given or {})
  if not all then
    raise("new: " .. message)
  end
  return build(all)
end

--- The same client with other options, light to make: for one call, client:with{timeout = 60}:platforms(id).
-- @tparam table given
-- @return client that shares key, engine and limiter
function Client:with(given)
  local state = state_of(self, "with")
  if type(given) ~= "table" then
    raise("with: a table of options expected, got " .. type(given))
  end
  return build(given, state)
end

--- Ends the client: later calls raise. Connections nobody uses any more are closed.
function Client:close()
  self._state.closed = true
  local engine = core.engine()
  if engine:count() == 0 then
    engine:close()
  end
end

--- Says where its requests go, never with which key.
function Client:__tostring()
  return "cmr.client: " .. tostring(self._state.target):match ": (.*)"
end

return Client
