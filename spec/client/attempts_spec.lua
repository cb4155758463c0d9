-- How often a call is tried, and what an error says about all of its attempts together. Waits take no time here.
local cmr = require "cmr"
local core = require "cmr.core"
local support = require "spec.support.client"
local mock = require "spec.support.mock"

local USER, MAILBOX = mock.USER, mock.MAILBOX

describe("a client", function()
  local server, fake

  before_each(function()
    core.engine():close() -- drops used connections, because libcurl repeats a request when one of them fails
    server = mock.shared("http")
    fake = support.fake_loop()
  end)

  local function client(options)
    local all = {loop = fake, jitter = function() return 0 end}
    for name, value in pairs(options or {}) do all[name] = value end
    return support.new(server, all)
  end

  local function get(options)
    return client(options):platforms(USER)
  end

  local function post(options)
    return client(options):reexport{mailboxId = MAILBOX}
  end

  -- Returns the number of requests that the server has received.
  local function seen()
    return #server:requests()
  end

  describe("asks again", function()
    for _, status in ipairs{500, 502, 503, 504, 429} do
      it(("with a GET after a %d"):format(status), function()
        server:fault{status = status, times = 2}
        local answer = assert(get())
        assert.equal(true, answer.data.EMAILBISON.connected)
        assert.equal(3, cmr.info(answer).attempts)
        assert.equal(3, seen())
        assert.equal(2, #fake.slept)
      end)
    end

    it("with a GET after a body that says so", function()
      server:fault{body = {status = 503, message = "later"}}
      assert.equal(2, cmr.info(assert(get())).attempts)
      assert.equal(2, seen())
    end)

    it("with a GET after a connection that closed without an answer", function()
      server:fault{close = true}
      assert.equal(2, cmr.info(assert(get())).attempts)
      assert.equal(2, seen())
    end)

    it("with a GET after an attempt that took too long", function()
      server:fault{delay = 1}
      local answer = assert(get{attempt_timeout = 0.2})
      assert.equal(2, cmr.info(answer).attempts)
      assert.equal(2, seen())
    end)

    it("with a POST that the server turned away for its rate", function()
      server:fault{status = 429, headers = {["Retry-After"] = "2"}, times = 2}
      local answer = assert(post())
      assert.matches("^ACT_", answer.actionId)
      assert.equal(3, cmr.info(answer).attempts)
      assert.equal(3, seen())
      assert.same({2, 2}, fake.slept)
    end)

    it("with a POST that could not leave", function()
      local _, _, err = post{base_url = "http://127.0.0.1:1"}
      assert.equal("network", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.equal(3, err.attempts)
      assert.equal(2, #fake.slept)
    end)

    it("as often as retries says", function()
      for retries = 0, 3 do
        server:reset()
        server:fault{status = 503, times = 10}
        local _, _, err = get{retries = retries, timeout = 1000}
        assert.equal(503, err.status)
        assert.equal(retries + 1, err.attempts)
        assert.equal(retries + 1, cmr.info(err).attempts)
        assert.equal(retries + 1, seen())
      end
    end)

    it("twice by default", function()
      server:fault{status = 503, times = 10}
      local _, _, err = client():platforms(USER)
      assert.equal(3, err.attempts)
    end)
  end)

  describe("never asks again", function()
    for _, status in ipairs{300, 400, 401, 402, 403, 404, 409, 422, 501} do
      it(("after a %d"):format(status), function()
        server:fault{status = status, times = 3}
        local _, _, err = get()
        assert.equal(status, err.status)
        assert.equal(1, err.attempts)
        assert.equal(1, seen())
      end)
    end

    local function once(outcome, options)
      local answer, _, err = post(options)
      assert.is_nil(answer)
      assert.equal(outcome, err.outcome)
      assert.equal(1, err.attempts)
      assert.equal(1, seen())
      assert.same({}, fake.slept)
      return err
    end

    for _, status in ipairs{500, 502, 503, 504} do
      it(("with a POST after a %d, which may have been done"):format(status), function()
        server:fault{status = status, headers = {["Retry-After"] = "1"}, times = 3}
        assert.equal(1, once("unknown").retry_after)
      end)
    end

    it("with a POST after a connection that closed without an answer", function()
      server:fault{close = true, times = 3}
      assert.equal("network", once("unknown").kind)
    end)

    it("with a POST whose answer was lost", function()
      server:fault{close = "after", times = 3}
      once("unknown")
    end)

    it("with a POST that took too long", function()
      server:fault{delay = 1, times = 3}
      assert.equal("timeout", once("unknown", {attempt_timeout = 0.2}).kind)
    end)

    it("with a POST whose answer makes no sense", function()
      server:fault{body = "<html>", times = 3}
      assert.equal("bad_response", once("unknown").kind)
    end)

    it("with a PUT, PATCH or DELETE either", function()
      for _, method in ipairs{"PUT", "PATCH", "DELETE"} do
        server:reset()
        server:fault{status = 503, times = 3}
        local _, _, err = client():request(method, "/x")
        assert.equal("unknown", err.outcome)
        assert.equal(1, seen())
      end
    end)

    it("when the quota of the week is used up", function()
      server:add_mailbox{mailboxId = "MUCHUSED", email = "much@used.com", userId = mock.USER}
      local function again() return client():reexport{mailboxId = "MUCHUSED"} end
      for _ = 1, 3 do assert(again()) end
      local _, _, err = again()
      assert.equal("quota_exceeded", err.kind)
      assert.equal("rejected", err.outcome)
      assert.equal(1, err.attempts)
      assert.equal(4, seen())
      assert.same({}, fake.slept)
    end)

    it("when the server asks for a wait as long as a quota's", function()
      server:fault{status = 429, headers = {["Retry-After"] = "86400"}, times = 3}
      local err = once("rejected", {timeout = 100000})
      assert.equal("quota_exceeded", err.kind)
      assert.equal(86400, err.retry_after)
    end)
  end)

  -- By itself, libcurl would send a request again when a reused connection dies.
  for _, kind in ipairs{"http", "tls"} do
    describe("over a " .. kind .. " connection that dies when it is used again", function()
      before_each(function()
        server = mock.shared(kind)
        assert(get())
      end)

      it("sends a POST once, with an unknown outcome", function()
        for _, close in ipairs{true, "after"} do
          server:reset()
          server:fault{close = close}
          local answer, _, err = post()
          assert.is_nil(answer)
          assert.equal("network", err.kind)
          assert.equal("unknown", err.outcome)
          assert.equal(1, err.attempts)
          assert.equal(1, cmr.info(err).sends)
          assert.equal(1, seen())
          assert(get())
        end
      end)

      it("sends a GET again, and has its answer", function()
        server:fault{close = true}
        assert.equal(true, assert(get()).data.EMAILBISON.connected)
      end)
    end)
  end

  describe("says of several attempts", function()
    it("the worst outcome", function()
      server:fault{close = true}
      server:fault{status = 404}
      local _, _, err = get()
      assert.equal("not_found", err.kind)
      assert.equal(2, err.attempts)
      assert.equal("unknown", err.outcome)

      server:reset()
      server:fault{status = 429}
      server:fault{status = 404}
      _, _, err = get()
      assert.equal("rejected", err.outcome)

      server:reset()
      server:fault{status = 429}
      server:fault{status = 500}
      _, _, err = post()
      assert.equal("server_error", err.kind)
      assert.equal(2, err.attempts)
      assert.equal("unknown", err.outcome)
    end)

    it("nothing, when the last one succeeds", function()
      server:fault{close = true}
      server:fault{status = 500}
      local answer = assert(get())
      assert.equal(3, cmr.info(answer).attempts)
      assert.equal(200, cmr.info(answer).status)
    end)

    it("how long they took together", function()
      server:fault{status = 429, headers = {["Retry-After"] = "3"}, times = 2}
      assert.equal(6, cmr.info(assert(get())).elapsed)
    end)
  end)

  describe("tells on_retry", function()
    it("before each wait what went wrong and how long it will be", function()
      local told = {}
      server:fault{status = 503, times = 2}
      assert(get{on_retry = function(info)
        told[#told + 1] = {operation = info.operation, attempt = info.attempt, delay = info.delay,
          status = info.err.status, kind = info.err.kind, slept = #fake.slept}
      end})
      assert.same({
        {operation = "platforms", attempt = 1, delay = fake.slept[1], status = 503, kind = "server_error", slept = 0},
        {operation = "platforms", attempt = 2, delay = fake.slept[2], status = 503, kind = "server_error", slept = 1},
      }, told)
    end)

    it("nothing when there will be no retry", function()
      local called = 0
      local options = {on_retry = function() called = called + 1 end}
      assert(get(options))
      server:fault{status = 404}
      get(options)
      server:fault{status = 503}
      post(options)
      assert.equal(0, called)
    end)

    it("which may stop the retry only with false", function()
      server:fault{status = 503, times = 10}
      local _, _, err = get{on_retry = function() return false end}
      assert.equal(503, err.status)
      assert.equal(1, err.attempts)
      assert.equal(1, seen())
      assert.same({}, fake.slept)
      server:reset()
      server:fault{status = 503}
      assert(get{on_retry = function() return nil end})
    end)
  end)

  it("tells on_response of every attempt, good or bad", function()
    local told = {}
    server:fault{status = 503, headers = {["X-Thing"] = "One"}}
    server:fault{close = true}
    local answer = assert(get{retries = 3, on_response = function(info)
      local how = info.err and info.err.kind or "fine"
      told[#told + 1] = {info.operation, info.method, info.attempt, info.status or "none", how}
      if info.attempt == 1 then assert.equal("One", info.headers["x-thing"]) end
    end})
    assert.equal(200, answer.status)
    assert.same({"platforms", "GET", 1, 503, "server_error"}, told[1])
    -- the closed connection was a used one, so libcurl may have repeated the request within the attempt
    assert.same({"platforms", "GET", #told, 200, "fine"}, told[#told])
  end)
end)
