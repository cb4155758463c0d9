--- Redis in plain Lua: redis-lua on LuaSocket. The process waits for it.

local core = require "cmr.core"

local plain = {}

local Connection = {}
Connection.__index = Connection

-- Debian has redis-lua, which runs on every Lua, in the directories of 5.1 to 5.3 only.
local function library()
  local fine, found = pcall(require, "redis")
  if not fine and package.searchpath then
    local path = package.searchpath("redis", (package.path:gsub("5%.%d", "5.3")))
    fine, found = pcall(dofile, path or "")
  end
  return fine and type(found) == "table" and found.connect and found
end

local redis_lua

--- What has to be installed, or nil.
function plain.missing()
  redis_lua = redis_lua or library()
  if not redis_lua then
    return "redis-lua is not installed (Debian: lua-redis; LuaRocks: redis-lua)"
  elseif not pcall(require, "socket") then
    return "LuaSocket is not installed (Debian: lua-socket; LuaRocks: luasocket)"
  end
end

local function connected(options)
  local socket = options.unix and require "socket.unix"() or require("socket").tcp()
  socket:settimeout(options.timeout, "t")
  local fine, why
  if options.unix then
    fine, why = socket:connect(options.unix)
  else
    fine, why = socket:connect(options.host, options.port)
  end
  if not fine then
    socket:close()
    return nil, why
  end
  if not options.unix then socket:setoption("tcp-nodelay", true) end
  return socket
end

--- A connection: the one that was kept, or a new one; always a new one in a forked process, which has an engine of its
-- own.
-- @tparam table owner options; the connection is kept there
-- @treturn[1] table connection: reused, command, keep, close
-- @treturn[2] nil and why
function plain.open(owner)
  local kept, engine = owner.kept, core.engine()
  owner.kept = nil
  if kept and kept.engine == engine then
    kept.reused = true
    return kept
  elseif kept then
    kept:close()
  end
  local socket, why = connected(owner.options)
  if not socket then return nil, why end
  local redis = redis_lua.connect { socket = socket }
  return setmetatable({ redis = redis, socket = socket, owner = owner, engine = engine }, Connection)
end

--- Sends a command.
-- @tparam string name in lower case
-- @param ... strings and numbers
-- @treturn[1] the answer; null is false
-- @treturn[2] nil and why
function Connection:command(name, ...)
  local fine, reply = pcall(self.redis[name], self.redis, ...)
  if not fine then
    reply = tostring(reply)
    return nil, reply:match "redis error: (.*)" or reply:match "connection error: (.*)" or reply
  end
  return reply ~= nil and reply -- the library has nil for null
end

--- Keeps it for the next command.
function Connection:keep()
  self.owner.kept = self
end

function Connection:close()
  self.socket:close()
end

return plain
