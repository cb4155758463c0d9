-- A receiver of the mock's webhooks, which come when the vendor delivers them.
local api = require "spec.support.mock_api"
local cmr = require "cmr"
local hooks = require "spec.support.receiver"
local memory = require "cmr.store.memory"

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
