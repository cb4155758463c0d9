-- The digests of a run's rows, which are stored in blocks of a thousand.
local digests = require "cmr.bulk.digests"

describe("the digests of a run's rows", function()
  local function digest(number) return ("%020d"):format(number) end

  it("are found by the number of their row, in a run of any length", function()
    for _, count in ipairs{0, 1, 2, 999, 1000, 1001, 2000, 2345} do
      local list = digests.new()
      for number = 1, count do list:add(number % 7 ~= 0 and digest(number) or nil) end
      assert.equal(count, list.count)
      local all = list:list()
      assert.equal(count, #all)
      for number = 1, count do
        local expected = number % 7 ~= 0 and digest(number) or "" -- "" is a row that is not valid
        assert.equal(expected, list:get(number))
        assert.equal(expected, all[number])
      end
      assert.is_nil(list:get(count + 1))
      assert.is_nil(list:get(count + 1000))
    end
  end)

  it("take little memory: a few long texts, and fewer than a thousand short ones", function()
    local list = digests.new()
    for number = 1, 5000 do
      list:add(digest(number))
      assert.is_true(#list.rest < 1000)
    end
    assert.same({5, 0}, {#list.blocks, #list.rest})
  end)
end)
