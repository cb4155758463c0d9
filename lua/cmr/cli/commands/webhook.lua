---cmr webhook: finds out how a captured delivery is signed (detect), and lists the events that could not be handled
---(dead).

local io = require "cmr.cli.io"

local webhook = {}

local ALL = "all"

webhook.epilog = [[
cmr webhook detect FILE names the signature format. FILE has a delivery exactly
as it was sent: header lines, with cmr-x-signature and cmr-x-timestamp, an empty
line, and the body to its last byte. A request line before them is skipped. - is
standard input. The command checks the delivery with the API key, even if it is
old, and does not print its contents.

cmr webhook dead lists the events whose handler failed at three deliveries. If
fewer deliveries arrived, it lists the event 10 minutes after the last failure.
--drop removes events. The command looks for them in the Redis of --redis, else
in the user's ledger. CMR_REDIS_PASSWORD has the password of that Redis. A
receiver whose store is nginx's memory, or its process's, keeps them there, and
only receiver:dead_letters() finds them. receiver:replay() handles them.

Exit status: 0 the delivery is signed with this key, or the events were listed
or removed; 1 the delivery is not signed with it, or the command failed; 2 the
command line is wrong.]]

webhook.options = {
  { "--redis", "HOST[:PORT]", "dead: the Redis in which the receiver stores its events." },
  { "--drop", "ID", "dead: remove this event permanently; 'all' removes all events." },
}

function webhook.arguments(command)
  command
    :argument("ACTION")
    :target(".action")
    :choices({ "detect", "dead" })
    :description "detect: name the signature format. dead: list events that could not be handled."
  command:argument("FILE"):target(".file"):args("?"):description "detect: the delivery."
end

-- Splits a captured request into headers and body. Returns nil when the request has no empty line.
local function parse(text)
  local head, body = text:match "^(.-)\r?\n\r?\n(.*)$"
  if not head then return nil end
  local headers = {}
  for line in head:gmatch "[^\r\n]+" do
    local name, value = line:match "^([%w%-_]+):%s*(.-)%s*$"
    if name then
      name = name:lower()
      headers[name] = headers[name] and { headers[name], value } or value
    end
  end
  local length = tonumber(headers["content-length"])
  return headers, length and body:sub(1, length) or body
end

-- Verifies the body. If the verification fails, tries the body without its last line break, which an editor may have
-- added to the file.
local function verify(body, headers, opts)
  local verifier = require "cmr.webhook"
  local event, message = verifier.verify(body, headers, opts)
  local trimmed = body:gsub("\r?\n$", "")
  if event or trimmed == body then return event, message end
  return (verifier.verify(trimmed, headers, opts)), message
end

local function detect(parsed, system)
  if not parsed[".file"] then io.usage "argument FILE: missing" end
  local request, read = require "cmr.cli.request", io.reader(system)
  local api_key = request.settings(parsed, system, read).api_key
  local text, problem = read(parsed[".file"])
  if not text then io.usage("argument FILE: cannot read %s (%s)", parsed[".file"], problem) end
  local headers, body = parse(text)
  if not headers then io.usage "argument FILE: no empty line between headers and body" end
  local event, message = verify(body, headers, { api_key = api_key, tolerance = math.huge })
  if not event then io.failure("%s", message) end
  local info = require("cmr.webhook").info(event)
  local result = {
    signatureFormat = info.signature_format,
    timestamp = info.timestamp,
    timestampSigned = info.timestamp_signed,
    event = info.event,
    id = info.id,
  }
  io.write(system, require("cmr.cli.pretty_json").encode(result, { compact = parsed.compact }) .. "\n")
  return io.EXIT_OK
end

-- Returns the receiver's store in the Redis of --redis. Without --redis, returns the ledger's store.
local function store_of(parsed, system)
  if parsed[".redis"] then
    local host, port = require("cmr.cli.redis_address").parse(parsed[".redis"])
    local password = system.getenv "CMR_REDIS_PASSWORD"
    return require("cmr.cli.request").library(require("cmr.store.redis").new, {
      host = host,
      port = port,
      password = password ~= "" and password or nil,
    })
  end
  local ledger, message = require("cmr.ledger").open()
  if not ledger then io.failure("%s", message) end
  return ledger:store()
end

local COLUMNS = { "id", "name", "eventId", "failedAt", "tries", "reason" }

local function row(letter)
  local cells = {}
  for index, name in ipairs(COLUMNS) do
    cells[index] = letter[name]
  end
  return cells
end

local function list_dead(letters, parsed, system)
  local list = {}
  for index, letter in ipairs(letters) do
    list[index] = {
      id = letter.id,
      name = letter.name,
      eventId = letter.event_id,
      failedAt = require("cmr.util.text").utc(letter.failed_at),
      tries = letter.tries,
      reason = letter.reason,
      event = letter.event,
    }
  end
  if #list == 0 and not parsed.output then
    system.stderr:write "cmr: there are none\n"
    return
  end
  local answer = parsed.output == "json" and not parsed.field and list or { data = list }
  require("cmr.cli.output").rows(answer, parsed, system, COLUMNS, row)
end

local function drop_dead(letters, id, store, system)
  local dead_letters, count = require "cmr.webhook.dead_letters", 0
  for _, letter in ipairs(letters) do
    if id == ALL or letter.id == id then
      local removed, message = dead_letters.remove(store, letter)
      if removed == nil then io.failure("%s", message) end
      count = count + 1
    end
  end
  if count == 0 and id ~= ALL then io.failure("there is no dead letter '%s'", id) end
  system.stderr:write(("cmr: %d dropped\n"):format(count))
end

local function dead(parsed, system)
  if parsed[".file"] then io.usage "argument FILE: only for detect" end
  local store = store_of(parsed, system)
  local letters, message = require("cmr.webhook.dead_letters").list(store)
  if not letters then io.failure("%s", message) end
  if parsed[".drop"] then
    drop_dead(letters, parsed[".drop"], store, system)
  else
    list_dead(letters, parsed, system)
  end
  return io.EXIT_OK
end

function webhook.run(parsed, system)
  if parsed[".action"] == "dead" then return dead(parsed, system) end
  for _, name in ipairs { "redis", "drop" } do
    if parsed["." .. name] then io.usage("option '--%s': only for dead", name) end
  end
  return detect(parsed, system)
end

return webhook
