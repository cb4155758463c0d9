-- Shapes: names and types, without values.
local cmr = require "cmr"
local shape = require "cmr.probe.shape"

local function paths(value, words)
  local list = {}
  for path, kinds in pairs(shape.fields(value, words or {})) do list[path] = shape.types(kinds) end
  return list
end

describe("the shape of a value", function()
  it("is its fields and their types", function()
    assert.same({
      [""] = "object", data = "object", ["data.users"] = "list", ["data.users[]"] = "null or object",
      ["data.users[].id"] = "number or string", ["data.users[].tags"] = "empty", ["data.users[].isAdmin"] = "boolean",
    }, paths{data = {users = {{id = "x", tags = {}}, {id = 5, isAdmin = true}, cmr.null}}})
    assert.same({[""] = "empty"}, paths{})
    assert.same({[""] = "string"}, paths "x")
  end)

  it("shows no name that may be a value", function()
    for _, name in ipairs{"x@y.example", "y.example", "Jane", "Jane Roe", "jane roe", "39XX", "usr_12", "ACT_1",
      "BVZGM5TE9BMP3PP0VWGW943RGV1B", "ABCDEFGHIJKLM", "4915112", "", "-", "été", ("a"):rep(41)} do
      assert.same({[""] = "object", ["*"] = "boolean"}, paths{[name] = true}, name)
      assert.same({[""] = "object", ["*"] = "boolean"}, paths{[name] = true, other = true}, name)
    end
    for _, name in ipairs{"createdOn", "created_on", "line2", "_id", "REACH_INBOX", "ABCDEFGHIJKL",
      "microsoft365", ("a"):rep(40)} do
      assert.same({[""] = "object", [name] = "boolean"}, paths({[name] = true}, {}))
    end
  end)

  it("treats the names of similar things as a map's names", function()
    assert.same({[""] = "object", ["*"] = "object", ["*.age"] = "number"}, paths{jane = {age = 1}, joe = {age = 2}})
    assert.same({[""] = "object", ["*"] = "list", ["*[]"] = "object", ["*[].age"] = "number"},
      paths{jane = {{age = 1}}, joe = {{age = 2}}})
    assert.is_truthy(paths{jane = {age = 1}, joe = {height = 2}}.jane)
    assert.is_truthy(paths{billing = {}, shipping = {}}.billing)
    assert.is_truthy(paths{google = {clientId = "x"}, credentials = {clientId = "y"}}.google) -- documented names
  end)

  it("shows no name that is also in a value", function()
    local value = {email = "jane.roe@y.example", who = "JOE", note = "see that.", jane = 1, roe = 1, y = 1, joe = 1,
      see = 1}
    local words = shape.words(value, {})
    assert.same({[""] = "object", ["*"] = "number", email = "string", who = "string", note = "string", see = "number"},
      paths(value, words))
    assert.equal("*", shape.name(value, "joe", words))
    -- A documented name is shown even if it is also in a value. The documentation has such names in answers, parts of
    -- answers, parameters and its text.
    for _, name in ipairs{"totalSearchedCount", "nextPage", "disabledRecords", "scenario", "clientId", "domainCount",
      "SMARTLEAD"} do
      assert.equal(name, shape.name({[name] = 1}, name, {[name:lower()] = true}))
    end
    assert.equal("email", shape.name({email = "email"}, "email", shape.words({email = "email"}, {})))
  end)
end)

describe("fields compared with documented ones", function()
  local function compare(documented, actual)
    return {shape.compare(shape.fields(documented, {}), shape.fields(actual, {}))}
  end

  it("are the same, missing, of another type, or unknown", function()
    local documented = {id = "x", size = 1, items = {{on = true, at = "t"}}}
    assert.same({{}, {}, {}}, compare(documented, {id = "y", size = 2, items = {{on = false, at = ""}}}))
    assert.same({{"items[].at", "size"}, {"id is number, not string", "items[].on is string, not boolean"},
      {"extra", "items[].more[].deep"}},
      compare(documented, {id = 5, items = {{on = "yes", more = {{deep = 1}}}}, extra = {}}))
  end)

  it("are not missing in a value that is empty or missing itself", function()
    assert.same({{}, {}, {}}, compare({items = {{id = "x"}}}, {items = {}}))
    assert.same({{"items"}, {}, {}}, compare({items = {{id = "x"}}, a = 1}, {a = 1}))
    assert.same({{}, {"items is object, not list"}, {"items.id"}},
      compare({items = {{id = "x"}}}, {items = {id = "x"}}))
    assert.same({{}, {}, {}}, compare({items = {}}, {items = {}}))
    assert.same({{}, {}, {"items[]"}}, compare({items = {}}, {items = {"x"}}))
    assert.same({{}, {}, {"items.id"}}, compare({items = {}}, {items = {id = "x"}}))
    assert.same({{}, {"items is string, not empty"}, {}}, compare({items = {}}, {items = "x"}))
  end)

  it("may be missing in some items, but not in all", function()
    assert.same({{}, {}, {}}, compare({{a = 1, b = 1}}, {{a = 1}, {b = 1}}))
    assert.same({{"[].b"}, {}, {}}, compare({{a = 1, b = 1}}, {{a = 1}, {a = 1}}))
  end)

  it("may have any of the documented types, and no other", function()
    assert.same({{}, {}, {}}, compare({{a = "x"}, {a = 1}}, {{a = "x"}}))
    assert.same({{}, {"[].a is number or string, not string"}, {}}, compare({{a = "x"}}, {{a = "x"}, {a = 1}}))
    assert.same({{}, {}, {"[].a", "[].a.b"}}, compare({{}}, {{a = 1}, {a = {b = 1}}}))
  end)
end)
