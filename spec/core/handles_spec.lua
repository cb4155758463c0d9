-- libcurl's handles are used again by later calls of the same target. Nothing of one call may reach another.
local core = require "cmr.core"
local faultserver = require "spec.support.faultserver"
local mock = require "spec.support.mock"
local support = require "spec.support.client"
local words = require "spec.fault.wording"

local attempt, finish, run_until_received = support.attempt, support.finish, support.run_until_received

local USER = mock.USER
local ANSWER = {status = 200, body = {status = 200, message = "ok", data = {}}}
local BOUNDARY = "boundary=.*"

describe("a handle that is used again", function()
  local picture = os.tmpname()
  local server, target

  local function use(kind, options)
    core.engine():close()
    server = mock.shared(kind)
    target = support.target(server, options)
  end

  setup(function()
    local file = assert(io.open(picture, "wb"))
    file:write(("picture "):rep(3000))
    file:close()
  end)

  teardown(function()
    os.remove(picture)
  end)

  local function answer_all()
    local fault = {times = 1000}
    for name, value in pairs(ANSWER) do fault[name] = value end
    server:fault(fault)
  end

  local function with_headers(call, headers)
    for name, value in pairs(headers) do assert(call:add_header(name, value)) end
    return call
  end

  local KINDS = {
    {"a GET", function() return core.platforms(target, USER) end},
    {"a POST of JSON", function() return core.reexport(target, {mailboxId = mock.MAILBOX}) end},
    {"a large POST of JSON", function()
      return core.request(target, "POST", "/large", {body = {text = ("x"):rep(30000)}})
    end},
    {"a form", function()
      return core.create_order_form(target, {userId = USER, confirm = false, files = {["a@b.com"] = picture},
        domains = {{domain = "a.com", years = 1}}})
    end},
    {"a POST without a body", function() return core.request(target, "POST", "/bare") end},
    {"a PUT of JSON", function() return core.request(target, "PUT", "/put", {body = {a = 1}}) end},
    {"a PATCH of JSON", function() return core.request(target, "PATCH", "/patch", {body = {}}) end},
    {"a DELETE", function() return core.request(target, "DELETE", "/gone%2Faway") end},
    {"a DELETE with a body", function() return core.request(target, "DELETE", "/gone", {body = {b = 2}}) end},
    {"a GET with a query", function()
      return core.request(target, "GET", "/asked", {query = {{"q", "a b%/?é"}, {"r", true}}})
    end},
    {"a GET with headers of its own", function()
      return with_headers(assert(core.platforms(target, USER)), {["X-Once"] = "1", ["X-Twice"] = "2"})
    end},
  }

  -- Returns what the server received, without the boundary, because libcurl makes a new one for each form.
  local function without_boundary(request)
    local length = request.headers["content-length"]
    local kind = (request.headers["content-type"] or ""):gsub(BOUNDARY, "")
    request.headers["content-type"], request.headers["content-length"] = kind, kind == "" and length or nil
    request.body = request.parts and "" or request.body
    request.connection, request.connection_requests = nil, nil
    request.at, request.number, request.answer = nil, nil, nil
    return request
  end

  for _, protocol in ipairs{"http", "tls"} do
    it("sends every kind of request after every other as a new handle does, over " .. protocol, function()
      use(protocol, {endpoints = {create_order_form = "POST /form"}})
      local expected = {}
      for index, kind in ipairs(KINDS) do
        core.engine():close()
        answer_all()
        local call = assert(kind[2]())
        assert(attempt(call))
        local requests = server:requests()
        expected[index] = without_boundary(requests[#requests])
        local path = server.base_url:match "://[^/]+(/.*)" .. call:request().url:sub(#server.base_url + 1)
        local request = expected[index]
        assert.equal(path, request.path .. (request.raw_query ~= "" and "?" .. request.raw_query or ""))
      end
      core.engine():close()
      server:reset()
      answer_all()
      local order = {}
      for first = 1, #KINDS do
        for second = 1, #KINDS do
          order[#order + 1], order[#order + 2] = first, second
        end
      end
      for _, index in ipairs(order) do
        local call = assert(KINDS[index][2]())
        assert(attempt(call))
        assert.equal(1, call:info().sends)
      end
      local received = server:requests()
      assert.equal(#order, #received)
      for position, index in ipairs(order) do
        assert.same(expected[index], without_boundary(received[position]),
          KINDS[index][1] .. (position > 1 and " after " .. KINDS[order[position - 1]][1] or ""))
      end
    end)
  end

  describe("after a success", function()
    before_each(function() use("http") end)

    local function platforms(timeout)
      local call = assert(core.platforms(target, USER))
      return call, attempt(call, timeout)
    end

    local function reexport()
      return assert(core.reexport(target, {mailboxId = mock.MAILBOX}))
    end

    it("has the timeout of the next call, longer or shorter", function()
      assert(select(2, platforms(0.3)))
      server:fault{delay = 0.6}
      assert(select(2, platforms(5)))
      server:fault{delay = 1}
      local call = platforms(0.2)
      local _, _, err = call:result()
      assert.equal("timeout", err.kind)
      assert.is_nil(err.status)
      assert.is_nil(call:info().status)
      server:reset()
      assert(select(2, platforms(5)))
    end)

    local FAILURES = {
      ["401"] = {order = {status = 401}, kind = "unauthorized", status = 401},
      ["429"] = {order = {status = 429, headers = {["Retry-After"] = "9"}}, kind = "rate_limited", status = 429},
      ["503"] = {order = {status = 503, headers = {["X-Late"] = "1"}}, kind = "server_error", status = 503},
      ["a connection that closes"] = {order = {close = true, times = 9}, kind = "network"},
      ["no JSON"] = {order = {status = 200, body = "<html>"}, kind = "bad_response", status = 200},
    }

    for what, failure in pairs(FAILURES) do
      it("fails alone with " .. what .. ", before and after other successes", function()
        for _ = 1, 2 do
          local first, res = platforms()
          assert(res)
          server:fault(failure.order)
          local call = reexport()
          local _, message, err = attempt(call)
          assert.same({failure.kind, failure.status}, {err.kind, err.status}, message)
          assert.equal(failure.status, call:info().status)
          server:reset()
          local last
          last, res = platforms()
          assert.equal(200, assert(res).status)
          local info = last:info()
          assert.same({200, 1}, {info.status, info.sends})
          assert.is_nil(info.headers["x-late"])
          assert.is_nil(info.headers["retry-after"])
          assert.equal(200, first:info().status) -- the first call keeps its own answer
          assert.equal(200, first:result().status)
        end
      end)
    end

    it("is not used after a call that was cancelled in the middle of its answer", function()
      local faulty = faultserver.start()
      local good = words.send(words.answer("200 OK", words.GOOD))
      local half = words.send(words.answer("200 OK", words.GOOD, {"Content-Length: 1000"}))
      local play = faulty:play{{words.request, good, words.request, half, words.stall}, {words.request, good}}
      target = assert(core.target{api_key = "k", base_url = "http://127.0.0.1:" .. play.port})
      assert(select(2, platforms()))
      local call = reexport()
      call:start(core.engine(), 10)
      for _ = 1, 10 do core.engine():wait(10) end
      assert.equal(1, call:info().sends)
      call:cancel()
      local last, res = platforms()
      assert.same({"fine", "x"}, {assert(res).message, res.data.id})
      assert.same({200, 1}, {last:info().status, last:info().sends})
      core.engine():close()
      faulty:stop()
    end)

    it("is not used after a call that was collected while it ran", function()
      assert(select(2, platforms()))
      server:fault{delay = 0.2}
      local call = reexport()
      call:start(core.engine(), 10)
      run_until_received(server, 2)
      call = nil -- luacheck: ignore 311
      collectgarbage()
      collectgarbage()
      assert(select(2, platforms()))
      assert(select(2, platforms()))
    end)

    it("refuses an answer that is too large, and reads the next one", function()
      use("http", {max_response = 2000})
      assert(select(2, platforms()))
      server:fault{status = 200, body = ('{"status":200,"message":"%s"}'):format(("x"):rep(3000))}
      local call = platforms()
      local _, _, err = call:result()
      assert.equal("bad_response", err.kind)
      assert(select(2, platforms()))
    end)

    it("traces one call, and no other", function()
      assert(select(2, platforms()))
      local traced = assert(core.platforms(target, USER))
      traced:trace()
      assert(attempt(traced))
      assert.is_table(traced:info().timing)
      local call = platforms()
      assert.is_nil(call:info().timing)
    end)

    it("traces nothing that the server's answer says about encryption", function()
      server:fault{body = "SSL connection using words / of the server"}
      local traced = assert(core.platforms(target, USER))
      traced:trace()
      attempt(traced)
      assert.is_table(traced:info().timing)
      assert.is_nil(traced:info().tls)
    end)

    it("reports nothing of the last answer when the server is gone", function()
      local own = mock.start{rate = 0}
      target = support.target(own)
      assert(select(2, platforms()))
      own:stop()
      local call = platforms(3)
      local _, message, err = call:result()
      assert.same({"network", "not_sent"}, {err.kind, err.outcome}, message)
      local info = call:info()
      assert.same({nil, nil, nil, 0}, {err.status, info.status, info.headers, info.sends})
      assert.is_true(info.elapsed < 3)
    end)

    it("reports nothing of the last answer when its time is over before it begins", function()
      assert(select(2, platforms()))
      server:fault{delay = 0.3}
      local call = assert(core.platforms(target, USER))
      call:start(core.engine(), 1e-9)
      local until_then = core.now() + 0.02
      while core.now() < until_then do end
      finish(call)
      local _, _, err = call:result()
      assert.equal("timeout", err.kind)
      assert.is_nil(err.status)
      assert.is_nil(call:info().status)
    end)
  end)

  it("serves only its own target: its key, certificates, headers and proxy", function()
    use("tls")
    local others = {
      {},
      {headers = {["X-Other"] = "yes"}},
      {api_key = "another-key", reply = "unauthorized"},
      {ca_file = "/nonexistent.pem", reply = "tls"},
      {base_url = server.base_url:gsub("127.0.0.1", "localhost")},
      {user_agent = "other/1"},
      {connect_timeout = 3},
    }
    local targets = {}
    for index, options in ipairs(others) do
      local reply = options.reply
      options.reply = nil
      targets[index] = {support.target(server, options), reply, options}
    end
    for round = 1, 3 do
      for index = 1, #targets do
        local own, reply, options = (table.unpack or unpack)(targets[(index * round) % #targets + 1], 1, 3)
        local call = assert(core.platforms(own, USER))
        local res, message, err = attempt(call)
        assert.equal(reply, err and err.kind, message)
        if res then
          local requests = server:requests()
          local headers = requests[#requests].headers
          assert.equal((options.headers or {})["X-Other"], headers["x-other"])
          assert.equal(options.user_agent == "other/1", headers["user-agent"]:find("other/1", 1, true) == 1)
        end
      end
    end
  end)

  it("is not mistaken for one of a later target at the same address", function()
    use("http")
    for index = 1, 200 do
      local own = support.target(server, {headers = {["X-Target"] = tostring(index)}})
      assert(attempt(assert(core.platforms(own, USER))))
      own = nil -- luacheck: ignore 311
      if index % 5 == 0 then collectgarbage() end
    end
    for index, request in ipairs(server:requests()) do
      assert.equal(tostring(index), request.headers["x-target"])
    end
  end)

  it("is one of many: far more concurrent calls than stored handles, for several targets", function()
    use("http", {max_connections = 40})
    local targets = {target, support.target(server, {max_connections = 40}), support.target(server)}
    for round = 1, 3 do
      local calls = {}
      for index = 1, 200 do
        calls[index] = assert(core.platforms(targets[index % 3 + 1], USER))
        calls[index]:start(core.engine(), 20)
      end
      finish((table.unpack or unpack)(calls))
      for _, call in ipairs(calls) do assert.equal(200, assert(call:result()).status) end
      if round == 2 then core.engine():close() end
    end
  end)
end)
