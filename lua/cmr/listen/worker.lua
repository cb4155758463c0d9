---The listener inside nginx. It has no key: it holds each delivery until the launcher, which reads "delivery ID" from
---this process's standard output, has fetched it from /_listen/delivery and sent its verdict to /_listen/verdict.

local cjson = require "cjson"
local request_body = require "cmr.util.request_body"
local semaphore = require "ngx.semaphore"
local shell = require "cmr.util.shell"

local worker = {}

local VENDOR_TIMEOUT_SECONDS = 60

local token
local deliveries, count = {}, 0 -- by id: those without a verdict yet
local forwarding = {} -- id by request, for the requests that were accepted and passed on

local function report(...)
  io.stdout:write(table.concat({ ... }, " "), "\n")
  io.stdout:flush()
end

---Reads the token of the launcher.
function worker.init()
  token = assert(shell.read(ngx.config.prefix() .. "token"))
end

---Reports that connections are accepted.
function worker.ready()
  report "ready"
end

-- Returns a name for the request that survives a redirect.
local function request_id()
  return ngx.var.connection .. "." .. ngx.var.connection_requests
end

---Holds a delivery until its verdict, then answers it or lets it go on.
---@param forwards boolean
function worker.receive(forwards)
  count = count + 1
  local id, delivery = tostring(count), { done = semaphore.new() }
  -- lua-cjson passes any bytes, here and in the launcher
  delivery.json = cjson.encode { headers = ngx.req.get_headers(0), body = request_body.read() }
  deliveries[id] = delivery
  report("delivery", id)
  local in_time = delivery.done:wait(VENDOR_TIMEOUT_SECONDS)
  deliveries[id] = nil
  if forwards and delivery.status == 200 then
    forwarding[request_id()] = id
    return ngx.exec "/_listen/forward"
  end
  ngx.status = in_time and delivery.status or 503
  ngx.header["Content-Length"] = 0 -- anyone may send here, and learns no more
end

---Reports the answer to a delivery that was passed on.
function worker.forwarded()
  report("forwarded", forwarding[request_id()], ngx.status)
  forwarding[request_id()] = nil
end

---Answers the launcher's requests.
function worker.control()
  if ngx.req.get_headers()["x-listen-token"] ~= token then return ngx.exit(404) end
  local delivery = deliveries[ngx.var.arg_id or ""]
  if not delivery then return ngx.exit(404) end
  ngx.header["Content-Type"] = "application/json"
  if ngx.var.uri == "/_listen/delivery" then return ngx.print(delivery.json) end
  delivery.status = tonumber(ngx.var.arg_verdict)
  delivery.done:post()
  ngx.print "{}"
end

return worker
