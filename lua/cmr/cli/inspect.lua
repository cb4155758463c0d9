---Shows a request to the user: --dry-run prints a curl command, and -v prints a line for every attempt.

local arguments = require "cmr.cli.arguments"
local operations = require "cmr.operations"
local shell = require "cmr.util.shell"
local text = require "cmr.util.text"

local inspect = {}

local TIMING_STEPS = { "resolved", "connected", "secured", "first_byte" }

---Returns a shell command that sends the request with curl. The command takes the key from the environment or a file,
---and pipes the key to curl. The key is no argument of curl, because every user of the machine can read the arguments
---of a program. Pure.
---@param request table The result of client:preview.
---@param profile string? The profile with the key. The command then takes the key from `cmr env`.
---@param key_file string? The file with the key.
function inspect.curl(request, profile, key_file)
  local parts = { "curl --silent --show-error --request " .. request.method }
  local function add(option, value)
    parts[#parts + 1] = ("--%s %s"):format(option, shell.quote(value))
  end
  if request.url:find "[%[%]{}]" then parts[1] = parts[1] .. " --globoff" end
  add("url", request.url)
  for _, header in ipairs(request.headers) do
    add("header", header)
  end
  if request.key_header then parts[#parts + 1] = "--header @-" end
  for _, part in ipairs(request.form or {}) do
    if part.path then
      add("form", ('%s=@"%s";type=%s'):format(part.name, part.path:gsub('[\\"]', "\\%0"), part.type))
    else
      add("form-string", ("%s=%s"):format(part.name, part.value))
    end
  end
  if request.body or request.method == "POST" and not request.form then add("data-raw", request.body or "") end
  if request.ca_file then add("cacert", request.ca_file) end
  if request.resolve then add("resolve", request.resolve) end
  if request.proxy == "" then
    add("noproxy", "*")
  elseif request.proxy then
    add("proxy", request.proxy)
  end
  parts[#parts + 1] = "--compressed"
  local command = table.concat(parts, " \\\n  ")
  if request.key_header then
    local key = key_file and ("$(head -n 1 %s)"):format(shell.quote(key_file)) or "$CMR_API_KEY"
    local print = ([[printf '%s: %%s' "%s"]]):format(request.key_header, key)
    if profile then print = ([[(eval "$(cmr env --profile %s)"; %s)]]):format(shell.quote(profile), print) end
    command = print .. " | " .. command
  end
  return text.utf8(command) .. "\n"
end

local function timing(info)
  local parts = {}
  for _, step in ipairs(TIMING_STEPS) do
    local seconds = info.timing and info.timing[step]
    if seconds then parts[#parts + 1] = ("%s %.3f"):format(step:gsub("_", " "), seconds) end
  end
  return #parts > 0 and (" (%s)"):format(table.concat(parts, ", ")) or ""
end

local function result(info)
  if not info.status then return info.err and ("no answer: %s"):format(info.err.kind) or "no answer" end
  local parts = { ("HTTP %d"):format(info.status), "HTTP/" .. info.http_version }
  parts[#parts + 1] = info.tls
  parts[#parts + 1] = info.reused and "connection used again" or "new connection"
  if info.request_id then parts[#parts + 1] = "request id " .. info.request_id end
  return table.concat(parts, ", ")
end

-- Returns the command of an operation. For a request of `cmr api`, returns its name unchanged, such as "GET /a_b".
local function name_of(operation)
  return operations[operation] and arguments.command(operation) or operation
end

---Writes a line to standard error, for -v.
function inspect.log(system, format, ...)
  system.stderr:write("* ", text.printable(format:format(...)), "\n")
end

---Returns the hooks on_response and on_retry for cmr.new. They write the log of -v to standard error.
function inspect.hooks(system)
  local function on_response(info)
    local format = "%s, attempt %d: %s, %.3f s%s"
    inspect.log(system, format, name_of(info.operation), info.attempt, result(info), info.elapsed, timing(info))
  end
  local function on_retry(retry)
    local format = "%s, attempt %d: %s; the next one in %.1f s"
    local message = require("cmr.cli.messages").with_command(retry.err.message, operations[retry.operation])
    inspect.log(system, format, name_of(retry.operation), retry.attempt, message, retry.delay)
  end
  return on_response, on_retry
end

return inspect
