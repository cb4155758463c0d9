---cmr mcp: gives an assistant the API's operations as tools.

local io = require "cmr.cli.io"
local shell = require "cmr.util.shell"

local mcp = {}

mcp.epilog = [[
An assistant starts this command, and speaks the Model Context Protocol with it on
standard input and output. Without --allow the assistant can only read.

   write     what changes data, but neither charges nor destroys
   charge    what charges money, such as an order
   destroy   what cannot be undone, such as a cancellation

If the assistant's program can ask its user, each charge and each destruction is
shown to the user first. The ledger remembers what was sent: a request that charges,
destroys or uses a quota is not sent twice, unless the assistant names the earlier
one. Answers have no passwords.

Example:
   claude mcp add cmr -- cmr mcp --allow write]]

mcp.options = {
  {
    "--allow",
    "{write,charge,destroy}",
    "What the assistant may do besides reading; may be repeated (default: nothing).",
    count = "*",
  },
}

-- Returns the set of allowed classes.
local function allowed_by(classes)
  local allowed = {}
  for _, class in ipairs(classes) do
    allowed[class] = true
  end
  return allowed
end

-- Returns the ledger, or nil and the reason why there is none. For an assistant that may change something, a missing
-- ledger raises a mistake or a failure.
local function ledger_for(parsed, acts)
  if parsed.no_ledger and acts then
    io.usage "option '--no-ledger' does not go with '--allow': the ledger keeps an assistant from sending twice"
  end
  if parsed.no_ledger then return nil, "it was started with --no-ledger" end
  local ledger, message = require("cmr.ledger").open()
  if ledger or not acts then return ledger, message end
  io.failure("%s\nset CMR_LEDGER to another file", message)
end

function mcp.run(parsed, system)
  if parsed.yes then io.usage "option '--yes' does not go with mcp: the assistant's user confirms" end
  local request = require "cmr.cli.request"
  local allowed, read = allowed_by(parsed[".allow"]), io.reader(system)
  local ledger, message = ledger_for(parsed, next(allowed) ~= nil)
  local settings = request.settings(parsed, system, read)
  local signal = require("cmr.cli.mcp").serve {
    client = request.client(parsed, system, read, settings, ledger),
    api_key = settings.api_key or system.getenv "CMR_API_KEY",
    ledger = ledger,
    ledger_message = message,
    allowed = allowed,
    write = function(text)
      return shell.append(system.stdout, text)
    end,
  }
  return signal and io.EXIT_INTERRUPTED or io.EXIT_OK
end

return mcp
