--- A separate program, which runs with slow_getaddrinfo preloaded. It plays the rows about names. Then it cancels,
-- drops or closes calls in every state in which a fault can hold them up. It prints one line of JSON for each result.

local core = require "cmr.core"
local cjson = require "cjson"
local faultserver = require "spec.support.faultserver"
local judge = require "spec.fault.verdict"
local play = require "spec.fault.play"
local rows = require "spec.fault.rows.dns"
local words = require "spec.fault.wording"

local request, stall = words.request, words.stall
local server = faultserver.start()

local function tell(result)
  print(cjson.encode(result))
  io.stdout:flush()
end

for _, row in ipairs(rows) do
  for _, method in ipairs { "GET", "POST" } do
    local result = play.row(server, row, method)
    -- A busy machine may have taken too long, so the row is played once more.
    if judge.time(row, result) then
      result = play.row(server, row, method)
    end
    local err = result.err
    result.err = { message = err.message, retry_after = err.retry_after }
    result.row, result.method = row[1], method
    tell(result)
  end
end

-- The states in which a call is held up.
local states = {
  { "the name server", host = "hangs.invalid", plain = true, scripts = { words.well } },
  { "the queue", how = "full", plain = true },
  { "the handshake", scripts = { { stall } } },
  { "the request unread", plain = true, scripts = { { stall } } },
  { "the answer", scripts = { words.tls("good", { request, stall }) } },
  { "dripping headers", plain = true,
    scripts = { { request, words.send "HTTP/1.1 200 OK\r\n", words.drip(1, "X: y\r\n") } } },
  { "a flood", plain = true,
    scripts = { { request, words.send(words.answer("200 OK", "1;", { "Transfer-Encoding: chunked" })),
      words.flood "x=y;" } } },
  { "an HTTP/2 stream", scripts = { words.http2({}, { request, words.headers2, stall }) } },
}

if os.getenv "CMR_LACKS_HTTP2" then
  states[#states] = nil -- the HTTP/2 stream
end

local ways = {
  cancel = function(call)
    call.it:cancel()
  end,
  collect = function(call)
    call.it = nil
    collectgarbage()
  end,
  close = function()
    core.engine():close()
  end,
}

local function release(state, way)
  local at = server:play(state.scripts or {}, state.how)
  local engine = core.engine()
  local meter = play.meter()
  local target = play.target(server, state, at)
  local call = { it = assert(core.platforms(target, "U1")) }
  call.it:start(engine, 10)
  local till = core.now() + 0.06 * play.slowness
  while core.now() < till do
    meter.step(engine, 0.01)
  end
  assert(not call.it:done(), "nothing holds it up")
  collectgarbage()
  local watch = play.watch()
  ways[way](call)
  local took = watch()
  local after = play.well(server, state)
  core.engine():close()
  server:count(at)
  return { state = state[1], way = way, longest = meter.longest, took = took, after = after }
end

for _, state in ipairs(states) do
  for _, way in ipairs { "cancel", "collect", "close" } do
    local result = release(state, way)
    if judge.step(result.longest) or judge.step(result.took) then
      result = release(state, way) -- one more try, as above
    end
    tell(result)
  end
end

server:stop()
