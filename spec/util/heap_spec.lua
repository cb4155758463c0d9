-- A list in which the item with the smallest key is the first one.
local heap = require "cmr.util.heap"

-- Returns a source of random numbers, which are the same in every run and on every Lua.
local function dice(seed)
  return function(most)
    seed = (seed * 16807) % 2147483647
    return seed % most + 1
  end
end

describe("a heap", function()
  it("returns the items in the order of their keys, also with equal keys", function()
    local roll = dice(3)
    for count = 1, 40 do
      local items, keys = {}, {}
      for index = 1, count do
        keys[index] = roll(20)
        heap.push(items, {at = keys[index]}, "at")
      end
      table.sort(keys)
      local taken = {}
      for index = 1, count do taken[index] = heap.pop(items, "at").at end
      assert.same(keys, taken)
      assert.is_nil(heap.pop(items, "at"))
      assert.same({}, items)
    end
  end)

  it("has the smallest one first while items come and go", function()
    local roll, items, sorted = dice(5), {}, {}
    for _ = 1, 3000 do
      if roll(5) > 2 or #items == 0 then
        local key = roll(1000)
        heap.push(items, {at = key}, "at")
        sorted[#sorted + 1] = key
        table.sort(sorted)
      else
        assert.equal(table.remove(sorted, 1), heap.pop(items, "at").at)
      end
      assert.equal(sorted[1], (items[1] or {}).at)
      assert.equal(#sorted, #items)
    end
  end)
end)
