-- Sending the mock's webhooks, inside nginx: signed, over sockets that do not hold up the worker.
local ffi = require "ffi"
local signature = require "cmr.webhook.signature"

local deliver = {}

local EVERY = 0.02 -- seconds between looks for what is due
local TIMEOUT = 60 * 1000 -- ms that a receiver has; documented
local AT_ONCE = 100 -- attempts

-- libcrypto is in every nginx that speaks TLS.
ffi.cdef [[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *d, size_t n, unsigned char *out,
                    unsigned int *size);
]]

local digest = ffi.new "unsigned char[32]"

local function hex(bytes)
  return (bytes:gsub(".", function(char)
    return ("%02x"):format(char:byte())
  end))
end

local function sign(key, format, timestamp, body)
  local message = signature.signed_text(format.signs, timestamp, body)
  assert(ffi.C.HMAC(ffi.C.EVP_sha256(), key, #key, message, #message, digest, nil) ~= nil)
  local bytes = ffi.string(digest, 32)
  return format.encoding == "hex" and hex(bytes) or ngx.encode_base64(bytes)
end

-- The request. Assumed: that every attempt is signed anew.
local function request(delivery, key)
  local to, body = delivery.destination, delivery.body
  local timestamp = signature.timestamp(ngx.now(), to.signature_format.unit)
  local lines = {
    "POST " .. to.path .. " HTTP/1.1",
    ("Host: %s:%d"):format(to.name, to.port),
    "Content-Type: application/json",
    "Content-Length: " .. #body,
    "Connection: close",
    signature.TIMESTAMP_HEADER .. ": " .. timestamp,
    signature.SIGNATURE_HEADER .. ": " .. sign(key, to.signature_format, timestamp, body),
  }
  if delivery.assumed then lines[#lines + 1] = "x-mock-assumed: " .. delivery.assumed end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

-- The status of the answer, or nil and why there is none.
local function attempt(delivery, key)
  local to, socket = delivery.destination, ngx.socket.tcp()
  socket:settimeout(TIMEOUT)
  local fine, why = socket:connect(to.host, to.port)
  -- a receiver under test has a certificate that nobody vouches for, and the request stays on this machine
  if fine and to.tls then
    fine, why = socket:sslhandshake(nil, to.name, false)
  end
  if fine then
    fine, why = socket:send(request(delivery, key))
  end
  local line
  if fine then
    line, why = socket:receive "*l"
  end
  socket:close()
  local status = line and line:match "^HTTP/%d%.%d (%d%d%d)"
  return tonumber(status), not status and (why or "no HTTP") or nil
end

--- Deliver, from now on, what comes to be due in a world.
-- @param world from state.new
-- @param key the one that signs
function deliver.start(world, key)
  local busy = 0
  local function one(_, webhooks, delivery)
    webhooks:settle(delivery, attempt(delivery, key))
    busy = busy - 1
  end
  assert(ngx.timer.every(EVERY, function()
    local webhooks = world.webhooks
    if not webhooks.destinations[1] then return end
    ngx.update_time()
    world:catch_up()
    for _, delivery in ipairs(webhooks:due(AT_ONCE - busy)) do
      busy = busy + 1
      if not ngx.timer.at(0, one, webhooks, delivery) then
        busy = busy - 1
        webhooks:settle(delivery, nil, "no timer")
      end
    end
  end))
end

return deliver
