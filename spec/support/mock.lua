-- A mock for specs: cmr.mock in a process of its own, driven with the curl program. Nothing here uses the library's
-- own client, so that a mistake there cannot hide itself.
local cjson = require "cjson"
local assert = require "luassert"

local mock = {}

-- The seed's user and mailbox.
mock.USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"
mock.MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR"

local Server = {}
Server.__index = Server

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Returns a value of curl's configuration file.
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

---Returns the shell command that runs the mock with these options (see cmr.mock).
function mock.command(options)
  local parts = {}
  for name, value in pairs(options) do parts[#parts + 1] = ("%s=%s"):format(name, cjson.encode(value)) end
  local code = ("os.exit(require('cmr.mock').run{%s})"):format(table.concat(parts, ","))
  return quote(mock.interpreter()) .. " -e " .. quote(code)
end

--- A server from the lines a mock prints; blocks until it is ready, raises when it ends before.
-- @param pipe what reads the mock's standard output; lines before the mock's own are skipped
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

--- Start a mock of one's own; stop it with server:stop(). It does not outlive this process, whatever happens to that.
-- @param options as of cmr.mock: {port, tls, rate, window}
-- @return a server: base_url, key, ca_file (with tls), control_url, token, pid, lines (all it printed)
function mock.start(options)
  local path = os.tmpname()
  os.remove(path)
  os.execute("LD_PRELOAD=$CMR_WITNESS; mkfifo -m 600 " .. path)
  -- A shell between us and the mock waits for the end of its input, which comes when we are gone.
  local lifeline = assert(io.popen(("exec 3<&0; %s >%s </dev/null 3<&- & read -r _ <&3; kill $! 2>/dev/null; wait")
    :format(mock.command(options or {}), path), "w"))
  local pipe = assert(io.open(path, "r"))
  os.remove(path)
  local server = mock.attach(pipe)
  server.lifeline = lifeline
  return server
end

-- busted gives every spec file fresh modules. What must last as long as the suite is stored in busted itself.
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

--- The mock all specs share, in its seeded state and without a rate limit.
-- Started at first use, stopped with the suite.
-- @param kind "http" or "tls"
function mock.shared(kind)
  local servers = suite_servers()
  servers[kind] = servers[kind] or mock.start{tls = kind == "tls", rate = 0}
  servers[kind]:reset()
  return servers[kind]
end

--- Run curl with a configuration, which does not show in the list of processes.
-- @param lines array of configuration lines
-- @return what it printed, its messages among it
function Server:curl(lines)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write("silent\nshow-error\nnoproxy = \"*\"\nmax-time = 60\n", table.concat(lines, "\n"), "\n")
  if self.ca_file then file:write("cacert = ", configured(self.ca_file), "\n") end
  file:close()
  -- A sanitizer's runtime, loaded for this Lua, makes curl hang.
  local pipe = assert(io.popen("LD_PRELOAD=$CMR_WITNESS; exec curl --disable --config " .. quote(path) .. " 2>&1", "r"))
  local output = pipe:read("*a")
  pipe:close()
  os.remove(path)
  return output
end

--- One HTTP request.
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

--- A request that must be answered with JSON in the documented envelope, whose status repeats the real one.
-- Parameters and the answer as of server:request.
function Server:call(method, url, options)
  local reply = assert(self:request(method, url, options))
  assert.equal("application/json", reply.headers["content-type"])
  assert.is_table(reply.body, reply.text)
  assert.equal(reply.status, reply.body.status)
  assert.is_string(reply.body.message)
  return reply
end

--- Assert that an answer is a refusal with this status and, unless nil, this message. Returns the answer.
function mock.refused(status, message, reply)
  assert.equal(status, reply.status)
  if message then assert.equal(message, reply.body.message) end
  assert.equal(cjson.null, reply.body.data)
  return reply
end

--- A control request; raises unless it succeeds. Returns the decoded answer.
function Server:control(method, name, body)
  local reply, message = self:request(method, self.control_url .. name,
    {key = false, headers = {["x-mock-token"] = self.token}, body = body})
  if not reply then error("the mock's control: " .. message, 2) end
  if reply.status ~= 200 then error(("the mock's control: %d %s"):format(reply.status, reply.text), 2) end
  return reply.body
end

--- Back to the seed. `options`: {rate, window} until the next reset.
function Server:reset(options)
  self:control("POST", "reset", options or {})
end

---Returns the API requests received since the last reset, oldest first.
function Server:requests()
  return self:control("GET", "requests")
end

--- Order a fault; see docs/mock.md.
function Server:fault(order)
  self:control("POST", "faults", order)
end

--- Let time pass for the mock.
function Server:advance(seconds)
  self:control("POST", "clock", {advance = seconds})
end

--- Seed a user.
function Server:add_user(id)
  self:control("POST", "users", {userId = id})
end

--- Seed a mailbox {mailboxId, email, userId, status}.
function Server:add_mailbox(mailbox)
  self:control("POST", "mailboxes", mailbox)
end

--- Stop it and wait until all of it is gone. Returns what it printed after "# ready". Harmless the second time.
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
