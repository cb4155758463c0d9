-- Calls in a luv loop.
local command = require "spec.support.command"
local core = require "cmr.core"
local loops = require "spec.support.loop"
local mock = require "spec.support.mock"
local program = require "spec.support.program"
local support = require "spec.support.client"
local has_luv, uv = pcall(require, "luv")

if not has_luv and _VERSION == "Lua 5.5" then
  return it("a call waits in a loop of luv", function() pending "there is no luv for this Lua" end)
end
assert(has_luv, uv)

local loop = {name = "luv", resumes_any = true}

-- Runs tasks in coroutines. An error that leaves a coroutine would end luv and the specs, so each task runs in pcall.
-- In plain Lua 5.1, tasks run without pcall, because a coroutine cannot yield across pcall there.
function loop.run(tasks)
  local threads, failures = {}, {}
  for index, task in ipairs(tasks) do
    threads[index] = coroutine.create(loops.PLAIN_51 and task or function()
      local fine, failure = pcall(task)
      if not fine then table.insert(failures, failure) end
    end)
  end
  for _, thread in ipairs(threads) do assert(coroutine.resume(thread)) end
  uv.run()
  if failures[1] then error(failures[1], 0) end
  for _, thread in ipairs(threads) do assert(coroutine.status(thread) == "dead", "a coroutine was left waiting") end
end

function loop.sleep(seconds)
  local thread, timer = coroutine.running(), uv.new_timer()
  timer:start(math.ceil(seconds * 1000), 0, function()
    timer:close()
    assert(coroutine.resume(thread))
  end)
  coroutine.yield()
end

function loop.connect(port)
  local stream, thread, text, failure = uv.new_tcp(), coroutine.running(), "", nil
  local function go_on() if coroutine.status(thread) == "suspended" then assert(coroutine.resume(thread)) end end
  stream:connect("127.0.0.1", port, function(why)
    failure = why or false
    go_on()
  end)
  while failure == nil do coroutine.yield() end
  stream:read_start(function(_, data)
    text = text .. (data or "")
    go_on()
  end)
  return {
    fd = stream:fileno(),
    read = function()
      while not text:find "\n" do coroutine.yield() end
      return text:match "[^\n]*"
    end,
    close = function()
      stream:close()
    end,
  }
end

