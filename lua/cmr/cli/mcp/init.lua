---A server of the Model Context Protocol on standard input and output: it gives an assistant the API's operations as
---tools. Standard output carries only the protocol.

local block = require "cmr.loop.block"
local core = require "cmr.core"
local entry = require "cmr.ledger.entry"
local methods = require "cmr.cli.mcp.methods"
local pages = require "cmr.cli.mcp.pages"
local protocol = require "cmr.cli.mcp.protocol"
local redact = require "cmr.util.redact"
local session = require "cmr.cli.mcp.session"

local mcp = {}

local TICK_SECONDS = 1 -- between two reports of progress
local BLIND_SECONDS = 0.02 -- between two polls of an engine that has no descriptor, while calls are in flight

-- Returns how long to wait for standard input.
local function patience(engine)
  local seconds = math.max(0, math.min(TICK_SECONDS, block.idle_seconds() or TICK_SECONDS))
  if engine:fd() or engine:count() == 0 then return seconds end
  return math.min(seconds, BLIND_SECONDS)
end

-- Makes the function that writes a line to the client, with the API key masked.
local function writer(opts)
  return function(line)
    opts.write(redact.mask(line, { opts.api_key }) .. "\n")
  end
end

-- Serves the client until standard input ends, the output cannot be written, or a signal comes.
local function converse(client_session, is_over)
  local feed, ticked_at = protocol.splitter(), core.now()
  while not is_over() do
    client_session:guard(block.turn, 0)
    local engine = core.engine()
    local bytes = core.read_input(patience(engine), engine:fd())
    if not bytes then return end
    for _, line in ipairs(feed(bytes)) do
      client_session:receive(line)
    end
    if core.now() - ticked_at >= TICK_SECONDS then
      ticked_at = core.now()
      client_session:tick()
    end
  end
end

---Serves one client until that client disconnects. Then waits for the answers to requests that change something,
---because the ledger needs their outcomes. A signal ends the server at once.
---@param opts table {client, api_key, ledger, ledger_message (why there is no ledger), allowed (a set of
---access.CLASSES), write(text) -> whether it was written}
---@return integer? signal the signal that ended the server
function mcp.serve(opts)
  local server = { client = opts.client, ledger = opts.ledger, ledger_message = opts.ledger_message }
  server.allowed, server.account = opts.allowed, entry.account(opts.client:target())
  local is_gone = false
  local write = writer {
    api_key = opts.api_key,
    write = function(text)
      is_gone = is_gone or not opts.write(text)
    end,
  }
  local client_session = session.new { write = write, methods = methods.new(server) }
  client_session.pages = pages.new()
  core.catch_interrupt()
  converse(client_session, function()
    return is_gone or core.interrupted() ~= nil
  end)
  client_session:cancel_all()
  while client_session:must_go_on() and not core.interrupted() do
    client_session:guard(block.turn, TICK_SECONDS)
  end
  return core.interrupted()
end

return mcp
