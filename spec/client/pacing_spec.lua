-- Requests of one key leave evenly spaced, whichever client sends them. All specs but one use a fake clock: a sleep
-- moves it forward, and takes no real time.
local cmr = require "cmr"
local core = require "cmr.core"
local limiter = require "cmr.limiter.memory"
local support = require "spec.support.client"
local mock = require "spec.support.mock"

local USER = mock.USER

-- All clients of a key share one queue, even the clients of different specs. So each spec has its own keys.
local count = 0
local function new_key()
  count = count + 1
  return ("key-%d-of-pacing"):format(count)
end

describe("a client", function()
  local server, fake, key
  local real_now = core.now

  before_each(function()
    core.engine():close()
    server = mock.shared("http")
    server:fault{status = 200, body = {status = 200}, times = 1000}
    fake = support.fake_loop()
    core.now = fake.now
    key = new_key()
  end)

  after_each(function()
    core.now = real_now
  end)

  -- Makes a client with the default rate, unless the options have another one.
  local function client(options)
    local all = {loop = fake, jitter = function() return 0 end, api_key = key, rate = 4}
    for name, value in pairs(options or {}) do all[name] = value end
    return support.new(server, all)
  end

  it("sends 4 requests a second when nothing else is said", function()
    local default = cmr.new{api_key = key, base_url = server.base_url, loop = fake}
    for _ = 1, 5 do assert(default:platforms(USER)) end
    assert.same({0.25, 0.25, 0.25, 0.25}, fake.slept)
    assert.equal(5, #server:requests())
  end)

  it("spaces requests evenly: an earlier pause does not allow a burst", function()
    local paced = client()
    for _ = 1, 2 do assert(paced:platforms(USER)) end
    fake.clock = fake.clock + 10
    for _ = 1, 3 do assert(paced:platforms(USER)) end
    assert.same({0.25, 0.25, 0.25}, fake.slept)
  end)

  it("waits only for the rest of the interval", function()
    local paced = client{rate = 2}
    assert(paced:platforms(USER))
    fake.clock = fake.clock + 0.375
    assert(paced:platforms(USER))
    assert.same({0.125}, fake.slept)
  end)

  it("does not wait with rate = false", function()
    local paced = client{rate = false}
    for _ = 1, 5 do assert(paced:platforms(USER)) end
    assert.same({}, fake.slept)
  end)

  it("shares the queue with every client of the same key", function()
    assert(client():platforms(USER))
    assert(client():platforms(USER))
    assert(client():with{timeout = 20}:platforms(USER))
    assert(client{key_header = "x-key"}:request("GET", "/x"))
    assert.same({0.25, 0.25, 0.25}, fake.slept)
  end)

  it("names a raw request that it refuses, like the server's errors do", function()
    assert(client():request("GET", "/x"))
    local _, message, err = client{timeout = 0.1}:request("GET", "/x")
    assert.same({"rate_limited", "not_sent", "GET /x"}, {err.kind, err.outcome, err.operation})
    assert.matches("^GET /x: the next request may leave in ", message)
    local function too_long() fake.clock = fake.clock + 60 end
    _, message, err = client{on_request = too_long}:request("GET", "/x")
    assert.same({"timeout", "not_sent", "GET /x"}, {err.kind, err.outcome, err.operation})
    assert.matches("^GET /x: no time left", message)
  end)

  it("shares the queue with no other key", function()
    assert(client():platforms(USER))
    assert(client{api_key = new_key()}:platforms(USER))
    assert(client():with{api_key = new_key()}:platforms(USER))
    assert.same({}, fake.slept)
  end)

  it("shares the queue with no client when it has its own limiter", function()
    assert(client():platforms(USER))
    assert(client{limiter = limiter.new()}:platforms(USER))
    assert.same({}, fake.slept)
  end)

  it("uses a limiter that the user has written", function()
    local asked = {}
    local own = {
      reserve = function(_, ...)
        asked[#asked + 1] = {...}
        return 1.5
      end,
      pause = function() end,
    }
    assert(client{limiter = own, timeout = 20}:platforms(USER))
    assert.same({1.5}, fake.slept)
    assert.equal(1, #asked)
    assert.same({4, 20}, {asked[1][2], asked[1][3]})
    assert.is_nil(asked[1][1]:find(key, 1, true)) -- names the queue without showing the key
  end)

  it("uses the limiter's clock, whatever clock its loop has", function()
    local ahead = support.fake_loop()
    ahead.clock = 1.8e9 -- like the clock of ngx.now
    assert(client{loop = ahead}:platforms(USER))
    assert(client():platforms(USER))
    assert(client{loop = ahead}:platforms(USER))
    assert.same({{0.25}, {0.25}}, {fake.slept, ahead.slept})
    local refused = {status = 429, headers = {["Retry-After"] = "3"}}
    server:reset()
    server:fault(refused)
    server:fault{status = 200, body = {status = 200}, times = 1000}
    fake.clock, ahead.slept = fake.clock + 10, {}
    client{loop = ahead, retries = 0}:platforms(USER)
    assert(client{timeout = 5}:platforms(USER))
    assert.same({{0.25, 3}, {}}, {fake.slept, ahead.slept})
  end)

  describe("that is turned away for its rate", function()
    before_each(function()
      server:reset()
      server:fault{status = 429, headers = {["Retry-After"] = "3"}}
      server:fault{status = 200, body = {status = 200}, times = 1000}
    end)

    it("holds the key's other clients back, too", function()
      local _, _, err = client{retries = 0}:platforms(USER)
      assert.equal("rate_limited", err.kind)
      assert.same({}, fake.slept)
      assert(client():platforms(USER))
      assert.same({3}, fake.slept)
      assert(client():platforms(USER))
      assert.same({3, 0.25}, fake.slept)
    end)

    it("holds back the calls that already have slots", function()
      core.now = real_now
      local begun, sent = core.now(), {}
      local one = client{loop = "block", rate = 10, on_response = function() sent[#sent + 1] = core.now() - begun end}
      server:reset()
      server:fault{status = 429, headers = {["Retry-After"] = "1"}}
      server:fault{status = 200, body = {status = 200}, times = 1000}
      for _, res in one:map("platforms", {USER, USER, USER, USER, USER, USER}) do assert.is_table(res) end
      assert.equal(7, #sent)
      for place = 2, 7 do assert.is_true(sent[place] >= 1, sent[place]) end
      assert.is_true(sent[7] - sent[2] > 0.15)
    end)

    it("holds no other key back", function()
      client{retries = 0}:platforms(USER)
      assert(client{api_key = new_key()}:platforms(USER))
      assert.same({}, fake.slept)
    end)

    it("waits itself only for the time that the server asks for", function()
      assert(client():platforms(USER))
      assert.same({3}, fake.slept)
    end)

    it("lets calls with a shorter timeout fail at once", function()
      client{retries = 0}:platforms(USER)
      local _, _, err = client{timeout = 2}:platforms(USER)
      assert.equal("rate_limited", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.equal(3, err.retry_after)
      assert.equal(1, #server:requests())
    end)
  end)

  it("that is turned away without a time holds the key back for one slot", function()
    server:reset()
    server:fault{status = 429}
    server:fault{status = 200, body = {status = 200}, times = 1000}
    client{retries = 0}:platforms(USER)
    assert(client():platforms(USER))
    assert.same({0.25}, fake.slept)
  end)

  it("that met the quota of a mailbox does not hold its key back", function()
    server:reset()
    server:fault{status = 429, headers = {["Retry-After"] = "86400"}}
    server:fault{status = 200, body = {status = 200}, times = 1000}
    local _, _, err = client{retries = 0}:reexport{mailboxId = mock.MAILBOX}
    assert.equal("quota_exceeded", err.kind)
    assert(client():platforms(USER))
    assert.same({0.25}, fake.slept)
  end)

  it("paces what it sends again as well", function()
    server:reset()
    server:fault{close = true}
    server:fault{status = 200, body = {status = 200}, times = 1000}
    assert(client{rate = 0.5}:platforms(USER)) -- 0.25 s of backoff, then the rest of 2 s
    local slept = 0
    for _, seconds in ipairs(fake.slept) do slept = slept + seconds end
    assert.equal(2, slept)
    assert.equal(2, #server:requests())
  end)
end)
