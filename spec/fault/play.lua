--- Plays one row of the matrix with one method, and returns the result.

local cmr = require "cmr"
local core = require "cmr.core"
local socket = require "socket"
local words = require "spec.fault.wording"

local play = {}

play.KEY = "fault-spec-key-4711"

--- Whether times can be checked. Under valgrind they cannot.
play.timed = (os.getenv "RUNNER" or "") == ""

--- The factor by which valgrind, a sanitizer or the hook for coverage may slow everything down.
play.slowness = not play.timed and 3 or ({ asan = 4, cov = 2 })[(os.getenv "CMR_FLAVOUR" or ""):match "^%l*"] or 1

--- The factor for time limits. It is larger when other work runs at the same time as the specs.
play.patience = play.slowness * (os.getenv "CMR_BESIDE" and 5 or 1)

--- Timeouts of the client in seconds: long enough for a slow machine, and short enough for a hundred rows.
play.times = { attempt = 0.25 * play.slowness, connect = 0.15 * play.slowness }

--- Returns the seconds for which this thread was ready to run but had to wait for a processor. The library did not
-- cause this wait. Returns 0 if the system does not report it.
local function crowded()
  local file = io.open "/proc/self/schedstat"
  local waited = file and file:read("*l"):match "^%d+ (%d+)"
  if file then
    file:close()
  end
  return (tonumber(waited) or 0) / 1e9
end

--- Makes a stopwatch that stops while this thread waits for a processor.
-- @treturn function returns the seconds since the start
function play.watch()
  local begun, before = core.now(), crowded()
  return function()
    return core.now() - begun - (crowded() - before)
  end
end

--- Makes a loop adapter that measures each step of the engine. It does not sleep, but records how long it would have.
function play.meter()
  local meter = { longest = 0, slept = {}, now = core.now }
  function meter.step(engine, seconds)
    local fd = engine:fd()
    local readable = {
      {
        getfd = function()
          return fd
        end,
        dirty = function()
          return false
        end,
      },
    }
    socket.select(readable, nil, seconds)
    local watch = play.watch()
    engine:wait(0)
    meter.longest = math.max(meter.longest, watch())
  end
  function meter.wait(engine, call)
    while not call:done() do
      meter.step(engine, 1)
    end
  end
  function meter.sleep(_, seconds)
    table.insert(meter.slept, seconds)
  end
  return meter
end

local LARGE = ("x"):rep(4 * 1024 * 1024)

local PATIENT = { connect_timeout = 20, attempt_timeout = 20 }

local calls = {
  GET = function(client)
    return client:platforms "U1"
  end,
  POST = function(client, large)
    return client:reexport({ mailboxId = "M1", google = { clientId = large and LARGE or "c" } })
  end,
}

local function lowest()
  return 0
end

local function where(server, row, at)
  return {
    base_url = ("%s://%s:%d/api"):format(row.plain and "http" or "https", row.host or "127.0.0.1", at.port),
    api_key = play.KEY,
    ca_file = server.ca_file,
    allow_http = row.host ~= nil,
  }
end

--- Returns the core's target for a row's calls.
function play.target(server, row, at)
  return assert(core.target(where(server, row, at)))
end

--- Makes a client for a row's calls.
-- @tparam table at what server:play returned
-- @tparam table meter the client's loop adapter
function play.client(server, row, at, meter)
  local options = where(server, row, at)
  local own = {
    rate = false,
    reexport_quota = false, -- it would warn about the same mailbox again and again
    retries = 1,
    retry_budget = false, -- the rows would share a budget
    timeout = 30,
    attempt_timeout = play.times.attempt,
    connect_timeout = play.times.connect,
    max_response = 64 * 1024,
    jitter = lowest,
    loop = meter,
  }
  for _, given in ipairs { own, row.options or {} } do
    for name, value in pairs(given) do
      options[name] = value
    end
  end
  return cmr.new(options)
end

--- Makes a call on the engine that has just had a fault. Returns true, or why the call failed; and
-- what server:play returned for the call.
function play.well(server, row)
  local at = server:play { row.plain and words.well or words.tls("good", words.well) }
  local res, message = play.client(server, { plain = row.plain }, at, play.meter()):platforms "U1"
  return res and res.message == "fine" or message, at
end

--- Plays a row.
-- @tparam table server see spec.support.faultserver
-- @tparam table row see spec.fault.rows
-- @tparam string method GET or POST
-- @treturn table kind ("ok" for a success), outcome, attempts, status, seen (requests the server received whole),
--   elapsed (seconds), longest (the seconds of the longest step), slept (the seconds of each sleep), res or err,
--   after (true if the engine is still usable, else why not), open (connections that were left open),
--   elsewhere (connections to the other server, if the row has one)
function play.row(server, row, method)
  local elsewhere = row.elsewhere and server:play { words.well }
  local scripts = row.scripts or {}
  if type(scripts) == "function" then
    scripts = scripts(elsewhere and elsewhere.port)
  end
  local at = server:play(scripts, row.how)
  local meter = play.meter()
  local client = play.client(server, row, at, meter)
  if row.warm then
    -- Another client opens the connection. Its timeouts are longer, so that one attempt is enough even on a busy
    -- machine.
    local patient = play.client(server, { plain = row.plain, host = row.host, options = PATIENT }, at, meter)
    local first = assert(patient:platforms "U1")
    assert(cmr.info(first).attempts == 1, "the first request was sent twice")
    socket.sleep(0.03) -- by then, the server's next action has arrived
  end

  local watch = play.watch()
  local res, _, err = calls[method](client, row.large)
  local result = { elapsed = watch(), longest = meter.longest, slept = meter.slept, res = res, err = err }
  local info = cmr.info(res or err) or {}
  result.attempts = info.attempts
  if res then
    result.kind, result.outcome, result.status = "ok", "-", info.status
  else
    result.kind, result.outcome, result.status = err.kind, err.outcome, err.status
  end

  local good
  result.after, good = play.well(server, row)
  client:close()
  local counts = server:count(at)
  server:count(good)
  result.open = counts.open
  result.seen = counts.requests - (row.warm and 1 or 0)
  if elsewhere then
    result.elsewhere = server:count(elsewhere).connections
  end
  return result
end

--- Returns a result in the form of the expectations: "kind outcome attempts status seen".
function play.summary(result)
  return ("%s %s %d %s %d"):format(result.kind, result.outcome, result.attempts, result.status or "-", result.seen)
end

return play
