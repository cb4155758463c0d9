--- Profiles: a key with the address it is for and the header it goes in, kept under a name.
--
-- They are in one file, $XDG_CONFIG_HOME/cmr/config (~/.config/cmr/config), which only its owner can read:
--
--   {"default": "production",
--    "profiles": {"production": {"api_key": "...", "base_url": "https://...", "key_header": "cmr-x-api-key"}}}
--
-- A profile may have a ca_file too. A key goes only where it belongs, so key and address have one source:
--
--   --profile   a key elsewhere                address elsewhere               key        address
--   given       --api-key-file                 any                             refused
--   given       any                            --base-url                      refused
--   given       $CMR_API_KEY, or none          $CMR_BASE_URL, or none          profile    profile
--   absent      --api-key-file, $CMR_API_KEY   --base-url, $CMR_BASE_URL       that one   that one, else production
--   absent      none                           none                            default    default
--   absent      none                           --base-url, $CMR_BASE_URL       refused
--
-- What to trust is no secret: --ca-file, then the profile's, then $CMR_CA_FILE.

local core = require "cmr.core"

local M = {}

local function wrong(message, ...)
  error({ usage = message:format(...) }, 0)
end

local function variable(world, name)
  local value = world.getenv(name)
  return value ~= "" and value or nil
end

--- Where the profiles are kept; nil where there is no home to keep them in.
function M.path(world)
  local base = variable(world, "XDG_CONFIG_HOME")
  if not base or base:sub(1, 1) ~= "/" then -- the XDG rules: a relative one is ignored
    local home = variable(world, "HOME")
    base = home and home .. "/.config"
  end
  return base and base .. "/cmr/config"
end

local ENOENT, ENOTDIR = 2, 20

--- What is kept: {default = name, profiles = {name = profile}}; without a file {profiles = {}}.
-- Raises {usage = message} for a file that is not fit to be used.
function M.load(world)
  local path = M.path(world)
  if not path then return { profiles = {} } end
  local text, why, code = core.read_private(path)
  if code == ENOENT or code == ENOTDIR then return { profiles = {} } end
  if not text then wrong("%s is not used (%s)", path, why) end
  local config = core.json_decode(text) -- its message stays unsaid: it may quote what is in there
  if type(config) ~= "table" or type(config.profiles) ~= "table" then
    wrong("%s is not used (it has to be a JSON object with profiles)", path)
  end
  return config
end

--- Keeps what M.load gave. Returns the path; raises {failure = message, status = 1} when it cannot be written.
function M.save(world, config)
  local path = M.path(world)
  if not path then error({ failure = "no place to keep it: HOME is not set", status = 1 }, 0) end
  local text = require "cmr.cli.pretty_json"(config) .. "\n"
  local ok, why = core.write_private(path, text)
  if not ok then error({ failure = ("cannot write %s (%s)"):format(path, why), status = 1 }, 0) end
  return path
end

--- The names of the profiles in a config, sorted.
function M.names(config)
  local names = {}
  for name in pairs(config.profiles) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local fields = { "api_key", "base_url", "key_header", "ca_file" }

-- The options of cmr.new that a profile has.
local function options_of(config, name)
  local profile = config.profiles[name]
  if profile == nil then
    local meant = core.suggest(name, M.names(config))
    wrong("no profile '%s' (%s)", name, meant and ("did you mean '%s'?"):format(meant) or "cmr init makes one")
  end
  local options = { profile = name }
  for _, field in ipairs(fields) do
    local value = type(profile) == "table" and profile[field] or nil
    local optional = field == "key_header" or field == "ca_file"
    if (value == nil and not optional) or (value ~= nil and (type(value) ~= "string" or value == "")) then
      wrong("profile '%s': its %s has to be a text", name, field)
    end
    options[field] = value
  end
  return options
end

--- Which key goes where, by the table above.
-- @param given  the parser's result: profile, base_url, ca_file, dry_run (which does without a key)
-- @param world  see cmr.cli.io
-- @param key    what --api-key-file gave, or nil
-- @return {api_key, base_url, key_header, ca_file} for cmr.new, which itself looks for the rest in the environment;
--   profile = its name, where one is used
function M.settings(given, world, key)
  local options
  if given.profile then
    local other = key and "--api-key-file" or given.base_url and "--base-url"
    if other then wrong("option '%s' does not go with '--profile': a profile is a key and its address", other) end
    options = options_of(M.load(world), given.profile)
  elseif key or variable(world, "CMR_API_KEY") then
    options = { api_key = key, base_url = given.base_url }
  else
    local config = M.load(world)
    local name = config.default
    if type(name) ~= "string" and given.dry_run then return { api_key = "(none)", base_url = given.base_url } end
    if type(name) ~= "string" then
      wrong(
        "no API key: let 'cmr init' keep one, or put it in the environment as CMR_API_KEY, "
          .. "or in a file named by --api-key-file"
      )
    end
    local address = given.base_url and "--base-url" or variable(world, "CMR_BASE_URL") and "CMR_BASE_URL"
    if address then
      wrong("no API key for the address of %s: that of the profile '%s' goes only to its own address", address, name)
    end
    options = options_of(config, name)
  end
  options.ca_file = given.ca_file or options.ca_file
  return options
end

return M
