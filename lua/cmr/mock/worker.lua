---The part of the mock that runs in nginx. Only this file and cmr.mock.webhook_sender use ngx. nginx runs as one
---process, so the state is in plain tables of this module.

local answer = require "cmr.mock.answer"
local control = require "cmr.mock.control"
local Deliveries = require "cmr.mock.deliveries"
local Dispatch = require "cmr.mock.dispatch"
local faults = require "cmr.mock.faults"
local json = require "cmr.mock.json"
local request_body = require "cmr.util.request_body"
local shell = require "cmr.util.shell"
local State = require "cmr.mock.state"
local webhook_sender = require "cmr.mock.webhook_sender"

local worker = {}

local MAX_RECORDED_BODY_BYTES = 1024 * 1024
local CLOSE_CONNECTION = 444 -- a status of nginx that closes the connection without an answer

local config, state, dispatch

---Reads the configuration that the launcher wrote: config.json in nginx's prefix.
function worker.init()
  config = assert(json.decode(assert(shell.read(ngx.config.prefix() .. "config.json"))))
  local webhook = config.webhook and assert(Deliveries.destination { url = config.webhook })
  state = State.new({ rate = config.rate, window = config.window, webhook = webhook }, ngx.now)
  dispatch = Dispatch.new(config, state)
end

---Tells the launcher, which reads our standard output, that nginx accepts connections.
function worker.ready()
  webhook_sender.start(state, config.key)
  io.stdout:write "ready\n"
  io.stdout:flush()
end

-- Reads the query. A parameter without a value is "". If a parameter is repeated, its last value counts.
local function query()
  local arguments = ngx.req.get_uri_args(0)
  for name, value in pairs(arguments) do
    if type(value) == "table" then value = value[#value] end
    arguments[name] = value == true and "" or value
  end
  return arguments
end

local function headers()
  local plain = {}
  for name, value in pairs(ngx.req.get_headers(0)) do
    plain[name] = type(value) == "table" and table.concat(value, ", ") or value
  end
  return plain
end

local function receive()
  local uri = ngx.var.request_uri
  return {
    method = ngx.req.get_method(),
    path = uri:match "^[^?]*",
    raw_query = uri:match "?(.*)$" or "",
    query = query(),
    headers = headers(),
  }
end

local function record(request)
  local entry = {
    method = request.method,
    path = request.path,
    query = request.query,
    raw_query = request.raw_query,
    headers = request.headers,
    body = "",
    operation = request.operation_name,
    connection = tonumber(ngx.var.connection),
    connection_requests = tonumber(ngx.var.connection_requests),
    http = ("%.1f"):format(ngx.req.http_version()),
  }
  state:record(entry)
  return entry
end

local function send(reply)
  local text = answer.body(reply)
  ngx.status = reply.status
  ngx.header["Content-Type"] = "application/json"
  ngx.header["Content-Length"] = #text
  for name, value in pairs(reply.headers) do
    ngx.header[name] = value
  end
  ngx.print(text)
end

local function serve_api(request)
  dispatch:identify(request)
  local entry = record(request)
  local fault = faults.take(state.faults, request)
  if fault and fault.close == true then
    entry.status = CLOSE_CONNECTION
    return ngx.exit(CLOSE_CONNECTION)
  end
  request.raw_body = request_body.read()
  entry.body = request.raw_body:sub(1, MAX_RECORDED_BODY_BYTES)
  if fault and fault.delay > 0 then ngx.sleep(fault.delay) end
  local reply = fault and faults.answer(fault) or dispatch:answer(request)
  if fault then
    for name, value in pairs(fault.headers) do
      reply.headers[name] = value
    end
  end
  entry.status = reply.status
  if fault and fault.close == "after" then return ngx.exit(CLOSE_CONNECTION) end
  send(reply)
end

---Serves one request.
function worker.serve()
  ngx.update_time()
  local request = receive()
  if not control.owns(request.path) then return serve_api(request) end
  request.raw_body = request_body.read()
  send(control.answer(request, state, config.token))
end

---Answers with an envelope when nginx itself refuses the request: for a bad request line, a body that is too large, or
---an error of the mock.
function worker.refused()
  local status = ngx.status
  send(answer.assume(answer.new(status, ("nginx answered %d"):format(status)), "everything"))
end

return worker
