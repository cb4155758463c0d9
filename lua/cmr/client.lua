---A client: a key, a base URL, and a method for each operation.

local core = require "cmr.core"
local errors = require "cmr.util.errors"
local limiter = require "cmr.limiter"
local loops = require "cmr.loop"
local operations = require "cmr.operations"
local client_options = require "cmr.client_options"
local sender = require "cmr.sender"
local shared_dict = require "cmr.util.shared_dict"
local stores = require "cmr.store"
local tables = require "cmr.util.tables"
local validate = require "cmr.util.validate"

---A client: a key, a base URL, and a method for each operation.
---@class cmr.Client
local Client = {}
Client.__index = Client
Client.__name = "cmr.client"

local unpack = table.unpack or unpack

---The result of cmr.info. After several attempts, fields such as `status` and `headers` describe the last attempt.
---@class cmr.Info
---@field operation string
---@field method string
---
---The URL without the key. In the query, cmr masks the value of each parameter whose name looks like a secret's name.
---@field url string
---@field status? integer
---@field headers? table<string, string> The response headers, with lower-case names.
---@field request_id? string The server's id for the request, from the answer's headers.
---@field attempts integer
---@field elapsed number The duration of the whole call, in seconds.
---@field reused? boolean Whether the attempt reused a connection.
---@field http_version? string
---@field sends integer How often libcurl began to send the request of the last attempt.
---@field budget_exhausted? true The retry budget ended the call's retries.
---@field queued number Seconds that the last attempt waited for a connection, see max_connections.
---@field partial? any[] The items that failed, although the call succeeded.
---
---The plan of client:await, as plain data. To wait in another process, call client:await{plan = plan} there.
---@field plan? cmr.Plan
---@field ledger_id? integer The request's number in the ledger.
---
---The reason why the ledger could not record how the request ended. The ledger then treats the request as unknown.
---@field ledger_error? string
---@field tls? string The TLS version of a new connection. Present only if on_response is set.
---@field timing? cmr.Timing Present only if on_response is set.

---The time of each step of an attempt, in seconds from the start of the attempt. A step that was not reached is absent.
---@class cmr.Timing
---@field resolved? number The IP address of the host was known.
---@field connected? number
---@field secured? number The TLS handshake was done.
---@field first_byte? number The first byte of the answer arrived.

---The request that a call would send, as libcurl gets it. The key is masked.
---@class cmr.Preview
---@field method string
---@field url string
---
---The header lines, without the key's header. The line "Name:" removes a header, and "Name;" sends an empty header.
---@field headers string[]
---@field key_header? string The name of the header with the key.
---@field body? string
---@field form? cmr.FormPart[] The parts of a multipart form, in place of a body.
---@field ca_file? string
---@field proxy? string "" means no proxy, even if the environment names one.
---@field resolve? string A host, its port and its addresses, such as "localhost:8080:127.0.0.1,[::1]".

---A part of a multipart form: a text, or a file.
---@class cmr.FormPart
---@field name string
---@field value? string
---@field path? string The path of a file.
---@field type? string The content type of a file.

---@class cmr.Request
---@field query? table<string, string|number|boolean>
---@field body? table

local REQUEST_SPEC = {
  query = {
    test = function(query)
      for name in pairs(type(query) == "table" and query or { query }) do
        if type(name) ~= "string" then return false end
      end
      return true
    end,
    expected = "a table of names and values",
  },
  body = validate.ANY,
}

---An operation that returns a list: its name, and facts about its answer that the documentation omits.
---@class cmr.List
---@field [1] string The operation's name.
---
---The path of the items in an answer, such as "data.users", or a function. The function takes an answer, and returns
---the items and the name of their list.
---@field items? string|fun(answer: cmr.Answer): any[]?, string?
---@field page? string The parameter that chooses a page.

