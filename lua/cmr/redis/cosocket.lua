--- Redis in nginx: connections from nginx's own pool, the request waits and the worker does not.

local nginx = {}

local IDLE = 60 -- seconds a connection is kept in the pool
local POOL = 32 -- connections in it, for each worker

local Connection = {}
Connection.__index = Connection

local function library()
  for _, name in ipairs { "resty.redis", "nginx.redis" } do -- as it is called upstream, and in Debian
    local fine, found = pcall(require, name)
    if fine and type(found) == "table" then return found end
  end
end

--- What has to be installed, or nil.
function nginx.missing()
  return not library() and "lua-resty-redis is not installed (Debian: lua-nginx-redis)" or nil
end

-- Where nginx has no sockets to offer (log_by_lua and the like) the library raises.
local function protected(act, ...)
  local fine, result, why = pcall(act, ...)
  if not fine then return nil, tostring(result) end
  return result, why
end

local function connect(options, address)
  local redis = library():new()
  redis:set_timeout(options.timeout * 1000)
  local pool = { pool = ("cmr:%s@%s"):format(options.username or "", address) }
  local fine, why
  if options.unix then
    fine, why = redis:connect("unix:" .. options.unix, pool)
  else
    fine, why = redis:connect(options.host, options.port, pool)
  end
  return fine and redis, why
end

--- A connection, from the pool or new.
-- @tparam table owner options and address
-- @treturn[1] table connection: reused, command, keep, close
-- @treturn[2] nil and why
function nginx.open(owner)
  local redis, why = protected(connect, owner.options, owner.address)
  if not redis then return nil, why end
  return setmetatable({ redis = redis, reused = redis:get_reused_times() > 0 }, Connection)
end

--- Sends a command.
-- @tparam string name in lower case
-- @param ... strings and numbers
-- @treturn[1] the answer; null is false
-- @treturn[2] nil and why
function Connection:command(name, ...)
  local reply, why = protected(self.redis[name], self.redis, ...)
  if not reply then return nil, why end
  return reply ~= ngx.null and reply
end

--- Gives it back for others.
function Connection:keep()
  protected(self.redis.set_keepalive, self.redis, IDLE * 1000, POOL)
end

function Connection:close()
  protected(self.redis.close, self.redis)
end

return nginx
