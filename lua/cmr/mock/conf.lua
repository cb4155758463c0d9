-- nginx.conf. Every path but the Lua one is relative to the prefix, the mock's temporary directory. One process without
-- a master: nobody survives it, and started by root it stays root, who alone can enter that directory.
local conf = {}

local TEMPLATE = [[
daemon off;
master_process off;
pid nginx.pid;
error_log error.log warn;
$modules
events { worker_connections 1024; }
http {
  access_log off;
  server_tokens off;
  default_type application/json;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 64m;
  client_body_buffer_size 256k;
  large_client_header_buffers 8 64k;
  underscores_in_headers on;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  lua_package_path "$lua_path;;";
  lua_max_running_timers 1024;
  init_by_lua_block { require("cmr.mock.server").init() }
  init_worker_by_lua_block { require("cmr.mock.server").ready() }
  server {
    $listen
    error_page 400 404 405 408 411 413 414 421 494 495 496 497 500 501 502 503 504 505 /_mock/refused;
    location / { content_by_lua_block { require("cmr.mock.server").serve() } }
    location = /_mock/refused { internal; content_by_lua_block { require("cmr.mock.server").refused() } }
  }
}
]]

local function quoted(text)
  return (text:gsub('[\\"]', "\\%0"))
end

local function listen(options)
  local address = ("127.0.0.1:%d"):format(options.port)
  if not options.tls then return ("listen %s;"):format(address) end
  local http2 = options.http2_directive and "http2 on;" or ""
  local word = options.http2_directive and "" or " http2"
  return ("listen %s ssl%s; %s ssl_certificate leaf.pem; ssl_certificate_key leaf.key;"):format(address, word, http2)
end

--- The text of nginx.conf.
-- @param options {port, tls = boolean, http2_directive = boolean, modules = {.so paths}, lua_root = where cmr/ is}
function conf.text(options)
  local modules = {}
  for _, path in ipairs(options.modules) do modules[#modules + 1] = ('load_module "%s";'):format(quoted(path)) end
  local root = quoted(options.lua_root)
  local values = {
    modules = table.concat(modules, "\n"),
    lua_path = ("%s/?.lua;%s/?/init.lua"):format(root, root),
    listen = listen(options),
  }
  return (TEMPLATE:gsub("%$([%a_]+)", values))
end

return conf
