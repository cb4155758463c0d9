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
    entries:remove "key"
    entries:remove "key"
    assert.is_nil(entries:get "key")
    assert.equal(0, entries.count)
  end)
end)
