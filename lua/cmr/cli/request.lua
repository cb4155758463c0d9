---Runs one request of the command: builds its arguments from the command line, sends it with a client, and prints the
---answer.

local core = require "cmr.core"
local io = require "cmr.cli.io"
local output = require "cmr.cli.output"
local text = require "cmr.util.text"

local unpack = table.unpack or unpack

local request = {}

local function returned(ok, ...)
  if ok then return ... end
  local message = ...
  if type(message) ~= "string" or message:find("interrupted!", 1, true) then error(message, 0) end
  -- removes the file and line ("request.lua:17: ") and the function's name from the message
  io.usage("%s", (message:gsub("^[^\n ]*:%d+: ", ""):gsub("^cmr%.", ""):gsub("^%l+%.run: ", "")))
end

---Calls a function of the library and returns its results. If an argument is wrong, the library raises a string, and
---this function raises a mistake with that message. Any other error is raised again, for example "interrupted!" after
---Ctrl-C.
function request.library(action, ...)
  return returned(pcall(action, ...))
end

---Returns the key from the first line of a file, for --api-key-file. Raises a mistake if no key can be read.
function request.key(path, read)
  if path == "-" then io.usage "option '--api-key-file' wants a file, not standard input" end
  local contents, message = read(path)
  -- the message omits the path, because the user may have given the key in place of the path
  if not contents then io.usage("option '--api-key-file' names no file that can be read (%s)", message) end
  local key = contents:match("^[^\r\n]*"):match "^%s*(.-)%s*$"
  if key == "" then io.usage "option '--api-key-file': the file's first line is empty" end
  return key
end

---Returns the number in an option's text, or nil if there is no text. Raises a mistake if the text is no number.
---@param whole boolean? Whether a fraction is a mistake.
function request.number(option, typed, whole)
  if not typed then return nil end
  local value = typed:find(whole and "^%d+$" or "^%d*%.?%d*$") and tonumber(typed)
  if value then return value end
  io.usage("option '%s' wants a %snumber, not '%s'", option, whole and "whole " or "", typed)
end

---Returns the settings for requests, such as the key and its base URL. See profile.settings.
function request.settings(parsed, system, read)
  local key = parsed.api_key_file and request.key(parsed.api_key_file, read)
  return require("cmr.cli.profile").settings(parsed, system, key)
end

---The advice for a ledger that cannot be used.
request.LEDGER_ADVICE = "set CMR_LEDGER to another file; --no-ledger sends without a record"

---Returns the ledger for a command that may change something. Raises a failure when the ledger cannot be opened.
---@param acts boolean Whether the command may change something at the vendor.
---@return table? ledger Nil if the command only reads, or if the user gave --no-ledger.
function request.ledger(parsed, acts)
  if parsed.no_ledger or not acts then return nil end
  local ledger, message = require("cmr.ledger").open()
  if ledger then return ledger end
  io.failure("%s; nothing was sent\n%s", message, request.LEDGER_ADVICE)
end

-- Returns the limiter that all processes with the user's ledger share, or nil with --no-ledger. A command that only
-- reads does not open the ledger, only the limiter's file. If the limiter's file cannot be used, such a command uses
-- its own queue and shows no warning.
local function limiter_for(parsed, ledger)
  if ledger then return ledger:limiter() end
  local path = not parsed.no_ledger and require("cmr.ledger.location").absolute()
  return path and require("cmr.limiter.file").new { path = path, is_quiet = true } or nil
end

---Makes a client from the command line and the environment, and stores the profile's name in parsed.profile.
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
    limiter = limiter_for(parsed, ledger),
  }
  if parsed.verbose then
    opts.on_response, opts.on_retry = require("cmr.cli.inspect").hooks(system)
  elseif parsed.command ~= "bulk" and io.is_watched(system) then -- bulk has its own progress bar
    local retries = opts.retries or require("cmr.client_options").DEFAULTS.retries
    opts.on_retry = require("cmr.cli.progress").on_retry(system, retries)
  end
  local client, message, problem = require("cmr.client").try_new(opts)
  if not client then io.usage("%s", require("cmr.cli.messages").mistake(message, problem, parsed)) end
  return client
end

---Makes a client for one request, or for the pages of --all. The client uses the rate limit that all processes with the
---ledger share. With --no-ledger, it does not. In this case, a single request has no rate limit by default, because the
---limit could only delay the request's retries.
---@param acts boolean Whether the request may change something.
function request.client_for_one(parsed, system, read, acts)
  local settings = request.settings(parsed, system, read)
  local ledger = not parsed.dry_run and request.ledger(parsed, acts) or nil
  parsed.rate = parsed.rate or parsed.no_ledger and not parsed.all and "off" or nil
  return request.client(parsed, system, read, settings, ledger)
