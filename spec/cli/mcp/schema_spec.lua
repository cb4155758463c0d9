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
