---Sends the mock's webhooks from inside nginx. Each webhook is signed, and the sockets do not block the worker.

local ffi = require "ffi"
local signature_formats = require "cmr.webhook.signature_formats"
local text = require "cmr.util.text"

local webhook_sender = {}

local POLL_INTERVAL_SECONDS = 0.02
local RECEIVER_TIMEOUT_MS = 60 * 1000 -- documented
local MAX_CONCURRENT_ATTEMPTS = 100

-- These functions are in libcrypto, which every nginx with TLS has loaded.
ffi.cdef [[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *d, size_t n, unsigned char *out,
                    unsigned int *size);
]]

local digest = ffi.new "unsigned char[32]"

local function sign(key, format, timestamp, body)
  local message = signature_formats.signed_text(format.signs, timestamp, body)
  assert(ffi.C.HMAC(ffi.C.EVP_sha256(), key, #key, message, #message, digest, nil) ~= nil)
  local bytes = ffi.string(digest, 32)
  return format.encoding == "hex" and text.hex(bytes) or ngx.encode_base64(bytes)
end

-- Returns the request of an attempt as text. Assumed: every attempt has a new timestamp and signature.
local function request_text(delivery, key)
  local destination, body = delivery.destination, delivery.body
  local format = destination.signature_format
  local timestamp = signature_formats.timestamp(ngx.now(), format.unit)
  local lines = {
    "POST " .. destination.path .. " HTTP/1.1",
    ("Host: %s:%d"):format(destination.name, destination.port),
    "Content-Type: application/json",
    "Content-Length: " .. #body,
    "Connection: close",
    signature_formats.TIMESTAMP_HEADER .. ": " .. timestamp,
    signature_formats.SIGNATURE_HEADER .. ": " .. sign(key, format, timestamp, body),
  }
  if delivery.assumed then lines[#lines + 1] = "x-mock-assumed: " .. delivery.assumed end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

-- Sends a delivery on a new connection. Returns the first line of the answer, or nil and a message.
local function exchange(socket, delivery, key)
  local destination = delivery.destination
  local ok, message = socket:connect(destination.host, destination.port)
  if ok and destination.tls then
    -- the certificate is not verified: the receiver under test is on this machine and has no real certificate
    ok, message = socket:sslhandshake(nil, destination.name, false)
  end
  if ok then
    ok, message = socket:send(request_text(delivery, key))
  end
  if not ok then return nil, message end
  return socket:receive "*l"
end

local function attempt(delivery, key)
  local socket = ngx.socket.tcp()
  socket:settimeout(RECEIVER_TIMEOUT_MS)
  local status_line, message = exchange(socket, delivery, key)
  socket:close()
  local status = tonumber(status_line and status_line:match "^HTTP/%d%.%d (%d%d%d)")
  return status, not status and (message or "the answer is not HTTP") or nil
end

---Starts a timer that sends the deliveries of a state when they are due.
---@param state table
---@param key string The key that signs the deliveries.
function webhook_sender.start(state, key)
  local running = 0
  local function send(_, deliveries, delivery)
    local ordered = deliveries:ordered_failure(delivery)
    if ordered then
      deliveries:finish_attempt(delivery, nil, ordered)
    else
      deliveries:finish_attempt(delivery, attempt(delivery, key))
    end
    running = running - 1
  end
  assert(ngx.timer.every(POLL_INTERVAL_SECONDS, function()
    local deliveries = state.deliveries
    if not deliveries.destinations[1] and not deliveries.items[1] then return end
    ngx.update_time()
    state:catch_up()
    for _, delivery in ipairs(deliveries:due(MAX_CONCURRENT_ATTEMPTS - running)) do
      running = running + 1
      if not ngx.timer.at(0, send, deliveries, delivery) then
        running = running - 1
        deliveries:finish_attempt(delivery, nil, "no timer")
      end
    end
  end))
end

return webhook_sender
