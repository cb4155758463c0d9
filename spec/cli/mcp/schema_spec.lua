-- The schemas of the arguments that an assistant may give, from the operations table.
local operations = require "cmr.operations"
local schema = require "cmr.cli.mcp.schema"

describe("the schema of an operation's arguments", function()
  it("has each documented argument that is no file, and those that are required", function()
    for _, operation in ipairs(operations) do
      local made, names, required = schema.of_operation(operation, false), {}, {}
      local has_files = {}
      for _, param in ipairs(operation.params) do
        if param.type == "file" then has_files[param.name:match "^[^.%[]+"] = true end
      end
      for _, param in ipairs(operation.params) do
        if not param.name:find "[.%[]" and not has_files[param.name] then
          names[param.name] = true
          if param.required or param.all_required then required[#required + 1] = param.name end
        end
      end
      local properties = {}
      for name in pairs(made.properties) do properties[name] = true end
      assert.same(names, properties, operation.name)
      table.sort(required)
      local listed = {}
      for _, name in ipairs(made.required or {}) do listed[#listed + 1] = name end
      table.sort(listed)
      assert.same(required, listed, operation.name)
      assert.equal(operation.open_location ~= nil, made.additionalProperties, operation.name)
    end
  end)

  it("has the type of each documented argument", function()
    for _, operation in ipairs(operations) do
      local properties = schema.of_operation(operation, false).properties
      for _, param in ipairs(operation.params) do
        local made = properties[param.name]
        local expected = param.type == "map" and "object" or param.type ~= "any" and param.type or nil
        if made and not made.anyOf then assert.equal(expected, made.type, operation.name .. " " .. param.name) end
        local list = properties[param.name:match "^(%w+)%[%]$"]
        if list then
          local items = (list.anyOf and list.anyOf[1] or list).items
          assert.equal(param.type ~= "any" and param.type or nil, items.type, operation.name .. " " .. param.name)
        end
      end
    end
  end)

  it("describes each value down to its last member", function()
    local function param(name, kind, more)
      local made = {name = name, type = kind, summary = "About " .. name .. ".", flags = {}}
      for field, value in pairs(more or {}) do made[field] = value end
      return made
    end
    local made = schema.of_operation({name = "x", params = {
      param("count", "integer"), param("page", "integer", {maximum = 9}), param("share", "number", {required = true}),
      param("colour", "string", {values = {"RED", "BLUE"}}), param("anything", "any"),
      param("list", "array"), param("texts", "array"), param("texts[]", "string"),
      param("map", "map"), param("numbers", "map"), param("numbers.*", "integer"),
      param("open", "object"), param("one", "object"), param("one.member", "string", {required = true}),
      param("two", "object"), param("two.a", "string"), param("two.b", "boolean", {required = true}),
      param("files", "map"), param("files.*", "file"), param("picture", "file"),
      param("domains", "array", {all_required = true}), param("domains[]", "string"),
    }}, false)
    local described = {}
    local function strip(node, path)
      if node.description then
        described[#described + 1] = path .. ": " .. node.description
        node.description = nil
      end
      for name, member in pairs(node) do
        if type(member) == "table" then strip(member, path .. "/" .. name) end
      end
    end
    strip(made, "")
    local function plain(value) -- without the metatables of lists
      if type(value) ~= "table" then return value end
      local copy = {}
      for name, member in pairs(value) do copy[name] = plain(member) end
      return copy
    end
    assert.same({
      type = "object", additionalProperties = false, required = {"share", "domains"},
      properties = {
        count = {type = "integer", minimum = 1},
        page = {type = "integer", minimum = 1, maximum = 9},
        share = {type = "number"},
        colour = {type = "string", enum = {"RED", "BLUE"}},
        anything = {},
        list = {type = "array", items = {}},
        texts = {type = "array", items = {type = "string"}},
        map = {type = "object", additionalProperties = true},
        numbers = {type = "object", additionalProperties = {type = "integer", minimum = 1}},
        open = {type = "object"},
        one = {type = "object", additionalProperties = false, required = {"member"},
          properties = {member = {type = "string"}}},
        two = {type = "object", additionalProperties = false, required = {"b"},
          properties = {a = {type = "string"}, b = {type = "boolean"}}},
        domains = {anyOf = {{type = "array", items = {type = "string"}}, {const = "all"}}},
      },
    }, plain(made))
    assert.equal(19, #described)
    for _, text in ipairs(described) do assert.matches("^/properties/[%w/]+: %S", text) end
  end)

  it("has repeatOf only where a request can be repeated on purpose", function()
    assert.is_nil(schema.of_operation(operations.create_order, false).properties.repeatOf)
    local repeat_of = schema.of_operation(operations.create_order, true).properties.repeatOf
    assert.same({"integer", "string"}, {repeat_of.type, type(repeat_of.description)})
  end)

  it("comes with a sentence where one of several arguments is needed", function()
    local sentences = {}
    for _, operation in ipairs(operations) do
      local kinds = {}
      for _, param in ipairs(operation.params) do
        if param.either then kinds[#kinds + 1] = param end
      end
      local sentence = schema.choice(operation)
      assert.equal(#kinds > 0, sentence ~= nil, operation.name)
      if sentence then
        local words = kinds[1].either == "one" and "exactly one" or "at least one"
        assert.equal(("Needs %s of the arguments %s or %s."):format(words, kinds[1].name, kinds[2].name), sentence)
        sentences[words] = true
      end
    end
    assert.same({["exactly one"] = true, ["at least one"] = true}, sentences)
  end)
end)
