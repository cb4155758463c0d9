-- JSON: the same rules with every version of lua-cjson and of Lua.

local cjson = require "cjson"
local cmr = require "cmr"
local core = require "cmr.core"

local encode, decode = core.json_encode, core.json_decode

-- Returns "integer" or "float" in a Lua that distinguishes them, and "number" in any other Lua.
local function kind(value)
  return math.type and math.type(value) or type(value)
end

local INTEGER = math.type and "integer" or "number"
local FLOAT = math.type and "float" or "number"

local function nested(depth, open, close)
  return open:rep(depth) .. close:rep(depth)
end

local function nested_table(depth)
  local value = {}
  for _ = 2, depth do value = {value} end
  return value
end

local function nested_objects(depth)
  local value = {}
  for _ = 2, depth do value = {a = value} end
  return value
end

local function refused(message, value)
  local fine, why = pcall(encode, value)
  assert.is_false(fine)
  assert.equal(message, why)
end

describe("a decoded number", function()
  it("is an integer when it is whole, however it is written", function()
    for text, expected in pairs{["0"] = 0, ["7"] = 7, ["-7"] = -7, ["1.0"] = 1, ["-0"] = 0, ["-0.0"] = 0,
      ["1e5"] = 100000, ["100E-2"] = 1, ["1.5e1"] = 15, ["4294967296"] = 2 ^ 32} do
      assert.equal(expected, decode(text))
      assert.equal(INTEGER, kind(decode(text)))
      assert.equal(INTEGER, kind(decode('{"a":' .. text .. "}").a))
      assert.equal(INTEGER, kind(decode("[" .. text .. "]")[1]))
      assert.equal(INTEGER, kind(decode('[{"a":[' .. text .. "]}]")[1].a[1]))
    end
  end)

  it("is a float otherwise", function()
    for text, expected in pairs{["0.5"] = 0.5, ["-0.25"] = -0.25, ["15.88"] = 15.88, ["1e-3"] = 0.001} do
      assert.equal(expected, decode(text))
      assert.equal(FLOAT, kind(decode(text)))
      assert.equal(FLOAT, kind(decode('{"a":' .. text .. "}").a))
    end
  end)

  it("is an integer below 2^53, where each has its own double", function()
    for _, text in ipairs{"9007199254740990", "9007199254740991", "-9007199254740991"} do
      assert.equal(INTEGER, kind(decode(text)))
      assert.equal(text, ("%.0f"):format(decode(text)))
      if math.type then assert.equal(text, tostring(decode(text))) end
    end
  end)

  -- Decodes a value at each place where JSON can have one. Returns an iterator over the results.
  local function decoded(text)
    return ipairs{decode(text), (decode("[" .. text .. "]") or {})[1], (decode('{"a":0.5,"b":' .. text .. "}") or {}).b,
      decode('[1.5,"\\ud83d",[{"a": ' .. text .. " }]]")[3][1].a}
  end

  it("is exact from 2^53 on where Lua has integers, else the string of its digits", function()
    for _, text in ipairs{"9007199254740992", "9007199254740993", "-9007199254740993", "1618065507111835497",
      "9223372036854775807", "-9223372036854775808"} do
      local count = 0
      for _, value in decoded(text) do
        count = count + 1
        assert.equal(math.type and "integer" or "string", kind(value))
        assert.equal(text, tostring(value))
        assert.equal(math.type and text or '"' .. text .. '"', encode(value))
      end
      assert.equal(4, count)
    end
    assert.equal("9007199254740993", tostring(decode("[1e400,9007199254740993]")[2]))
    assert.equal(math.type and "integer" or "string", kind(decode("[1e400,9007199254740993]")[2]))
  end)

  it("is a string of what was written where Lua would round it", function()
    for _, text in ipairs{"9223372036854775808", "-9223372036854775809", "12345678901234567890",
      "123456789012345678901234567890", ("9"):rep(1000), "9007199254740993.0", "90071992547409.93e2",
      "1.2345678901234567891e19", "1e400", "-1E+400", ("9"):rep(400) .. ".5"} do
      for _, value in decoded(text) do assert.equal(text, value) end
    end
  end)

  it("is refused where Lua would round it, if it is to be sent", function()
    for _, text in ipairs{"12345678901234567890", "9007199254740993.0", "1e400"} do
      for _, whole in ipairs{text, "[0.5," .. text .. "]", '{"a":[' .. text .. "]}"} do
        local value, message = decode(whole, true)
        assert.is_nil(value)
        assert.equal("the number " .. text .. ", which this Lua would round: write it as a string", message)
      end
    end
    assert.same({1.5, 1e20, 9007199254740991}, decode("[1.5,1e20,9007199254740991]", true))
  end)

  it("with an exponent is a float from 2^53 on, as it reads back", function()
    for text, expected in pairs{["1e20"] = 1e20, ["-1.5E300"] = -1.5e300, ["9007199254740994.0"] = 2 ^ 53 + 2,
      ["1.7976931348623157e308"] = 1.7976931348623157e308, ["0.9007199254740992e16"] = 2 ^ 53,
      ["1e+16"] = 1e16, ["100000000000000000000.000"] = 1e20, ["4.611686018427388e+18"] = 2 ^ 62} do
      for _, value in decoded(text) do
        assert.equal(expected, value)
        assert.equal(FLOAT, kind(value))
      end
    end
  end)

  it("must have the form of a JSON number", function()
    for _, text in ipairs{"nan", "NaN", "-nan", "inf", "Infinity", "-Infinity", "0x10", "0x1p4", "01", "-01", "+1",
      ".5", "-", "1e", "--1", "1_000", "1.5.5", "1.5e", "1.5e+", "1.e5", "-.5", "1.5-", "1e5e5",
      "1e5.5", "0.5x", "00.5", "1.5 1.5", "9007199254740992.", "12345678901234567890."} do
      for _, whole in ipairs{text, "[" .. text .. "]", '{"a":' .. text .. "}"} do
        local value, message = decode(whole)
        assert.is_nil(value, whole)
        assert.is_string(message)
      end
    end
  end)
end)

