--- cmr webhook detect: how a captured delivery is signed.

local stream = require "cmr.cli.io"

local M = {}

local details = [[
FILE is a delivery as it came over the wire: header lines, one of which is
cmr-x-signature and one cmr-x-timestamp, an empty line, the body to its last
byte. A request line in front is skipped. - is standard input. However old it
is, it is checked with the API key; what it holds is not printed.

Exit status: 0 signed with this key, and how is printed; 1 it is not; 2 the
command line is wrong.]]

function M.arguments(command)
  command:argument("ACTION"):target(".action"):choices({ "detect" }):description "detect: name the signature format."
  command:argument("FILE"):target(".file"):description "The delivery."
  command:epilog(details)
end

-- Headers and body of a captured request, or nil.
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

-- An editor may have ended the file with a line break that was not in the body.
local function verify(body, headers, options)
  local webhook = require "cmr.webhook"
  local event, message, err = webhook.verify(body, headers, options)
  local without = body:gsub("\r?\n$", "")
  if event or without == body then return event, message, err end
  local other = webhook.verify(without, headers, options)
  return other, message, err
end

function M.run(given, world)
  local call, read = require "cmr.cli.request", stream.reader(world)
  local key = call.settings(given, world, read).api_key
  local text, why = read(given[".file"])
  if not text then error({ usage = ("argument FILE: cannot read %s (%s)"):format(given[".file"], why) }, 0) end
  local headers, body = parse(text)
  if not headers then error({ usage = "argument FILE: no empty line between headers and body" }, 0) end
  local event, message = verify(body, headers, { api_key = key, tolerance = math.huge })
  if not event then error({ failure = message, status = 1 }, 0) end
  local info = require("cmr.webhook").info(event)
  local told = {
    signatureFormat = info.signature_format,
    timestamp = info.timestamp,
    timestampSigned = info.timestamp_signed,
    event = info.event,
    id = info.id,
  }
  stream.write(world, require "cmr.cli.pretty_json"(told, { compact = given.compact }) .. "\n")
  return 0
end

return M
