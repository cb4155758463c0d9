---The limiter of all processes of one user on one machine. Its queue works as in cmr.limiter.memory, but is in a small
---file beside the user's ledger. So a read-only command can use this limiter without opening the ledger. The limiter
---uses the machine's monotonic clock, which is the same for every process.
---
---    local client = cmr.new { limiter = require("cmr.limiter.file").new() }
---
---While the file cannot be used, each process uses its own queue.

local core = require "cmr.core"
local location = require "cmr.ledger.location"
local log = require "cmr.util.log"
local validate = require "cmr.util.validate"

---@class cmr.limiter.File: cmr.Limiter
local Limiter = {}
Limiter.__index = Limiter
Limiter.__name = "cmr.limiter.file"

local SPEC = { path = "string", is_quiet = "boolean" }
local SUFFIX = "-queue" -- added to the path of the ledger
local PATIENCE_SECONDS = 1 -- how long to wait for another process's lock, which lasts microseconds
local NGINX_PATIENCE_SECONDS = 0.1 -- the wait in nginx: a worker that waits serves no other request

---Makes a limiter. With is_quiet, the limiter logs no warning when the file cannot be used.
---@param options? {path?: string, is_quiet?: boolean} path: the path of the ledger; default: the default ledger.
function Limiter.new(options)
  local opts = validate.options("limiter.file.new", SPEC, nil, options)
  local path = assert(location.absolute(opts.path))
  return setmetatable({
    path = assert(core.link_target(path)) .. SUFFIX,
    has_warned = opts.is_quiet,
    fallback = require("cmr.limiter.memory").new(),
  }, Limiter)
end

-- Reserves a slot in the file. See core.reserve_slot.
local function reserve(self, key, after, spacing, max_wait)
  local patience = package.loaded.ngx and NGINX_PATIENCE_SECONDS or PATIENCE_SECONDS
  return core.reserve_slot(self.path, key, after, spacing, max_wait, patience)
end

-- Logs a warning once, because the next calls would repeat it.
local function warn(self, message)
  if not self.has_warned then log.warn("the rate limit is not shared now: %s: %s", self.path, message) end
  self.has_warned = true
end

---Reserves the key's next slot. See cmr.Limiter.
function Limiter:reserve(key, rate, max_wait)
  local delay, is_reserved = reserve(self, key, 0, 1 / rate, max_wait)
  if not delay then
    warn(self, is_reserved)
    return self.fallback:reserve(key, rate, max_wait)
  end
  if not is_reserved then return nil, delay end
  return delay
end

---Pauses a key: for some seconds, no process gets a slot.
function Limiter:pause(key, seconds)
  self.fallback:pause(key, seconds)
  local ok, message = reserve(self, key, seconds, 0, math.huge)
  if not ok then warn(self, message) end
end

return Limiter
