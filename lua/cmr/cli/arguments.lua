---An operation on the command line: its command, its options, and the argument table made from them. Does no I/O
---itself: the caller passes `read`, which reads files.

local ascii = require "cmr.util.ascii"
local io = require "cmr.cli.io"

local arguments = {}

local BOOLEANS = { ["true"] = true, ["false"] = false }
local BOOLEAN_ADVICE = "; the option alone means true; put -- between the option and an argument"

local function kebab(name)
  return (name:gsub("([%l%d])(%u)", "%1-%2"):lower())
end

---Returns the command of an operation: "add_platform" -> "add-platform".
function arguments.command(name)
  return (name:gsub("_", "-"))
end

---Replaces each operation's name in a text by its command: "see add_platform" -> "see add-platform".
---@param text string
---@return string
function arguments.spelled(text)
  local operations = require "cmr.operations"
  return (text:gsub("%w+_[%w_]+", function(word)
    return operations[word] and arguments.command(word)
  end))
end

---Returns the commands of all operations.
function arguments.commands(operations)
  local names = {}
  for index, operation in ipairs(operations) do
    names[index] = arguments.command(operation.name)
  end
  return names
end

---Returns the undocumented part of an operation, or nil. The operation cannot run until the user supplies this part.
---@return string? part "path" or "method"
function arguments.undocumented(operation)
  return not operation.path and "path" or not operation.method and "method" or nil
end

---Returns the operation's parameter with this name, or nil.
function arguments.param(operation, name)
  for _, param in ipairs(operation.params) do
    if param.name == name then return param end
  end
end

---Returns whether the members of an object have their own options.
---@return boolean
function arguments.has_members(operation, name)
  for _, param in ipairs(operation.params) do
    if param.name:sub(1, #name + 1) == name .. "." and not param.name:find "[%[*]" then return true end
  end
  return false
end

---Returns the option of a parameter: "mailboxId" -> "--mailbox-id", "google.clientId" -> "--google-client-id". If a
---member's name begins with the parent's name, the option has the parent's name once: "google.googleOauthRoute" ->
---"--google-oauth-route".
---@return string? option Nil for "domains[].domain" or "mailboxes.*": a field inside an array or map needs JSON.
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

---Returns the placeholder of a parameter: "userId" -> "USER_ID".
function arguments.placeholder(name)
  return (kebab(name:match "[^.]+$"):upper():gsub("-", "_"))
end

---Returns whether a parameter's value should stay out of the process list.
function arguments.secret(name)
  local last = name:match "[^.]+$"
  -- an id, such as credentialId, is no secret
  return require("cmr.util.redact").is_secret_name(last) and not last:find "Id$"
end

local function json_parser(opening, expected)
  return function(text)
    if not text:find("^\239?\187?\191?%s*" .. opening) then return nil, "wants " .. expected end
    local value, message = require("cmr.core").json_decode(text, true)
    if value == nil then return nil, ("wants %s (%s)"):format(expected, message) end
    return value
  end
end

-- The parsers by type of parameter. A parser takes a text, and returns the value, or nil and a message.
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
    return BOOLEANS[ascii.lower(text)], "wants true or false" -- spreadsheets write TRUE and FALSE
  end,
  object = json_parser("{", "a JSON object"),
  map = json_parser("{", "a JSON object"),
  array = json_parser("%[", "a JSON array"),
  any = json_parser("", "JSON"),
}

-- Replaces the text @FILE by the file's content without the last newline. Replaces @@x by @x.
local function expand(label, text, read)
  if text:sub(1, 2) == "@@" then return text:sub(2) end
  if text:sub(1, 1) ~= "@" then return text end
  local contents, message = read(text:sub(2))
  if contents then return (contents:gsub("\r?\n$", "")) end
  -- the message omits the path, which may be a password that begins with @
  io.usage("%s names no file that can be read (%s); a value that begins with @ is written with @@", label, message)
end

---Converts a text to a parameter's value.
---@return string? message The message after nil, such as "wants a number".
function arguments.value(param, text)
  if param.all_required and text == "all" then return require("cmr.core").all end
  local kind = param.accepts_item and text:find "^%s*{" and "object" or param.type
  local value, message = parsers[kind](text)
  if value == nil then return nil, message end
  for _, allowed in ipairs(param.values or {}) do
    if value == allowed then return value end
  end
  if param.values then return nil, "must be one of " .. table.concat(param.values, ", ") end
  return value
end

