---Reads the library's public interface from the LuaCATS comments in its source. Pure, except for read().
---
---The module (class cmr) is public. A class or alias is public if an annotation of something public names it. A class
---belongs to the local variable below its comment. The functions and members of this variable are the members of the
---class. Some functions of the module call a method of the client; their annotations are on that method.

local annotations = {}

local ROOT, CLIENT = "cmr", "cmr.Client"

---Splits an annotation into its type and the text after it. The type may contain spaces, as in "fun(a: b): c, d? The
---text."
---@param text string
---@return string type
---@return string rest The text after the type.
local function take_type(text)
  local depth, at, quote = 0, 1, nil
  while at <= #text do
    local char = text:sub(at, at)
    if quote then
      if char == quote then quote = nil end
    elseif char == '"' or char == "'" then
      quote = char
    elseif char:find "[%(%[{<]" then
      depth = depth + 1
    elseif char:find "[%)%]}>]" then
      depth = depth - 1
    elseif char == " " and depth == 0 then
      local goes_on = text:find("^[:,|]", at - 1) or text:find("^ *|", at)
      if not goes_on then break end
    end
    at = at + 1
  end
  return text:sub(1, at - 1), (text:sub(at):gsub("^%s+", ""))
end

---Parses a name with its type, such as "options? cmr.Options Text." or "options cmr.Options? Text."
local function member(text)
  local name, optional, rest = text:match "^(%[?[^%s%?]+)(%??)%s+(.*)$"
  if not name then error("an annotation without a type: " .. text, 0) end
  local type, description = take_type(rest)
  if type:sub(-1) == "?" and not type:find "^fun%(" then
    type, optional = type:sub(1, -2), "?"
  end
  return { name = name, optional = optional == "?", type = type, text = description }
end

local function result(text)
  local type, rest = take_type(text)
  local name, description = rest:match "^([%a_][%w_]*)%s*(.*)$"
  return { type = type, name = name, text = description or rest }
end

---Reads the tags of a comment.
---@param lines string[] The lines, each with its three dashes.
---@return table entry lines, text, params, fields, values, returns; class and parent, or alias
local function read_comment(lines)
  local entry = { lines = lines, params = {}, fields = {}, values = {}, returns = {} }
  local prose, above = {}, {} -- above: the description of the next field
  for _, line in ipairs(lines) do
    local tag, rest = line:match "^%-%-%-@(%a+)%s*(.*)$"
    local value = line:match "^%-%-%-|%s*(.*)$"
    if tag == "class" then
      entry.class, entry.parent = rest:match "^([%w_.]+):?%s*([%w_.]*)"
    elseif tag == "alias" then
      entry.alias = rest:match "^[%w_.]+"
    elseif tag == "param" then
      table.insert(entry.params, member(rest))
    elseif tag == "field" then
      local field = member(rest)
      if field.text == "" then field.text = table.concat(above, " ") end
      table.insert(entry.fields, field)
      above = {}
    elseif tag == "return" then
      table.insert(entry.returns, result(rest))
    elseif tag == "type" then
      entry.type, entry.type_text = take_type(rest)
    elseif value then
      local name, description = value:match "^(%S+)%s*#?%s*(.*)$"
      table.insert(entry.values, { name = name:gsub('"', ""), text = description })
    elseif not tag then
      local text = line:sub(4):gsub("^ (%S)", "%1")
      if entry.class then
        if text ~= "" then table.insert(above, text) end
      else
        table.insert(prose, text)
      end
    end
  end
  entry.text = table.concat(prose, "\n"):gsub("%s+$", "")
  return entry
end

local function is_function(entry)
  return entry.params[1] ~= nil or entry.returns[1] ~= nil
end

