--- What cmr.new and client:with take. An unknown option or a malformed value raises.

local core = require "cmr.core"
local stores = require "cmr.store"
local waits = require "cmr.loop"

local options = {}

local function number(least, most)
  return function(value)
    return type(value) == "number" and value >= least and value <= most, "a number from " .. least .. " to " .. most
  end
end

local function is(wanted)
  return function(value)
    return type(value) == wanted, wanted
  end
end

-- Decided here; what the core decides (where requests go and what they carry) is checked there.
local checks = {
  timeout = number(0.001, 1e5),
  attempt_timeout = number(0.001, 1e5),
  retries = function(value)
    return type(value) == "number" and value >= 0 and value <= 100 and value % 1 == 0, "a whole number from 0 to 100"
  end,
  rate = function(value)
    return value == false or type(value) == "number" and value >= 0.001 and value <= 1e6, "a positive number, or false"
  end,
  limiter = function(value)
    return type(value) == "table" and type(value.reserve) == "function" and type(value.pause) == "function",
      "a table with reserve and pause"
  end,
  store = function(value)
    return stores.RULE.test(value), stores.RULE.expected
  end,
  reexport_quota = function(value)
    return value == false or value == "warn" or value == "enforce", "'warn', 'enforce' or false"
  end,
  loop = function(value)
    return type(value) == "string" and waits.names[value]
      or type(value) == "table"
        and type(value.wait) == "function"
        and type(value.sleep) == "function"
        and type(value.now) == "function",
      "'block', 'nginx', 'luv', 'cqueues', or a table with wait, sleep and now"
  end,
  jitter = is "function",
  on_retry = is "function",
  on_response = is "function",
}

local names, is_in_core = {}, {}
for name in pairs(checks) do
  names[#names + 1] = name
end
for _, name in ipairs(core.target_option_names) do
  names[#names + 1] = name
  is_in_core[name] = true
end
table.sort(names)

--- Defaults of what is decided in Lua. Those of the core: production, 5 s to connect, 16 MiB of answer.
options.defaults = {
  timeout = 30, -- seconds, the whole call: pacing, attempts and the waits between them
  attempt_timeout = 12, -- seconds, one attempt
  retries = 2, -- attempts after the first
  reexport_quota = "warn", -- of re-exports per mailbox and week: said before the call, which goes on; "enforce": not sent
  rate = 4, -- requests per second and key; the vendor's limit is 5, its advice 4 (help)
}

--- Where an option comes from when it is not given: read when a client is made, never at require.
options.environment = { api_key = "CMR_API_KEY", base_url = "CMR_BASE_URL", ca_file = "CMR_CA_FILE" }

-- A JSON file of paths, for those who fill gaps of the documents once for all their scripts.
local function paths_from(file)
  local handle, why = io.open(file, "rb")
  if not handle then return nil, why end
  local text = handle:read "*a"
  handle:close()
  local paths, message = core.json_decode(text)
  if type(paths) ~= "table" then return nil, file .. ": " .. (message or "a JSON object expected") end
  return paths
end

local SMALLER_IN_NGINX = 1024 * 1024 -- decoding more holds a worker too long

--- Sorts what a user gave into what the core decides and what is decided here.
-- @tparam table given
-- @treturn[1] table for core.target
-- @treturn[1] table the others
-- @treturn[2] nil and a message
function options.split(given)
  local target, own = {}, {}
  for name, value in pairs(given) do
    if is_in_core[name] then
      target[name] = value
    elseif checks[name] then
      local good, expected = checks[name](value)
      if not good then return nil, ("bad option '%s' (%s expected)"):format(name, expected) end
      own[name] = value
    else
      local nearest = type(name) == "string" and core.suggest(name, names)
      return nil,
        ("unknown option '%s'%s"):format(tostring(name), nearest and (" (did you mean '" .. nearest .. "'?)") or "")
    end
  end
  return target, own
end

--- What a new client adds to what was given: the environment, and the limits of the place it runs in.
-- @tparam table given
-- @treturn[1] table a copy with them
-- @treturn[2] nil and a message
function options.complete(given)
  local all = {}
  for name, variable in pairs(options.environment) do
    local value = os.getenv(variable)
    if value ~= "" then all[name] = value end
  end
  local file = os.getenv "CMR_ENDPOINTS"
  if given.endpoints == nil and file and file ~= "" then
    local paths, message = paths_from(file)
    if not paths then return nil, "CMR_ENDPOINTS: " .. message end
    all.endpoints = paths
  end
  if package.loaded.ngx then all.max_response = SMALLER_IN_NGINX end
  for name, value in pairs(given) do
    all[name] = value
  end
  return all
end

return options
