-- The data of a key does not stay when the key is idle. file_spec.lua and memory_spec.lua test other backends.
local core = require "cmr.core"
local memory_store = require "cmr.store.memory"
local nginx = require "spec.support.nginx"
local quota = require "cmr.quota"
local redis_limiter = require "cmr.limiter.redis"

describe("nginx's dictionary", function()
  it("forgets the queue of a key that is idle #nginx", function()
    local server = nginx.start{
      http = "lua_shared_dict cmr 1m;",
      server = [[location = /queue { content_by_lua_block {
        local limiter = require("cmr.limiter").default()
        limiter:reserve("reserved", 4, 60)
        limiter:pause("paused", 100)
        ngx.say(ngx.shared.cmr:ttl("cmr:queue:reserved"), " ", ngx.shared.cmr:ttl("cmr:queue:paused"))
      } }]],
      unclean = {"lua_shared_dict"},
    }
    local reserved, paused = server:text("/queue"):match "(%S+) (%S+)"
    server:stop()
    assert.is_true(tonumber(reserved) > 60 and tonumber(reserved) < 130, reserved)
    assert.is_true(tonumber(paused) > 160 and tonumber(paused) < 230, paused)
  end)
end)

describe("a limiter in Redis", function()
  it("forgets the slots of keys that are idle", function()
    local real_now, now = core.now, 1000
    core.now = function() return now end
    finally(function() core.now = real_now end)
    local redis = {retry_seconds = 1, address = "stub"}
    function redis.eval() return {("%.6f"):format(now + 500), ("%.6f"):format(now + 500), 1} end
    local limiter = redis_limiter.new{redis = redis}
    for index = 1, 20000 do
      now = now + 0.1
      limiter:reserve("key" .. index, 4, 60)
    end
    assert.is_true(limiter.latest_slots.count <= 2000, limiter.latest_slots.count)
  end)
end)

describe("the re-export quota", function()
  it("forgets mailboxes after a week", function()
    local now = 0
    local state = {
      options = {reexport_quota = "warn"},
      store = memory_store.new(function() return now end),
      target = {key_id = function() return "key" end},
    }
    local operation = {name = "reexport", flags = {quota = true}}
    for index = 1, 20000 do
      now = now + 3600
      local call = {arguments = function() return {mailboxId = "MB" .. index} end}
      local reservation = quota.reserve(state, call, operation)
      if index % 2 == 0 then quota.failed(reservation, {kind = "quota_exceeded", outcome = "rejected"}) end
    end
    local count = 0
    for _, entries in ipairs{state.store.windows, state.store.lists} do
      for _ in pairs(entries) do count = count + 1 end
    end
    assert.is_true(count <= 2000, count)
  end)
end)