local PATH = {
  test = function(path)
    return type(path) == "string" and path:find "^[%w_]" and not path:find("..", 1, true) and not path:find "%.$"
  end,
  expected = 'a name, as in "data.users"',
}
local ITEMS = {
  test = function(items)
    return type(items) == "function" or PATH.test(items)
  end,
  expected = PATH.expected .. ", or a function",
}
local LIST_SPEC = { items = ITEMS, page = PATH }

local function state_of(self, name)
  local state = type(self) == "table" and self._state
  if not state then
    errors.raise(("%s: call it with a colon: client:%s(...)"):format(name, name))
  elseif state.closed then
    errors.raise(name .. ": the client is closed")
  end
  return state
end

-- Returns the loop adapter for a call. Raises when the caller cannot wait.
local function loop_for(state, caller, context)
  local loop = state.loop or loops.detect(context)
  local reason = loop.unsupported and loop.unsupported(context)
  if reason then errors.raise(caller .. ": " .. reason) end
  return loop
end

local function background_loop_for(state, caller, context)
  local loop = loop_for(state, caller, context)
  if not loop.spawn then errors.raise(caller .. ": this client's loop adapter has no spawn, semaphore and notify") end
  return loop
end

-- Raises the refusal if the calling program is wrong. If only the data is wrong, returns nil, the message and err.
local function refuse(message, err)
  if err.programmer_error then errors.raise(message) end
  err.attempts = 0
  return nil, message, err
end

-- Sends the call that the core has prepared. If the core refused to prepare a call, returns or raises the refusal.
local function send(state, caller, context, operation, call, message, err)
  if not call then return refuse(message, err) end
  return sender.send(state, call, loop_for(state, caller, context), operation)
end

local function operation_named(name, caller)
  local operation = type(name) == "string" and operations[name]
  if operation then return operation end
  local names = {}
  for index, row in ipairs(operations) do
    names[index] = row.name
  end
  local hint = validate.suggestion(name, names)
  errors.raise(("%s: there is no operation '%s'%s"):format(caller, tostring(name), hint))
end

for _, operation in ipairs(operations) do
  local name = operation.name
  local prepare = core[name]
  Client[name] = function(self, ...)
    local state = state_of(self, name)
    return send(state, name, "caller", operation, prepare(state.target, ...))
  end
end

local function prepare_request(state, caller, method, path, fields)
  fields = validate.options(caller, REQUEST_SPEC, nil, fields)
  if type(method) ~= "string" or type(path) ~= "string" then
    errors.raise(caller .. ": bad arguments (a method and a path expected)")
  end
  if fields.query then
    local query = {}
    for index, name in ipairs(tables.sorted_keys(fields.query)) do
      query[index] = { name, fields.query[name] }
    end
    fields.query = query
  end
  return core.request(state.target, method, path, fields)
end

---Sends a request for which cmr has no function. The rate limit, retries and errors are the same as for an operation.
---@param method "GET"|"POST"|"PUT"|"PATCH"|"DELETE"
---@param path string The path below the base URL, percent-encoded, without a query.
---@param fields? cmr.Request
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:request(method, path, fields)
  local state = state_of(self, "request")
  return send(state, "request", "caller", nil, prepare_request(state, "request", method, path, fields))
end

