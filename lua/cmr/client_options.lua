---The options of cmr.new and client:with: their rules, defaults and sources.

local core = require "cmr.core"
local loops = require "cmr.loop"
local stores = require "cmr.store"
local validate = require "cmr.util.validate"

local unpack = table.unpack or unpack

local client_options = {}

---The options of cmr.new and client:with. Several hosts can share a rate limit and a store in Redis: see
---cmr.limiter.redis and cmr.store.redis.
---@class cmr.Options
---@field api_key? string The key of the requests. The vendor signs webhooks with the same key. Default: $CMR_API_KEY.
---@field base_url? string An https URL, or an http URL to loopback. Default: $CMR_BASE_URL, or the production URL.
---@field ca_file? string A file of PEM certificates, which replace the system's. Default: $CMR_CA_FILE, or libcurl's.
---
---The name of a profile that `cmr init` stored. A profile has the options api_key and base_url, and
---perhaps key_header and ca_file.
---@field profile? string
---
---The name of the header with the key. The sandbox needs cmr-x-sandbox-api-key. Default: cmr-x-api-key.
---@field key_header? string
---
---Seconds for the whole call. For check_workspace, the default is 15 seconds longer for each domain. Default: 30.
---@field timeout? number
---
---Seconds for one attempt. For check_workspace, the default is 15 seconds longer for each domain. Default: 12.
---@field attempt_timeout? number
---@field connect_timeout? number Seconds for connecting. Default: 5.
---@field retries? integer The number of attempts after the first attempt. Default: 2.
---
---Called after a failed attempt that can be repeated safely. The result true means another attempt, false means none,
---and nil lets cmr decide. A number is the seconds until another attempt. If failure.err.retry_after is longer, cmr
---waits that long.
---@field retry? fun(failure: cmr.Retry): boolean|number|nil
---
---The number of failed retries after which cmr no longer retries calls with the same key. False: no limit. Default: 50.
---@field retry_budget? integer|false
---@field rate? number|false Requests per second for a key. False means no limit. Default: 4.
---
---The limiter of the requests. Default: the first of these that exists: nginx's lua_shared_dict cmr, the limiter of the
---client's ledger, the limiter of the process.
---@field limiter? cmr.Limiter
---
---What cmr does before a mailbox's fourth re-export in a week: "warn" logs a warning, "enforce" refuses the re-export.
---False: cmr does not count re-exports. Default: warn.
---@field reexport_quota? "warn"|"enforce"|false
---@field store? cmr.Store The store for webhooks and quotas. Default: a store in the same place as the default limiter.
---
---The ledger records every request that may change something. If the ledger cannot record a request, cmr does not
---send the request. True means the user's ledger. A string is the path of another ledger. Default: false.
---@field ledger? boolean|string|cmr.Ledger
---
---The maximum number of calls at once. Further calls wait. Over HTTP/2, the option limits the connections and not the
---calls. Default: 256.
---@field max_connections? integer
---@field max_response? integer Maximum bytes of an answer, after decompression. Default: 16 MiB; 1 MiB in nginx.
---@field proxy? string A proxy's URL. cmr uses no proxy for loopback. Default: from libcurl's environment variables.
---@field headers? table<string, string> More headers for every request.
---@field user_agent? string A text in front of the library's own user agent.
---
---Maps the name of an operation to "METHOD /path". This endpoint replaces the endpoint that cmr knows. An operation
---whose endpoint is undocumented needs this option. Append " userId in body" or " userId in query" if the API expects
---`userId` in another place than cmr assumes.
---@field endpoints? table<string, string>
---@field allow_http? boolean Allows plain http to any host. Others can read the key on the way. Default: false.
---@field loop? cmr.LoopName|cmr.Loop The loop adapter. Default: the adapter that fits each call.
---
---Called before each attempt. The function may return a table of headers, which cmr sends with this attempt.
---@field on_request? fun(attempt: cmr.AttemptStart): table<string, string>?
---@field on_retry? fun(retry: cmr.Retry): boolean? Called before the wait for a retry. False ends the call.
---@field on_response? fun(attempt: cmr.Attempt) Called after every attempt.
---@field request_id_header? string The response header with the server's request id. Default: the usual names.
---
---Returns a number from 0 to 1. cmr uses the number to spread retries over time. Default: from the clock.
---@field jitter? fun(): number

