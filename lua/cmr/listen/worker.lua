-- The listener inside nginx, which knows no key: it holds each delivery until the launcher, who reads "delivery ID" on
-- our standard output, has fetched it from /_listen/delivery and given its verdict to /_listen/verdict.
local cjson = require "cjson"
local semaphore = require "ngx.semaphore"

local listener = {}

local PATIENCE = 60 -- seconds that the vendor waits

local token
local waiting, going, count = {}, {}, 0 -- what is to be judged, what went on, how many there were

local function tell(...)
  io.stdout:write(table.concat({ ... }, " "), "\n")
  io.stdout:flush()
end

--- Read what the launcher wrote for us.
function listener.init()
  local file = assert(io.open(ngx.config.prefix() .. "token", "rb"))
  token = file:read "*a"
  file:close()
end

--- Tell the launcher that connections are accepted.
function listener.ready()
  tell "ready"
end

-- What names a request, also after a redirect.
local function request()
  return ngx.var.connection .. "." .. ngx.var.connection_requests
end

--- Hold a delivery until it is judged, and answer it or let it go on.
function listener.receive(forwards)
  ngx.req.read_body()
  count = count + 1
  local id, delivery = tostring(count), { done = semaphore.new() }
  -- any bytes: both ends of this keep in a string what is no UTF-8
  delivery.text = cjson.encode { headers = ngx.req.get_headers(0), body = ngx.req.get_body_data() or "" }
  waiting[id] = delivery
  tell("delivery", id)
  local judged = delivery.done:wait(PATIENCE)
  waiting[id] = nil
  if forwards and delivery.status == 200 then
    going[request()] = id
    return ngx.exec "/_listen/forward"
  end
  ngx.status = judged and delivery.status or 503
  ngx.header["Content-Length"] = 0 -- who may have sent it is told no more
end

--- Tell the launcher what a delivery that went on was answered with.
function listener.forwarded()
  tell("forwarded", going[request()], ngx.status)
  going[request()] = nil
end

--- The launcher's own requests.
function listener.control()
  if ngx.req.get_headers()["x-listen-token"] ~= token then return ngx.exit(404) end
  local delivery = waiting[ngx.var.arg_id or ""]
  if not delivery then return ngx.exit(404) end
  ngx.header["Content-Type"] = "application/json"
  if ngx.var.uri == "/_listen/delivery" then return ngx.print(delivery.text) end
  delivery.status = tonumber(ngx.var.arg_verdict)
  delivery.done:post()
  ngx.print "{}"
end

return listener
