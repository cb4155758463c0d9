---Chooses the API key and the base URL for a command. They come from a profile (cmr.profiles), the command line or the
---environment.
---
---cmr sends a key only to the key's own base URL. So the source of the key decides where the base URL may come from.
---The command takes the key from the first of these sources that is given:
---
---    source of the key      base URL
---    --profile              the profile's; $CMR_API_KEY and $CMR_BASE_URL do not count, and the command refuses
---                           --api-key-file and --base-url
---    --api-key-file         --base-url, else $CMR_BASE_URL, else production
---    $CMR_API_KEY           --base-url, else $CMR_BASE_URL, else production
---    the default profile    the profile's; the command refuses --base-url and $CMR_BASE_URL
---
---Certificates are no secret, so any source may name their file: --ca-file, else the profile's ca_file, else
---$CMR_CA_FILE.

local core = require "cmr.core"
local io = require "cmr.cli.io"
local profiles = require "cmr.profiles"

local profile = {}

---The message when there is no key.
profile.NO_KEY = "no API key: store one with 'cmr init', or put it in the environment as CMR_API_KEY, "
  .. "or in a file named by --api-key-file"

local function variable(system, name)
  return profiles.variable(system.getenv, name)
end

---Returns the path of the file with the profiles.
---@return string? path Nil when there is no home directory.
function profile.path(system)
  return profiles.path(system.getenv)
end

---Reads the stored profiles. Raises a mistake for a file that cannot be used.
---@return table config See profiles.load.
function profile.load(system)
  local config, message = profiles.load(system.getenv)
  if not config then io.usage("%s", message) end
  return config
end

---Writes the profiles to the file. Raises a failure when the file cannot be written.
function profile.save(system, config)
  local path = profile.path(system)
  if not path then io.failure "the profile cannot be stored: HOME is not set" end
  local text = require("cmr.cli.pretty_json").encode(config) .. "\n"
  local ok, message = core.write_private(path, text)
  if not ok then io.failure("cannot write %s (%s)", path, message) end
  return path
end

profile.names = profiles.names

---Returns a profile's options for cmr.new. The field `profile` is the profile's name. Raises a mistake if the profile
---is missing or wrong.
function profile.options(config, name)
  local options, message = profiles.options(config, name)
  if not options then io.usage("%s", message) end
  options.profile = name
  return options
end

-- Returns the options of the default profile. The command uses them when neither the command line nor the environment
-- names a key.
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
  return profile.options(config, name)
end

---Decides which key goes to which base URL, by the rules at the top of this file. Raises a mistake if these rules
---exclude an option or a variable, or if there is no usable key.
---@param key string? The key of --api-key-file.
---@return table settings The fields api_key, base_url, key_header and ca_file. cmr.new takes absent fields from the
---  environment. The field profile is the name of the profile in use.
function profile.settings(parsed, system, key)
  local options
  if parsed.profile then
    local other = key and "--api-key-file" or parsed.base_url and "--base-url"
    if other then io.usage("option '%s' does not go with '--profile': a profile is a key and its address", other) end
    options = profile.options(profile.load(system), parsed.profile)
  elseif key or variable(system, "CMR_API_KEY") then
    options = { api_key = key, base_url = parsed.base_url }
  else
    options = default_options(parsed, system)
  end
  options.ca_file = parsed.ca_file or options.ca_file
  return options
end

return profile
