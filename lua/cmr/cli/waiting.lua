---Waits until accepted requests of the ledger have ended, for `cmr await` and --wait. A request's plan says which
---events report the request's end.

local arguments = require "cmr.cli.arguments"
local block = require "cmr.loop.block"
local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local entry = require "cmr.ledger.entry"
local io = require "cmr.cli.io"
local request = require "cmr.cli.request"
local text = require "cmr.util.text"

local waiting = {}

local DEFAULT_SECONDS = 180
local MIN_SECONDS = 0.001 -- a wait this short only reads the stored events
local MAX_WAITS = 500 -- maximum of concurrent waits

local NO_RECEIVER = "no event can arrive here: nothing stores webhooks in %s. Start 'cmr listen', or give "
  .. "cmr.webhook.receiver the store of that ledger"

-- The exit status for the state of a request.
local STATUS_OF_STATE = {
  done = io.EXIT_OK,
  partial = io.EXIT_INCOMPLETE,
  failed = io.EXIT_INCOMPLETE,
  deferred = io.EXIT_INCOMPLETE,
}

---Returns how long to wait, from --wait-timeout.
---@return number seconds
function waiting.seconds(parsed)
  local seconds = request.number("--wait-timeout", parsed.wait_timeout or parsed[".wait_timeout"])
  if seconds == 0 then io.usage "option '--wait-timeout' wants a number above 0" end
  return seconds or DEFAULT_SECONDS
end

---Returns the reason why no event can arrive in the ledger, or nil when events can arrive.
---@param ledger cmr.Ledger
function waiting.problem(ledger)
  local ok, message = ledger:is_receiving()
  if message then return message end
  return not ok and NO_RECEIVER:format(ledger.path) or nil
end

---Says why cmr cannot wait for an accepted request that has no plan.
---@param name string the operation's name
---@return string message
function waiting.without_events(name)
  local _, message = require("cmr.settlement").awaitable(require("cmr.operations")[name] or { name = name })
  return message or ("the ledger does not say which events report the success of '%s'"):format(name)
end

-- Returns whether an operation is about an order. For such an operation, cmr can poll the order's status.
local function has_order(operation)
  for _, list in ipairs { operation.success_events, operation.failure_events } do
    if table.concat(list, " "):find(".order.", 1, true) then return true end
  end
  return false
end

---Checks --wait before anything is sent. Raises an error if --wait-timeout is wrong, or if cmr could not learn how the
---request ends.
---@param operation cmr.Operation
---@param ledger cmr.Ledger?
function waiting.check(operation, ledger, parsed)
  waiting.seconds(parsed)
  if not ledger then io.usage "option '--wait' does not go with '--no-ledger': --wait reads events from the ledger" end
  local ok, message = require("cmr.settlement").awaitable(operation)
  if not ok then io.usage("option '--wait': %s", message) end
  if has_order(operation) then return end
  message = waiting.problem(ledger)
  if message then error({ failure = message .. "; nothing was sent", status = io.EXIT_USAGE }, 0) end
end

local function exit_of(err)
  if not err then return io.EXIT_OK end
  return err.kind == "operation_failed" and io.EXIT_INCOMPLETE or io.EXIT_FAILURE
end

