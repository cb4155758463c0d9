-- Runs a real Redis for specs, on a free port of this machine. It stores nothing on the disk. `redis.each` runs a spec
-- once for each installed program that is compatible with Redis.
local certificates = require "cmr.mock.certificates"
local nginx = require "spec.support.nginx"

local redis = {}

local PROGRAMS = {
  {name = "redis", server = "redis-server", cli = "redis-cli"},
  {name = "valkey", server = "valkey-server", cli = "valkey-cli"},
}

local Server = {}
Server.__index = Server

-- A shell starts Redis and waits for the end of its own input. The input ends when this process ends.
local COMMAND = [[
  unset LD_PRELOAD
  exec 3<&0; cd $directory && $server redis.conf $mode >output 2>&1 </dev/null 3<&- & echo $! >$directory/pid
  read -r _ <&3; kill -9 $(cat $directory/pid) 2>/dev/null; wait
]]

--- The names of the programs that are installed, redis first.
redis.programs = {}
for _, program in ipairs(PROGRAMS) do
  program.path = nginx.output("command -v " .. program.server)
  if program.path ~= "" then redis.programs[#redis.programs + 1] = program.name end
end

local function program_of(name)
  for _, program in ipairs(PROGRAMS) do
    if program.name == (name or redis.programs[1]) then return program end
  end
end

--- Calls a function for the name of each program that is installed.
function redis.each(describe_it)
  for _, name in ipairs(redis.programs) do describe_it(name) end
end

local function lines_of(server, options)
  local lines = {"bind 127.0.0.1"}
  if options.tls then
    for name, text in pairs(certificates.files) do nginx.write(server.directory .. "/" .. name, text) end
    nginx.output(("cd %s && { %s } 2>&1"):format(server.directory, certificates.script))
    server.ca_file = server.directory .. "/ca.pem"
    for _, line in ipairs{
      "port 0", "tls-port " .. server.port, "tls-cert-file leaf.pem", "tls-key-file leaf.key",
      "tls-ca-cert-file ca.pem", "tls-auth-clients " .. (options.tls == "client" and "yes" or "no"),
    } do lines[#lines + 1] = line end
  else
    lines[#lines + 1] = "port " .. server.port
  end
  if options.mode == "--sentinel" then return lines end
  for _, line in ipairs{"unixsocket " .. server.unix, 'save ""', "appendonly no"} do lines[#lines + 1] = line end
  if options.password then lines[#lines + 1] = "requirepass " .. options.password end
  return lines
end

--- Starts a server.
-- @param options
--   program   the name of an installed program; nil: the first one
--   password  the password of the default user
--   tls       true: only TLS, with a certificate that the server's ca_file verifies; "client": the server also asks for
--             a client certificate
--   mode      "--sentinel"
--   config    an array of more lines for the configuration
--   port      the port; default: a free one
-- @return the server: port, unix (the path of its socket), directory, ca_file
function redis.start(options)
  options = options or {}
  local server = setmetatable({port = options.port or nginx.free_port(), options = options}, Server)
  server.program = program_of(options.program)
  server.directory = nginx.output("mktemp -d")
  server.unix = server.directory .. "/redis.sock"
  local lines = lines_of(server, options)
  for _, line in ipairs(options.config or {}) do lines[#lines + 1] = line end
  nginx.write(server.directory .. "/redis.conf", table.concat(lines, "\n") .. "\n")
  server:run()
  return server
end

function Server:run()
  nginx.write(self.directory .. "/output", "")
  local values = {directory = self.directory, server = self.program.path, mode = self.options.mode or ""}
  self.lifeline = assert(io.popen(COMMAND:gsub("%$(%l+)", values), "w"))
  nginx.eventually("redis listens", function()
    local output = nginx.read(self.directory .. "/output")
    return output:find("Ready to accept connections", 1, true) or output:find("Sentinel ID is", 1, true)
  end)
  self.pid = nginx.read(self.directory .. "/pid"):match "%d+"
end

---Sends a signal to the server: STOP makes it hang, CONT makes it continue.
function Server:signal(name)
  nginx.output(("kill -s %s %s"):format(name, self.pid))
end

---Kills the server.
function Server:kill()
  if self.lifeline then
    self.lifeline:close()
    self.lifeline = nil
  end
end

---Runs redis-cli and returns its output.
function Server:cli(words)
  local password = self.options.password and "REDISCLI_AUTH=" .. self.options.password or ""
  local tls = self.ca_file and "--tls --cacert " .. self.ca_file or ""
  return nginx.output(("%s %s --raw %s -p %d %s 2>&1"):format(password, self.program.cli, tls, self.port, words))
end

---Ends the server and removes its files. A second call does nothing.
function Server:stop()
  self:kill()
  nginx.output("rm -rf " .. self.directory)
end

return redis
