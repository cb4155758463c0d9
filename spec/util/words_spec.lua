-- Numbers, durations and lists as a person reads them; tables as values of JSON.

local tables = require "cmr.util.tables"
local text = require "cmr.util.text"

describe("words for people", function()
  it("say a duration in its two largest units", function()
    for seconds, words in pairs{
      [0.25] = "0.25 seconds", [1] = "1 second", [59] = "59 seconds", [60] = "1 minute", [61] = "1 minute 1 second",
      [3600] = "1 hour", [3601] = "1 hour", [90000] = "1 day 1 hour", [604800] = "7 days", [2e9] = "years",
    } do
      assert.equal(words, text.duration(seconds))
    end
  end)

  it("write numbers without an exponent", function()
    assert.equal("100000", text.number(1e5))
    assert.equal("0.001", text.number(0.001))
    assert.equal("-3", text.number(-3))
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

  it("has its keys in order, of whatever type", function()
    assert.same({"a", "b", "c"}, tables.sorted_keys{c = 1, a = 1, b = 1})
    assert.same({1, 2, "a"}, tables.sorted_keys{"x", "y", a = 1})
  end)

  it("is a list when it has items, else an object", function()
    assert.is_true(tables.is_list{1})
    assert.is_false(tables.is_list{})
    assert.is_false(tables.is_list{a = 1})
    assert.is_false(tables.is_list "x")
    assert.is_true(tables.is_object{})
    assert.is_true(tables.is_object{a = 1})
    assert.is_false(tables.is_object{1})
    assert.is_false(tables.is_object(nil))
  end)

  it("has one canonical text for equal content, and another for any other", function()
    assert.equal(tables.canonical{a = 1, b = {"x", 2}}, tables.canonical{b = {"x", 2}, a = 1})
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
