---A listener for webhooks on this machine. It verifies and reports each delivery. It can also store an accepted
---delivery, run a command for it and forward it.

local errors = require "cmr.util.errors"
local event_lists = require "cmr.webhook.event_lists"
local launcher = require "cmr.launcher"
local random = require "cmr.util.random"
local redact = require "cmr.util.redact"
local redelivery = require "cmr.webhook.redelivery"
local shell = require "cmr.util.shell"
local text = require "cmr.util.text"
local validate = require "cmr.util.validate"
local verify = require "cmr.webhook.verify"
local webhook = require "cmr.webhook"

local listen = {}

-- The files in which operating systems store their trusted certificates.
local CA_FILES = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem" }

-- The shell script that runs the user's command. The event goes only to the command's standard input. The script reads
-- the bytes that the command left unread, because writing to a closed pipe would end this process. The script passes
-- the exit status through a file, because pipe:close() does not return the status in every Lua.
local COMMAND = "sh -c %s >&2; echo $? >%s; cat >/dev/null"

local HTTP = [[
  default_type text/plain;
  client_max_body_size 2m; # more than verify accepts, so that verify refuses a large body, and not nginx
  client_body_buffer_size 2m;
  init_by_lua_block { require("cmr.listen.worker").init() }
  init_worker_by_lua_block { require("cmr.listen.worker").ready() }
  server {
    listen 127.0.0.1:$port;
    location / { content_by_lua_block { require("cmr.listen.worker").receive($forwards) } }
    location /_listen/ { content_by_lua_block { require("cmr.listen.worker").control() } }
    $forward
  }
]]

local FORWARD = [[location = /_listen/forward {
      internal;
      log_by_lua_block { require("cmr.listen.worker").forwarded() }
      proxy_pass $url;
      proxy_http_version 1.1;
      proxy_read_timeout 60s; # as long as the vendor waits
      proxy_ssl_server_name on;
      proxy_ssl_verify_depth 5;
      $verify
    }]]

local keys_of = require("cmr.webhook.verify").keys

local EVENT_SECONDS = 30 * text.DAY -- how long the ledger keeps an event for cmr await

local SPEC = {
  port = validate.integer(1, 65535),
  verify = "table",
  emit = "function",
  forward = {
    expected = "an http or https URL",
    test = function(value)
      return type(value) == "string" and value:find "^https?://[%w%[]" ~= nil and not value:find '[%c%s"\\$;{}]'
    end,
  },
  exec = "string",
  ledger = validate.methods("store", "listen"),
  show_passwords = "boolean",
}

-- Returns the file of trusted certificates for forwarding to a URL; nil for http.
local function find_ca_file(url)
  if url:sub(1, 6) ~= "https:" then return nil end
  local configured = os.getenv "CMR_CA_FILE"
  if configured and configured ~= "" then return configured end
  for _, path in ipairs(CA_FILES) do
    if shell.exists(path) then return path end
  end
  errors.raise "listen.run: option 'forward': no trusted certificates were found; set CMR_CA_FILE to a file of them"
end

local function http_directives(port, url, ca_file)
  local check = ca_file and "proxy_ssl_verify on; proxy_ssl_trusted_certificate " .. launcher.quote(ca_file) .. ";"
  local forward = url and FORWARD:gsub("%$(%l+)", { url = launcher.quote(url), verify = check or "" })
  return (HTTP:gsub("%$(%l+)", { port = port, forwards = tostring(url ~= nil), forward = forward or "" }))
end

-- Runs the user's command. Returns whether the command accepted the event, and its exit status.
local function run_command(command, body, directory)
  local status_file = directory .. "/status.command"
  local pipe = assert(io.popen(shell.ALONE .. COMMAND:format(shell.quote(command), shell.quote(status_file)), "w"))
  pipe:write(body)
  pipe:close()
  local status = tonumber(shell.read(status_file) or "")
  os.remove(status_file)
  return status == 0, status
end

local function describe(event, message, err, show_passwords)
  if not event then return { accepted = false, kind = err.kind, message = message } end
  local info = webhook.info(event)
  return {
    accepted = true,
    id = info.id,
    signatureFormat = info.signature_format,
    timestampSigned = info.timestamp_signed,
    event = redact.copy(event, show_passwords and {} or redact.secrets(event), show_passwords),
  }
end

