-- cmr listen, with many connections at once: each one is answered, and reported.
local command = require "spec.support.command"
local listeners = require "spec.support.listener"

local PROCESSES, EACH = 4, 250 -- in one process, LuaSocket can only wait for descriptors below 1,024

-- Connects, says so in a file, waits for the file "go", sends one request on each connection, and prints the statuses.
local CLIENT = [[
local socket = require "socket"
local port, directory, name, count = ...
local connections, statuses = {}, {}
for index = 1, count do
  local connection, message = socket.connect("127.0.0.1", port)
  if not connection then print(message) end
  connections[index] = connection
end
io.open(directory .. "/" .. name, "w"):close()
while not io.open(directory .. "/go") do socket.sleep(0.01) end
for _, connection in ipairs(connections) do
  connection:settimeout(60)
  connection:send "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
end
for _, connection in ipairs(connections) do
  local line, message = connection:receive "*l"
  print(line and line:match "^HTTP/1.1 (%d+)" or message)
end]]

-- Returns how often each status came, and how many deliveries the listener reported.
local function crowd(listener)
  local directory, script, pipes = command.sh "mktemp -d", command.file_with(CLIENT), {}
  for index = 1, PROCESSES do
    pipes[index] = io.popen(command.lua(script, listener.port, directory, index, EACH))
  end
  command.sh(("while [ $(ls %s | wc -l) -lt %d ]; do sleep 0.05; done; touch %s/go"):format(directory, PROCESSES,
    directory))
  local counts, reported = {}, 0
  for _ = 1, PROCESSES * EACH do
    reported = reported + (listener:line().kind == "missing_signature" and 1 or 0)
  end
  for _, pipe in ipairs(pipes) do
    for line in pipe:lines() do counts[line] = (counts[line] or 0) + 1 end
    pipe:close()
  end
  command.sh("rm -rf " .. directory)
  return counts, reported
end

describe("cmr listen with 1,000 connections at once #nginx", function()
  teardown(command.clean)

  for _, limit in ipairs{4096, 1024} do
    it(("answers and reports each, with %d descriptors"):format(limit), function()
      -- besides the descriptors that it inherits from the specs
      local set_limit = ("ulimit -n $((%d + $(ls /proc/self/fd | wc -l)));"):format(limit)
      local listener = listeners.start({}, nil, nil, set_limit)
      finally(function() listener:stop() end)
      local counts, reported = crowd(listener)
      assert.same({["401"] = PROCESSES * EACH}, counts)
      assert.equal(PROCESSES * EACH, reported)
    end)
  end
end)