---Iterates over the items of a list. cmr fetches each page when the loop needs it. If a page shows that items may be
---missing or come twice, the loop ends with an error of kind "bad_response"; err.code says why.
---
---    for item, message, err in client:each("subscriptions", { status = "ACTIVE" }) do
---      if not item then error(message) end -- the list failed: the loop gets this error once, and then ends
---
---@param what string|cmr.List The operation's name, or a table with the name: see cmr.List.
---@param ... any The operation's arguments.
---@return fun(): any, string?, cmr.Error? iterator Gives each item; a failure gives false, a message and err.
function Client:each(what, ...)
  local state = state_of(self, "each")
  local opts = {}
  for name, value in pairs(type(what) == "table" and what or { what }) do
    opts[name] = value
  end
  local operation = operation_named(opts[1], "each")
  local name = operation.name
  if not operation.flags.list then errors.raise(("each: '%s' is not an operation that lists"):format(name)) end
  opts[1] = nil
  opts = validate.options("each", LIST_SPEC, operation, opts)
  local items, page = opts.items, opts.page
  if not items or not page then
    local missing = not items and 'items = "data.WHERE"' or 'page = "NAME"'
    errors.raise(("each: %s's answer is not documented: client:each({%q, %s}, ...)"):format(name, name, missing))
  end
  local count, args, fields = select("#", ...), { ... }, {}
  if type(args[count]) ~= "table" then count = count + 1 end
  for field, value in pairs(args[count] or {}) do
    fields[field] = value
  end
  args[count] = fields
  local function fetch(number)
    fields[page] = number
    return send(state, "each", "iterator", operation, core[name](state.target, unpack(args, 1, count)))
  end
  return require("cmr.pagination").iterate(fetch, name, items, fields[page] or 1)
end

---Returns the request that a call would send. Sends nothing.
---@param name string The operation's name, or "request".
---@param ... any The operation's arguments, or those of client:request.
---@return cmr.Preview? preview
---@return string? message
---@return cmr.Error? err
function Client:preview(name, ...)
  local state = state_of(self, "preview")
  local call, message, err
  if name == "request" then
    call, message, err = prepare_request(state, "preview", ...)
  else
    call, message, err = core[operation_named(name, "preview").name](state.target, ...)
  end
  if not call then return refuse(message, err) end
  return call:request()
end

---Starts a call in the background. In a script without an event loop, the call makes progress only while the script
---waits in a function of cmr.
---@param name string The operation's name.
---@param ... any The operation's arguments.
---@return cmr.Job job
function Client:start(name, ...)
  local state = state_of(self, "start")
  local operation = operation_named(name, "start")
  local loop = background_loop_for(state, "start", "background")
  local call, message, err = core[operation.name](state.target, ...)
  local jobs = require "cmr.jobs"
  if not call then return jobs.finished(loop.semaphore(), refuse(message, err)) end
  return jobs.start(state, call, loop, operation, loop.semaphore())
end

---Calls an operation for many inputs concurrently. An input is a table of fields, or the operation's first argument.
---The rate limit and the retries apply to each call.
---
---    for input, res, message, err in client:map("reexport", rows, { concurrency = 8 }) do ... end
---
---If an input has wrong arguments, the loop gets an error of kind "invalid_argument" for this input. A call's timeout
---starts when the call gets its slot in the rate limit. If you leave the loop early, the calls in flight are cancelled.
---Lua 5.4 and 5.5 cancel them at once. Other versions of Lua cancel them when they collect the iterator. In nginx, the
---end of the loop's coroutine cancels them too.
---@param name string The operation's name.
---@param inputs any[]|fun(): any A list of inputs, or a function that returns the next input.
---@param opts? cmr.MapOptions
---@return fun(): any, cmr.Answer?, string?, cmr.Error? iterator Gives an input and the results of its call.
function Client:map(name, inputs, opts)
  local state = state_of(self, "map")
  local operation = operation_named(name, "map")
  local prepare = core[operation.name]
  local loop = background_loop_for(state, "map", "iterator")
  local jobs = require "cmr.jobs"
  return jobs.map(loop, inputs, opts, function(input, semaphore, before_send)
    local call, message, err = prepare(state.target, input)
    if call then return jobs.start(state, call, loop, operation, semaphore, before_send) end
    err.attempts = 0
    return jobs.finished(semaphore, nil, message, err)
  end)
end

