---The library's errors for a person at a shell: options and variables instead of Lua's names, and advice. Pure.

local arguments = require "cmr.cli.arguments"

local messages = {}

-- The variable that gives a setting of the client when no option does.
local VARIABLES =
  { api_key = "CMR_API_KEY", base_url = "CMR_BASE_URL", ca_file = "CMR_CA_FILE", endpoints = "CMR_ENDPOINTS" }

local PROFILE_SETTINGS = { api_key = true, base_url = true, key_header = true, ca_file = true }

-- What an outcome means for running the command again.
local OUTCOMES = {
  not_sent = "the server never saw it, so it can be repeated",
  rejected = "the server refused it, so nothing was done",
  unknown = "it may have been done: look before repeating it",
}

local HINTS = {
  unauthorized = "is this the key for that base URL? CMR_API_KEY or --api-key-file, CMR_BASE_URL or --base-url",
  payment_required = "the wallet does not cover it",
  quota_exceeded = "a mailbox can be exported again three times a week",
  timeout = "a longer --timeout may help; -v tells where the time goes",
  tls = "CMR_CA_FILE or --ca-file names further certificates to trust",
  bad_response = "is the base URL that of the API?",
}

local function hint(operation, err)
  if err.kind == "bad_request" and operation then
    return ("'cmr %s --help' tells what it takes"):format(arguments.command(operation.name))
  elseif err.kind == "network" and err.outcome == "not_sent" then
    return "is the base URL right, and reachable from here? -v tells how far it came"
  end
  return HINTS[err.kind]
end

---The lines to show after a failure's message.
---@param operation table? a row of cmr.operations; nil: any other request
---@param err cmr.Error
---@param has_effect boolean whether the request may have changed something: it was no GET
---@return string[]
function messages.advice(operation, err, has_effect)
  local lines = {}
  if has_effect and OUTCOMES[err.outcome] then
    lines[1] = ("outcome: %s, %s"):format(err.outcome, OUTCOMES[err.outcome])
  end
  if err.retry_after then lines[#lines + 1] = "retry after " .. require("cmr.util.text").duration(err.retry_after) end
  local advice = hint(operation, err)
  if advice then lines[#lines + 1] = "hint: " .. advice end
  return lines
end

-- Where the client's setting came from.
local function source(name, parsed, profile)
  local option = name == "api_key" and "api_key_file" or name
  if profile and PROFILE_SETTINGS[name] and not parsed[option] then
    return ("the %s of the profile '%s'"):format(name, profile)
  end
  if not parsed[option] and VARIABLES[name] then return VARIABLES[name] end
  return ("option '--%s'"):format((option:gsub("_", "-")))
end

local function setting(parsed)
  return function(name, problem)
    local entry = name:match "^endpoints%.(.*)$"
    if entry then return ("CMR_ENDPOINTS: bad entry '%s' (%s"):format(entry, problem) end
    return ("%s is wrong (%s"):format(source(name, parsed, parsed.profile), problem)
  end
end

-- "'mailboxId'" -> "--mailbox-id"
local function parameter(operation)
  return function(name)
    for _, param in ipairs(operation and operation.params or {}) do
      if param.name == name then return param.positional and arguments.placeholder(name) or arguments.option(name) end
    end
  end
end

---Words a mistake that the library found.
---@param message string of the library
---@param parsed table the parser's result; profile: the one in use
---@param operation table? a row of cmr.operations
---@return string
function messages.mistake(message, parsed, operation)
  message = message:gsub("^bad option '([%w_.]+)' %(([^\n]*)", setting(parsed))
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
  if names then message = message:gsub("'([%w.]+)'", parameter(operation)) end
  return message
end

return messages
