-- A guard calls its function when nothing refers to it any more.
local collected = require "cmr.util.collected"

describe("a guard", function()
  local function check()
    local called = 0
    local guard = collected.guard(function() called = called + 1 end)
    for _ = 1, 2 do collectgarbage() end
    assert.equal(0, called)
    assert.is_truthy(guard)
    guard = nil -- luacheck: ignore 311
    for _ = 1, 2 do collectgarbage() end
    assert.equal(1, called)
  end

  it("calls its function once it is collected, and not earlier", check)

  it("does so too where tables have no finalizer, as in Lua 5.1", function()
    local original = rawget(_G, "newproxy")
    finally(function() rawset(_G, "newproxy", original) end)
    rawset(_G, "newproxy", original or function(has_metatable)
      return has_metatable and setmetatable({}, {__gc = true}) or {}
    end)
    check()
  end)
end)
