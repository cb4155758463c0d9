-- make bench-pacing: runs hosts that share a key, with their queue in Redis and without Redis. Tries each way in which
-- a server may count, and a Redis that is killed during the run. Prints a table and writes build/bench/pacing.json. The
-- environment variable S is the duration in seconds (60).
local cjson = require "cjson"
local hosts = require "bench.pacing.hosts"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"
local socket = require "socket"

local RATE, LIMIT = 4, 5 -- requests per second: the configured rate, and the server's limit
local HOSTS, WORKERS = 3, 4
local WINDOWS = { "bucket", "fixed", "sliding" }
local SECONDS = tonumber(os.getenv "S") or 60
local OUT = "build/bench/pacing.json"

-- For each way of counting, runs hosts against a server that counts this way. All run at the same time.
-- @param server the Redis that the hosts share, or nil
-- @param meanwhile called with each run while its hosts make calls
local function measure(windows, server, meanwhile)
  local runs = {}
  for index, window in ipairs(windows) do
    local api = mock.start { rate = LIMIT, window = window }
    local field = hosts.start { mock = api, redis = server, hosts = HOSTS, workers = WORKERS, prefix = window .. ":" }
    runs[index] = { window = window, api = api, field = field }
  end
  for _, run in ipairs(runs) do
    run.begun, run.before = socket.gettime(), hosts.answers(run.api)
  end
  for _, run in ipairs(runs) do
    if meanwhile then meanwhile(run) end
    socket.sleep(math.max(0, run.begun + SECONDS - socket.gettime()))
    local seconds, after = socket.gettime() - run.begun, hosts.answers(run.api)
    run.calls, run.refused = after[200] - run.before[200], after[429] - run.before[429]
    run.used = 100 * run.calls / (RATE * seconds)
  end
  for index, run in ipairs(runs) do
    local warnings = run.field:warnings()
    local _, lost = run.field:stop()
    run.api:stop()
    runs[index] = {
      window = run.window,
      calls = run.calls,
      refused = run.refused,
      used = run.used,
      lost = lost,
      warnings = warnings,
      back = run.back,
    }
  end
  return runs
end

local function outage(server)
  return function(run)
    socket.sleep(SECONDS / 3)
    server:kill()
    socket.sleep(SECONDS / 6)
    server:run()
    local begun = socket.gettime()
    nginx.eventually("the queue is in Redis again", function()
      return server:cli "keys '*:free:*'" ~= ""
    end, SECONDS)
    run.back = socket.gettime() - begun
  end
end

-- Returns a text that says how many warnings each process wrote. Also returns true if at least one process wrote a
-- warning, and no process wrote two.
local function told(warnings)
  table.sort(warnings)
  local least, most = warnings[1], warnings[#warnings]
  return ("%d processes wrote %s warning each"):format(#warnings, least == most and most or least .. " or " .. most),
    most == 1
end

local function print_rows(title, rows)
  print(("\n%s\n\n| window | calls | of %d/s | 429 | lost |\n|---|---|---|---|---|"):format(title, RATE))
  for _, row in ipairs(rows) do
    print(("| %s | %d | %.1f %% | %d | %d |"):format(row.window, row.calls, row.used, row.refused, row.lost))
  end
end

local function main()
  local server = redis.start()
  local shared = measure(WINDOWS, server)
  local alone = measure(WINDOWS)
  local broken = measure({ "sliding" }, server, outage(server))
  server:stop()

  print(
    ("%d hosts with %d workers each, one key, %d s, a server that allows %d/s"):format(HOSTS, WORKERS, SECONDS, LIMIT)
  )
  print_rows("one queue in Redis", shared)
  print_rows("without: each host for itself", alone)
  print_rows(("one queue in Redis, which is killed for %.0f s"):format(SECONDS / 6), broken)
  local gone = broken[1]
  local text, once = told(gone.warnings)
  print(("\n%s; the queue was in Redis again after %.1f s"):format(text, gone.back))
  nginx.output "mkdir -p build/bench"
  nginx.write(OUT, cjson.encode {
    seconds = SECONDS,
    rate = RATE,
    limit = LIMIT,
    hosts = HOSTS,
    workers = WORKERS,
    shared = shared,
    alone = alone,
    outage = gone,
  } .. "\n")
  print("Written: " .. OUT)

  local met = gone.lost == 0 and once
  for _, row in ipairs(shared) do
    met = met and row.used >= 98 and row.refused == 0 and row.lost == 0
  end
  print(
    met and "The targets are met: 98 % used and no 429; no call lost and one warning a process without Redis."
      or "A target was MISSED: 98 % used and no 429; no call lost and one warning a process without Redis."
  )
  return met
end

local fine, met = pcall(main)
if not fine then io.stderr:write("bench-pacing: ", tostring(met), "\n") end
os.exit(fine and met and 0 or 1)