describe("luv", function()
  loops.behaves(loop)

  local server, client

  before_each(function()
    server = mock.shared("http")
    client = support.new(server, {retries = 0})
  end)

  it("sends nothing where nothing can wait, when the client names luv", function()
    local named = support.new(server, {retries = 0, loop = "luv"})
    local before = #server:requests()
    assert.error_matches(function() named:platforms(mock.USER) end, "platforms: outside a coroutine nothing can wait")
    if loops.PLAIN_51 then
      loop.run{function()
        local fine, why = pcall(named.platforms, named, mock.USER)
        assert.is_false(fine)
        assert.matches("Lua 5.1 suspends no coroutine in pcall", why, 1, true)
        assert.is_true(pcall(named.start, named, "platforms", mock.USER))
      end}
      before = before + 1
    end
    loop.run{function() assert(named:platforms(mock.USER)) end}
    assert.equal(before + 1, #server:requests())
  end)

  it("is not kept alive when no call waits", function()
    assert.is_falsy(uv.loop_alive())
    loop.run{function() assert(client:platforms(mock.USER)) end}
    assert.is_falsy(uv.loop_alive())
  end)

  it("lets calls in callbacks wait in place, because these are no coroutines, and loses no wake-up", function()
    server:fault{delay = 0.2, times = 8}
    local add, timer = loops.sum(), uv.new_timer()
    timer:start(50, 0, function()
      timer:close()
      add(client:platforms(mock.USER).status)
    end)
    local tasks = {}
    for index = 1, 6 do
      tasks[index] = function() add(client:platforms(mock.USER).status) end
    end
    loop.run(tasks)
    assert.equal(7 * 200, add())
  end)

  it("may resume a waiting coroutine for another reason, and its call waits on", function()
    server:fault{delay = 0.3}
    local thread, timer, answer = nil, uv.new_timer(), nil
    timer:start(50, 50, function()
      if coroutine.status(thread) == "suspended" then assert(coroutine.resume(thread)) end
    end)
    thread = coroutine.create(function()
      answer = client:platforms(mock.USER)
      timer:close()
    end)
    assert(coroutine.resume(thread))
    uv.run()
    assert.equal(200, answer.status)
  end)

  it("ends with a coroutine's error, after all coroutines with an answer went on", function()
    server:fault{delay = 0.1, times = 3}
    local ended = program.run(([[
      local client, uv = require("cmr").new{rate = false}, require "luv"
      for index = 1, 3 do
        coroutine.wrap(function()
          local status = client:platforms("%s").status
          if index == 2 then error "oops" end
          print(index, status)
        end)()
      end
      for _ = 1, 10 do -- sends the requests
        require("cmr.core").engine():wait(5)
      end
      os.execute "sleep 0.5" -- by then, all calls are answered
      uv.run()
    ]]):format(mock.USER), {env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}})
    assert.are_not.equal(0, ended.status)
    assert.matches("oops", ended.err)
    assert.matches("1\t200", ended.out)
    assert.matches("3\t200", ended.out)
    assert.equal(0, core.engine():count())
  end)

  describe("lets a call that waits in place get its answer, before a coroutine with an error ends the loop,", function()
    local places = {
      ["in the main chunk"] = "post()",
      ["in a callback"] = [[
        local timer = uv.new_timer()
        timer:start(20, 0, function()
          timer:close()
          post()
        end)]],
      ["in a function that C calls back"] = [[coroutine.wrap(function() ("x"):gsub("x", post) end)()]],
      ["during a sleep"] = [[
        local paced = client:with{rate = 5}
        for _ = 1, 2 do paced:platforms(user) end
        post()]],
      ["during a job"] = [[client:start("platforms", user):wait(); post()]],
    }
    for name, place in pairs(places) do
      it(name, function()
        server:fault{delay = 0.1, match = {operation = "platforms"}, times = 4}
        server:fault{delay = 0.3, body = {status = 200}}
        local ended = program.run(([[
          local client, uv = require("cmr").new{rate = false}, require "luv"
          local user = "%s"
          local function post() print(client:reexport{mailboxId = "M1"}.status) end
          coroutine.wrap(function()
            client:platforms(user)
            error "oops"
          end)()
          %s
          uv.run()
        ]]):format(mock.USER, place), {env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}})
        assert.equal("200\n", ended.out, ended.err)
        assert.matches("oops", ended.err)
      end)
    end
  end)

  it("goes on inside a hook that runs it, while a job is waited for in place", function()
    local other, is_done = support.new(server, {}), false
    local watching = support.new(server, {on_response = function()
      coroutine.wrap(function() is_done = other:platforms(mock.USER).status == 200 end)()
      local limit = core.now() + 5
      while not is_done and core.now() < limit do uv.run "once" end
    end})
    assert.equal(200, watching:start("platforms", mock.USER):wait().status)
    assert.is_true(is_done)
  end)

  it("lets many coroutines make calls in functions that C calls back", function()
    local tasks, add = {}, loops.sum()
    for index = 1, 100 do
      tasks[index] = function()
        assert(client:platforms(mock.USER))
        local _ = ("x"):gsub("x", function() add(client:platforms(mock.USER).status) end)
      end
    end
    loop.run(tasks)
    assert.equal(100 * 200, add())
  end)

  if coroutine.close then
    it("continues when a coroutine is closed that has its answer while another call waits in place", function()
      server:fault{delay = 0.2, times = 3}
      local statuses, threads = {}, {}
      for index = 1, 2 do
        threads[index] = coroutine.create(function() statuses[index] = client:platforms(mock.USER).status end)
        assert(coroutine.resume(threads[index]))
      end
      client:platforms(mock.USER)
      assert(coroutine.close(threads[1]))
      uv.run()
      assert.same({nil, 200}, statuses)
      assert.is_falsy(uv.loop_alive())
    end)
  end

  describe("with a generator around calls", function()
    local function generator(one)
      return coroutine.wrap(function()
        for _ = 1, 2 do
          local res = assert(one:reexport{mailboxId = "M1"})
          coroutine.yield(res.status)
        end
      end)
    end

    local function statuses()
      local seen = {}
      for status in generator(client) do table.insert(seen, status) end
      return seen
    end

    it("yields all its items in a plain script", function()
      server:fault{delay = 0.02, times = 10, body = {status = 200}}
      assert.same({200, 200}, statuses())
      assert.equal(2, #server:requests())
    end)

    it("yields all its items through a function that filters them", function()
      server:fault{delay = 0.02, times = 10, body = {status = 200}}
      local function filter(items)
        return function()
          local item
          repeat item = items() until item ~= 0
          return item
        end
      end
      local function count(items)
        local seen = 0
        for _ in items do seen = seen + 1 end
        return seen
      end
      assert.equal(2, count(filter(generator(client))))
      loop.run{function() assert.equal(2, count(filter(generator(client)))) end}
      assert.equal(4, #server:requests())
    end)

    it("yields all its items in a coroutine of the loop, and in a callback", function()
      server:fault{delay = 0.02, times = 10, body = {status = 200}}
      local seen, timer = {}, uv.new_timer()
      timer:start(10, 0, function()
        timer:close()
        table.insert(seen, statuses())
      end)
      loop.run{
        function() assert(client:platforms(mock.USER)) end,
        function() table.insert(seen, statuses()) end,
        function() assert(client:platforms(mock.USER)) end,
      }
      assert.same({{200, 200}, {200, 200}}, seen)
      assert.equal(6, #server:requests())
    end)

    it("says why it sends nothing when the client names luv", function()
      local named = support.new(server, {loop = "luv"})
      local _, message = pcall(function()
        for status in generator(named) do error(status) end
      end)
      assert.matches("cmr.reexport: a generic for resumes this coroutine", message, 1, true)
      assert.equal(0, #server:requests())
    end)
  end)

  describe("runs the jobs that the main chunk has started", function()
    it("once the loop runs, with pauses and retries", function()
      server:fault{status = 503}
      server:fault{delay = 0.1, times = 10}
      local paced = support.new(server, {rate = 20, retries = 1, jitter = function() return 0 end})
      local jobs = {}
      for index = 1, 4 do jobs[index] = paced:start("platforms", mock.USER) end
      local ticks, timer = 0, uv.new_timer()
      timer:start(10, 10, function()
        ticks = ticks + 1
        if jobs[1]:done() and jobs[4]:done() then timer:close() end
      end)
      uv.run()
      for _, job in ipairs(jobs) do
        assert.is_true(job:done())
        assert.equal(200, job:wait().status)
      end
      assert.is_true(ticks > 5, ticks)
      assert.is_falsy(uv.loop_alive())
    end)

    it("and does not keep the loop alive after a script has waited in place", function()
      local job = client:start("platforms", mock.USER)
      assert.equal(200, job:wait().status)
      uv.run "nowait" -- closes handles
      assert.is_falsy(uv.loop_alive())
      job = client:start("platforms", mock.USER)
      loop.run{function() assert.equal(200, job:wait().status) end}
      uv.run "nowait" -- closes handles
      assert.is_falsy(uv.loop_alive())
    end)

    it("and those that a callback has started", function()
      local job
      local timer = uv.new_timer()
      timer:start(10, 0, function()
        timer:close()
        job = client:start("platforms", mock.USER)
      end)
      uv.run()
      assert.is_true(job:done())
    end)
  end)

  describe("when the program closes all handles", function()
    local function close_handles()
      uv.walk(function(handle)
        if not handle:is_closing() then handle:close() end
      end)
    end

    before_each(function() -- gives the adapter all its handles
      client:start("platforms", mock.USER)
      uv.run()
    end)

    for name, run in pairs{["at once"] = function() end, ["after the loop has run"] = uv.run} do
      it("works again in its coroutines and in the main chunk, " .. name, function()
        close_handles()
        run()
        local statuses = {}
        loop.run{function() statuses[1] = client:platforms(mock.USER).status end}
        close_handles()
        run()
        local job = client:start("platforms", mock.USER)
        uv.run()
        statuses[2] = job:done() and job:wait().status
        assert.same({200, 200}, statuses)
      end)

      it("can close its client, " .. name, function()
        close_handles()
        run()
        client:close()
        uv.run()
      end)
    end

    it("resumes a coroutine that waits, once another call is made", function()
      server:fault{delay = 0.2}
      local statuses, timer = {}, uv.new_timer()
      timer:start(50, 0, close_handles)
      coroutine.wrap(function() statuses[1] = client:platforms(mock.USER).status end)()
      uv.run()
      coroutine.wrap(function() statuses[2] = client:platforms(mock.USER).status end)()
      uv.run()
      assert.same({200, 200}, statuses)
    end)

    if coroutine.close then
      it("can close a coroutine that sleeps", function()
        server:fault{status = 503}
        local retrying = support.new(server, {retries = 1, jitter = function() return 1 end})
        local thread = coroutine.create(function() retrying:platforms(mock.USER) end)
        assert(coroutine.resume(thread))
        while #server:requests() < 1 do uv.run "once" end
        uv.run "once"
        close_handles()
        assert(coroutine.close(thread))
        uv.run()
      end)
    end
  end)

  for name, last in pairs{ends = "print(0)", ["closes its loop"] = "print(uv.loop_close())"} do
    it(("leaves no handle to a program that closes its client and then %s"):format(name), function()
      local ended = program.run(([[
        local client, uv = require("cmr").new{rate = false}, require "luv"
        coroutine.wrap(function() client:platforms("%s") end)()
        client:start("platforms", "%s")
        uv.run()
        client:close()
      ]]):format(mock.USER, mock.USER) .. last, {env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}})
      assert.same({status = 0, out = "0\n", err = ""}, ended)
    end)
  end

  it("lets calls wait while something else polls the engine's descriptor", function()
    if command.is_sanitized then return pending "luv 1.44 leaks a handle that it cannot make" end
    loop.run{function() assert(client:platforms(mock.USER)) end}
    for _ = 1, 2 do -- with the engine that the adapter knows, and with a new one
      local other = uv.new_poll(core.engine():fd())
      other:start("r", function() end)
      loop.run{function()
        for _ = 1, 2 do assert(client:platforms(mock.USER)) end
        other:close()
      end}
      core.engine():close()
    end
    loop.run{function() assert(client:platforms(mock.USER)) end}
  end)

  it("lets a program end that never runs the loop", function()
    local ended = program.run(([[
      local client = require("cmr").new{rate = false}
      require "luv"
      coroutine.wrap(function() client:platforms("%s") end)()
      client:start("platforms", "%s")
      print "the end"
    ]]):format(mock.USER, mock.USER), {env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}})
    assert.equal(0, ended.status)
    assert.matches("the end", ended.out)
  end)
end)
