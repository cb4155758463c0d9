-- Runs a real nginx for specs, with the library of the LuaJIT build, on a free port of this machine. When it is
-- stopped, its error log must be clean: no process crashed, and no sanitizer found anything.
local find = require "cmr.launcher.find"
local http = require "spec.support.http"
local launcher = require "cmr.launcher"
local random = require "cmr.util.random"
local socket = require "socket"

local nginx = {}

local ENDING = 40 -- in seconds; nginx must stop within this time

-- The build that nginx loads. If it is build/asan-jit, with the sanitizers, their runtime is preloaded into nginx.
local BUILD = os.getenv "CMR_NGINX_BUILD" or "build/jit"
local SANITIZED = BUILD:find("asan", 1, true) ~= nil

---Whether the build has the sanitizers.
nginx.sanitized = SANITIZED

local UNCLEAN = {
  "%[alert%]", "%[emerg%]", "exited on signal", "exited with code [1-9]", "AddressSanitizer", "LeakSanitizer",
  "runtime error:",
}

local CONF = launcher.nginx_conf{
  modules = {},
  log_level = "$log",
  main = "worker_processes $workers;\n$user\n$modules\n$env\n$main",
  lua_path = "$root/lua/?.lua;$root/lua/?/init.lua;$root/?.lua",
  http = [[
  lua_package_cpath "$root/$build/?.so;;";
  $http
  server {
    listen 127.0.0.1:$port backlog=1024;
    $server
  }
]],
}

