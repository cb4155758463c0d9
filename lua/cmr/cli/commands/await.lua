---cmr await: waits until accepted requests of the ledger have ended.

local io = require "cmr.cli.io"

local await = {}

await.epilog = [[
ID is the id of an order (ORD_...) or an action (ACT_...), or the name of a bulk run
(RUN_...). 'cmr history' shows them. The requests are in the user's ledger. Their
webhooks arrive in the ledger when 'cmr listen' runs, or a cmr.webhook.receiver with
the ledger's store. They may also have arrived earlier. The command polls the status
of an order too, with the key that sent the order. It records in the ledger how the
requests ended, and 'cmr history' shows it.

Of a run, all rows count, each with its last request: also the rows that have failed
or may have been done. Another id stands for the newest request that has the id, and
for the older ones that are still accepted. The command does not wait for a request
without documented events: its end stays unknown.

It prints the requests. --output json has their events, without passwords.

Example:
   cmr await ORD_1 --output json --field data.0.events.data.email

Exit status: 0 everything is done; 3 something has failed or was not sent; 1 the end
of something is unknown; 2 the command line is wrong.]]

await.options = {
  { "--all", false, "Wait for all accepted requests." },
  { "--wait-timeout", "SECONDS", "How long to wait (default: 180)." },
  { "--poll", "SECONDS", "The time between two requests for an order's status (default: 30)." },
}

function await.arguments(command)
  command:argument("ID"):target(".id"):args("?"):description "The order, the action or the run."
end

-- Returns the requests that the command line names, as items of history.accepted. Raises a mistake or a failure.
local function items_of(parsed, ledger)
  local id, all = parsed[".id"], parsed[".all"]
  if (id and all) or not (id or all) then io.usage "give either an ID or --all" end
  if all then
    local items = require("cmr.cli.waiting").accepted(ledger, {})
    items.is_everything = true
    return items
  end
  local items, message = require("cmr.ledger.history").awaited(ledger, id)
  if not items then io.failure("%s", message) end
  if items[1] then return items end
  local is_missing = id:find "^RUN_" and not require("cmr.ledger.runs").named(ledger, id)
  if is_missing then io.usage("there is no run '%s' in %s", id, ledger.path) end
  io.usage("no request in %s has the id '%s'", ledger.path, id)
end

-- Iterates over the items. Returns each item's request from the ledger, with the events that have arrived.
local function shown(ledger, items)
  local read, index = require("cmr.ledger.history").reader(ledger), 0
  return function()
    index = index + 1
    local item = items[index]
    if not item then return nil end
    local request, message = ledger:get(item.id)
    if request then
      request, message = read(request)
    end
    if not request then return false, message end
    local events = {}
    for position, event in ipairs(item.events or {}) do
      events[position] = event
    end
    request.events, request.order = events[1] and events, item.events and item.events.order
    return request
  end
end

function await.run(parsed, system)
  if parsed.no_ledger then io.usage "option '--no-ledger' leaves nothing to wait for" end
  local ledger, message = require("cmr.ledger").open()
  if not ledger then io.failure("%s", message) end
  local items = items_of(parsed, ledger)
  if not items[1] then system.stderr:write "cmr: no accepted request is open\n" end
  local status = require("cmr.cli.waiting").for_requests(items, parsed, system, ledger)
  require("cmr.cli.requests").print(shown(ledger, items), parsed, system)
  return status
end

return await
