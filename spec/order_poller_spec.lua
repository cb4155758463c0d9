-- The polls for orders' statuses, with a clock and answers of the spec. spec/await_spec.lua tests them with the mock.
local poller = require "cmr.order_poller"

describe("the poller of orders", function()
  local client, requests, answer, made, random

  before_each(function()
    requests, made, random = {}, {}, 0
    answer = function() return {status = 200, number = #requests} end
    local target = setmetatable({key_id = function() return "key" end},
      {__tostring = function() return "target " .. tostring(client) end})
    client = {_state = {options = {rate = 4, jitter = function() return random end}, target = target, limiter = {}}}
    function client:with(opts)
      made[#made + 1] = {self, opts}
      return {order_status = function(_, fields)
        requests[#requests + 1] = fields
        return answer()
      end}
    end
  end)

  local function watch(order, interval, now) return poller.watch(client, order, "U", interval, now) end

  -- Calls the watch's method poll at each of these times, until it returns a new answer. Returns the time of that call.
  local function polls_at(watched, ...)
    for _, time in ipairs{...} do
      if watched:poll(time, 60) then return time end
    end
  end

  it("asks for an order's status at its interval", function()
    local one = watch("A", 10, 100)
    assert.equal(110, polls_at(one, 100, 109.9, 110))
    assert.equal(120, polls_at(one, 111, 119.9, 120))
    assert.same({{orderId = "A", userId = "U"}, {orderId = "A", userId = "U"}}, requests)
    assert.same({true, {status = 200, number = 3}}, {one:poll(130, 60)})
    assert.same({false}, {one:poll(130, 60)})
    one:leave()
  end)

  it("makes the interval up to a tenth longer", function()
    random = 1
    local one = watch("A", 10, 100)
    assert.equal(111, polls_at(one, 110.9, 111))
    assert.equal(122, polls_at(one, 121.9, 122))
    one:leave()
  end)

  it("makes up for no poll that it has missed", function()
    local one = watch("A", 10, 100)
    assert.equal(115, polls_at(one, 115))
    assert.equal(120, polls_at(one, 119.9, 120)) -- the late poll does not delay the next poll
    assert.equal(140, polls_at(one, 140))
    assert.equal(150, polls_at(one, 141.5, 149.9, 150))
    one:leave()
    one = watch("A", 10, 200)
    assert.equal(220, polls_at(one, 220))
    assert.equal(230, polls_at(one, 221.5, 229.9, 230))
    one:leave()
  end)

  it("uses a quarter of the rate for all orders of a key, and one request a second without a rate", function()
    for rate, spacing in pairs{[4] = 1, [2] = 2, [0.5] = 8, [false] = 1} do
      client._state.options.rate = rate
      local one, other = watch("A", 1, 100), watch("B", 1, 100)
      assert.equal(102, polls_at(one, 102))
      assert.equal(102 + spacing, polls_at(other, 102, 102 + spacing - 0.01, 102 + spacing))
      one:leave()
      other:leave()
    end
  end)

  it("shares the rate with the other workers of nginx", function()
    local ngx = package.loaded.ngx
    finally(function() package.loaded.ngx = ngx end)
    for _, case in ipairs{{{}, 1}, {{worker = {}}, 1}, {{worker = {count = function() return 3 end}}, 3}} do
      package.loaded.ngx = case[1]
      local one, other = watch("A", 1, 100), watch("B", 1, 100)
      assert.equal(102, polls_at(one, 102))
      assert.equal(102 + case[2], polls_at(other, 102 + case[2] - 0.01, 102 + case[2]))
      one:leave()
      other:leave()
    end
  end)

  it("goes on after the clock was set back", function()
    local one = watch("A", 1, 1000)
    assert.equal(1001, polls_at(one, 1001))
    local other = watch("B", 1, 100)
    assert.equal(101, polls_at(other, 101))
    one:leave()
    other:leave()
  end)

  it("gives every order its turn, when there are many", function()
    local watches = {}
    for index, order in ipairs{"A", "B", "C"} do watches[index] = watch(order, 1, 100) end
    assert.equal(101, polls_at(watches[1], 101))
    assert.equal(102, polls_at(watches[2], 102))
    assert.equal(104, polls_at(watches[1], 103.9, 104))
    for _, one in ipairs(watches) do one:leave() end
  end)

  it("counts an order for 15 s after its last wait, and no longer", function()
    for seen, next_poll in pairs{[115] = 117, [115.5] = 116.5} do
      local one, other = watch("A", 1, 100), watch("B", 1, 100)
      assert.equal(seen, polls_at(one, seen))
      assert.equal(next_poll, polls_at(one, next_poll - 0.01, next_poll))
      one:leave()
      other:leave()
    end
    local one, forgotten = watch("A", 10, 100), watch("B", 10, 100)
    assert.equal(114, polls_at(one, 114))
    local new = watch("B", 10, 115) -- joins the old watch
    assert.equal(115, polls_at(new, 115))
    forgotten:leave()
    new:leave()
    forgotten = watch("C", 10, 115)
    watch("A", 10, 130.5):leave()
    new = watch("C", 10, 131) -- begins anew
    assert.equal(141, polls_at(new, 131, 140.9, 141))
    one:leave()
    forgotten:leave()
    new:leave()
  end)

  it("shares an order's answers among its waits", function()
    local one, other = watch("A", 10, 100), watch("A", 10, 105)
    assert.equal(110, polls_at(other, 109.9, 110))
    local late = watch("A", 10, 112)
    local is_new, res = one:poll(112, 60)
    assert.same({true, 1, 1}, {is_new, res.number, #requests})
    assert.is_false(one:poll(112, 60))
    assert.is_false(late:poll(112, 60))
    assert.equal(120, polls_at(late, 120))
    assert.is_true(one:poll(121, 60))
    assert.equal(2, #requests)
    one:leave() other:leave() late:leave()
  end)

  it("goes on for the other waits of an order, and forgets the order after the last", function()
    local one, other = watch("A", 10, 100), watch("A", 10, 100)
    one:leave()
    local third = watch("A", 10, 105)
    assert.equal(110, polls_at(third, 110))
    other:leave()
    third:leave()
    third = watch("A", 10, 112)
    assert.equal(122, polls_at(third, 120, 121.9, 122))
    local kept = setmetatable({third.key, third.order}, {__mode = "v"})
    third:leave()
    third = nil -- luacheck: ignore 311
    collectgarbage()
    assert.is_nil(next(kept))
  end)

  it("keeps a key's pace while one of its orders is left", function()
    local one, other = watch("A", 1, 100), watch("B", 1, 100)
    one:leave()
    local third = watch("C", 1, 100)
    assert.equal(102, polls_at(third, 102))
    assert.equal(103, polls_at(other, 102.9, 103))
    other:leave()
    third:leave()
  end)

  it("watches an order again whose wait was silent for long", function()
    local one = watch("A", 10, 100)
    local other = watch("B", 10, 120) -- forgets A
    assert.equal(121, polls_at(one, 121))
    local joined = watch("A", 10, 122)
    assert.equal(131, polls_at(joined, 130.9, 131))
    one:leave() other:leave() joined:leave()
  end)

  it("asks once, for 10 s at most, and within the time that is left", function()
    local one = watch("A", 10, 100)
    one:poll(110, 60)
    one:poll(120, 3)
    one:poll(130, 0)
    for index, timeout in ipairs{10, 3, 0.001} do
      assert.same({client, timeout, 0}, {made[index][1], made[index][2].timeout, made[index][2].retries})
    end
    one:leave()
  end)

  it("takes a slot only if one is free within 10 ms", function()
    local asked = {}
    client._state.limiter = {
      reserve = function(_, ...)
        asked[#asked + 1] = {...}
        return 0
      end,
      pause = function(_, ...) asked[#asked + 1] = {...} end,
    }
    local one = watch("A", 10, 100)
    one:poll(110, 60)
    local limiter = made[1][2].limiter
    assert.equal(0, limiter:reserve("key", 4, 30))
    assert.equal(0, limiter:reserve("key", 4, 0.005))
    limiter:pause("key", 7)
    assert.same({{"key", 4, 0.01}, {"key", 4, 0.005}, {"key", 7}}, asked)
    one:leave()
  end)

  it("tries again after half a second when there was no free slot", function()
    client._state.options.rate = 400
    local one = watch("A", 10, 100)
    answer = function() return nil, "busy", {kind = "rate_limited", outcome = "not_sent"} end
    assert.is_false(one:poll(110, 60))
    assert.is_false(one:poll(110.4, 60))
    assert.equal(1, #requests)
    for _, err in ipairs{{kind = "rate_limited", outcome = "rejected"}, {kind = "network", outcome = "not_sent"}} do
      answer = function() return nil, "no", err end
      local is_new, res, got = one:poll(110.5, 60)
      assert.same({true, nil, err}, {is_new, res, got})
      one:leave()
      one = watch("A", 0.5, 110)
    end
    one:leave()
  end)

  it("reports an error that was raised during a poll", function()
    local one = watch("A", 10, 100)
    answer = function() error("broken", 0) end
    local is_new, res, err = one:poll(110, 60)
    assert.same({true, nil}, {is_new, res})
    assert.same({"network", "unknown", "broken", 0}, {err.kind, err.outcome, err.message, err.attempts})
    one:leave()
  end)

  it("asks nothing for a client that is closed", function()
    local one = watch("A", 10, 100)
    client._state.closed = true
    assert.is_false(one:poll(110, 60))
    assert.same({}, requests)
    one:leave()
  end)
end)
