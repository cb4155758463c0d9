--- From a row of the operations table to option names, and from option values to the operation's argument table.
-- Pure: files are read by the function that build is handed. A mistake is raised as {usage = message}.

local io = require "cmr.cli.io"

local M = {}

local function kebab(name)
  return (name:gsub("([%l%d])(%u)", "%1-%2"):lower())
end

--- The command of an operation: "add_platform" -> "add-platform".
function M.command(operation)
  return (operation:gsub("_", "-"))
end

--- The option of a parameter: "mailboxId" -> "--mailbox-id", "google.clientId" -> "--google-client-id". A member that
-- repeats its parent says it once: "google.googleOauthRoute" -> "--google-oauth-route".
-- nil for the items of arrays and the values of maps ("domains[].domain", "mailboxes.*"): only JSON can give those.
function M.option(name)
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

--- The placeholder of a parameter: "userId" -> "USER_ID".
function M.placeholder(name)
  return (kebab(name:match "[^.]+$"):upper():gsub("-", "_"))
end

--- Whether a parameter's value should stay out of the process list.
function M.secret(name)
  name = name:lower()
  return name:find("password", 1, true) ~= nil or name:find("secret", 1, true) ~= nil
end

local function json(opening, what)
  return function(text)
    if not text:find("^%s*" .. opening) then return nil, "wants " .. what end
    local value, why = require("cmr.core").json_decode(text)
    if value == nil then return nil, ("wants %s (%s)"):format(what, why) end
    return value
  end
end

-- text -> value | nil, what is wrong with it; by the parameter's type
local parse = {
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
  object = json("{", "a JSON object"),
  map = json("{", "a JSON object"),
  array = json("%[", "a JSON array"),
  any = json("", "JSON"),
}

-- The text an option stands for: @FILE is the file without its last newline, @@x is @x.
local function expand(label, text, read)
  if text:sub(1, 2) == "@@" then return text:sub(2) end
  if text:sub(1, 1) ~= "@" then return text end
  local contents, why = read(text:sub(2))
  if contents then return (contents:gsub("\r?\n$", "")) end
  -- the path stays unsaid: it may be a password that begins with @
  io.usage("%s names no file that can be read (%s); a value that begins with @ is written with @@", label, why)
end

local function one_of(values, value)
  for _, allowed in ipairs(values) do
    if value == allowed then return true end
  end
  return false
end

--- What a text means for a parameter: a value, or nil and what is wrong with it.
function M.value(param, text)
  if param.everything and text == "all" then return require("cmr.core").all end
  local opening = param.or_item and text:find "^%s*{" and "object" or param.type
  local value, why = parse[opening](text)
  if value == nil then return nil, why end
  if param.values and not one_of(param.values, value) then
    return nil, "must be one of " .. table.concat(param.values, ", ")
  end
  return value
end

--- What an option's text means for a parameter; @FILE is read.
-- @param label  of the option, for the message
-- @param read   as of build
-- Raises {usage = message}.
function M.convert(param, label, text, read)
  if not param.positional then text = expand(label, text, read) end
  local value, why = M.value(param, text)
  if value == nil then io.usage("%s %s", label, why) end
  return value
end

--- Puts a value under a dotted name: "google.clientId".
-- @param only_absent  true: unless there is one
-- @return nil, or what is wrong
function M.put(arguments, name, value, only_absent)
  local here, last = arguments, name:match "[^.]+$"
  for parent in name:gmatch "([^.]+)%." do
    if here[parent] == nil then here[parent] = {} end
    here = here[parent]
    if type(here) ~= "table" then return ("'%s' is given as something else than an object"):format(parent) end
  end
  if here[last] == nil or not only_absent then here[last] = value end
end

--- The object or array that an option gives as JSON.
-- @param option  "--json"
-- @param text    JSON, @FILE or -, standard input; nil: the option is absent
-- @param read    as for M.build
-- @param object  true: only an object will do
-- @return the value, or nil when the option is absent
function M.json(option, text, read, object)
  if not text then return nil end
  local contents, why = text, nil
  if text == "-" then
    contents, why = read "-"
  elseif text:sub(1, 1) == "@" then
    contents, why = read(text:sub(2))
  end
  if not contents then io.usage("option '%s': cannot read %s (%s)", option, text, why) end
  local value, problem
  if object or not contents:find "^%s*%[" then
    value, problem = parse.object(contents)
  else
    value, problem = parse.array(contents)
  end
  if not value then io.usage("option '%s' %s", option, problem) end
  return value
end

local function label_of(param)
  if param.positional then return ("argument %s"):format(M.placeholder(param.name)) end
  return ("option '%s'"):format(M.option(param.name))
end

local function missing(row, param)
  if param.positional then return "missing argument " .. M.placeholder(param.name) end
  local members = {}
  for _, other in ipairs(row.params) do
    if other.name:sub(1, #param.name + 1) == param.name .. "." then members[#members + 1] = M.option(other.name) end
  end
  local option = M.option(param.name)
  if param.everything then return ("missing option '%s': a list, or the word all"):format(option) end
  if #members == 0 then return ("missing option '%s'"):format(option) end
  return ("missing option '%s', or its members: %s"):format(option, table.concat(members, ", "))
end

--- The argument table of an operation.
-- @param row    the operation's row
-- @param given  parameter name -> text as typed, or {} / {text} for a boolean option; given[""] is the text of --json
-- @param read   function(path) -> text | nil, message; "-" is standard input
-- @return a table under the API's own field names; options override the members of --json
-- Raises {usage = message} for a value of the wrong type, an unreadable file or a missing required parameter.
function M.build(row, given, read)
  local arguments = M.json("--json", given[""], read, true) or {}
  -- containers first: their members override them
  for _, nested in ipairs { false, true } do
    for _, param in ipairs(row.params) do
      local text = given[param.name]
      if text and (param.name:find(".", 1, true) ~= nil) == nested then
        if type(text) == "table" then text = text[1] or "true" end
        local label = label_of(param)
        local why = M.put(arguments, param.name, M.convert(param, label, text, read))
        if why then io.usage("%s: %s", label, why) end
      end
    end
  end
  for _, param in ipairs(row.params) do
    local wanted = param.required or param.everything
    if wanted and not param.name:find "[%[*.]" and arguments[param.name] == nil then
      io.usage("%s", missing(row, param))
    end
  end
  return arguments
end

return M
