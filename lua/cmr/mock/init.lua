--- The mock: the API as a local server on nginx, for specs, demonstrations and users' own tests.
--
-- It begins with what the vendor's examples show: user BVZGM5TE9BMP3PP0VWGW943RGV1B with one EmailBison credential, and
-- mailbox 39XXMZ1SQMMWWPN2GCRB0Q78KZAR, john@doe.com. Where the documents leave something open, the answer's header
-- x-mock-assumed says what was made up. The tests' own interface is under /_mock/, JSON in and out, and wants the token
-- printed at the start in the header x-mock-token:
--
--   POST /_mock/reset      back to the seed; {"rate": 0, "window": "fixed"} changes settings until the next reset
--   GET  /_mock/requests   the API requests received, in order (the last 10,000; of a body the first MiB); one that was
--                          closed without an answer has status 444 and, its body being left unread, an empty body
--   POST /_mock/faults     {"match": {"operation", "method", "path"}, "times": 1, "status", "headers", "body", "delay",
--                          "close"}: the next N requests that match go wrong (see cmr.mock.faults)
--   POST /_mock/users      {"userId"}
--   POST /_mock/mailboxes  {"mailboxId", "email", "userId", "status": "ACTIVE"}, with its domain and a subscription
--   POST /_mock/domains    {"domainName", "userId", "domainId", "expiresIn": seconds, "autoRenew"}
--   POST /_mock/subscriptions  {"subscriptionId", "domain", "userId", "serviceProvider", "autoRenew"}
--   POST /_mock/wallet     {"balance"}
--   POST /_mock/clock      {"advance": seconds, "speed": 1}: time passes for limits and time stamps; from now on so
--                          many times as fast, but for the rate limit
--   POST /_mock/webhooks   {"url", "signatureFormat": "body-hex-seconds", "actionId": true}: deliver there what happens
--                          from now on, signed with the key. url is on this machine; signatureFormat one of
--                          cmr.webhook.signature_formats; actionId says whether data has one. Retried after 30 s and
--                          5 min of the mock's time
--   GET  /_mock/deliveries what was or will be delivered, with the attempts; x-mock-assumed, a header of each delivery,
--                          names the members of data that no document does
--   POST /_mock/deliveries {"id", "times": 1}: deliver one of them again
--   POST /_mock/failures   {"domain", "reason"}: what is ordered for this domain fails, later, for that reason
local random = require "cmr.util.random"
local server = require "cmr.launcher"
local shell = require "cmr.util.shell"
local rate = require "cmr.mock.rate_limit"
local conf = require "cmr.mock.conf"
local tls = require "cmr.mock.certificates"
local webhooks = require "cmr.mock.deliveries"

local mock = {}

local BASE = "/api/v1/integration" -- as in production
local KEY = os.getenv "CMR_MOCK_KEY" or "mock-api-key"

local OPTIONS =
  { port = "number", tls = "boolean", rate = "number", window = "string", webhook = "string", operations = "table" }

local function check(options)
  for name, value in pairs(options) do
    local want = OPTIONS[name]
    if not want then error(("unknown option '%s'"):format(tostring(name)), 3) end
    if type(value) ~= want then error(("option '%s' must be a %s"):format(name, want), 3) end
  end
  local port, per_second, window = options.port, options.rate, options.window
  if port and (port < 1 or port > 65535 or port % 1 ~= 0) then error("option 'port' must be 1 to 65535", 3) end
  if per_second and not (per_second >= 0 and per_second < math.huge) then
    error("option 'rate' must be requests per second, 0 for no limit", 3)
  end
  if window and not rate.known(window) then error("option 'window' must be bucket, fixed or sliding", 3) end
  if options.webhook and not webhooks.check { url = options.webhook } then
    error("option 'webhook' must be a URL on this machine", 3)
  end
end

local function configuration(options, token)
  local core = require "cmr.core"
  local operations = require "cmr.operations"
  local rows = {} -- without the names under which the table has them a second time
  for index, row in ipairs(options.operations or operations) do
    rows[index] = row
  end
  return core.json_encode {
    key = KEY,
    token = token,
    base = BASE,
    rate = options.rate or 5,
    window = options.window or "bucket",
    webhook = options.webhook,
    operations = core.array(rows),
  }
end

local function announce(at, pid, directory)
  local lines = {
    "# cmr mock: " .. at.origin .. BASE,
    "export CMR_BASE_URL=" .. at.origin .. BASE,
    "export CMR_API_KEY=" .. KEY,
    ("# control: %s/_mock/   x-mock-token: %s"):format(at.origin, at.token),
    ("# pid: %s   (kill it to stop everything)"):format(pid),
    "# ready\n",
  }
  if at.tls then table.insert(lines, 4, "export CMR_CA_FILE=" .. shell.quote(directory .. "/ca.pem")) end
  io.stdout:write(table.concat(lines, "\n"))
  io.stdout:flush()
end

-- What the server is made of, on a port.
local function parts_of(options, port, program)
  local at = {
    origin = ("%s://127.0.0.1:%d"):format(options.tls and "https" or "http", port),
    tls = options.tls,
    token = random.hex(16),
  }
  local files = { ["config.json"] = configuration(options, at.token) }
  for name, text in pairs(options.tls and tls.files or {}) do
    files[name] = text
  end
  return {
    http = conf(port, options.tls, program.http2_directive),
    files = files,
    prepare = options.tls and tls.script,
    on = {
      ready = function(pid, directory)
        announce(at, pid, directory)
      end,
    },
  }
end

--- Run the mock in the foreground until SIGINT or SIGTERM. When it accepts connections it prints on standard output,
-- flushed, lines that a shell can eval (CMR_BASE_URL, CMR_API_KEY, with TLS CMR_CA_FILE; the control address, its token
-- and the pid as comments), and then "# ready". The key is "mock-api-key" unless $CMR_MOCK_KEY says otherwise.
-- @param options table, all optional:
--   port: 1 to 65535; default: a free one, by chance, from 20000 to 29999
--   tls: HTTPS with HTTP/2 and a throw-away authority; default false
--   rate: requests per second and key, 0 for no limit; default 5
--   window: how they are counted, "bucket" (default), "fixed" or "sliding"
--   webhook: a URL on this machine that the outcomes are delivered to; more of it by /_mock/webhooks
--   operations: rows to serve instead of the library's own
-- @return the exit code: 0 when it was stopped, 1 when it could not start or broke down, with the reason on standard
--   error. A bad option raises.
function mock.run(options)
  options = options or {}
  check(options)
  return server.run("cmr mock", options.port, function(port, program)
    return parts_of(options, port, program)
  end)
end

return mock
