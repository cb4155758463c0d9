---Rewrites the library's errors for a person at a shell: with the names of options and variables in place of Lua's
---names, and with advice. Pure.

local arguments = require "cmr.cli.arguments"

local messages = {}

-- The environment variables that set options of the client.
local VARIABLES =
  { api_key = "CMR_API_KEY", base_url = "CMR_BASE_URL", ca_file = "CMR_CA_FILE", endpoints = "CMR_ENDPOINTS" }

local PROFILE_SETTINGS = { api_key = true, base_url = true, key_header = true, ca_file = true }

-- The argument or option of `cmr api` for each part of a request.
local API_LABELS =
  { method = "argument METHOD", path = "argument PATH", query = "option '--query'", body = "option '--data'" }

---Says for each outcome whether the user can make the request again.
local OUTCOMES = {
  not_sent = "the server never saw it, so it can be repeated",
  rejected = "the server refused it, so nothing was done",
  unknown = "it may have been done: check before you repeat it",
}

local HINTS = {
  unauthorized = "is this the key for that base URL? CMR_API_KEY or --api-key-file, CMR_BASE_URL or --base-url",
  payment_required = "the wallet does not cover the request",
  quota_exceeded = "a mailbox can be exported again three times a week",
  timeout = "a longer --timeout may help; -v shows where the time goes",
  tls = "CMR_CA_FILE or --ca-file names the certificates to trust, in place of the system's",
  not_recorded = "set CMR_LEDGER to another file; --no-ledger sends without a record",
  bad_response = "is the base URL the address of the API?",
}

-- The messages of TLS libraries about an answer that is not TLS.
local NO_TLS_MESSAGES =
  { "wrong version number", "packet length too long", "unexpected TLS packet", "record layer failure" }

local function speaks_no_tls(err)
  for _, message in ipairs(NO_TLS_MESSAGES) do
    if err.message:find(message) then return true end
  end
end

local function hint(operation, err, has_effect)
  if err.kind == "bad_request" and operation then
    return ("'cmr %s --help' lists its fields"):format(arguments.command(operation.name))
  elseif err.kind == "network" and err.outcome == "not_sent" then
    return "is the base URL right, and reachable from here? -v shows how far the connection came"
  elseif err.kind == "tls" and speaks_no_tls(err) then
    return "this port speaks no TLS: does the base URL need http:// or another port?"
  elseif err.kind == "timeout" and has_effect and err.outcome == "unknown" then
    -- no hint: a longer --timeout would not tell the user what became of this request
    return nil
  elseif err.code == "list_changed" or err.code == "repeated_item" then
    return "the list has changed meanwhile; try again"
  elseif err.kind == "bad_response" and err.code then
    return nil
  end
  return HINTS[err.kind]
end

