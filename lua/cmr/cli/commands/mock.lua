---cmr mock: the API as a local server.

local mock = {}

function mock.arguments(command)
  command:epilog "What it prints when it is ready is for a shell: cmr mock --tls >mock.env &  and then  . ./mock.env"
  command:option("--port"):target(".port"):argname("N"):description "Port on 127.0.0.1 (default: a free one)."
  command:flag("--tls"):target(".tls"):description "Serve HTTPS and HTTP/2, with a throw-away CA."
  command
    :option("--rate")
    :target(".rate")
    :argname("N")
    :description "Requests per second before it answers 429 (default: 5; 0: no limit)."
  command
    :option("--window")
    :target(".window")
    :choices({ "bucket", "fixed", "sliding" })
    :description "How it counts them (default: bucket)."
  command
    :option("--webhook")
    :target(".webhook")
    :argname("URL")
    :description "Deliver signed webhooks to this URL on this machine, such as that of cmr listen."
end

function mock.run(parsed)
  local request = require "cmr.cli.request"
  return request.library(require("cmr.mock").run, {
    port = request.number("--port", parsed[".port"], true),
    tls = parsed[".tls"],
    rate = request.number("--rate", parsed[".rate"]),
    window = parsed[".window"],
    webhook = parsed[".webhook"],
  })
end

return mock
