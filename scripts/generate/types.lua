--- types/cmr.lua: the library for editors, in LuaCATS annotations. Pure.

local shape = require "scripts.generate.shape"
local words = require "scripts.generate.words"

-- Writes the annotations of one operation: lines, and objects whose class is still to be declared.
local Writer = {}
Writer.__index = Writer

function Writer:add(text, ...)
  self.lines[#self.lines + 1] = select("#", ...) > 0 and text:format(...) or text
end

local scalars = { string = "string", integer = "integer", number = "number", boolean = "boolean" }

-- The annotation of a node's type; an object in it gets this class.
function Writer:type(node, class)
  local param = node.param or {}
  if param.values then return '"' .. table.concat(param.values, '"|"') .. '"' end
  if node.type == "object" then
    self.waiting[#self.waiting + 1] = { class = class, members = node.members }
    return class
  end
  if node.type == "map" then return ("table<string, %s>"):format(self:type(node.value, class)) end
  if node.type == "array" then
    local item = node.item and self:type(node.item, class) or "any"
    local list = (item:find("|", 1, true) and "(" .. item .. ")" or item) .. "[]"
    return param.or_item and item .. "|" .. list or param.everything and list .. "|cmr.All" or list
  end
  return scalars[node.type] or "any"
end

local function told(param)
  return param and (" %s (%s%s)"):format(param.summary, param.source, param.assumed and ", assumed" or "") or ""
end

local function optional(node)
  if node.param then return not (node.param.required or node.param.everything) end
  return node.optional or node.type == "null"
end

-- A class with a field for each member, and the classes of the objects in it.
function Writer:class(name, parent, members, open)
  self:add("---@class %s%s", name, parent and ": " .. parent or "")
  for _, member in ipairs(members) do
    local field, node = member[1], member[2]
    self:add(
      "---@field %s%s %s%s",
      field,
      optional(node) and "?" or "",
      self:type(node, name .. "." .. field),
      told(node.param)
    )
  end
  if open then self:add "---@field [string] any The documents leave names open." end
  self:add ""
  while self.waiting[1] do
    local inner = table.remove(self.waiting, 1)
    self:class(inner.class, nil, inner.members)
  end
end

-- The classes of the arguments.
-- @return the members that may come first, and the class of the table behind them, or nil
function Writer:arguments(row)
  local fields, others = ("cmr.%s.fields"):format(row.name), ("cmr.%s.others"):format(row.name)
  local first, rest = {}, {}
  for _, member in ipairs(shape.of_row(row).members) do
    table.insert(member[2].param.positional and first or rest, member)
  end
  if not rest[1] and not row.rest then others = nil end
  if not first[1] then
    if others then self:class(fields, nil, rest, row.rest) end
    return first, others and fields
  end
  if others then self:class(others, nil, rest, row.rest) end
  self:class(fields, others, first)
  return first, others
end

-- The class of the answer: its own where data is documented.
function Writer:answer(row, example)
  local tree = shape.of_answer(example)
  local data = tree and shape.member(tree, "data")
  if not data or data.type == "null" then return "cmr.Answer" end
  local class = ("cmr.%s.answer"):format(row.name)
  self:class(class, "cmr.Answer", { { "data", data } })
  return class
end

-- What a call may cost, needs and takes for granted.
local function sentences_of(row)
  local sentences = words.of_flags(row)
  local names, kind = words.choice(row)
  if kind then
    sentences[#sentences + 1] = ("Needs %s of %s."):format(
      kind == "any" and "at least one" or "exactly one",
      words.list(names, "and", "`")
    )
  end
  if words.missing(row) then
    sentences[#sentences + 1] = ("Its %s is not documented: a call raises until the option paths supplies it."):format(
      words.missing(row)
    )
  end
  sentences[#sentences + 1] = words.of_assumed(row)
  return sentences
end

local function needs_table(row)
  for _, param in ipairs(row.params) do
    local needed = param.required or param.either or param.everything
    if needed and words.is_field(param) and not param.positional then return true end
  end
  return false
end

-- owner: "cmr." or "Client:"
function Writer:call(owner, row, first, others, answer)
  local names = {}
  if first[1] then
    self:add(
      "---@overload fun(%sfields: cmr.%s.fields): %s?, string?, cmr.Error?",
      owner == "Client:" and "self: cmr.Client, " or "",
      row.name,
      answer
    )
  end
  for _, member in ipairs(first) do
    names[#names + 1] = member[1]
    self:add("---@param %s %s%s", member[1], self:type(member[2]), told(member[2].param))
  end
  if others then
    names[#names + 1] = "fields"
    self:add("---@param fields%s %s", needs_table(row) and "" or "?", others)
  end
  self:add("---@return %s? answer\n---@return string? message\n---@return cmr.Error? err", answer)
  self:add("function %s%s(%s) end\n", owner, row.name, table.concat(names, ", "))
end

local function operation(row, example)
  local writer = setmetatable({ lines = {}, waiting = {} }, Writer)
  writer:add("-- %s (%s)\n", row.title, row.source)
  local first, others = writer:arguments(row)
  local answer = writer:answer(row, example)
  writer:add("---%s\n---\n---`%s %s`", row.summary, row.method or "METHOD", row.path or "/...")
  for _, sentence in ipairs(sentences_of(row)) do
    writer:add("---\n---%s", sentence)
  end
  writer:call("cmr.", row, first, others, answer)
  writer:add("---As cmr.%s.", row.name)
  writer:call("Client:", row, first, others, answer)
  return table.concat(writer.lines, "\n")
end

--- The file.
-- @param rows      the operations table
-- @param examples  cmr.samples
-- @param head      what is not derived
-- @return its text
return function(rows, examples, head)
  local parts = { head }
  for index, row in ipairs(rows) do
    parts[index + 1] = operation(row, examples[row.name])
  end
  return table.concat(parts, "\n")
end
