---The part of the listener that runs in nginx. It has no key, so it cannot verify a delivery. It prints "delivery ID"
---on standard output, which the launcher reads. The launcher fetches the delivery from /_listen/delivery and sends a
---verdict to /_listen/verdict. The delivery waits for this verdict.

local cjson = require "cjson"
local request_body = require "cmr.util.request_body"
local semaphore = require "ngx.semaphore"
local shell = require "cmr.util.shell"

local worker = {}

local VENDOR_TIMEOUT_SECONDS = 60

local token
local deliveries, count = {}, 0 -- id -> delivery without a verdict; the number of all deliveries
local forwarding = {} -- request_id() -> id, for the deliveries that were accepted and forwarded

local function report(...)
  io.stdout:write(table.concat({ ... }, " "), "\n")
  io.stdout:flush()
end

---Reads the launcher's token.
function worker.init()
  token = assert(shell.read(ngx.config.prefix() .. "token"))
end

---Tells the launcher that nginx accepts connections.
function worker.ready()
  report "ready"
end

-- Returns an id of the request. An internal redirect does not change the id.
local function request_id()
  return ngx.var.connection .. "." .. ngx.var.connection_requests
end

---Lets a delivery wait for its verdict, then answers it or lets nginx forward it.
---@param forwards boolean
function worker.receive(forwards)
  count = count + 1
  local id, delivery = tostring(count), { done = semaphore.new() }
  -- lua-cjson leaves all bytes unchanged, here and in the launcher
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
  ngx.header["Content-Length"] = 0 -- no body: anyone can send here, and a sender must learn only the status
end

---Reports the answer to a forwarded delivery.
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
