---cmr doctor: checks everything that the command depends on, and prints one line for each check.

local core = require "cmr.core"
local io = require "cmr.cli.io"
local output = require "cmr.cli.output"
local profile = require "cmr.cli.profile"
local profiles = require "cmr.profiles"
local shell = require "cmr.util.shell"
local text = require "cmr.util.text"

local doctor = {}

doctor.epilog = [[
Checks the key and where it comes from, the address, the versions, the proxy, the
certificates, the ledger, nginx for 'cmr mock' and 'cmr listen', and Redis. Makes
one request, a read: it shows whether the API accepts the key, and how far this
machine's clock is from the server's. Nothing that it prints is secret.

A line is 'ok', 'note' (works, but you should know it), 'failed', or '-' (not used,
or not checked).

Exit status: 0 nothing has failed; 1 something has; 2 the command line is wrong.]]

doctor.options = {
  { "--offline", false, "Make no request." },
  { "--redis", "HOST[:PORT]", "Also try this Redis. CMR_REDIS_PASSWORD has its password." },
}

local OK, NOTE, FAILED, UNUSED = "ok", "note", "failed", "-"

local MAX_CLOCK_SECONDS = 300 -- a receiver refuses a timestamp that differs from its clock by more than this
local NOTED_CLOCK_SECONDS = 5
local SHOWN_DIGITS = 6 -- digits of the key's digest, as in `cmr history`
local PROXIES = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" } -- in the order in which libcurl reads them

local function variable(system, name)
  return profiles.variable(system.getenv, name)
end

-- Returns the client, or nil and the reason why there is none. Stores the client's settings in `state`.
local function client_of(parsed, system, state)
  local request, read = require "cmr.cli.request", io.reader(system)
  local ok, result = pcall(function()
    state.settings = request.settings(parsed, system, read)
    parsed.rate = "off" -- the command makes only one request
    parsed.retries = parsed.retries or "0"
    return request.client(parsed, system, read, state.settings)
  end)
  if ok then return result end
  if type(result) ~= "table" then error(result, 0) end
  return nil, result.usage or result.failure
end

-- The checks. Each check takes the state of the whole command. It returns OK, NOTE, FAILED or UNUSED, and the text of
-- its line.
local checks = {}

function checks.key(state)
  local client, settings = state.client, state.settings
  if not client then return FAILED, state.message end
  local source = settings.profile and ("of the profile '%s'"):format(settings.profile)
    or state.parsed.api_key_file and "from the file of --api-key-file"
    or "from CMR_API_KEY"
  if settings.profile and not state.is_named then source = source .. ", the default" end
  local header = settings.key_header
  local digest = client:key_id():sub(1, SHOWN_DIGITS)
  return OK, ("%s; digest %s%s"):format(source, digest, header and "; header " .. header or "")
end

function checks.address(state)
  local client, settings, parsed = state.client, state.settings, state.parsed
  if not client then return UNUSED, "not known without a key" end
  local source = settings.profile and ("of the profile '%s'"):format(settings.profile)
    or parsed.base_url and "of --base-url"
    or variable(state.system, "CMR_BASE_URL") and "from CMR_BASE_URL"
    or "production, the default"
  return OK, ("%s, %s"):format(client:base_url(), source)
end

function checks.profiles(state)
  local ok, config = pcall(profile.load, state.system)
  if not ok then return FAILED, config.usage end
  local names = profile.names(config)
  if #names == 0 then return UNUSED, "none is stored" end
  local default = config.default and ("; default %s"):format(tostring(config.default)) or "; none is the default"
  return OK, ("%s in %s%s"):format(table.concat(names, ", "), profile.path(state.system), default)
end

function checks.library(state)
  local path = package.searchpath and package.searchpath("cmr.client", package.path)
  local from = path and ", from " .. path:gsub("/client%.lua$", "") or ""
  return OK, state.version():gsub(", libcurl [^)]*", ""):gsub("\n$", "") .. from
end

function checks.libcurl()
  local version = core.libcurl
  local major, minor = version:match "^(%d+)%.(%d+)"
  if tonumber(major) == 7 and tonumber(minor) < 87 then
    return NOTE, version .. ": below 7.87, a stalled DNS server can hold a call beyond its timeout"
  end
  return OK, version
end

-- Returns a proxy's URL without its user and password. The URL may lack the scheme.
local function without_password(url)
  local scheme, rest = url:match "^(%a[%w+.-]*://)(.*)$"
  return (scheme or "") .. (rest or url):gsub("^.*@", "...@")
end

function checks.proxy(state)
  local preview = state.client and state.client:preview "countries"
  if not preview then return UNUSED, "not known without a key" end
  if preview.proxy == "" then return UNUSED, "none: the address is on this machine" end
  for _, name in ipairs(PROXIES) do
    local value = variable(state.system, name)
    if value then
      local except = variable(state.system, "no_proxy") or variable(state.system, "NO_PROXY")
      return NOTE, ("%s from %s%s"):format(without_password(value), name, except and ", except " .. except or "")
    end
  end
  return UNUSED, "none"
end

function checks.certificates(state)
  local settings = state.settings or {}
  local path = settings.ca_file or variable(state.system, "CMR_CA_FILE")
  if not path then return OK, "the system's" end
  local contents, message = shell.read(path)
  if not contents then return FAILED, message end
  local _, count = contents:gsub("%-%-%-%-%-BEGIN CERTIFICATE", "")
  if count == 0 then return FAILED, path .. " has no certificate" end
  return OK, ("%s, which has %d, in place of the system's"):format(path, count)
end

