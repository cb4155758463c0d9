---Runs scripts on a Redis that may be unavailable. Returns a failure of Redis or of the network, and does not raise it.
---While Redis is unavailable, most calls fail at once and send nothing. From time to time, one call tries Redis again.
---A Redis that refuses a script is still available, and may accept the next script.

local core = require "cmr.core"
local errors = require "cmr.util.errors"
local log = require "cmr.util.log"
local text = require "cmr.util.text"
local validate = require "cmr.util.validate"

---A connection that any number of coroutines and forked processes can use.
---@class cmr.Redis
local Redis = {}
Redis.__index = Redis
Redis.__name = "cmr.redis.scripts"

---The server must be Redis 5 or newer, or Valkey. cmr does not support Redis Sentinel. It supports a Redis
---Cluster only if one node has all hash slots. In nginx, cmr needs the library lua-resty-redis (as resty.redis or
---nginx.redis). Outside nginx, cmr needs redis-lua and LuaSocket, and LuaSec for TLS. In nginx, a wait for Redis blocks
---only one nginx request. Elsewhere, the wait blocks the whole process, even under luv and cqueues.
---@class cmr.RedisOptions
---The server's name or IP address. nginx accepts a name only if nginx has a resolver. Default: 127.0.0.1.
---@field host? string
---@field port? integer Default: 6379.
---@field unix? string The path of a Unix socket, instead of host and port.
---@field username? string The name of an ACL user. ACLs need Redis 6 or newer. Set the user's password too.
---@field password? string The password. No message contains it.
---
---Encrypts the connection, and checks the certificate and the server's name in it. Redis must not ask for a client
---certificate: set `tls-auth-clients no`. Default: false.
---@field tls? boolean
---@field server_name? string The name in the certificate. Default: host.
---
---A file of certificates to trust, which `tls` needs outside nginx. In nginx, set lua_ssl_trusted_certificate instead.
---@field ca_file? string
---@field db? integer Default: 0.
---@field timeout? number The seconds that connecting, sending and receiving may each take. Default: 0.5.
---@field prefix? string The beginning of every key. Default: "cmr:".

local SPEC = {
  host = "string",
  port = validate.integer(1, 65535),
  unix = "string",
  username = "string",
  password = "string",
  tls = "boolean",
  server_name = "string",
  ca_file = "string",
  db = validate.integer(0),
  timeout = validate.number(0.001, 3600, "seconds"),
  prefix = "string",
}
local DEFAULTS = { host = "127.0.0.1", port = 6379, db = 0, timeout = 0.5, prefix = "cmr:" }

-- With these error replies, Redis reports its own state, not a mistake in a script.
local UNAVAILABLE = {
  LOADING = true,
  BUSY = true,
  READONLY = true,
  MASTERDOWN = true,
  NOREPLICAS = true,
  MISCONF = true,
  CLUSTERDOWN = true,
  TRYAGAIN = true,
  NOAUTH = true,
}

local CLUSTER = "; this is a node of a Redis Cluster, which is not supported"
local NO_SCRIPTS = "; scripts are disabled here, or this is a Redis Sentinel, which is not supported: the address "
  .. "of the Redis itself is needed"

local TIMEOUTS_PER_RETRY = 5 -- the wait between two tries of an unavailable Redis, as a multiple of the option timeout

local unpack = table.unpack or unpack
local digests = {} -- script -> its SHA-1 from Redis
-- identity of a connection -> {since, retry_at, message} of the outage, or {}. Connections with the same server,
-- database, credentials and TLS options have the same identity.
local outages = {}

-- Raises an error if an option for TLS would have no effect.
local function check_tls(caller, opts)
  local function refuse(name, reason)
    errors.raise(("%s: bad option '%s' (%s)"):format(caller, name, reason))
  end
  if opts.tls and opts.unix then refuse("tls", "option 'unix' names a socket of this machine, without TLS") end
  for _, name in ipairs { "server_name", "ca_file" } do
    if opts[name] and not opts.tls then refuse(name, "only with tls = true") end
  end
end

local function connect(caller, opts)
  check_tls(caller, opts)
  local transport = require(package.loaded.ngx and "cmr.redis.cosocket" or "cmr.redis.luasocket")
  local missing = transport.missing(opts)
  if missing then errors.raise("redis: " .. missing) end
  setmetatable(opts, { __index = DEFAULTS })
  local address = ("%s/%d"):format(opts.unix or opts.host .. ":" .. opts.port, opts.db)
  if opts.tls then address = address .. " with TLS" end
  local identity = table.concat({
    address,
    opts.username or "",
    opts.password or "",
    opts.server_name or "",
    opts.ca_file or "",
  }, "\n")
  outages[identity] = outages[identity] or {}
  return setmetatable({
    opts = opts,
    transport = transport,
    address = address,
    outage = outages[identity],
    retry_seconds = TIMEOUTS_PER_RETRY * opts.timeout,
  }, Redis)
end

