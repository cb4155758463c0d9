-- The engine: every call of a Lua state behind one descriptor.
local compile = require "spec.support.compile"
local core = require "cmr.core"
local support = require "spec.support.client"
local faultserver = require "spec.support.faultserver"
local mock = require "spec.support.mock"
local posix = require "spec.support.posix"
local program = require "spec.support.program"
local socket = require "socket"
local words = require "spec.fault.wording"

local attempt, finish, run_until_received = support.attempt, support.finish, support.run_until_received

describe("the engine", function()
  local server, target, engine

  local function use(kind)
    core.engine():close()
    server = mock.shared(kind)
    target = support.target(server)
    engine = core.engine()
    for _ in engine.finished, engine do end -- drops the reports about calls of earlier specs
  end

  before_each(function() use("http") end)

  local function platforms()
    return assert(core.platforms(target, mock.USER))
  end

  -- Starts this number of calls and returns them.
  local function start(count, timeout)
    local calls = {}
    for index = 1, count do
      calls[index] = platforms()
      calls[index]:start(engine, timeout or 10)
    end
    return calls
  end

  -- Skips the first `before` requests. Returns the number of connections over which the others came.
  local function connections_since(before)
    local seen, count, requests = {}, 0, server:requests()
    for index = before + 1, #requests do
      local connection = requests[index].connection
      if not seen[connection] then seen[connection], count = true, count + 1 end
    end
    return count
  end

  local function statuses(calls)
    local seen = {}
    for index, call in ipairs(calls) do seen[index] = assert(call:result()).status end
    return seen
  end

  local function all(value, count)
    local list = {}
    for index = 1, count do list[index] = value end
    return list
  end

  it("is one for the whole Lua state", function()
    assert.equal(engine, core.engine())
    assert.equal("cmr.engine: 0 in flight", tostring(engine))
    assert.equal(0, engine:count())
    local call = platforms()
    call:start(engine, 5)
    assert.equal("cmr.engine: 1 in flight", tostring(engine))
    assert.equal(1, engine:count())
    finish(call)
    assert.equal(0, engine:count())
  end)

  describe("waits for one call", function()
    it("and says that it alone has finished, which is then not reported", function()
      local call = start(1)[1]
      while not engine:wait_for(call, 1000) do assert.is_false(call:done()) end
      assert.is_true(call:done())
      assert.is_nil((engine:finished()))
      assert.is_false(engine:wait_for(call, 1000)) -- at once: nothing is in flight
    end)

    it("for as long as it is told", function()
      server:fault{delay = 0.5}
      local call, begun = start(1)[1], core.now()
      for _ = 1, 3 do assert.is_false(engine:wait_for(call, 20)) end
      assert.is_true(core.now() - begun < 0.45)
      assert.is_false(call:done())
      finish(call)
    end)

    it("and reports every other call that has finished", function()
      local calls = start(20)
      local alone, reported = {}, {}
      for _, call in ipairs(calls) do
        while not call:done() do
          if engine:wait_for(call, 1000) then alone[#alone + 1] = call:id() end
          for id in engine.finished, engine do reported[#reported + 1] = id end
        end
      end
      local seen = {}
      for _, list in ipairs{alone, reported} do
        for _, id in ipairs(list) do seen[id] = (seen[id] or 0) + 1 end
      end
      for _, call in ipairs(calls) do assert.equal(1, seen[call:id()]) end
    end)

    it("only with an engine, a call and a time", function()
      local call = start(1)[1]
      for _, ms in ipairs{-1, 2 ^ 40} do assert.has_error(function() engine:wait_for(call, ms) end) end
      assert.has_error(function() engine:wait_for(engine, 0) end)
      assert.has_error(function() engine:wait_for(call) end)
      engine:wait_for(call, 0)
      finish(call)
    end)
  end)

  if _VERSION == "Lua 5.4" then -- only there, a spec can make the next allocation collect garbage
    it("is one also when a finalizer asks for it while it is being made", function()
      local inner, making
      collectgarbage "generational"
      engine:close()
      collectgarbage()
      collectgarbage "stop"
      setmetatable({}, {__gc = function() inner = making and core.engine() end})
      making = true
      collectgarbage "restart"
      local outer = core.engine()
      collectgarbage "incremental"
      assert.equal(outer, inner)
      assert.equal("cmr.engine: 0 in flight", tostring(inner))
    end)
  end

  it("is idle when no call runs, and reports the finished calls also when it is closed", function()
    assert.equal(engine, core.idle_engine())
    server:fault{delay = 0.1}
    local call = start(1)[1]
    assert.is_nil(core.idle_engine())
    finish(call)
    assert.equal(engine, core.idle_engine())
    engine:close()
    assert.is_nil(core.idle_engine())
    assert.equal(call:id(), engine:finished())
  end)

  describe("reports", function()
    it("each call once, when it has finished", function()
      local calls = start(5)
      local by_id, seen = {}, {}
      for _, call in ipairs(calls) do by_id[call:id()] = call end
      while engine:count() > 0 do
        local any = engine:wait(1000)
        for id in engine.finished, engine do
          assert.is_true(any)
          assert.is_true(by_id[id]:done())
          seen[id] = (seen[id] or 0) + 1
        end
      end
      for _, call in ipairs(calls) do assert.equal(1, seen[call:id()]) end
      assert.is_false(engine:wait(0))
      assert.is_nil(engine:finished())
    end)

    it("nothing while there is nothing", function()
      assert.is_false(engine:wait(0))
      local begun = core.now()
      assert.is_false(engine:wait(50))
      local took = core.now() - begun
      assert.is_true(took >= 0.04 and took < 0.9, took)
      assert.is_nil(engine:finished())
    end)

    it("no call that was cancelled or started again meanwhile", function()
      local calls = start(2)
      calls[1]:cancel()
      finish(calls[2])
      calls[2]:start(engine, 5)
      assert.is_nil(engine:finished())
      while not calls[2]:done() do engine:wait(1000) end
      assert.equal(calls[2]:id(), engine:finished())
      assert.is_nil(engine:finished())
    end)

    it("every finished call, whatever becomes of another that was cancelled or reported", function()
      local cancelled, first, last = platforms(), platforms(), platforms()
      cancelled:start(engine, 5)
      first:start(engine, 5)
      cancelled:cancel()
      finish(first)
      cancelled:start(engine, 5)
      assert.equal(first:id(), engine:finished())
      last:start(engine, 5)
      finish(last, cancelled)
      local by_id = {[last:id()] = last, [cancelled:id()] = cancelled}
      local id = engine:finished()
      by_id[id]:start(engine, 5)
      by_id[id] = nil
      assert.equal(next(by_id), engine:finished())
      assert.is_nil(engine:finished())
    end)

    it("a finished call even after another wait, which takes its whole time", function()
      local call = start(1)[1]
      finish(call)
      local begun = core.now()
      assert.is_false(engine:wait(50))
      assert.is_true(core.now() - begun >= 0.04)
      assert.equal(call:id(), engine:finished())
    end)

    it("through its successor the calls that its end cancelled, or that it had not reported", function()
      local finished = start(1)[1]
      finish(finished)
      server:fault{delay = 1}
      local running, restarted, dropped = platforms(), platforms(), platforms()
      for _, call in ipairs{running, restarted, dropped} do call:start(engine, 5) end
      engine:close()
      dropped = nil -- luacheck: ignore 311
      for _ = 1, 2 do collectgarbage() end
      local wanted = {[finished:id()] = true, [running:id()] = true}
      engine = core.engine()
      restarted:start(engine, 5)
      for id in engine.finished, engine do
        assert.is_true(wanted[id])
        wanted[id] = nil
      end
      assert.is_nil(next(wanted))
      restarted:cancel()
    end)
  end)

  it("reports no call of its predecessor that was started again", function()
    server:fault{delay = 1, times = 3}
    local calls = start(3)
    engine:close()
    engine = core.engine()
    for _, call in ipairs(calls) do call:start(engine, 5) end
    assert.is_nil(engine:finished())
    for _, call in ipairs(calls) do call:cancel() end
  end)

  describe("has a descriptor that", function()
    it("is readable when there is work, and only then", function()
      local fd = engine:fd()
      assert.is_true(fd > 2)
      assert.is_false(posix.readable(fd, 0))
      server:fault{delay = 0.3}
      local call = platforms()
      call:start(engine, 5)
      local wakes = 0
      while not call:done() do
        assert.is_true(posix.readable(fd, 5000))
        wakes = wakes + 1
        engine:wait(0)
      end
      assert.equal(200, call:result().status)
      assert.is_true(wakes < 50, wakes)
      assert.is_false(posix.readable(fd, 0))
    end)

    it("wakes for the end of a call's time", function()
      server:fault{delay = 1}
      local call = platforms()
      call:start(engine, 0.2)
      while not call:done() do
        assert.is_true(posix.readable(engine:fd(), 700))
        engine:wait(0)
      end
      assert.equal("timeout", select(3, call:result()).kind)
    end)

    it("wakes for a call's timeout also after another wait", function()
      server:fault{delay = 1, times = 10}
      local fd = engine:fd()
      for _ = 1, 10 do
        local call = platforms()
        call:start(engine, 0.02)
        while not call:done() do
          engine:wait(700)
          assert.is_true(call:done() or posix.readable(fd, 500))
        end
      end
    end)

    it("stays quiet after a cancel", function()
      server:fault{delay = 0.2}
      local call = platforms()
      call:start(engine, 5)
      run_until_received(server, 1)
      call:cancel()
      engine:wait(0)
      assert.is_false(posix.readable(engine:fd(), 300))
    end)
  end)

  describe("does not block", function()
    it("in step, however late the answer is", function()
      server:fault{delay = 1}
      local call = platforms()
      call:start(engine, 5)
      run_until_received(server, 1)
      local begun = core.now()
      for _ = 1, 20 do assert.is_false(engine:wait(0)) end
      local took = core.now() - begun
      assert.is_true(took < 20 * 0.02, took)
      assert.is_false(call:done())
      call:cancel()
    end)

    it("in start, cancel and close", function()
      server:fault{delay = 2, times = 3}
      local begun = core.now()
      local calls = start(3)
      run_until_received(server, 3)
      calls[1]:cancel()
      engine:close()
      assert.is_true(core.now() - begun < 1.9)
    end)
  end)

  describe("runs calls at once:", function()
    for _, kind in ipairs{"http", "tls"} do
      it("over " .. kind .. " many take the time of one", function()
        use(kind)
        server:fault{delay = 0.4, times = 10}
        local begun = core.now()
        local calls = start(10)
        assert.equal(10, engine:count())
        finish((table.unpack or unpack)(calls))
        local took = core.now() - begun
        assert.is_true(took >= 0.39 and took < 3, took)
        assert.same(all(200, 10), statuses(calls))
      end)

      it("over " .. kind .. " hundreds find their way", function()
        use(kind)
        local calls = start(300)
        finish((table.unpack or unpack)(calls))
        assert.same(all(200, 300), statuses(calls))
        assert.equal(300, #server:requests())
      end)
    end

    it("with TLS by HTTP/2 over one connection", function()
      if support.LACKS_HTTP2 then return pending(support.LACKS_HTTP2) end
      use("tls")
      server:fault{delay = 0.1, times = 20}
      local calls = start(20)
      finish((table.unpack or unpack)(calls))
      local first = server:requests()[1]
      for _, request in ipairs(server:requests()) do
        assert.equal("2.0", request.http)
        assert.equal(first.connection, request.connection)
      end
      for _, call in ipairs(calls) do assert.equal("2", call:info().http_version) end
    end)

    for _, kind in ipairs{"a server that it knows", "a new server"} do
      it("by HTTP/2 to " .. kind .. " over few connections, and sends all of them before the first answer", function()
        if support.LACKS_HTTP2 then return pending(support.LACKS_HTTP2) end
        use("tls")
        if kind == "a server that it knows" then attempt(platforms()) end
        local before = #server:requests()
        server:fault{delay = 60, times = 250}
        local calls = start(250, 120)
        run_until_received(server, before + 250, 60)
        local count = connections_since(before)
        assert.is_true(count >= 3 and count <= 12, count) -- a connection has room for 100
        for _, call in ipairs(calls) do assert.is_false(call:done()) end
        engine:close()
      end)
    end

    it("by HTTP/2 to a server that answered none of the calls before, again over few connections", function()
      if support.LACKS_HTTP2 then return pending(support.LACKS_HTTP2) end
      use("tls")
      attempt(platforms())
      server:fault{delay = 60, times = 500}
      finish((table.unpack or unpack)(start(250, 4)))
      local before = #server:requests()
      local calls = start(250, 120)
      run_until_received(server, before + 250, 60)
      local count = connections_since(before)
      assert.is_true(count >= 3 and count <= 12, count)
      for _, call in ipairs(calls) do assert.is_false(call:done()) end
      engine:close()
    end)

    it("by HTTP/2, of which another server's calls need not wait for the first answer", function()
      if support.LACKS_HTTP2 then return pending(support.LACKS_HTTP2) end
      use("tls")
      server:fault{delay = 60, times = 150}
      local held = start(150, 120)
      local narrow = support.target(mock.shared "http", {max_connections = 2})
      local others = {}
      for index = 1, 20 do
        others[index] = assert(core.platforms(narrow, mock.USER))
        others[index]:start(engine, 120)
      end
      finish((table.unpack or unpack)(others))
      assert.same(all(200, 20), statuses(others))
      for _, call in ipairs(held) do assert.is_false(call:done()) end
      engine:close()
    end)

    it("by HTTP/2 without a wait in the queue, if as many were under way before", function()
      if support.LACKS_HTTP2 then return pending(support.LACKS_HTTP2) end
      use("tls")
      attempt(platforms())
      server:fault{delay = 60, times = 450}
      local held = start(300, 120)
      run_until_received(server, 301, 60)
      for index = 1, 150 do held[index]:cancel() end
      local more = start(150, 120)
      run_until_received(server, 451, 60)
      for _, call in ipairs(more) do assert.equal(0, call:info().queued) end
      for index = 151, 300 do assert.is_false(held[index]:done()) end
      engine:close()
    end)

    it("with TLS by HTTP/2 over one new connection, after all of them timed out", function()
      if support.LACKS_HTTP2 then return pending(support.LACKS_HTTP2) end
      use("tls")
      attempt(platforms())
      server:fault{delay = 2, times = 20}
      local calls = start(20, 0.5)
      finish((table.unpack or unpack)(calls))
      server:fault{delay = 0.1, times = 20}
      for _, call in ipairs(calls) do
        assert.equal("timeout", select(3, call:result()).kind)
        call:start(engine, 10)
      end
      finish((table.unpack or unpack)(calls))
      local requests = server:requests()
      assert.equal(41, #requests)
      assert.not_equal(requests[1].connection, requests[41].connection)
      for index = 22, 41 do assert.equal(requests[41].connection, requests[index].connection) end
    end)

    it("with TLS by HTTP/2 over one connection, which a call that times out leaves to another client", function()
      if support.LACKS_HTTP2 then return pending(support.LACKS_HTTP2) end
      use("tls")
      attempt(platforms())
      server:fault{delay = 1.2, times = 2}
      local other = support.target(server, {user_agent = "another client"})
      local slow, hasty = assert(core.reexport(other, {mailboxId = mock.MAILBOX})), platforms()
      slow:start(engine, 10)
      hasty:start(engine, 0.4)
      finish(slow, hasty)
      assert.equal("timeout", select(3, hasty:result()).kind)
      assert.equal(200, assert(slow:result()).status)
      local requests = server:requests()
      assert.equal(requests[1].connection, requests[2].connection)
      assert.equal(requests[1].connection, requests[3].connection)
    end)

    it("with TLS by HTTP/2 over the connection on which another client's answer is arriving", function()
      if support.LACKS_HTTP2 then return pending(support.LACKS_HTTP2) end
      use("tls")
      attempt(platforms())
      server:fault{body = {status = 200, message = ("x"):rep(9e4)}, times = 60}
      local other, calls = support.target(server, {user_agent = "another client"}), {}
      for index = 1, 60 do
        calls[index] = index % 2 == 1 and assert(core.platforms(other, mock.USER)) or platforms()
        calls[index]:start(engine, 20)
        if index > 20 then engine:wait(0) end
      end
      for index, call in ipairs(calls) do
        while not call:done() do engine:wait(1000) end
        local answer, message = call:result()
        assert.equal(200, answer and answer.status, ("%d: %s"):format(index, tostring(message)))
      end
    end)

    it("without TLS by HTTP/1.1 over several", function()
      server:fault{delay = 0.1, times = 4}
      local calls = start(4)
      finish((table.unpack or unpack)(calls))
      local connections = {}
      for _, request in ipairs(server:requests()) do
        assert.equal("1.1", request.http)
        assert.is_nil(connections[request.connection])
        connections[request.connection] = true
      end
      assert.equal("1.1", calls[1]:info().http_version)
    end)
  end)

  for _, kind in ipairs{"http", "tls"} do
    it("uses a connection again, over " .. kind, function()
      use(kind)
      local first, second, third = platforms(), platforms(), assert(core.reexport(target, {mailboxId = mock.MAILBOX}))
      assert.equal(200, attempt(first).status)
      assert.equal(200, attempt(second).status)
      assert.equal(200, attempt(third).status)
      assert.is_false(first:info().reused)
      assert.is_true(second:info().reused)
      assert.is_true(third:info().reused)
      local requests = server:requests()
      assert.same(all(requests[1].connection, 3),
        {requests[1].connection, requests[2].connection, requests[3].connection})
      assert.same({1, 2, 3},
        {requests[1].connection_requests, requests[2].connection_requests, requests[3].connection_requests})
    end)
  end

  it("keeps the connections of concurrent calls, even if few calls follow", function()
    finish((table.unpack or unpack)(start(9)))
    os.execute "sleep 1.2" -- by default, a new libcurl closes only connections that were idle for a second
    for _ = 1, 8 do attempt(platforms()) end
    local calls = start(9)
    finish((table.unpack or unpack)(calls))
    for _, call in ipairs(calls) do assert.is_true(call:info().reused) end
  end)

  it("sends nothing that is not repeatable over a connection that was idle for more than 5 s", function()
    local http, tls = mock.shared("http"), mock.shared("tls")
    local targets = {
      http = support.target(http),
      tls = support.target(tls),
      elsewhere = support.target(http, {base_url = (http.base_url:gsub("127.0.0.1", "localhost"))}),
    }
    -- Makes a call. Returns whether it reused the connection of the target's earlier call.
    local function reuses(name, make, ...)
      local call = assert(make(targets[name], ...))
      assert.equal(200, assert(attempt(call)).status)
      return call:info().reused
    end
    for name in pairs(targets) do reuses(name, core.platforms, mock.USER) end
    os.execute "sleep 2"
    for name in pairs(targets) do assert.is_true(reuses(name, core.reexport, {mailboxId = mock.MAILBOX}), name) end
    os.execute "sleep 6.2" -- libcurl counts whole seconds
    assert.is_true(reuses("elsewhere", core.platforms, mock.USER))
    assert.is_false(reuses("http", core.reexport, {mailboxId = mock.MAILBOX}))
    assert.is_false(reuses("tls", core.reexport, {mailboxId = mock.MAILBOX}))
  end)

  it("uses no processor while it waits, whatever became of its connections", function()
    local gone = {mock.start{rate = 0}, mock.start{rate = 0, tls = true}}
    finally(function() for _, one in ipairs(gone) do one:stop() end end)
    local function rest(what)
      local begun, used, steps = core.now(), os.clock(), 0
      repeat
        engine:wait(100)
        steps = steps + 1
      until core.now() - begun > 0.5
      assert.is_true(steps < 20 and os.clock() - used < 0.2, ("%s: %d steps, %.2f s"):format(what, steps,
        os.clock() - used))
    end
    local calls = {}
    for index = 1, 8 do
      calls[index] = assert(core.platforms(support.target(gone[index % 2 + 1]), mock.USER))
      calls[index]:start(engine, 10)
    end
    finish((table.unpack or unpack)(calls))
    rest "idle"
    server:fault{delay = 5, times = 2}
    local pending = start(2)
    run_until_received(server, 2)
    pending[2]:cancel()
    rest "one that is waited for, and one of a cancelled call"
    for _, one in ipairs(gone) do one:stop() end
    rest "closed by the server while idle"
    for _, one in ipairs(calls) do
      one:start(engine, 10)
      finish(one)
      assert.equal("network", select(3, one:result()).kind)
    end
    rest "refused"
    pending[1]:cancel()
  end)

  describe("when it is closed", function()
    it("cancels what is in flight", function()
      server:fault{delay = 1, times = 2}
      local sent, unsent = platforms(), platforms()
      sent:start(engine, 5)
      run_until_received(server, 1)
      unsent:start(engine, 5)
      engine:close()
      for call, outcome in pairs{[sent] = "unknown", [unsent] = "not_sent"} do
        assert.is_true(call:done())
        local answer, why, err = call:result()
        assert.is_nil(answer)
        assert.equal("platforms: cancelled", why)
        assert.equal("cancelled", err.kind)
        assert.equal(outcome, err.outcome)
      end
      server:reset()
      assert.equal(200, attempt(sent).status)
    end)

    it("keeps the answers that were there", function()
      local call = platforms()
      assert.equal(200, attempt(call).status)
      engine:close()
      assert.equal(200, call:result().status)
    end)

    it("is followed by another", function()
      engine:close()
      engine:close()
      assert.equal("cmr.engine: closed", tostring(engine))
      assert.are_not.equal(engine, core.engine())
      assert.equal(200, attempt(platforms()).status)
    end)

    it("raises when it is used", function()
      engine:close()
      for _, name in ipairs{"wait", "fd"} do
        local ok, why = pcall(engine[name], engine, 0)
        assert.is_false(ok, name)
        assert.matches("the engine is closed", why, 1, true)
      end
      assert.equal(0, engine:count())
      for _ in engine.finished, engine do end -- finished may be called even then
    end)

    it("gives every descriptor back", function()
      engine:close()
      collectgarbage()
      local before = posix.descriptors("")
      for _ = 1, 5 do
        engine = core.engine()
        local calls = start(10)
        finish(calls[1], calls[2])
        engine:close()
      end
      assert.equal(before, posix.descriptors(""))
    end)

  end)

  it("keeps as many connections as a target may have", function()
    target = support.target(server, {max_connections = 260})
    for round = 1, 2 do
      server:fault{delay = 0.5, times = 260} -- so long that all of them run at once
      local calls, reused = start(260), 0
      finish((table.unpack or unpack)(calls))
      for _, call in ipairs(calls) do reused = reused + (call:info().reused and 1 or 0) end
      assert.equal(round == 1 and 0 or 260, reused)
    end
  end)

  it("lets a call that starts again wait for its turn", function()
    target = support.target(server, {max_connections = 1})
    local again, other = platforms(), platforms()
    attempt(again)
    server:fault{delay = 0.2}
    other:start(engine, 10)
    again:start(engine, 10)
    assert.equal(2, engine:count())
    finish(other, again)
    assert.same({200, 200}, statuses{other, again})
    assert.is_true(again:info().queued > 0.1)
    assert.equal(1, connections_since(0))
    other:start(engine, 10)
    again:start(engine, 10)
    again:cancel()
    finish(other)
    assert.equal(0, engine:count())
    assert.equal(200, attempt(again).status)
  end)

  it("sends no call that waited until less than a tenth of its time was left", function()
    target = support.target(server, {max_connections = 1})
    server:fault{delay = 1.4}
    local first, second = platforms(), platforms()
    first:start(engine, 10)
    second:start(engine, 1.5)
    finish(first, second)
    assert.equal(200, first:result().status)
    local _, _, err = second:result()
    assert.same({"timeout", "not_sent"}, {err.kind, err.outcome})
    assert.equal(1, #server:requests())
  end)

  describe("continues a call on another connection, when a reused one closes,", function()
    before_each(function() attempt(platforms()) end)

    it("even if less than a second is left", function()
      server:fault{close = true}
      assert.equal(200, assert(attempt(platforms(), 0.95)).status)
      assert.equal(3, #server:requests())
    end)

    it("but not when a new connection closes", function()
      core.engine():close()
      engine = core.engine()
      server:fault{close = true, times = 2}
      local _, _, err = attempt(platforms())
      assert.same({"network", "unknown"}, {err.kind, err.outcome})
      assert.equal(2, #server:requests())
    end)

    it("but not when the answer had begun", function()
      local faulty = faultserver.start()
      finally(function() faulty:stop() end)
      local good = words.send(words.answer("200 OK", words.GOOD))
      local play = faulty:play{
        {words.request, good, words.request, words.send "HTTP/1.1 200 OK\r\nX-A: 1\r\n"},
        {words.request, good},
      }
      target = assert(core.target{api_key = "k", base_url = "http://127.0.0.1:" .. play.port})
      assert(attempt(platforms()))
      local call = platforms()
      local _, _, err = attempt(call)
      assert.same({"network", "unknown"}, {err.kind, err.outcome})
      assert.equal(1, call:info().sends)
    end)
  end)

  it("continues a call, when an idle connection had ended, for no longer than an attempt may take", function()
    local faulty = faultserver.start()
    finally(function() faulty:stop() end)
    local fine = words.send(words.answer("200 OK", words.GOOD))
    local function reexport() return assert(core.reexport(target, {mailboxId = "M"})) end
    for _, case in ipairs{{platforms, 0, "fine"}, {reexport, 0, "fine"}, {reexport, 1500, "timeout"}} do
      core.engine():close()
      engine = core.engine()
      local play = faulty:play{
        words.tls("good", {words.request, fine, words.sleep(50), words.notify, words.stall}),
        words.tls("good", {words.request, words.sleep(case[2]), fine}),
      }
      target = assert(core.target{api_key = "k", base_url = "https://127.0.0.1:" .. play.port,
        ca_file = faulty.ca_file})
      assert(attempt(platforms()))
      socket.sleep(0.2) -- until the end of the connection has arrived
      local call = case[1]()
      call:start(engine, 0.95, 20)
      finish(call)
      local answer, _, err = call:result()
      assert.equal(case[3], answer and answer.message or err.kind)
    end
  end)

  describe("of a program that may watch no further descriptor", function()
    -- Runs code in which the system refuses to watch connections after refuse(true).
    local function run(code)
      local library = compile "spec/support/refuse_watch.c"
      local ended = program.run(([[
        local core, posix = require "cmr.core", require "spec.support.posix"
        local refuse, user = assert(package.loadlib("%s", "refuse")), "%s"
        local target = core.target{api_key = "%s", base_url = "%s"}
        local engine = core.engine()
        local function start(operation)
          local call = assert(core[operation](target, operation == "platforms" and user or {email = "john@doe.com"}))
          call:start(engine, 60)
          return call
        end
        local function result(call)
          while not call:done() do engine:wait(1000) end
          return call:result()
        end
      ]]):format(library, mock.USER, server.key, server.base_url) .. code, {
        through = ('env LD_PRELOAD="$LD_PRELOAD:%s"'):format(library),
      })
      os.remove(library)
      assert.same({status = 0, out = "", err = ""}, ended)
    end

    it("fails its calls, and then works again", function()
      run[[
        assert(result(start "platforms"))
        engine:close()
        local before = posix.descriptors ""
        engine = core.engine()
        refuse(true)
        local calls = {start "platforms", start "platforms", start "platforms"}
        for _, call in ipairs(calls) do
          local _, _, err = result(call)
          assert(err.kind == "network" and err.outcome == "not_sent")
        end
        refuse(false)
        assert(tostring(engine) == "cmr.engine: 0 in flight", engine)
        assert(engine == core.engine())
        for _ = 1, 3 do assert(result(start "platforms").status == 200) end
        engine:close()
        assert(posix.descriptors "" == before)
      ]]
    end)

    it("ends the calls under way too, as a network's failure", function()
      server:fault{delay = 1, times = 2}
      run[[
        local read, write = start "platforms", start "reexport"
        while read:info().sends + write:info().sends < 2 do engine:wait(10) end
        refuse(true)
        local new = start "platforms"
        local outcomes = {[read] = "unknown", [write] = "unknown", [new] = "not_sent"}
        for call, outcome in pairs(outcomes) do
          local _, message, err = result(call)
          assert(err.kind == "network" and err.outcome == outcome, message)
          assert(message:find("no memory is left, or the system refused to watch another connection", 1, true), message)
        end
        refuse(false)
        assert(result(start "platforms").status == 200)
      ]]
    end)
  end)

  it("works again after the program has closed all descriptors, and never uses the files that it opens then", function()
    for _, kind in ipairs{"http", "tls"} do
      use(kind)
      assert(posix.child(function()
        local idle = platforms()
        assert(attempt(idle).status == 200)
        local own, log = core.engine(), program.file_with ""
        local opened = posix.replace_descriptors(log)
        assert(core.engine() ~= own)
        assert(attempt(platforms()).status == 200)
        for _, fd in ipairs(opened) do assert(posix.is_open(fd), "closed: " .. fd) end
        assert(program.read(log) == "")
        core.engine():close()
        assert(attempt(idle).status == 200)
        os.remove(log)
      end))
    end
  end)

  it("fails the calls under way after the program has closed all descriptors, at once", function()
    assert(posix.child(function()
      server:fault{delay = 30, times = 2}
      core.engine():close()
      engine = core.engine()
      local sent, cancelled = platforms(), platforms()
      sent:start(engine, 60)
      cancelled:start(engine, 60)
      run_until_received(server, 2)
      local opened, own = posix.replace_descriptors(), assert(socket.bind("127.0.0.1", 0))
      for _, fd in ipairs(opened) do posix.duplicate(own:getfd(), fd) end
      local waiting = start(1)[1]
      local began = core.now()
      finish(sent, waiting)
      assert(core.now() - began < 5)
      for call, outcome in pairs{[sent] = "unknown", [waiting] = "not_sent"} do
        local _, message, err = call:result()
        assert(err.kind == "network" and err.outcome == outcome, message)
        assert(message:find("the program has closed the descriptors of its connections", 1, true), message)
      end
      cancelled:cancel()
      for _, fd in ipairs(opened) do assert(posix.is_open(fd), "closed: " .. fd) end
      assert(core.engine() ~= engine)
      assert(attempt(platforms()).status == 200)
    end))
    server:reset()
  end)

  it("is not made, and keeps no descriptor, when too few are left", function()
    local ended = program.run([[
      local core = require "cmr.core"
      local function open_all()
        local files = {}
        repeat
          local file = io.open "/dev/null"
          files[#files + 1] = file
        until not file
        return files
      end
      local held, refused = open_all(), 0
      for free = 1, 10 do
        table.remove(held):close()
        collectgarbage()
        local made, why = pcall(core.engine)
        if made then break end
        assert(why:find("no memory or file descriptors left for an engine", 1, true), why)
        refused = refused + 1
        collectgarbage()
        local files = open_all()
        assert(#files == free, "descriptors were kept")
        for _, file in ipairs(files) do file:close() end
      end
      print(refused > 0, core.engine())]], {through = "sh -c 'ulimit -n 40; exec \"$@\"' sh"})
    assert.same({status = 0, out = "true\tcmr.engine: 0 in flight\n", err = ""}, ended)
  end)

  it("keeps its connections from programs that are started meanwhile", function()
    local function inherited(what)
      local pipe = assert(io.popen("ls -l /proc/self/fd | grep -c " .. what, "r"))
      local seen = tonumber(pipe:read("*a"))
      pipe:close()
      return seen
    end
    local before = inherited("socket:") -- libcurl keeps two sockets even without a connection
    server:fault{delay = 0.1}
    local calls = start(1)
    run_until_received(server, 1)
    assert.equal(before, inherited("socket:"))
    assert.equal(0, inherited("eventpoll"))
    assert.equal(0, inherited("timerfd"))
    finish(calls[1])
  end)

  describe("when the program was stopped or busy until a call's time was over", function()
    local LIMIT = 1 -- seconds for a call

    -- Lets the program do something else until the calls' time is over. Returns the seconds that the calls then take.
    local function finish_late(calls, count)
      run_until_received(server, count)
      socket.sleep(LIMIT + 0.2)
      local begun = core.now()
      for _, call in ipairs(calls) do finish(call) end
      return core.now() - begun
    end

    for _, kind in ipairs{"http", "tls"} do
      it("still reads the answers that have arrived, over " .. kind, function()
        use(kind)
        finish(start(1)[1]) -- connects, which takes long on a busy machine
        server:reset()
        server:fault{delay = 0.2, times = 3}
        local calls = start(3, LIMIT)
        assert.is_true(finish_late(calls, 3) < 0.3)
        assert.same(all(200, 3), statuses(calls))
      end)
    end

    it("still reads an answer that has arrived, if the stop came while it waited", function()
      server:fault{delay = 0.4}
      local ran = program.run(([[
        local core = require "cmr.core"
        local call = assert(core.platforms(core.target{api_key = %q, base_url = %q}, %q))
        call:start(core.engine(), 0.6)
        local pid = io.open "/proc/self/stat":read "*n"
        os.execute(("(sleep 0.2; kill -STOP %%d; sleep 1; kill -CONT %%d) &"):format(pid, pid))
        while not call:done() do core.engine():wait(1000) end
        print(assert(call:result()).status)
      ]]):format(server.key, server.base_url, mock.USER))
      assert.same({0, "200\n", ""}, {ran.status, ran.out, ran.err})
    end)

    for name, case in pairs{["nothing was done for it"] = {"http", 0}, ["its connection was not ready"] = {"tls", 1}} do
      it("sends no request that was not sent, when " .. name, function()
        use(case[1])
        server:fault{delay = 0.6}
        local before = #server:requests()
        local call = start(1, 0.4)[1]
        for _ = 1, case[2] do engine:wait(0) end
        socket.sleep(0.8)
        finish(call)
        local answer, _, err = call:result()
        if answer and case[2] > 0 then return end -- the connection was ready at once: the answer has arrived
        assert.same({"timeout", "not_sent"}, {err.kind, err.outcome})
        assert.equal(before, #server:requests())
      end)
    end

    it("ends a call without an answer soon, and only once gives it more time", function()
      server:fault{delay = 30}
      local calls = start(1, LIMIT)
      assert.is_true(finish_late(calls, 1) < 0.5)
      local _, _, err = calls[1]:result()
      assert.same({"timeout", "unknown"}, {err.kind, err.outcome})
    end)
  end)

  it("raises for a wait that makes no sense", function()
    for _, timeout in ipairs{-1, 1e10, 0 / 0} do
      assert.has_error(function() engine:wait(timeout) end)
    end
    assert.has_error(function() engine:wait() end)
    assert.has_error(function() engine.wait(target, 0) end)
  end)

  -- nginx forks after it has read its configuration, which may have run Lua and made an engine.
  for _, kind in ipairs{"http", "tls"} do
    describe("of a parent, over " .. kind .. ",", function()
      local in_flight, most

      before_each(function()
        use(kind)
        -- The child may keep libcurl's own sockets, which only libcurl can close. It may keep the descriptors of other
        -- loops too.
        most = {
          eventpoll = posix.descriptors("eventpoll") - 1,
          timerfd = posix.descriptors("timerfd"),
          socket = posix.descriptors("socket"),
        }
        local idle = start(2) -- two calls, which leave one or two idle connections
        finish(idle[1], idle[2])
        server:reset()
        server:fault{delay = 0.4}
        in_flight = platforms()
        assert(in_flight:add_header("X-Of-Parent", ("x"):rep(500)))
        in_flight:start(engine, 30) -- a fork takes long under valgrind
        run_until_received(server, 1)
      end)

      -- Checks that the parent's call and connections still work after the child's actions.
      local function parent_goes_on()
        assert.is_false(in_flight:done())
        finish(in_flight)
        assert.equal(200, in_flight:result().status)
        assert.equal(engine, core.engine())
        assert.equal(200, attempt(in_flight).status)
        assert.is_true(in_flight:info().reused)
        local requests = server:requests()
        for _, index in ipairs{1, #requests} do assert.equal(500, #requests[index].headers["x-of-parent"]) end
      end

      it("is not the child's: the child has its own, and disturbs no other process", function()
        assert(posix.child(function()
          local inherited = engine
          local own = core.engine()
          assert(own ~= inherited)
          assert(own:count() == 0 and tostring(inherited) == "cmr.engine: closed")
          local call = platforms()
          assert(attempt(call).status == 200)
          assert(not call:info().reused)
        end))
        parent_goes_on()
        assert.equal(3, #server:requests())
      end)

      it("is not the grandchild's either, nor is the child's engine", function()
        assert(posix.child(function()
          local own = core.engine()
          assert(attempt(platforms()).status == 200)
          assert(posix.child(function()
            for _, inherited in ipairs{engine, own} do assert(not pcall(inherited.wait, inherited, 0)) end
            local call = platforms()
            assert(attempt(call).status == 200)
            assert(not call:info().reused)
          end))
          local call = platforms()
          assert(attempt(call).status == 200)
          assert(call:info().reused)
        end))
        parent_goes_on()
      end)

      it("takes no descriptor from a child that closed all and opened files of its own", function()
        assert(posix.child(function()
          local opened = posix.replace_descriptors()
          assert(#opened > 3)
          engine:close()
          assert(core.engine() ~= engine)
          for _, fd in ipairs(opened) do assert(posix.is_open(fd), "closed: " .. fd) end
          assert(attempt(platforms()).status == 200)
        end))
        parent_goes_on()
      end)

      it("takes no socket from a child that has sockets of its own in their place", function()
        assert(posix.child(function()
          local opened, own = posix.replace_descriptors(), assert(socket.bind("127.0.0.1", 0))
          for _, fd in ipairs(opened) do posix.duplicate(own:getfd(), fd) end
          engine:close()
          for _, fd in ipairs(opened) do assert(posix.is_open(fd), "closed: " .. fd) end
        end))
        parent_goes_on()
      end)

      it("refuses to be used in the child, where its calls have ended", function()
        assert(posix.child(function()
          local ok, why = pcall(engine.wait, engine, 0)
          assert(not ok and why:find("belongs to the parent process", 1, true), why)
          assert(in_flight:done())
          local own, reported = core.engine(), {}
          for id in own.finished, own do reported[id] = true end
          assert(reported[in_flight:id()])
          local answer, message, err = in_flight:result()
          assert(answer == nil and err.kind == "cancelled" and err.outcome == "unknown")
          assert(message:find("forked", 1, true), message)
          assert(attempt(in_flight).status == 200) -- the child may make the call again
        end))
        parent_goes_on()
      end)

      it("may still send a waiting request, so the child does not report it as not sent", function()
        local call = assert(core.reexport(target, {email = "john@doe.com"}))
        call:start(engine, 5)
        assert.equal(0, call:info().sends)
        assert(posix.child(function()
          assert(not pcall(engine.wait, engine, 0))
          local _, _, err = call:result()
          assert(err.kind == "cancelled" and err.outcome == "unknown")
        end))
        for _, own in ipairs{call, in_flight} do
          finish(own)
          assert.equal(200, own:result().status)
        end
      end)

      it("survives everything that the child does with its copy", function()
        assert(posix.child(function() in_flight:cancel() end))
        assert(posix.child(function() engine:close() end))
        assert.is_false((posix.child(function() engine:fd() end)))
        assert(posix.child(function()
          in_flight, engine, target = nil, nil, nil
          for _ = 1, 3 do collectgarbage() end
          core.engine():close()
        end))
        parent_goes_on()
      end)

      it("leaves the child none of its connections", function()
        assert(posix.child(function()
          core.engine():close()
          for what, number in pairs(most) do
            local count = posix.descriptors(what)
            assert(count <= number, ("%d of %s"):format(count, what))
          end
        end))
        parent_goes_on()
      end)
    end)
  end
end)
