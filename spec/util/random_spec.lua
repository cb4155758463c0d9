-- Random ids, numbers and tokens.
local random = require "cmr.util.random"

-- Returns the set of the values that many calls return.
local function drawn(count, draw)
  local seen = {}
  for _ = 1, count do seen[draw()] = true end
  return seen
end

describe("a random", function()
  it("number is any whole number between two others, which are included", function()
    assert.same({[-1] = true, [0] = true, [1] = true, [2] = true},
      drawn(400, function() return random.integer(-1, 2) end))
    assert.equal(7, random.integer(7, 7))
    local halves = {}
    for _ = 1, 100 do
      local number = random.integer(0, 2 ^ 32 - 1)
      assert.is_true(number % 1 == 0 and number >= 0 and number < 2 ^ 32)
      halves[number < 2 ^ 31] = true
    end
    assert.same({[true] = true, [false] = true}, halves)
  end)

  it("number is as random as four bytes", function()
    local open, source = io.open, "\0\0\1\2\3\4"
    finally(function() io.open = open end) -- luacheck: ignore 122
    function io.open() -- luacheck: ignore 122
      local function nothing() end
      return {setvbuf = nothing, close = nothing, read = function(_, count) return source:sub(1, count) end}
    end
    assert.equal(1 * 256 + 2, random.integer(0, 2 ^ 32 - 1))
    source = "\255\255\255\255"
    assert.equal(2 ^ 32 - 1, random.integer(0, 2 ^ 32 - 1))
  end)

  it("hexadecimal text has two characters for each byte, and is another one each time", function()
    local one = random.hex(16)
    assert.matches("^" .. ("%x"):rep(32) .. "$", one)
    assert.not_equal(one, random.hex(16))
  end)

  it("id has capitals and digits, without those that look alike", function()
    local id, seen = random.id(3000), {}
    assert.equal(3000, #id)
    for character in id:gmatch "." do seen[character] = true end
    local expected = {}
    for character in ("0123456789ABCDEFGHJKMNPQRSTVWXYZ"):gmatch "." do expected[character] = true end
    assert.same(expected, seen)
  end)

  it("UUID is one of version 4", function()
    local variants = drawn(400, function()
      local uuid = random.uuid()
      local parts = {uuid:match "^(%x+)%-(%x+)%-4(%x+)%-([89ab])(%x+)%-(%x+)$"}
      for index, part in ipairs(parts) do parts[index] = #part end
      assert.same({8, 4, 3, 1, 3, 12}, parts)
      return uuid:sub(20, 20)
    end)
    assert.same({["8"] = true, ["9"] = true, a = true, b = true}, variants)
  end)

  it("value leaves no file open", function()
    local open, files = io.open, {}
    finally(function() io.open = open end) -- luacheck: ignore 122
    function io.open(...) -- luacheck: ignore 122
      files[#files + 1] = open(...)
      return files[#files]
    end
    random.hex(1)
    assert.same({"closed file"}, {io.type(files[1]), files[2]})
  end)
end)
