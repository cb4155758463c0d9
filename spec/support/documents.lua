---Reads what cmr's own texts say about each operation: the help, the reference, the types, the OpenAPI document and
---the assistant's tools.

local cmr = require "cmr"
local core = require "cmr.core"
local operations = require "cmr.operations"
local parser = require "cmr.cli.parser"

local documents = {}

---Returns the contents of a file.
function documents.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

---Returns a text as one line, without the comment marks of LuaCATS.
function documents.flat(text)
  return (text:gsub("\n%-%-%-", "\n"):gsub("%s+", " "))
end

local flat, read = documents.flat, documents.read

documents.reference, documents.types = read "docs/reference.md", read "types/cmr.lua"
documents.openapi = core.json_decode(read "docs/maintainers/openapi.json")

---The operations of the OpenAPI document, by name.
documents.methods = {}
for _, item in pairs(documents.openapi.paths) do
  for _, method in pairs(item) do
    if type(method) == "table" and method.operationId then documents.methods[method.operationId] = method end
  end
end
for _, method in ipairs(documents.openapi["x-undocumented"]) do documents.methods[method.operationId] = method end

-- Collects the texts of a value in the OpenAPI document.
local function collect(value, texts)
  if type(value) ~= "table" then return texts end
  for name, member in pairs(value) do
    if type(member) == "string" and (name == "description" or name == "x-assumed") then texts[#texts + 1] = member end
    collect(member, texts)
  end
  return texts
end

---For each document, a function that returns its text about an operation, as one line.
documents.places = {}

-- Replaces the command's names of operations (create-order) in a text by the names in Lua (create_order).
local function with_names(text)
  return (text:gsub("%f[%w%-]%w[%w%-]*", function(word)
    local name = word:gsub("-", "_")
    return operations[name] and name
  end))
end

---Returns the output of `cmr OPERATION --help`. Operations have their Lua names there, such as create_order.
function documents.places.help(row)
  local line = {(row.name:gsub("_", "-")), "--help"}
  local _, ending = pcall(function() parser.new(operations, line):parse(line) end)
  return with_names(flat(ending.help))
end

---Returns the operation's section.
function documents.places.reference(row)
  local text = documents.reference
  local from = assert(text:find("\n### cmr." .. row.name .. "\n", 1, true), row.name)
  return flat(text:sub(from, (text:find("\n##", from + 1, true) or 0) - 1))
end

---Returns the classes and the annotations of the operation's function.
function documents.places.types(row)
  local text, from = documents.types, 1
  local to = assert(text:find("\nfunction cmr." .. row.name .. "(", 1, true), row.name)
  for _, other in ipairs(operations) do
    local ending = text:find("\nfunction Client:" .. other.name .. "(", 1, true)
    if ending < to and ending > from then from = ending end
  end
  return flat(text:sub(from, to))
end

documents.places["the OpenAPI document"] = function(row)
  return flat(table.concat(collect(assert(documents.methods[row.name], row.name), {}), "\n"))
end

-- Returns the assistant's tools for all operations, by name. An operation whose endpoint is undocumented gets an
-- invented one.
local function assistants_tools()
  local endpoints, made = {}, {}
  for _, row in ipairs(operations) do
    if not row.path or not row.method then endpoints[row.name] = "POST /supplied/" .. row.name end
  end
  local server = {client = cmr.new{api_key = "any-key", endpoints = endpoints}, allowed = {}}
  for _, class in ipairs(require("cmr.cli.mcp.access").CLASSES) do server.allowed[class] = true end
  for _, tool in ipairs(require("cmr.cli.mcp.tools").list(server)) do made[tool.name] = tool end
  server.client:close()
  return made
end

local tools = assistants_tools()

---Returns the text of the assistant's tool for the operation. A tool takes no files, so its text does not describe the
---operation's fields for files. This function adds the descriptions of these fields.
documents.places["the assistant's tool"] = function(row)
  local tool = assert(tools[row.name], row.name)
  local texts = {tool.description}
  collect(tool.inputSchema, texts)
  for _, param in ipairs(row.params) do
    if param.name:find "^files" then texts[#texts + 1] = param.summary end
  end
  return flat(table.concat(texts, "\n"))
end

return documents
