-- The mock's JSON encoder.
local json = require "cmr.mock.json"

describe("the mock's JSON", function()
  it("writes every digit of a number", function()
    assert.equal("[99999999999999.5,12.345678901234567,1e+300,7,-0.5,1234567890123456]",
      json.encode {99999999999999.5, 12.345678901234567, 1e300, 7, -0.5, 1234567890123456})
  end)

  it("does not write NaN and infinity, which JSON lacks", function()
    for _, value in ipairs{0 / 0, math.huge, -math.huge} do
      assert.has_error(function() json.encode{value} end, ("JSON has no number %s"):format(value))
    end
  end)

  it("writes a list as an array, and a table without items as an object unless it is marked", function()
    assert.same({"[5]", "{}", "[]", "[1]", '{"a":[{}],"b":null}'}, {json.encode {5}, json.encode {},
      json.encode(json.array()), json.encode(json.array {1}), json.encode {b = json.null, a = {{}}}})
  end)

  it("reads an object, and nothing else in its place", function()
    assert.same({{}, {a = 1}}, {json.object "", json.object '{"a":1}'})
    for _, text in ipairs{"[1]", "5", "null", '"a"'} do
      assert.same({nil, "not an object"}, {json.object(text)}, text)
    end
    assert.is_string(select(2, json.object "{"))
    assert.is_string(select(2, json.decode "x"))
  end)

  it("reads a text that is one number, and no other text", function()
    for text, number in pairs{["5"] = 5, ["-20"] = -20, ["1.5"] = 1.5, ["2e3"] = 2000, ["-1.5E-1"] = -0.15} do
      assert.equal(number, json.number(text), text)
    end
    for _, text in ipairs{"", "five", "0x10", " 5", "5 ", "+5", ".5", "1e", "nan", "inf", "1,5"} do
      assert.is_nil(json.number(text), text)
    end
  end)
end)