---Makes a connection object, which connects to Redis only when it runs a script. Raises an error if a library is
---missing.
---@param options? cmr.RedisOptions
function Redis.new(options)
  return connect("redis.scripts.new", validate.options("redis.scripts.new", SPEC, nil, options))
end

---Checks the options with which a program makes a limiter or a store in Redis. Besides the options in `spec`, the
---program gives either the options of a new connection, or an existing connection in the option `redis`.
---@param caller string the caller's name, for messages
---@param spec table The rules for the limiter's or the store's own options.
---@param options table?
---@return table opts The options. Their field `redis` is the connection.
function Redis.options(caller, spec, options)
  local all = { redis = validate.methods "eval" }
  for _, rules in ipairs { SPEC, spec } do
    for name, rule in pairs(rules) do
      all[name] = rule
    end
  end
  local opts = validate.options(caller, all, nil, options)
  local connection_opts = {}
  for name in pairs(SPEC) do
    if opts.redis and opts[name] ~= nil then
      errors.raise(("%s: bad option '%s' (option 'redis' is a connection already)"):format(caller, name))
    end
    connection_opts[name] = opts[name]
  end
  opts.redis = opts.redis or connect(caller, connection_opts)
  return opts
end

-- Runs a script by its digest. If Redis lost the script in a restart, sends the whole script.
local function run(connection, script, ...)
  local reply, message, is_reply
  if not digests[script] then
    digests[script], message, is_reply = connection:command("script", "load", script)
    if not digests[script] then return nil, message, is_reply end
  end
  reply, message, is_reply = connection:command("evalsha", digests[script], ...)
  if is_reply and message:find "^NOSCRIPT" then return connection:command("eval", script, ...) end
  return reply, message, is_reply
end

-- Returns "unavailable" if an error reply means that Redis is unavailable. Returns "refused" if Redis only refuses the
-- script. Also returns the message for the user.
local function judge(message)
  -- before version 7, Redis wrapped the error of a script's command in another error
  local inner = message:match "^ERR Error running script.-: %-?(%u%u+ .*)"
  local code = (inner or message):match "^%u+"
  if code == "MOVED" or code == "ASK" then return "refused", message .. CLUSTER end
  if message:find "^ERR unknown command" then return "unavailable", message .. NO_SCRIPTS end
  if UNAVAILABLE[code] or message:find "^ERR max number of clients" then return "unavailable", message end
  return "refused", message
end

local function authenticate(connection, opts)
  local ok, message = true, nil
  if opts.username then
    ok, message = connection:command("auth", opts.username, opts.password or "")
  elseif opts.password then
    ok, message = connection:command("auth", opts.password)
  end
  if ok and opts.db ~= 0 then
    ok, message = connection:command("select", opts.db)
  end
  return ok, message
end

-- Runs a script. If a reused connection fails, tries another connection, because the reused connection may have been
-- dead. After a timeout, tries no other connection.
local function attempt(self, script, ...)
  local connection, ok, reply, message, is_reply, reason
  repeat
    reason = "unavailable"
    connection, message = self.transport.open(self)
    if not connection then return nil, message, reason end
    ok = connection.reused
    if not ok then
      ok, message = authenticate(connection, self.opts)
    end
    if ok then
      reply, message, is_reply = run(connection, script, ...)
      if is_reply then
        reason, message = judge(message)
      end
    end
    if reply ~= nil or reason == "refused" then
      connection:release()
      return reply, message, reason
    end
    connection:close()
  until not connection.reused or message == "timeout"
  return nil, message, reason
end

-- Returns a script's parameters in the order for Redis: the number of keys, the keys, the arguments.
local function parameters(prefix, keys, args)
  local list = { #keys }
  for _, key in ipairs(keys) do
    list[#list + 1] = prefix .. key
  end
  for _, value in ipairs(args) do
    list[#list + 1] = type(value) == "number" and text.exact_number(value) or value
  end
  return unpack(list)
end

---Runs a script.
---@param script string Lua for Redis
---@param keys string[] The keys, without the prefix.
---@param args (string|number)[]
---@return any reply An integer, a string or an array; false for null; nil after a failure.
---@return string? message
---@return "unavailable"|"refused"|nil reason The reason of a failure.
function Redis:eval(script, keys, args)
  local outage = self.outage
  if outage.since then
    if core.now() < outage.retry_at then return nil, outage.message, "unavailable" end
    outage.retry_at = core.now() + self.retry_seconds -- before this time, other coroutines send nothing
  end
  local reply, message, reason = attempt(self, script, parameters(self.opts.prefix, keys, args))
  if reply ~= nil then
    outage.since = nil
    return reply
  elseif reason == "refused" then
    outage.since = nil
    return nil, message, reason
  end
  if not outage.since then
    log.warn("Redis at %s is unavailable (%s); going on without it until it is back", self.address, message)
    outage.since = core.now()
  end
  outage.message, outage.retry_at = message, core.now() + self.retry_seconds
  return nil, message, reason
end

function Redis:__tostring()
  return "cmr.redis.scripts: " .. self.address -- the address has no password
end

return Redis
