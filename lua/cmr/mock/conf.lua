-- What the mock has in the http block of its nginx.conf.
local TEMPLATE = [[
  default_type application/json;
  client_max_body_size 64m;
  client_body_buffer_size 256k;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  lua_max_running_timers 1024;
  init_by_lua_block { require("cmr.mock.worker").init() }
  init_worker_by_lua_block { require("cmr.mock.worker").ready() }
  server {
    $listen
    error_page 400 404 405 408 411 413 414 421 494 495 496 497 500 501 502 503 504 505 /_mock/refused;
    location / { content_by_lua_block { require("cmr.mock.worker").serve() } }
    location = /_mock/refused { internal; content_by_lua_block { require("cmr.mock.worker").refused() } }
  }
]]

local function listen(port, tls, http2_directive)
  local address = ("127.0.0.1:%d"):format(port)
  if not tls then return ("listen %s;"):format(address) end
  local http2 = http2_directive and "http2 on;" or ""
  local word = http2_directive and "" or " http2"
  return ("listen %s ssl%s; %s ssl_certificate leaf.pem; ssl_certificate_key leaf.key;"):format(address, word, http2)
end

--- The text.
-- @param port to listen on
-- @param tls whether with TLS
-- @param http2_directive of server.nginx
return function(port, tls, http2_directive)
  return (TEMPLATE:gsub("%$listen", listen(port, tls, http2_directive)))
end
