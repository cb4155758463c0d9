---Connections to Redis in plain Lua: redis-lua on LuaSocket. The process waits.

local core = require "cmr.core"

local luasocket = {}

local Connection = {}
Connection.__index = Connection
Connection.__name = "cmr.redis.luasocket"

local redis_lua

-- Debian installs redis-lua for Lua 5.1 to 5.3 only, though it runs on any.
local function library()
  local ok, found = pcall(require, "redis")
  if not ok and package.searchpath then
    local path = package.searchpath("redis", (package.path:gsub("5%.%d", "5.3")))
    ok, found = pcall(dofile, path or "")
  end
  return ok and type(found) == "table" and found.connect and found
end

---Names the library that has to be installed first, or returns nil.
function luasocket.missing()
  redis_lua = redis_lua or library()
  if not redis_lua then return "redis-lua is not installed (Debian: lua-redis; LuaRocks: redis-lua)" end
  if not pcall(require, "socket") then return "LuaSocket is not installed (Debian: lua-socket; LuaRocks: luasocket)" end
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
  if not opts.unix then socket:setoption("tcp-nodelay", true) end
  return socket
end

---Takes the idle connection, or makes one. A forked process has another engine, so it makes one.
---@param owner cmr.Redis
---@return table? connection {reused = boolean}; command, release, close; or nil and a message
function luasocket.open(owner)
  local idle, engine = owner.idle_connection, core.engine()
  owner.idle_connection = nil
  if idle and idle.engine == engine then
    idle.reused = true
    return idle
  elseif idle then
    idle:close()
  end
  local socket, message = connect(owner.opts)
  if not socket then return nil, message end
  local redis = redis_lua.connect { socket = socket }
  return setmetatable({ redis = redis, socket = socket, owner = owner, engine = engine }, Connection)
end

---Sends a command.
---@param name string in lower case
---@return any reply false for null; nil and a message after a failure
function Connection:command(name, ...)
  local ok, reply = pcall(self.redis[name], self.redis, ...)
  if ok then return reply ~= nil and reply end -- redis-lua returns nil for null
  local message = tostring(reply)
  return nil, message:match "redis error: (.*)" or message:match "connection error: (.*)" or message
end

---Leaves the connection to the next command.
function Connection:release()
  self.owner.idle_connection = self
end

function Connection:close()
  self.socket:close()
end

return luasocket
