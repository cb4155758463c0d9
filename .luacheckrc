-- The library runs unchanged on Lua 5.1, 5.3, 5.4, 5.5 and LuaJIT. It may use the globals that all of them have, and
-- those below, which some of them lack.
std = "min"
max_line_length = 120
read_globals = {
  "unpack", -- 5.1, LuaJIT
  "newproxy", -- 5.1, LuaJIT
  "utf8", -- 5.3 and later
  "jit", -- LuaJIT
  math = { fields = { "type" } }, -- 5.3 and later
  table = { fields = { "unpack" } }, -- 5.3 and later
  package = { fields = { "searchpath" } }, -- 5.3 and later, LuaJIT
}
exclude_files = { "build" }

files["spec"].std = "max+busted" -- may also use globals that only some Luas have
files["spec/support/json_test_suite.lua"].max_line_length = false
files["bench"].std = "max"
files["bench/peers/cosocket.lua"].std = "ngx_lua"
files["bench/spread.lua"].globals = { "init", "delay" } -- wrk calls these
files["lua/cmr/mock"].std = "ngx_lua" -- runs in nginx
files["lua/cmr/listen/worker.lua"].std = "ngx_lua"
files["examples/nginx"].std = "ngx_lua"
files["lua/cmr/loop"].std = "ngx_lua"
files["lua/cmr/util/request_body.lua"].std = "ngx_lua"
files["lua/cmr/redis"].std = "ngx_lua"
files["lua/cmr/webhook/receiver.lua"].std = "ngx_lua"
files["lua/cmr/webhook/early_exit.lua"].globals = { "ngx" } -- it replaces functions of ngx
files["scripts/test/coverage/hook.lua"].globals = { "coroutine", "os", "CMR_COVERAGE_END" } -- it wraps functions
files["spec/client/jobs_spec.lua"].ignore = { "512" } -- it tests loops that are left early
files["rockspec"].std = "rockspec"
files[".luacheckrc"].std = "luacheckrc"
