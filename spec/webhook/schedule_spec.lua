-- A receiver of the mock's webhooks, which come when the vendor delivers them.
local api = require "spec.support.mock_api"
local cmr = require "cmr"
local hooks = require "spec.support.receiver"
local memory = require "cmr.store.memory"
local nginx = require "spec.support.nginx"
local stores = require "spec.support.store"

local THIS = {mailboxId = api.MAILBOX}

describe("a receiver of the vendor's deliveries #nginx", function()
  local mock, hook

  before_each(function()
    mock, hook = api.new(), hooks.new()
  end)

  after_each(function()
    mock.server:reset()
    hook:close()
  end)

  -- Receives the next delivery. Returns the status of the answer.
  local function receive(to)
    local status
    hook:next(function(delivery)
      status = to:receive(delivery.body, delivery.headers)
      return status
    end)
    return status
  end

  it("keeps an event as a dead letter when only the last delivery arrives, and its function fails", function()
    local store, close = stores.sqlite.start()
    local works, handled = false, {}
    local to = cmr.webhook.receiver{api_key = mock.server.key, store = store, log = function() end,
      on = {["mailbox.exported"] = function(event)
        if not works then error "no database" end
        handled[#handled + 1] = event.data.mailboxId
      end}}
    mock:control("webhooks", {url = hook.url, fail = 2})
    mock:yes("POST /mailboxes/oauth", nil, THIS)
    for attempt, seconds in ipairs{10, 30, 300} do
      mock:advance(seconds)
      if attempt == 3 then assert.equal(500, receive(to)) end
      nginx.eventually("the attempt is over", function()
        local list = mock.server:control("GET", "deliveries")
        return list[1] and #list[1].attempts == attempt
      end)
    end
    assert.equal("failed", mock.server:control("GET", "deliveries")[1].state)
    local time = os.time
    finally(function()
      close()
      os.time = time -- luacheck: ignore 122
    end)
    function os.time() return time() + 600 end -- luacheck: ignore 122
    local letters = to:dead_letters()
    assert.equal(1, #letters)
    assert.same({"mailbox.exported", 1}, {letters[1].name, letters[1].tries})
    assert.matches("no database", letters[1].reason)
    works = true
    assert.equal(1, to:replay())
    assert.same({api.MAILBOX}, handled)
    assert.same({}, to:dead_letters())
  end)

  it("handles each start of a warmup, though the events have no id and the same body", function()
    mock:control("webhooks", {url = hook.url, actionId = false})
    local now, bodies = 0, {}
    local to = cmr.webhook.receiver{api_key = mock.server.key, store = memory.new(function() return now end),
      on = {["mailbox.warmup.started"] = function(event) bodies[#bodies + 1] = cmr.webhook.id(event) end}}
    for _ = 1, 2 do
      mock:yes("POST /mailboxes/warmup", THIS)
      mock:advance(180)
      assert.equal(200, receive(to))
      mock:yes("DELETE /mailboxes/warmup", THIS)
      assert.equal(200, receive(to))
      mock:advance(3600)
      now = now + 3600
    end
    assert.equal(2, #bodies)
    assert.equal(bodies[1], bodies[2])
  end)
end)