describe("a decoded null", function()
  it("is absent from an object", function()
    local value = decode('{"status":200,"data":null,"a":{"b":null,"c":{"d":null,"e":1}},"f":false}')
    assert.same({status = 200, a = {c = {e = 1}}, f = false}, value)
    assert.is_nil(next(decode('{"data":null}')))
    assert.same({[""] = 1}, decode('{"":1,"x":null}'))
  end)

  it("stays in an array", function()
    local value = decode('[null,1,null,{"a":null,"b":[null]}]')
    assert.equal(4, #value)
    assert.equal(cmr.null, value[1])
    assert.equal(cmr.null, value[3])
    assert.same({b = {cmr.null}}, value[4])
    assert.equal(cjson.null, cmr.null)
    assert.equal(cmr.null, decode("null"))
  end)

  it("stays everywhere in JSON that is to be sent", function()
    assert.same({a = cmr.null, b = {c = cmr.null, d = {cmr.null}}},
      decode('{"a":null,"b":{"c":null,"d":[null]}}', true))
  end)

  it("is no reason to lose a neighbour", function()
    local members = {}
    for i = 1, 1000 do members[i] = ('"k%d":%s'):format(i, i % 3 == 0 and "null" or i % 3 == 1 and i or i .. ".5") end
    local value = decode("{" .. table.concat(members, ",") .. "}")
    for i = 1, 1000 do
      if i % 3 == 0 then
        assert.is_nil(value["k" .. i])
      else
        assert.equal(i % 3 == 1 and i or i + 0.5, value["k" .. i])
      end
    end
  end)
end)

describe("an empty array that is to be sent", function()
  it("stays one, and an empty object stays an object", function()
    for _, text in ipairs{"[]", "{}", '{"a":[]}', '{"a":{}}', "[[],{},[[]]]", '["[]",1.5,[],"\\"[]"]', '{"[]":"[]"}'} do
      assert.equal(text, core.json_encode(decode(text, true)))
    end
    assert.equal("[[],[]]", core.json_encode(decode("\239\187\191[ [\t\r\n ] , [] ]", true)))
    assert.equal("[1e+20,[],0.25]", core.json_encode(decode("[1e20,[],0.25]", true)))
  end)

  it("is refused where no value may stand, with its place in the text", function()
    for text, position in pairs{["{[]:1}"] = 2, ["[[]2]"] = 4, ["[2[]]"] = 3, ["[[] ,1.5,]"] = 10, ["[][]"] = 3} do
      local value, message = decode(text, true)
      assert.is_nil(value)
      assert.matches(" at character " .. position .. "$", message)
    end
    assert.is_nil((decode("[", true)))
    assert.is_nil((decode("[ ", true)))
  end)
end)

describe("an object with the same member twice", function()
  local TEXTS = {
    '{"a":1,"a":2}', '{"a":null,"b":2,"a":null}', '[{"c":{"a":[],"\\u0061":[]}}]', '{"a:":{"b":":","b":1.5}}',
  }

  it("is refused if it is to be sent, because only one of the two could be sent", function()
    for _, text in ipairs(TEXTS) do
      assert.same({nil, "an object has the same member twice"}, {core.json_decode(text, true)})
    end
    for _, text in ipairs{
      '[{"a":1},{"a":1}]', '{"a":{"a":{}},"b":[],"c:\\"":":"}', '{"":":"}', '":"', '[1,2.5,null]',
    } do
      assert(core.json_decode(text, true))
    end
  end)

  it("has the last of the two in an answer", function()
    assert.same({a = 2}, core.json_decode(TEXTS[1]))
  end)
end)

describe("decoding", function()
  it("keeps texts as they are", function()
    assert.equal('a"\\/\b\f\n\r\t', decode[["a\"\\\/\b\f\n\r\t"]])
    assert.equal("\195\164\240\159\152\128", decode[["\u00e4\ud83d\ude00"]])
    assert.equal("\195\164", decode('"\195\164"'))
    assert.equal("a\0b", decode[["a\u0000b"]])
    assert.equal("1", decode'"1"')
    assert.same({["1"] = "a"}, decode'{"1":"a"}')
  end)

  it("says what is wrong", function()
    for _, text in ipairs{"", " ", "{", "}", "[", "[1,]", '{"a":1,}', "{a:1}", "[1 2]", "[1]x", "tru", "'a'", '"a',
      "<html>", '"\\x"', '"\\u12g4"', '"\\ud83', '"a\\', '{"a":1}{"b":2}'} do
      local value, message = decode(text)
      assert.is_nil(value, text)
      assert.matches("Expected", message)
    end
  end)

  it("names the place in the original text", function()
    for text, position in pairs{["[1.5,2,]"] = 8, ["[0.25,9007199254740993,1e300 2.5]"] = 30, ["[1.5,tru]"] = 6} do
      assert.matches(" at character " .. position .. "$", (select(2, decode(text))))
    end
    local long = "[" .. ("1.5,"):rep(10000) .. "2.]" -- the replacements of the numbers before "2." fill a large buffer
    assert.equal("an invalid number at character 40002", (select(2, decode(long))))
    assert.equal("an invalid number at character 6", (select(2, decode "[1.5,2.]")))
    assert.equal("a control character in a string at character 8", (select(2, decode '[1.5,"a\nb"]')))
  end)

  it("skips one byte order mark, at the beginning", function()
    assert.same({a = 1.5}, decode('\239\187\191{"a":1.5}'))
    assert.equal("a", decode('\239\187\191"a"'))
    assert.equal("\239\187\191", decode('"\239\187\191"'))
    for _, text in ipairs{"\239\187\191", "\239\187\191\239\187\191{}", " \239\187\191{}", "{}\239\187\191",
      "\239\187{}"} do
      assert.is_nil((decode(text)))
    end
  end)

  it("has U+FFFD for each lone surrogate", function()
    for text, expected in pairs{["Ann \\ud83d"] = "Ann ?", ["\\uDE00"] = "?",
      ["\\ud83d\\ud83d\\ude00"] = "?\240\159\152\128",
      ["\\ud83d\\u0041"] = "?A", ["\\ud83dA"] = "?A", ["\\ude00\\ud83d"] = "??", ["\\ud83d\\n\\\\"] = "?\n\\",
      ["\\\\ud83d"] = "\\ud83d", ["\\uD7FF\\uE000"] = "\237\159\191\238\128\128",
      ["\\udbff\\udfff"] = "\244\143\191\191", ["\\ud800\\udc00"] = "\240\144\128\128", ["\\ud800"] = "?",
      ["\\udbff"] = "?", ["\\udc00"] = "?", ["\\udfff"] = "?", ["\\udc00\\udc00"] = "??", ["\\ud800\\udbff"] = "??",
      ["\\ud83d\\ue000"] = "?\238\128\128", ["\\ud83d\\\\"] = "?\\"} do
      expected = expected:gsub("?", "\239\191\189")
      assert.equal(expected, decode('"' .. text .. '"'))
      assert.equal(1.5, decode('{"' .. text .. '":1.5}')[expected])
    end
  end)

  it("takes what JSONTestSuite calls valid, and nothing that it calls invalid", function()
    for name, text in pairs(require "spec.support.json_test_suite") do
      local value = decode(text)
      if name:find "^y_" then assert.is_not_nil(value, name) end
      if name:find "^n_" then assert.is_nil(value, name) end
    end
  end)

  it("refuses a NUL byte, also after the end", function()
    for _, text in ipairs{"{}\0", "\0", '{"a":\0 1}', '"a\0b"', "[1]\0garbage"} do
      local value, message = decode(text)
      assert.is_nil(value)
      assert.equal("a NUL byte", message)
    end
  end)

  it("goes 100 levels deep and no further", function()
    assert.is_table(decode(nested(100, "[", "]")))
    assert.is_table(decode(nested(100, '{"a":', "}"):gsub(":}", ":1}", 1)))
    for _, text in ipairs{nested(101, "[", "]"), nested(1e6, "[", "]"), ("["):rep(1e6), ('{"a":'):rep(1e5)} do
      local value, message = decode(text)
      assert.is_nil(value)
      assert.matches("nested", message)
    end
    assert.equal(1, decode("[1]")[1]) -- the refusal does not harm the next text
  end)

  it("wants a string", function()
    assert.has_error(function() decode() end)
    assert.has_error(function() decode({}) end)
  end)
end)

describe("an encoded table", function()
  it("is an array when it has the items 1 to n", function()
    assert.equal("[1,2,3]", encode{1, 2, 3})
    assert.equal('["a",["b"],[]]', encode{"a", {"b"}, cmr.array{}})
    assert.equal("[null,1]", encode{cmr.null, 1})
  end)

  it("is an object when it has names", function()
    assert.equal('{"a":1}', encode{a = 1})
    assert.equal('{"1":"a"}', encode{["1"] = "a"})
    assert.equal('{"":1}', encode{[""] = 1})
    assert.equal('{"a":null}', encode{a = cmr.null})
  end)

  it("that is empty is an object, unless it is marked", function()
    assert.equal("{}", encode{})
    assert.equal("[]", encode(cmr.array{}))
    assert.equal('{"a":{}}', encode{a = {}})
    assert.equal('{"a":[]}', encode{a = cmr.array{}})
    assert.equal("[[],{},[]]", encode{cmr.array{}, {}, cmr.array{}})
    assert.equal("[1]", encode(cmr.array{1}))
  end)

  it("is marked in place, as often as one likes", function()
    local list = {}
    assert.equal(list, cmr.array(list))
    assert.equal(list, cmr.array(cmr.array(list)))
    assert.equal("cmr.array", getmetatable(list).__name)
    assert.error_matches(function() cmr.array(setmetatable({}, {})) end, "bad argument #1")
    assert.has_error(function() cmr.array() end)
    assert.has_error(function() cmr.array("a") end)
  end)

  it("has no holes, and not both names and items", function()
    local holed = {1, nil, 3}
    refused("bad field 'value' (an array cannot have holes or names)", holed)
    refused("bad field 'value' (an array cannot have holes or names)", {1, 2, a = 3})
    refused("bad field 'value' (an array cannot have holes or names)", cmr.array{a = 1})
    refused("bad field 'value.a[2]' (an array cannot have holes or names)", {a = {1, {1, b = 2}}})
    refused("bad field 'value.a' (a table needs either names or the numbers 1 to n)", {a = {[3] = 1}})
    refused("bad field 'value' (a table needs either names or the numbers 1 to n)", {[0] = 1})
    refused("bad field 'value' (a table needs either names or the numbers 1 to n)", {[-1] = 1})
    refused("bad field 'value' (a table needs either names or the numbers 1 to n)", {[1.5] = 1})
    refused("bad field 'value' (a table needs either names or the numbers 1 to n)", {[{}] = 1})
    refused("bad field 'value' (a table needs either names or the numbers 1 to n)", {[print] = 1})
    holed.name = "now as many members as its length"
    assert.has_error(function() encode(holed) end)
  end)

  it("goes 100 levels deep and no further", function()
    assert.equal(nested(99, "[", "]"):gsub("%[%]", "[{}]"), encode(nested_table(100)))
    assert.equal(('{"a":'):rep(99) .. "{}" .. ("}"):rep(99), encode(nested_objects(100)))
    assert.has_error(function() encode(nested_table(101)) end)
    assert.has_error(function() encode(nested_objects(101)) end)
    assert.has_error(function() encode(nested_table(1e5)) end)
  end)

  it("goes as deep in a coroutine, whose stack is small", function()
    local text, again
    coroutine.wrap(function()
      text = encode(nested_objects(100))
      again = encode(decode(text))
    end)()
    collectgarbage()
    assert.equal(encode(nested_objects(100)), text)
    assert.equal(text, again)
  end)

  it("may have more than a million items", function()
    local list = {}
    for i = 1, 1100000 do list[i] = 1 end
    assert.equal(2200001, #encode(list))
  end)

  it("is no cycle", function()
    local a, b = {}, {}
    a.b, b.a = b, a
    for _, cycle in ipairs{a, b, {a}, {b, a}} do
      local fine, message = pcall(encode, cycle)
      assert.is_false(fine)
      assert.matches("nested too deep", message, 1, true)
    end
  end)

  it("is left as it was", function()
    local value = {a = {1, {b = cmr.array{}}}}
    encode(value)
    assert.same({a = {1, {b = {}}}}, value)
  end)
end)

describe("an encoded number", function()
  it("is as short as it can be, the same on every Lua", function()
    for text, value in pairs{["0"] = 0, ["1"] = 1, ["-1"] = -1, ["3"] = 3.0, ["0.5"] = 0.5, ["0.1"] = 0.1,
      ["15.88"] = 15.88, ["9.95"] = 9.95, ["1099511627776"] = 2 ^ 40,
      ["99999999999999"] = 99999999999999, ["-99999999999999"] = -99999999999999} do
      assert.equal(text, encode(value))
    end
  end)

  it("is exact, however large or small", function()
    for text, value in pairs{["100000000000000"] = 1e14, ["-100000000000000"] = -100000000000000,
      ["123456789012345"] = 123456789012345, ["9007199254740992.0"] = 2 ^ 53,
      ["-9007199254740992.0"] = -2 ^ 53, ["1e+20"] = 1e20, ["1e+21"] = 1e21, ["1e+300"] = 1e300,
      ["-2.5e-300"] = -2.5e-300,
      ["0.1"] = 0.1, ["0.30000000000000004"] = 0.1 + 0.2, ["1.0000000000000002"] = 1 + 2 ^ -52,
      ["0.3333333333333333"] = 1 / 3, ["5e-324"] = 5e-324, ["1.7976931348623157e+308"] = 1.7976931348623157e308} do
      assert.equal(text == "5e-324" and "4.94065645841247e-324" or text, encode(value))
      assert.equal(value, cjson.decode("[" .. encode(value) .. "]")[1])
    end
    if math.type then
      assert.equal("9223372036854775807", encode(math.maxinteger))
      assert.equal("-9223372036854775808", encode(math.mininteger))
      assert.equal("9007199254740993", encode(9007199254740993)) -- a double cannot hold this integer
    end
  end)

  it("reads back as what it was", function()
    for _ = 1, 2000 do
      local value = (math.random() - 0.5) * 10 ^ math.random(-30, 30)
      local text = encode(value)
      assert.equal(value, tonumber(text))
      assert.matches("^-?%d[%d.e+-]*$", text)
    end
  end)

  it("is a number", function()
    refused("bad field 'value' (JSON has no such number)", 0 / 0)
    refused("bad field 'value' (JSON has no such number)", 1 / 0)
    refused("bad field 'value' (JSON has no such number)", -1 / 0)
    refused("bad field 'value.a[1].b' (JSON has no such number)", {a = {{b = 0 / 0}}})
  end)
end)

describe("encoding", function()
  it("keeps texts as they are", function()
    for _, text in ipairs{"", "a", 'a"\\/\b\f\n\r\t', "\195\164\240\159\152\128", "\127", "\1\31", "[]", "null",
      "u0000[]", "\\u0000[]", '"\\u0000[]"', '\\"\\u0000[]\\"', ("x"):rep(2 ^ 20)} do
      assert.equal(text, cjson.decode(encode{text})[1])
      assert.equal(text, decode(encode{[text] = text})[text])
    end
  end)

  it("escapes quotes, backslashes and control characters, and nothing else", function()
    assert.equal([["\u0001\u001f !\"#/[\\]~\u007f]] .. '\128\255"', encode '\1\31 !"#/[\\]~\127\128\255')
    assert.equal([["\b\f\n\r\t"]], encode "\b\f\n\r\t")
  end)

  it("refuses a NUL byte", function()
    refused("bad field 'value' (it holds a NUL byte)", "a\0b")
    refused("bad field 'value' (it holds a NUL byte)", "\0[]")
    refused("bad field 'value.a' (it holds a NUL byte)", {a = "\0[]"})
    refused("bad field 'value' (it has a name with a NUL byte)", {["\0[]"] = 1})
  end)

  it("refuses what JSON cannot represent", function()
    refused("bad field 'value' (a function cannot be sent as JSON)", print)
    refused("bad field 'value[1].a' (a function cannot be sent as JSON)", {{a = print}})
    refused("bad field 'value' (a userdata cannot be sent as JSON)", io.stdout)
    refused("bad field 'value' (a thread cannot be sent as JSON)", coroutine.create(function() end))
    refused("bad field 'value' (a nil cannot be sent as JSON)", nil)
    assert.error_matches(function() encode() end, "bad argument #1")
  end)

  it("writes booleans and null", function()
    assert.equal("true", encode(true))
    assert.equal("false", encode(false))
    assert.equal("null", encode(cmr.null))
    assert.equal("null", encode(cjson.null))
  end)

  it("frees the text that it has of a refused value", function()
    local function resident()
      local file = io.open "/proc/self/status"
      if not file then return end
      local kilobytes = file:read "*a":match "VmRSS:%s*(%d+)"
      file:close()
      return kilobytes / 1024
    end
    local before = resident()
    if not before then return pending "this system has no /proc" end
    local list = {("x"):rep(2 ^ 20), print}
    for index = 1, 600 do
      pcall(encode, list)
      if index % 20 == 0 then collectgarbage() end
    end
    assert.is_true(resident() - before < 400)
  end)

  it("goes on after a refusal", function()
    pcall(encode, {a = print})
    pcall(encode, nested_table(200))
    assert.equal("[1]", encode{1})
  end)
end)

describe("what is decoded", function()
  it("can be encoded again", function()
    for _, text in ipairs{'{"a":[1,2.5,"x",true,{"b":[null,false]}]}', "[[1],[[2]]]", '"\195\164"', "-12", "0.001"} do
      assert.equal(text, encode(decode(text)))
      assert.equal(text, cjson.encode(decode(text)))
    end
  end)
end)

describe("the cjson module that other code uses", function()
  it("keeps its own settings", function()
    assert.equal(cjson.null, cjson.decode('{"a":null}').a)
    assert.is_true(cjson.decode(nested(500, "[", "]"))[1] ~= nil)
    assert.equal("3.14159265", ("%.8f"):format(cjson.decode(cjson.encode(math.pi))))
  end)

  it("changes no setting of the library", function()
    local depth = cjson.decode_max_depth()
    cjson.decode_max_depth(2)
    cjson.encode_number_precision(3)
    local fine, message = pcall(function()
      assert.is_table(decode(nested(50, "[", "]")))
      assert.equal("15.8875", encode(15.8875))
    end)
    cjson.decode_max_depth(depth)
    cjson.encode_number_precision(14)
    assert.is_true(fine, message)
  end)
end)
