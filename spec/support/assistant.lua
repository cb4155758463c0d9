-- Runs `cmr mcp` in its own process and uses the Model Context Protocol with it, for specs. spec.support.command.clean
-- removes its files.
local cjson = require "cjson"
local command = require "spec.support.command"

local assistant = {}

local Assistant = {}
Assistant.__index = Assistant

---Starts the server.
-- @param options {words = the arguments of `cmr mcp`, env = its environment, capabilities = the client's capabilities,
--   version = the version of the protocol, raw = true: initialize is not sent}
function assistant.start(options)
  options = options or {}
  local fifo, err, status, pid = os.tmpname(), command.file_with "", command.file_with "", command.file_with ""
  os.remove(fifo)
  command.sh("mkfifo -m 600 " .. fifo)
  local lines = command.environment(options.env)
  local words = command.lua("bin/cmr", "mcp", (table.unpack or unpack)(options.words or {}))
  lines[#lines + 1] = ("{ sh -c 'echo $$ >%s; exec \"$@\"' sh %s; echo $? >%s; } >%s 2>%s"):format(
    pid, words, status, fifo, err)
  local self = setmetatable({err_path = err, status_path = status, pid_path = pid, ids = 0, others = {}}, Assistant)
  self.input = assert(io.popen("exec sh " .. command.file_with(table.concat(lines, "\n")), "w"))
  self.input:setvbuf "no"
  self.output = assert(io.open(fifo, "r"))
  os.remove(fifo)
  if options.raw then return self end
  self.welcome = self:request("initialize", {
    protocolVersion = options.version or "2025-06-18",
    capabilities = options.capabilities or {elicitation = cjson.decode "{}"},
    clientInfo = {name = "spec", version = "1"},
  }).result
  self:notify "notifications/initialized"
  return self
end

---Writes text, unchanged.
function Assistant:write(text)
  self.input:write(text)
end

---Writes a message.
function Assistant:send(message)
  message.jsonrpc = "2.0"
  self:write(cjson.encode(message) .. "\n")
end

---Sends a notification.
function Assistant:notify(method, params)
  self:send{method = method, params = params}
end

---Returns the next message of the server, decoded and as text; nil at the end.
function Assistant:read()
  local line = self.output:read "*l"
  if not line then return nil end
  self.seen = (self.seen or "") .. line .. "\n"
  return cjson.decode(line), line
end

---Sends a request. Returns its id.
function Assistant:begin(method, params)
  self.ids = self.ids + 1
  self:send{id = self.ids, method = method, params = params}
  return self.ids
end

---Returns the answer to a request. Other messages are added to self.others.
function Assistant:answer(id)
  while true do
    local message = assert(self:read(), "the server has ended")
    if message.id == id and not message.method then return message end
    table.insert(self.others, message)
  end
end

---Sends a request, and returns its answer.
function Assistant:request(method, params)
  return self:answer(self:begin(method, params))
end

---Sends a call of a tool. Returns its id.
function Assistant:begin_call(name, args, token)
  return self:begin("tools/call", {name = name, arguments = args, _meta = token and {progressToken = token}})
end

---Returns the texts of a tool's result, joined, and whether it is an error.
function assistant.text(answer)
  local texts = {}
  for index, part in ipairs(assert(answer.result, cjson.encode(answer)).content) do texts[index] = part.text end
  return table.concat(texts, "\n"), answer.result.isError
end

---Calls a tool. Returns the texts of the result, joined, and whether it is an error.
function Assistant:call(name, args)
  return assistant.text(self:answer(self:begin_call(name, args)))
end

---Returns whether the server answers "ping".
function Assistant:is_alive()
  return self:request("ping").result ~= nil
end

---Sends a signal to the server.
function Assistant:signal(name)
  command.sh(("kill -%s %s"):format(name, command.read(self.pid_path)))
end

---Closes the server's input and waits until the server ends. Returns its exit status and its standard error.
function Assistant:close()
  if self.input then
    self.input:close()
    while self:read() do end
    self.output:close()
    self.input = nil
  end
  return tonumber(command.read(self.status_path)), command.read(self.err_path)
end

return assistant