-- Adds an event without its passwords to the stored lists that client:await reads. If a list already has the event from
-- another delivery, the list does not change.
local function store_event(event, opts)
  local function copy()
    return redact.copy(event, redact.secrets(event, keys_of(opts.verify or {})))
  end
  local tolerance = opts.verify and opts.verify.tolerance or verify.DEFAULTS.tolerance
  local stored_seconds = redelivery.same_event_seconds(event, tolerance)
  return event_lists.put(opts.ledger:store(), event, copy, EVENT_SECONDS, stored_seconds)
end

-- Verifies a delivery, stores its event and runs the user's command. Returns the report, and the answer's HTTP status.
local function judge(delivery, opts, directory)
  local event, message, err = webhook.verify(delivery.body, delivery.headers, opts.verify)
  local report, status = describe(event, message, err, opts.show_passwords), event and 200 or err.status
  if event and opts.ledger then
    local ok, problem = store_event(event, opts)
    if not ok then
      report.problem = "could not be stored: " .. problem
      return report, 503
    end
  end
  if event and opts.exec then
    local ok, code = run_command(opts.exec, delivery.body, directory)
    report.exit = code
    if not ok then status = 500 end -- the vendor then delivers again
  end
  return report, status
end

---A report of cmr.listen.run. There are four kinds:
---    the listener listens                url, pid
---    a delivery was accepted             delivery, accepted, exit, status, problem, id, event, signatureFormat,
---                                        timestampSigned
---    a delivery was refused              delivery, accepted, status, kind, message
---    a forwarded delivery was answered   delivery, forwarded
---@class cmr.ListenReport
---@field url? string
---@field pid? integer
---@field delivery? integer The number of the delivery.
---@field accepted? boolean
---@field exit? integer The exit status of the command of the option `exec`.
---@field status? integer The status of the answer; nil if the delivery is forwarded.
---@field problem? string The reason why the event could not be stored.
---@field id? string
---@field event? table
---@field signatureFormat? string
---@field timestampSigned? boolean
---@field kind? string
---@field message? string
---@field forwarded? integer The status of the URL's answer, or a status of nginx, such as 499, 502 or 504.

---Options of cmr.listen.run.
---@class cmr.ListenOptions
---@field port? integer The port on 127.0.0.1. Default: a free port.
---@field verify? cmr.VerifyOptions Which deliveries to accept.
---@field emit fun(report: cmr.ListenReport)
---
---A URL that gets the accepted deliveries. nginx forwards the body and the headers, except Host and the headers of the
---connection. The URL's answer goes back to the sender.
---@field forward? string
---@field exec? string A shell command for each accepted delivery, one at a time. Its output goes to standard error.
---@field ledger? cmr.Ledger Stores accepted events, without passwords, for client:await and cmr await.
---@field show_passwords? boolean Whether reports show passwords. Default: false.

---Listens in the foreground until SIGINT or SIGTERM. If the command of the option `exec` fails, the sender gets status
---500.
---@param options cmr.ListenOptions
---@return integer exit_code 1 if nginx could not start or failed; otherwise 0
function listen.run(options)
  local opts = validate.options("listen.run", SPEC, nil, options)
  local problem = verify.problem_with_key(opts.verify or {})
  if problem then errors.raise("listen.run: " .. problem) end
  local forward = opts.forward
  local ca_file = forward and find_ca_file(forward)
  local token = random.hex(16)
  if opts.ledger then assert(opts.ledger:listen()) end
  return launcher.run("cmr listen", opts.port, function(port)
    local url = ("http://127.0.0.1:%d"):format(port)
    local client = require("cmr").new {
      api_key = token,
      key_header = "x-listen-token",
      base_url = url,
      rate = false,
      loop = "block",
      retries = 0,
      endpoints = {},
    }
    local on, directory = {}, nil
    function on.ready(pid, prefix)
      directory = prefix
      opts.emit { url = url .. "/", pid = tonumber(pid) }
    end
    function on.delivery(id)
      local delivery = client:request("GET", "/_listen/delivery", { query = { id = id } })
      if not delivery then return end -- the delivery waited too long, and nginx has answered 503
      local report, status = judge(delivery, opts, directory)
      report.delivery, report.status = tonumber(id), not (forward and status == 200) and status or nil
      opts.emit(report)
      client:request("POST", "/_listen/verdict", { query = { id = id, verdict = status } })
    end
    function on.forwarded(line)
      local id, status = line:match "^(%d+) (%d+)$"
      opts.emit { delivery = tonumber(id), forwarded = tonumber(status) }
    end
    return { http = http_directives(port, forward, ca_file), files = { token = token }, on = on }
  end)
end

return listen
