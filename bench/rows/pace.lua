-- Measures how much of the rate the workers of an nginx use together. Checks that a strict server never refuses one of
-- their requests.
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"
local socket = require "socket"

local pace = { title = "share of 4 requests/s that 4 workers use in %d s" }

local RATE, WORKERS, LINES = 4, 4, 2 -- LINES is the number of calls that wait at the same time in a worker
local WINDOWS = { "bucket", "fixed", "sliding" }

-- Every worker makes calls until the time is over.
local HTTP = [[
  lua_shared_dict cmr 1m;
  init_worker_by_lua_block {
    local core = require "cmr.core"
    local function calls()
      local client, till = require("cmr").new{retries = 0}, core.now() + $seconds
      while core.now() < till do
        local res, why = client:platforms "BVZGM5TE9BMP3PP0VWGW943RGV1B"
        if not res then ngx.log(ngx.ERR, why) end
      end
    end
    for _ = 1, $lines do ngx.timer.at(0, calls) end
  }
]]

local function counted(upstream)
  local answered, refused = 0, 0
  for _, request in ipairs(upstream:requests()) do
    answered = answered + (request.status == 200 and 1 or 0)
    refused = refused + (request.status == 429 and 1 or 0)
  end
  return answered, refused
end

function pace.run(size)
  local seconds = size.quick and 4 or 60
  local runs = {}
  for index, window in ipairs(WINDOWS) do
    local upstream = mock.start { tls = true, rate = 5, window = window }
    local http = HTTP:gsub("%$(%a+)", { seconds = tostring(seconds + 10), lines = tostring(LINES) })
    runs[index] = { upstream = upstream, server = nginx.start { mock = upstream, workers = WORKERS, http = http } }
    nginx.eventually("the first call", function()
      return upstream:requests()[1]
    end)
    runs[index].till = socket.gettime() + seconds
  end
  local bars, least, refusals = {}, math.huge, 0
  for index, run in ipairs(runs) do
    socket.sleep(math.max(0, run.till - socket.gettime()))
    run.answered, run.refused = counted(run.upstream)
    local used = 100 * run.answered / (RATE * seconds)
    bars[index] = {
      name = WINDOWS[index],
      ours = true,
      values = { used },
      median = used,
      note = ("%d calls, %d times 429"):format(run.answered, run.refused),
    }
    least, refusals = math.min(least, used), refusals + run.refused
  end
  for _, run in ipairs(runs) do
    run.server:stop()
    run.upstream:stop()
  end
  return {
    {
      name = pace.title:format(seconds),
      against = "mocks that allow 5/s, with a bucket, a fixed and a sliding window",
      unit = "%",
      bars = bars,
      value = least,
      target = ">= 98 %",
      broken = refusals > 0,
      note = ("%d answers of 429"):format(refusals),
    },
  }
end

return pace
