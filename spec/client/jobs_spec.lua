-- Many calls at once: client:start and client:map, in a plain script.
local cmr = require "cmr"
local core = require "cmr.core"
local faultserver = require "spec.support.faultserver"
local local_limiter = require "cmr.limiter.memory"
local support = require "spec.support.client"
local mock = require "spec.support.mock"
local words = require "spec.fault.wording"

local USER, MAILBOX = mock.USER, mock.MAILBOX
local INVALID = "invalid_argument"

-- Lua 5.4 and 5.5 tell an iterator that its loop was left.
local CLOSES = _VERSION >= "Lua 5.4"

describe("client", function()
  local server, client

  before_each(function()
    core.engine():close()
    server = mock.shared("http")
    client = support.new(server, {retries = 0})
  end)

  local function in_flight() return core.engine():count() end

  -- Waits until the server has received this number of requests.
  local function received(count) support.run_until_received(server, count) end

  describe(":start", function()
    it("goes on, and its job has the answer, as often as it is asked", function()
      local job = client:start("platforms", USER)
      assert.is_false(job:done())
      local answer = assert(job:wait())
      assert.equal(true, answer.data.EMAILBISON.connected)
      assert.is_true(job:done())
      assert.equal(answer, job:wait())
      assert.equal(1, #server:requests())
    end)

    it("needs a coroutine only if something comes before its first attempt", function()
      local block, spawned = require "cmr.loop.block", 0
      local loop = setmetatable({spawn = function(...)
        spawned = spawned + 1
        return block.spawn(...)
      end}, {__index = block})
      local function nothing() end
      for _, case in ipairs{{{}, 0}, {{on_request = nothing}, 1}, {{on_response = nothing}, 1},
        {{rate = 1000, limiter = local_limiter.new()}, 1}, {{retries = 3, on_retry = nothing}, 0}} do
        spawned, case[1].loop = 0, loop
        assert(support.new(server, case[1]):start("platforms", USER):wait())
        assert.equal(case[2], spawned)
      end
      spawned = 0
      assert(support.new(server, {loop = loop}):start("reexport", {mailboxId = MAILBOX}):wait())
      assert.equal(1, spawned)
    end)

    it("may be waited for by several tasks", function()
      local block, got = require "cmr.loop.block", 0
      server:fault{delay = 0.05}
      local job = client:start("platforms", USER)
      for _ = 1, 4 do
        block.spawn(function() if job:wait() then got = got + 1 end end)
      end
      assert(job:wait())
      for _ = 1, 100 do
        if got < 4 then block.sleep(nil, 0.01) end
      end
      assert.equal(4, got)
    end)

    it("raises in wait what the loop adapter raised", function()
      local block = require "cmr.loop.block"
      local broken = setmetatable({now = function() error("no clock", 0) end}, {__index = block})
      local catches = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") -- plain Lua 5.1: no yield across pcall
      for _, options in ipairs{{}, catches and {on_request = function() end}} do
        options.loop = broken
        local job = support.new(server, options):start("platforms", USER)
        for _ = 1, 2 do assert.same({false, "no clock"}, {pcall(job.wait, job)}) end
      end
    end)

    it("has the error as a call has", function()
      local job = client:start("platforms", "nobody")
      for _ = 1, 2 do
        local answer, why, err = job:wait()
        assert.is_nil(answer)
        assert.equal("platforms: HTTP 404: The requested user does not exist.", why)
        assert.equal("not_found", err.kind)
        assert.equal(1, err.attempts)
      end
    end)

    it("runs at the same time as other calls", function()
      server:fault{delay = 0.4, times = 6}
      local begun, jobs = core.now(), {}
      for index = 1, 5 do jobs[index] = client:start("platforms", USER) end
      assert(client:platforms(USER))
      for _, job in ipairs(jobs) do assert.equal(200, assert(job:wait()).status) end
      local took = core.now() - begun
      assert.is_true(took >= 0.39 and took < 2.3, took)
    end)

    it("returns why its arguments are refused, and sends no request", function()
      local job = client:start("platforms", "")
      assert.is_true(job:done())
      local answer, why, err = job:wait()
      assert.is_nil(answer)
      assert.equal("platforms: 'userId' is empty", why)
      assert.equal("invalid_argument", err.kind)
      job:cancel()
      assert.equal("invalid_argument", select(3, job:wait()).kind)
      assert.equal(0, #server:requests())
    end)

    it("raises the caller's mistakes", function()
      assert.error_matches(function() client:start("platforms", {userid = "x"}) end,
        "bad field 'userid' %(did you mean 'userId'%?%)")
      assert.error_matches(function() client:start("plattforms", USER) end,
        "start: there is no operation 'plattforms' %(did you mean 'platforms'%?%)")
      assert.error_matches(function() client:start() end, "start: there is no operation 'nil'")
      local own = {wait = function() end, sleep = function() end, now = core.now}
      assert.error_matches(function() support.new(server, {loop = own}):start("platforms", USER) end,
        "loop adapter has no spawn")
      assert.equal(0, #server:requests())
    end)

    it("is tried again like a call", function()
      server:fault{close = true}
      local again = support.new(server, {retries = 1, jitter = function() return 0 end})
      local answer = assert(again:start("platforms", USER):wait())
      assert.equal(2, cmr.info(answer).attempts)
      assert.equal(2, #server:requests())
    end)

    it("tells on_retry and on_response, which may make calls themselves", function()
      local told, inner = {}, support.new(server, {retries = 0})
      server:fault{close = true}
      local outer = support.new(server, {
        retries = 1, jitter = function() return 0 end,
        on_retry = function(info)
          table.insert(told, info.err.kind)
          table.insert(told, inner:platforms(USER).status)
        end,
        on_response = function(info)
          table.insert(told, info.attempt)
          if info.status then table.insert(told, inner:start("platforms", USER):wait().status) end
        end,
      })
      assert(outer:start("platforms", USER):wait())
      assert.same({1, "network", 200, 2, 200}, told)
      assert.equal(4, #server:requests())
    end)

    it("raises in wait what a limiter raises, and leaves the others alone", function()
      local broken = {reserve = function() error("no line today", 0) end, pause = function() end}
      local good = client:start("platforms", USER)
      local function begin() return support.new(server, {rate = 4, limiter = broken}):start("platforms", USER) end
      if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then -- there, start itself raises the error
        assert.is_false((pcall(begin)))
      else
        local job = begin()
        for _ = 1, 2 do assert.error_matches(function() job:wait() end, "^no line today$") end
        assert.is_true(job:done())
      end
      assert.equal(200, assert(good:wait()).status)
    end)

    describe("can be cancelled", function()
      local function is_cancelled(outcome, job)
        local answer, why, err = job:wait()
        assert.is_nil(answer)
        assert.matches("cancelled", why)
        assert.equal("cancelled", err.kind)
        assert.equal(outcome, err.outcome)
      end

      it("in flight, at once: it may have been done", function()
        server:fault{delay = 5}
        local job = client:start("reexport", {mailboxId = MAILBOX})
        received(1)
        local begun = core.now()
        job:cancel()
        assert.is_true(job:done())
        is_cancelled("unknown", job)
        job:cancel()
        is_cancelled("unknown", job)
        assert.is_true(core.now() - begun < 1)
        assert.equal(0, in_flight())
      end)

      it("after it has finished, without effect", function()
        local job = client:start("platforms", USER)
        local answer = assert(job:wait())
        job:cancel()
        assert.equal(answer, job:wait())
      end)

      it("while it waits for its slot: it is never sent", function()
        local paced = support.new(server, {rate = 4, limiter = local_limiter.new()})
        local jobs = {}
        for index = 1, 3 do jobs[index] = paced:start("platforms", USER) end
        jobs[2]:cancel()
        is_cancelled("not_sent", jobs[2])
        assert.equal(0, select(3, jobs[2]:wait()).attempts)
        assert(jobs[1]:wait())
        assert(jobs[3]:wait())
        assert.equal(2, #server:requests())
      end)

      it("between two attempts: there is no other, and the outcome is the worst so far", function()
        server:fault{close = true, times = 5}
        local job
        local again = support.new(server, {
          retries = 3, jitter = function() return 0 end, on_retry = function() job:cancel() end,
        })
        job = again:start("platforms", USER)
        is_cancelled("unknown", job)
        assert.equal(1, #server:requests())
      end)
    end)
  end)

  describe(":map", function()
    -- Returns all that a loop yields, as {input, res, err}.
    local function collect(...)
      local list = {}
      for input, res, why, err in ... do
        assert.equal(res == nil, type(why) == "string")
        list[#list + 1] = {input = input, res = res, err = err}
      end
      return list
    end

    -- Delays the server's next answers.
    local function slow(seconds, times) server:fault{delay = seconds, times = times, body = {status = 200}} end

    -- Returns the ids of this number of users, for whom the server then has answers.
    local function numbered(count)
      local ids = {}
      for index = 1, count do ids[index] = "user-" .. index end
      slow(0, 1000)
      return ids
    end

    it("yields each input with its answer", function()
      local ids = numbered(20)
      local seen = {}
      for _, one in ipairs(collect(client:map("platforms", ids))) do
        assert.equal(200, one.res.status)
        assert.is_nil(seen[one.input])
        seen[one.input] = true
      end
      for _, id in ipairs(ids) do assert.is_true(seen[id]) end
      assert.equal(20, #server:requests())
    end)

    it("yields the answers in the order in which the calls finish", function()
      slow(0.6)
      slow(0.3)
      local ids, order = numbered(3), {}
      for input in client:map("platforms", ids, {concurrency = 3}) do order[#order + 1] = input end
      assert.same({"user-3", "user-2", "user-1"}, order)
    end)

    it("yields the answers in the order of the inputs when asked", function()
      slow(0.3)
      slow(0.2)
      local ids, order = numbered(6), {}
      for input, res in client:map("platforms", ids, {concurrency = 3, ordered = true}) do
        assert.equal(200, res.status)
        order[#order + 1] = input
      end
      assert.same(ids, order)
    end)

    it("takes inputs from a function, no earlier than it must", function()
      local ids, pulled, returned, most = numbered(30), 0, 0, 0
      local function next_id()
        pulled = pulled + 1
        most = math.max(most, pulled - returned)
        return ids[pulled]
      end
      for _, res in client:map("platforms", next_id, {concurrency = 4}) do
        assert.equal(200, res.status)
        returned = returned + 1
      end
      assert.equal(30, returned)
      assert.equal(31, pulled) -- after the nil, the function is not called again
      assert.is_true(most <= 5, most)
    end)

    it("yields nothing for no inputs", function()
      assert.same({}, collect(client:map("platforms", {})))
      assert.same({}, collect(client:map("platforms", function() end)))
      assert.equal(0, #server:requests())
    end)

    it("makes as many calls at once as it is told, and no more", function()
      local faults = faultserver.start()
      for _, case in ipairs{{given = {concurrency = 3}, expected = 3}, {given = nil, expected = 16}} do
        local first = {words.request, words.sleep(500), words.send(words.answer("200 OK", words.GOOD)), words.stall}
        local at = faults:play{first, {words.request, words.stall}}
        local slow_client = cmr.new{base_url = "http://127.0.0.1:" .. at.port, api_key = "k", rate = false}
        for _ in slow_client:map("platforms", numbered(40), case.given) do
          assert.equal(case.expected, faults:count(at).connections) -- HTTP/1.1: a connection has one request at a time
          break
        end
        slow_client:close()
      end
      faults:stop()
    end)

    it("holds no more answers than calls at once", function()
      local kept, returned = setmetatable({}, {__mode = "k"}), 0
      for _, res in client:map("platforms", numbered(60), {concurrency = 4}) do
        kept[res] = true
        returned = returned + 1
        if returned % 20 == 0 then
          collectgarbage()
          collectgarbage()
          local count = 0
          for _ in pairs(kept) do count = count + 1 end
          assert.is_true(count <= 5, count)
        end
      end
      assert.equal(60, returned)
    end)

    it("yields wrong arguments as that input's error, and goes on", function()
      local inputs = {"", {userid = "x"}, USER, {}, {userId = USER}, 5}
      local list = collect(client:map("platforms", inputs, {ordered = true}))
      for index, expected in ipairs{INVALID, INVALID, false, INVALID, false, INVALID} do
        assert.equal(inputs[index], list[index].input)
        assert.equal(expected or nil, list[index].err and list[index].err.kind)
        if expected then
          assert.equal("not_sent", list[index].err.outcome)
          assert.equal(0, list[index].err.attempts)
        end
      end
      assert.equal(2, #server:requests())
    end)

    it("yields each failure, and goes on", function()
      server:fault{status = 503}
      server:fault{body = "garbage"}
      local list = collect(client:map("platforms", {USER, USER, "nobody", USER}, {concurrency = 1}))
      local kinds = {}
      for index, one in ipairs(list) do kinds[index] = one.err and one.err.kind or "ok" end
      assert.same({"server_error", "bad_response", "not_found", "ok"}, kinds)
    end)

    it("keeps the rate, and tries again", function()
      server:reset{rate = 5, window = "fixed"}
      server:fault{close = true}
      local paced = support.new(server, {rate = 4, limiter = local_limiter.new(), jitter = function() return 0 end})
      local begun = core.now()
      local list = collect(paced:map("platforms", {USER, USER, USER, USER, USER, USER, USER}))
      local took = core.now() - begun
      assert.is_true(took >= 7 / 4 - 0.05, took) -- the eighth request leaves after 7 quarters of a second
      local most = 0
      for _, one in ipairs(list) do
        assert.equal(200, one.res.status)
        most = math.max(most, cmr.info(one.res).attempts)
      end
      assert.equal(2, most)
      assert.equal(8, #server:requests())
      for _, request in ipairs(server:requests()) do assert.are_not.equal(429, request.status) end
    end)

    it("calls before_send once for each input, just before its request; false prevents the request", function()
      local inputs = {USER, "nobody", {userId = USER}}
      local told, limited = {}, local_limiter.new()
      server:fault{close = true}
      local paced = support.new(server, {rate = 50, limiter = limited, jitter = function() return 0 end, retries = 1})
      local begun = core.now()
      local function before_send(input)
        table.insert(told, input)
        assert.is_true(core.now() - begun >= (#told - 1) / 50 - 0.001) -- the input's slot has come
        return input ~= "nobody"
      end
      local sent = 0
      for input, res, why, err in paced:map("platforms", inputs, {concurrency = 3, before_send = before_send}) do
        if input == "nobody" then
          assert.same({"platforms: cancelled", "cancelled", "not_sent", 0}, {why, err.kind, err.outcome, err.attempts})
        else
          assert.equal(200, res.status)
          sent = sent + cmr.info(res).attempts
        end
      end
      assert.same(inputs, told)
      assert.same({3, 3}, {sent, #server:requests()}) -- one of them was a retry
    end)

    it("starts each call's timeout when the call gets its slot", function()
      local paced = support.new(server, {rate = 2, limiter = local_limiter.new(), timeout = 0.7})
      for _, one in ipairs(collect(paced:map("platforms", {USER, USER, USER, USER}))) do
        assert.equal(200, one.res and one.res.status, one.err)
      end
      local job = paced:start("platforms", USER)
      local _, _, err = paced:platforms(USER) -- a single call's timeout begins at once
      assert.equal("rate_limited", err.kind)
      assert(job:wait())
    end)

    it("raises the caller's mistakes", function()
      for _, case in ipairs{
        {"there is no operation 'plattforms'", "plattforms", {}},
        {"bad inputs %(a list or a function expected, got nil%)", "platforms"},
        {"bad option 'concurrency'", "platforms", {}, {concurrency = 0}},
        {"bad option 'concurrency'", "platforms", {}, {concurrency = 1.5}},
        {"bad option 'concurrency'", "platforms", {}, {concurrency = "2"}},
        {"unknown option 'orderd'", "platforms", {}, {orderd = true}},
        {"bad option 'before_send'", "platforms", {}, {before_send = true}},
      } do
        assert.error_matches(function() client:map(case[2], case[3], case[4]) end, "cmr%.map: " .. case[1])
      end
    end)

    it("works inside another map", function()
      local ids, pairs_seen = numbered(4), {}
      for outer in client:map("platforms", ids, {concurrency = 2}) do
        for inner, res in client:map("platforms", ids, {concurrency = 3}) do
          assert.equal(200, res.status)
          pairs_seen[outer .. inner] = true
        end
        assert(client:platforms(outer))
      end
      for _, outer in ipairs(ids) do
        for _, inner in ipairs(ids) do assert.is_true(pairs_seen[outer .. inner]) end
      end
    end)

    describe("that is left early", function()
      -- This function contains the whole `for` loop. When it has ended, nothing refers to the iterator of client:map.
      local function leave(how)
        server:fault{delay = 0.05}
        server:fault{delay = 10, times = 100}
        for _, res in client:map("platforms", function() return USER end, {concurrency = 5}) do
          assert.equal(200, res.status)
          received(5)
          assert.equal(4, in_flight())
          if how == "error" then error("enough", 0) end
          break
        end
      end

      local function nothing_is_left()
        if CLOSES then return assert.equal(0, in_flight()) end
        for _ = 1, 3 do collectgarbage() end
        assert.equal(0, in_flight())
      end

      it(CLOSES and "cancels the rest at once" or "cancels the rest when it is collected", function()
        leave()
        nothing_is_left()
        assert.equal(5, #server:requests())
        server:reset()
        assert(client:platforms(USER))
      end)

      it("by an error, as well", function()
        assert.error_matches(function() leave("error") end, "enough")
        nothing_is_left()
      end)

      it("sends nothing more of what waits for a slot", function()
        local paced = support.new(server, {rate = 4, limiter = local_limiter.new()})
        local function first()
          for _, res in paced:map("platforms", function() return USER end) do return res end
        end
        assert.equal(200, first().status)
        for _ = 1, 3 do collectgarbage() end
        assert(paced:with{limiter = local_limiter.new()}:platforms(USER))
        local begun = core.now()
        while core.now() - begun < 1 do core.engine():wait(100) end
        client:start("platforms", USER):wait()
        assert.is_true(#server:requests() <= 4, #server:requests())
      end)
    end)

    if not CLOSES then
      it("keeps working when many loops are left early and the collector runs", function()
        server:fault{delay = 0.01, times = 10000}
        local function first()
          for _, res in client:map("platforms", function() return USER end, {concurrency = 4}) do return res end
        end
        for _ = 1, 50 do assert.equal(200, first().status) end
        for _ = 1, 3 do collectgarbage() end
        assert.equal(0, in_flight())
      end)
    end
  end)
end)
