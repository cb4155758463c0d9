-- Numbers, durations and lists as texts for people, and tables as JSON values.

local tables = require "cmr.util.tables"
local text = require "cmr.util.text"

describe("words for people", function()
  it("say a duration in its two largest units", function()
    for seconds, words in pairs{
      [0.25] = "0.25 seconds", [1] = "1 second", [59] = "59 seconds", [60] = "1 minute", [61] = "1 minute 1 second",
      [3600] = "1 hour", [3601] = "1 hour", [90000] = "1 day 1 hour", [604800] = "7 days", [2e9] = "years",
      [1e9] = "11574 days 1 hour", [1e9 + 1] = "years", [0] = "0 seconds", [86399.5] = "1 day",
      [7260] = "2 hours 1 minute", [86460] = "1 day", [119.2] = "2 minutes",
    } do
      assert.equal(words, text.duration(seconds))
    end
    for name, words in pairs{MINUTE = "1 minute", HOUR = "1 hour", DAY = "1 day", WEEK = "7 days"} do
      assert.equal(words, text.duration(text[name]))
      assert.equal(0, text[name] % 60)
    end
    assert.equal(604800, text.WEEK)
  end)

  it("cut a text between two characters, and mark the cut", function()
    local dots, umlaut, face = "\226\128\166", "\195\164", "\240\159\152\128"
    for _, case in ipairs{
      {"", 6, "", 0}, {"abcdef", 6, "abcdef", 0}, {"abcdefg", 6, "abc" .. dots, 4},
      {"ab" .. umlaut .. "def", 6, "ab" .. dots, 5}, {"a" .. umlaut .. "defg", 6, "a" .. umlaut .. dots, 4},
      {face .. face, 8, face .. face, 0}, {face .. face, 7, face .. dots, 4}, {face .. face, 6, dots, 8},
    } do
      assert.same({case[3], case[4]}, {text.cut(case[1], case[2])})
    end
    assert.is_true(#text.cut(("\128"):rep(100), 50) <= 50) -- not UTF-8
  end)

  it("write numbers without an exponent", function()
    assert.equal("100000", text.number(1e5))
    assert.equal("0.001", text.number(0.001))
    assert.equal("-3", text.number(-3))
    assert.same({"999999999999999", "1e+15", "-999999999999999", "-1e+15", "0.1", "1.5"},
      {text.number(999999999999999), text.number(1e15), text.number(-999999999999999), text.number(-1e15),
        text.number(0.1), text.number(1.5)})
  end)

  it("write all digits of a number for programs", function()
    assert.same({"0.10000000000000001", "5", "1.5", "-2.5"},
      {text.exact_number(0.1), text.exact_number(5), text.exact_number(1.5), text.exact_number(-2.5)})
  end)

  it("write a time in UTC, if there is one", function()
    assert.equal("2026-03-31T17:30:00Z", text.utc(1774978200.9))
    assert.equal("1970-01-01T00:00:00Z", text.utc(0))
    assert.is_nil(text.utc(nil))
    for _, seconds in ipairs{253402300799, 253402300800, 1e18, 1e30, math.huge} do
      assert.equal("9999-12-31T23:59:59Z", text.utc(seconds))
    end
    for _, seconds in ipairs{-1, -1e30, -math.huge} do assert.equal("1970-01-01T00:00:00Z", text.utc(seconds)) end
    assert.equal(os.date("%Y-%m-%d %H:%M", 1774978200), text.date("%Y-%m-%d %H:%M", 1774978200.9))
  end)

  it("have U+FFFD for each byte that is not UTF-8, and are otherwise unchanged", function()
    local bad = "\239\191\189"
    for bytes, shown in pairs{
      [""] = "", ["plain"] = "plain",
      ["\194\128 \223\191"] = "\194\128 \223\191", ["\224\160\128"] = "\224\160\128",
      ["\225\128\128\236\191\191"] = "\225\128\128\236\191\191", ["\237\159\191"] = "\237\159\191",
      ["\238\128\128\239\191\191"] = "\238\128\128\239\191\191",
      ["\240\144\128\128"] = "\240\144\128\128", ["\241\128\128\128"] = "\241\128\128\128",
      ["\244\143\191\191"] = "\244\143\191\191",
      ["\128"] = bad, ["\193\129"] = bad .. bad, ["a\255b\194"] = "a" .. bad .. "b" .. bad,
      ["\224\159\128x"] = bad .. bad .. bad .. "x", ["\237\160\128"] = bad .. bad .. bad,
      ["\240\143\128\128"] = bad .. bad .. bad .. bad, ["\244\144\128\128"] = bad .. bad .. bad .. bad,
      ["\195\164\255\195\164"] = "\195\164" .. bad .. "\195\164",
    } do assert.equal(shown, text.utf8(bytes)) end
  end)

  it("do not control a terminal", function()
    assert.equal("a b c d", text.printable "a\27b\194\155c\226\128\174d")
    for code = 160, 191 do
      local first, second = "\226\128" .. string.char(code), "\226\129" .. string.char(code)
      assert.equal(code >= 170 and code <= 174 and " " or first, text.printable(first))
      assert.equal(code >= 166 and code <= 169 and " " or second, text.printable(second))
    end
  end)

  it("list words", function()
    assert.equal("", text.list({}, "or"))
    assert.equal("a", text.list({"a"}, "or"))
    assert.equal("a or b", text.list({"a", "b"}, "or"))
    assert.equal("a, b and c", text.list({"a", "b", "c"}, "and"))
  end)

  it("write bytes in hexadecimal", function() assert.equal("00ff0a", text.hex "\0\255\n") end)
end)

describe("a table as a value of JSON", function()
  it("is followed along a dotted path", function()
    assert.equal(1, tables.at({data = {list = {page = 1}}}, "data.list.page"))
    assert.is_nil(tables.at({data = 5}, "data.list"))
    assert.is_nil(tables.at(nil, "data"))
  end)

  it("has its keys in order, whatever their types", function()
    assert.same({"a", "b", "c"}, tables.sorted_keys{c = 1, a = 1, b = 1})
    assert.same({1, 2, "a"}, tables.sorted_keys{"x", "y", a = 1})
    assert.same({1, 2, 3, 4, 5, "0"}, tables.sorted_keys{1, 1, 1, 1, 1, ["0"] = 1})
    assert.same({2, 10, "15", "2"}, tables.sorted_keys{[2] = 1, [10] = 1, ["15"] = 1, ["2"] = 1})
  end)

  it("has its keys in the order of their ranks first", function()
    local function rank(key) return key == "z" and 0 or key == "a" and 2 or 1 end
    assert.same({"z", "b", "c", "d", "a"}, tables.sorted_keys({a = 1, b = 1, c = 1, d = 1, z = 1}, rank))
  end)

  it("can be copied, also into another table", function()
    local object, into = {a = 1, b = {2}}, {a = 0, c = 3}
    local copy = tables.copy(object)
    assert.same(object, copy)
    assert.not_equal(object, copy)
    assert.equal(object.b, copy.b)
    assert.equal(into, tables.copy(object, into))
    assert.same({a = 1, b = {2}, c = 3}, into)
  end)

  it("is a list if it has items, and otherwise an object", function()
    assert.is_true(tables.is_list{1})
    assert.is_false(tables.is_list{})
    assert.is_false(tables.is_list{a = 1})
    assert.is_false(tables.is_list "x")
    assert.is_true(tables.is_object{})
    assert.is_true(tables.is_object{a = 1})
    assert.is_false(tables.is_object{1})
    assert.is_false(tables.is_object(nil))
  end)

  it("has one canonical text for equal content, and another one for other content", function()
    assert.equal(tables.canonical{a = 1, b = {"x", 2}}, tables.canonical{b = {"x", 2}, a = 1})
    local rising, falling = {}, {}
    for index = 1, 100 do rising["k" .. index], falling["k" .. 101 - index] = index, 101 - index end
    assert.equal(tables.canonical(rising), tables.canonical(falling))
    local seen = {}
    for _, value in ipairs{1, "1", true, {}, {1}, {"1"}, {a = 1}, {a = "1"}, 1e300, 0.1,
      {a = "x", b = "y"}, {a = "x,string b=string y"}, {a = "x,string 1 b=string 1 y"}} do
      local canonical = tables.canonical(value)
      assert.is_nil(seen[canonical])
      seen[canonical] = true
    end
    for _, value in ipairs{{a = {1, {b = "y"}}}, {a = {1}}, {a = {1, {b = "x", c = 1}}}, {}, 5} do
      assert.not_equal(tables.canonical{a = {1, {b = "x"}}}, tables.canonical(value))
    end
  end)
end)
