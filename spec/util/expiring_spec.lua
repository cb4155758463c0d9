-- A table with entries that expire.
local expiring = require "cmr.util.expiring"

describe("a table whose entries expire", function()
  it("has the values until they expire, and forgets them after that", function()
    local entries = expiring.new()
    for index = 1, 100000 do
      local now = index / 1000
      entries:set("key" .. index, index, now + 1, now)
      assert.equal(index, entries:get("key" .. index))
      if index % 1000 == 0 then assert.equal(index - 900, entries:get("key" .. index - 900)) end
    end
    local count = 0
    for _ in pairs(entries.values) do count = count + 1 end
    assert.equal(entries.count, count)
    assert.is_true(count <= 4000, count)
  end)

  it("has one value for each key, the last one", function()
    local entries = expiring.new()
    for index = 1, 5000 do entries:set("key", index, 1, 0) end
    assert.equal(5000, entries:get "key")
    assert.equal(1, entries.count)
    entries:set("other", 1, 1, 0)
    entries:remove "key"
    assert.equal(1, entries.count)
    entries:remove "key"
    assert.equal(1, entries.count)
    entries:remove "other"
    assert.is_nil(entries:get "key")
    assert.equal(0, entries.count)
  end)

  it("looks for expired entries only when it has twice as many as after the last search", function()
    local entries = expiring.new()
    for index = 1, 1001 do entries:set("kept" .. index, true, 100, 0) end
    for index = 1, 999 do entries:set("short" .. index, true, 1, 0) end
    entries:set("kept1", true, 100, 1)
    assert.same({2000, true}, {entries.count, entries:get "short1"})
    entries:set("another", true, 100, 1)
    assert.same({1002, nil, true}, {entries.count, entries:get "short1", entries:get "kept1001"})
    assert.is_nil((next(entries.ends, nil) or ""):match "^short")
  end)
end)
