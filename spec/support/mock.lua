-- Runs cmr.mock in its own process for specs, and sends requests to it with the curl program. This module does not use
-- the library's client, because a mistake in the client could hide itself.
local cjson = require "cjson"
local assert = require "luassert"

local mock = {}

-- The user and the mailbox that are in the mock's initial data.
mock.USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"
mock.MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR"

local Server = {}
Server.__index = Server

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Quotes a text as a value for curl's configuration file.
local function configured(text)
  return '"' .. text:gsub('[\\"]', "\\%0"):gsub("\n", "\\n"):gsub("\r", "\\r") .. '"'
end

---Returns the program that runs this Lua.
function mock.interpreter()
  local program
  local index = -1
  while arg and arg[index] do
    program = arg[index]
    index = index - 1
  end
  return program or (rawget(_G, "jit") and "luajit") or "lua" .. _VERSION:match("%d+%.%d+")
end

---Returns the shell command that runs the mock with these options of cmr.mock. The option `env` holds environment
---variables for the mock.
function mock.command(options)
  local parts, env = {}, ""
  for name, value in pairs(options) do
    if name ~= "env" then parts[#parts + 1] = ("%s=%s"):format(name, cjson.encode(value)) end
  end
  for name, value in pairs(options.env or {}) do env = ("%s%s=%s "):format(env, name, quote(value)) end
  local code = ("os.exit(require('cmr.mock').run{%s})"):format(table.concat(parts, ","))
  return env .. quote(mock.interpreter()) .. " -e " .. quote(code)
end

---Makes a server from the lines that a mock prints. Blocks until the mock is ready. Raises when the mock ends first.
-- @param pipe a file with the mock's standard output; other lines may come first
function mock.attach(pipe)
  local server = setmetatable({pipe = pipe, lines = {}}, Server)
  for line in pipe:lines() do
    table.insert(server.lines, line)
    local name, value = line:match("^export (%S+)=(.*)$")
    if name == "CMR_BASE_URL" then server.base_url = value end
    if name == "CMR_API_KEY" then server.key = value end
    if name == "CMR_CA_FILE" then server.ca_file = value end
    local control, token = line:match("^# control: (%S+)%s+x%-mock%-token: (%x+)")
    if control then server.control_url, server.token = control, token end
    server.pid = line:match("^# pid: (%d+)") or server.pid
    if line == "# ready" then return server end
  end
  pipe:close()
  error("the mock did not start:\n" .. table.concat(server.lines, "\n"), 2)
end

---Starts a separate mock; server:stop() stops it. It ends with this process, even if this process crashes.
-- @param options the options of cmr.mock: {port, tls, rate, window}, and env = {NAME = value}
-- @return a server: base_url, key, ca_file (with tls), control_url, token, pid, lines (everything that it printed)
function mock.start(options)
  local path = os.tmpname()
  os.remove(path)
  os.execute("LD_PRELOAD=$CMR_WITNESS; mkfifo -m 600 " .. path)
  -- A shell starts the mock and waits for the end of its own input. The input ends when this process ends.
  local lifeline = assert(io.popen(("exec 3<&0; %s >%s </dev/null 3<&- & read -r _ <&3; kill $! 2>/dev/null; wait")
    :format(mock.command(options or {}), path), "w"))
  local pipe = assert(io.open(path, "r"))
  os.remove(path)
  local server = mock.attach(pipe)
  server.lifeline = lifeline
  return server
end

-- busted loads the modules again for every spec file. Data for the whole suite is stored in busted itself.
local function suite_servers()
  local busted = package.loaded.busted
  if not busted then return {} end
  local servers = rawget(busted, "cmr_mocks")
  if not servers then
    servers = {}
    rawset(busted, "cmr_mocks", servers)
    busted.subscribe({"suite", "end"}, function()
      for kind, server in pairs(servers) do
        servers[kind] = nil
        server:stop()
      end
      return nil, true
    end)
  end
  return servers
end

---Returns the mock that all specs share, with its initial data and without a rate limit.
-- It is started at the first use and stopped at the end of the suite.
-- @param kind "http" or "tls"
function mock.shared(kind)
  local servers = suite_servers()
  servers[kind] = servers[kind] or mock.start{tls = kind == "tls", rate = 0}
  servers[kind]:reset()
  return servers[kind]
end

---Runs curl with a configuration, which is not visible in the list of processes.
-- @param lines array of configuration lines
-- @return curl's output, including its messages
function Server:curl(lines)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write("silent\nshow-error\nnoproxy = \"*\"\nmax-time = 60\n", table.concat(lines, "\n"), "\n")
  if self.ca_file then file:write("cacert = ", configured(self.ca_file), "\n") end
  file:close()
  -- The runtime of a sanitizer, which is loaded for this Lua, would make curl hang.
  local pipe = assert(io.popen("LD_PRELOAD=$CMR_WITNESS; exec curl --disable --config " .. quote(path) .. " 2>&1", "r"))
  local output = pipe:read("*a")
  pipe:close()
  os.remove(path)
  return output
end

---Sends one HTTP request.
-- @param url absolute, or a path below base_url
-- @param options {headers = {name = value}, body = text or a table sent as JSON, key = false to send none,
--   timeout = seconds, lines = {curl configuration}}
-- @return {status, headers = {lower-case name = value}, text, body = decoded JSON or nil, http = "1.1" or "2"}, or nil
--   and curl's message
function Server:request(method, url, options)
  options = options or {}
  if url:sub(1, 1) == "/" then url = self.base_url .. url end
  local lines = {"url = " .. configured(url), "request = " .. method, "include", 'header = "Expect:"'}
  if options.key ~= false then table.insert(lines, "header = " .. configured("cmr-x-api-key: " .. self.key)) end
  for name, value in pairs(options.headers or {}) do
    table.insert(lines, "header = " .. configured(name .. ": " .. value))
  end
  local body = options.body
  if body then
    if type(body) == "table" then body = cjson.encode(body) end
    table.insert(lines, 'header = "Content-Type: application/json"')
    table.insert(lines, "data-raw = " .. configured(body))
  end
  if options.timeout then table.insert(lines, "max-time = " .. options.timeout) end
  for _, line in ipairs(options.lines or {}) do table.insert(lines, line) end

  local output = self:curl(lines)
  local head, text = output:match("^(HTTP/.-)\r\n\r\n(.*)$")
  if not head then return nil, output end
  local reply = {text = text, headers = {}}
  reply.http, reply.status = head:match("^HTTP/(%S+) (%d+)")
  reply.status = tonumber(reply.status)
  for name, value in head:gmatch("\r\n([^:\r\n]+): ?([^\r\n]*)") do reply.headers[name:lower()] = value end
  local decoded, value = pcall(cjson.decode, text)
  reply.body = decoded and value or nil
  return reply
end

---Sends a request whose answer must be JSON in the documented envelope. The status in the envelope must be the HTTP
---status.
-- Takes the parameters of server:request and returns its results.
function Server:call(method, url, options)
  local reply = assert(self:request(method, url, options))
  assert.equal("application/json", reply.headers["content-type"])
  assert.is_table(reply.body, reply.text)
  assert.equal(reply.status, reply.body.status)
  assert.is_string(reply.body.message)
  return reply
end

---Asserts that an answer is a refusal with this status and this message. A nil message accepts any message. Returns the
---answer.
function mock.refused(status, message, reply)
  assert.equal(status, reply.status)
  if message then assert.equal(message, reply.body.message) end
  assert.equal(cjson.null, reply.body.data)
  return reply
end

---Sends a control request. Returns the decoded answer, and raises unless the request succeeds.
function Server:control(method, name, body)
  local reply, message = self:request(method, self.control_url .. name,
    {key = false, headers = {["x-mock-token"] = self.token}, body = body})
  if not reply then error("the mock's control: " .. message, 2) end
  if reply.status ~= 200 then error(("the mock's control: %d %s"):format(reply.status, reply.text), 2) end
  return reply.body
end

---Resets the mock to its initial data. `options` is {rate, window}, which applies until the next reset.
function Server:reset(options)
  self:control("POST", "reset", options or {})
end

---Returns the API requests received since the last reset, oldest first.
function Server:requests()
  return self:control("GET", "requests")
end

---Orders a fault, see docs/mock.md.
function Server:fault(order)
  self:control("POST", "faults", order)
end

---Moves the mock's clock forward.
function Server:advance(seconds)
  self:control("POST", "clock", {advance = seconds})
end

--- Adds a user.
function Server:add_user(id)
  self:control("POST", "users", {userId = id})
end

---Adds a mailbox {mailboxId, email, userId, status}.
function Server:add_mailbox(mailbox)
  self:control("POST", "mailboxes", mailbox)
end

---Stops the mock and waits until all of its processes have ended. Returns the lines that it printed after "# ready". A
---second call does nothing.
function Server:stop()
  if not self.pipe then return "" end
  os.execute("kill " .. self.pid .. " 2>/dev/null")
  local rest = self.pipe:read("*a")
  self.pipe:close()
  if self.lifeline then self.lifeline:close() end
  self.pipe = nil
  return rest
end

return mock
