-- Specs for every event loop: calls wait, and the loop does its other work meanwhile.
local assert = require "luassert"
local busted = require "busted"
local cmr = require "cmr"
local core = require "cmr.core"
local local_limiter = require "cmr.limiter.memory"
local memory = require "cmr.store.memory"
local socket = require "socket"
local support = require "spec.support.client"
local mock = require "spec.support.mock"

local before_each, describe, it = busted.before_each, busted.describe, busted.it
local USER = mock.USER

local contract = {}

--- Whether this is plain Lua 5.1, in which a coroutine cannot yield across pcall and iterators.
contract.PLAIN_51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

---Makes a function that adds its argument, if it has one, to a sum, and returns the sum. `sum = sum + call()` would
---read the sum before the call waits, and lose what other coroutines add meanwhile.
function contract.sum()
  local total = 0
  return function(number)
    total = total + (number or 0)
    return total
  end
end

--- Specs for a loop.
-- @param loop a table with these fields:
--   name           the adapter's name
--   run(tasks)     runs functions as coroutines until the loop has nothing left to do; raises their errors
--   sleep(seconds) suspends such a coroutine
--   resumes_any    whether the loop can resume every coroutine, as luv can
--   connect(port)  opens a connection of the loop: {fd, read(), close()}; read suspends until a line has come
function contract.behaves(loop)
  local server, client

  before_each(function()
    core.engine():close()
    server = mock.shared("http")
    client = support.new(server, {retries = 0})
  end)

  local function slow(seconds, times) server:fault{delay = seconds, times = times, body = {status = 200}} end

  -- Runs tasks concurrently with a task that ticks. Returns the duration and the longest time between two ticks.
  local function beside_ticks(tasks)
    local left, longest, all = #tasks, 0, {}
    for index, task in ipairs(tasks) do
      all[index] = function()
        task()
        left = left - 1
      end
    end
    table.insert(all, 1, function()
      local last = core.now()
      while left > 0 do
        loop.sleep(0.01)
        longest, last = math.max(longest, core.now() - last), core.now()
      end
    end)
    local begun = core.now()
    loop.run(all)
    return core.now() - begun, longest
  end

  local function repeated(task, count)
    local tasks = {}
    for index = 1, count do tasks[index] = task end
    return tasks
  end

  for _, kind in ipairs{"http", "tls"} do
    it("ten calls of 0.5 s take less than 1 s, and something else ticks all the while, over " .. kind, function()
      server = mock.shared(kind)
      client = support.new(server, {retries = 0})
      local add = contract.sum()
      slow(0, 1)
      client:platforms(USER) -- opens the connection
      slow(0.5, 10)
      local took, longest = beside_ticks(repeated(function()
        add(client:platforms(USER).status)
      end, 10))
      assert.equal(2000, add())
      assert.is_true(took >= 0.49 and took < 1, took)
      assert.is_true(longest < 0.4, longest)
    end)
  end

  it("a form with a large file is sent while other coroutines run", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(("picture "):rep(2 ^ 17))
    file:close()
    os.rename(path, path .. ".png")
    local endpoints = {create_order_form = "POST /supplied/form"}
    server:control("POST", "endpoints", endpoints)
    local one = support.new(server, {retries = 0, endpoints = endpoints})
    local answers, tasks = {}, {}
    for index = 1, 3 do
      tasks[index] = function()
        answers[index] = assert(one:create_order_form{userId = USER, confirm = false,
          domains = {{domain = ("loop%d.com"):format(index), years = 1}}, files = {["a@b.com"] = path .. ".png"}})
      end
    end
    beside_ticks(tasks)
    os.remove(path .. ".png")
    assert.equal(3, #answers)
    for _, request in ipairs(server:requests()) do assert.equal(2 ^ 20, request.parts[2].size) end
  end)

  it("a call waits for its slot and between attempts without blocking the loop", function()
    local paced = support.new(server, {rate = 4, limiter = local_limiter.new(), jitter = function() return 0 end})
    slow(0, 3)
    server:fault{status = 429, headers = {["Retry-After"] = "1"}}
    slow(0, 10)
    local add = contract.sum()
    local took, longest = beside_ticks(repeated(function()
      add(cmr.info(assert(paced:platforms(USER))).attempts)
    end, 5))
    assert.equal(6, add())
    assert.is_true(took >= 1.74, took) -- the fourth call is sent after 0.75 s, and again a second later
    assert.is_true(longest < 0.4, longest)
  end)

  it("an outcome is awaited while another coroutine stores the event that reports it", function()
    local store, events = memory.new(), nil
    local awaiting = support.new(server, {store = store})
    loop.run{
      function() events = assert(awaiting:await({operation = "reexport", actionId = "A"}, {timeout = 5})) end,
      function()
        loop.sleep(0.1)
        store:append("action:A", '{"event": "mailbox.exported"}', 60)
      end,
    }
    assert.equal("mailbox.exported", events[1].event)
  end)

  it("is detected, and only for coroutines of its own", function()
    local waits = require "cmr.loop"
    local inside, outside
    loop.run{function()
      inside = waits.detect "caller"
      local thread = coroutine.wrap(function() outside = client:platforms(USER).status end)
      if not loop.resumes_any then thread() end -- the user's own coroutine inside the loop's coroutine
    end}
    assert.equal(require("cmr.loop." .. loop.name), inside)
    assert.equal(require "cmr.loop.block", waits.detect "caller")
    if not loop.resumes_any then assert.equal(200, outside) end
  end)

  it("is left when the last call is answered", function()
    local begun
    loop.run{function()
      assert(client:platforms(USER))
      begun = core.now()
    end}
    assert.is_true(core.now() - begun < 0.5)
    assert.equal(0, core.engine():count())
  end)

  it("is left when the last job is cancelled, and not kept alive by a job without a waiter", function()
    slow(5, 2)
    local begun = core.now()
    loop.run{function()
      local jobs = {client:start("platforms", USER), client:start("platforms", USER)}
      loop.sleep(0.1)
      jobs[1]:cancel()
      jobs[2]:cancel()
      assert.equal("cancelled", select(3, jobs[1]:wait()).kind)
    end}
    assert.is_true(core.now() - begun < 2)
    server:reset()
    local job
    loop.run{function() job = client:start("platforms", USER) end}
    assert.is_true(job:done())
  end)

  it("runs jobs, for which several may wait", function()
    slow(0.2, 1)
    local seen, job = {}
    loop.run{
      function()
        job = client:start("platforms", USER)
        seen[1] = job:wait()
      end,
      function()
        loop.sleep(0.01)
        seen[2] = job:wait()
      end,
      function()
        loop.sleep(0.01)
        seen[3] = job:wait()
      end,
    }
    assert.equal(200, seen[1].status)
    assert.equal(seen[1], seen[2])
    assert.equal(seen[1], seen[3])
  end)

  local in_place = contract.PLAIN_51 and ", blocking: iterators of Lua 5.1 cannot yield" or ", not blocking the loop"

  it("maps" .. in_place, function()
    slow(0.2, 12)
    local count = 0
    local took, longest = beside_ticks{function()
      for _, res in client:map("platforms", repeated(USER, 12), {concurrency = 4}) do
        assert.equal(200, res.status)
        count = count + 1
      end
    end}
    assert.equal(12, count)
    assert.is_true(took >= 0.59 and took < 2.5, took)
    if not contract.PLAIN_51 then assert.is_true(longest < 0.4, longest) end
  end)

  it("goes through pages" .. in_place, function()
    for page = 1, 3 do
      server:fault{delay = 0.2, body = {
        status = 200,
        data = {subscriptions = {{id = 2 * page - 1}, {id = 2 * page}}, currentPage = page, totalPages = 3},
      }}
    end
    local ids = {}
    local _, longest = beside_ticks{function()
      for item, why in client:each "subscriptions" do
        assert(item, why)
        ids[#ids + 1] = item.id
      end
    end}
    assert.same({1, 2, 3, 4, 5, 6}, ids)
    if not contract.PLAIN_51 then assert.is_true(longest < 0.4, longest) end
  end)

  it("waits inside pcall" .. (contract.PLAIN_51 and ", blocking: pcall of Lua 5.1 cannot be yielded across"
    or ", not blocking the loop"), function()
    slow(0.4, 3)
    local add = contract.sum()
    local _, longest = beside_ticks(repeated(function()
      local fine, answer = pcall(client.platforms, client, USER)
      assert(fine, answer)
      add(answer.status)
    end, 3))
    assert.equal(600, add())
    if not contract.PLAIN_51 then assert.is_true(longest < 0.4, longest) end
  end)

  it("lets hooks make calls", function()
    server:fault{status = 503}
    local told = {}
    local outer = support.new(server, {
      retries = 1, jitter = function() return 0 end, timeout = 3,
      on_retry = function() table.insert(told, (client:platforms(USER).status)) end,
    })
    loop.run{
      function() table.insert(told, (outer:platforms(USER).status)) end,
      function() table.insert(told, (outer:start("platforms", USER):wait().status)) end,
    }
    assert.same({200, 200, 200}, told)
  end)

  it("sends the headers that on_request returns, also after the hook has made a call itself", function()
    local outer = support.new(server, {retries = 0, on_request = function(attempt)
      return {["x-name"] = attempt.operation .. client:platforms(USER).status}
    end})
    slow(0.05, 100)
    loop.run{
      function() assert(outer:user(USER)) end,
      function() assert(outer:start("subscriptions"):wait()) end,
    }
    local names = {}
    for _, request in ipairs(server:requests()) do table.insert(names, request.headers["x-name"]) end
    table.sort(names)
    assert.same({"subscriptions200", "user200"}, names)
  end)

  it("loses nothing when other clients block meanwhile", function()
    local blocking = support.new(server, {retries = 0, loop = "block"})
    slow(0.02, 1000)
    local tasks, add = {}, contract.sum()
    for index = 1, 12 do
      local one = index % 3 == 0 and blocking or client
      tasks[index] = function()
        for _ = 1, 5 do
          add(one:platforms(USER).status)
          if index % 3 == 1 then loop.sleep(0.01) end
        end
      end
    end
    local before = blocking:start("platforms", USER)
    loop.run(tasks)
    assert.equal(12 * 5 * 200, add())
    assert.equal(200, before:wait().status)
    assert.equal(200, client:platforms(USER).status)
  end)

  it("continues when a client that blocked closes the engine that the loop still watches", function()
    local blocking = support.new(server, {retries = 0, loop = "block"})
    slow(0.1, 1)
    slow(0.3, 1)
    slow(0, 10)
    local add = contract.sum()
    loop.run{
      function()
        add(client:platforms(USER).status)
        add(client:platforms(USER).status)
      end,
      function()
        loop.sleep(0.02)
        add(blocking:platforms(USER).status)
        support.new(server):close()
        add(client:platforms(USER).status)
        add(client:platforms(USER).status)
      end,
    }
    assert.equal(1000, add())
  end)

  it("continues when several calls are answered together and the first of them closes the engine", function()
    slow(0.1, 3)
    slow(0, 10)
    local add, closed = contract.sum(), false
    local tasks = repeated(function()
      add(client:platforms(USER).status)
      if not closed then support.new(server):close() end
      closed = true
      add(client:platforms(USER).status)
    end, 3)
    table.insert(tasks, function()
      loop.sleep(0.03)
      os.execute "sleep 0.5" -- when the loop runs again, all calls are answered
    end)
    loop.run(tasks)
    assert.equal(1200, add())
  end)

  it("answers every coroutine when each closes its own client, and the last one closes the connections", function()
    slow(0.1, 4)
    local engine, add = core.engine(), contract.sum()
    local tasks = repeated(function()
      local own = support.new(server, {retries = 0})
      add(own:platforms(USER).status)
      own:close()
    end, 4)
    table.insert(tasks, function()
      loop.sleep(0.03)
      os.execute "sleep 0.5" -- when the loop runs again, all calls are answered
    end)
    loop.run(tasks)
    assert.equal(4 * 200, add())
    assert.not_equal(engine, core.engine())
  end)

  it("continues with a new engine when a client is closed", function()
    slow(0.05, 100)
    local tasks, add = {}, contract.sum()
    for index = 1, 6 do
      tasks[index] = function()
        for _ = 1, 4 do
          add(client:platforms(USER).status)
          if index == 1 then support.new(server):close() end
        end
      end
    end
    tasks[7] = function()
      loop.sleep(1)
      support.new(server):close()
      add(client:platforms(USER).status)
    end
    loop.run(tasks)
    assert.equal(25 * 200, add())
  end)

  describe("where C calls back", function()
    -- Each function here runs a function once, in the running coroutine, and returns its results.
    local places = {
      ["string.gsub"] = function(run)
        local result
        local _ = ("x"):gsub("x", function() result = run() end)
        return result
      end,
      ["table.sort"] = function(run)
        local result
        table.sort({1, 2}, function(one, other)
          result = result or run()
          return one < other
        end)
        return result
      end,
      ["a module that is required"] = function(run)
        local result
        package.preload["cmr.spec.module"] = function() result = run() end
        package.loaded["cmr.spec.module"] = nil
        require "cmr.spec.module"
        return result
      end,
      ["a metamethod"] = function(run)
        return setmetatable({}, {__index = function() return run() end}).field
      end,
      ["an iterator"] = function(run)
        local result
        local function step(_, last)
          if last then return nil end
          result = run()
          return true
        end
        for _ in step do end
        return result
      end,
    }

    -- Each function here sends one POST, and returns a true value when the POST was answered.
    local ways = {
      ["a call"] = function(one) return one:reexport{mailboxId = "M1"} end,
      ["a raw request"] = function(one) return one:request("POST", "/user/reexport", {body = {mailboxId = "M1"}}) end,
      ["a job"] = function(one) return one:start("reexport", {mailboxId = "M1"}):wait() end,
      ["map"] = function(one)
        local answer
        for _, res in one:map("reexport", {{mailboxId = "M1"}}) do answer = res end
        return answer
      end,
      ["a hook"] = function(one)
        local answer
        local function hook() answer = one:reexport{mailboxId = "M1"} end
        support.new(server, {retries = 0, on_response = hook}):platforms(USER)
        return answer
      end,
    }

    local function posts()
      local count = 0
      for _, request in ipairs(server:requests()) do
        if request.method == "POST" then count = count + 1 end
      end
      return count
    end

    for where, inside in pairs(places) do
      for name, way in pairs(ways) do
        it(("%s is sent once and answered: %s"):format(name, where), function()
          slow(0.02, 1000)
          local answer
          loop.run{function() answer = inside(function() return way(client) end) end}
          assert.equal(200, answer.status)
          assert.equal(1, posts())
        end)
      end
    end

    it("many hooks of concurrent calls can wait in place", function()
      local add = contract.sum()
      local outer = support.new(server, {retries = 0, on_response = function()
        places["string.gsub"](function() add(client:platforms(USER).status) end)
      end})
      loop.run{function()
        for _, res in outer:map("platforms", repeated(USER, 100), {concurrency = 100}) do add(res.status) end
      end}
      assert.equal(2 * 100 * 200, add())
    end)

    it("a client that names its loop sends nothing, and says why", function()
      slow(0.02, 1000)
      local named = support.new(server, {retries = 0, loop = loop.name})
      for _, way in ipairs{"a call", "a raw request", "map"} do
        for _, where in ipairs{"string.gsub", "table.sort", "a module that is required"} do
          local message
          loop.run{function()
            message = places[where](function() return select(2, pcall(ways[way], named)) end)
          end}
          assert.matches(contract.PLAIN_51 and "Lua 5.1 suspends no coroutine in pcall" or
            "nothing can wait in a function that C calls back, such as string.gsub's", message, 1, true)
          assert.matches("without the option loop", message, 1, true)
        end
      end
      assert.equal(0, #server:requests())
    end)

    it("waiting for a job or for map raises an error that says why; both can be waited for outside", function()
      slow(0.05, 1000)
      if contract.PLAIN_51 then return end -- on this Lua, map always blocks
      local messages, statuses, add = {}, {}, contract.sum()
      loop.run{function()
        local job = client:start("platforms", USER)
        messages[1] = places["table.sort"](function() return select(2, pcall(job.wait, job)) end)
        statuses[1] = job:wait().status
        local step = client:map("platforms", {USER, USER})
        messages[2] = places["string.gsub"](function() return select(2, pcall(step)) end)
        add(#server:requests())
        statuses[2] = select(2, step()).status
        statuses[3] = select(2, step()).status
      end}
      assert.matches("cmr.job:wait: nothing can wait in a function that C calls back", messages[1], 1, true)
      assert.matches("cmr.map: nothing can wait in a function that C calls back", messages[2], 1, true)
      assert.equal(1, add()) -- map has sent nothing
      assert.same({200, 200, 200}, statuses)
    end)
  end)

  if coroutine.close and loop.resumes_any then
    it("continues when a coroutine is closed that waits for a call, a shared job, a slot or an outcome", function()
      slow(5, 1)
      slow(0.3, 1)
      slow(0, 10)
      local store = memory.new()
      local paced = support.new(server, {rate = 0.2, limiter = local_limiter.new(), store = store, timeout = 20})
      local waits, add, closed = {}, contract.sum(), {}
      local function waiting(task)
        local thread = coroutine.create(task)
        closed[#closed + 1] = thread
        assert(coroutine.resume(thread))
      end
      local begun = core.now()
      loop.run{
        function() waiting(function() client:platforms(USER) end) end,
        function()
          waits.job = client:start("platforms", USER)
          waiting(function() waits.job:wait() end)
          add(waits.job:wait().status)
        end,
        function()
          loop.sleep(0.02)
          add(waits.job:wait().status)
        end,
        function()
          add(paced:platforms(USER).status)
          waiting(function() paced:platforms(USER) end)
          waiting(function() paced:await({operation = "reexport", actionId = "A"}, {timeout = 10}) end)
          loop.sleep(0.05)
          for _, thread in ipairs(closed) do assert(coroutine.close(thread)) end
        end,
      }
      assert.equal(4, #closed)
      assert.equal(600, add())
      assert.is_true(core.now() - begun < 2, core.now() - begun)
      assert.equal(0, core.engine():count())
    end)
  end

  it("leaves a connection alone that the program opens after a client was closed", function()
    local listener = assert(socket.bind("127.0.0.1", 0))
    local _, port = listener:getsockname()
    local add = contract.sum()
    loop.run{function()
      loop.connect(port).close() -- from its first connection on, libuv keeps a descriptor open
      assert(listener:accept()):close()
      assert(client:platforms(USER))
      loop.sleep(0.01)
      local before = core.engine():fd()
      client:close()
      local opened, peers, numbers = {}, {}, {}
      for index = 1, 6 do -- the new files get the descriptors that became free
        opened[index] = assert(loop.connect(port))
        peers[index] = assert(listener:accept())
        numbers[opened[index].fd] = true
      end
      add(numbers[before] and 1 or 0)
      client = support.new(server, {retries = 0})
      assert(client:platforms(USER))
      for index, connection in ipairs(opened) do
        peers[index]:send(("hello %d\n"):format(index))
        assert.equal(("hello %d"):format(index), connection:read())
        connection:close()
        peers[index]:close()
      end
    end}
    listener:close()
    assert.equal(1, add(), "no descriptor had the engine's number")
  end)
end

return contract
