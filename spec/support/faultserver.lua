---A server that fails on purpose, in its own process: see faultserver/faultserver.h. It is compiled when its source has
---changed. It ends when its control connection closes.

local socket = require "socket"

local SOURCES = "spec/support/faultserver/"
local PROGRAM = "build/faultserver"
local LIFETIME = 900 -- in seconds; ends the server even if the specs die without closing it

local Server = {}
Server.__index = Server

-- A sanitizer that is preloaded for the specs must not be loaded into other programs.
local PLAIN = "env -u LD_PRELOAD "

---Compiles C files, unless the target is newer than they are.
-- @tparam string target file to make
-- @tparam string sources files or patterns
-- @tparam string flags the flags for the compiler
local function compile(target, sources, flags)
  local command = ("[ -e %s ] && [ -z \"$(find %s -newer %s)\" ] || { %s ${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -g"
    .. " -Wall -Wextra -o %s.$$ $(ls %s | grep 'c$') %s && mv %s.$$ %s; }"):format(
    target, sources, target, PLAIN, target, sources, flags, target, target)
  local pipe = assert(io.popen("exec 2>&1; mkdir -p build; " .. command .. " || echo failed", "r"))
  local output = pipe:read "*a"
  pipe:close()
  assert(not output:find "failed", output)
end

local function hex(data)
  return data == "" and "-" or (data:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end))
end

---Starts a server. stop() ends it.
-- @treturn table server; ca_file names the certificate to trust
local function start()
  compile(PROGRAM, SOURCES .. "*.[ch]", "-lssl -lcrypto -pthread")
  local ca_file = os.tmpname()
  local pipe = assert(io.popen(("exec %s %s %s %d"):format(PLAIN, PROGRAM, ca_file, LIFETIME), "r"))
  local port = assert(tonumber(pipe:read "*l"), "the fault server did not start")
  local control = assert(socket.connect("127.0.0.1", port))
  control:setoption("tcp-nodelay", true)
  control:settimeout(10)
  return setmetatable({ pipe = pipe, control = control, ca_file = ca_file }, Server)
end

function Server:ask(lines)
  assert(self.control:send(table.concat(lines, "\n") .. "\n"))
  return assert(self.control:receive "*l")
end

---Runs scripts on a new port.
-- @tparam table scripts one for each connection; the last one for all further connections; a script is an array of
--   steps {verb, number or data, data}, see script.c
-- @tparam[opt="listen"] string how refuse: no process listens; full: no process accepts, and the queue is full
-- @treturn table play with the field port
function Server:play(scripts, how)
  local lines = { "" }
  for _, script in ipairs(scripts) do
    table.insert(lines, "connection")
    for _, step in ipairs(script) do
      local number = type(step[2]) == "number" and step[2] or 0
      local data = type(step[2]) == "string" and step[2] or step[3] or ""
      table.insert(lines, ("%s %d %s"):format(step[1], number, hex(data)))
    end
  end
  lines[1] = ("play %s %d"):format(how or "listen", #lines - 1)
  local id, port = self:ask(lines):match "^(%d+) (%d+)$"
  return { id = id, port = tonumber(port) }
end

---Waits until the connections of a play have ended, but only a few seconds. Then ends the play and returns its
---counts. The client should have closed its connections before.
-- @treturn table counts: requests (completely received), connections, bytes, open (connections that are still open
-- after a long wait)
function Server:count(play)
  local requests, connections, bytes, open = self:ask({ "count " .. play.id }):match "^(%d+) (%d+) (%d+) (%d+)$"
  return {
    requests = tonumber(requests),
    connections = tonumber(connections),
    bytes = tonumber(bytes),
    open = tonumber(open),
  }
end

function Server:stop()
  self.control:close()
  self.pipe:close()
  os.remove(self.ca_file)
end

return { start = start, compile = compile }
