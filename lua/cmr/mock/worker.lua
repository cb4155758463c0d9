-- The mock inside nginx: with cmr.mock.webhook_sender the only file that knows ngx. One process, so its state is plain tables
-- of this module.
local json = require "cmr.mock.json"
local state = require "cmr.mock.state"
local api = require "cmr.mock.api"
local answer = require "cmr.mock.answer"
local faults = require "cmr.mock.faults"
local control = require "cmr.mock.control"
local deliver = require "cmr.mock.webhook_sender"
local webhooks = require "cmr.mock.deliveries"

local server = {}

-- How much of a body is kept in the record.
local RECORDED_BODY = 1024 * 1024

local config, world, service

--- Read the launcher's configuration: config.json in nginx's prefix.
function server.init()
  local file = assert(io.open(ngx.config.prefix() .. "config.json", "rb"))
  config = assert(json.decode(file:read "*a"))
  file:close()
  local webhook = config.webhook and assert(webhooks.check { url = config.webhook })
  world = state.new({ rate = config.rate, window = config.window, webhook = webhook }, ngx.now)
  service = api.new(config, world)
end

--- Tell the launcher that connections are accepted; its end of the pipe is our standard output.
function server.ready()
  deliver.start(world, config.key)
  io.stdout:write "ready\n"
  io.stdout:flush()
end

-- A parameter without a value is an empty one; of a repeated one the last counts.
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

local function body()
  ngx.req.read_body()
  local text = ngx.req.get_body_data()
  local path = not text and ngx.req.get_body_file()
  if path then
    local file = assert(io.open(path, "rb"))
    text = file:read "*a"
    file:close()
  end
  return text or ""
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
  world:record(entry)
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
  service:identify(request)
  local entry = record(request)
  local fault = faults.take(world.faults, request)
  if fault and fault.close == true then
    entry.status = 444
    return ngx.exit(444)
  end
  request.raw_body = body()
  entry.body = request.raw_body:sub(1, RECORDED_BODY)
  if fault and fault.delay > 0 then ngx.sleep(fault.delay) end
  local reply = fault and faults.answer(fault) or service:answer(request)
  if fault then
    for name, value in pairs(fault.headers) do
      reply.headers[name] = value
    end
  end
  entry.status = reply.status
  if fault and fault.close == "after" then return ngx.exit(444) end
  send(reply)
end

--- Serve one request.
function server.serve()
  ngx.update_time()
  local request = receive()
  if not control.owns(request.path) then return serve_api(request) end
  request.raw_body = body()
  send(control.answer(request, world, config.token))
end

--- What nginx itself refuses (a broken request line, a body too large, a mistake of ours) has the envelope, too.
function server.refused()
  local status = ngx.status
  send(answer.assume(answer.new(status, ("nginx answered %d"):format(status)), "everything"))
end

return server
