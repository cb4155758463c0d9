---cmr listen: receives webhooks on this machine.

local io = require "cmr.cli.io"

local listen = {}

listen.epilog = [[
Prints a line for each delivery: whether it was accepted, the event and what it is
about. In a pipe, and with --output jsonl, the line is JSON with the whole event,
without its passwords, and how it was signed. It refuses a delivery whose headers
cmr-x-signature and cmr-x-timestamp do not show that the API key signed it. The
vendor delivers to a public HTTPS address, so a tunnel or a server must pass the
deliveries on to this port. If a delivery comes again, it is handled again.

The command stores accepted events in the user's ledger for 30 days, without
their passwords, and 'cmr await' finds them there. With --no-ledger it does not
store them.

Example:
   cmr listen --port 8080 --exec 'jq -r ".data.email // empty" >>emails.txt']]

listen.options = {
  { "--port", "N", "Port on 127.0.0.1 (default: a free one)." },
  {
    "--forward",
    "URL",
    "Pass accepted deliveries on to URL, with their body and headers except Host, and answer the vendor as URL does.",
  },
  {
    "--exec",
    "CMD",
    "Run this shell command for each accepted event. It gets the unchanged event, with its passwords, on its "
      .. "standard input. When it fails, the answer is 500 and the vendor tries again.",
  },
  {
    "--signature-format",
    "NAME",
    "Accept only this signature format, as cmr webhook detect names it (default: any documented one).",
    choices = require("cmr.webhook").signature_formats,
  },
  { "--tolerance", "SECONDS", "How much too early or too late a timestamp may be (default: 300)." },
  { "--show-passwords", false, "Print passwords as well." },
}

-- Returns the function that prints a report.
local function printer(parsed, system)
  local is_json = parsed.output or not system.terminal(system.stdout)
  return function(report)
    local line = is_json and require("cmr.cli.pretty_json").encode(report, { compact = true })
      or require("cmr.listen.lines").of(report, os.date "%H:%M:%S")
    io.write(system, line .. "\n")
  end
end

function listen.run(parsed, system)
  local request = require "cmr.cli.request"
  local ledger, message
  if not parsed.no_ledger then
    ledger, message = require("cmr.ledger").open()
    if not ledger then io.failure("%s\n--no-ledger listens without it", message) end
  end
  return request.library(require("cmr.listen").run, {
    ledger = ledger,
    port = request.number("--port", parsed[".port"], true),
    forward = parsed[".forward"],
    exec = parsed[".exec"],
    show_passwords = parsed[".show_passwords"] or false,
    verify = {
      api_key = request.settings(parsed, system, io.reader(system)).api_key,
      signature_format = parsed[".signature_format"],
      tolerance = request.number("--tolerance", parsed[".tolerance"]),
    },
    emit = printer(parsed, system),
  })
end

return listen