---Reads the comments in a file that describe classes, aliases and the members of classes.
---@param text string
---@param list table[] A list that gets the entries.
function annotations.parse(text, list)
  -- classes: local variable -> class; constructor: the local variable whose { ... } the loop reads now
  local classes, constructor, comment = {}, nil, {}
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    local mark = line:match "^%s*(%-%-%-.*)$"
    if mark and not mark:find "^%-%-%-%-" then
      comment[#comment + 1] = mark
    else
      local entry = comment[1] and read_comment(comment)
      comment = {}
      local owner, mark_, name, arguments = line:match "^function ([%w_]+)([.:])([%w_]+)(%b())"
      if not owner then
        owner, name = line:match "^([%w_]+)%.([%w_]+) = "
      end
      if not owner and constructor then
        owner, name = constructor, line:match "^  ([%w_]+) = "
      end
      local local_name = line:match "^local ([%w_]+) = "
      if entry and (entry.class or entry.alias) then
        list[#list + 1] = entry
        entry.name = entry.class or entry.alias
        if entry.class and local_name then
          entry.local_name, classes[local_name] = local_name, entry.class
        end
      elseif entry and name and classes[owner] and name:sub(1, 1) ~= "_" then
        list[#list + 1] = entry
        entry.owner, entry.name, entry.method = classes[owner], name, mark_ == ":"
        entry.arguments = arguments and arguments:sub(2, -2)
        entry.is_function = arguments ~= nil or is_function(entry)
      end
      if local_name then constructor = line:find "{$" and classes[local_name] and local_name or nil end
      if line == "}" then constructor = nil end
    end
  end
end

local function names_in(lines, found)
  for _, line in ipairs(lines) do
    if line:find "^%-%-%-[@|]" then
      for name in line:gmatch "cmr%.%u[%w_]*" do
        found[#found + 1] = name
      end
    end
  end
end

-- Copies descriptions from the client's methods to functions of the module. Some functions of the module just call the
-- default client's method of the same name, and the source describes only the method.
local function add_forwarded(by_owner, module)
  local described = {}
  for _, entry in ipairs(by_owner[ROOT] or {}) do
    described[entry.name] = true
  end
  for _, entry in ipairs(by_owner[CLIENT] or {}) do
    if entry.method and module[entry.name] and not described[entry.name] then
      local copy = {}
      for key, value in pairs(entry) do
        copy[key] = value
      end
      copy.owner, copy.method, copy.forwarded = ROOT, false, true
      by_owner[ROOT] = by_owner[ROOT] or {}
      table.insert(by_owner[ROOT], copy)
    end
  end
end

local function check_arguments(entry)
  local names = {}
  for index, param in ipairs(entry.params) do
    names[index] = param.name
  end
  local described = table.concat(names, ", ")
  if entry.arguments and entry.arguments ~= described then
    error(("%s.%s(%s) is described with (%s)"):format(entry.owner, entry.name, entry.arguments, described), 0)
  end
  entry.arguments = described
end

---Selects the public entries.
---@param list table[] The entries from parse().
---@param module table The loaded module cmr. It shows which methods of the client are also functions of the module.
---@return table[] public classes with their functions and members, and aliases, in the source's order
function annotations.public(list, module)
  local by_name, by_owner = {}, {}
  for _, entry in ipairs(list) do
    if entry.owner then
      by_owner[entry.owner] = by_owner[entry.owner] or {}
      table.insert(by_owner[entry.owner], entry)
    else
      if by_name[entry.name] then error(entry.name .. " is declared twice", 0) end
      by_name[entry.name] = entry
    end
  end
  add_forwarded(by_owner, module)
  local waiting, reached = { ROOT }, {}
  while waiting[1] do
    local name = table.remove(waiting)
    local entry = by_name[name]
    if entry and not reached[name] then
      reached[name] = true
      entry.functions, entry.members = {}, {}
      names_in(entry.lines, waiting)
      local has_methods = false
      for _, part in ipairs(by_owner[name] or {}) do
        has_methods = has_methods or part.method
      end
      for _, part in ipairs(by_owner[name] or {}) do
        -- in a class with methods, a function with a dot in its name makes an object; only the library calls it
        if part.is_function and (part.method or not has_methods) then
          check_arguments(part)
          table.insert(entry.functions, part)
          names_in(part.lines, waiting)
        elseif part.type then
          table.insert(entry.members, part)
          names_in(part.lines, waiting)
        end
      end
    end
  end
  local public = {}
  for _, entry in ipairs(list) do
    if not entry.owner and reached[entry.name] then public[#public + 1] = entry end
  end
  return public
end

---Reads the comments in the library's source.
---@param folder string "lua/cmr"
---@param module table see public()
---@param types table<string, string> The name of a type in the source -> its name in the documents.
---@return table[] public
---@return table[] entries All entries, including those that are not public.
function annotations.read(folder, module, types)
  local list = {}
  local find = "find %s -name '*.lua' -not -path '*/cli/*' -not -path '*/mock/*' | LC_ALL=C sort"
  local files = io.popen(find:format(folder))
  for path in files:lines() do
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a"):gsub("cmr%.%u%w*", types)
    file:close()
    local ok, message = pcall(annotations.parse, text, list)
    if not ok then error(path .. ": " .. message, 0) end
  end
  files:close()
  return annotations.public(list, module), list
end

---Returns the class or alias with this name from the result of read().
---@param list table[]
---@param name string "cmr.Options"
---@return table entry
function annotations.find(list, name)
  for _, entry in ipairs(list) do
    if entry.name == name and not entry.owner then return entry end
  end
  error("the source has no " .. name, 0)
end

local function add_function(lines, class, entry)
  for _, line in ipairs(entry.lines) do
    lines[#lines + 1] = line
  end
  local mark = entry.method and ":" or "."
  lines[#lines + 1] = ("function %s%s%s(%s) end\n"):format(class.local_name, mark, entry.name, entry.arguments)
end

---Returns the declarations as Lua text for editors.
---@param public table[] The result of read().
---@return string text
function annotations.declarations(public)
  local lines = {}
  for _, entry in ipairs(public) do
    for _, line in ipairs(entry.lines) do
      lines[#lines + 1] = line
    end
    for _, part in ipairs(entry.members) do
      local description = part.text:gsub("\n", " ")
      lines[#lines + 1] = ("---@field %s %s %s"):format(part.name, part.type, description .. part.type_text)
    end
    if entry.class and entry.local_name and (entry.functions[1] or entry.name == ROOT) then
      lines[#lines + 1] = ("local %s = {}\n"):format(entry.local_name)
      for _, part in ipairs(entry.functions) do
        add_function(lines, entry, part)
      end
    else
      lines[#lines + 1] = ""
    end
  end
  return table.concat(lines, "\n")
end

return annotations
