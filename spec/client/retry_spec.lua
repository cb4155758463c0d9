-- The option retry, which decides about retries, and the option retry_budget, which limits them for all calls of a key.
local cmr = require "cmr"
local core = require "cmr.core"
local support = require "spec.support.client"
local mock = require "spec.support.mock"
local warnings = require "spec.support.warnings"

local USER, MAILBOX = mock.USER, mock.MAILBOX

local server, fake

local function setup_server()
  core.engine():close()
  server = mock.shared("http")
  fake = support.fake_loop()
end

local function client(options)
  local all = {loop = fake, jitter = function() return 0 end, timeout = 1000}
  for name, value in pairs(options or {}) do all[name] = value end
  return support.new(server, all)
end

describe("the option retry", function()
  before_each(setup_server)

  local function get(options) return client(options):platforms(USER) end

  local function post(options) return client(options):reexport{mailboxId = MAILBOX} end

  local function seen() return #server:requests() end

  it("is asked after each failed attempt, with what failed and what cmr would do", function()
    local told = {}
    server:fault{status = 503}
    server:fault{status = 404}
    local _, _, err = get{retry = function(failure)
      told[#told + 1] = {failure.operation, failure.attempt, failure.err.kind, failure.delay or "none",
        type(failure.context)}
    end}
    assert.equal("not_found", err.kind)
    assert.same({
      {"platforms", 1, "server_error", fake.slept[1], "table"}, {"platforms", 2, "not_found", "none", "table"},
    }, told)
  end)

  it("gets another wait each time, so that not all clients come back at once", function()
    local least, most = math.huge, 0
    for _ = 1, 20 do
      support.new(server, {loop = fake, base_url = "http://127.0.0.1:1", retries = 1, retry_budget = false,
        retry = function(failure)
          assert.is_true(failure.delay == nil or failure.delay >= 0.25 and failure.delay <= 0.5)
          least, most = math.min(least, failure.delay or least), math.max(most, failure.delay or most)
        end}):platforms(USER)
    end
    assert.is_true(most - least > 0.005, most - least)
  end)

  it("is followed while time is left for another attempt", function()
    for timeout, attempts in pairs{[20] = 1, [20.5] = 2, [0.5] = 2} do
      server:reset()
      server:fault{status = 503, times = 9}
      local wait = timeout < 1 and 0.25 or 20
      local _, _, err = get{timeout = timeout, retries = 1, retry = function() return wait end}
      assert.same({attempts, "server_error"}, {err.attempts, err.kind}, timeout)
    end
  end)

  it("is not asked when no time is left", function()
    server:fault{status = 503}
    assert.same({}, warnings(function()
      get{timeout = 5, on_response = function() fake.sleep(nil, 5) end, retry = function() error "asked" end}
    end))
  end)

  it("ends retries with false", function()
    server:fault{status = 503, times = 9}
    assert.equal(1, select(3, get{retry = function() return false end}).attempts)
    assert.equal(1, seen())
    assert.same({}, fake.slept)
  end)

  it("adds retries with true, up to the number of the option retries", function()
    for _, case in ipairs{{status = 501}, {status = 404}, {status = 409}, {body = "<html>"}} do
      server:reset()
      case.times = 9
      server:fault(case)
      local _, _, err = get{retry = function() return true end}
      assert.equal(3, err.attempts)
      assert.equal(3, seen())
    end
    server:reset()
    server:fault{status = 404, times = 2}
    assert.equal(3, cmr.info(assert(get{retry = function() return true end})).attempts)
    server:reset()
    server:fault{status = 404, times = 2}
    assert.equal(1, select(3, get{retries = 0, retry = function() error "asked" end}).attempts)
  end)

  it("sets the seconds, but none shorter than the server asks for, and none longer than the call has", function()
    server:fault{status = 503}
    server:fault{status = 503, headers = {["Retry-After"] = "9"}}
    assert(get{retry = function() return 2.5 end})
    assert.same({2.5, 9}, fake.slept)
    fake.slept = {}
    server:fault{status = 503}
    assert(get{retry = function() return 0 end})
    assert.same({0}, fake.slept)
    server:reset()
    server:fault{status = 503}
    fake.slept = {}
    assert.equal(1, select(3, get{timeout = 30, retry = function() return 31 end}).attempts)
    assert.same({}, fake.slept)
  end)

  it("still tells on_retry, which may stop it", function()
    local told = {}
    server:fault{status = 404, times = 2}
    local _, _, err = get{retry = function() return 3 end, on_retry = function(failure)
      told[#told + 1] = failure.delay
      return failure.attempt < 2
    end}
    assert.equal(2, err.attempts)
    assert.same({3, 3}, told)
  end)

  it("changes nothing when it fails or returns something else", function()
    for _, retry in ipairs{
      function() error "oops" end, function() return "yes" end, function() return {} end, function() return -1 end,
      function() return 0 / 0 end, function(failure)
        failure.err = nil
      end,
    } do
      for status, attempts in pairs{[503] = 2, [404] = 1} do
        server:reset()
        server:fault{status = status}
        local res, err
        warnings(function()
          local _
          res, _, err = get{retry = retry}
        end)
        assert.equal(attempts, cmr.info(res or err).attempts)
      end
    end
    server:fault{status = 503}
    assert.matches("cmr: retry returned string: true, false, nil or seconds expected",
      warnings(function() get{retry = function() return "yes" end} end)[1], 1, true)
  end)

  describe("is not asked, so that nothing is done twice,", function()
    local function insistent(options)
      local asked = 0
      options.retry = function()
        asked = asked + 1
        return true
      end
      local _, _, err = post(options)
      return err, asked
    end

    for _, case in ipairs{
      {status = 500}, {status = 502}, {status = 503}, {status = 504}, {status = 408}, {close = true}, {close = "after"},
      {body = "<html>"}, {body = {status = 200, success = false}}, {delay = 1},
    } do
      local what = case.status or case.delay and "timeout" or case.close and "close " .. tostring(case.close) or
        type(case.body)
      it("when a POST may have been done: " .. what, function()
        case.times = 9
        server:fault(case)
        local err, asked = insistent{attempt_timeout = 0.3}
        assert.same({"unknown", 1, 0}, {err.outcome, err.attempts, asked})
        assert.equal(1, seen())
      end)
    end

    it("nor when a PUT, PATCH or DELETE may have been done", function()
      for _, method in ipairs{"PUT", "PATCH", "DELETE"} do
        server:reset()
        server:fault{status = 503, times = 9}
        client{retry = function() return true end}:request(method, "/x")
        assert.equal(1, seen())
      end
    end)

    it("nor when the call was cancelled", function()
      server:fault{delay = 2, times = 9}
      local asked = 0
      local one = client{loop = "block", retry = function()
        asked = asked + 1
        return true
      end}
      local job = one:start("platforms", USER)
      job:cancel()
      assert.equal("cancelled", select(3, job:wait()).kind)
      assert.equal(0, asked)
    end)
  end)

  it("may repeat a POST that the server never saw, or refused", function()
    local err = select(3, post{base_url = "http://127.0.0.1:1", retry = function() return 1 end})
    assert.same({"not_sent", 3}, {err.outcome, err.attempts})
    assert.same({1, 1}, fake.slept)
    server:fault{status = 409, times = 2}
    assert.equal(3, cmr.info(assert(post{retry = function() return 1 end})).attempts)
    server:reset()
    server:fault{status = 409}
    server:fault{status = 500, times = 9}
    err = select(3, post{retry = function() return 1 end})
    assert.same({"unknown", 2}, {err.outcome, err.attempts})
  end)
end)

describe("the retry budget", function()
  local key

  before_each(function()
    setup_server()
    key = "budget-" .. tostring({}):match "%w+$" -- a new key, because specs share the process's budgets
  end)

  -- Makes calls that fail, one after the other. Returns the number of attempts of each call.
  local function attempts_of_failures(count, options)
    local all, attempts = {api_key = key, retry_budget = 3}, {}
    for name, value in pairs(options or {}) do all[name] = value end
    for index = 1, count do
      server:fault{status = 503, times = 3}
      local _, message, err = client(all):platforms(USER)
      attempts[index] = err.attempts
      assert.equal(err.budget_exhausted, cmr.info(err).budget_exhausted)
      assert.equal(message:find("retry_budget", 1, true) ~= nil, err.budget_exhausted == true)
      server:reset()
    end
    return attempts
  end

  local function succeed(options)
    local all = {api_key = key, retry_budget = 3}
    for name, value in pairs(options or {}) do all[name] = value end
    server:fault{status = 200, body = {status = 200}}
    return assert(client(all):platforms(USER))
  end

  it("ends the retries of an outage, and says so", function()
    assert.same({3, 2, 1, 1}, attempts_of_failures(4))
    server:fault{status = 503, body = {message = "down"}}
    local _, message, err = client{api_key = key, retry_budget = 3}:platforms(USER)
    assert.is_true(err.budget_exhausted)
    assert.equal("platforms: HTTP 503: down; not tried again: too many retries failed (retry_budget)", message)
    assert.equal(message, tostring(err))
  end)

  it("is earned back by answers and refusals: five of them earn one retry", function()
    assert.same({3, 2, 1}, attempts_of_failures(3))
    for _ = 1, 3 do succeed() end
    server:fault{status = 404, times = 3}
    for _ = 1, 3 do client{api_key = key, retry_budget = 3}:platforms(USER) end
    server:reset()
    assert.same({2, 1}, attempts_of_failures(2))
  end)

  it("gets a retry back once, although the call goes on after its refusal", function()
    assert.same({3}, attempts_of_failures(1))
    server:fault{status = 503}
    server:fault{status = 404}
    succeed{retry = function() return true end}
    server:reset()
    assert.same({2, 1}, attempts_of_failures(2))
  end)

  it("is not spent by retries that succeed", function()
    for _ = 1, 10 do
      server:fault{status = 503}
      assert.equal(2, cmr.info(succeed()).attempts)
      server:reset()
    end
    assert.same({3, 2}, attempts_of_failures(2))
  end)

  it("is not spent by what the server asks for, by what on_retry stops, or by calls without one", function()
    for _ = 1, 5 do
      server:fault{status = 429, times = 3}
      assert.equal(3, select(3, client{api_key = key, retry_budget = 3}:platforms(USER)).attempts)
      server:reset()
    end
    assert.same({1, 1, 1, 1, 1}, attempts_of_failures(5, {on_retry = function() return false end}))
    assert.same({3, 3, 3}, attempts_of_failures(3, {retry_budget = false}))
    assert.same({3, 2, 1}, attempts_of_failures(3))
  end)

  it("is one for all clients of a key, and each key has its own", function()
    assert.same({3, 2}, attempts_of_failures(2))
    assert.same({1}, attempts_of_failures(1, {timeout = 999}))
    assert.same({3}, attempts_of_failures(1, {api_key = key .. "-other"}))
  end)

  it("limits the retries that the option retry asks for, too", function()
    assert.same({3, 2, 1}, attempts_of_failures(3, {retry = function() return true end}))
  end)

  it("holds for requests that were never sent", function()
    local attempts = {}
    for index = 1, 3 do
      local one = client{api_key = key, retry_budget = 3, base_url = "http://127.0.0.1:1"}
      attempts[index] = select(3, one:reexport{mailboxId = MAILBOX}).attempts
    end
    assert.same({3, 2, 1}, attempts)
  end)

  it("is 50 retries by default", function()
    local total = 0
    for _ = 1, 30 do
      local one = client{api_key = key, base_url = "http://127.0.0.1:1", rate = false}
      one = one:with{retry_budget = require("cmr.client_options").DEFAULTS.retry_budget}
      total = total + select(3, one:platforms(USER)).attempts - 1
    end
    assert.equal(50, total)
  end)
end)
