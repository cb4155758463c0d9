---A call's entry in the ledger. The sender makes the entry before it sends the call, and later records there how the
---call ended.

local ascii = require "cmr.util.ascii"
local collected = require "cmr.util.collected"
local core = require "cmr.core"
local endings = require "cmr.ledger.endings"
local identity = require "cmr.ledger.identity"
local ids = require "cmr.ledger.ids"
local log = require "cmr.util.log"
local operations = require "cmr.operations"

local Entry = {}
Entry.__index = Entry
Entry.__name = "cmr.ledger.entry"

local entry = {}

local DEFAULT_PORTS = { http = ":80", https = ":443" }

-- Returns a base URL in the form for comparison: scheme and host in lower case, without the scheme's default port.
-- localhost becomes 127.0.0.1.
local function normal_url(url)
  local scheme, host, rest = url:match "^(%a+)://([^/]*)(.*)$"
  if not scheme then return url end
  scheme, host = ascii.lower(scheme), ascii.lower(host)
  local port = DEFAULT_PORTS[scheme]
  if port and host:sub(-#port) == port then host = host:sub(1, -#port - 1) end
  local name, number = host:match "^([^:]*)(:?%d*)$"
  if name == "localhost" then host = "127.0.0.1" .. number end
  return ("%s://%s%s"):format(scheme, host, rest)
end

local function base_url(target)
  return tostring(target):match ": (.*)"
end

---Returns the account that a client acts for: a text such as "DIGEST_OF_KEY https://host".
function entry.account(target)
  return ("%s %s"):format(target:key_id(), normal_url(base_url(target)))
end

local function unescape(value)
  return (value:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

-- Returns the members of a raw request's body and query as one table, or nil if the body is no JSON object.
local function arguments_of(request, query)
  local args = core.json_decode(request.body or "{}", true)
  if type(args) ~= "table" or args[1] ~= nil then return nil end
  for name, value in query:gmatch "([^&=]+)=([^&]*)" do
    args[unescape(name)] = unescape(value)
  end
  return args
end

-- Returns the name of the operation that a raw request calls, and the arguments. Returns "request" and {method, url,
-- body} if no operation has the request's method and path, or if the body is no JSON object.
local function recognise(call, target)
  local request = call:request()
  local path, query = request.url:sub(#base_url(target) + 1):match "^([^?]*)%??(.*)$"
  for _, operation in ipairs(operations) do
    if operation.method == request.method and operation.path == path then
      local args = arguments_of(request, query)
      if args then return operation.name, args end
    end
  end
  return "request", { method = request.method, url = request.url, body = request.body }
end

-- Makes a guard against a coroutine that never resumes: nginx drops a coroutine when its HTTP client disconnects.
-- Nothing then records the end of the request, so the guard marks the request as unknown when Lua collects the entry.
-- Without the guard, the request would become unknown only when the process ends.
local function guard_of(self)
  local ledger, id, progress, db = self.ledger, self.id, self.progress, self.db
  return collected.guard(function()
    if not progress.is_finished then pcall(ledger.abandon, ledger, id, db) end
  end)
end

---Records a call that is about to be sent.
---@param state table of the client
---@param call any
---@param context table? Further fields for Ledger:begin, such as run, row or digest.
---@return table? entry
---@return string? message
---@return string? reason
function entry.begin(state, call, context)
  local operation, args = call:operation(), call:arguments()
  if not operation then
    operation, args = recognise(call, state.target)
  end
  local request = {
    account = entry.account(state.target),
    operation = operation,
    digest = context and context.digest or identity.digest(args, operations[operation]),
    ids = ids.of_request(args),
    user = type(args) == "table" and type(args.userId) == "string" and args.userId or nil,
  }
  for name, value in pairs(context or {}) do
    request[name] = value
  end
  local id, message, reason = state.ledger:begin(request)
  if not id then return nil, message, reason end
  local self = { ledger = state.ledger, id = id, operation = operations[request.operation], args = args }
  self.sent_at, self.progress, self.db = core.time(), {}, state.ledger.connections.durable
  self.guard = guard_of(self)
  return setmetatable(self, Entry)
end

local function write(self, make_ending, ...)
  return self.ledger:finish(self.id, make_ending(...))
end

-- Records the end of a request. If the ledger cannot be written, the caller still gets its answer, and the request
-- counts as unknown. In a fork's child, records nothing, because the parent records the end.
local function finish(self, ...)
  self.progress.is_finished = true
  if self.db:is_inherited() then return end
  local returned, ok, message = pcall(write, self, ...)
  if returned and ok then return end
  self.problem = returned and message or tostring(ok)
  log.error("the end of a request could not be written into the ledger, it counts as unknown: %s", self.problem)
end

---Records the answer.
function Entry:answered(answer)
  finish(self, endings.of_answer, self.operation, self.args, answer, self.sent_at)
end

---Records a failure.
function Entry:failed(err)
  finish(self, endings.of_failure, err, core.time())
end

---Records how an accepted request ended, after client:await has waited for the request.
---@param ledger cmr.Ledger
---@param id integer the id of the request
---@param plan cmr.Plan
---@param err cmr.Error? The error of client:await; nil when everything was done.
function entry.settle(ledger, id, plan, err)
  local ending = endings.of_wait(plan, err)
  if not ending then return end
  local returned, ok, message = pcall(ledger.settle, ledger, id, ending)
  if returned and ok then return end
  log.error("how a request ended could not be written into the ledger: %s", returned and message or tostring(ok))
end

return entry
