-- Calls under cqueues.
local has_cqueues, cqueues = pcall(require, "cqueues")
local loops = require "spec.support.loop"
local mock = require "spec.support.mock"
local support = require "spec.support.client"

if not has_cqueues and _VERSION == "Lua 5.5" then
  return it("a call waits in a loop of cqueues", function() pending "there is no cqueues for this Lua" end)
end
assert(has_cqueues, cqueues)

local loop = {name = "cqueues", sleep = cqueues.sleep}

function loop.run(tasks)
  local controller, ended = cqueues.new(), 0
  for _, task in ipairs(tasks) do
    controller:wrap(function()
      task()
      ended = ended + 1
    end)
  end
  local fine, why = controller:loop()
  if not fine then error(why, 0) end
  assert(ended == #tasks, "a coroutine was left waiting")
end

function loop.connect(port)
  local connection = require("cqueues.socket").connect("127.0.0.1", port)
  connection:setmode("b", "b")
  assert(connection:connect(5))
  return {
    fd = connection:pollfd(),
    read = function() return connection:xread("*l", 5) end,
    close = function() connection:close() end,
  }
end

describe("cqueues", function()
  loops.behaves(loop)

  local server, client

  before_each(function()
    server = mock.shared("http")
    client = support.new(server, {retries = 0})
  end)

  it("adds one coroutine to a controller, however many of the program's wait", function()
    server:fault{delay = 0.2, times = 4}
    local controller, add = cqueues.new(), loops.sum()
    for _ = 1, 4 do
      controller:wrap(function() add(client:platforms(mock.USER).status) end)
    end
    assert(controller:step(0))
    assert.equal(5, controller:count())
    assert(controller:loop())
    assert.equal(800, add(0))
  end)

  it("goes on after the error of a coroutine, and no other coroutine waits for ever", function()
    server:fault{delay = 0.2, times = 4}
    local controller, add = cqueues.new(), loops.sum()
    for index = 1, 4 do
      controller:wrap(function()
        local status = client:platforms(mock.USER).status
        if index == 2 then error("oops", 0) end
        add(status)
      end)
    end
    local failures = {}
    repeat
      local fine, why = controller:loop()
      if not fine then table.insert(failures, why) end
    until fine
    assert.same({"oops"}, failures)
    assert.equal(600, add())
  end)

  it("lets several controllers wait in one process, one inside the other and one after the other", function()
    server:fault{delay = 0.1, times = 100}
    local add = loops.sum()
    local function call() add(client:platforms(mock.USER).status) end
    local outer, inner, other = cqueues.new(), cqueues.new(), cqueues.new()
    outer:wrap(call)
    for _ = 1, 3 do
      inner:wrap(call)
      other:wrap(call)
    end
    outer:wrap(function() assert(inner:loop()) end)
    outer:wrap(call)
    assert(other:step(0)) -- begins its calls, and then does not run for a while
    assert(outer:loop())
    assert.equal(5 * 200, add())
    assert(other:loop())
    assert.equal(8 * 200, add())
  end)

  it("does not disturb other calls when a controller with calls in flight is collected", function()
    server:fault{delay = 0.3, times = 3}
    local function give_up()
      local controller = cqueues.new()
      controller:wrap(function() client:platforms(mock.USER) end)
      assert(controller:step(0))
    end
    give_up()
    collectgarbage()
    collectgarbage()
    local add = loops.sum()
    loop.run{
      function() add(client:platforms(mock.USER).status) end,
      function() add(client:platforms(mock.USER).status) end,
    }
    assert.equal(400, add())
    assert.equal(200, client:platforms(mock.USER).status)
  end)

  it("sends nothing from a coroutine that cqueues does not run, when the client names cqueues", function()
    local named = support.new(server, {retries = 0, loop = "cqueues"})
    local messages = {}
    loop.run{function()
      coroutine.wrap(function() messages[1] = select(2, pcall(function() named:platforms(mock.USER) end)) end)()
    end}
    messages[2] = select(2, pcall(function() named:start("platforms", mock.USER) end))
    for index, message in ipairs(messages) do
      local reason = loops.PLAIN_51 and index == 1 and "Lua 5.1 suspends" or "only a coroutine that cqueues runs itself"
      assert.matches(reason, message, 1, true)
    end
    assert.equal(2, #messages)
    assert.equal(0, #server:requests())
  end)
end)
