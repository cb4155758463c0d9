-- Runs the nginx example under load for some time, with faults of the upstream server, clients that disconnect, and
-- reloads. Returns a report.
local example = require "spec.support.example"
local http = require "spec.support.http"
local nginx = require "spec.support.nginx"
local socket = require "socket"

local soak = {}

local CONNECTIONS = 48
local SAMPLE = 0.5 -- in seconds, between two checks of the processes
local BATCH = 100 -- number of faults ordered at a time; one request in 20 gets a fault

local FAULTS = {
  '{"close":true}', '{"status":500}', '{"delay":1.5}', '{"body":"garbage"}', '{"close":"after"}',
  '{"status":503,"headers":{"Retry-After":"1"}}', '{"body":"{\\"status\\":200,\\"data\\":{"}',
  '{"status":429,"headers":{"Retry-After":"1"}}',
}

-- A location that prints the number of a worker's timers and of the transfers in its engine.
local STATE = [[
  location = /state { content_by_lua_block {
    collectgarbage()
    ngx.print(ngx.timer.running_count() + ngx.timer.pending_count(), " ", require("cmr.core").engine():count())
  } }
]]

-- Orders BATCH faults from the mock: 19 requests go well, and the next one meets a fault. A single curl sends all the
-- orders in the background.
local function order(upstream, next_fault)
  local lines = {}
  local function post(body)
    for _, line in ipairs{
      ("url = \"%sfaults\""):format(upstream.control_url), 'request = "POST"', 'output = "/dev/null"',
      ("header = \"x-mock-token: %s\""):format(upstream.token),
      ("data-raw = \"%s\""):format(body:gsub('[\\"]', "\\%0")), "next",
    } do table.insert(lines, line) end
    if upstream.ca_file then table.insert(lines, #lines, ("cacert = \"%s\""):format(upstream.ca_file)) end
  end
  for _ = 1, BATCH do
    post '{"times":19}'
    post(next_fault())
  end
  lines[#lines] = nil
  local path = os.tmpname()
  nginx.write(path, table.concat(lines, "\n") .. "\n")
  local command = "LD_PRELOAD=$CMR_WITNESS; curl --disable --silent --noproxy '*' --config %s 2>&1; rm -f %s"
  return assert(io.popen(command:format(path, path), "r"))
end

local function resident(pid) -- in kB
  return tonumber(nginx.read(("/proc/%s/status"):format(pid)):match("VmRSS:%s+(%d+)"))
end

local function descriptors(pid)
  return tonumber(nginx.output(("ls /proc/%s/fd 2>/dev/null | wc -l"):format(pid)))
end

local function at_rest(server)
  nginx.eventually("nothing is left to do", function() return server:text("/state") == "0 0" end, 40)
end

-- Sends a random request of the kinds that customers make, and returns it.
local function request(server)
  local dice = math.random()
  local headers = dice < 0.97 and example.AUTHORIZATION or nil
  if dice < 0.8 then return server:send(("/users/%s/platforms"):format(example.USER), {headers = headers}) end
  return server:send(("/users/%s/mailboxes/%s/reexport"):format(example.USER, example.MAILBOX), {
    method = "POST", headers = headers, body = '{"google": {"appName": "Outreach App"}}',
  })
end

local function drive(server, upstream, options)
  local report = {
    requests = 0, answered = {}, unanswered = {}, hung_up = 0, longest = 0, faults = 0, reloads = 0, resident = {},
    master = {}, descriptors = {}, master_descriptors = {},
  }

  local function look(key)
    at_rest(server)
    local most = 0
    for _, pid in ipairs(server:workers()) do most = math.max(most, descriptors(pid)) end
    report.descriptors[key], report.master_descriptors[key] = most, descriptors(server.pid)
    report.master[key] = resident(server.pid)
  end

  local function next_fault()
    report.faults = report.faults + 1
    return FAULTS[report.faults % #FAULTS + 1]
  end

  local generation, old = 1, {}
  local function sample()
    local most = report.resident[generation] or 0
    for _, pid in ipairs(server:workers()) do
      if not old[pid] then most = math.max(most, resident(pid) or 0) end
    end
    report.resident[generation] = most
  end

  local function reload()
    for _, pid in ipairs(server:workers()) do old[pid] = true end
    server:reload()
    generation = generation + 1
    report.reloads = report.reloads + 1
  end

  local function count(one)
    if one.leaves_at and not one.status then
      report.hung_up = report.hung_up + 1
    elseif one.status then
      report.answered[one.status] = (report.answered[one.status] or 0) + 1
      report.longest = math.max(report.longest, one.took)
    else
      report.unanswered[one.why] = (report.unanswered[one.why] or 0) + 1
    end
  end

  local active = {}
  local function turn(now, filling)
    while filling and #active < CONNECTIONS do
      local one = request(server)
      if math.random() < 0.02 then one.leaves_at = now + math.random() * 0.05 end
      report.requests = report.requests + 1
      table.insert(active, one)
    end
    local until_when = now + 0.05
    http.collect(active, 60, function()
      if socket.gettime() > until_when then return true end
      for _, one in ipairs(active) do
        if not one.connection then return true end
      end
      socket.sleep(0.0005)
    end)
    for index = #active, 1, -1 do
      local one = active[index]
      if one.leaves_at and now > one.leaves_at then one:close() end
      if not one.connection then count(table.remove(active, index)) end
    end
  end

  server:text("/users/none", 404)
  look(1)
  local begun = socket.gettime()
  local reload_at, sample_at, ordering = begun + options.reload_every, begun, nil
  local now = begun
  while now - begun < options.seconds do
    -- One upstream request in 20 meets a fault, and a customer's request makes about one upstream request. The next
    -- batch of faults is ordered when half of the last batch is left.
    if report.requests >= report.faults * 20 - BATCH * 10 then
      if ordering then ordering:close() end
      ordering = order(upstream, next_fault)
    end
    turn(now, true)
    now = socket.gettime()
    if now > sample_at then
      sample()
      sample_at = now + SAMPLE
    end
    if now > reload_at then
      reload()
      reload_at = socket.gettime() + options.reload_every
    end
  end
  sample()
  while #active > 0 and socket.gettime() - now < 40 do turn(socket.gettime(), false) end
  for _, one in ipairs(active) do
    one:close("no answer")
    count(one)
  end
  ordering:close()
  upstream:reset()
  for _ = 1, 10 do server:get(("/users/%s/platforms"):format(example.USER), {headers = example.AUTHORIZATION}) end
  nginx.eventually("the old workers are gone", function() return #server:workers() == 2 end, 60)
  look(2)
  report.seconds = now - begun
  return report
end

--- Runs the load.
-- @param upstream a mock without a rate limit
-- @param options seconds: the duration of the load; reload_every: seconds between two reloads
-- @return report. Each {first, last} was measured at rest, before and after the load. Its fields:
--   requests, faults, reloads, seconds
--   answered            {status = count}
--   unanswered          {why = count}
--   hung_up             how many clients closed the connection before the answer
--   longest             the seconds of the slowest answer
--   resident            {kB of the largest worker, by generation}; each reload begins a generation
--   master              {first, last}: kB of the master
--   descriptors         {first, last}: open descriptors of the worker that has most of them
--   master_descriptors  {first, last}: open descriptors of the master
function soak.run(upstream, options)
  local server = example.start(upstream, {workers = 2, settings = "rate = false", server = STATE, log = "error"})
  local fine, report = pcall(drive, server, upstream, options)
  server:stop()
  if not fine then error(report, 0) end
  return report
end

return soak