---Converts the text of an option or argument to the parameter's value. If an option's text is @FILE, reads the text
---from that file. A wrong text raises a mistake that names the option or argument.
---@param advice string? The end of the message about a wrong value.
function arguments.convert(param, label, text, read, advice)
  if not param.positional then text = expand(label, text, read) end
  local value, message = arguments.value(param, text)
  if value == nil then io.usage("%s %s%s", label, message, advice or "") end
  return value
end

---Puts a value under a dotted name such as "google.clientId". Returns a message if the parent "google" is no object.
---@param only_absent boolean? True keeps an existing value.
function arguments.put(args, name, value, only_absent)
  local object, last = args, name:match "[^.]+$"
  for parent in name:gmatch "([^.]+)%." do
    if object[parent] == nil then object[parent] = {} end
    object = object[parent]
    if type(object) ~= "table" then return ("the value of '%s' is not an object"):format(parent) end
  end
  if object[last] == nil or not only_absent then object[last] = value end
end

---Splits texts such as NAME=VALUE. Returns a list of {name = ..., value = ...}. Raises a mistake for any other text.
function arguments.pairs(option, texts)
  local list, seen = {}, {}
  for index, text in ipairs(texts) do
    local name, value = text:match "^([^=]+)=(.*)$"
    if not name then io.usage("option '%s' wants NAME=VALUE, not '%s'", option, text) end
    if seen[name] then io.usage("option '%s': '%s' is given twice", option, name) end
    seen[name] = true
    list[index] = { name = name, value = value }
  end
  return list
end

---Returns the object or array of an option. Without a text, returns nil. A wrong text raises a mistake.
---@param text string? JSON, @FILE, or - for standard input.
---@param only_object boolean? True refuses an array.
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

---Returns the name of a parameter in messages, such as "argument USER_ID" or "option '--company'".
function arguments.label(param)
  if param.positional then return "argument " .. arguments.placeholder(param.name) end
  return ("option '%s'"):format(arguments.option(param.name))
end

local function missing(operation, param)
  local text = "missing " .. arguments.label(param)
  if param.positional then return text end
  if param.all_required then return text .. ": a list, or the word all" end
  local members = {}
  for _, other in ipairs(operation.params) do
    if other.name:sub(1, #param.name + 1) == param.name .. "." then
      members[#members + 1] = arguments.option(other.name)
    end
  end
  return #members == 0 and text or ("%s, or its members: %s"):format(text, table.concat(members, ", "))
end

-- Returns the required parameters that have no value. Omits the members of objects.
local function absent_params(operation, args)
  local list = {}
  for _, param in ipairs(operation.params) do
    local required = param.required or param.all_required
    if required and not param.name:find "[%[*.]" and args[param.name] == nil then list[#list + 1] = param end
  end
  return list
end

-- Returns the missing parameters in words, such as "USER_ID and --company".
local function all_missing(operation, absent, args)
  local words, choices, is_chosen = {}, {}, false
  for index, param in ipairs(absent) do
    words[index] = param.positional and arguments.placeholder(param.name) or arguments.option(param.name)
    if param.all_required then words[index] = words[index] .. " (a list, or the word all)" end
  end
  for _, param in ipairs(operation.params) do
    if param.either then
      choices[#choices + 1] = arguments.option(param.name)
      is_chosen = is_chosen or args[param.name] ~= nil
    end
  end
  local list = require("cmr.util.text").list
  if #choices > 0 and not is_chosen then words[#words + 1] = list(choices, "or") end
  return list(words, "and")
end

---Builds the argument table of an operation. Options override the members of --json. Raises a mistake for a value of
---the wrong type, an unreadable file or a missing required parameter.
---@param texts table<string, string|string[]> By parameter name; the key "" has the text of --json. A boolean
---parameter has a list: the list has the option's text, or is empty if the option has no value.
---@return table args The arguments, under the API's field names.
function arguments.build(operation, texts, read)
  local args = arguments.json("--json", texts[""], read, true) or {}
  -- objects come first, so that an option for a member overrides the object's member
  for _, nested in ipairs { false, true } do
    for _, param in ipairs(operation.params) do
      local text = texts[param.name]
      if text and (param.name:find(".", 1, true) ~= nil) == nested then
        if type(text) == "table" then text = text[1] or "true" end
        local label, advice = arguments.label(param), param.type == "boolean" and BOOLEAN_ADVICE or nil
        local problem = arguments.put(args, param.name, arguments.convert(param, label, text, read, advice))
        if problem then io.usage("%s: %s", label, problem) end
      end
    end
  end
  local absent = absent_params(operation, args)
  if absent[2] then io.usage("missing %s", all_missing(operation, absent, args)) end
  if absent[1] then io.usage("%s", missing(operation, absent[1])) end
  return args
end

return arguments
