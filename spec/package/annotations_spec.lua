-- The reader of the source's annotations. The types and the library's page are made from them.
local annotations = require "scripts.generate.annotations"

local function public(text, module)
  local list = {}
  annotations.parse(text, list)
  return annotations.public(list, module or {}), list
end

local function names_of(list)
  local names = {}
  for index, entry in ipairs(list) do names[index] = entry.name end
  return names
end

local MODULE = [[
---The module.
---@class cmr
---@field version string
local cmr = {}
]]

describe("the reader of annotations", function()
  it("takes the module and the types that it names, and leaves out the rest", function()
    local list = public(MODULE .. [[
---@class cmr.Options
---@field kind? cmr.Kind The kind. Default: a.

---@alias cmr.Kind
---| "a" # first
---| "b"

---@class cmr.Internal
---@field secret string

---Makes one.
---@param opts? cmr.Options
function cmr.new(opts)
end
]])
    assert.same({"cmr", "cmr.Options", "cmr.Kind"}, names_of(list))
    assert.same({{name = "a", text = "first"}, {name = "b", text = ""}}, list[3].values)
    assert.same({{name = "kind", optional = true, type = "cmr.Kind", text = "The kind. Default: a."}}, list[2].fields)
    local text = annotations.declarations(list)
    assert.matches("\n---Makes one.\n---@param opts? cmr.Options\nfunction cmr.new(opts) end\n", text, 1, true)
    assert.not_matches("secret", text)
  end)

  it("finds the end of a type", function()
    local list = public [[
---@class cmr
---@field a fun(self: cmr.A, b: table<string, integer>): number?, string? Two results.
---@field b "x y"|false|fun() Any of these.
---@field c? string[]
---@field d (string|integer)[] A list.
---@field e? number? Optional once.
local cmr = {}
]]
    local types = {}
    for _, field in ipairs(list[1].fields) do types[#types + 1] = field.type .. " / " .. field.text end
    assert.same({"fun(self: cmr.A, b: table<string, integer>): number?, string? / Two results.",
      '"x y"|false|fun() / Any of these.', "string[] / ", "(string|integer)[] / A list.", "number / Optional once."},
      types)
  end)

  it("takes the lines above a field as its description", function()
    local list = public [[
---About the class.
---@class cmr
---The first line
---and the second. Default: 1.
---@field a? integer
---@field b string Beside it.
local cmr = {}
]]
    assert.equal("About the class.", list[1].text)
    assert.equal("The first line and the second. Default: 1.", list[1].fields[1].text)
    assert.equal("Beside it.", list[1].fields[2].text)
  end)

  it("describes the module's functions with the texts of the client's methods", function()
    local list = public(MODULE .. [[
---@return cmr.Client client
function cmr.new() end

---@class cmr.Client
local Client = {}

---Makes one: internal.
function Client.build()
end

---Lists.
---@param what string
---@return fun() iterator
function Client:each(what)
end

---Closes.
function Client:close()
end

function Client:__tostring()
end
]], {each = function() end, new = function() end})
    local text = annotations.declarations(list)
    for _, line in ipairs{"function cmr.new() end", "function cmr.each(what) end", "function Client:each(what) end",
      "function Client:close() end"} do
      assert.matches("\n" .. line .. "\n", text, 1, true)
    end
    assert.not_matches("cmr.close", text, 1, true)
    assert.not_matches("build", text)
    assert.not_matches("__tostring", text)
  end)

  it("reads functions that are assigned, and members", function()
    local list = public [[
---@class cmr
local cmr = {
  ---JSON's null.
  ---@type any
  null = core.null,
}

---Marks a table.
---@param list table
---@return table list
cmr.array = core.array
]]
    local text = annotations.declarations(list)
    assert.matches("---@field null any JSON's null.\nlocal cmr = {}\n", text, 1, true)
    assert.matches("\nfunction cmr.array(list) end\n", text, 1, true)
  end)

  it("refuses a description of other parameters, a class declared twice, and a tag without a type", function()
    local function refused(pattern, text)
      local ok, message = pcall(public, text)
      assert.is_false(ok)
      assert.matches(pattern, message, 1, true)
    end
    refused("cmr.new(opts) is described with (options)",
      MODULE .. "---@param options table\nfunction cmr.new(opts)\nend\n")
    refused("cmr is declared twice", MODULE .. MODULE)
    refused("an annotation without a type", "---@class cmr\n---@field name\n")
  end)
end)
