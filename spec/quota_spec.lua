-- A mailbox has a quota of three re-exports a week. The client counts them before it sends them. The mock counts too.
-- The client keeps its counts in the store of one process, or in Redis for many hosts. spec/nginx/redis_spec.lua tests
-- nginx's workers.
local core = require "cmr.core"
local memory = require "cmr.store.memory"
local mock = require "spec.support.mock"
local redis_store = require "cmr.store.redis"
local redis = require "spec.support.redis"
local support = require "spec.support.client"
local warned = require "spec.support.warnings"

local WEEK = 7 * 24 * 3600
local MAILBOX, EMAIL = mock.MAILBOX, "john@agency.com"

describe("the quota of re-exports", function()
  local server, now, store

  before_each(function()
    core.engine():close()
    server = mock.shared("http")
    now = 1000
    store = memory.new(function() return now end)
  end)

  local function client(options)
    local all = {store = store, reexport_quota = "enforce", retries = 0}
    for name, value in pairs(options or {}) do all[name] = value end
    return support.new(server, all)
  end

  -- Makes the API accept any number of re-exports, so that only the client's count decides.
  local function willing()
    server:fault{status = 200, body = {status = 200, actionId = "ACT_1"}, times = 1000}
  end

  local function refused(_, message, err)
    assert.equal("quota_exceeded", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, err.attempts)
    assert.equal("reexport", err.operation)
    assert.equal(message, err.message)
    return err.retry_after
  end

  describe("enforced", function()
    it("lets three go, and refuses the fourth without sending it", function()
      willing()
      local one = client()
      for index = 1, 3 do
        assert(one:reexport{mailboxId = MAILBOX})
        now = now + 3600
        assert.equal(index, #server:requests())
      end
      local res, message, err = one:reexport{mailboxId = MAILBOX}
      assert.is_nil(res)
      assert.equal(WEEK - 3 * 3600, refused(res, message, err))
      assert.equal("reexport: the 3 re-exports of mailbox " .. MAILBOX .. " within a week are used up; the next in "
        .. "6 days 21 hours", message)
      assert.equal(3, #server:requests())
      now = now + WEEK - 3 * 3600
      assert(one:reexport{mailboxId = MAILBOX})
      assert.equal(3600, refused(one:reexport{mailboxId = MAILBOX}))
    end)

    it("counts separately for each mailbox, by its id or its address, and for each key", function()
      willing()
      local one = client()
      for _ = 1, 3 do assert(one:reexport{mailboxId = MAILBOX}) end
      for _ = 1, 3 do assert(one:reexport{email = "John@Agency.com"}) end
      refused(one:reexport{email = EMAIL})
      refused(one:reexport{mailboxId = MAILBOX, email = "other@agency.com"})
      assert(one:reexport{email = "other@agency.com"})
      assert(client{api_key = "another"}:reexport{mailboxId = MAILBOX})
    end)

    it("ignores blanks around a mailbox's id or address", function()
      willing()
      local one = client()
      for _, id in ipairs{" MB1", "MB1 ", "MB1\194\160"} do assert(one:reexport{mailboxId = id}) end
      refused(one:reexport{mailboxId = "MB1"})
      for _, address in ipairs{" x@d.com", "X@d.com", "x@D.com\194\160"} do assert(one:reexport{email = address}) end
      refused(one:reexport{email = "x@d.com"})
    end)

    it("counts a call that is sent, and not one that only waited for its slot", function()
      willing()
      local counted = 0
      function store:count(...)
        counted = counted + 1
        return memory.count(self, ...)
      end
      local waiting = client{rate = 0.01, loop = "block"}
      assert(waiting:reexport{mailboxId = MAILBOX})
      local jobs = {}
      for index = 1, 3 do jobs[index] = waiting:start("reexport", {mailboxId = MAILBOX}) end
      assert.equal(1, counted)
      for _, job in ipairs(jobs) do job:cancel() end
      for _ = 1, 2 do assert(client():reexport{mailboxId = MAILBOX}) end
      refused(client():reexport{mailboxId = MAILBOX})
    end)

    it("counts the calls of map and start as well", function()
      willing()
      local kinds, inputs = {}, {}
      for index = 1, 5 do inputs[index] = {mailboxId = MAILBOX} end
      for _, res, _, err in client():map("reexport", inputs, {concurrency = 2}) do
        kinds[#kinds + 1] = res and "ok" or err.kind
      end
      table.sort(kinds)
      assert.same({"ok", "ok", "ok", "quota_exceeded", "quota_exceeded"}, kinds)
      refused(client():start("reexport", {mailboxId = MAILBOX}):wait())
    end)

    it("counts no other operation", function()
      willing()
      local asked = setmetatable({}, {__index = function() error "it was asked" end})
      for _, method in ipairs{"claim", "done", "renew", "release", "append", "list", "remove", "count", "uncount"} do
        asked[method] = function() error "it was asked" end
      end
      local one = client{store = asked}
      assert(one:platforms(mock.USER))
      assert(one:request("POST", "/mailboxes/oauth", {body = {mailboxId = MAILBOX}}))
    end)
  end)

  it("does not count a call that was not sent or not accepted", function()
    local one = client{endpoints = {platforms = "GET /nowhere"}}
    server:fault{status = 404, body = {status = 404, message = "no"}, times = 4}
    for _ = 1, 4 do one:reexport{mailboxId = MAILBOX} end
    local unheard = one:with{base_url = "http://127.0.0.1:1"}
    for _ = 1, 4 do
      local _, _, err = unheard:reexport{mailboxId = MAILBOX}
      assert.equal("network not_sent", err.kind .. " " .. err.outcome)
    end
    for _ = 1, 3 do assert(one:reexport{mailboxId = MAILBOX}) end
    refused(one:reexport{mailboxId = MAILBOX})
  end)

  it("does not count a call that an error in a limiter or a hook stopped", function()
    if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then return end -- no yield across pcall in plain Lua 5.1
    local broken = {reserve = function() error "out of order" end, pause = function() end}
    local one = client{rate = 4, limiter = broken}
    local function hook() error "no journal" end
    for _ = 1, 3 do
      assert.error_matches(function() one:reexport{mailboxId = MAILBOX} end, "out of order")
      assert.error_matches(function()
        for _ in client():map("reexport", {{mailboxId = MAILBOX}}, {before_send = hook}) do error "unreachable" end
      end, "no journal")
    end
    for _ = 1, 3 do assert(client():reexport{mailboxId = MAILBOX}) end
  end)

  it("counts a call after an error in the loop adapter only if it may have been done", function()
    if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then return end -- no yield across pcall in plain Lua 5.1
    local is_broken = false
    local adapter = {
      wait = function() error("no wait", 0) end, sleep = function() end,
      now = function() return is_broken and error("no clock", 0) or 1 end,
    }
    local function fails(message, options)
      for _ = 1, 3 do
        is_broken = false
        local one = client(options)
        assert.same({false, message}, {pcall(one.reexport, one, {mailboxId = MAILBOX})})
      end
    end
    fails("no clock", {loop = adapter, on_request = function() is_broken = true end})
    assert.equal(0, #server:requests())
    fails("no wait", {loop = adapter})
    refused(client():reexport{mailboxId = MAILBOX})
  end)

  it("counts a call that may have been done", function()
    local one = client()
    server:fault{close = true, times = 3}
    for _ = 1, 3 do
      local _, _, err = one:reexport{mailboxId = MAILBOX}
      assert.equal("unknown", err.outcome)
    end
    refused(one:reexport{mailboxId = MAILBOX})
  end)

  describe("that the API says is used up", function()
    -- Uses up the quota as if in the dashboard: the mock counts these re-exports, but the spec's store does not.
    local function elsewhere()
      local other = client{store = memory.new(), reexport_quota = false}
      for _ = 1, 3 do assert(other:reexport{mailboxId = MAILBOX}) end
    end

    it("is remembered for a day when the API names no time", function()
      elsewhere()
      local one = client()
      local _, _, err = one:reexport{mailboxId = MAILBOX}
      assert.equal("quota_exceeded rejected", err.kind .. " " .. err.outcome)
      local sent = #server:requests()
      local left = refused(one:reexport{mailboxId = MAILBOX})
      assert.is_true(left > 24 * 3600 - 60 and left <= 24 * 3600, left)
      assert.equal(sent, #server:requests())
    end)

    it("is remembered for the time that the API names", function()
      server:fault{status = 429, headers = {["Retry-After"] = "7200"}}
      local one = client()
      one:reexport{mailboxId = MAILBOX}
      local left = refused(one:reexport{mailboxId = MAILBOX})
      assert.is_true(left > 7200 - 60 and left <= 7200, left)
      now = now + 7200
      assert(one:reexport{mailboxId = MAILBOX})
    end)

    it("is remembered to the last second", function()
      server:fault{status = 429, headers = {["Retry-After"] = "7200"}}
      local one, time, seconds = client(), os.time, os.time()
      finally(function() os.time = time end) -- luacheck: ignore 122
      function os.time() return seconds end -- luacheck: ignore 122
      one:reexport{mailboxId = MAILBOX}
      seconds = seconds + 7199
      assert.equal(1, refused(one:reexport{mailboxId = MAILBOX}))
      seconds = seconds + 1
      assert(one:reexport{mailboxId = MAILBOX})
    end)
  end)

  describe("that only warns", function()
    it("warns once for a call that exceeds it, and sends it", function()
      willing()
      local one = client{reexport_quota = "warn"}
      local warnings = warned(function(written)
        for _ = 1, 3 do assert(one:reexport{mailboxId = MAILBOX}) end
        assert.same({}, written)
        assert(one:reexport{mailboxId = MAILBOX})
      end)
      assert.equal(1, #warnings)
      assert.matches("^cmr: reexport: the 3 re%-exports of mailbox " .. MAILBOX
        .. " [^\n]+ in 7 days; sent all the same\n$", warnings[1])
      assert.equal(4, #server:requests())
    end)

    it("writes one line, whatever the mailbox's name contains", function()
      willing()
      local name = "a\nb\27[1m" .. ("x"):rep(1000)
      local warnings = warned(function()
        for _ = 1, 4 do assert(client{reexport_quota = "warn"}:reexport{mailboxId = name}) end
      end)
      assert.equal(1, #warnings)
      local shown = "a%?b%?%[1m" .. ("x"):rep(70) .. "\226\128\166"
      assert.matches("^cmr: reexport: [^%c]+ " .. shown .. " within [^%c]+\n$", warnings[1])
      assert.is_true(#warnings[1] < 200)
    end)

    it("remembers what the API says all the same", function()
      willing()
      local one = client{reexport_quota = "warn"}
      local warnings = warned(function()
        for _ = 1, 3 do assert(one:reexport{mailboxId = MAILBOX}) end
        server:reset()
        server:fault{status = 429, headers = {["Retry-After"] = "7200"}}
        for _ = 1, 2 do one:reexport{mailboxId = MAILBOX} end
      end)
      assert.matches("; the next in 7 days; sent all the same\n$", warnings[1])
      assert.matches("; the next in %d[^\n]* [hm][^\n]*; sent all the same\n$", warnings[2])
    end)

    it("is the default", function()
      willing()
      local one = require("cmr").new{api_key = server.key, base_url = server.base_url, store = store, rate = false}
      assert.equal(1, #warned(function()
        for _ = 1, 4 do assert(one:reexport{mailboxId = MAILBOX}) end
      end))
    end)
  end)

  it("is neither counted nor enforced with reexport_quota = false", function()
    willing()
    assert.same({}, warned(function()
      for _ = 1, 5 do assert(client{reexport_quota = false}:reexport{mailboxId = MAILBOX}) end
    end))
    for _ = 1, 3 do assert(client():reexport{mailboxId = MAILBOX}) end
    assert(client{reexport_quota = false}:reexport{mailboxId = MAILBOX})
    assert.is_not_nil(refused(client():with{reexport_quota = "enforce"}:reexport{mailboxId = MAILBOX}))
  end)

  describe("in Redis", function()
    local shared
    setup(function() shared = redis.start() end)
    teardown(function() shared:stop() end)

    it("is shared by all hosts, and stores neither the key nor an answer", function()
      willing()
      local hosts = {}
      for index = 1, 2 do hosts[index] = client{store = redis_store.new{port = shared.port}} end
      for index = 1, 3 do assert(hosts[index % 2 + 1]:reexport{mailboxId = MAILBOX}) end
      for _, host in ipairs(hosts) do
        local left = refused(host:reexport{mailboxId = MAILBOX})
        assert.is_true(left > WEEK - 60 and left <= WEEK, left)
      end
      local names = shared:cli "keys '*'"
      assert.matches("^cmr:window:quota:%x+:" .. MAILBOX .. "$", names)
      assert.is_nil(names:find(server.key, 1, true))
    end)

    it("stops no call while Redis is unavailable", function()
      willing()
      local one = client{store = redis_store.new{port = 1}}
      local warnings = warned(function()
        for _ = 1, 5 do assert(one:reexport{mailboxId = MAILBOX}) end
      end)
      assert.equal(1, #warnings)
      assert.matches("Redis at [^\n]+ is unavailable", warnings[1])
    end)
  end)
end)
