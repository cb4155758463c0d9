-- The hooks of a client: what they learn of each attempt, what they may change, and what they cannot.
local cmr = require "cmr"
local core = require "cmr.core"
local support = require "spec.support.client"
local mock = require "spec.support.mock"
local warnings = require "spec.support.warnings"

local USER, MAILBOX = mock.USER, mock.MAILBOX

describe("on_request", function()
  local server, fake

  before_each(function()
    core.engine():close()
    server = mock.shared("http")
    fake = support.fake_loop()
  end)

  local function client(options)
    local all = {loop = fake, jitter = function() return 0 end}
    for name, value in pairs(options or {}) do all[name] = value end
    return support.new(server, all)
  end

  local function seen(index)
    return server:requests()[index]
  end

  it("learns of each attempt before it leaves", function()
    local told = {}
    server:fault{status = 503, times = 2}
    local answer = assert(client{on_request = function(attempt)
      told[#told + 1] = {attempt.operation, attempt.method, attempt.url, attempt.attempt, #server:requests()}
      assert.is_true(attempt.repeatable)
    end}:platforms(USER))
    assert.equal(200, answer.status)
    local url = cmr.info(answer).url
    assert.same({
      {"platforms", "GET", url, 1, 0}, {"platforms", "GET", url, 2, 1}, {"platforms", "GET", url, 3, 2},
    }, told)
    local repeatable
    assert(client{on_request = function(attempt) repeatable = attempt.repeatable end}:reexport{mailboxId = MAILBOX})
    assert.is_false(repeatable)
  end)

  it("sees no secret in the URL", function()
    local urls = {}
    local one = client{
      on_request = function(attempt) urls[#urls + 1] = attempt.url end,
      on_response = function(attempt) urls[#urls + 1] = attempt.url end,
    }
    local query = {key = "x" .. server.key, password = "hunter2 &", app_Token = "t", name = "visible"}
    local _, _, err = one:request("GET", "/x", {query = query})
    urls[#urls + 1] = cmr.info(err).url
    assert.equal(3, #urls)
    for _, url in ipairs(urls) do
      assert.equal(server.base_url .. "/x?app_Token=***&key=***&name=visible&password=***", url)
    end
    assert.equal("hunter2 &", seen(1).query.password) -- the server gets the real value
    urls = {}
    one:request("GET", "/x", {query = {name = server.key}})
    assert.equal(server.base_url .. "/x?name=***", urls[1])
  end)

  it("is called after the call's slot has come, and not for what is never sent", function()
    local told = 0
    local function on_request() told = told + 1 end
    client{on_request = on_request}:platforms ""
    client{on_request = on_request, api_key = ""}:platforms(USER)
    local busy = {reserve = function() return nil, 99 end, pause = function() end}
    client{on_request = on_request, rate = 4, limiter = busy}:platforms(USER)
    assert.equal(0, told)
    local slow = {reserve = function() return 7 end, pause = function() end}
    client{rate = 4, limiter = slow, on_request = function() assert.same({7}, fake.slept) end}:platforms(USER)
    assert.equal(1, #server:requests())
  end)

  it("is called when a request that changes something is already in the ledger", function()
    local path = os.tmpname()
    os.remove(path)
    local state
    local one = client{ledger = path, on_request = function()
      for request in client{ledger = path}:history() do state = request.state end
    end}
    assert(one:reexport{mailboxId = MAILBOX})
    assert.equal("sending", state)
    for _, suffix in ipairs{"", "-wal", "-shm"} do os.remove(path .. suffix) end
  end)

  it("adds headers to its attempt, and to no other one", function()
    server:fault{status = 503}
    local one = client{headers = {["X-Mine"] = "always", traceparent = "none"}, on_request = function(attempt)
      if attempt.attempt == 1 then return {traceparent = "00-a-b-01", ["X-First"] = ""} end
    end}
    assert(one:platforms(USER))
    assert.equal("00-a-b-01", seen(1).headers.traceparent)
    assert.equal("", seen(1).headers["x-first"])
    assert.equal("always", seen(1).headers["x-mine"])
    assert.equal("none", seen(2).headers.traceparent)
    assert.is_nil(seen(2).headers["x-first"])
    for index = 1, 2 do assert.equal(server.key, seen(index).headers["cmr-x-api-key"]) end
  end)

  it("cannot break its call: bad headers are reported and not sent, the others are sent", function()
    local BAD = {
      ["a\r\nb"] = "1", ["x-line"] = "1\r\nHost: evil", ["x-nul"] = "a\0b", Host = "evil", ["content-length"] = "0",
      ["Content-Type"] = "text/html", ["CMR-X-API-KEY"] = "other", ["x-number"] = 5, [1] = "x", ["user-agent"] = "evil",
      ["Transfer-Encoding"] = "chunked", [""] = "x", ["x-table"] = {},
    }
    local count = 0
    for _ in pairs(BAD) do count = count + 1 end
    BAD.traceparent = "good"
    local answer
    local written = warnings(function()
      answer = client{on_request = function() return BAD end}:reexport{mailboxId = MAILBOX}
    end)
    assert.equal(200, answer.status)
    local headers = seen(1).headers
    assert.equal("good", headers.traceparent)
    assert.equal(server.key, headers["cmr-x-api-key"])
    assert.equal("application/json", headers["content-type"])
    assert.is_nil(headers["x-line"])
    assert.is_nil(headers["x-number"])
    assert.equal(count, #written)
    local text = table.concat(written)
    assert.matches("cmr: on_request: the header 'Host' is not sent: it is set by the library", text, 1, true)
    assert.matches("'x-line' is not sent: a header's value holds a line break", text, 1, true)
    assert.is_nil(text:find("evil", 1, true)) -- values may be secret
    assert.equal(count, select(2, text:gsub("\n", ""))) -- one line for each bad header
  end)

  it("changes nothing when it fails or returns something else", function()
    local cases = {
      function() error "oops" end, function() error {} end, function() return "traceparent" end,
      function() return 5 end,
      function() return true end, function() return false end, function() return setmetatable({}, {
        __pairs = function() error "pairs" end, __index = function() error "index" end}) end,
      function(attempt)
        for name in pairs(attempt) do attempt[name] = nil end
      end,
    }
    for index, hook in ipairs(cases) do
      server:reset()
      local written = warnings(function() assert(client{on_request = hook}:platforms(USER)) end)
      assert.equal(index <= 5 and 1 or 0, #written, index)
      assert.equal(1, #server:requests())
    end
  end)

  it("takes its time from the call: what is late is not sent, and on_response learns why", function()
    for _, seconds in ipairs{5, 6} do
      local told
      local one = client{
        timeout = 5,
        on_request = function() fake.sleep(nil, seconds) end,
        on_response = function(attempt) told = attempt end,
      }
      local res, message, err = one:reexport{mailboxId = MAILBOX}
      assert.is_nil(res)
      assert.same({"timeout", "not_sent", 0}, {err.kind, err.outcome, err.attempts})
      assert.matches("no time left", message, 1, true)
      assert.equal(err, told.err)
      assert.same({1, 0, 0, 0}, {told.attempt, told.elapsed, told.sends, told.queued})
      assert.equal(0, #server:requests())
    end
    server:fault{status = 429}
    local _, _, err = client{timeout = 50, on_request = function(attempt)
      if attempt.attempt == 2 then fake.sleep(nil, 60) end
    end}:reexport{mailboxId = MAILBOX}
    assert.same({"timeout", "rejected", 1}, {err.kind, err.outcome, err.attempts})
  end)

  it("may cancel its job: then the attempt is not made", function()
    local job, told
    server:fault{status = 429}
    job = support.new(server, {
      jitter = function() return 0 end,
      on_request = function(attempt)
        if attempt.attempt == 2 then job:cancel() end
      end,
      on_response = function(attempt) told = {attempt.attempt, attempt.err.kind, attempt.status or "none"} end,
    }):start("platforms", USER)
    local _, _, err = job:wait()
    assert.same({"cancelled", 1}, {err.kind, err.attempts})
    assert.same({2, "cancelled", "none"}, told)
    assert.equal(1, #server:requests())
  end)

  it("shares a table with the other hooks of its call", function()
    local told = {}
    server:fault{status = 503}
    local one = client{
      on_request = function(attempt)
        attempt.context.count = (attempt.context.count or 0) + 1
        attempt.context.name = attempt.operation
      end,
      on_response = function(attempt) told[#told + 1] = attempt.context.name .. attempt.context.count end,
      on_retry = function(failed) told[#told + 1] = "again" .. failed.context.count end,
    }
    assert(one:platforms(USER))
    assert(one:user(USER))
    assert.same({"platforms1", "again1", "platforms2", "user1"}, told)
  end)

  it("is called for jobs, map, pages and raw requests too", function()
    local told = {}
    local one = support.new(server, {on_request = function(attempt)
      told[#told + 1] = attempt.operation
      return {["x-one"] = attempt.operation}
    end})
    one:start("platforms", USER):wait()
    for _ in one:map("user", {USER}) do end
    for _ in one:each("subscriptions") do break end -- luacheck: ignore 512
    one:request("GET", "/wallet")
    assert.same({"platforms", "user", "subscriptions", "GET /wallet"}, {told[1], told[2], told[3], told[#told]})
    for index, name in ipairs(told) do assert.equal(name, seen(index).headers["x-one"]) end
  end)

  it("is not called by preview", function()
    local one = client{on_request = function() error "called" end}
    assert.same({}, warnings(function() assert(one:preview("platforms", USER)) end))
  end)
end)

describe("a hook that changes the error it gets", function()
  local server, fake

  before_each(function()
    core.engine():close()
    server = mock.shared("http")
    fake = support.fake_loop()
  end)

  local LIES = {
    {kind = "rate_limited", outcome = "not_sent", status = 429, retry_after = 0},
    {kind = "network", outcome = "rejected", message = "lie"},
    {kind = false, outcome = false, status = false, message = false, retry_after = "soon"},
  }

  local function lying(about, hooks, options)
    local all = {loop = fake, timeout = 1000, jitter = function() return 0 end}
    for name, value in pairs(options or {}) do all[name] = value end
    for _, name in ipairs(hooks) do
      all[name] = function(event)
        for field, value in pairs(about) do event.err[field] = value or nil end
      end
    end
    return support.new(server, all)
  end

  it("causes no second request, and does not change the call's own error", function()
    for index, about in ipairs(LIES) do
      server:reset()
      server:fault{status = 500, body = {message = "down"}, times = 9}
      local res, message, err = lying(about, {"on_response", "retry", "on_retry"}):reexport{mailboxId = MAILBOX}
      assert.is_nil(res)
      assert.same({"server_error", "unknown", 500, 1}, {err.kind, err.outcome, err.status, err.attempts}, index)
      assert.equal("reexport: HTTP 500: down", message)
      assert.equal(1, #server:requests())
    end
  end)

  it("changes no retry of a read", function()
    for index, about in ipairs(LIES) do
      server:reset()
      server:fault{status = 503, body = {message = "down"}, times = 9}
      local hooks = {"on_response", "retry", "on_retry"}
      local _, message, err = lying(about, hooks, {retry_budget = 1, api_key = "lie-" .. index}):platforms(USER)
      assert.same({"server_error", "unknown", 503, 2}, {err.kind, err.outcome, err.status, err.attempts}, index)
      assert.matches("^platforms: HTTP 503: down; not tried again", message)
    end
  end)
end)

describe("the server's request id", function()
  local server, fake

  before_each(function()
    core.engine():close()
    server = mock.shared("http")
    fake = support.fake_loop()
  end)

  local function failing(headers, options)
    server:fault{status = 404, headers = headers, body = {message = "gone"}}
    local told
    local all = {loop = fake, on_response = function(attempt) told = attempt.request_id end}
    for name, value in pairs(options or {}) do all[name] = value end
    local _, message, err = support.new(server, all):platforms(USER)
    assert.equal(err.request_id, cmr.info(err).request_id)
    assert.equal(err.request_id, told)
    assert.equal(message, err.message)
    assert.equal(message, tostring(err))
    return err.request_id, message
  end

  it("is in err, info and the message, from the usual headers", function()
    for _, name in ipairs{"X-Request-Id", "request-id", "X-Correlation-ID", "x-amzn-RequestId", "CF-Ray"} do
      local id, message = failing{[name] = "7f.A-1:b_2/c+d="}
      assert.equal("7f.A-1:b_2/c+d=", id, name)
      assert.equal("platforms: HTTP 404: gone (request id 7f.A-1:b_2/c+d=)", message)
    end
    assert.equal("first", (failing{["CF-Ray"] = "second", ["x-request-id"] = "first"}))
  end)

  it("is absent when there is none, and when it is no plain word", function()
    for _, value in ipairs{"", "two words", "a\27[2Jb", "\195\164", ("x"):rep(129), '"quoted"', "(a)", server.key} do
      local id, message = failing{["X-Request-Id"] = value}
      assert.is_nil(id, value)
      assert.equal("platforms: HTTP 404: gone", message)
    end
    assert.is_nil((failing{["X-Thing"] = "a"}))
    assert.equal(("x"):rep(128), (failing{["X-Request-Id"] = ("x"):rep(128)}))
    assert.equal("usable", (failing{["X-Request-Id"] = "", ["cf-ray"] = "usable"}))
  end)

  it("comes from the header that the option names, and from no other one", function()
    local options = {request_id_header = "X-Vendor-Trace"}
    assert.equal("v1", (failing({["x-vendor-trace"] = "v1", ["X-Request-Id"] = "r1"}, options)))
    assert.is_nil((failing({["X-Request-Id"] = "r1"}, options)))
  end)

  it("is in the message without hooks, too", function()
    server:fault{status = 404, headers = {["X-Request-Id"] = "r1"}, body = {message = "gone"}}
    local _, message, err = support.new(server, {loop = fake}):platforms(USER)
    assert.same({"r1", "platforms: HTTP 404: gone (request id r1)"}, {err.request_id, message})
  end)

  it("is in the info of a success, and of each attempt", function()
    local told = {}
    server:fault{status = 503, headers = {["X-Request-Id"] = "one"}}
    server:fault{status = 200, body = {status = 200}, headers = {["X-Request-Id"] = "two"}}
    local one = support.new(server, {loop = fake, on_response = function(attempt)
      told[#told + 1] = attempt.request_id
    end})
    local answer = assert(one:platforms(USER))
    assert.equal("two", cmr.info(answer).request_id)
    assert.same({"one", "two"}, told)
    assert.is_nil(cmr.info(assert(one:platforms(USER))).request_id)
  end)

  it("is absent where there was no answer", function()
    server:fault{close = true}
    local _, message, err = support.new(server, {loop = fake, retries = 0}):platforms(USER)
    assert.is_nil(err.request_id)
    assert.is_nil(message:find("request id", 1, true))
  end)
end)
