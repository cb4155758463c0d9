---cmr mock: runs a local server that imitates the API.

local mock = {}

mock.epilog = "When the mock is ready, it prints lines for a shell: cmr mock --tls >mock.env &  and then  . ./mock.env"
mock.options = {
  { "--port", "N", "Port on 127.0.0.1 (default: a free one)." },
  { "--tls", false, "Serve HTTPS and HTTP/2, with a temporary CA." },
  { "--rate", "N", "Requests per second before it answers 429 (default: 5; 0: no limit)." },
  { "--window", "{bucket,fixed,sliding}", "How it counts requests (default: bucket)." },
  { "--webhook", "URL", "Deliver signed webhooks to this URL on this machine, such as the URL of cmr listen." },
}

function mock.run(parsed)
  local request = require "cmr.cli.request"
  return request.library(require("cmr.mock").run, {
    port = request.number("--port", parsed[".port"], true),
    tls = parsed[".tls"],
    rate = request.number("--rate", parsed[".rate"]),
    window = parsed[".window"],
    webhook = parsed[".webhook"],
    examples = true,
  })
end

return mock