-- Says where the user can find out whether a request of unknown outcome was done.
local function whereabouts(operation, args, is_remembered)
  local lines = operation and require("cmr.cli.reads").of(operation, args) or {}
  local parts = {}
  if lines[1] then parts[1] = "look with " .. require("cmr.util.text").list(lines, "and") end
  if is_remembered then parts[#parts + 1] = "cmr history --unknown lists it" end
  return parts[1] and table.concat(parts, "; ")
end

-- Returns lines such as "mailboxCount: 2" for the additional fields of a refusal. These fields are members of the body
-- or of the body's data.
local function refusal_facts(operation, err)
  local lines = {}
  for _, name in ipairs(operation and operation.refusal_fields or {}) do
    local body = type(err.body) == "table" and err.body or {}
    local value = body[name]
    if value == nil and type(body.data) == "table" then value = body.data[name] end
    if value ~= nil then
      lines[#lines + 1] = ("%s: %s"):format(name, require("cmr.util.text").printable(tostring(value)))
    end
  end
  return lines
end

---Returns a message of the library, reworded for the command. Replaces "cmr.all" by the text "the word all", and the
---operation's name by the command's name.
---@param message string
---@param operation table?
---@return string
function messages.with_command(message, operation)
  if not operation then return message end
  message = message:gsub(operation.name .. ": ", arguments.command(operation.name) .. ": ", 1)
  return (message:gsub("%f[%w]cmr%.all%f[^%w_]", "the word all"))
end

---Says what an outcome means, or returns nil for a request that has no outcome.
---@param outcome cmr.Outcome?
---@return string?
function messages.outcome(outcome)
  return OUTCOMES[outcome] and ("outcome: %s, %s"):format(outcome, OUTCOMES[outcome])
end

---Returns the lines to show after a failure's message.
---@param operation table? nil for `cmr api`
---@param has_effect boolean Whether the request may have changed something: its method is not GET.
---@param args table the arguments of the request
---@param is_remembered boolean Whether the request is in the ledger.
function messages.advice(operation, err, has_effect, args, is_remembered)
  local lines = refusal_facts(operation, err)
  if has_effect then lines[#lines + 1] = messages.outcome(err.outcome) end
  local where = has_effect and err.outcome == "unknown" and whereabouts(operation, args, is_remembered)
  if where then lines[#lines + 1] = "hint: " .. where end
  if err.retry_after then lines[#lines + 1] = "retry after " .. require("cmr.util.text").duration(err.retry_after) end
  local advice = hint(operation, err, has_effect)
  if advice then lines[#lines + 1] = "hint: " .. advice end
  return lines
end

-- Says what is wrong with a value. Writes "off" in place of false, because the command has `--rate off`. Leaves out
-- allow_http, because the command has no such option.
local function detail(problem)
  local reason = problem.reason and problem.reason:gsub(", or allow_http$", "")
  if not problem.expected then return reason end
  local expected = problem.expected:gsub("%f[%a]false$", "off")
  local got = problem.got and ", got " .. problem.got or ""
  return ("%s expected%s%s"):format(expected, got, reason and ": " .. reason or "")
end

-- Says where an option of the client came from.
local function source(name, parsed)
  local option = name == "api_key" and "api_key_file" or name
  if parsed.profile and PROFILE_SETTINGS[name] and not parsed[option] then
    return ("the %s of the profile '%s'"):format(name, parsed.profile)
  end
  if not parsed[option] and VARIABLES[name] then return VARIABLES[name] end
  return ("option '--%s'"):format((option:gsub("_", "-")))
end

-- Returns the argument or option that sets a field, such as "option '--domains'". For a field inside the JSON of that
-- option, also returns the field's path: "domains[1].years".
local function label(field, operation)
  local first = field:match "^[%w_]+"
  if not operation then return API_LABELS[first], field ~= first and field or nil end
  local exact = arguments.option(field) and arguments.param(operation, field)
  if exact then return arguments.label(exact) end
  local param = arguments.param(operation, first)
  return param and arguments.label(param) or "option '--json'", field
end

-- Code of an error -> function(problem, operation, parsed) that returns the message about the mistake.
local WORDINGS = {}

function WORDINGS.bad_option(problem, _, parsed)
  local endpoint = problem.option:match "^endpoints%.(.*)$"
  if endpoint then return ("CMR_ENDPOINTS: bad entry '%s' (%s)"):format(endpoint, detail(problem)) end
  return ("%s is wrong (%s)"):format(source(problem.option, parsed), detail(problem))
end

function WORDINGS.undocumented(_, operation)
  local name, method, path = operation.name, operation.method, operation.path
  local endpoint = ('{"%s": "%s %s"}'):format(name, method or "METHOD", path or "/path")
  local format = "the %s of %s is not documented: if you know it, write %s to a file and name the file in CMR_ENDPOINTS"
  return format:format(path and "method" or "path", name, endpoint)
end

local function alternatives(operation)
  local options = {}
  for _, param in ipairs(operation.params) do
    if param.either then options[#options + 1] = ("'%s'"):format(arguments.option(param.name)) end
  end
  return require("cmr.util.text").list(options, "or")
end

function WORDINGS.missing_field(problem, operation)
  if not problem.field then return "missing option " .. alternatives(operation) end
  local option, inside = label(problem.field, operation)
  return inside and ("%s: '%s' is missing"):format(option, inside) or "missing " .. option
end

function WORDINGS.conflicting_fields(_, operation)
  return ("only one of %s can be given"):format(alternatives(operation))
end

function WORDINGS.empty(problem, operation)
  local option, inside = label(problem.field, operation)
  local subject = inside and ("%s: '%s'"):format(option, inside) or option
  return problem.reason and subject .. " is empty (the word all means all of them)" or subject .. " is empty"
end

function WORDINGS.unknown_field(problem, operation)
  local suggestion = problem.suggestion and (" (did you mean '%s'?)"):format(problem.suggestion) or ""
  return ("'%s' is no field of %s%s"):format(problem.field, arguments.command(operation.name), suggestion)
end

function WORDINGS.bad_value(problem, operation)
  if not problem.field then return nil end -- a name in the query is not UTF-8, so it cannot be shown
  local option, inside = label(problem.field, operation)
  return ("%s is wrong (%s%s)"):format(option, inside and inside .. ": " or "", detail(problem))
end

WORDINGS.bad_type = WORDINGS.bad_value

---Returns the message for a mistake that the library found.
---@param message string The library's message, used when WORDINGS gives no message.
---@param problem table The error, or the third result of Client.try_new.
function messages.mistake(message, problem, parsed, operation)
  local words = WORDINGS[problem.code]
  return words and words(problem, operation, parsed) or messages.with_command(message, operation)
end

return messages
