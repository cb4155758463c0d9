---Finds an nginx that runs Lua.

local shell = require "cmr.util.shell"

local find = {}

-- The folders of server programs, which a user's PATH often lacks.
local SERVER_PATH = "/usr/local/openresty/bin:/usr/local/openresty/nginx/sbin:/usr/local/sbin:/usr/sbin"

local MODULES = { "ndk_http_module.so", "ngx_http_lua_module.so" }
local BUILT_IN_MODULES = { "ngx_lua", "lua%-nginx%-module" } -- patterns of the module's folder in nginx -V's output

local HELP = "needs nginx with ngx_lua (Debian: apt install nginx libnginx-mod-http-lua lua-cjson;"
  .. " or OpenResty). CMR_NGINX may name the program."

local function comparable(version)
  local major, minor, patch = version:match "(%d+)%.(%d+)%.(%d+)"
  return major and (major * 1000 + minor) * 1000 + patch or 0
end

-- Returns the modules to load. The list is empty if Lua is built into this nginx. Returns nil if this nginx has no Lua.
local function modules_of(build)
  local folder = build:match "%-%-modules%-path=(%S+)"
    or (build:match "%-%-prefix=(%S+)" or "/usr/local/nginx") .. "/modules"
  local paths = {}
  for _, name in ipairs(MODULES) do
    local path = folder .. "/" .. name
    if shell.exists(path) then paths[#paths + 1] = path end
  end
  if #paths == #MODULES then return paths end
  for _, source in ipairs(BUILT_IN_MODULES) do
    if build:match("%-%-add%-module=%S*" .. source) then return {} end
  end
end

local function inspect(program)
  local path = shell.output(('PATH="$PATH:%s" command -v %s 2>/dev/null'):format(SERVER_PATH, shell.quote(program)))
  if path == "" then return nil end
  local build = shell.output(shell.quote(path) .. " -V 2>&1")
  local modules = modules_of(build)
  if not modules then return nil end
  local version = comparable(build:match "version: %S-/(%S+)" or "")
  return {
    path = path,
    modules = modules,
    takes_error_log = version >= 1019005, -- nginx has the option -e since 1.19.5
    http2_directive = version >= 1025001, -- nginx has the directive "http2 on" since 1.25.1
  }
end

---Finds an nginx that runs Lua. If CMR_NGINX is set, tries only this program. Otherwise tries nginx, then openresty.
---@return table? program {path, modules, takes_error_log, http2_directive}; modules: the paths of the modules to load
---@return string? message
function find.nginx()
  local name = os.getenv "CMR_NGINX"
  if not name or name == "" then
    local program = inspect "nginx" or inspect "openresty"
    return program, not program and HELP or nil
  end
  local program = inspect(name)
  return program, not program and ("CMR_NGINX names '%s', which is no nginx with ngx_lua"):format(name) or nil
end

return find
