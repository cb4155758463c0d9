-- What the listener has in the http block of its nginx.conf.
local quoted = require("cmr.launcher.conf").quoted

local TEMPLATE = [[
  default_type text/plain;
  client_max_body_size 2m; # more than is accepted, so that the refusal is ours
  client_body_buffer_size 2m;
  init_by_lua_block { require("cmr.listen.worker").init() }
  init_worker_by_lua_block { require("cmr.listen.worker").ready() }
  server {
    listen 127.0.0.1:$port;
    location / { content_by_lua_block { require("cmr.listen.worker").receive($forwards) } }
    location /_listen/ { content_by_lua_block { require("cmr.listen.worker").control() } }
    $forward
  }
]]

local FORWARD = [[location = /_listen/forward {
      internal;
      log_by_lua_block { require("cmr.listen.worker").forwarded() }
      proxy_pass $url;
      proxy_http_version 1.1;
      proxy_read_timeout 60s; # as long as the vendor waits
      proxy_ssl_server_name on;
      proxy_ssl_verify_depth 5;
      $verify
    }]]

--- The text.
-- @param port to listen on
-- @param url that accepted deliveries go on to, or nil
-- @param ca_file certificates that one over https is checked against, or nil for http
return function(port, url, ca_file)
  local verify = ca_file and ("proxy_ssl_verify on; proxy_ssl_trusted_certificate %s;"):format(quoted(ca_file)) or ""
  local forward = url and FORWARD:gsub("%$(%l+)", { url = quoted(url), verify = verify }) or ""
  return (TEMPLATE:gsub("%$(%l+)", { port = port, forwards = tostring(url ~= nil), forward = forward }))
end