function checks.endpoints(state)
  local path = variable(state.system, "CMR_ENDPOINTS")
  if not path then return UNUSED, "CMR_ENDPOINTS is not set" end
  local contents, message = shell.read(path)
  local endpoints = contents and core.json_decode(contents)
  if type(endpoints) ~= "table" then return FAILED, message or path .. " is no JSON object" end
  return OK, ("%s: %s"):format(path, table.concat(require("cmr.util.tables").sorted_keys(endpoints), ", "))
end

local function reach(state)
  local answer, message, err = state.client:countries()
  state.info = require("cmr.client").info(answer or err)
  state.ended_at = core.time()
  return answer, message, err
end

function checks.api(state)
  if state.parsed[".offline"] then return UNUSED, "not tried (--offline)" end
  if not state.client then return UNUSED, "not tried without a key" end
  local answer, message, err = reach(state)
  if answer then
    return OK, ("accepts the key; answered in %.2f s over HTTP/%s"):format(state.info.elapsed, state.info.http_version)
  end
  local lines = require("cmr.cli.messages").advice(require("cmr.operations").countries, err, false, {}, false)
  return FAILED, table.concat({ message, (table.unpack or unpack)(lines) }, "; ")
end

function checks.clock(state)
  local date = state.info and state.info.headers and state.info.headers.date
  local server_time = date and core.http_time(date)
  if not server_time then return UNUSED, "no answer with a date" end
  -- The server writes the date during the request, and drops the fraction of the second. So if the clocks agree, the
  -- difference is between 0 and elapsed + 1 seconds. The check expects the middle of this range.
  local difference = state.ended_at - server_time
  local off = math.abs(difference - (state.info.elapsed + 1) / 2)
  if off <= NOTED_CLOCK_SECONDS then return OK, "as the server's, within a few seconds" end
  local way = difference > 0 and "ahead of" or "behind"
  local sentence = ("%s %s the server's"):format(text.duration(off), way)
  if off <= MAX_CLOCK_SECONDS then return NOTE, sentence end
  return FAILED, sentence .. ": webhooks are refused as too old or too new; set the clock"
end

function checks.ledger(state)
  if state.parsed.no_ledger then return UNUSED, "not used (--no-ledger)" end
  local path, message = require("cmr.ledger.location").absolute()
  if not path then return FAILED, message end
  if not shell.exists(path) then return OK, path .. ", not made yet" end
  local ledger
  ledger, message = require("cmr.ledger").open()
  if not ledger then return FAILED, message end
  local ok, count, problem = pcall(ledger.count, ledger, {})
  if not ok or not count then return FAILED, tostring(problem or count) end
  local receives = ledger:is_receiving() and "; a receiver stores events in it" or ""
  return OK, ("%s: %d %s%s"):format(path, count, count == 1 and "request" or "requests", receives)
end

function checks.nginx()
  local program, message = require("cmr.launcher.find").nginx()
  if not program then return NOTE, "'cmr mock' and 'cmr listen' cannot run: " .. message end
  local version = shell.output(shell.quote(program.path) .. " -v 2>&1"):match "version: (%S+)"
  return OK, ("%s, %s, runs Lua"):format(program.path, version or "unknown version")
end

function checks.redis(state)
  local missing = require("cmr.redis.luasocket").missing {}
  local address = state.parsed[".redis"]
  if missing then return address and FAILED or UNUSED, missing end
  if not address then return UNUSED, "the libraries for it are installed; --redis HOST tries one" end
  local host, port = require("cmr.cli.redis_address").parse(address)
  local store = require("cmr.store.redis").new {
    host = host,
    port = port,
    password = variable(state.system, "CMR_REDIS_PASSWORD"),
  }
  local list, message = store:list "doctor"
  if not list then return FAILED, ("%s: %s"):format(address, message) end
  return OK, address .. " answers, and runs scripts"
end

-- The checks in the order of their lines. The API comes before the clock, because the clock's check needs an answer.
local ORDER = {
  "key",
  "address",
  "profiles",
  "api",
  "clock",
  "library",
  "libcurl",
  "proxy",
  "certificates",
  "endpoints",
  "ledger",
  "nginx",
  "redis",
}
local NAME_COLUMNS, STATE_COLUMNS = 14, 8

local function print_lines(lines, system)
  local terminal = require "cmr.cli.terminal"
  local columns, paint = terminal.columns(system), require("cmr.cli.colours").painter(system, system.stdout)
  local styles = { [OK] = "good", [FAILED] = "bad", [NOTE] = "heading" }
  local parts = {}
  for index, line in ipairs(lines) do
    local head = line.check .. (" "):rep(NAME_COLUMNS - #line.check)
    local space = (" "):rep(STATE_COLUMNS - #line.state)
    local detail = text.printable(line.detail)
    if columns then
      local indent = NAME_COLUMNS + STATE_COLUMNS
      detail = require("cmr.util.wrapping").lines(("."):rep(indent) .. detail, columns, indent):sub(indent + 1)
    end
    parts[index] = head .. paint(styles[line.state], line.state) .. space .. detail .. "\n"
  end
  io.write(system, table.concat(parts))
end

function doctor.run(parsed, system, version)
  local state = { parsed = parsed, system = system, version = version, is_named = parsed.profile ~= nil }
  state.client, state.message = client_of(parsed, system, state)
  local lines, status = {}, io.EXIT_OK
  for index, name in ipairs(ORDER) do
    local result, detail = checks[name](state)
    lines[index] = { check = name, state = result, detail = detail }
    if result == FAILED then status = io.EXIT_FAILURE end
  end
  if not parsed.output and not parsed.field then
    print_lines(lines, system)
    return status
  end
  local answer = parsed.output == "json" and not parsed.field and lines or { data = lines }
  output.rows(answer, parsed, system, { "check", "state", "detail" }, function(line)
    return { line.check, line.state, line.detail }
  end)
  return status
end

return doctor
