--- Redis, as far as this library needs it: to run a script on a key or two. A fault of Redis or of the network is a
-- return value, and while Redis is away nobody waits for it: it is tried again every now and then.

local core = require "cmr.core"
local raise = require("cmr.util.errors").raise
local log = require "cmr.util.log"

local Redis = {}
Redis.__index = Redis
Redis.__name = "cmr.redis.scripts"

local PATIENCE = 5 -- no more than one part in so many of the time is spent on trying whether Redis is back

local defaults = {
  host = "127.0.0.1", -- nginx wants an address here, unless it has a resolver
  port = 6379,
  unix = nil, -- path of a socket, in place of host and port
  username = nil, -- with a password; Redis 6 and newer
  password = nil,
  db = 0,
  timeout = 0.5, -- seconds: to connect, to send and to receive, each
  prefix = "cmr:", -- of every key
}
local types = { unix = "string", username = "string", password = "string" }
for name, value in pairs(defaults) do
  types[name] = type(value)
end

local unpack = table.unpack or unpack
local outages = {} -- by address, for all connections of the process: since and try_at, seconds, while Redis is away

local function transport()
  return require(package.loaded.ngx and "cmr.redis.cosocket" or "cmr.redis.luasocket")
end

--- A connection. Nothing is sent yet.
-- Plain Lua needs redis-lua and LuaSocket: there the process waits for Redis, also under luv and cqueues. nginx needs
-- lua-resty-redis, as resty.redis or nginx.redis, and the request waits. Redis 5 or newer; no TLS.
-- @tparam[opt] table given options as above; others raise, as does a library that is missing
-- @treturn table connection; any number of coroutines may use it, in a forked process too
function Redis.new(given)
  local options = {}
  for name, value in pairs(given or {}) do
    if type(value) ~= types[name] then
      raise(
        ("redis: bad option '%s' (%s)"):format(
          tostring(name),
          types[name] and types[name] .. " expected" or "there is none of this name"
        )
      )
    end
    options[name] = value
  end
  setmetatable(options, { __index = defaults })
  if options.timeout <= 0 then raise "redis: bad option 'timeout' (more than 0 seconds expected)" end
  local means = transport()
  local missing = means.missing()
  if missing then raise("redis: " .. missing) end
  local address = ("%s/%d"):format(options.unix or options.host .. ":" .. options.port, options.db)
  outages[address] = outages[address] or {}
  return setmetatable({
    options = options,
    transport = means,
    address = address,
    outage = outages[address],
    retry = PATIENCE * options.timeout, -- seconds from one try to the next while Redis is away
  }, Redis)
end

-- Redis forgets its scripts when it starts anew.
local function run(connection, script, ...)
  local why
  if not script.sha then
    script.sha, why = connection:command("script", "load", script.source)
    if not script.sha then return nil, why end
  end
  local reply
  reply, why = connection:command("evalsha", script.sha, ...)
  if reply == nil and why:find "^NOSCRIPT" then return connection:command("eval", script.source, ...) end
  return reply, why
end

-- A new connection has to say who it is, and which database it wants.
local function ready(connection, options)
  local fine, why = true, nil
  if connection.reused then return fine end
  if options.username then
    fine, why = connection:command("auth", options.username, options.password or "")
  elseif options.password then
    fine, why = connection:command("auth", options.password)
  end
  if fine and options.db ~= 0 then
    fine, why = connection:command("select", options.db)
  end
  return fine, why
end

-- A connection that was idle may be dead without anybody knowing: then a new one is tried.
local function attempt(self, script, ...)
  local connection, reply, why
  repeat
    connection, why = self.transport.open(self)
    if not connection then return nil, why end
    reply, why = ready(connection, self.options)
    if reply then
      reply, why = run(connection, script, ...)
    end
    if reply ~= nil then
      connection:keep()
      return reply
    end
    connection:close()
  until not connection.reused or why == "timeout"
  return nil, why
end

-- What a script gets: how many keys, the keys, the arguments.
local function words_of(prefix, keys, args)
  local words = { #keys }
  for _, key in ipairs(keys) do
    words[#words + 1] = prefix .. key
  end
  for _, value in ipairs(args) do
    words[#words + 1] = type(value) == "number" and ("%.17g"):format(value) or value
  end
  return unpack(words)
end

--- Runs a script.
-- @tparam table script source = Lua as Redis runs it; it remembers its digest there. Answers with integers, strings and
-- arrays of them; null becomes false
-- @tparam table keys array of strings; each gets the prefix
-- @tparam table args array of strings and numbers
-- @treturn[1] the answer
-- @treturn[2] nil when Redis is away, or refuses
-- @treturn[2] string why
function Redis:eval(script, keys, args)
  local outage = self.outage
  if outage.since then
    if core.now() < outage.try_at then return nil, outage.why end
    outage.try_at = core.now() + self.retry -- those who come meanwhile do not try as well
  end
  local reply, why = attempt(self, script, words_of(self.options.prefix, keys, args))
  if reply ~= nil then
    outage.since = nil
    return reply
  end
  if not outage.since then
    log.warn("Redis at %s is away (%s); going on without it until it is back", self.address, why)
    outage.since = core.now()
  end
  outage.why, outage.try_at = why, core.now() + self.retry
  return nil, why
end

--- Says where it is, not with which password.
function Redis:__tostring()
  return "cmr.redis.scripts: " .. self.address
end

return Redis
