-- How long a call lasts in real time, waits included, and what a fault of one call does to the others.
local core = require "cmr.core"
local faultserver = require "spec.support.faultserver"
local judge = require "spec.fault.verdict"
local play = require "spec.fault.play"
local support = require "spec.support.client"
local words = require "spec.fault.wording"

local request, stall = words.request, words.stall
local SLACK = judge.SLACK

describe("time #fault", function()
  local server

  setup(function()
    server = faultserver.start()
  end)
  teardown(function()
    server:stop()
  end)

  -- Makes a call that fails. Its waits take real time, as without an event loop. Returns its seconds and its error.
  local function measure(row)
    local at = server:play(row.scripts or {}, row.how)
    local options = { loop = "block", retries = 100, timeout = 0.4 * play.slowness }
    for name, value in pairs(row.options or {}) do
      options[name] = value
    end
    local client = play.client(server, { plain = row.plain, options = options }, at, "block")
    local watch = play.watch()
    local res, _, err = client:platforms "U1"
    local took = watch()
    assert(not res)
    client:close()
    server:count(at)
    return took, err
  end

  -- Measures a row, whose call must end in time. The machine may have been busy, so a slow call is measured once more.
  local function in_time(row, seconds)
    local took, err = measure(row)
    if took > seconds + SLACK then
      took, err = measure(row)
    end
    assert.is_true(took <= seconds + SLACK, took)
    return took, err
  end

  local bounded = {
    { "that stalls", { request, stall } },
    { "that drips", { request, words.send "HTTP/1.1 200 OK\r\n", words.drip(5, "X: y\r\n") } },
    { "that resets", { request, words.reset } },
    { "that fails", { request, words.send(words.answer("500 Oops", "{}")), words.again } },
    { "that asks to wait", { request, words.send(words.answer("429 Slow", "{}", { "Retry-After: 1" })), words.again } },
    { "that nobody accepts", how = "full" },
    { "that nobody listens on", how = "refuse" },
  }

  for _, case in ipairs(bounded) do
    it("timeout bounds the whole call to a server " .. case[1], function()
      in_time({ plain = true, scripts = { case[2] }, how = case.how }, 0.4 * play.slowness)
    end)
  end

  it("the shortest timeout counts", function()
    local bounds = {
      { how = "full", options = { connect_timeout = 10, attempt_timeout = 0.2, timeout = 10, retries = 0 } },
      { scripts = { { request, stall } }, options = { connect_timeout = 10, attempt_timeout = 10, timeout = 0.2 } },
      { scripts = { { request, stall } }, options = { connect_timeout = 0.1, attempt_timeout = 0.2, retries = 0 } },
    }
    for index, row in ipairs(bounds) do
      row.plain = true
      local took, err = in_time(row, 0.2)
      assert.equal("timeout", err.kind, index)
      assert.is_true(took >= 0.15, took)
    end
  end)

  it("a Retry-After that is longer than the call's time fails at once", function()
    local _, err = in_time({ plain = true,
      scripts = { { request, words.send(words.answer("429 Slow", "{}", { "Retry-After: 20" })) } } }, 0)
    assert.equal("rate_limited", err.kind)
    assert.equal(20, err.retry_after)
  end)

  -- Later calls must not queue on a connection that has stopped answering.
  it("an HTTP/2 connection that has timed out is not used again", function()
    if support.LACKS_HTTP2 then return pending(support.LACKS_HTTP2) end
    local at = server:play { words.http2({}, { request, stall }), words.well2 }
    local client = play.client(server, { options = { retries = 0 } }, at, play.meter())
    local _, _, err = client:reexport { mailboxId = "M1" }
    assert.equal("timeout", err.kind)
    assert.equal("unknown", err.outcome)
    local res, message = client:reexport { mailboxId = "M2" }
    assert.is_table(res, message)
    client:close()
    assert.equal(2, server:count(at).requests)
  end)

  it("two calls waiting for one handshake end each in time, unsent", function()
    local at = server:play { { stall } }
    local target = play.target(server, {}, at)
    local engine = core.engine()
    local meter = play.meter()
    local one, two = assert(core.platforms(target, "U1")), assert(core.reexport(target, { mailboxId = "M1" }))
    local watch = play.watch()
    one:start(engine, 0.2)
    two:start(engine, 0.25)
    meter.wait(engine, one)
    assert.is_true(watch() <= 0.2 + SLACK)
    meter.wait(engine, two)
    assert.is_true(watch() <= 0.25 + SLACK)
    assert.is_nil(judge.step(meter.longest))
    for _, call in ipairs { one, two } do
      local _, _, err = call:result()
      assert.equal("timeout", err.kind)
      assert.equal("not_sent", err.outcome)
    end
    engine:close()
    assert.equal(0, server:count(at).requests)
  end)

  it("a stalled call does not hold up another", function()
    local slow, quick = server:play { { request, stall } }, server:play { words.well }
    local engine = core.engine()
    local meter = play.meter()
    local held = assert(core.platforms(play.target(server, { plain = true }, slow), "U1"))
    local free = assert(core.platforms(play.target(server, { plain = true }, quick), "U1"))
    held:start(engine, 5)
    local watch = play.watch()
    free:start(engine, 5)
    meter.wait(engine, free)
    assert.is_true(watch() < 1)
    assert.is_table((free:result()))
    held:cancel()
    engine:close()
    assert.equal(1, server:count(slow).requests)
  end)
end)