-- Returns a text that says how often each event came, such as "mailbox.created (3)".
local function summary(events)
  local counts, names = {}, {}
  for _, event in ipairs(events) do
    local name = event.event or event.eventType
    if not counts[name] then names[#names + 1] = name end
    counts[name] = (counts[name] or 0) + 1
  end
  for index, name in ipairs(names) do
    if counts[name] > 1 then names[index] = ("%s (%d)"):format(name, counts[name]) end
  end
  if events.order then names[#names + 1] = "the order's status" end
  return table.concat(names, ", ")
end

local function log(system, format, ...)
  system.stderr:write("cmr: ", text.printable(format:format(...)), "\n")
end

-- Tells a person at the terminal that the command waits, and for how long.
local function announce(system, seconds, count)
  if not io.is_watched(system) then return end
  local what = count > 1 and ("%d requests have"):format(count) or "the request has"
  log(system, "waiting until %s ended, for up to %s (Ctrl-C ends only the wait)", what, text.duration(seconds))
end

---Waits for the end of a request that the command has just sent. Reports on standard error how the request ended.
---@return integer status
function waiting.for_answer(client, operation, args, answer, parsed, system)
  local plan = client.info(answer).plan
  local problem
  if not (plan and plan.order) then
    local ledger, message = require("cmr.ledger").open()
    problem = not ledger and message or ledger and waiting.problem(ledger)
  end
  if problem then
    log(system, "%s", problem)
    return io.EXIT_FAILURE
  end
  announce(system, waiting.seconds(parsed), 1)
  local events, message, err = client:await(answer, { timeout = waiting.seconds(parsed) })
  if events then
    log(system, "%s: done: %s", arguments.command(operation.name), summary(events))
    return io.EXIT_OK
  end
  log(system, "%s", require("cmr.cli.messages").with_command(message, operation))
  if err.kind ~= "operation_failed" then
    local id = answer.actionId or type(answer.data) == "table" and answer.data.orderId
    if type(id) == "string" then log(system, "hint: 'cmr await %s' goes on waiting", id) end
  else
    for _, line in ipairs(require("cmr.cli.messages").advice(operation, err, true, args, false)) do
      log(system, "%s", line)
    end
  end
  return exit_of(err)
end

-- Waits for one request, and sets its fields `events` and `err`. `err` is nil if everything was done.
local function wait_for(client, item, opts)
  local events, _, err = client:await({ plan = item.plan, ledger_id = item.id }, opts)
  item.events, item.err = events or err.events, err
end

-- Waits for up to MAX_WAITS requests at once. When the wait for a request ends, the next request takes its place.
local function wait_for_all(client, items, seconds, poll)
  local deadline, semaphore, index, problem = core.now() + seconds, block.semaphore(), 0, nil
  local function serve()
    while index < #items and not problem do
      index = index + 1
      local item = items[index]
      local timeout = math.max(MIN_SECONDS, deadline - core.now())
      local ok, message =
        coroutines.pcall(wait_for, client, item, { timeout = timeout, poll = item.has_status and poll })
      if not ok then problem = message end
    end
    semaphore.post()
  end
  local workers = math.min(#items, MAX_WAITS)
  for _ = 1, workers do
    block.spawn(serve)
  end
  for _ = 1, workers do
    semaphore.wait()
  end
  if problem then error(problem, 0) end
end

-- Returns two values: a client with the user's key, and the client's account. Without a key, the account is false, and
-- the command polls no orders.
local function client_for(parsed, system, read, ledger)
  local ok, settings = pcall(request.settings, parsed, system, read)
  if not ok then
    local is_missing = type(settings) == "table" and settings.usage == require("cmr.cli.profile").NO_KEY
    if not is_missing then error(settings, 0) end
    settings = { api_key = "(none)" }
  end
  local client = request.client(parsed, system, read, settings, ledger)
  return client:with { loop = block }, ok and entry.account(client:target())
end

---Returns the accepted requests that match a filter. See history.accepted. Raises a failure.
function waiting.accepted(ledger, filter)
  local items, message = require("cmr.ledger.history").accepted(ledger, filter)
  if not items then io.failure("%s", message) end
  return items
end

-- Returns the exit status for a request without a plan.
local function exit_of_state(ledger, item)
  -- another process may have recorded the answer during the wait
  local found = item.state == "sending" and ledger:get(item.id) or item
  if found.state == "unknown" and found.kind == "operation_failed" then return io.EXIT_INCOMPLETE end
  return STATUS_OF_STATE[found.state] or io.EXIT_FAILURE
end

-- Logs why cmr cannot wait for the accepted requests that have no plan. Logs this once for each operation.
local function log_without_events(items, system)
  local seen = {}
  for _, item in ipairs(items) do
    local name = item.operation
    if item.state == "accepted" and not item.plan and not seen[name] then
      seen[name] = true
      log(system, "%s", waiting.without_events(name))
    end
  end
end

-- Waits for requests; each of them must have a plan. Sets their fields `events` and `err`. Returns the exit status.
local function wait_for_open(items, parsed, system, ledger)
  local seconds, poll = waiting.seconds(parsed), request.number("--poll", parsed[".poll"])
  local client, account = client_for(parsed, system, io.reader(system), ledger)
  local problem, waited = waiting.problem(ledger), {}
  for _, item in ipairs(items) do
    item.has_status = item.account == account and item.plan.order ~= nil
    if item.has_status or not problem then waited[#waited + 1] = item end
  end
  if #waited < #items then log(system, "%s", problem) end
  if waited[1] then announce(system, seconds, #waited) end
  if waited[1] then wait_for_all(client, waited, seconds, poll or nil) end
  local status = #waited < #items and io.EXIT_FAILURE or io.EXIT_OK
  for _, item in ipairs(waited) do
    status = math.max(status, exit_of(item.err))
  end
  return status
end

---Waits for the requests that have a plan. The exit status of a request without a plan depends on the request's state.
---If items.is_everything is true, requests without a plan do not count for the result: they may stay accepted for ever.
---@param items table[] See history.awaited. The function sets `events` and `err` in the requests that it waits for.
---@return integer status The highest exit status of all requests.
function waiting.for_requests(items, parsed, system, ledger)
  local open, status = {}, io.EXIT_OK
  for _, item in ipairs(items) do
    if item.plan then open[#open + 1] = item end
  end
  log_without_events(items, system)
  if open[1] then status = wait_for_open(open, parsed, system, ledger) end
  for _, item in ipairs(items) do
    if not item.plan and not items.is_everything then status = math.max(status, exit_of_state(ledger, item)) end
  end
  return status
end

---Waits until the accepted rows of a bulk run have ended. Reports on standard error how the rows ended.
---@param name string the name of the run
---@return integer status
function waiting.for_run(name, parsed, system, ledger)
  local items, counts = waiting.accepted(ledger, { run = name }), { done = 0, failed = 0, open = 0 }
  if not items[1] then return io.EXIT_OK end
  log(system, "waiting for %d accepted rows", #items)
  local status = waiting.for_requests(items, parsed, system, ledger)
  for _, item in ipairs(items) do
    local ending = item.err and (item.err.kind == "operation_failed" and "failed" or "open")
      or item.events and "done"
      or "open"
    counts[ending] = counts[ending] + 1
  end
  log(system, "ended: %d done, %d failed, %d not known yet", counts.done, counts.failed, counts.open)
  if counts.open > 0 then log(system, "hint: 'cmr await %s' goes on waiting", name) end
  return status
end

return waiting
