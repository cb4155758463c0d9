---cmr webhook detect: how a captured delivery is signed.

local io = require "cmr.cli.io"

local webhook = {}

webhook.epilog = [[
FILE is a delivery as it came over the wire: header lines, one of which is
cmr-x-signature and one cmr-x-timestamp, an empty line, the body to its last
byte. A request line in front is skipped. - is standard input. The delivery is
checked with the API key, however old it is; its contents are not printed.

Exit status: 0 signed with this key, and how is printed; 1 it is not; 2 the
command line is wrong.]]

function webhook.arguments(command)
  command:argument("ACTION"):target(".action"):choices({ "detect" }):description "detect: name the signature format."
  command:argument("FILE"):target(".file"):description "The delivery."
end

-- Headers and body of a captured request; nil: it has no empty line.
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

-- Tries the body without its last line break too, which an editor may have added to the file.
local function verify(body, headers, opts)
  local verifier = require "cmr.webhook"
  local event, message = verifier.verify(body, headers, opts)
  local trimmed = body:gsub("\r?\n$", "")
  if event or trimmed == body then return event, message end
  return (verifier.verify(trimmed, headers, opts)), message
end

function webhook.run(parsed, system)
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

return webhook
