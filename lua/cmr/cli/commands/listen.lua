--- cmr listen: receives webhooks on this machine.

local stream = require "cmr.cli.io"

local M = {}

local details = [[
Prints a line of JSON for each delivery: whether it was accepted, how it was
signed, the event without its passwords. What is not signed with the API key is
refused. The vendor delivers to a public HTTPS address: a tunnel or a server of
yours has to pass it on to this one. A delivery that comes again is handled again.

Example:
   cmr listen --port 8080 --exec 'jq -r ".data.email // empty" >>emails.txt']]

function M.arguments(command)
  command:option("--port"):target(".port"):argname("N"):description "Port on 127.0.0.1 (default: a free one)."
  command
    :option("--forward")
    :target(".forward")
    :argname("URL")
    :description "Pass what is accepted on to URL, body and headers as they came, and answer what it answers."
  command:option("--exec"):target(".exec"):argname("CMD"):description(
    "Run this shell command for each accepted event, which is on its standard input as it came, passwords "
      .. "too. When it fails, the answer is 500 and the vendor tries again."
  )
  command
    :option("--signature-format")
    :target(".signature-format")
    :argname("NAME")
    :choices(require("cmr.webhook").signature_formats)
    :description "Accept only what is signed so, as cmr webhook detect names it (default: any documented way)."
  command
    :option("--tolerance")
    :target(".tolerance")
    :argname("SECONDS")
    :description "How far off a timestamp may be (default: 300)."
  command:flag("--show-passwords"):target(".show-passwords"):description "Print passwords as well."
  command:epilog(details)
end

function M.run(given, world)
  local call = require "cmr.cli.request"
  local json = require "cmr.cli.pretty_json"
  local verify = {
    api_key = call.settings(given, world, stream.reader(world)).api_key,
    signature_format = given[".signature-format"],
    tolerance = call.number("--tolerance", given[".tolerance"]),
  }
  return call.library(require("cmr.listen").run, {
    port = call.number("--port", given[".port"], true),
    forward = given[".forward"],
    exec = given[".exec"],
    show_passwords = given[".show-passwords"] or false,
    verify = verify,
    emit = function(report)
      stream.write(world, json(report, { compact = true }) .. "\n")
    end,
  })
end

return M