---The argument of on_request.
---@class cmr.AttemptStart
---@field operation string
---@field method string
---
---The URL without the key. In the query, cmr masks the value of each parameter whose name looks like a secret's name.
---@field url string
---@field attempt integer The number of the attempt, from 1.
---@field repeatable boolean Whether the request can be sent twice without harm.
---@field context table A table that all hooks of one call share. It is empty at first.

---The argument of the options `on_retry` and `retry`.
---@class cmr.Retry
---@field operation string
---@field attempt integer The number of the attempt that failed.
---@field delay? number Seconds until the next attempt. In the option `retry`, nil means that cmr would not try again.
---@field err cmr.Error
---@field context table The table that all hooks of one call share.

---The argument of on_response.
---@class cmr.Attempt: cmr.Info
---@field attempt integer
---@field err? cmr.Error
---@field context table The table that all hooks of one call share.

---The defaults of the options that the Lua code uses. The core has the other defaults, such as the production URL, 5 s
---for connecting, and 16 MiB for an answer.
client_options.DEFAULTS = {
  timeout = 30,
  attempt_timeout = 12,
  retries = 2,
  retry_budget = 50,
  reexport_quota = "warn",
  rate = 4, -- the vendor allows 5, but its help page advises 4
}

-- The environment variables for options. cmr reads these variables when a client is made, never at require.
local ENVIRONMENT = { api_key = "CMR_API_KEY", base_url = "CMR_BASE_URL", ca_file = "CMR_CA_FILE" }

-- the options that must not be set beside `profile`; ca_file may be set, because certificates are no secret
local PROFILE_OPTIONS = { "api_key", "base_url", "key_header" }

local NGINX_MAX_RESPONSE_BYTES = 1024 * 1024 -- decoding more would block a worker for too long

local BOUNDS = { "timeout", "attempt_timeout" } -- client_options.bounds raises their defaults for slow operations

local LEDGER = {
  expected = "true, false, a path, or a ledger",
  test = function(value)
    return type(value) == "boolean"
      or type(value) == "string" and value ~= ""
      or type(value) == "table" and type(value.begin) == "function" and type(value.finish) == "function"
  end,
}

local HEADER_NAME = {
  expected = "the name of a header",
  test = function(value)
    return type(value) == "string" and value:find "^[%w!#$%%&'*+%-.^_`|~]+$" ~= nil
  end,
}

-- The rules for a client's options. The loop below adds the names of the options that the core uses and checks.
local SPEC = {
  timeout = validate.number(0.001, 1e5, "seconds"),
  attempt_timeout = validate.number(0.001, 1e5, "seconds"),
  retries = validate.integer(0, 100),
  retry = "function",
  retry_budget = validate.either(validate.integer(1, 1e6), validate.one_of(false)),
  rate = validate.either(validate.number(0.001, 1e6), validate.one_of(false)),
  limiter = validate.methods("reserve", "pause"),
  store = stores.RULE,
  reexport_quota = validate.one_of("warn", "enforce", false),
  ledger = LEDGER,
  loop = validate.either(validate.one_of(unpack(loops.NAMES)), validate.methods("wait", "sleep", "now")),
  jitter = "function",
  on_request = "function",
  on_retry = "function",
  on_response = "function",
  request_id_header = HEADER_NAME,
  profile = validate.ANY, -- add_profile checks it
}

local TARGET_NAMES = {}
for _, name in ipairs(core.target_option_names) do
  TARGET_NAMES[name] = true
  SPEC[name] = validate.ANY
end

---Adds the parent's value of each option that the client does not set itself. The values are copied, because every call
---reads nearly all of them, and a look-up in the parent would be slower.
---@param opts table the client's options; the function changes this table
---@param parent table The options of the client from which the new client is made, or client_options.DEFAULTS.
function client_options.inherit(opts, parent)
  local chosen = {}
  for _, name in ipairs(BOUNDS) do
    chosen[name] = opts[name] ~= nil or parent.chosen ~= nil and parent.chosen[name]
  end
  for name, value in pairs(parent) do
    if opts[name] == nil then opts[name] = value end
  end
  opts.chosen = chosen