local Server = {}
Server.__index = Server

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output(command)
  local pipe = assert(io.popen("LD_PRELOAD=$CMR_WITNESS; " .. command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("\n$", ""))
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read("*a")
  file:close()
  return text
end

-- Returns a port on which nobody listens. The kernel gives clients only higher ports, so no client takes it before the
-- server does.
local function free_port()
  for _ = 1, 100 do
    local port = random.integer(10000, 19999)
    local listener = socket.bind("127.0.0.1", port)
    if listener then
      listener:close()
      return port
    end
  end
  error "no port is free"
end

nginx.quote, nginx.output, nginx.write, nginx.read, nginx.free_port = quote, output, write, read, free_port

---Waits until a function returns a true value. Raises when the time is over.
-- @param what the name of the condition, for the error
-- @param holds the function
-- @param seconds the maximum wait; default: 10
-- @return the function's result
function nginx.eventually(what, holds, seconds)
  local limit = socket.gettime() + (seconds or 10)
  repeat
    local result = holds()
    if result then return result end
    socket.sleep(0.01)
  until socket.gettime() > limit
  error("not in time: " .. what, 2)
end

-- Returns the text of a script that runs nginx in its directory. The script contains the environment, and other users
-- cannot read it.
local function starter(program, options)
  local lines = {
    "cd " .. quote(options.directory), "unset LUA_PATH LUA_CPATH LD_PRELOAD CMR_API_KEY CMR_BASE_URL CMR_CA_FILE",
  }
  for name, value in pairs(options.env or {}) do table.insert(lines, ("export %s=%s"):format(name, quote(value))) end
  local preload = {os.getenv "CMR_WITNESS"}
  table.insert(preload, options.preload)
  if SANITIZED then table.insert(preload, 1, output("gcc -print-file-name=libasan.so")) end -- must come first
  if #preload > 0 then
    -- LuaJIT has its own memory allocator. A sanitizer would report malloc's memory as lost if only LuaJIT's memory
    -- points to it.
    table.insert(lines, "export ASAN_OPTIONS=detect_leaks=0:log_path=" .. options.directory .. "/sanitizer")
    table.insert(lines, "export LD_PRELOAD=" .. quote(table.concat(preload, ":")))
  end
  table.insert(lines, ("%s -p %s/ -c nginx.conf -e error.log >output 2>&1; echo $? >ended"):format(
    quote(program.path), options.directory))
  return table.concat(lines, "\n") .. "\n"
end

local function configuration(program, options)
  local modules, names = {}, {}
  for _, path in ipairs(program.modules) do table.insert(modules, ('load_module "%s";'):format(path)) end
  for name in pairs(options.env or {}) do
    if options.hide ~= name then table.insert(names, "env " .. name .. ";") end
  end
  local values = {
    workers = tostring(options.workers or 1),
    log = options.log or "notice",
    user = output("id -u") == "0" and ("user %s %s;"):format(output("id -un"), output("id -gn")) or "",
    modules = table.concat(modules, "\n"),
    env = table.concat(names, "\n"),
    main = options.main or "",
    root = output("pwd"),
    build = BUILD,
    http = options.http or "",
    server = options.server or "",
    port = tostring(options.port),
  }
  return ((options.conf or CONF):gsub("%$([%a_]+)", values))
end

--- Starts an nginx.
-- @param options
--   mock     a mock for the calls; the CMR_* variables are set for it, with `env` lines
--   env      more environment variables, {NAME = value}, with `env` lines
--   hide     the name of a variable that gets no `env` line
--   main, http, server   directives for these blocks
--   conf     a whole configuration in place of the default one; $port, $modules and so on are replaced in it
--   files    more files for its directory, {name = text}
--   workers  the number of workers; default: 1
--   log      the level of the error log; default: "notice"
--   preload  a library to load into it
--   unclean  patterns that its error log may contain although they are signs of an error
-- @return the server: port, pid, directory
function nginx.start(options)
  local program = assert(find.nginx())
  local mock = options.mock
  local given = {port = free_port(), directory = output("mktemp -d"), env = {}}
  if mock then
    given.env = {CMR_API_KEY = mock.key, CMR_BASE_URL = mock.base_url, CMR_CA_FILE = mock.ca_file}
  end
  for name, value in pairs(options.env or {}) do given.env[name] = value end
  setmetatable(given, {__index = options})
  write(given.directory .. "/nginx.conf", configuration(program, given))
  write(given.directory .. "/start.sh", starter(program, given))
  for name, text in pairs(options.files or {}) do write(given.directory .. "/" .. name, text) end
  local server = setmetatable({port = given.port, directory = given.directory, unclean = options.unclean or {}}, Server)
  -- A shell starts nginx and waits for the end of its own input. The input ends when this process ends.
  server.lifeline = assert(io.popen(([[
    exec 3<&0; sh %s/start.sh </dev/null 3<&- & read -r _ <&3; kill "$(cat %s/nginx.pid 2>/dev/null)" 2>/dev/null; wait
  ]]):format(given.directory, given.directory), "w"))
  nginx.eventually("nginx listens", function()
    if server:file("ended") ~= "" then
      error("nginx did not start:\n" .. server:file("output") .. server:log(), 2)
    end
    local connection = socket.connect("127.0.0.1", server.port)
    if connection then connection:close() end
    server.pid = server:file("nginx.pid"):match("%d+")
    return connection and server.pid
  end, 30)
  return server
end

---Returns the content of a file in nginx's directory, or "" when there is no such file.
function Server:file(name)
  return read(self.directory .. "/" .. name)
end

---Returns the error log so far.
function Server:log()
  return self:file("error.log")
end

--- Sends a request; see spec.support.http.
function Server:send(path, options)
  return http.send(self.port, path, options)
end

--- Sends a request and waits for the answer.
function Server:get(path, options)
  return self:send(path, options):answer(options and options.timeout or 20)
end

--- Sends a request that must be answered with a status (default: 200), and returns the body.
function Server:text(path, status)
  local answer = self:get(path)
  if answer.status ~= (status or 200) then
    error(("%s: %s %s\n%s"):format(path, answer.status or answer.why, answer.body or "", self:log():sub(-2000)), 2)
  end
  return answer.body
end

---Returns the pids of all workers, oldest first, including those that are shutting down.
function Server:workers()
  local pids = {}
  for pid in output("ps -o pid= --ppid " .. self.pid):gmatch("%d+") do table.insert(pids, pid) end
  return pids
end

---Sends a signal to one of nginx's processes, by default to the master.
function Server:signal(name, pid)
  output(("kill -s %s %s 2>/dev/null"):format(name, pid or self.pid))
end

---Reloads the configuration. Returns when the new workers run. The old ones may still be working.
function Server:reload()
  local old, expected = {}, tonumber(self:file("nginx.conf"):match("worker_processes (%d+)") or 1)
  for _, pid in ipairs(self:workers()) do old[pid] = true end
  self:signal "HUP"
  nginx.eventually("new workers", function()
    local new = 0
    for _, pid in ipairs(self:workers()) do new = new + (old[pid] and 0 or 1) end
    return new >= expected
  end)
end

---Ends nginx and waits until all of its processes have ended. Raises when its error log is not clean. A second call
---does nothing.
-- @param signal default: "TERM"
function Server:stop(signal)
  if not self.lifeline then return end
  self:signal(signal or "TERM")
  local ended, why = pcall(nginx.eventually, "the end", function() return self:file("ended") ~= "" end, ENDING)
  if not ended then
    for _, pid in ipairs(self:workers()) do self:signal("KILL", pid) end
    self:signal "KILL"
  end
  self.lifeline:close()
  self.lifeline = nil
  local report = self:log() .. self:file("output") .. output("cat " .. self.directory .. "/sanitizer* 2>/dev/null")
  output("rm -rf " .. self.directory)
  if not ended then error("nginx did not end (" .. why .. "): " .. report, 2) end
  for line in report:gmatch("[^\n]+") do
    local allowed = false
    for _, pattern in ipairs(self.unclean) do allowed = allowed or line:find(pattern) end
    for _, pattern in ipairs(UNCLEAN) do
      if not allowed and line:find(pattern) then error("nginx was not well: " .. report, 2) end
    end
  end
end

return nginx
