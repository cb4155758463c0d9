-- Finding an nginx that runs Lua.
local shell = require "cmr.util.shell"

local nginx = {}

-- A user's PATH often lacks the places of server programs.
local PLACES = "/usr/local/openresty/bin:/usr/local/openresty/nginx/sbin:/usr/local/sbin:/usr/sbin"

local MODULES = { "ndk_http_module.so", "ngx_http_lua_module.so" }

local HELP = "needs nginx with ngx_lua (Debian: apt install nginx libnginx-mod-http-lua lua-cjson;"
  .. " or OpenResty). CMR_NGINX may name the program."

local function number(version)
  local major, minor, patch = version:match "(%d+)%.(%d+)%.(%d+)"
  return major and (major * 1000 + minor) * 1000 + patch or 0
end

-- The modules to load, none when Lua is built in; nil when this nginx has no Lua.
local function modules(build)
  local folder = build:match "%-%-modules%-path=(%S+)"
    or (build:match "%-%-prefix=(%S+)" or "/usr/local/nginx") .. "/modules"
  local paths = {}
  for _, name in ipairs(MODULES) do
    local path = folder .. "/" .. name
    if shell.exists(path) then paths[#paths + 1] = path end
  end
  if #paths == #MODULES then return paths end
  for _, source in ipairs { "ngx_lua", "lua%-nginx%-module" } do
    if build:match("%-%-add%-module=%S*" .. source) then return {} end
  end
  return nil
end

local function inspect(program)
  local path = shell.output(('PATH="$PATH:%s" command -v %s 2>/dev/null'):format(PLACES, shell.quote(program)))
  if path == "" then return nil end
  local build = shell.output(shell.quote(path) .. " -V 2>&1")
  local load = modules(build)
  if not load then return nil end
  local version = number(build:match "version: %S-/(%S+)" or "")
  return {
    path = path,
    modules = load,
    takes_error_log = version >= 1019005, -- the option -e
    http2_directive = version >= 1025001, -- "http2 on" instead of a word after "listen"
  }
end

--- The nginx to use: $CMR_NGINX, else nginx, else openresty.
-- @return {path, modules = {.so to load}, takes_error_log, http2_directive}, or nil and a message
function nginx.find()
  local wish = os.getenv "CMR_NGINX"
  if wish and wish ~= "" then
    local found = inspect(wish)
    if found then return found end
    return nil, ("CMR_NGINX names '%s', which is no nginx with ngx_lua"):format(wish)
  end
  local found = inspect "nginx" or inspect "openresty"
  if found then return found end
  return nil, HELP
end

return nginx
