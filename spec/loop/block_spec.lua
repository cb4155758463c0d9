-- Calls that block while they wait, and several loop adapters in one process.
local command = require "spec.support.command"
local core = require "cmr.core"
local loops = require "spec.support.loop"
local mock = require "spec.support.mock"
local program = require "spec.support.program"
local support = require "spec.support.client"
local waiters = require "cmr.loop.waiters"

describe("a call in a plain script", function()
  local server, client

  before_each(function()
    core.engine():close()
    server = mock.shared("http")
    client = support.new(server, {retries = 0})
  end)

  it("lets other calls in flight go on", function()
    server:fault{delay = 0.3}
    local job = client:start("platforms", mock.USER)
    local begun = core.now()
    while not job:done() and core.now() - begun < 5 do assert(client:platforms(mock.USER)) end
    assert.is_true(job:done())
  end)

  it("wakes each sleeping job at its time", function()
    local paced = support.new(server, {rate = 10, limiter = require("cmr.limiter.memory").new()})
    local jobs, begun = {}, core.now()
    for index = 1, 5 do jobs[index] = paced:start("platforms", mock.USER) end
    local done = {}
    while #done < 5 do
      assert(client:platforms(mock.USER))
      for index, job in ipairs(jobs) do
        if job:done() and not done[job] then
          done[job] = true
          done[#done + 1] = {index, core.now() - begun}
        end
      end
    end
    for place, one in ipairs(done) do assert.is_true(one[2] >= (place - 1) * 0.1 - 0.02, one[2]) end
  end)

  it("lets many hooks of concurrent calls wait in place", function()
    local answers, users = 0, {}
    for index = 1, 100 do users[index] = mock.USER end
    local function call()
      if client:platforms(mock.USER) then answers = answers + 1 end
    end
    local outer = support.new(server, {retries = 0, on_response = function() local _ = ("x"):gsub("x", call) end})
    for _, res in outer:map("platforms", users, {concurrency = 100}) do assert.equal(200, res.status) end
    assert.equal(100, answers)
  end)

  it("waits in place in the caller's coroutine, and does not yield", function()
    local thread = coroutine.create(function() return client:platforms(mock.USER).status end)
    local fine, status = coroutine.resume(thread)
    assert(fine, status)
    assert.equal(200, status)
    assert.equal("dead", coroutine.status(thread))
  end)

  it("does not spin while it waits", function()
    server:fault{delay = 1.5}
    local before = os.clock()
    assert(client:platforms(mock.USER))
    assert.is_true(os.clock() - before < 0.5, os.clock() - before)
  end)
end)

describe("a program that loads the library again", function()
  local RELOAD = [[
    local old, user = require("cmr").new{rate = false}, "%s"
    local function reload()
      for name in pairs(package.loaded) do
        if name == "cmr" or name:find "^cmr%%." then package.loaded[name] = nil end
      end
      return require("cmr").new{rate = false}
    end
  ]]
  local ways = {
    ["in a plain script"] = [[
      local job = old:start("platforms", user)
      local new, core = reload(), require "cmr.core"
      local limit = core.now() + 5
      while not job:done() and core.now() < limit do assert(new:platforms(user)) end
      print(job:done(), job:wait().status, old:platforms(user).status)]],
    ["with a job that the old copy waits for"] = [[
      local job = old:start("platforms", user)
      local later = reload():start("platforms", user)
      print(true, later:wait().status, job:wait().status)]],
    ["in luv"] = [[
      local uv = require "luv"
      local function call(client) return coroutine.wrap(function() return assert(client:platforms(user)) end)() end
      call(old)
      local new, statuses = reload(), {}
      for index, client in ipairs{old, new, old, new} do
        coroutine.wrap(function()
          for _ = 1, 3 do statuses[index] = client:platforms(user).status end
        end)()
      end
      uv.run()
      print(#statuses == 4, statuses[1], statuses[2])]],
    ["in cqueues"] = [[
      local cqueues = require "cqueues"
      local loop, statuses, new = cqueues.new(), {}, nil
      loop:wrap(function() statuses[1] = old:platforms(user).status end)
      loop:wrap(function()
        cqueues.sleep(0.02)
        new = reload()
        for _ = 1, 20 do statuses[2] = new:platforms(user).status end
      end)
      assert(loop:loop())
      print(loop:empty(), statuses[1], statuses[2])]],
  }

  for name, way in pairs(ways) do
    it("gets the answers of both copies " .. name, function()
      local loop = name:match "^in (%l+)$"
      if loop and _VERSION == "Lua 5.5" and not pcall(require, loop) then
        return pending(("there is no %s for this Lua"):format(loop))
      end
      if name == "in luv" and command.is_sanitized then return pending "luv 1.44 leaks a handle that it cannot make" end
      local server = mock.shared "http"
      server:fault{delay = 0.1, times = 1000}
      local ended = program.run(RELOAD:format(mock.USER) .. way,
        {env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}, limit = 10})
      assert.same({status = 0, out = "true\t200\t200\n", err = ""}, ended)
    end)
  end
end)

describe("luv, cqueues and plain calls in one process", function()
  it("lose no wake-up", function()
    if _VERSION == "Lua 5.5" and not pcall(require, "luv") then return pending "there is no luv for this Lua" end
    local server = mock.shared("http")
    server:fault{delay = 0.05, times = 10000}
    local ended = program.run(([[
      local client = require("cmr").new{rate = false}
      local cqueues, uv = require "cqueues", require "luv"
      local answers, user = 0, "%s"
      local function call()
        local status = assert(client:platforms(user)).status
        answers = answers + status / 200
      end

      local controller = cqueues.new()
      for _ = 1, 5 do controller:wrap(function() for _ = 1, 4 do call() end end) end
      for _ = 1, 5 do coroutine.wrap(function() for _ = 1, 4 do call() end end)() end
      local jobs = {}
      for index = 1, 5 do jobs[index] = client:start("platforms", user) end

      for _ = 1, 20 do
        assert(controller:step(0.01))
        uv.run "nowait"
        call()
      end
      assert(controller:loop())
      uv.run()
      for _, job in ipairs(jobs) do assert(job:wait()) end
      print(answers, require("cmr.core").engine():count())
    ]]):format(mock.USER), {env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}})
    assert.same({status = 0, out = ended.out, err = ""}, ended)
    assert.matches("^60%.?0?\t0\n$", ended.out)
  end)
end)

describe("the waiter of a call", function()
  -- Imitates an engine. The specs decide when its calls are finished.
  local engine, reported, woken

  before_each(function()
    engine, reported, woken = {in_flight = 1}, {}, {}
    function engine.wait(_, milliseconds) engine.waited = milliseconds end
    function engine.finished() return table.remove(reported, 1) end
    function engine.count() return engine.in_flight end
  end)

  local function call(name, on_wake)
    local one = {}
    function one.id() return name end
    waiters.add(one, {post = function()
      table.insert(woken, name)
      if on_wake then on_wake() end
    end})
    return one
  end

  it("is posted once when the engine reports the call", function()
    call "one"
    call "two"
    reported = {"one"}
    assert.is_true(waiters.step(engine))
    assert.equal(0, engine.waited)
    reported = {"one"}
    assert.is_true(waiters.step(engine, 20))
    assert.equal(20, engine.waited)
    assert.same({"one"}, woken)
    engine.in_flight = 0
    assert.is_false(waiters.step(engine))
  end)

  it("is posted for a cancelled call, which is not reported", function()
    local other = call "other"
    waiters.notify(other)
    waiters.notify(other)
    assert.same({"other"}, woken)
  end)

  it("is posted even if another waiter fails", function()
    call("one", function() error("oops", 0) end)
    call "two"
    call("three", function() error {} end)
    reported = {"one", "two", "three"}
    assert.has_error(function() waiters.step(engine) end)
    assert.same({"one", "two", "three"}, woken)
  end)

  it("is posted by the next step, when another waiter has not returned yet", function()
    call("one", function() -- once posted, this waiter steps the engine to wait for another call
      table.insert(reported, "three")
      waiters.step(engine)
      assert.same({"one", "two", "three"}, woken)
    end)
    call "two"
    call "three"
    reported = {"one", "two"}
    waiters.step(engine)
    assert.same({"one", "two", "three"}, woken)
  end)

  it("keeps the call from being collected, so that no other call gets its id", function()
    local target = assert(core.target{api_key = "key"})
    local seen = setmetatable({}, {__mode = "k"})
    local kept = assert(core.platforms(target, mock.USER))
    local id = kept:id()
    seen[kept] = true
    waiters.add(kept, {post = function() table.insert(woken, "kept") end})
    kept = nil -- luacheck: ignore 311
    for _ = 1, 2 do collectgarbage() end
    assert.is_not_nil(next(seen))
    reported = {id}
    waiters.step(engine)
    assert.same({"kept"}, woken)
    for _ = 1, 2 do collectgarbage() end
    assert.is_nil(next(seen))
  end)

  it("is posted when the engine was closed during the call", function()
    local server = mock.shared "http"
    local client = support.new(server)
    server:fault{delay = 1}
    local block, kinds = require "cmr.loop.block", {}
    for index = 1, 2 do
      block.spawn(function() kinds[index] = select(3, client:platforms(mock.USER)).kind end)
    end
    core.engine():close()
    block.sleep(core.engine(), 0.01)
    assert.same({"cancelled", "cancelled"}, kinds)
  end)
end)

describe("a place where a coroutine cannot be suspended", function()
  local coroutines = require "cmr.loop.coroutines"

  it("is recognised", function()
    local seen = {}
    coroutine.wrap(function()
      seen[1] = coroutines.can_suspend()
      pcall(function() seen[2] = coroutines.can_suspend() end)
      seen[3] = coroutines.can_suspend "iterator"
    end)()
    assert.same(loops.PLAIN_51 and {true, false, false} or {true, true, true}, seen)
  end)
end)

describe("a table named ngx that is not nginx's", function()
  it("changes nothing in a plain script", function()
    local answer = program.run([[
      package.loaded.ngx = {}
      local cmr = require "cmr"
      local client = cmr.new{api_key = "k", base_url = "http://127.0.0.1:1", retries = 0}
      print(select(3, client:users()).kind)]])
    assert.equal("network\n", answer.out, answer.err)
  end)
end)
