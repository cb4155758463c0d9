---Runs the mock or the listener inside an nginx in the foreground.

local find = require "cmr.launcher.find"
local process = require "cmr.launcher.process"
local random = require "cmr.util.random"
local shell = require "cmr.util.shell"
local tables = require "cmr.util.tables"

local launcher = {}

local MAX_ATTEMPTS = 5 -- attempts to find a free port
local MIN_PORT, MAX_PORT = 20000, 29999
local IN_USE = "Address already in use"

-- The configuration's template. Only the Lua path and the paths of nginx's modules are absolute. All other paths are
-- relative to nginx's prefix (option -p), which is a temporary directory.
local NGINX_CONF = [[
daemon off;
pid nginx.pid;
error_log error.log $log_level;
$modules
$main
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  lua_package_path "$lua_path;;";
$http
}
]]

-- nginx runs as one process, without a master, so that no process is left after a kill. If root starts nginx, this
-- process keeps root's rights, which it needs to enter the temporary directory.
local MAIN = "master_process off;"

local HTTP = [[
  server_tokens off;
  large_client_header_buffers 8 64k;
  underscores_in_headers on;
]]

---Quotes a text for nginx.conf.
function launcher.quote(text)
  return '"' .. text:gsub('[\\"]', "\\%0") .. '"'
end

---Returns the text of an nginx.conf.
---@param opts table {modules, main, http, lua_path, log_level}; modules: from find.nginx; main, http: directives
function launcher.nginx_conf(opts)
  local modules = {}
  for _, path in ipairs(opts.modules) do
    modules[#modules + 1] = ("load_module %s;"):format(launcher.quote(path))
  end
  local values = { log_level = opts.log_level or "warn", main = opts.main, http = opts.http }
  values.modules = table.concat(modules, "\n")
  values.lua_path = launcher.quote(opts.lua_path):sub(2, -2)
  return (NGINX_CONF:gsub("%$([%a_]+)", values))
end

-- Returns the Lua path of this library.
local function lua_path()
  local root = debug.getinfo(1, "S").source:match "^@(.*)cmr/launcher/init%.lua$"
  if root:sub(1, 1) ~= "/" then root = shell.output "pwd" .. "/" .. root end
  root = root:gsub("/+$", "")
  return ("%s/?.lua;%s/?/init.lua"):format(root, root)
end

-- Makes one attempt to run nginx, and returns when nginx has ended.
local function attempt(name, program, parts)
  local conf = { modules = program.modules, main = MAIN, http = HTTP .. parts.http, lua_path = lua_path() }
  local options = program.takes_error_log and " -e error.log" or ""
  local files = {
    ["nginx.conf"] = launcher.nginx_conf(conf),
    ["prepare.sh"] = parts.prepare or "",
    ["start.sh"] = ('exec %s -p "$dir/" -c nginx.conf%s\n'):format(shell.quote(program.path), options),
  }
  return process.run((name:gsub(" ", "-")), tables.copy(parts.files, files), parts.on)
end

---Runs nginx until SIGINT or SIGTERM. If nginx cannot start or fails later, the function writes the reason to standard
---error.
---
---`parts` returns a table. Its field `http` has directives for nginx's http block, with a server on the port. `files`
---has the texts of more files, by name. `prepare` is a shell script that runs first. `on` has the functions for
---process.run. The server's Lua code prints a line "ready" when nginx accepts connections.
---@param name string The name of the command, such as "cmr mock".
---@param port integer? Nil for a random free port.
---@param parts fun(port: integer, program: table): table Gets the port and the result of find.nginx.
---@return integer exit_code 1 if nginx could not start or failed; otherwise 0
function launcher.run(name, port, parts)
  local program, message = find.nginx()
  for _ = 1, program and (port and 1 or MAX_ATTEMPTS) or 0 do
    local stopped
    stopped, message = attempt(name, program, parts(port or random.integer(MIN_PORT, MAX_PORT), program))
    if stopped then return 0 end
    if not message:find(IN_USE) then break end
  end
  if port and message:find(IN_USE) then
    message = ("port %d is in use: give another --port, or omit it to use a free port"):format(port)
  end
  io.stderr:write(name, ": ", message, "\n")
  return 1
end

return launcher
