-- One call of the core: created, started, finished or cancelled, started again, collected. It makes one attempt.
local core = require "cmr.core"
local support = require "spec.support.client"
local mock = require "spec.support.mock"
local program = require "spec.support.program"

local attempt, finish, run_until_received = support.attempt, support.finish, support.run_until_received

local USER = mock.USER
local PATIENT_SECONDS = 60 -- under valgrind, libcurl reads certificates for seconds

describe("a call", function()
  local server, target, engine

  before_each(function()
    core.engine():close() -- drops the connections of other specs
    server = mock.shared("http")
    target = support.target(server)
    engine = core.engine()
  end)

  local function platforms()
    return assert(core.platforms(target, USER))
  end

  local function reexport()
    return assert(core.reexport(target, {mailboxId = mock.MAILBOX}))
  end

  describe("goes from", function()
    it("ready through running to done", function()
      local call = platforms()
      assert.equal("cmr.call: platforms (ready)", tostring(call))
      assert.is_false(call:done())
      assert.equal(true, call:start(engine, 5))
      assert.equal("cmr.call: platforms (running)", tostring(call))
      assert.is_false(call:done())
      finish(call)
      assert.equal("cmr.call: platforms (done)", tostring(call))
      assert.is_true(call:done())
      assert.equal(200, call:result().status)
    end)

    it("done to running again, each attempt for itself", function()
      local call = platforms()
      server:fault{status = 503, headers = {["Retry-After"] = "9", ["X-Thing"] = "1"}, body = {message = "later"}}
      local _, _, err = attempt(call)
      assert.equal(503, err.status)
      assert.equal(9, err.retry_after)
      server:fault{status = 429}
      _, _, err = attempt(call)
      assert.equal(429, err.status)
      assert.is_nil(err.retry_after)
      assert.is_nil(call:info().headers["x-thing"])
      server:fault{close = true, times = 9}
      _, _, err = attempt(call)
      assert.equal("network", err.kind)
      assert.is_nil(err.status)
      assert.is_nil(call:info().status)
      server:reset()
      assert.equal(200, attempt(call).status)
      assert.equal(1, call:info().sends)
      assert.equal(200, call:result().status) -- the result can be read again
    end)
  end)

  it("is not run by anything but its engine", function()
    local call = platforms()
    call:start(engine, 5)
    assert.equal(0, #server:requests())
    assert.is_false(call:done())
    finish(call)
    assert.equal(1, #server:requests())
  end)

  it("knows its method", function()
    assert.equal("GET", platforms():request().method)
    assert.equal("POST", reexport():request().method)
    assert.equal("DELETE", core.remove_platform(target, {userId = "a", credentialId = "b"}):request().method)
    assert.equal("PATCH", core.request(target, "PATCH", "/x"):request().method)
  end)

  it("knows what it sends", function()
    assert.is_nil(platforms():request().body)
    assert.equal('{"mailboxId":"39XX"}', core.reexport(target, {mailboxId = "39XX"}):request().body)
    assert.is_nil(core.request(target, "POST", "/x"):request().body)
  end)

  it("tells what it is before it has an answer", function()
    local info = reexport():info()
    assert.same({
      operation = "reexport", method = "POST", url = server.base_url .. "/mailboxes/oauth", elapsed = 0, sends = 0,
    }, {
      operation = info.operation, method = info.method, url = info.url, elapsed = info.elapsed, sends = info.sends,
    })
    assert.is_nil(info.status)
    assert.is_nil(info.headers)
    assert.equal("POST /a/b", core.request(target, "POST", "/a/b"):info().operation)
  end)

  -- Sets how early and how fast Lua collects garbage, in per cent. Lua 5.5 has other names for it.
  local function collect(pause, speed)
    if pcall(collectgarbage, "setpause", pause) then
      collectgarbage("setstepmul", speed)
    else
      collectgarbage("param", "pause", pause)
      collectgarbage("param", "stepmul", speed)
    end
  end

  it("keeps the target and the arguments that it was made of", function()
    local now = tostring(os.time())
    local call = core.reexport(support.target(server), {email = ("x"):rep(100) .. "@" .. now})
    local raw = core.request(support.target(server), "POST", "/" .. ("x"):rep(50), {body = {a = "b" .. now}})
    for _ = 1, 5 do collectgarbage() end
    call:start(engine, 5)
    raw:start(engine, 5)
    for _ = 1, 5 do collectgarbage() end
    finish(call, raw)
    local requests = server:requests()
    table.sort(requests, function(a, b) return #a.path < #b.path end)
    assert.equal("/api/v1/integration/mailboxes/oauth", requests[1].path)
    assert.equal(server.key, requests[1].headers["cmr-x-api-key"])
    assert.matches("^{\"email\":\"x+@%d+\"}$", requests[1].body)
    assert.matches("/x+$", requests[2].path)
    assert.matches("^{\"a\":\"b%d+\"}$", requests[2].body)
  end)

  it("keeps its method and its name, though nothing else does", function()
    local answer = program.run([[
      local core = require "cmr.core"
      local target = core.target{api_key = "k", base_url = "https://api.test",
        endpoints = {platforms = ("patch"):upper() .. " /x"}}
      local operation, raw = core.platforms(target, "u"), core.request(target, ("delete"):upper(), "/y")
      for _ = 1, 3 do collectgarbage() end
      local others = {} -- may take the place of strings that are gone
      for index = 1, 20000 do others[index] = ("%09d"):format(index):sub(4 - index % 4) end
      print(operation:request().method, raw:request().method, raw:info().operation)]])
    assert.equal("PATCH\tDELETE\tDELETE /y\n", answer.out, answer.err)
  end)

  it("has functions that return as many values as they promise", function()
    local function count(wanted, name, call, ...)
      assert.equal(wanted, select("#", call[name](call, ...)), name)
    end
    local call = platforms()
    for _, name in ipairs{"done", "id", "operation", "arguments", "repeatable", "info", "request"} do
      count(1, name, call)
    end
    for _, name in ipairs{"cancel", "trace", "clear_headers"} do count(0, name, call) end
    count(1, "add_header", call, "X-A", "1", "one value too many")
    count(2, "add_header", call, "X-A", "1")
    count(2, "add_header", call, "a b", "1")
    count(1, "start", call, engine, 5)
    assert.equal(1, select("#", engine:wait(0)))
    assert.equal(1, select("#", engine:wait_for(call, 0)))
    finish(call)
    count(1, "result", call)
    count(0, "release", call)
    assert.equal(1, select("#", engine:fd()))
    assert.equal(1, select("#", engine:count()))
    assert.equal(1, select("#", core.engine()))
    assert.equal(1, select("#", core.platforms(target, USER)))
    assert.equal(3, select("#", core.platforms(target, "")))
    assert.equal(1, select("#", core.target{}))
    assert.equal(3, select("#", core.target{proxy = 5}))
    assert.equal(0, select("#", engine:close()))
  end)

  it("has functions that take calls only", function()
    for _, name in ipairs{"start", "cancel", "done", "id", "result", "release", "trace", "add_header", "clear_headers",
      "operation", "arguments", "repeatable", "info", "request"} do
      for _, other in ipairs{5, "x", {}, io.stdout, target, engine} do
        assert.is_false((pcall(platforms()[name], other, engine, 5)), name)
      end
    end
  end)

  it("names the argument that is wrong", function()
    local function raises(expected, action, ...)
      local ok, why = pcall(action, ...)
      assert.is_false(ok)
      assert.matches(expected, why)
    end
    local call = platforms()
    for _, seconds in ipairs{0, -1, 1e6, 1e7, 0 / 0} do
      raises("#3.*out of range", call.start, call, engine, seconds)
      raises("#4.*out of range", call.start, call, engine, 5, seconds)
    end
    for _, ms in ipairs{-1, 2 ^ 31, 0 / 0} do
      raises("#2.*out of range", engine.wait, engine, ms)
      raises("#3.*out of range", engine.wait_for, engine, call, ms)
    end
    raises("#1.*the call has not finished", call.result, call)
    raises("#1.*the call has not finished", call.release, call)
    call:start(engine, 999999, 999999)
    raises("#1.*not ready to start", call.start, call, engine, 5)
    raises("#1.*running or closed", call.add_header, call, "X-A", "1")
    finish(call)
    local other = platforms()
    engine:close()
    raises("#2.*the engine is closed", other.start, other, engine, 5)
    raises("#1.*the engine is closed", engine.wait, engine, 0)
  end)

  it("has no result after its release, but still tells what it was", function()
    local call = platforms()
    attempt(call)
    call:release()
    assert.is_nil((call:result()))
    assert.equal(200, call:info().status)
  end)

  it("that is finalized can only be printed", function()
    local answer = program.run [[
      local core = require "cmr.core"
      local call
      local engine = core.engine() -- an engine that a finalizer makes is never freed
      local function check()
        print(tostring(call))
        for _, name in ipairs{"start", "result", "release", "add_header", "clear_headers", "request"} do
          print(name, pcall(call[name], call, engine, 5))
        end
      end
      local last = newproxy and newproxy(true) or setmetatable({}, {__gc = check}) -- is finalized after the call
      if newproxy then getmetatable(last).__gc = check end
      local target = core.target{api_key = "k", base_url = "http://127.0.0.1:1"}
      call = core.platforms(target, "u")]]
    assert.equal(0, answer.status, answer.err)
    assert.matches("^cmr.call: platforms %(closed%)\n", answer.out)
    assert.equal(6, select(2, answer.out:gsub("\tfalse\t", "")), answer.out)
  end)

  describe("raises when it is", function()
    it("asked for a result it does not have", function()
      local call = platforms()
      assert.has_error(function() call:result() end)
      call:start(engine, 5)
      local ok, why = pcall(call.result, call)
      assert.is_false(ok)
      assert.matches("the call has not finished", why, 1, true)
      finish(call)
      assert.equal(200, call:result().status)
    end)

    it("started while it runs, and goes on", function()
      local call = platforms()
      call:start(engine, 5)
      local ok, why = pcall(call.start, call, engine, 5)
      assert.is_false(ok)
      assert.matches("not ready to start", why, 1, true)
      assert.equal(1, engine:count())
      finish(call)
      assert.equal(200, call:result().status)
      assert.equal(1, #server:requests())
    end)

    it("started while its answer is read, which a finalizer can do, and the answer stays whole", function()
      local call = platforms()
      local headers, refused = {}, 0
      for number = 1, 200 do headers["X-" .. number] = "value" end
      server:fault{status = 200, headers = headers, body = {status = 200, message = "whole"}, times = 1000000}
      attempt(call)
      local reading = false
      local function start_again()
        if not reading then return end
        local fine, why = pcall(call.start, call, engine, 5)
        refused = refused + (not fine and why:find("is being read", 1, true) and 1 or 0)
      end
      local function litter()
        for _ = 1, 50 do
          if newproxy then
            getmetatable(newproxy(true)).__gc = start_again
          else
            setmetatable({}, {__gc = start_again})
          end
        end
      end
      collect(10, 400)
      for _ = 1, 20000 do
        litter()
        reading = true
        local fine, seen, res = pcall(function() return call:info().headers, call:result() end)
        reading = false
        if fine and call:done() then
          assert(seen["x-1"] == "value" and seen["x-200"] == "value", "headers that are not the answer's")
          assert(res.message == "whole", "not the answer")
        else -- a finalizer started the call again before, between or after the two reads
          finish(call)
        end
        if refused > 20 then break end
      end
      collect(200, 200)
      collectgarbage()
      assert.is_true(refused > 0)
    end)

    it("never valid", function()
      -- the function returns no call when it refuses the arguments
      local call, why, err = core.platforms(target, "")
      assert.is_nil(call)
      assert.equal("platforms: 'userId' is empty", why)
      assert.equal("invalid_argument", err.kind)
    end)

    it("given no proper engine or time", function()
      local call = platforms()
      for _, timeout in ipairs{0, -1, 1e7, 0 / 0} do
        assert.has_error(function() call:start(engine, timeout) end)
      end
      assert.has_error(function() call:start(engine) end)
      assert.has_error(function() call:start(nil, 5) end)
      assert.has_error(function() call:start(call, 5) end)
      assert.has_error(function() call.start(engine, engine, 5) end)
      local closed = core.engine()
      closed:close()
      local ok, why = pcall(call.start, call, closed, 5)
      assert.is_false(ok)
      assert.matches("the engine is closed", why, 1, true)
      assert.equal("cmr.call: platforms (ready)", tostring(call))
      assert.equal(200, attempt(call).status)
    end)
  end)

  describe("cancelled", function()
    local function cancelled(call)
      assert.is_true(call:done())
      local answer, why, err = call:result()
      assert.is_nil(answer)
      assert.equal("reexport: cancelled", why)
      assert.equal("cancelled", err.kind)
      assert.equal(why, tostring(err))
      return err.outcome
    end

    it("before it left was not sent", function()
      local call = reexport()
      call:start(engine, 5)
      assert.equal(1, engine:count())
      call:cancel()
      assert.equal(0, engine:count())
      assert.equal("not_sent", cancelled(call))
      assert.is_false(engine:wait(20))
      assert.equal(0, #server:requests())
    end)

    it("after the server saw it is unknown", function()
      local call = reexport()
      server:fault{delay = 0.2}
      call:start(engine, 5)
      run_until_received(server, 1)
      call:cancel()
      assert.equal("unknown", cancelled(call))
      assert.equal(0, engine:count())
      assert.is_false(engine:wait(20))
    end)

    it("when it is not running stays what it is", function()
      local call = reexport()
      call:cancel()
      assert.is_false(call:done())
      assert.equal(200, attempt(call).status)
      call:cancel()
      assert.equal(200, call:result().status)
    end)

    it("twice is cancelled once, and can start again", function()
      local call = reexport()
      call:start(engine, 5)
      call:cancel()
      call:cancel()
      assert.equal("not_sent", cancelled(call))
      assert.equal(200, attempt(call).status)
      assert.equal(1, #server:requests())
    end)

    it("leaves the others alone", function()
      local calls = {}
      server:fault{delay = 0.1, times = 20}
      for index = 1, 20 do
        calls[index] = platforms()
        calls[index]:start(engine, 5)
      end
      run_until_received(server, 5)
      for index = 2, 20, 2 do calls[index]:cancel() end
      assert.equal(10, engine:count())
      for index = 1, 20, 2 do
        finish(calls[index])
        assert.equal(200, calls[index]:result().status)
      end
    end)

    -- In Lua 5.4: local call <close> = ...
    it("by a to-be-closed variable at the end of its block", function()
      local scope = (rawget(_G, "loadstring") or load)[[
        local call, engine = ...
        do
          local held <close> = call
          call:start(engine, 5)
        end
        return call:done()
      ]]
      if not scope then return end -- this Lua has no to-be-closed variables
      local call = reexport()
      assert.is_true(scope(call, engine))
      assert.equal("not_sent", cancelled(call))
    end)
  end)

  describe("collected", function()
    it("before, while and after it runs leaves nothing behind", function()
      server:fault{delay = 0.05, times = 1000}
      for round = 1, 200 do
        local call = platforms()
        call:start(engine, 5)
        if round % 3 == 0 then engine:wait(0) end
        if round % 50 == 0 then
          call = nil -- luacheck: ignore 311
          collectgarbage()
        end
      end
      for _ = 1, 3 do collectgarbage() end
      assert.equal(0, engine:count())
      assert.is_false(engine:wait(20))
      assert.is_false(engine:wait(0))
      server:reset()
      assert.equal(200, attempt(platforms()).status)
    end)

    it("after it finished, before it was reported, is not reported", function()
      for _ in engine.finished, engine do end -- drops the reports about calls of earlier specs
      local kept, other = platforms(), platforms()
      other:start(engine, 5)
      kept:start(engine, 5)
      finish(kept, other)
      other = nil -- luacheck: ignore 311
      for _ = 1, 2 do collectgarbage() end
      assert.equal(kept:id(), engine:finished())
      assert.is_nil(engine:finished())
      assert.equal(0, engine:count())
    end)
  end)

  describe("fails", function()
    it("when its time is over before the server answers", function()
      server:fault{delay = 2}
      local call = reexport()
      local begun = core.now()
      local answer, why, err = attempt(call, 0.2)
      local took = core.now() - begun
      assert.is_nil(answer)
      assert.matches("^reexport: ", why)
      assert.equal("timeout", err.kind)
      assert.equal("unknown", err.outcome)
      assert.equal(28, err.curl_code)
      assert.is_true(took >= 0.19 and took < 1.9, took)
      assert.is_true(call:info().elapsed >= 0.19 and call:info().elapsed < 1.9)
      assert.equal(1, call:info().sends)
    end)

    it("unsent where no server listens", function()
      local call = core.reexport(support.target(server, {base_url = "http://127.0.0.1:1"}), {mailboxId = "x"})
      local _, why, err = attempt(call)
      assert.matches("^reexport: ", why)
      assert.equal("network", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.equal(7, err.curl_code)
      assert.is_nil(err.status)
      assert.equal(0, call:info().sends)
    end)

    it("unsent where the certificate is not trusted", function()
      local tls = mock.shared("tls")
      local options = {api_key = tls.key, base_url = tls.base_url, connect_timeout = PATIENT_SECONDS}
      local reexport_it = {mailboxId = mock.MAILBOX}
      local _, why, err = attempt(core.reexport(assert(core.target(options)), reexport_it), PATIENT_SECONDS)
      assert.equal("tls", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.matches("ca_file", why, 1, true)
      options.ca_file = "/nowhere/ca.pem"
      _, why, err = attempt(core.reexport(assert(core.target(options)), reexport_it), PATIENT_SECONDS)
      assert.equal("tls", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.matches("ca_file", why, 1, true)
      assert.equal(0, #tls:requests())
    end)

    it("unsent where the server does not speak TLS", function()
      local no_tls = support.target(server, {base_url = (server.base_url:gsub("^http:", "https:")),
        connect_timeout = PATIENT_SECONDS})
      local _, _, err = attempt(core.reexport(no_tls, {mailboxId = "x"}), PATIENT_SECONDS)
      assert.equal("tls", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.equal(0, #server:requests())
    end)
  end)

  -- By itself, libcurl would send a request again when a reused connection closes without an answer.
  for _, kind in ipairs{"http", "tls"} do
    describe("over " .. kind .. " whose reused connection closes unanswered", function()
      before_each(function()
        server = mock.shared(kind)
        target = support.target(server)
        assert.equal(200, attempt(platforms()).status)
      end)

      local function dies(close)
        server:fault{close = close}
        local call = reexport()
        local answer, why, err = attempt(call)
        assert.is_nil(answer)
        assert.matches("^reexport: ", why)
        assert.equal("network", err.kind)
        assert.equal("unknown", err.outcome)
        assert.is_nil(err.status)
        local requests = server:requests()
        assert.equal(2, #requests)
        assert.equal("POST", requests[2].method)
        assert.equal(requests[1].connection, requests[2].connection)
        assert.equal(200, attempt(platforms()).status)
      end

      it("was sent once, before the server did it", function() dies(true) end)
      it("was sent once, after the server did it", function() dies("after") end)

      it("was sent once, for a DELETE as well", function()
        server:fault{close = true}
        local call = assert(core.remove_platform(target, {userId = USER, credentialId = "A1B2C3D4E5F6G7H8"}))
        local _, _, err = attempt(call)
        assert.equal("network", err.kind)
        assert.equal("unknown", err.outcome)
        assert.equal(2, #server:requests())
      end)
    end)
  end
end)
