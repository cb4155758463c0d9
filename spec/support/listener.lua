-- Runs `cmr listen` in its own process, for specs. spec.support.command.clean removes its files.
local cjson = require "cjson"
local command = require "spec.support.command"
local delivery = require "spec.support.delivery"
local http = require "spec.support.http"

local listener = {}

local Listener = {}
Listener.__index = Listener

---Starts the listener with these words on the command line.
-- @param key the key that signs the deliveries; default: delivery.KEY
-- @param ledger the path of the ledger; default: a new ledger
-- @param lead shell text before the command; default: none
function listener.start(words, key, ledger, lead)
  local file = command.file_with((key or delivery.KEY) .. "\n")
  local line = command.lua("bin/cmr", "listen", "--api-key-file", file, (table.unpack or unpack)(words))
  line = ("%sCMR_LEDGER=%s exec %s"):format(lead or "", command.quote(ledger or command.ledger()), line)
  local pipe = assert(io.popen(line, "r"))
  local self = setmetatable({pipe = pipe}, Listener)
  local ready = self:line()
  self.pid, self.url = ready.pid, ready.url
  self.port = tonumber(ready.url:match ":(%d+)/$")
  return self
end

---Returns the next line that the listener prints, decoded and as text.
function Listener:line()
  local text = assert(self.pipe:read "*l", "the listener has ended")
  return cjson.decode(text), text
end

---Sends a delivery that is signed now. Returns the request of spec.support.http.
-- @param given optional: headers in place of the right ones, and path
function Listener:send(body, given)
  given = given or {}
  local headers = given.headers or delivery.headers("body-hex-seconds", body, {time = os.time()})
  return http.send(self.port, given.path or "/", {method = "POST", headers = headers, body = body})
end

---Stops the listener and waits for its end.
function Listener:stop()
  if not self.pipe then return end
  os.execute(("kill %d 2>/dev/null"):format(self.pid))
  self.pipe:read "*a"
  self.pipe:close()
  self.pipe = nil
end

return listener
