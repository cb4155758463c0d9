---Connections to Redis in nginx, from nginx's pool. A wait for Redis blocks one nginx request, and not the worker.

local cosocket = {}

local IDLE_SECONDS = 60
local MAX_IDLE_CONNECTIONS = 32 -- in each worker

local Connection = {}
Connection.__index = Connection
Connection.__name = "cmr.redis.cosocket"

local function library()
  for _, name in ipairs { "resty.redis", "nginx.redis" } do -- the module's own name, and its name in Debian
    local ok, found = pcall(require, name)
    if ok and type(found) == "table" then return found end
  end
end

---Returns a message that says what the user must install first. Returns nil if nothing is missing.
function cosocket.missing()
  return not library() and "lua-resty-redis is not installed (Debian: lua-nginx-redis)" or nil
end

-- Starts TLS on the library's socket directly, because some versions of the library cannot start TLS. nginx checks the
-- certificate and the server's name in it.
local function handshake(redis, opts)
  local ok, message = rawget(redis, "_sock"):sslhandshake(false, opts.server_name or opts.host, true)
  -- If the certificate is wrong, nginx closes the connection, but may still return true. For a closed connection,
  -- get_reused_times returns nil.
  if ok and not redis:get_reused_times() then return nil, "the certificate is not trusted, or not the host's" end
  return ok, message
end

-- Calls a function of the library in pcall: the library raises an error in nginx's phases without sockets, such as
-- log_by_lua.
local function protected(act, ...)
  local ok, result, message = pcall(act, ...)
  if not ok then return nil, tostring(result) end
  return result, message
end

local function connect(opts, address)
  local redis = library():new()
  redis:set_timeout(opts.timeout * 1000)
  local pool = { pool = ("cmr:%s@%s %s"):format(opts.username or "", address, opts.server_name or "") }
  local ok, message
  if opts.unix then
    ok, message = redis:connect("unix:" .. opts.unix, pool)
  else
    ok, message = redis:connect(opts.host, opts.port, pool)
  end
  if ok and opts.tls and redis:get_reused_times() == 0 then
    ok, message = handshake(redis, opts)
    if not ok then redis:close() end
  end
  return ok and redis, message
end

---Takes a connection from the pool, or makes a connection.
---@param owner cmr.Redis
---@return table? connection {reused = boolean} with the methods command, release and close; or nil and a message
function cosocket.open(owner)
  local redis, message = protected(connect, owner.opts, owner.address)
  if not redis then return nil, message end
  return setmetatable({ redis = redis, reused = redis:get_reused_times() > 0 }, Connection)
end

---Sends a command.
---@param name string the command's name in lower case
---@return any reply False for null; nil and a message after a failure.
---@return string? message
---@return boolean? is_reply Whether the failure is an error reply from Redis.
function Connection:command(name, ...)
  local reply, message = protected(self.redis[name], self.redis, ...)
  if not reply then return nil, message, reply == false end -- the library returns false for an error reply
  return reply ~= ngx.null and reply
end

---Puts the connection back into the pool.
function Connection:release()
  protected(self.redis.set_keepalive, self.redis, IDLE_SECONDS * 1000, MAX_IDLE_CONNECTIONS)
end

function Connection:close()
  protected(self.redis.close, self.redis)
end

return cosocket
