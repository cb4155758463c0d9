-- nginx.conf. Every path but the Lua one is relative to the prefix, a temporary directory. One process without a
-- master: nobody survives it, and started by root it stays root, who alone can enter that directory.
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
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  large_client_header_buffers 8 64k;
  underscores_in_headers on;
  lua_package_path "$lua_path;;";
$http
}
]]

--- Text for a string of nginx.conf.
function conf.quoted(text)
  return '"' .. text:gsub('[\\"]', "\\%0") .. '"'
end

--- The text of nginx.conf.
-- @param program of server.nginx
-- @param lua_root where cmr/ is
-- @param http what else is in the http block
function conf.text(program, lua_root, http)
  local modules = {}
  for _, path in ipairs(program.modules) do
    modules[#modules + 1] = ("load_module %s;"):format(conf.quoted(path))
  end
  local root = conf.quoted(lua_root):sub(2, -2)
  local values = {
    modules = table.concat(modules, "\n"),
    lua_path = ("%s/?.lua;%s/?/init.lua"):format(root, root),
    http = http,
  }
  return (TEMPLATE:gsub("%$([%a_]+)", values))
end

return conf