end

local function fail(order, parsed, message, err)
  local messages = require "cmr.cli.messages"
  if err.kind == "invalid_argument" then io.usage("%s", messages.mistake(message, err, parsed, order.operation)) end
  local info = require("cmr.client").info(err)
  local is_remembered = info ~= nil and info.ledger_id ~= nil
  local advice = messages.advice(order.operation, err, order.has_effect, order.args[1], is_remembered)
  message = messages.with_command(message, order.operation)
  io.failure("%s", table.concat({ message, unpack(advice) }, "\n"))
end

-- Returns the lines that describe the request when the user must confirm it.
local function shown_lines(preview, profile)
  local excerpt, max_bytes = require "cmr.cli.excerpt", require("cmr.cli.prompt").MAX_LINE_COLUMNS
  local lines = { preview.method .. " " .. preview.url }
  lines[2] = profile and ("with the profile '%s'"):format(profile)
  local function add(name, whole, value)
    for _, line in ipairs(excerpt.lines(name, whole, value, max_bytes)) do
      lines[#lines + 1] = line
    end
  end
  if preview.body then add("the body", preview.body, core.json_decode(preview.body)) end
  for _, part in ipairs(preview.form or {}) do
    local value = part.value or part.path
    add(part.name, ("%s: %s"):format(part.name, value), { [part.name] = core.json_decode(value) })
  end
  return lines
end

-- Shows the request for --dry-run and -v. Asks the user to confirm the request if order.reason is set. Returns whether
-- to send the request.
local function confirmed(order, call, parsed, system, client)
  if not (parsed.dry_run or parsed.verbose or order.reason and not parsed.yes) then return true end
  local preview = call:request()
  if parsed.dry_run then
    io.write(system, require("cmr.cli.inspect").curl(preview, parsed.profile, parsed.api_key_file))
    return false
  end
  if order.reason then
    require("cmr.cli.prompt").confirm(order.reason, function()
      local operation, lines = order.operation, shown_lines(preview, parsed.profile)
      for _, line in ipairs(operation and require("cmr.cli.prices").lines(client, operation, order.args[1]) or {}) do
        lines[#lines + 1] = line
      end
      return lines
    end, parsed, system)
  end
  if parsed.verbose then require("cmr.cli.inspect").log(system, "%s %s", preview.method, preview.url) end
  return true
end

local function log(system, lines)
  for _, line in ipairs(lines) do
    system.stderr:write("cmr: ", text.printable(line), "\n")
  end
end

-- Calls the client's method, and raises the method's errors again. Ctrl-C is such an error. If Ctrl-C comes after the
-- first attempt has begun, and the request may change something, the function also prints that the request may have
-- been done.
local function call(order, parsed, system, client)
  local has_begun = false
  client = client:with {
    on_request = function()
      has_begun = true
    end,
  }
  local ok, answer, message, err = pcall(client[order.method], client, unpack(order.args))
  if ok then return answer, message, err end
  if order.acts and has_begun and tostring(answer):find("interrupted!", 1, true) then
    local unknown, is_remembered = { kind = "cancelled", outcome = "unknown" }, not parsed.no_ledger
    local advice = require("cmr.cli.messages").advice(order.operation, unknown, true, order.args[1], is_remembered)
    log(system, { "interrupted", unpack(advice) })
  end
  error(answer, 0)
end

-- Returns two lines. The first line says whether the API accepted or refused the request. If the API accepted the
-- request, the first line also lists the ids in the answer. The second line is the answer, with secrets masked.
local function acceptance(order, answer)
  local names = {}
  for _, kind in ipairs { "order", "action" } do
    for _, pair in ipairs(require("cmr.ledger.ids").of(answer)) do
      if pair[1] == kind then names[#names + 1] = ("%s %s"):format(kind, pair[2]) end
    end
  end
  local list = names[1] and (" (%s)"):format(table.concat(names, ", ")) or ""
  local masked = require("cmr.util.redact").masked(answer)
  local ending = require("cmr.ledger.endings").of_answer(order.operation, order.args[1], answer)
  return {
    require("cmr.cli.messages").outcome(ending.outcome)
      or ("the API accepted the request%s: do not send it again"):format(list),
    "its answer, with secrets masked: " .. require("cmr.cli.pretty_json").encode(masked, { compact = true }),
  }
end

-- Prints the answer, and returns the exit status. If printing fails after a request that may have changed something,
-- says on standard error whether the API accepted the request.
local function show(order, answer, parsed, system)
  local ok, ending = pcall(output.show, answer, parsed, system, order.about)
  if ok then return io.EXIT_OK end
  if not order.acts then error(ending, 0) end
  local is_failure = type(ending) == "table" -- otherwise Ctrl-C, or an internal error
  if is_failure then log(system, { ending.failure }) end
  log(system, acceptance(order, answer))
  if not is_failure then error(ending, 0) end
  return ending.status
end

-- Lists the items that the API refused in a successful answer. Returns the exit status.
local function report_refused(order, answer, client, system)
  local partial = order.acts and client.info(answer).partial
  if not partial then return io.EXIT_OK end
  local count = #partial
  local lines = { count == 1 and "1 item was refused:" or ("%d items were refused:"):format(count) }
  for index, item in ipairs(require("cmr.settlement.refused").describe(partial)) do
    lines[index + 1] = ("  %s: %s"):format(item.name or "an item without a name", item.reason or "no reason is given")
  end
  log(system, lines)
  return io.EXIT_INCOMPLETE
end

---Opens the engine, and reserves one descriptor for loading the modules that report the answer. Raises a failure when
---there are too few descriptors.
---@return file* spare
function request.open_engine(system)
  local ok, message = pcall(core.engine)
  local spare
  if ok then
    spare, message = system.open("/", "rb") -- every system has this directory
  end
  if not spare then io.failure("%s; nothing was sent", (message:gsub("^/: ", ""))) end
  return spare
end

---Sends one request and prints its answer. Raises failures and mistakes, with one exception. If the request may have
---changed something, a failure of the printing is not raised. It is reported on standard error, and the function
---returns its exit status.
---
---The fields of `order` are:
---  method      the name of a method of the client
---  args        the arguments of that method
---  prepare     the function that prepares the call; default: cmr.core[method]
---  operation   the operation's row; nil for `cmr api`
---  has_effect  whether the HTTP method is not GET
---  acts        whether the request may change something
---  reason      why the user must confirm, such as "reexport charges money"; nil: no confirmation is needed
---  about       see output.show
---@param order table
---@return integer status The exit status, such as io.EXIT_INCOMPLETE if the API refused items.
function request.send(order, parsed, system, client)
  -- For a wrong argument, `prepare` returns the error table that `fail` needs. The client's method would raise a text.
  local prepare = order.prepare or core[order.method]
  local prepared, message, err = prepare(client:target(), unpack(order.args))
  if not prepared then fail(order, parsed, message, err) end
  if not confirmed(order, prepared, parsed, system, client) then return io.EXIT_OK end
  local operation, spare = order.operation, request.open_engine(system)
  if parsed.all then
    spare:close()
    message, err = require("cmr.cli.listing").show(client, operation, order.args[1], parsed, system)
    if err then fail(order, parsed, message, err) end
    return io.EXIT_OK
  end
  local answer
  answer, message, err = call(order, parsed, system, client)
  spare:close()
  if not answer then fail(order, parsed, message, err) end
  local shown = show(order, answer, parsed, system)
  if operation and operation.flags.list then
    require("cmr.cli.listing").note(answer, operation, order.args[1], system)
  end
  local status = report_refused(order, answer, client, system)
  if parsed.wait then
    status = require("cmr.cli.waiting").for_answer(client, operation, order.args[1], answer, parsed, system)
  end
  return shown ~= io.EXIT_OK and shown or status
end

local function empty_list(key)
  return key == "data" and "[]" or nil
end

---Runs an operation and prints its answer. Raises a failure, or a mistake.
function request.run(operation, parsed, system)
  local arguments = require "cmr.cli.arguments"
  local read, texts = io.reader(system), {}
  for target, value in pairs(parsed) do
    if target:sub(1, 1) == "." then texts[target:sub(2)] = value end
  end
  local args = arguments.build(operation, texts, read)
  local flags = operation.flags
  local risky = flags.charges or flags.danger or flags.all_when_empty
  local reason = risky and require("cmr.cli.prompt").reason(operation, args)
  local acts = operation.method ~= "GET" and not flags.safe
  local client = request.client_for_one(parsed, system, read, acts)
  if parsed.wait and not parsed.dry_run then
    require("cmr.cli.waiting").check(operation, not parsed.no_ledger and require("cmr.ledger").open() or nil, parsed)
  end
  local order = {
    method = operation.name,
    args = { args },
    operation = operation,
    has_effect = operation.method ~= "GET",
    acts = acts,
    reason = reason and ("%s %s"):format(arguments.command(operation.name), reason),
    about = { name = operation.name, empty = flags.list and empty_list or nil },
  }
  local function send()
    return request.send(order, parsed, system, client)
  end
  if not parsed.watch or parsed.dry_run then return send() end
  return require("cmr.cli.watch").run(request.number("--watch", parsed.watch), system, send)
end

return request
