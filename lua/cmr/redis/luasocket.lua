---Connections to Redis outside nginx, with redis-lua on LuaSocket. A wait for Redis blocks the whole process.

local ascii = require "cmr.util.ascii"
local core = require "cmr.core"

local luasocket = {}

local ALTERNATIVE_NAMES = "2.5.29.17" -- the OID of subjectAltName, the part of a certificate with the server's names
local WANTED = { wantread = "timeout", wantwrite = "timeout" } -- LuaSec's messages for a timeout

local Connection = {}
Connection.__index = Connection
Connection.__name = "cmr.redis.luasocket"

local redis_lua

-- Loads redis-lua. Also looks in the folder for Lua 5.3: redis-lua runs on any Lua, but Debian installs it only for Lua
-- 5.1 to 5.3. Returns nil and a message when redis-lua is missing or does not load.
local function library()
  local ok, found = pcall(require, "redis")
  local is_absent = not ok and tostring(found):find("module 'redis' not found", 1, true)
  local path = is_absent and package.searchpath and package.searchpath("redis", (package.path:gsub("5%.%d", "5.3")))
  if path then
    ok, found = pcall(dofile, path)
  elseif is_absent then
    return nil, "redis-lua is not installed (Debian: lua-redis; LuaRocks: redis-lua)"
  end
  if not ok then return nil, "redis-lua does not load: " .. tostring(found):match "[^\n]*" end
  if type(found) == "table" and found.connect then return found end
  return nil, "the module redis is another library than redis-lua (Debian: lua-redis; LuaRocks: redis-lua)"
end

---Returns a message that says what the user must install or set first. Returns nil if nothing is missing.
function luasocket.missing(opts)
  local message
  if not redis_lua then
    redis_lua, message = library()
  end
  if not redis_lua then return message end
  if not pcall(require, "socket") then return "LuaSocket is not installed (Debian: lua-socket; LuaRocks: luasocket)" end
  if not opts.tls then return nil end
  if not pcall(require, "ssl") then return "LuaSec is not installed (Debian: lua-sec; LuaRocks: luasec)" end
  if not opts.ca_file then return "with tls the option 'ca_file' is needed: the certificates to trust" end
end

-- Returns whether a name in a certificate matches a host. "*" matches the host's first label.
local function is_name_of(name, host)
  if name == host then return true end
  local suffix = name:match "^%*(%..+)$"
  return suffix ~= nil and suffix == host:match "^[^.]+(%..+)$"
end

---Returns whether a certificate is for this host. LuaSec does not check the host.
function luasocket.is_certificate_of(certificate, host)
  local names = certificate:extensions()[ALTERNATIVE_NAMES] or {}
  for _, kind in ipairs { "dNSName", "iPAddress" } do
    for _, name in ipairs(names[kind] or {}) do
      if is_name_of(ascii.lower(name), ascii.lower(host)) then return true end
    end
  end
  return false
end

-- Starts TLS on a socket. Returns the encrypted socket, or nil and a message.
local function handshake(socket, opts)
  local ssl, host = require "ssl", opts.server_name or opts.host
  local wrapped, message = ssl.wrap(socket, {
    mode = "client",
    protocol = "any",
    verify = "peer",
    cafile = opts.ca_file,
    options = { "all", "no_sslv2", "no_sslv3", "no_tlsv1", "no_tlsv1_1" },
  })
  if not wrapped then return nil, opts.ca_file .. ": " .. message end
  wrapped:settimeout(opts.timeout, "t")
  if host:find "%a" and not host:find ":" then wrapped:sni(host) end
  local ok
  ok, message = wrapped:dohandshake()
  if ok and not luasocket.is_certificate_of(wrapped:getpeercertificate(), host) then
    ok, message = false, "the certificate is not for " .. host
  end
  if ok then return wrapped end
  wrapped:close()
  return nil, WANTED[message] or message
end

local function connect(opts)
  local socket = opts.unix and require "socket.unix"() or require("socket").tcp()
  socket:settimeout(opts.timeout, "t")
  local ok, message
  if opts.unix then
    ok, message = socket:connect(opts.unix)
  else
    ok, message = socket:connect(opts.host, opts.port)
  end
  if not ok then
    socket:close()
    return nil, message
  end
  if opts.unix then return socket end
  socket:setoption("tcp-nodelay", true)
  if not opts.tls then return socket end
  local encrypted
  encrypted, message = handshake(socket, opts)
  if not encrypted then socket:close() end
  return encrypted, message
end

---Takes the idle connection, or makes a new connection. After a fork, the child process has its own engine. The child
---does not take the idle connection, because that connection belongs to the parent's engine.
---@param owner cmr.Redis
---@return table? connection {reused = boolean} with the methods command, release and close; or nil and a message
function luasocket.open(owner)
  local idle, made, engine = owner.idle_connection, pcall(core.engine)
  if not made then return nil, engine end
  owner.idle_connection = nil
  if idle and idle.engine == engine then
    idle.reused = true
    return idle
  elseif idle then
    idle:abandon()
  end
  local socket, message = connect(owner.opts)
  if not socket then return nil, message end
  local redis = redis_lua.connect { socket = socket }
  return setmetatable(
    { redis = redis, socket = socket, owner = owner, engine = engine, process = core.process() },
    Connection
  )
end

---Closes a connection of an earlier engine. In a fork's child, the socket forgets its descriptor and does not close it.
---The parent still uses the connection, and the child may use the descriptor's number for another file.
function Connection:abandon()
  if self.process == core.process() or not self.socket.setfd then return self:close() end
  self.socket:setfd(-1)
end

---Sends a command.
---@param name string in lower case
---@return any reply False for null; nil and a message after a failure.
---@return string? message
---@return boolean? is_reply Whether the failure is an error reply from Redis.
function Connection:command(name, ...)
  local ok, reply = pcall(self.redis[name], self.redis, ...)
  if ok then return reply ~= nil and reply end -- redis-lua returns nil for null
  local message = tostring(reply)
  local refusal = message:match "redis error: (.*)"
  if refusal then return nil, refusal, true end
  message = message:match "connection error: (.*)" or message:match "^.-:%d+: (.*)" or message
  return nil, WANTED[message] or message
end

---Keeps the connection for the next command.
function Connection:release()
  self.owner.idle_connection = self
end

function Connection:close()
  self.socket:close()
end

return luasocket
