-- A real redis-server for specs, on a free port of this machine, which stores nothing on disk.
local nginx = require "spec.support.nginx"

local redis = {}

local Server = {}
Server.__index = Server

-- The shell between this process and Redis waits for the end of its input, which comes when this process ends.
local COMMAND = [[
  exec 3<&0; cd %s && redis-server redis.conf >output 2>&1 </dev/null 3<&- & echo $! >%s/pid
  read -r _ <&3; kill -9 $(cat %s/pid) 2>/dev/null; wait
]]

--- Starts one.
-- @param options password; port and unix of another one
-- @return server: port, unix (the path of its socket), directory
function redis.start(options)
  options = options or {}
  local server = setmetatable({port = options.port or nginx.free_port(), options = options}, Server)
  server.directory = nginx.output("mktemp -d")
  server.unix = server.directory .. "/redis.sock"
  local lines = {
    "bind 127.0.0.1", "port " .. server.port, "unixsocket " .. server.unix, 'save ""', "appendonly no",
  }
  if options.password then lines[#lines + 1] = "requirepass " .. options.password end
  nginx.write(server.directory .. "/redis.conf", table.concat(lines, "\n") .. "\n")
  server:run()
  return server
end

function Server:run()
  nginx.write(self.directory .. "/output", "")
  self.lifeline = assert(io.popen(COMMAND:format(self.directory, self.directory, self.directory), "w"))
  nginx.eventually("redis listens", function()
    return nginx.read(self.directory .. "/output"):find("Ready to accept connections", 1, true)
  end)
  self.pid = nginx.read(self.directory .. "/pid"):match "%d+"
end

--- Sends its process a signal: STOP lets it hang, CONT go on.
function Server:signal(name)
  nginx.output(("kill -s %s %s"):format(name, self.pid))
end

--- Ends it without notice.
function Server:kill()
  if self.lifeline then
    self.lifeline:close()
    self.lifeline = nil
  end
end

--- What redis-cli prints.
function Server:cli(words)
  local password = self.options.password and "REDISCLI_AUTH=" .. self.options.password or ""
  return nginx.output(("%s redis-cli --raw -p %d %s 2>&1"):format(password, self.port, words))
end

--- Ends it and removes what it left. Harmless the second time.
function Server:stop()
  self:kill()
  nginx.output("rm -rf " .. self.directory)
end

return redis
