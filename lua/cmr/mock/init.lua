---The mock: a local server on nginx that imitates the API, for demonstrations and tests. docs/mock.md describes it.

local certificates = require "cmr.mock.certificates"
local core = require "cmr.core"
local Deliveries = require "cmr.mock.deliveries"
local errors = require "cmr.util.errors"
local launcher = require "cmr.launcher"
local operations = require "cmr.operations"
local client_options = require "cmr.client_options"
local random = require "cmr.util.random"
local shell = require "cmr.util.shell"
local validate = require "cmr.util.validate"

local mock = {}

local BASE = "/api/v1/integration" -- the same path as in production
local KEY = os.getenv "CMR_MOCK_KEY" or "mock-api-key"

local SPEC = {
  port = validate.integer(1, 65535),
  tls = "boolean",
  rate = validate.number(0, 1e6),
  window = validate.one_of("bucket", "fixed", "sliding"),
  webhook = {
    test = function(value)
      return type(value) == "string" and Deliveries.destination { url = value } ~= nil
    end,
    expected = "a URL on this machine",
  },
  endpoints = "table",
  examples = "boolean",
  operations = "table",
}

local DEFAULTS = { rate = 5, window = "bucket", operations = operations }

local HTTP = [[
  default_type application/json;
  client_max_body_size 64m;
  client_body_buffer_size 256k;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  lua_max_running_timers 1024;
  init_by_lua_block { require("cmr.mock.worker").init() }
  init_worker_by_lua_block { require("cmr.mock.worker").ready() }
  server {
    $listen
    error_page 400 404 405 408 411 413 414 421 494 495 496 497 500 501 502 503 504 505 /_mock/refused;
    location / { content_by_lua_block { require("cmr.mock.worker").serve() } }
    location = /_mock/refused { internal; content_by_lua_block { require("cmr.mock.worker").refused() } }
  }
]]

local function listen_directives(port, tls, program)
  local address = ("127.0.0.1:%d"):format(port)
  if not tls then return ("listen %s;"):format(address) end
  local http2 = program.http2_directive and "http2 on;" or ""
  local parameter = program.http2_directive and "" or " http2"
  return ("listen %s ssl%s; %s ssl_certificate leaf.pem; ssl_certificate_key leaf.key;"):format(
    address,
    parameter,
    http2
  )
end

-- Makes the configuration that the worker reads from config.json.
local function configuration(opts, token)
  local rows = {} -- each operation once; opts.operations has each operation twice, by index and by name
  for index, operation in ipairs(opts.operations) do
    rows[index] = operation
  end
  return core.json_encode {
    key = KEY,
    token = token,
    base = BASE,
    rate = opts.rate,
    window = opts.window,
    webhook = opts.webhook,
    endpoints = opts.endpoints,
    examples = opts.examples,
    operations = core.array(rows),
  }
end

local function announce(origin, token, pid, ca_file)
  local lines = {
    "# cmr mock: " .. origin .. BASE,
    "export CMR_BASE_URL=" .. origin .. BASE,
    "export CMR_API_KEY=" .. KEY,
    ("export CMR_MOCK_PAGE=%s/_mock/?token=%s"):format(origin, token),
    ("# control: %s/_mock/   x-mock-token: %s"):format(origin, token),
    ("# pid: %s   (kill it to stop everything)"):format(pid),
    "# ready\n",
  }
  if ca_file then table.insert(lines, 4, "export CMR_CA_FILE=" .. shell.quote(ca_file)) end
  io.stdout:write(table.concat(lines, "\n"))
  io.stdout:flush()
end

-- Makes the parts that the launcher needs to start nginx on a port.
local function parts_of(opts, port, program)
  local origin = ("%s://127.0.0.1:%d"):format(opts.tls and "https" or "http", port)
  local token = random.hex(16)
  local files = { ["config.json"] = configuration(opts, token) }
  for name, text in pairs(opts.tls and certificates.files or {}) do
    files[name] = text
  end
  return {
    http = HTTP:gsub("%$listen", listen_directives(port, opts.tls, program)),
    files = files,
    prepare = opts.tls and certificates.script,
    on = {
      ready = function(pid, directory)
        announce(origin, token, pid, opts.tls and directory .. "/ca.pem")
      end,
    },
  }
end

-- Returns the endpoints from the option or the environment. Checks them as the library does, and raises for a mistake.
local function supplied_endpoints(opts)
  local target_opts, message = client_options.with_environment { endpoints = opts.endpoints }
  local target
  if target_opts then
    target, message = core.target { endpoints = target_opts.endpoints }
  end
  if not target then errors.raise("mock.run: " .. message) end
  return target_opts.endpoints
end

---Runs the mock in the foreground until SIGINT or SIGTERM. When it accepts connections, it prints lines that a shell
---can evaluate. They set CMR_BASE_URL, CMR_API_KEY, CMR_CA_FILE (only with TLS), and CMR_MOCK_PAGE, the address of the
---mock's page for a browser. Lines that begin with # show the control address, its token and the pid. The last line is
---"# ready". The key is $CMR_MOCK_KEY, or "mock-api-key". A bad option raises.
---@param opts table? all optional:
---  port: 1 to 65535; default: a free port from 20000 to 29999
---  tls: HTTPS with HTTP/2 and a temporary certificate authority; default: false
---  rate: requests per second and key, 0 for no limit; default: 5
---  window: how the rate limit counts requests: "bucket" (default), "fixed" or "sliding"
---  webhook: a URL on this machine that gets the events; /_mock/webhooks can add more
---  endpoints: paths for operations without a documented path, like cmr.new's option; default: the file $CMR_ENDPOINTS
---  examples: whether the mock starts with the data that cmr.examples names; default: false
---  operations: the operations to serve; default: those of the library
---@return integer status 0 after a signal; 1 if the mock failed, with the reason on standard error.
function mock.run(opts)
  opts = validate.options("mock.run", SPEC, DEFAULTS, opts)
  opts.endpoints = supplied_endpoints(opts)
  return launcher.run("cmr mock", opts.port, function(port, program)
    return parts_of(opts, port, program)
  end)
end

return mock