end

---Returns the timeouts of a call and of one of its attempts. For some operations, the vendor may take long for each
---item. For these operations, a timeout that the user did not set grows with the number of items.
---@param opts table a client's options
---@param operation cmr.Operation? nil: a raw request
---@param call any from the core
---@return number timeout seconds
---@return number attempt_timeout seconds
function client_options.bounds(opts, operation, call)
  local seconds = operation and operation.item_seconds
  if not seconds then return opts.timeout, opts.attempt_timeout end
  local items = call:arguments()[operation.items_in]
  if type(items) == "table" then seconds = seconds * math.max(1, #items) end
  local function bound(name)
    return opts[name] + (opts.chosen[name] and 0 or seconds)
  end
  return bound "timeout", bound "attempt_timeout"
end

local function read_endpoints(path)
  local text, message = require("cmr.util.shell").read(path)
  if not text then return nil, message end
  local endpoints
  endpoints, message = core.json_decode(text)
  if type(endpoints) == "table" then return endpoints end
  return nil, path .. ": " .. (message or "a JSON object expected")
end

local function bad_profile(message)
  return nil,
    ("bad option 'profile' (%s)"):format(message),
    { code = "bad_option", option = "profile", reason = message }
end

-- Adds the options of a profile to the options for the core.
local function add_profile(target_opts, name)
  for _, other in ipairs(PROFILE_OPTIONS) do
    if target_opts[other] ~= nil then
      return bad_profile(("'%s' does not go with it: a profile is a key and its address"):format(other))
    end
  end
  if type(name) ~= "string" then return bad_profile("a string expected, got " .. type(name)) end
  local profiles = require "cmr.profiles"
  local config, message = profiles.load(os.getenv)
  local stored
  if config then
    stored, message = profiles.options(config, name)
  end
  if not stored then return bad_profile(message) end
  stored.key_header = stored.key_header or core.key_header
  for option, value in pairs(stored) do
    if target_opts[option] == nil then target_opts[option] = value end
  end
  return target_opts
end

---Checks the options, and separates the core's options from those that the Lua code uses.
---@param opts cmr.Options
---@return table? target_opts The options for core.target, which checks them.
---@return table|string lua_opts The other options: `loop` is the adapter, not its name. After a failure: a message.
---@return table? problem {code, option, expected, got, suggestion}
function client_options.split(opts)
  local ok, message, problem = validate.check(SPEC, opts)
  if not ok then return nil, message, problem end
  local target_opts, lua_opts = {}, {}
  for name, value in pairs(opts) do
    (TARGET_NAMES[name] and target_opts or lua_opts)[name] = value
  end
  if lua_opts.profile ~= nil then
    ok, message, problem = add_profile(target_opts, lua_opts.profile)
    if not ok then return nil, message, problem end
    lua_opts.profile = nil
  end
  local name = lua_opts.loop
  if type(name) ~= "string" then return target_opts, lua_opts end
  lua_opts.loop, message = loops.named(name)
  if lua_opts.loop then return target_opts, lua_opts end
  return nil, ("bad option 'loop' (%s)"):format(message), { code = "bad_option", option = "loop", got = name }
end

---Adds the options of the environment to a new client's options. In nginx, also sets the default of max_response.
---@param target_opts table The options for core.target. The function changes them.
---@return table? target_opts Nil is followed by a message and the problem {code, option, reason}.
function client_options.with_environment(target_opts)
  for name, variable in pairs(ENVIRONMENT) do
    local value = os.getenv(variable)
    if target_opts[name] == nil and value ~= "" then target_opts[name] = value end
  end
  local path = os.getenv "CMR_ENDPOINTS"
  if target_opts.endpoints == nil and path and path ~= "" then
    local endpoints, message = read_endpoints(path)
    if not endpoints then
      local problem = { code = "bad_option", option = "endpoints", reason = message }
      return nil, "CMR_ENDPOINTS: " .. message, problem
    end
    target_opts.endpoints = endpoints
  end
  if package.loaded.ngx and target_opts.max_response == nil then target_opts.max_response = NGINX_MAX_RESPONSE_BYTES end
  return target_opts
end

return client_options
