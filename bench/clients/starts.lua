-- Starts COUNT jobs with the library: starts.lua COUNT. At the default rate, they wait for their slots. Prints the
-- average CPU time of one job in microseconds: of the first thousand jobs, and of the last thousand.
local client = require("cmr").new { api_key = "key", base_url = "http://127.0.0.1:1" }

local function start(count)
  local begun = os.clock()
  for _ = 1, count do
    client:start("platforms", "BVZGM5TE9BMP3PP0VWGW943RGV1B")
  end
  return (os.clock() - begun) / count * 1e6
end

local count = tonumber(arg[1])
local first = start(1000)
start(count - 2000)
print(first, start(1000))
io.stdout:flush()
os.exit(0, false) -- does not wait for the jobs