---Calls an operation for many rows. If the operation changes something, the client's ledger records the rows. A later
---call of client:bulk with the same rows continues the run, and skips the rows that are done. With the option `again`
---or `repeat_after`, client:bulk can send these rows again. The report counts the rows in each state, see
---cmr.BulkReport.
---
---    local client = cmr.new { ledger = true }
---    local report = assert(client:bulk("reexport", { { mailboxId = "MB1" }, { mailboxId = "MB2" } }))
---
---@param name string The operation's name.
---@param rows table[]|fun(): table? A list of tables of fields, or a function that returns the next table.
---@param opts? cmr.BulkOptions
---@return cmr.BulkReport? report Nil when the run could not begin; then nothing was sent.
---@return string? message
function Client:bulk(name, rows, opts)
  local state = state_of(self, "bulk")
  local operation = operation_named(name, "bulk")
  local prepare = core[operation.name]
  if not state.ledger and operation.method ~= "GET" then
    errors.raise "bulk: this client has no ledger: cmr.new{ledger = true}"
  end
  local loop = background_loop_for(state, "bulk", "caller")
  return require("cmr.bulk").run(self, state.ledger or nil, loop, operation, rows, function(args)
    local call, message = prepare(state.target, args)
    return call ~= nil, message
  end, opts)
end

---Iterates over the requests in the client's ledger, newest first. The iterator gives only requests that were sent with
---this client's key to this client's base URL.
---
---    for request, message in client:history { operation = "reexport", unknown = true } do
---      if not request then error(message) end -- the ledger cannot be read: reported once, then the loop ends
---
---@param filter? cmr.HistoryFilter
---@return fun(): cmr.SentRequest|false, string? iterator Gives each request, or false and a message on failure.
function Client:history(filter)
  local state = state_of(self, "history")
  if not state.ledger then errors.raise "history: this client has no ledger: cmr.new{ledger = true}" end
  local history = require "cmr.ledger.history"
  filter = history.filter(filter)
  filter.account = require("cmr.ledger.entry").account(state.target)
  return history.each(state.ledger, filter)
end

---Waits until an accepted operation has finished, that is, until webhook events report its success or failure. cmr
---reads the events from the client's store, where cmr.webhook.handler writes them. The events may arrive before the
---wait. They may arrive at another worker. With a store in Redis, they may arrive at another host. The stored events
---contain passwords only if the handler's option store_passwords is set.
---
---    local res = assert(client:create_order(user, order))
---    local events, message, err = client:await(res)
---
---The wait succeeds when every expected event has arrived. If the operation is about an order, cmr also polls the
---order's status, with a lower priority than all other calls. The values of a status are undocumented. So a status
---counts only if its whole text is a word such as COMPLETED. Two polls in a row must also agree on the status. When the
---timeout leaves no time for a second poll, one poll is enough. If the order's status reports success before all
---expected events have arrived, `events.order` is the `data` from the answer of order_status.
---
---Another process can wait too. It needs either the field `plan` of cmr.info(res), or the operation and an id. Without
---the plan, cmr may not know how many events to expect. In this case, give `count`; otherwise only the order's status
---can report success.
---
---If the operation failed, err is of kind "operation_failed". If an event reports the failure, err.body is this event.
---If the order's status reports the failure, err.body is the answer of order_status. Otherwise err.body is the list of
---the items that the API refused.
---
---err.outcome is "rejected" when nothing was done. Otherwise err.outcome is "unknown", and err.events shows what was
---done. When an event reports that one of several items failed, await does not wait for the other items. When the
---answer refused some items, await still waits for the accepted items. When time is up, err is of kind "timeout" with
---outcome "unknown". When await can never learn the outcome, err is of kind "invalid_argument". client:awaitable tells
---you this before you send anything.
---@param res cmr.Answer|cmr.Accepted
---@param opts? cmr.AwaitOptions
---@return cmr.Event[]? events The events, oldest first. An order of mailboxes has one event for each mailbox.
---@return string? message
---@return cmr.Error? err
function Client:await(res, opts)
  local state = state_of(self, "await")
  local loop = state.loop or loops.detect "caller"
  return require("cmr.await").run(self, state, loop, res, opts)
end

