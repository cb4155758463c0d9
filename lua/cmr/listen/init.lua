--- A listener for webhooks on this machine: verifies each, tells of it, runs a command or passes it on.
local conf = require "cmr.listen.conf"
local random = require "cmr.util.random"
local scrub = require "cmr.util.redact"
local server = require "cmr.launcher"
local shell = require "cmr.util.shell"
local webhook = require "cmr.webhook"

local listen = {}

-- Where systems have the certificates that they trust.
local TRUSTED = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem" }

-- The command runs with the event on its standard input and nowhere else. What it leaves unread is read here, or
-- writing it would end this process; its status goes through a file, because not every Lua tells it.
local RUN = "sh -c %s >&2; echo $? >%s; cat >/dev/null"

local function trusted(forward)
  if forward:sub(1, 6) ~= "https:" then return nil end
  local given = os.getenv "CMR_CA_FILE"
  if given and given ~= "" then return given end
  for _, path in ipairs(TRUSTED) do
    if shell.exists(path) then return path end
  end
  error("option 'forward': no certificates to check it against: CMR_CA_FILE names them", 3)
end

-- Whether the command took the event.
local function run(command, body, directory)
  local status = directory .. "/status.command"
  local pipe = assert(io.popen(shell.ALONE .. RUN:format(shell.quote(command), shell.quote(status)), "w"))
  pipe:write(body)
  pipe:close()
  local file = io.open(status, "rb")
  local code = file and file:read "*l"
  if file then file:close() end
  os.remove(status)
  return tonumber(code) == 0, tonumber(code)
end

-- What is told of a delivery.
local function told_of(event, message, err, show_passwords)
  if not event then return { accepted = false, kind = err.kind, message = message } end
  local info = webhook.info(event)
  return {
    accepted = true,
    id = info.id,
    signatureFormat = info.signature_format,
    timestampSigned = info.timestamp_signed,
    event = scrub.copy(event, show_passwords and {} or scrub.secrets(event), show_passwords),
  }
end

-- Judges one delivery: what is told of it, and the HTTP status it is answered with.
local function judge(delivery, options, directory)
  local body = delivery.body
  local event, message, err = webhook.verify(body, delivery.headers, options.verify)
  local told, status = told_of(event, message, err, options.show_passwords), event and 200 or err.status
  if event and options.exec then
    local done, code = run(options.exec, body, directory)
    told.exit = code
    if not done then status = 500 end -- the vendor tries again
  end
  return told, status
end

--- Listen in the foreground until SIGINT or SIGTERM.
-- @param options table:
--   port: on 127.0.0.1; default a free one
--   verify: options of cmr.webhook.verify
--   tell: function(table), called when it listens ({url, pid}), with each delivery ({delivery = number, accepted, kind
--     and message or id, event ..., exit = the command's status, status = the answer's}) and with what one that went on
--     was answered ({delivery, forwarded = status})
--   forward: URL that accepted deliveries go on to, body and headers as they came; its answer is the answer
--   exec: shell command for each accepted delivery, one after the other; its output goes to standard error. When it
--     fails the answer is 500
--   show_passwords: whether events are told with what else is left out; default false
-- @return the exit code, as server.run. A bad option raises.
function listen.run(options)
  local forward = options.forward
  if forward and (not forward:find "^https?://[%w%[]" or forward:find '[%c%s"\\$;{}]') then
    error("option 'forward' must be an http or https URL", 2)
  end
  local ca_file = forward and trusted(forward)
  local token = random.hex(16)
  return server.run("cmr listen", options.port, function(port)
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
    local place
    local on = {}
    function on.ready(pid, directory)
      place = directory
      options.tell { url = url .. "/", pid = tonumber(pid) }
    end
    function on.delivery(id)
      local delivery = client:request("GET", "/_listen/delivery", { query = { id = id } })
      if not delivery then return end -- the sender is gone
      local told, status = judge(delivery, options, place)
      told.delivery, told.status = tonumber(id), not (forward and status == 200) and status or nil
      options.tell(told)
      client:request("POST", "/_listen/verdict", {
        query = { id = id, verdict = status },
      })
    end
    function on.forwarded(rest)
      local id, status = rest:match "^(%d+) (%d+)$"
      options.tell { delivery = tonumber(id), forwarded = tonumber(status) }
    end
    return { http = conf(port, forward, ca_file), files = { token = token }, on = on }
  end)
end

return listen
