-- Clients, calls and clocks for specs against a mock.
local cmr = require "cmr"
local core = require "cmr.core"
local block = require "cmr.loop.block"

local client = {
  LACKS_HTTP2 = os.getenv "CMR_LACKS_HTTP2" and "this libcurl has no HTTP/2", -- see scripts/test/no-http2.sh
}

local function with_server(server, options)
  local all = {api_key = server.key, base_url = server.base_url, ca_file = server.ca_file}
  for name, value in pairs(options or {}) do all[name] = value end
  return all
end

--- Makes a client of this mock, with these options of cmr.new. By default, it has no pacing, no quota of re-exports and
--- no retry budget, because the specs of a process would share them.
function client.new(server, options)
  local all = with_server(server, options)
  if all.rate == nil then all.rate = false end
  if all.retry_budget == nil then all.retry_budget = false end
  if all.reexport_quota == nil then all.reexport_quota = false end
  return cmr.new(all)
end

---Returns a target for calls of the core to this mock.
function client.target(server, options)
  return assert(core.target(with_server(server, options)))
end

--- Lets the engine run until every one of these calls has finished.
function client.finish(...)
  local engine = core.engine()
  for _, call in ipairs{...} do
    while not call:done() do engine:wait(1000) end
  end
end

---Makes one attempt with only the core: starts the call, waits and returns the call's result.
function client.attempt(call, timeout)
  call:start(core.engine(), timeout or 10)
  client.finish(call)
  return call:result()
end

---Lets the engine run until the server has received the wanted number of requests.
-- @param server a mock that answers late
-- @param wanted the number of requests that it must have received
-- @param seconds the longest wait; default: 10
function client.run_until_received(server, wanted, seconds)
  local engine = core.engine()
  local limit = core.now() + (seconds or 10)
  while #server:requests() < wanted do
    assert(core.now() < limit, "the server did not receive the requests")
    engine:wait(10)
  end
end

---Makes a loop adapter whose clock moves only when the adapter sleeps. Sleeping takes no real time, so specs get real
---answers without waits.
-- @return the adapter, with clock (in seconds) and slept (an array of all sleeps)
function client.fake_loop()
  local fake = {clock = 1000, slept = {}}
  fake.wait = block.wait
  function fake.now() return fake.clock end
  function fake.sleep(_, seconds)
    fake.slept[#fake.slept + 1] = seconds
    fake.clock = fake.clock + seconds
  end
  return fake
end

return client
