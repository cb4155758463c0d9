---A session with one client: the requests under way in both directions. Each request of the client runs in its own
---coroutine, so that a cancellation can arrive while a call is in flight.

local block = require "cmr.loop.block"
local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local log = require "cmr.util.log"
local protocol = require "cmr.cli.mcp.protocol"

local MAX_REQUESTS = 64 -- maximum of requests under way
local LEVELS = { debug = 1, info = 2, notice = 3, warning = 4, error = 5, critical = 6, alert = 7, emergency = 8 }

---A session.
---@class cmr.cli.mcp.Session
local Session = {}
Session.__index = Session
Session.__name = "cmr.cli.mcp.Session"

local session = { LEVELS = LEVELS }

---Makes a session.
---@param opts table {write(line), methods}; methods maps the name of a method to function(session, params, request) ->
---result, or nil, code, message
---@return cmr.cli.mcp.Session
function session.new(opts)
  local self = { write = opts.write, methods = opts.methods, level = "warning" }
  self.running, self.count, self.asked, self.asked_count = {}, 0, {}, 0
  return setmetatable(self, Session)
end

---Sends a message to the client.
function Session:send(message)
  self.write(protocol.write(message))
end

---Sends a notification to the client.
function Session:notify(method, params)
  self:send { method = method, params = params }
end

---Sends a log message to the client, if the client wants messages of this level.
---@param level string one of session.LEVELS
---@param message string
function Session:log(level, message)
  if not self.version or LEVELS[level] < LEVELS[self.level] then return end
  self:notify("notifications/message", { level = level, logger = "cmr", data = message })
end

local function key_of(id)
  return type(id) .. " " .. tostring(id)
end

-- Reports a request's progress if the client asked for progress. The number in the report is the request's age in
-- seconds. The protocol wants a greater number each time, so each report adds at least one millisecond.
local function report(self, request, now)
  if request.token == nil or request.is_cancelled then return end
  local elapsed_ms = math.floor((now - request.started_at) * 1000)
  request.reported_ms = math.max(elapsed_ms, request.reported_ms + 1)
  local params = { progressToken = request.token, progress = request.reported_ms / 1000, message = request.status }
  self:notify("notifications/progress", params)
end

---Sets the text that says what a request does now. The client gets the text if it asked for progress.
function Session:progress(request, status)
  request.status = status
  report(self, request, core.now())
end

---Reports the progress of all requests. The server calls this every second.
function Session:tick()
  local now = core.now()
  for _, request in pairs(self.running) do
    report(self, request, now)
  end
end

local function finish(self, request, message)
  if not self.running[request.key] then return end
  self.running[request.key] = nil
  self.count = self.count - 1
  if not request.is_cancelled then self:send(message) end
end

local function run(self, request, method, params)
  local ok, result, code, message = coroutines.pcall(method, self, params, request)
  if not ok then
    log.error("%s: %s", request.method, tostring(result))
    result, code, message = nil, protocol.INTERNAL_ERROR, "internal error"
  end
  local answer = result and protocol.result(request.id, result) or protocol.error(request.id, code, message)
  finish(self, request, answer)
end

-- Answers the requests whose coroutine ended with an error. On Lua 5.1 `run` cannot catch the error, because a
-- coroutine cannot wait inside pcall.
local function bury(self, message)
  log.error("%s", message)
  for _, request in pairs(self.running) do
    if request.co and coroutine.status(request.co) == "dead" then
      finish(self, request, protocol.error(request.id, protocol.INTERNAL_ERROR, "internal error"))
    end
  end
end

---Runs a function that resumes coroutines. An error in a coroutine ends that coroutine's request.
function Session:guard(action, ...)
  local ok, message = pcall(action, ...)
  if not ok then bury(self, tostring(message)) end
end

-- If a request cannot begin, returns the code and the message of the error. Otherwise returns nil.
local function refusal(self, message)
  if self.running[key_of(message.id)] then return protocol.INVALID_REQUEST, "a request with this id is under way" end
  if not self.methods[message.method] then
    return protocol.UNKNOWN_METHOD, ("unknown method '%s'"):format(protocol.shown_name(message.method))
  end
  if not message.params then return protocol.BAD_PARAMS, "params has to be an object" end
  if not self.version and message.method ~= "initialize" and message.method ~= "ping" then
    return protocol.INVALID_REQUEST, "the session is not initialized"
  end
  if self.count >= MAX_REQUESTS then
    return protocol.INTERNAL_ERROR, ("more than %d requests under way"):format(MAX_REQUESTS)
  end
end

local function start(self, message)
  local code, reason = refusal(self, message)
  if code then return self:send(protocol.error(message.id, code, reason)) end
  local meta = message.params._meta
  local token = type(meta) == "table" and meta.progressToken
  if type(token) ~= "string" and type(token) ~= "number" then token = nil end
  local request = { id = message.id, key = key_of(message.id), method = message.method, token = token }
  request.started_at, request.reported_ms = core.now(), -1
  self.running[request.key] = request
  self.count = self.count + 1
  self:guard(block.spawn, function()
    request.co = coroutine.running()
    run(self, request, self.methods[message.method], message.params)
  end)
end

---Cancels a request: the request gets no answer, and its function `stop` ends the work.
function Session:cancel(request)
  if request.is_cancelled then return end
  request.is_cancelled = true
  if request.stop then self:guard(request.stop) end
end

---Returns whether the process must wait for the API's answer before the process ends. If a sent request changes
---something, the ledger needs the request's outcome, even after a cancellation.
---@return boolean
function Session:must_go_on()
  for _, request in pairs(self.running) do
    if request.must_end then return true end
  end
  return false
end

---Cancels all requests.
function Session:cancel_all()
  for _, request in pairs(self.running) do
    self:cancel(request)
  end
end

local function answer(self, message)
  local question = self.asked[message.id]
  if not question then return end -- the server asked no question with this id
  self.asked[message.id] = nil
  question.answer = message
  self:guard(question.semaphore.post)
end

---Asks the client, and waits for the client's answer.
---@param request table the client's request that needs the answer
---@param method string
---@param params table
---@return table? result Nil when the client refused, or cancelled its request.
function Session:ask(request, method, params)
  self.asked_count = self.asked_count + 1
  local id = ("cmr-%d"):format(self.asked_count)
  local question = { semaphore = block.semaphore() }
  self.asked[id] = question
  request.stop = question.semaphore.post
  self:send { id = id, method = method, params = params }
  question.semaphore.wait()
  request.stop = nil
  self.asked[id] = nil
  local result = question.answer and question.answer.result
  return type(result) == "table" and result or nil
end

---Handles a line from the client.
---@param line string|false see protocol.splitter
function Session:receive(line)
  for _, message in ipairs(protocol.read(line, self.version)) do
    if message.kind == "request" then
      start(self, message)
    elseif message.kind == "response" then
      answer(self, message)
    elseif message.kind == "invalid" then
      self:send(protocol.error(message.id, message.code, message.message))
    elseif message.method == "notifications/cancelled" and message.params then
      local request = self.running[key_of(message.params.requestId)]
      if request and request.method ~= "initialize" then self:cancel(request) end
    end
  end
end

return session
