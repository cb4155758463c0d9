---cmr history: shows the requests that were sent, and how they ended.

local io = require "cmr.cli.io"

local history = {}

history.epilog = [[
Shows the requests in the user's ledger, newest first. They come from all
processes of this machine that use the ledger. The command does not ask the API,
and needs no key. --profile or --api-key-file shows only the requests of that key.

   sending    it is under way
   accepted   the API accepted it; cmr await waits for its end
   done       it is done, with all of its items
   partial    it is done, but some of its items failed
   failed     it was refused, failed later, or was never sent
   deferred   it was not done, and can be sent again
   unknown    it may have been done: look for its result before you send it again

--id finds the requests that have this id in them or in their answer. It takes the id
of an order, an action, a mailbox, a domain or a subscription. --output json, jsonl
and csv have all columns.

Example:
   cmr history --unknown --since 7d]]

history.options = {
  { "--unknown", false, "Only requests that may have been done." },
  { "--operation", "OPERATION", "Only this operation." },
  { "--since", "TIME", "Only requests since then: a date, or 7d, 12h or 30m ago." },
  { "--run", "RUN", "Only the rows of this bulk run." },
  { "--user", "USER", "Only requests for this user." },
  { "--id", "ID", "Only requests with this id in them or in their answer." },
  { "--all", false, "All requests (default: the newest 20)." },
  { "--clear", "TIME", "Delete the requests that were sent before then, after a confirmation." },
}

local MAX_SHOWN = 20

-- Returns the account of --profile or --api-key-file, or nil for all accounts. CMR_API_KEY does not filter, because it
-- is nearly always set.
local function account(parsed, system)
  if not (parsed.profile or parsed.api_key_file) then return nil end
  local client = require("cmr.cli.request").client(parsed, system, io.reader(system))
  return require("cmr.ledger.entry").account(client:target())
end

local function operation(name)
  if not name then return nil end
  local operations = require "cmr.operations"
  local row = operations[name:gsub("-", "_")]
  if row or name == "request" then return row and row.name or name end
  local names = require("cmr.cli.arguments").commands(operations)
  local hint = require("cmr.util.validate").suggestion(name, names)
  io.usage("option '--operation': there is no operation '%s'%s", name, hint)
end

local function check_run(ledger, name)
  local run, message = require("cmr.ledger.runs").named(ledger, name)
  if message then io.failure("%s", message) end
  if not run then io.usage("option '--run': there is no run '%s' in %s", name, ledger.path) end
end

local function filter_of(parsed, system, ledger)
  if parsed[".run"] then check_run(ledger, parsed[".run"]) end
  local filter = require("cmr.ledger.history").filter {
    operation = operation(parsed[".operation"]),
    since = require("cmr.cli.times").time("--since", parsed[".since"]),
    run = parsed[".run"],
    user = parsed[".user"],
    id = parsed[".id"],
    unknown = parsed[".unknown"],
  }
  filter.account = account(parsed, system)
  return filter
end

local function clear(ledger, parsed, system)
  for _, name in ipairs { "unknown", "operation", "since", "run", "user", "id", "all" } do
    if parsed["." .. name] then
      io.usage("option '--%s' does not go with '--clear', which is for all requests", name)
    end
  end
  local before = require("cmr.cli.times").time("--clear", parsed[".clear"])
  local lines = {
    ("%s, what was sent before %s"):format(ledger.path, require("cmr.util.text").date("%Y-%m-%d %H:%M:%S", before)),
    "cmr bulk sends rows again that are forgotten here",
  }
  require("cmr.cli.prompt").confirm("history --clear forgets", lines, parsed, system, "nothing was removed")
  local count, message = ledger:forget(before)
  if not count then io.failure("%s", message) end
  system.stderr:write(("cmr: %s forgotten\n"):format(count == 1 and "1 request is" or count .. " requests are"))
  return io.EXIT_OK
end

-- Makes an iterator that ends after `limit` items of another iterator.
local function first(next_item, limit)
  local count = 0
  return function()
    count = count + 1
    if count <= limit then return next_item() end
  end
end

function history.run(parsed, system)
  if parsed.no_ledger then io.usage "option '--no-ledger' leaves nothing to show" end
  local ledger, message = require("cmr.ledger").open()
  if not ledger then io.failure("%s", message) end
  if parsed[".clear"] then return clear(ledger, parsed, system) end
  local filter = filter_of(parsed, system, ledger)
  local next_item = require("cmr.ledger.history").each(ledger, filter)
  local count
  count, message = ledger:count(filter)
  if not count then io.failure("%s", message) end
  if count == 0 then system.stderr:write "cmr: no request in the ledger fits\n" end
  require("cmr.cli.requests").print(parsed[".all"] and next_item or first(next_item, MAX_SHOWN), parsed, system)
  if count > MAX_SHOWN and not parsed[".all"] then
    system.stderr:write(("cmr: the newest %d of %d; --all shows all\n"):format(MAX_SHOWN, count))
  end
  return io.EXIT_OK
end

return history
