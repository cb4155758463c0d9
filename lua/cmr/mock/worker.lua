---The part of the mock that runs in nginx. Only this file and cmr.mock.webhook_sender use ngx. nginx runs as one
---process, so the state is in plain tables of this module.

local answer = require "cmr.mock.answer"
local control = require "cmr.mock.control"
local Deliveries = require "cmr.mock.deliveries"
local Dispatch = require "cmr.mock.dispatch"
local faults = require "cmr.mock.faults"
local json = require "cmr.mock.json"
local multipart = require "cmr.mock.multipart"
local Recorder = require "cmr.mock.recorder"
local request_body = require "cmr.util.request_body"
local shell = require "cmr.util.shell"
local State = require "cmr.mock.state"
local webhook_sender = require "cmr.mock.webhook_sender"

local worker = {}

local CLOSE_CONNECTION = 444 -- a status of nginx that closes the connection without an answer

local config, state, dispatch

---Reads config.json in nginx's prefix. The launcher wrote this file.
function worker.init()
  config = assert(json.decode(assert(shell.read(ngx.config.prefix() .. "config.json"))))
  local webhook = config.webhook and assert(Deliveries.destination { url = config.webhook })
  local settings = { rate = config.rate, window = config.window, webhook = webhook }
  settings.examples, settings.endpoints = config.examples, config.endpoints
  state = State.new(settings, ngx.now)
  dispatch = Dispatch.new(config, state)
end

---Starts to send webhooks. Then writes "ready" to standard output, to tell the launcher that nginx accepts connections.
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

-- Returns the headers, and their size.
local function headers()
  local plain, bytes = {}, 0
  for name, value in pairs(ngx.req.get_headers(0)) do
    value = type(value) == "table" and table.concat(value, ", ") or value
    plain[name], bytes = value, bytes + #name + #value
  end
  return plain, bytes
end

local function receive()
  local uri = ngx.var.request_uri
  local request = {
    method = ngx.req.get_method(),
    path = uri:match "^[^?]*",
    raw_query = uri:match "?(.*)$" or "",
    query = query(),
  }
  local bytes
  request.headers, bytes = headers()
  request.head_bytes = bytes + #uri
  return request
end

local function record(request)
  local entry = {
    at = state:now(),
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
  state.recorder:add(entry, request.head_bytes)
  return entry
end

-- Returns a form's parts for the recorder, without the contents of files.
local function recorded_parts(request)
  local list = json.array()
  for index, part in ipairs(multipart.parts(request) or {}) do
    list[index] = {
      name = part.name,
      filename = part.filename,
      type = part.type,
      size = #part.content,
      md5 = ngx.md5(part.content),
      value = not part.filename and part.content:sub(1, Recorder.MAX_BODY_BYTES) or nil,
    }
  end
  return list
end

-- Allows a web page to call the mock (CORS) if the page comes from this machine.
local function allow_browser()
  local origin = ngx.var.http_origin
  local host = origin and origin:match "^https?://(.+)$"
  host = host and host:gsub(":%d+$", "")
  if host ~= "localhost" and host ~= "[::1]" and not (host and host:find "^127%.%d+%.%d+%.%d+$") then return end
  ngx.header["Access-Control-Allow-Origin"] = origin
  ngx.header["Vary"] = "Origin"
  ngx.header["Access-Control-Expose-Headers"] = "Retry-After, x-mock-assumed"
  if ngx.req.get_method() ~= "OPTIONS" or not ngx.var.http_access_control_request_method then return end
  ngx.header["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
  ngx.header["Access-Control-Allow-Headers"] = ngx.var.http_access_control_request_headers
  ngx.exit(ngx.HTTP_NO_CONTENT)
end

local function send(reply, text)
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
  local entry, recorder = record(request), state.recorder
  local fault = faults.take(state.faults, request)
  if fault then entry.fault = true end
  if fault and fault.close == true then
    recorder:finish(entry, CLOSE_CONNECTION)
    return ngx.exit(CLOSE_CONNECTION)
  end
  request.raw_body = request_body.read()
  recorder:set_body(entry, request.raw_body, multipart.is_form(request) and recorded_parts(request) or nil)
  if fault and fault.delay > 0 then ngx.sleep(fault.delay) end
  local reply = fault and faults.answer(fault) or dispatch:answer(request)
  if fault then
    for name, value in pairs(fault.headers) do
      reply.headers[name] = value
    end
  end
  local text = answer.body(reply)
  recorder:finish(entry, reply.status, reply.headers, text)
  if fault and fault.close == "after" then return ngx.exit(CLOSE_CONNECTION) end
  send(reply, text)
end

---Serves one request.
function worker.serve()
  ngx.update_time()
  allow_browser()
  local request = receive()
  if not control.owns(request.path) then return serve_api(request) end
  request.raw_body = request_body.read()
  local reply = control.answer(request, state, config)
  send(reply, reply.body)
end

---Answers with an envelope when nginx would show its own error page. The reason may be a bad request line, a body that
---is too large, or an error in the mock's code.
function worker.refused()
  local status = ngx.status
  local reply = answer.assume(answer.new(status, ("nginx answered %d"):format(status)), "everything")
  send(reply, answer.body(reply))
end

return worker
