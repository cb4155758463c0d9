---Profiles: a profile has a key, the key's base URL and the name of the header for the key. It is stored under a name.
---
---The file is $XDG_CONFIG_HOME/cmr/config (~/.config/cmr/config). Only its owner can read it. ca_file is optional:
---
---    {"default": "production",
---     "profiles": {"production": {"api_key": "...", "base_url": "https://...", "key_header": "cmr-x-api-key"}}}
---
---cmr sends a key only to the key's own base URL. So the key and the address come from the same source:
---
---    --profile   other source of a key          other source of an address      key        address
---    named       --api-key-file                 any                             refused
---    named       any                            --base-url                      refused
---    named       $CMR_API_KEY, or none          $CMR_BASE_URL, or none          profile    profile
---    absent      --api-key-file, $CMR_API_KEY   --base-url, $CMR_BASE_URL       that one   that one, else production
---    absent      none                           none                            default    default
---    absent      none                           --base-url, $CMR_BASE_URL       refused
---
---Certificates are no secret. cmr takes --ca-file, else the profile's ca_file, else $CMR_CA_FILE.

local core = require "cmr.core"
local io = require "cmr.cli.io"
local tables = require "cmr.util.tables"

local profile = {}

local ENOENT, ENOTDIR = 2, 20

local FIELDS = { "api_key", "base_url", "key_header", "ca_file" }
---The message when there is no key.
profile.NO_KEY = "no API key: store one with 'cmr init', or put it in the environment as CMR_API_KEY, "
  .. "or in a file named by --api-key-file"
local OPTIONAL = { key_header = true, ca_file = true }

local function variable(system, name)
  local value = system.getenv(name)
  return value ~= "" and value or nil
end

---Returns the path of the file with the profiles.
---@return string? path Nil when there is no home directory.
function profile.path(system)
  local base = variable(system, "XDG_CONFIG_HOME")
  if not base or base:sub(1, 1) ~= "/" then -- the XDG specification says: ignore a relative path
    local home = variable(system, "HOME")
    base = home and home .. "/.config"
  end
  return base and base .. "/cmr/config"
end

---Reads the stored profiles. Raises a mistake for a file that cannot be used.
---@return table config {default = name, profiles = {name = fields}}; without a file {profiles = {}}
function profile.load(system)
  local path = profile.path(system)
  if not path then return { profiles = {} } end
  local text, message, code = core.read_private(path)
  if code == ENOENT or code == ENOTDIR then return { profiles = {} } end
  if not text then io.usage("%s is not used (%s)", path, message) end
  local config = core.json_decode(text) -- ignores the message, which may quote the file
  if type(config) ~= "table" or type(config.profiles) ~= "table" then
    io.usage("%s is not used (it has to be a JSON object with profiles)", path)
  end
  return config
end

---Writes the profiles to the file. Raises a failure when it cannot write it.
function profile.save(system, config)
  local path = profile.path(system)
  if not path then io.failure "the profile cannot be stored: HOME is not set" end
  local text = require("cmr.cli.pretty_json").encode(config) .. "\n"
  local ok, message = core.write_private(path, text)
  if not ok then io.failure("cannot write %s (%s)", path, message) end
  return path
end

---Returns the names of the profiles, sorted.
function profile.names(config)
  return tables.sorted_keys(config.profiles)
end

-- Returns the options for cmr.new that a profile has.
local function options_of(config, name)
  local stored = config.profiles[name]
  if stored == nil then
    local hint = require("cmr.util.validate").suggestion(name, profile.names(config))
    io.usage("no profile '%s'%s", name, hint ~= "" and hint or " (cmr init makes one)")
  end
  local options = { profile = name }
  for _, key in ipairs(FIELDS) do
    local value = type(stored) == "table" and stored[key] or nil
    if value ~= nil or not OPTIONAL[key] then
      if type(value) ~= "string" or value == "" then io.usage("profile '%s': its %s has to be a text", name, key) end
      options[key] = value
    end
  end
  return options
end

-- Returns the options of the default profile. Used when neither the command line nor the environment names a key.
local function default_options(parsed, system)
  local config = profile.load(system)
  local name = config.default
  if type(name) ~= "string" then
    if parsed.dry_run then return { api_key = "(none)", base_url = parsed.base_url } end
    io.usage(profile.NO_KEY)
  end
  local address = parsed.base_url and "--base-url" or variable(system, "CMR_BASE_URL") and "CMR_BASE_URL"
  if address then
    io.usage("no API key for the address of %s: the profile '%s' sends its key only to its own address", address, name)
  end
  return options_of(config, name)
end

---Decides which key goes to which base URL, by the table above. Raises a mistake.
---@param key string? The key of --api-key-file.
---@return table settings The fields api_key, base_url, key_header and ca_file. cmr.new takes absent ones from the
---  environment. The field profile is the name of the profile in use.
function profile.settings(parsed, system, key)
  local options
  if parsed.profile then
    local other = key and "--api-key-file" or parsed.base_url and "--base-url"
    if other then io.usage("option '%s' does not go with '--profile': a profile is a key and its address", other) end
    options = options_of(profile.load(system), parsed.profile)
  elseif key or variable(system, "CMR_API_KEY") then
    options = { api_key = key, base_url = parsed.base_url }
  else
    options = default_options(parsed, system)
  end
  options.ca_file = parsed.ca_file or options.ca_file
  return options
end

return profile
