--- The library's messages in the words of a shell: options and variables in place of Lua's names. Pure.

local arguments = require "cmr.cli.arguments"

local M = {}

-- Where a client's setting comes from when no option gives it.
local variables =
  { api_key = "CMR_API_KEY", base_url = "CMR_BASE_URL", ca_file = "CMR_CA_FILE", endpoints = "CMR_ENDPOINTS" }

local of_profile = { api_key = true, base_url = true, key_header = true, ca_file = true }

local function source(name, given)
  local option = name == "api_key" and "api_key_file" or name
  if given.kept and of_profile[name] and not given[option] then
    return ("the %s of the profile '%s'"):format(name, given.kept)
  end
  if not given[option] and variables[name] then return variables[name] end
  return ("option '--%s'"):format((option:gsub("_", "-")))
end

local function setting(given)
  return function(name, why)
    local entry = name:match "^endpoints%.(.*)$"
    if entry then return ("CMR_ENDPOINTS: bad entry '%s' (%s"):format(entry, why) end
    return ("%s is wrong (%s"):format(source(name, given), why)
  end
end

-- "'mailboxId'" -> "--mailbox-id"
local function parameter(row)
  return function(name)
    for _, param in ipairs(row and row.params or {}) do
      if param.name == name then return param.positional and arguments.placeholder(name) or arguments.option(name) end
    end
  end
end

--- @param message  of the library
-- @param given    the parser's result; kept = the profile that is used
-- @param row      of the operation it is about, or nil
-- @return the message for somebody at a shell
function M.shell(message, given, row)
  message = message:gsub("^bad option '([%w_.]+)' %(([^\n]*)", setting(given))
  message = message:gsub(": use https, or allow_http%)", ": use https)"):gsub("or false expected%)", "or off expected)")
  message = message:gsub(
    "supply it with cmr%.new{endpoints = {([%w_]+) = '([^']*)'}}",
    [[if you know it, name a file with {"%1": "%2"} in CMR_ENDPOINTS]]
  )
  message = message:gsub("%(cmr%.all: all of them%)", "(the word all: all of them)")
  message = message:gsub("^%S+: the (%a+) of ", "the %1 of ")
  local names = message:find("missing required argument: ", 1, true)
    or message:find("only one of '", 1, true)
    or message:find "^[%w_]+: '[%w.]+' is empty"
  if names then message = message:gsub("'([%w.]+)'", parameter(row)) end
  return message
end

return M
