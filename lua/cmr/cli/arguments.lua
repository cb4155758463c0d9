---Names and values of an operation on the command line: its options, and the argument table they make.
---Pure: the function passed as `read` reads the files.

local io = require "cmr.cli.io"
local tables = require "cmr.util.tables"

local arguments = {
  INEXACT = "has a number so large that it would lose digits: write it as a string",
}

local function kebab(name)
  return (name:gsub("([%l%d])(%u)", "%1-%2"):lower())
end

---The command of an operation: "add_platform" -> "add-platform".
---@param name string
---@return string
function arguments.command(name)
  return (name:gsub("_", "-"))
end

---The option of a parameter: "mailboxId" -> "--mailbox-id", "google.clientId" -> "--google-client-id". A member that
---begins with its parent's name has it once: "google.googleOauthRoute" -> "--google-oauth-route".
---@param name string
---@return string? option nil inside arrays and maps ("domains[].domain", "mailboxes.*"), which only JSON can give
function arguments.option(name)
  if name:find "[%[*]" then return nil end
  local option
  for part in name:gmatch "[^.]+" do
    local word = kebab(part)
    if not option or word:sub(1, #option + 1) == option .. "-" then
      option = word
    else
      option = option .. "-" .. word
    end
  end
  return "--" .. option
end

---The placeholder of a parameter: "userId" -> "USER_ID".
---@param name string
---@return string
function arguments.placeholder(name)
  return (kebab(name:match "[^.]+$"):upper():gsub("-", "_"))
end

---Whether a parameter's value should stay out of the process list.
---@param name string
---@return boolean
function arguments.secret(name)
  local last = name:match "[^.]+$"
  return require("cmr.util.redact").is_secret_name(last) and not last:find "Id$" -- a credentialId is none
end

local function json_parser(opening, expected)
  return function(text)
    if not text:find("^%s*" .. opening) then return nil, "wants " .. expected end
    local value, message = require("cmr.core").json_decode(text)
    if value == nil then return nil, ("wants %s (%s)"):format(expected, message) end
    if tables.has_inexact_number(value) then return nil, arguments.INEXACT end
    return value
  end
end

-- By the parameter's type: function(text) -> value, or nil and what is wrong with the text.
local parsers = {
  string = function(text)
    return text
  end,
  integer = function(text)
    local value = text:find "^[-+]?%d+$" and tonumber(text)
    if value and value > -2 ^ 53 and value < 2 ^ 53 then return value end
    return nil, "wants a whole number"
  end,
  number = function(text)
    local value = text:find "^[-+]?[%d.]+[eE]?[-+]?%d*$" and tonumber(text)
    if value and value - value == 0 then return value end
    return nil, "wants a number"
  end,
  boolean = function(text)
    if text == "true" then return true end
    if text == "false" then return false end
    return nil, "wants true or false; alone, it means true and needs another option or -- before an argument"
  end,
  object = json_parser("{", "a JSON object"),
  map = json_parser("{", "a JSON object"),
  array = json_parser("%[", "a JSON array"),
  any = json_parser("", "JSON"),
}

-- @FILE is the file without its last newline, @@x is @x.
local function expand(label, text, read)
  if text:sub(1, 2) == "@@" then return text:sub(2) end
  if text:sub(1, 1) ~= "@" then return text end
  local contents, message = read(text:sub(2))
  if contents then return (contents:gsub("\r?\n$", "")) end
  -- not with the path: it may be a password that begins with @
  io.usage("%s names no file that can be read (%s); a value that begins with @ is written with @@", label, message)
end

local function contains(values, value)
  for _, allowed in ipairs(values) do
    if value == allowed then return true end
  end
  return false
end

---The value that a text means for a parameter.
---@param param table of a row of cmr.operations
---@param text string
---@return any value
---@return string? message nil, message: what is wrong with it, "wants a number"
function arguments.value(param, text)
  if param.all_required and text == "all" then return require("cmr.core").all end
  local kind = param.accepts_item and text:find "^%s*{" and "object" or param.type
  local value, message = parsers[kind](text)
  if value == nil then return nil, message end
  if param.values and not contains(param.values, value) then
    return nil, "must be one of " .. table.concat(param.values, ", ")
  end
  return value
end

---The value that an option's text means for a parameter; @FILE is read. Raises a mistake.
---@param param table of a row of cmr.operations
---@param label string of the option, for the message
---@param text string
---@param read fun(path: string): string?, string?
---@return any value
function arguments.convert(param, label, text, read)
  if not param.positional then text = expand(label, text, read) end
  local value, message = arguments.value(param, text)
  if value == nil then io.usage("%s %s", label, message) end
  return value
end

---Puts a value under a dotted name.
---@param args table
---@param name string "google.clientId"
---@param value any
---@param only_absent boolean? true: an existing value stays
---@return string? problem
function arguments.put(args, name, value, only_absent)
  local object, last = args, name:match "[^.]+$"
  for parent in name:gmatch "([^.]+)%." do
    if object[parent] == nil then object[parent] = {} end
    object = object[parent]
    if type(object) ~= "table" then return ("'%s' is given as something else than an object"):format(parent) end
  end
  if object[last] == nil or not only_absent then object[last] = value end
end

---The object or array that an option gives as JSON. Raises a mistake.
---@param option string "--json"
---@param text string? JSON, @FILE, or - for standard input; nil: the option is absent
---@param read fun(path: string): string?, string?
---@param only_object boolean? true: an array is refused
---@return table? value nil when the option is absent
function arguments.json(option, text, read, only_object)
  if not text then return nil end
  local contents, message = text, nil
  if text == "-" then
    contents, message = read "-"
  elseif text:sub(1, 1) == "@" then
    contents, message = read(text:sub(2))
  end
  if not contents then io.usage("option '%s': cannot read %s (%s)", option, text, message) end
  local kind = not only_object and contents:find "^%s*%[" and "array" or "object"
  local value, problem = parsers[kind](contents)
  if not value then io.usage("option '%s' %s", option, problem) end
  return value
end

local function label_of(param)
  if param.positional then return "argument " .. arguments.placeholder(param.name) end
  return ("option '%s'"):format(arguments.option(param.name))
end

local function missing(operation, param)
  if param.positional then return "missing argument " .. arguments.placeholder(param.name) end
  local option = arguments.option(param.name)
  if param.all_required then return ("missing option '%s': a list, or the word all"):format(option) end
  local members = {}
  for _, other in ipairs(operation.params) do
    if other.name:sub(1, #param.name + 1) == param.name .. "." then
      members[#members + 1] = arguments.option(other.name)
    end
  end
  if #members == 0 then return ("missing option '%s'"):format(option) end
  return ("missing option '%s', or its members: %s"):format(option, table.concat(members, ", "))
end

---Builds the argument table of an operation. Options override the members of --json. Raises a mistake for a value of
---another type, an unreadable file and a missing required parameter.
---@param operation table a row of cmr.operations
---@param texts table<string, string|string[]> parameter name -> text as typed, {} or {text} for a boolean option; ""
---  -> text of --json
---@param read fun(path: string): string?, string? "-" is standard input
---@return table args under the API's own field names
function arguments.build(operation, texts, read)
  local args = arguments.json("--json", texts[""], read, true) or {}
  -- objects first: options for their members override them
  for _, nested in ipairs { false, true } do
    for _, param in ipairs(operation.params) do
      local text = texts[param.name]
      if text and (param.name:find(".", 1, true) ~= nil) == nested then
        if type(text) == "table" then text = text[1] or "true" end
        local label = label_of(param)
        local problem = arguments.put(args, param.name, arguments.convert(param, label, text, read))
        if problem then io.usage("%s: %s", label, problem) end
      end
    end
  end
  for _, param in ipairs(operation.params) do
    local required = param.required or param.all_required
    if required and not param.name:find "[%[*.]" and args[param.name] == nil then
      io.usage("%s", missing(operation, param))
    end
  end
  return args
end

return arguments
