-- What --wait says at the end. A table stands for the client.
local operations = require "cmr.operations"
local messages = require "cmr.cli.messages"
local waiting = require "cmr.cli.waiting"

describe("--wait", function()
  -- Waits as --wait does after this answer; client:await returns `events`, `message` and `err`. Returns the status and
  -- what was said.
  local function ended(operation, answer, events, message, err)
    local said, timeout = {}, nil
    local client = {
      info = function() return {plan = {order = "O"}} end,
      await = function(_, _, opts)
        timeout = opts.timeout
        return events, message, err
      end,
    }
    local system = {
      stderr = {write = function(_, ...) said[#said + 1] = table.concat{...} end},
      terminal = function() end,
      getenv = function() end,
    }
    local status = waiting.for_answer(client, operations[operation], {userId = "U"}, answer, {}, system)
    assert.equal(180, timeout)
    return {status, table.concat(said)}
  end

  it("names each event with its number, and the order's status", function()
    local events = {{event = "b"}, {event = "a"}, {eventType = "c"}, {event = "a"}, {event = "a"}, {event = "c"}}
    assert.same({0, "cmr: create-order: done: b, a (3), c (2)\n"}, ended("create_order", {}, events))
    events = {order = {status = "COMPLETED"}}
    assert.same({0, "cmr: create-order: done: the order's status\n"}, ended("create_order", {}, events))
    events[1] = {event = "a"}
    assert.same({0, "cmr: create-order: done: a, the order's status\n"}, ended("create_order", {}, events))
  end)

  it("names what goes on waiting when the end is not known", function()
    for _, case in ipairs{
      {{actionId = "A1", data = {orderId = "O1"}}, "A1"}, {{data = {orderId = "O1"}}, "O1"}, {{data = "x"}}, {{}},
      {{data = {orderId = 5}}},
    } do
      local hint = case[2] and ("cmr: hint: 'cmr await %s' goes on waiting\n"):format(case[2]) or ""
      assert.same({1, "cmr: create-order: no outcome\n" .. hint},
        ended("create_order", case[1], nil, "create_order: no outcome", {kind = "timeout", outcome = "unknown"}))
    end
  end)

  it("gives advice when the operation has failed", function()
    for outcome in pairs{rejected = true, unknown = true} do
      local err = {kind = "operation_failed", outcome = outcome, message = "create_order: failed"}
      local lines = {"create-order: failed", (table.unpack or unpack)(
        messages.advice(operations.create_order, err, true, {userId = "U"}, false))}
      assert.is_true(#lines > 1)
      assert.same({3, "cmr: " .. table.concat(lines, "\ncmr: ") .. "\n"},
        ended("create_order", {actionId = "A1"}, nil, "create_order: failed", err))
    end
  end)

  it("takes a number of seconds above 0", function()
    assert.equal(180, waiting.seconds{})
    assert.equal(0.5, waiting.seconds{wait_timeout = "0.5"})
    assert.equal(1, waiting.seconds{[".wait_timeout"] = "1"})
    local ok, mistake = pcall(waiting.seconds, {wait_timeout = "0"})
    assert.is_false(ok)
    assert.equal("option '--wait-timeout' wants a number above 0", mistake.usage)
  end)
end)
