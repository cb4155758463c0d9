---One request: command line -> arguments -> client -> answer -> standard output.

local io = require "cmr.cli.io"
local output = require "cmr.cli.output"

local unpack = table.unpack or unpack

local request = {}

local function returned(ok, ...)
  if ok then return ... end
  local message = ...
  if type(message) ~= "string" or message:find("interrupted!", 1, true) then error(message, 0) end
  -- without the line of this program and the function's name
  io.usage("%s", (message:gsub("^[^\n ]*:%d+: ", ""):gsub("^cmr%.", ""):gsub("^%l+%.run: ", "")))
end

---Calls a function of the library and returns its results. A string that it raises is a mistake in its arguments and
---becomes a mistake in the command line; but Ctrl-C, which arrives as a string too, is raised again.
function request.library(action, ...)
  return returned(pcall(action, ...))
end

---The key in a file's first line, for --api-key-file. Raises a mistake.
function request.key(path, read)
  if path == "-" then io.usage "option '--api-key-file' wants a file, not standard input" end
  local contents, message = read(path)
  -- without the path: the user may have written the key itself there
  if not contents then io.usage("option '--api-key-file' names no file that can be read (%s)", message) end
  local key = contents:match("^[^\r\n]*"):match "^%s*(.-)%s*$"
  if key == "" then io.usage "option '--api-key-file': the file's first line is empty" end
  return key
end

---The number in an option's text; nil without a text. Raises a mistake.
---@param whole boolean? true: no fraction
function request.number(option, text, whole)
  if not text then return nil end
  local value = text:find(whole and "^%d+$" or "^%d*%.?%d*$") and tonumber(text)
  if value then return value end
  io.usage("option '%s' wants a %snumber, not '%s'", option, whole and "whole " or "", text)
end

---Returns which key goes to which address, see profile.settings.
function request.settings(parsed, system, read)
  local key = parsed.api_key_file and request.key(parsed.api_key_file, read)
  return require("cmr.cli.profile").settings(parsed, system, key)
end

---The ledger of a command. Raises a failure when there is none for a command that acts.
---@param acts boolean whether the command may change something at the vendor's
---@return table? ledger nil: the command only reads, and does without; or the user said --no-ledger
function request.ledger(parsed, acts)
  if parsed.no_ledger then return nil end
  local ledger, message = require("cmr.ledger").open()
  if ledger or not acts then return ledger end
  local advice = "CMR_LEDGER names another file; --no-ledger sends without remembering it"
  io.failure("%s; nothing was sent\n%s", message, advice)
end

---Makes a client from the command line and the environment, and stores the name of its profile in parsed.profile.
---@param settings table? default: request.settings
---@param ledger table? see request.ledger
function request.client(parsed, system, read, settings, ledger)
  settings = settings or request.settings(parsed, system, read)
  parsed.profile = settings.profile
  local opts = {
    api_key = settings.api_key,
    base_url = settings.base_url,
    key_header = settings.key_header,
    ca_file = settings.ca_file,
    timeout = request.number("--timeout", parsed.timeout),
    retries = request.number("--retries", parsed.retries, true),
    rate = parsed.rate ~= "off" and request.number("--rate", parsed.rate),
    ledger = ledger,
  }
  if parsed.verbose then
    opts.on_response, opts.on_retry = require("cmr.cli.inspect").hooks(system)
  end
  local client, message, problem = require("cmr.client").try_new(opts)
  if not client then io.usage("%s", require("cmr.cli.messages").mistake(message, problem, parsed)) end
  return client
end

---Makes a client for one request, or for the pages of --all. It shares its rate with the other processes of the ledger.
---Without a ledger it has no rate limit for one request, which it could only delay in a retry.
---@param acts boolean whether the request may change something
function request.client_for_one(parsed, system, read, acts)
  local settings = request.settings(parsed, system, read)
  local ledger = not parsed.dry_run and request.ledger(parsed, acts) or nil
  parsed.rate = parsed.rate or not ledger and not parsed.all and "off" or nil
  return request.client(parsed, system, read, settings, ledger)
end

local function fail(order, parsed, message, err)
  local messages = require "cmr.cli.messages"
  if err.kind == "invalid_argument" then io.usage("%s", messages.mistake(message, err, parsed, order.operation)) end
  local advice = messages.advice(order.operation, err, order.has_effect)
  io.failure("%s", table.concat({ message, unpack(advice) }, "\n"))
end

-- Shows the request or asks for a confirmation, if the command line says so. Returns whether to send it.
local function confirmed(order, call, parsed, system)
  if not (parsed.dry_run or parsed.verbose or order.reason and not parsed.yes) then return true end
  local preview = call:request()
  if parsed.dry_run then
    io.write(system, require("cmr.cli.inspect").curl(preview, parsed.profile, parsed.api_key_file))
    return false
  end
  if order.reason then
    local lines = { preview.method .. " " .. preview.url }
    lines[2] = parsed.profile and ("with the profile '%s'"):format(parsed.profile)
    lines[#lines + 1] = preview.body
    require("cmr.cli.prompt").confirm(order.reason, lines, parsed, system)
  end
  if parsed.verbose then require("cmr.cli.inspect").log(system, "%s %s", preview.method, preview.url) end
  return true
end

---Sends one request and prints its answer. Raises a failure, or a mistake.
---@param order table method of the client; args for it; prepare, in place of the core's function of that name;
---  operation, unless it is `cmr api`; has_effect: whether it may change something; reason to ask for a confirmation,
---  as in "reexport charges money"; about, see output.show
function request.send(order, parsed, system, client)
  -- prepare the call here too: the client would raise a mistake as plain text
  local prepare = order.prepare or require("cmr.core")[order.method]
  local call, message, err = prepare(client:target(), unpack(order.args))
  if not call then fail(order, parsed, message, err) end
  if not confirmed(order, call, parsed, system) then return io.EXIT_OK end
  local operation = order.operation
  if parsed.all then
    message, err = require("cmr.cli.listing").show(client, operation, order.args[1], parsed, system)
    if err then fail(order, parsed, message, err) end
    return io.EXIT_OK
  end
  local answer
  answer, message, err = client[order.method](client, unpack(order.args))
  if not answer then fail(order, parsed, message, err) end
  output.show(answer, parsed, system, order.about)
  if operation and operation.flags.list then
    require("cmr.cli.listing").note(answer, operation, order.args[1], system)
  end
  return io.EXIT_OK
end

local function empty_list(key)
  return key == "data" and "[]" or nil
end

---Runs an operation and prints its answer. Raises a failure, or a mistake.
function request.run(operation, parsed, system)
  local arguments = require "cmr.cli.arguments"
  local read, texts = io.reader(system), {}
  for target, text in pairs(parsed) do
    if target:sub(1, 1) == "." then texts[target:sub(2)] = text end
  end
  local args = arguments.build(operation, texts, read)
  local flags = operation.flags
  local risky = flags.charges or flags.danger or flags.all_when_empty
  local reason = risky and require("cmr.cli.prompt").reason(operation, args)
  return request.send({
    method = operation.name,
    args = { args },
    operation = operation,
    has_effect = operation.method ~= "GET",
    reason = reason and ("%s %s"):format(arguments.command(operation.name), reason),
    about = { name = operation.name, empty = flags.list and empty_list or nil },
  }, parsed, system, request.client_for_one(parsed, system, read, operation.method ~= "GET" and not flags.safe))
end

return request