---Returns true if client:await can learn how the operation ends. Call this function before you send the operation.
---@param name string The operation's name.
---@return boolean? ok
---@return string? message The reason, if client:await could not learn how the operation ends.
function Client:awaitable(name)
  local state = state_of(self, "awaitable")
  return require("cmr.await").check(state, operation_named(name, "awaitable"))
end

local function target_for(opts, parent)
  if parent and next(opts) == nil then return parent.target end
  if parent then return core.target(opts, parent.target) end
  local complete, message, problem = client_options.with_environment(opts)
  if not complete then return nil, message, problem end
  return core.target(complete)
end

-- Returns the ledger that the option names. Without the option, returns the parent's ledger. Returns false for a client
-- without a ledger. If the ledger cannot be opened, returns nil and a message.
local function ledger_for(option, parent)
  if option == nil then return parent and parent.ledger or false end
  if type(option) == "table" or option == false then return option end
  return require("cmr.ledger").open(option ~= true and option or nil)
end

-- Returns a client's default store or limiter. The default belongs to the first of these that exists: nginx's
-- lua_shared_dict cmr, the client's ledger, the process.
local function shared_by(ledger, method, default)
  if ledger and not shared_dict.default() then return ledger[method](ledger) end
  return default()
end

---Makes a client. Returns a mistake in the options instead of raising it.
---@param opts cmr.Options
---@param parent table? The state of a client, which supplies missing options. Nil: uses the environment and defaults.
---@return cmr.Client? client
---@return string? message
---@return table? problem {code = "unknown_option"|"bad_option"|"no_ledger", option, expected, got, suggestion}
function Client.try_new(opts, parent)
  local target_opts, lua_opts, problem = client_options.split(opts)
  if not target_opts then return nil, lua_opts, problem end
  local target, message
  target, message, problem = target_for(target_opts, parent)
  if not target then return nil, message, problem end
  local ledger
  ledger, message = ledger_for(lua_opts.ledger, parent)
  if ledger == nil then return nil, message, { code = "no_ledger", option = "ledger" } end
  client_options.inherit(lua_opts, parent and parent.options or client_options.DEFAULTS)
  return setmetatable({
    _state = {
      target = target,
      options = lua_opts,
      ledger = ledger,
      limiter = lua_opts.limiter or shared_by(ledger, "limiter", limiter.default),
      store = lua_opts.store or shared_by(ledger, "store", stores.default),
      loop = lua_opts.loop, -- nil: each call gets a fitting adapter
    },
  }, Client)
end

---Makes a client. See cmr.new.
function Client.new(opts)
  local self, message = Client.try_new(opts == nil and {} or opts)
  if not self then errors.raise("new: " .. message) end
  return self
end

---Makes a copy of the client with other options. A copy is cheap enough to make for one call:
---client:with{timeout = 60}:platforms(id).
---@param opts cmr.Options The options that differ from this client's options.
---@return cmr.Client client The copy, which uses this client's engine.
function Client:with(opts)
  local client, message = Client.try_new(opts, state_of(self, "with"))
  if not client then errors.raise("with: " .. message) end
  return client
end

---Closes the client. Later calls on the client raise. Closes all connections too, if no client has a call in flight.
function Client:close()
  self._state.closed = true
  local engine = core.idle_engine()
  if engine then
    loops.forget(engine)
    engine:close()
  end
end

---Returns the base URL of the client's requests.
---@return string base_url
function Client:base_url()
  return tostring(self:target()):match ": (.*)"
end

---Returns a digest of the client's key, which identifies the key without revealing it.
---@return string key_id
function Client:key_id()
  return self:target():key_id()
end

-- Returns the client's target. With the target and cmr.core, the `cmr` command gets an error table for a wrong
-- argument. From a method of the client, it would get only a message.
function Client:target()
  return state_of(self, "target").target
end

function Client:__tostring()
  return "cmr.client: " .. tostring(self._state.target):match ": (.*)" -- the text never contains the key
end

Client.info = sender.info

return Client
