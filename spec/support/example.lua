-- Runs the configuration of examples/nginx in a real nginx, with this build of the library, on a free port, and with a
-- mock.
local nginx = require "spec.support.nginx"

local example = {}

example.TOKEN, example.USER, example.MAILBOX = "a-token-of-32-characters-or-more", "BVZGM5TE9BMP3PP0VWGW943RGV1B",
  "39XXMZ1SQMMWWPN2GCRB0Q78KZAR"

example.AUTHORIZATION = {Authorization = "Bearer " .. example.TOKEN}

local FOLDER = "examples/nginx/"

-- Replaces a text that must occur exactly once.
local function replaced(text, from, to)
  local first, last = text:find(from, 1, true)
  assert(first and not text:find(from, last, true), "nginx.conf has changed: " .. from)
  return text:sub(1, first - 1) .. to .. text:sub(last + 1)
end

--- Starts the example.
-- @param mock the mock that receives its calls
-- @param options the options of nginx.start; settings = more options of the example's client, as Lua text; server =
--   more locations; lookup_seconds = how long the page looks for an outcome
function example.start(mock, options)
  local all = {mock = mock, files = {}, server = ""}
  for name, value in pairs(options or {}) do all[name] = value end
  local conf = nginx.read(FOLDER .. "nginx.conf"):gsub("load_module [^\n]*\n", "")
  conf = replaced(conf, "worker_processes auto;", "worker_processes $workers; daemon off; $user\n$modules")
  conf = replaced(conf, "env CMR_API_KEY;\nenv CMR_BASE_URL;\nenv CMR_CA_FILE;\n", "$env\n")
  conf = replaced(conf, "error_log error.log;", "error_log error.log $log;")
  conf = replaced(conf, "listen 127.0.0.1:8080;", "listen 127.0.0.1:$port backlog=1024; " .. all.server)
  conf = replaced(conf, 'lua_package_path "$prefix/?.lua;;";', [[
    lua_package_path "$prefix/?.lua;$root/lua/?.lua;$root/lua/?/init.lua;$root/?.lua;;";
    lua_package_cpath "$root/$build/?.so;;";]])
  all.conf = replaced(conf, "start{ timeout = 25 }", ("start{ timeout = 25, %s }"):format(all.settings or ""))
  for _, name in ipairs{"app.lua", "customers.json", "exports.lua", "page.lua", "page.css", "page.js", "icon.svg"} do
    all.files[name] = all.files[name] or nginx.read(FOLDER .. name)
  end
  all.files["app.lua"] = replaced(all.files["app.lua"], "exports.start {}",
    ("exports.start { lookup_seconds = %s }"):format(all.lookup_seconds or "nil"))
  return nginx.start(all)
end

return example
