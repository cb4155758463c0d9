-- The contract of cmr.Store, checked for every backend. Where a lease is short, the spec waits for its end. So a slow
-- machine does not matter.
local core = require "cmr.core"
local http = require "spec.support.http"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"
local stores = require "spec.support.store"
local warned = require "spec.support.warnings"

local unpack = table.unpack or unpack

local function near(expected, seconds)
  assert.is_true(seconds > expected - 30 and seconds <= expected, seconds)
end

-- Waits until holds() returns a true value, and returns this value. Asserts that at least 90% of `seconds` have passed
-- since `begun`.
local function after(begun, seconds, holds)
  local result = nginx.eventually("the time is over", holds)
  assert.is_true(core.now() - begun >= seconds * 0.9)
  return result
end

for _, backend in pairs(stores) do
  describe("the store " .. backend.label, function()
    local store, stop

    local function is_busy(of)
      local token, reason, left = store:claim(of, 60)
      assert.same({nil, "busy"}, {token, reason})
      near(60, left)
    end

    setup(function() store, stop = backend.start() end)
    teardown(function() stop() end)

    describe("lets a name be claimed", function()
      it("by one at a time", function()
        assert.is_truthy(store:claim("one", 60))
        for _ = 1, 2 do is_busy "one" end
        assert.is_truthy(store:claim("another", 60))
      end)

      it("by the next when it is released", function()
        local token = store:claim("released", 60)
        assert.is_true(store:release("released", token))
        assert.is_truthy(store:claim("released", 60))
      end)

      it("by no one after it is done", function()
        local token = store:claim("done", 60)
        assert.is_true(store:done("done", token, 60))
        for _ = 1, 2 do assert.same({nil, "done"}, {store:claim("done", 60)}) end
      end)

      it("by the next when the lease of a crashed holder is over", function()
        local begun = core.now()
        assert.is_truthy(store:claim("crashed", 0.2))
        assert.is_truthy(after(begun, 0.2, function() return store:claim("crashed", 60) end))
        is_busy "crashed"
      end)

      it("by the next when the done mark has expired", function()
        local begun = core.now()
        assert.is_true(store:done("forgotten", store:claim("forgotten", 60), 0.2))
        assert.is_truthy(after(begun, 0.2, function() return store:claim("forgotten", 60) end))
      end)
    end)

    it("lets the holder renew its lease, longer or shorter", function()
      local begun = core.now()
      local token = store:claim("renewed", 0.3)
      assert.is_true(store:renew("renewed", token, 60))
      local other = store:claim("not renewed", 0.3)
      after(begun, 0.3, function() return store:claim("not renewed", 60) end)
      is_busy "renewed"
      assert.same({nil, "the lease is over"}, {store:renew("not renewed", other, 60)})
      assert.is_true(store:renew("renewed", token, 0.1))
      nginx.eventually("the lease is over", function() return store:claim("renewed", 60) end)
      assert.same({nil, "the lease is over"}, {store:renew("renewed", token, 60)})
      assert.same({nil, "the lease is over"}, {store:renew("never claimed", token, 60)})
    end)

    it("renews no claim that is done or released", function()
      local token = store:claim("renewed when done", 60)
      assert.is_true(store:done("renewed when done", token, 60))
      assert.same({nil, "the lease is over"}, {store:renew("renewed when done", token, 0.001)})
      assert.same({nil, "done"}, {store:claim("renewed when done", 60)})
      token = store:claim("renewed when free", 60)
      store:release("renewed when free", token)
      assert.same({nil, "the lease is over"}, {store:renew("renewed when free", token, 60)})
      assert.is_truthy(store:claim("renewed when free", 60))
    end)

    it("lets only the holder mark it as done, or release it", function()
      local begun = core.now()
      local lost = store:claim("owned", 0.1)
      local token = after(begun, 0.1, function() return store:claim("owned", 60) end)
      assert.not_equal(lost, token)
      for _, method in ipairs{"done", "release"} do
        local ok, message = store[method](store, "owned", lost, 60)
        assert.is_nil(ok)
        assert.equal("the lease is over", message)
        is_busy "owned"
      end
      assert.is_true(store:done("owned", token, 60))
      for _, method in ipairs{"done", "release"} do assert.is_nil((store[method](store, "owned", token, 60))) end
      assert.same({nil, "done"}, {store:claim("owned", 60)})
      assert.is_nil((store:release("never claimed", token)))
    end)

    it("marks it as done even when the claim has ended, if the name is free", function()
      local begun = core.now()
      local token = store:claim("slow", 0.1)
      store:claim("later", 0.1)
      after(begun, 0.1, function() return store:claim("later", 60) end)
      assert.is_true(store:done("slow", token, 60))
      assert.same({nil, "done"}, {store:claim("slow", 60)})
    end)

    it("stores texts in order, whatever they contain", function()
      assert.same({}, store:list "texts")
      local texts = {"one", "two", "two", "", "\0\r\n\"\\%s", ("x"):rep(20000)}
      for index, text in ipairs(texts) do
        assert.is_true(store:append("texts", text, 60))
        assert.equal(index, #store:list "texts")
      end
      assert.same(texts, store:list "texts")
      assert.same({}, store:list "others")
    end)

    it("removes a text once, and says whether it was there", function()
      local odd = "\0\r\n\"\\%s"
      for _, text in ipairs{"one", odd, "two", odd} do store:append("removed", text, 60) end
      assert.is_false(store:remove("removed", "three"))
      assert.is_false(store:remove("never stored", "one"))
      assert.is_true(store:remove("removed", odd))
      assert.same({"one", "two", odd}, store:list "removed")
      assert.is_true(store:remove("removed", "one"))
      assert.is_false(store:remove("removed", "one"))
      store:append("removed", "one", 60)
      assert.same({"two", odd, "one"}, store:list "removed")
      for _, text in ipairs{"two", odd, "one"} do assert.is_true(store:remove("removed", text)) end
      assert.same({}, store:list "removed")
    end)

    it("drops a list when its time is over", function()
      local begun = core.now()
      store:append("passing", "one", 0.2)
      after(begun, 0.2, function() return #store:list "passing" == 0 end)
      assert.is_true(store:append("passing", "two", 60))
      assert.same({"two"}, store:list "passing")
    end)

    it("keeps a list for as long as its last text", function()
      local begun = core.now()
      store:append("kept", "one", 0.2)
      store:append("kept", "two", 60)
      store:append("gone", "one", 0.2)
      after(begun, 0.2, function() return #store:list "gone" == 0 end)
      assert.same({"one", "two"}, store:list "kept")
    end)

    it("keeps a list for as long as its last text, also when that text is removed", function()
      local begun = core.now()
      store:append("shrunk", "one", 0.2)
      store:append("shrunk", "two", 60)
      assert.is_true(store:remove("shrunk", "two"))
      store:append("over", "one", 0.2)
      after(begun, 0.2, function() return #store:list "over" == 0 end)
      assert.same({"one"}, store:list "shrunk")
    end)

    it("keeps all texts of a list when their times differ", function()
      local begun = core.now()
      for index, seconds in ipairs{60, 0.2, 60} do store:append("mixed", tostring(index), seconds) end
      store:append("short", "one", 0.2)
      after(begun, 0.2, function() return #store:list "short" == 0 end)
      assert.same({"1", "2", "3"}, store:list "mixed")
    end)

    it("begins a new list when the time of the old one is over", function()
      local begun = core.now()
      for index = 1, 3 do store:append("again", tostring(index), 0.2) end
      after(begun, 0.2, function() return #store:list "again" == 0 end)
      store:append("again", "new", 60)
      assert.same({"new"}, store:list "again")
      store:append("again", "newer", 60)
      assert.same({"new", "newer"}, store:list "again")
    end)

    it("counts up to a limit within a window, and no further", function()
      for number = 1, 3 do assert.equal(number, store:count("three", 3, 60)) end
      for _ = 1, 2 do
        local count, reason, left = store:count("three", 3, 60)
        assert.is_nil(count)
        assert.equal("exhausted", reason)
        near(60, left)
      end
      assert.equal(1, store:count("others", 3, 60))
    end)

    it("removes the newest count", function()
      assert.is_true(store:uncount "nothing")
      store:count("unused", 2, 60)
      store:count("unused", 2, 60)
      assert.is_true(store:uncount "unused")
      assert.equal(2, store:count("unused", 2, 60))
      assert.is_nil((store:count("unused", 2, 60)))
      for _ = 1, 3 do assert.is_true(store:uncount "unused") end
      assert.equal(1, store:count("unused", 2, 60))
    end)

    it("counts the next one when the first has left the window", function()
      local begun = core.now()
      assert.equal(1, store:count("moving", 2, 0.3))
      assert.equal(2, store:count("moving", 2, 0.3))
      assert.is_truthy(after(begun, 0.2, function() return store:count("moving", 2, 0.3) end))
    end)

    it("keeps claims, lists and counters apart, whatever the names", function()
      for _, odd in ipairs{"same", "with space", "a:b:1", "*?[x]", ("n"):rep(300)} do
        local token = store:claim(odd, 60)
        assert.is_true(store:append(odd, "text", 60))
        assert.equal(1, store:count(odd, 1, 60))
        assert.same({"text"}, store:list(odd))
        assert.is_true(store:release(odd, token))
      end
    end)
  end)
end

describe("the store of nginx's workers #nginx", function()
  local server

  local function start(size, location)
    server = nginx.start{workers = 2, http = ("lua_shared_dict cmr %s;"):format(size), unclean = {"lua_shared_dict"},
      server = ("location = /all { content_by_lua_block { %s } }"):format(location)}
  end

  after_each(function() server:stop() end)

  -- Sends requests until both workers have answered. Returns the sum of their answers.
  local function together()
    local sum, workers = 0, {}
    nginx.eventually("both workers take part", function()
      local requests = {}
      for index = 1, 8 do requests[index] = server:send "/all" end
      for _, request in ipairs(http.collect(requests, 60)) do
        local pid, number = request.body:match "^(%d+) (%d+)$"
        workers[pid], sum = true, sum + number
      end
      return next(workers, (next(workers)))
    end, 60)
    return sum
  end

  it("lets each of many names be claimed by one worker only", function()
    start("10m", [[
      local store, claimed = require("cmr.store").default(), 0
      for name = 1, 2000 do
        local token = store:claim(tostring(name), 60)
        if token and name % 2 == 0 then assert(store:done(tostring(name), token, 60)) end
        claimed = claimed + (token and 1 or 0)
      end
      ngx.print(ngx.worker.pid(), " ", claimed)
    ]])
    assert.equal(2000, together())
  end)

  it("counts up to one limit for all workers together", function()
    start("1m", [[
      local store, claimed = require("cmr.store").default(), 0
      for round = 1, 1000 do
        local name = tostring(round % 10)
        if store:count(name, 20, 1000) then
          if round % 3 == 0 then store:uncount(name) else claimed = claimed + 1 end
        end
      end
      ngx.print(ngx.worker.pid(), " ", claimed)
    ]])
    together()
    -- After an uncount, a name can be counted once more. Its count never exceeds 20.
    assert.is_true(together() <= 10 * 20)
  end)

  it("loses its oldest entries when the dictionary is too small, and logs that", function()
    start("32k", [[
      local store, claimed = require("cmr.store").default(), 0
      for name = 1, 2000 do
        local token = store:claim(tostring(name), 60)
        if token and store:done(tostring(name), token, 60) then claimed = claimed + 1 end
      end
      assert(select(2, store:claim("2000", 60)) == "done")
      ngx.print(ngx.worker.pid(), " ", claimed)
    ]])
    assert.equal(" 2000", server:text("/all"):match " .*")
    local _, warnings = server:log():gsub("the lua_shared_dict is too small: its oldest entries are lost", "")
    assert.is_true(warnings == 1 or warnings == 2, warnings) -- a worker logs this once a minute
  end)

  it("drops expired entries before any other", function()
    start("32k", [[
      local store, claimed = require("cmr.store").default(), 0
      assert(store:claim("kept", 60))
      for name = 1, 300 do
        assert(store:done(tostring(name), assert(store:claim(tostring(name), 60)), 0.001))
        if name % 50 == 0 then ngx.sleep(0.01) end
      end
      assert(select(2, store:claim("kept", 60)) == "busy")
      ngx.print(ngx.worker.pid(), " ", 1)
    ]])
    server:text "/all"
    assert.is_nil(server:log():find "too small")
  end)

  it("reports a text for which even this makes no room", function()
    start("32k", [[
      local ok, message = require("cmr.store").default():append("x", ("x"):rep(100000), 60)
      ngx.print(ok == nil, " ", message)
    ]])
    assert.equal("true too_large", server:text "/all")
  end)

  it("refuses each operation for which it has no room, and has done nothing", function()
    start("32k", ([=[
      local store, name, said = require("cmr.store").default(), ("x"):rep(60000), {}
      for _, words in ipairs{%s} do
        local ok, reason = store[words[1]](store, name, unpack(words, 2))
        said[#said + 1] = ("%%s: %%s %%s"):format(words[1], ok, reason)
      end
      said[#said + 1] = #store:list(name)
      ngx.print(table.concat(said, "\n"))
    ]=]):format('{"claim", 60}, {"done", "token", 60}, {"renew", "token", 60}, {"release", "token"}, '
      .. '{"append", "text", 60}, {"remove", "text"}, {"count", 3, 60}, {"count", 3, 60}'))
    assert.equal([[
claim: nil unavailable
done: nil no memory
renew: nil the lease is over
release: nil the lease is over
append: nil too_large
remove: false nil
count: nil unavailable
count: nil unavailable
0]], server:text "/all")
  end)

  -- Adds far more claims, lists and counters than there is room for. The lists that were stored and the counters of a
  -- quota must still be there afterwards.
  it("loses no list and no counter to other entries, when each kind has its own dictionary", function()
    start("32k; lua_shared_dict cmr_events 64k; lua_shared_dict cmr_claims 32k", [[
      local store = require("cmr.store").default()
      local stored, texts, refusal = 0, 0, nil
      for number = 1, 20 do assert(store:count("quota:" .. number, 3, 60)) end
      for number = 1, 1000 do
        local name = tostring(number)
        assert(store:done(name, assert(store:claim(name, 60)), 60))
        assert(store:count("tries:" .. number, 3, 60))
        local ok, message = store:append("order:" .. number, ("x"):rep(400), 60)
        stored, refusal = stored + (ok and 1 or 0), refusal or message
      end
      for number = 1, 1000 do texts = texts + #store:list("order:" .. number) end
      for number = 1, 20 do assert(store:count("quota:" .. number, 3, 60) == 2) end
      ngx.print(stored > 20, " ", texts == stored, " ", refusal)
    ]])
    assert.equal("true true full", server:text "/all")
  end)

  it("has room again for lists when their time is over", function()
    start("32k; lua_shared_dict cmr_events 32k; lua_shared_dict cmr_claims 32k", [[
      local store, number, ok = require("cmr.store").default(), 0, nil
      repeat
        number = number + 1
        ok = store:append("order:" .. number, ("x"):rep(400), 0.5)
      until not ok
      local deadline = ngx.now() + 30
      repeat
        ngx.sleep(0.1)
        ok = store:append("order:later", ("x"):rep(400), 60)
      until ok or ngx.now() > deadline
      ngx.print(number > 5, " ", ok)
    ]])
    assert.equal("true true", server:text "/all")
  end)

  it("distinguishes a text that never fits from one that does not fit now", function()
    start("32k; lua_shared_dict cmr_events 64k; lua_shared_dict cmr_claims 32k", [[
      local store, largest, words = require("cmr.store").default(), 0, {}
      for bytes = 1024, 65536, 1024 do
        local ok, message = store:append("order:1", ("x"):rep(bytes), 60)
        words[message or "ok"] = true
        largest = ok and bytes or largest
        ngx.shared.cmr_events:flush_all()
        ngx.shared.cmr_events:flush_expired()
      end
      ngx.print(largest >= 32768, " ", words.ok and words.too_large and not words.full)
    ]])
    assert.equal("true true", server:text "/all")
  end)
end)

-- Checks that a full store refuses claim, count, done and append, and that these have no effect later.
local function refuses_when_full(store, message, make_room)
  local name = ("x"):rep(100000)
  for method, args in pairs{claim = {60}, count = {3, 60}} do
    local ok, reason, detail = store[method](store, name, unpack(args))
    assert.same({nil, "unavailable"}, {ok, reason})
    assert.matches(message, detail)
  end
  for method, args in pairs{done = {"token", 60}, append = {"text", 60}} do
    local ok, detail = store[method](store, name, unpack(args))
    assert.is_nil(ok)
    assert.matches(message, detail)
  end
  make_room()
  assert.same({}, store:list(name))
  assert.equal(1, store:count(name, 3, 60))
  local token = assert(store:claim(name, 60))
  assert.is_true(store:release(name, token))
end

describe("the store of a machine's processes", function()
  it("reports for each operation that the disk is full, and has done nothing", function()
    local store, stop = stores.sqlite.start()
    finally(stop)
    local function allow(pages)
      for _, kind in ipairs{"durable", "quick"} do
        assert(store.ledger:connection(kind):rows("PRAGMA max_page_count = " .. pages))
      end
    end
    allow(1) -- SQLite limits the database to its present size instead, so it cannot grow
    refuses_when_full(store, "full", function() allow(100000) end)
  end)
end)

redis.each(function(name) describe("the store of many hosts, in " .. name .. " #redis", function()
  local core_store, stop, server

  setup(function() core_store, stop, server = stores[name].start() end)
  teardown(function() stop() end)

  it("is shared by all connections, and its keys begin with the prefix", function()
    local other = require("cmr.store.redis").new{port = server.port}
    assert.is_truthy(core_store:claim("x", 60))
    assert.same({nil, "busy"}, {(other:claim("x", 60)), (select(2, other:claim("x", 60)))})
    other:append("x", "text", 60)
    other:count("x", 3, 60)
    assert.same({"text"}, core_store:list "x")
    local names = {}
    for key in server:cli("keys '*'"):gmatch "[^\n]+" do names[#names + 1] = key end
    table.sort(names)
    assert.same({"cmr:claim:x", "cmr:list:x", "cmr:window:x"}, names)
    for _, key in ipairs(names) do assert.is_true(tonumber(server:cli("pttl " .. key)) > 0) end
  end)

  it("reports in each operation that it is unavailable", function()
    local stderr = io.stderr
    io.stderr = {write = function() end} -- luacheck: ignore 122
    finally(function() io.stderr = stderr end) -- luacheck: ignore 122
    local gone = require("cmr.store.redis").new{port = nginx.free_port()}
    assert.same({nil, "unavailable"}, {(gone:claim("x", 60)), (select(2, gone:claim("x", 60)))})
    assert.is_string(select(3, gone:claim("x", 60)))
    assert.same({nil, "unavailable"}, {(gone:count("x", 3, 60)), (select(2, gone:count("x", 3, 60)))})
    assert.is_string(select(3, gone:count("x", 3, 60)))
    for _, method in ipairs{"done", "renew", "release", "append", "list", "remove", "uncount"} do
      local ok, message = gone[method](gone, "x", "y", 60)
      assert.is_nil(ok)
      assert.is_string(message)
    end
  end)

  it("reports for each operation that its memory is full, and has done nothing", function()
    server:cli "config set maxmemory 1"
    finally(function() server:cli "config set maxmemory 0" end)
    refuses_when_full(core_store, "OOM", function() server:cli "config set maxmemory 0" end)
  end)

  it("returns the error of one operation for that operation only", function()
    server:cli "rpush cmr:claim:taken x"
    for _, kind in ipairs{"list", "window"} do server:cli(("set cmr:%s:taken x"):format(kind)) end
    local written = warned(function()
      for _ = 1, 2 do
        for method, args in pairs{claim = {60}, count = {3, 60}} do
          local result, reason, message = core_store[method](core_store, "taken", unpack(args))
          assert.same({nil, "unavailable"}, {result, reason})
          assert.matches("WRONGTYPE", message)
        end
        for method, args in pairs{done = {"token", 60}, release = {"token"}, append = {"text", 60}, list = {},
          uncount = {}} do
          local result, message = core_store[method](core_store, "taken", unpack(args))
          assert.is_nil(result)
          assert.matches("WRONGTYPE", message)
        end
        assert.equal(1, core_store:count("free", 1, 0.001))
        os.execute "sleep 0.01"
      end
    end)
    assert.same({}, written)
  end)
end) end)
