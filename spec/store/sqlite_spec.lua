-- The store of a machine's processes: what it does when time passes, and when its ledger fails.
local core = require "cmr.core"
local sqlite = require "cmr.store.sqlite"
local support = require "spec.support.ledger"

local unpack = table.unpack or unpack

describe("the store of a machine's processes", function()
  local path, ledger, store, now
  local real_time = core.time

  before_each(function()
    path = support.path()
    ledger = support.open(path)
    store = sqlite.new{ledger = ledger}
    now = 1e9
    core.time = function() return now end
  end)

  after_each(function()
    core.time = real_time
    support.remove(path)
  end)

  -- Returns how many rows each table has.
  local function sizes()
    local list = {}
    for index, name in ipairs{"claim", "count", "entry"} do
      list[index] = ledger:connection "durable":first("SELECT count(*) AS n FROM " .. name).n
    end
    return list
  end

  it("removes everything that has expired, once a minute", function()
    store:claim("x", 10)
    store:count("x", 5, 10)
    store:append("x", "text", 10)
    ledger:connection "durable":run "DELETE FROM claim WHERE name = 'cmr:received'"
    assert.same({1, 1, 1}, sizes())
    now = 1e9 + 59.5
    store:uncount "other"
    assert.same({1, 1, 1}, sizes())
    now = 1e9 + 60
    store:uncount "other"
    assert.same({0, 0, 0}, sizes())
    store:claim("y", 10)
    now = 1e9 + 119.5
    store:uncount "other"
    assert.same({1, 0, 0}, sizes())
    now = 1e9 + 120
    store:uncount "other"
    assert.same({0, 0, 0}, sizes())
  end)

  it("removes what has expired also in an operation that is refused", function()
    for index, refused in ipairs{
      function() return store:claim("busy", 60) end,
      function() return store:count("full", 1, 100) end,
      function() return store:renew("expired", "token", 60) end,
    } do
      now = now + 1000 * index
      store:claim("busy", 100)
      store:count("full", 1, 100)
      store:claim("expired", 10)
      now = now + 60
      assert.is_nil((refused()))
      assert.same({1, 1, 0}, sizes())
    end
  end)

  it("keeps everything that has not expired", function()
    store:claim("x", 100)
    store:count("x", 5, 100)
    store:append("x", "text", 100)
    now = 1e9 + 99
    store:uncount "other"
    assert.same({2, 1, 1}, sizes())
    assert.same({nil, "busy", 1}, {store:claim("x", 10)})
    assert.equal(2, store:count("x", 5, 100))
    assert.same({"text"}, store:list "x")
  end)

  it("ends claims, lists and counts at the end of their time exactly", function()
    store:claim("x", 10)
    store:append("x", "old", 10)
    store:count("x", 1, 10)
    now = 1e9 + 9.5
    assert.same({nil, "busy", 0.5}, {store:claim("x", 10)})
    assert.same({nil, "exhausted", 0.5}, {store:count("x", 1, 10)})
    assert.same({"old"}, store:list "x")
    now = 1e9 + 10
    assert.is_string((store:claim("x", 10)))
    assert.equal(1, store:count("x", 1, 10))
    assert.same({}, store:list "x")
    assert.is_false(store:remove("x", "old"))
    assert.is_true(store:append("x", "new", 10))
    assert.same({"new"}, store:list "x")
  end)

  it("knows for 30 days that a text was added", function()
    assert.is_false(store:has_received())
    store:append("x", "text", 10)
    for days, received in pairs{[0] = true, [29.999] = true, [30] = false} do
      now = 1e9 + days * 24 * 3600
      assert.equal(received, store:has_received())
    end
    local failing = sqlite.new{ledger = {
      transaction = function() end,
      connection = function() return nil, "removed" end,
    }}
    assert.same({nil, "removed"}, {failing:has_received()})
  end)

  it("returns the ledger's message when the ledger fails", function()
    local failing = sqlite.new{ledger = {
      transaction = function() return nil, "locked" end,
      connection = function() return nil, "locked" end,
    }}
    for method, args in pairs{claim = {60}, count = {3, 60}} do
      assert.same({nil, "unavailable", "locked"}, {failing[method](failing, "x", unpack(args))})
    end
    for _, method in ipairs{"done", "renew", "release", "append", "list", "remove", "uncount"} do
      assert.same({nil, "locked"}, {failing[method](failing, "x", "y", 60)})
    end
  end)

  it("is made with the ledger at a path", function()
    local other = sqlite.new{path = path}
    assert.equal(ledger, other.ledger)
    assert.is_string((other:claim("x", 10)))
    assert.same({nil, "busy", 10}, {store:claim("x", 10)})
  end)
end)
