-- Measures how often an nginx worker wakes up after its calls, when it has nothing to do.
local nginx = require "spec.support.nginx"
local shell = require "bench.shell"
local site = require "bench.site"

local nginx_idle = { title = "idle worker after a burst: wake-ups in %d s" }

-- Counts the worker's waits that ended. The last wait did not end, because strace stopped during it.
local function wake_ups(trace)
  local count = 0
  for line in trace:gmatch "[^\n]+" do
    count = count + (line:find "epoll_wait.* = %d" and 1 or 0)
  end
  return count
end

local function idle(kind, seconds)
  local server = site.start(kind)
  server:load(64, 1)()
  nginx.output "sleep 1" -- by then, the connections of the load are closed
  local trace = os.tmpname()
  shell.run(("timeout %d strace -q -f -o %s -p %s || test $? = 124"):format(seconds, trace, server.server:workers()[1]))
  local text = nginx.read(trace)
  os.remove(trace)
  server:stop()
  assert(text:find "epoll_wait", "strace saw nothing")
  return wake_ups(text)
end

function nginx_idle.run(size)
  local seconds = size.quick and 2 or 10
  local ours, theirs = idle("ours", seconds), idle("cosocket", seconds)
  return {
    {
      name = nginx_idle.title:format(seconds),
      against = "strace",
      unit = "wake-ups",
      value = ours,
      target = "<= 0",
      note = ("under the cosocket client %d"):format(theirs),
    },
  }
end

return nginx_idle
