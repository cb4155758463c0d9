-- Whether to try again, and after how long: the whole table of decisions. Times and random numbers are given.

local retry = require "cmr.retry"

local OUTCOMES = {"not_sent", "rejected", "unknown"}

-- For each kind of error, the outcomes after which cmr tries a request again. `GET` is for a GET, and `other` is for
-- all other methods. After an error of another kind, cmr tries again only if a TLS handshake broke. A spec below tests
-- that.
local AGAIN = {
  network = {GET = "not_sent rejected unknown", other = "not_sent"},
  timeout = {GET = "not_sent rejected unknown", other = "not_sent"},
  rate_limited = {GET = "not_sent rejected unknown", other = "not_sent rejected unknown"},
  server_error = {GET = "not_sent rejected unknown", other = ""}, -- only with the statuses that the spec of 5xx tests
}

local STATUS = {network = false, timeout = false, tls = false, bad_response = 200, unauthorized = 401,
  payment_required = 402, forbidden = 403, not_found = 404, conflict = 409, bad_request = 422, rate_limited = 429,
  quota_exceeded = 429, server_error = 503, unexpected_status = 418, cancelled = false, invalid_argument = false}

local function zero() return 0 end
local function half() return 0.5 end
local function one() return 1 end

local function fault(kind, outcome, status)
  return {kind = kind, outcome = outcome, status = status or STATUS[kind] or nil}
end

describe("another attempt", function()
  for kind in pairs(STATUS) do
    local rule = AGAIN[kind] or {GET = "", other = ""}
    for _, outcome in ipairs(OUTCOMES) do
      it(("after %s, %s"):format(kind, outcome), function()
        local function expected(outcomes)
          return outcomes:find(outcome, 1, true) ~= nil
        end
        assert.equal(expected(rule.GET), retry.again(fault(kind, outcome), true))
        assert.equal(expected(rule.other), retry.again(fault(kind, outcome), false))
      end)
    end
  end

  it("after some 5xx statuses is for a GET only", function()
    for status = 500, 599 do
      local again = status == 500 or status == 502 or status == 503 or status == 504
      assert.equal(again, retry.again(fault("server_error", "unknown", status), true), tostring(status))
      assert.is_false(retry.again(fault("server_error", "unknown", status), false), tostring(status))
    end
  end)

  it("depends on the kind: an answer that is not from the API is not a server error", function()
    assert.is_false(retry.again(fault("bad_response", "unknown", 503), true))
    assert.is_false(retry.again(fault("unexpected_status", "unknown", 500), true))
    assert.is_false(retry.again(fault("quota_exceeded", "rejected", 429), true))
  end)

  it("follows a broken handshake, unless the request had left", function()
    local broken = fault("tls", "not_sent")
    broken.curl_code = 35
    assert.is_true(retry.again(broken, false))
    broken.outcome = "unknown"
    assert.is_false(retry.again(broken, false))
    broken.curl_code, broken.outcome = 60, "not_sent"
    assert.is_false(retry.again(broken, true))
  end)

  it("never repeats a request that may have been done", function()
    for kind in pairs(STATUS) do
      if kind ~= "rate_limited" then
        assert.is_false(retry.again(fault(kind, "unknown"), false), kind)
      end
    end
  end)
end)

it("a retry counts against the budget, except after a refusal or because of the rate limit", function()
  for kind in pairs(STATUS) do
    for _, outcome in ipairs(OUTCOMES) do
      assert.equal(kind ~= "rate_limited" and outcome ~= "rejected", retry.is_outage(fault(kind, outcome)))
    end
  end
end)

describe("the wait before it", function()
  local function delay(kind, attempt, left, random, retry_after)
    local err = fault(kind, "unknown")
    err.retry_after = retry_after
    return retry.delay(err, attempt, left, random)
  end

  it("doubles from 0.5 s to 8 s, and is cut by up to a half", function()
    for attempt, whole in ipairs{0.5, 1, 2, 4, 8, 8, 8, 8} do
      for _, kind in ipairs{"network", "timeout", "rate_limited"} do
        assert.equal(whole / 2, delay(kind, attempt, 1000, zero))
        assert.equal(whole * 0.75, delay(kind, attempt, 1000, half))
        assert.equal(whole, delay(kind, attempt, 1000, one))
      end
    end
    assert.equal(8, delay("network", 100, 1000, one))
    assert.equal(8, delay("network", 5000, 1000, one))
  end)

  it("does not depend on the time left, when the server asks for no wait", function()
    for _, left in ipairs{0, 0.1, 1, 30} do assert.equal(0.5, delay("network", 1, left, one)) end
  end)

  it("is at least 5 s after a 5xx, when there is time", function()
    for attempt = 1, 8 do
      for _, random in ipairs{zero, half, one} do
        local seconds = delay("server_error", attempt, 30, random)
        assert.is_true(seconds >= 5 and seconds <= 13, tostring(seconds))
      end
    end
    assert.equal(5.25, delay("server_error", 1, 30, zero))
    assert.equal(5.5, delay("server_error", 1, 30, one))
  end)

  it("is the usual wait after a 5xx when 5 s would be too long", function()
    for _, left in ipairs{0.1, 1, 3, 5} do
      assert.equal(0.25, delay("server_error", 1, left, zero))
      assert.equal(0.5, delay("server_error", 1, left, one))
      assert.equal(1, delay("server_error", 2, left, one))
    end
  end)

  it("is 5 s after a 5xx when a longer one would end with the time left", function()
    assert.equal(5, delay("server_error", 1, 5.25, zero))
    assert.equal(5.25, delay("server_error", 1, 5.5, zero))
  end)

  it("leaves time for the attempt, whatever time is left", function()
    for tenth = 6, 140 do
      local left = tenth / 10
      for attempt = 1, 2 do
        local seconds = delay("server_error", attempt, left, half)
        assert.is_true(seconds < left or left <= 0.75, ("%g of %g s"):format(seconds, left))
      end
    end
  end)

  it("is the server's wait, and a little more, so that not all clients come back at once", function()
    for _, kind in ipairs{"rate_limited", "server_error", "network"} do
      for _, asked in ipairs{0.5, 1, 7, 60, 86400} do
        assert.equal(asked, delay(kind, 1, 30, zero, asked))
        assert.equal(asked + 0.25, delay(kind, 1, 30, half, asked))
        assert.equal(asked + 0.5, delay(kind, 6, 30, one, asked))
      end
    end
  end)
end)
