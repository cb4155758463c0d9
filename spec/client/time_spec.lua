-- How long a call may take and what it waits for. Where a spec can, it uses a fake clock. A sleep moves this clock
-- forward, and takes no real time.
local cmr = require "cmr"
local core = require "cmr.core"
local support = require "spec.support.client"
local mock = require "spec.support.mock"

local USER, MAILBOX = mock.USER, mock.MAILBOX

describe("a client", function()
  local server, fake
  local real_now = core.now

  before_each(function()
    core.engine():close()
    server = mock.shared("http")
    fake = support.fake_loop()
  end)

  after_each(function()
    core.now = real_now
  end)

  local function client(options)
    local all = {loop = fake, jitter = function() return 0 end}
    for name, value in pairs(options or {}) do all[name] = value end
    return support.new(server, all)
  end

  describe("waits before it asks again", function()
    local function waits(fault, dice)
      fault.times = 5
      server:fault(fault)
      client{retries = 5, timeout = 1000, jitter = function() return dice end}:platforms(USER)
      return fake.slept
    end

    it("half a second, doubling to 8 s, at least half of it", function()
      assert.same({0.25, 0.5, 1, 2, 4}, waits({close = true}, 0))
    end)

    it("at most all of it", function()
      assert.same({0.5, 1, 2, 4, 8}, waits({close = true}, 1))
    end)

    it("no less than 5 s after a 5xx, which the vendor asks for", function()
      assert.same({5.25, 5.5, 6, 7, 9}, waits({status = 503}, 0))
    end)

    it("less than that after a 5xx when the call has less time left", function()
      server:fault{status = 503}
      assert(client{timeout = 4}:platforms(USER))
      assert.same({0.25}, fake.slept)
      server:fault{status = 503}
      assert(client{timeout = 5.1}:platforms(USER))
      assert.same({0.25, 5}, fake.slept)
    end)

    it("as long as the server says, and a little more", function()
      assert.same({7, 7, 7, 7, 7}, waits({status = 429, headers = {["Retry-After"] = "7"}}, 0))
      fake.slept = {}
      server:reset()
      for _, seconds in ipairs(waits({status = 503, headers = {["Retry-After"] = "7"}}, 0.9)) do
        assert.is_true(seconds > 7 and seconds <= 8, seconds)
      end
    end)

    it("each time a little differently, without being told how", function()
      server:fault{close = true, times = 20}
      support.new(server, {loop = fake, retries = 15, timeout = 1000}):platforms(USER)
      local different, seen = 0, {}
      for index = 5, 15 do
        local seconds = fake.slept[index]
        assert.is_true(seconds >= 4 and seconds <= 8, seconds)
        if not seen[seconds] then different = different + 1 end
        seen[seconds] = true
      end
      assert.is_true(different > 5)
    end)
  end)

  describe("has more time where the vendor may take long", function()
    local bounds = require("cmr.client_options").bounds
    local slow = require("cmr.operations").check_workspace
    local two = {domains = {{domainName = "a.com"}, {domainName = "b.com"}}}

    local function of(options, operation, args)
      return {bounds(client(options)._state.options, operation, {arguments = function() return args end})}
    end

    it("for one item and for each of several", function()
      assert.same({30, 12}, of({}, require("cmr.operations").platforms, {}))
      assert.same({30, 12}, of({}, nil, {}))
      assert.same({45, 27}, of({}, slow, {domainName = "a.com"}))
      assert.same({60, 42}, of({}, slow, two))
    end)

    it("but not more than the user says", function()
      assert.same({7, 42}, of({timeout = 7}, slow, two))
      assert.same({60, 3}, of({attempt_timeout = 3}, slow, two))
      local derived = client{timeout = 7}:with{retries = 0}
      assert.same({7, 27}, {bounds(derived._state.options, slow, {arguments = function() return {} end})})
    end)

    it("so that it waits longer than other calls", function()
      local fault = {status = 429, headers = {["Retry-After"] = "40"}}
      server:fault(fault)
      local answer, _, err = client():platforms(USER)
      assert.is_nil(answer)
      assert.equal("rate_limited", err.kind)
      server:fault(fault)
      assert(client():check_workspace(two))
      assert.same({40}, fake.slept)
    end)
  end)

  describe("fails at once", function()
    it("when the server wants a longer wait than there is time", function()
      for status, kind in pairs{[429] = "rate_limited", [503] = "server_error"} do
        server:fault{status = status, headers = {["Retry-After"] = "31"}}
        local _, _, err = client():platforms(USER)
        assert.equal(kind, err.kind)
        assert.equal(31, err.retry_after)
        assert.equal(1, err.attempts)
        assert.same({}, fake.slept)
      end
      assert.equal(2, #server:requests())
    end)

    it("when its slot comes too late", function()
      core.now = fake.now
      local paced = client{rate = 0.1, timeout = 5, api_key = "key-of-a-late-turn"}
      server:fault{times = 9, body = {status = 200}}
      assert(paced:platforms(USER))
      for _ = 1, 3 do -- a failed call reserves no slot
        local _, why, err = paced:reexport{mailboxId = MAILBOX}
        assert.equal("reexport: the next request may leave in 10.0 s, and the call has 5.0 s left", why)
        assert.equal(why, tostring(err))
        assert.equal("rate_limited", err.kind)
        assert.equal("not_sent", err.outcome)
        assert.equal(10, err.retry_after)
        assert.equal(0, err.attempts)
        assert.equal("reexport", err.operation)
        assert.equal("reexport", cmr.info(err).operation)
      end
      assert.equal(1, #server:requests())
      assert.same({}, fake.slept)
      fake.clock = fake.clock + 10
      assert(paced:platforms(USER))
    end)

    it("when it has waited longer than it meant to", function()
      local sleep = fake.sleep
      function fake.sleep(engine, seconds) sleep(engine, seconds + 100) end
      core.now = fake.now
      local paced = client{rate = 1, timeout = 5, api_key = "key-of-a-heavy-sleeper"}
      server:fault{times = 9, body = {status = 200}}
      assert(paced:platforms(USER))
      local _, why, err = paced:reexport{mailboxId = MAILBOX}
      assert.equal("reexport: no time left after 5.0 s", why)
      assert.equal("timeout", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.equal(0, err.attempts)
      assert.equal(1, #server:requests())
    end)

    it("when the slot of a retry comes too late, with the first attempt's outcome", function()
      local paced = client{rate = 0.1, timeout = 5, api_key = "key-of-a-later-turn"}
      server:fault{close = true}
      local _, _, err = paced:platforms(USER)
      assert.equal(1, err.attempts)
      assert.equal("unknown", err.outcome)
      assert.equal(1, #server:requests())
    end)
  end)

  describe("bounds", function()
    -- Measures a call in real time.
    local function timed(call)
      local begun = core.now()
      local answer, _, err = call()
      return core.now() - begun, answer, err
    end

    it("an attempt, not the call", function()
      server:fault{delay = 2, times = 2}
      local took, answer = timed(function()
        return client{attempt_timeout = 0.3}:platforms(USER)
      end)
      assert.equal(200, answer.status)
      assert.is_true(took >= 0.59 and took < 1.95, took)
      assert.equal(3, cmr.info(answer).attempts)
      assert.equal(3, #server:requests())
    end)

    it("the whole call, waits and attempts together", function()
      server:fault{delay = 2, times = 9}
      local took, _, err = timed(function()
        local options = {timeout = 0.6, attempt_timeout = 0.2, retries = 50, jitter = function() return 0 end}
        return support.new(server, options):platforms(USER)
      end)
      assert.equal("timeout", err.kind)
      assert.equal("unknown", err.outcome)
      assert.is_true(took >= 0.59 and took < 1.9, took)
      assert.equal(2, err.attempts)
      assert.equal(2, #server:requests())
    end)

    it("a single attempt by what is left of the call", function()
      server:fault{delay = 2, times = 9}
      local took, _, err = timed(function()
        return support.new(server, {timeout = 0.3}):reexport{mailboxId = MAILBOX}
      end)
      assert.equal("timeout", err.kind)
      assert.equal("unknown", err.outcome)
      assert.is_true(took >= 0.29 and took < 1.9, took)
    end)

    it("nothing that is quick", function()
      local took, answer = timed(function() return support.new(server):platforms(USER) end)
      assert.equal(200, answer.status)
      assert.is_true(took < 0.5, took)
    end)
  end)
end)
