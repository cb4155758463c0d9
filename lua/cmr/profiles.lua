---Profiles: a profile has an API key, and the options for requests with this key. `cmr init` stores a profile under a
---name.
---
---The file is $XDG_CONFIG_HOME/cmr/config (~/.config/cmr/config). Only its owner can read it. key_header and
---ca_file are optional:
---
---    {"default": "production",
---     "profiles": {"production": {"api_key": "...", "base_url": "https://...", "key_header": "cmr-x-api-key"}}}

local core = require "cmr.core"
local tables = require "cmr.util.tables"
local validate = require "cmr.util.validate"

local profiles = {}

local ENOENT, ENOTDIR = 2, 20

local FIELDS = { "api_key", "base_url", "key_header", "ca_file" }
local OPTIONAL = { key_header = true, ca_file = true }

---Returns the value of an environment variable. Returns nil if the variable is empty or not set.
---@param getenv fun(name: string): string?
---@param name string
---@return string?
function profiles.variable(getenv, name)
  local value = getenv(name)
  return value ~= "" and value or nil
end

---Returns the path of the file with the profiles.
---@param getenv fun(name: string): string?
---@return string? path Nil when there is no home directory.
function profiles.path(getenv)
  local base = profiles.variable(getenv, "XDG_CONFIG_HOME")
  if not base or base:sub(1, 1) ~= "/" then -- the XDG specification says: ignore a relative path
    local home = profiles.variable(getenv, "HOME")
    base = home and home .. "/.config"
  end
  return base and base .. "/cmr/config"
end

---Reads the stored profiles.
---@param getenv fun(name: string): string?
---@return table? config {default = name, profiles = {name = fields}}, or {profiles = {}} if there is no file.
---@return string? message The reason why the file cannot be used.
function profiles.load(getenv)
  local path = profiles.path(getenv)
  if not path then return { profiles = {} } end
  local text, message, code = core.read_private(path)
  if code == ENOENT or code == ENOTDIR then return { profiles = {} } end
  if not text then return nil, ("%s is not used (%s)"):format(path, message) end
  local config = core.json_decode(text) -- drops the error message, because it may quote a key
  if type(config) == "table" and type(config.profiles) == "table" then return config end
  return nil, path .. " is not used (it has to be a JSON object with profiles)"
end

---Returns the names of the profiles, sorted.
---@return string[]
function profiles.names(config)
  return tables.sorted_keys(config.profiles)
end

---Returns a profile's options for cmr.new.
---@param config table
---@param name string
---@return table? options
---@return string? message Names the missing profile or the wrong field.
function profiles.options(config, name)
  local stored = config.profiles[name]
  if stored == nil then
    local hint = validate.suggestion(name, profiles.names(config))
    return nil, ("no profile '%s'%s"):format(name, hint ~= "" and hint or " (cmr init makes one)")
  end
  local options = {}
  for _, key in ipairs(FIELDS) do
    local value = type(stored) == "table" and stored[key] or nil
    if value ~= nil or not OPTIONAL[key] then
      if type(value) ~= "string" or value == "" then
        return nil, ("profile '%s': its %s has to be a text"):format(name, key)
      end
      options[key] = value
    end
  end
  return options
end

return profiles
