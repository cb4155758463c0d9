---Checks tables of options: each name must be known, and each value must fit its rule. Pure, except that it raises.
---
---    local SPEC = { timeout = validate.number(0.001, 1e5, "seconds"), log = "function", host = "string" }
---    local opts = validate.options("new", SPEC, DEFAULTS, opts)
---
---A rule is the name of a type, or {expected = text, test = function(value) -> boolean}.

local core = require "cmr.core"
local errors = require "cmr.util.errors"
local tables = require "cmr.util.tables"
local text = require "cmr.util.text"

local MAX_LISTED_NAMES = 3 -- a message lists the known names if there are at most this many

local validate = {}

local function rule(expected, test, shows_number)
  return { expected = expected, test = test, shows_number = shows_number }
end

---The rule that accepts every value. Other code checks the value.
validate.ANY = rule("a value", function()
  return true
end)

local function range(noun, min, max, is_whole)
  local bounds = max and ("from %s to %s"):format(text.number(min), text.number(max)) or text.number(min) .. " or more"
  return rule(noun .. " " .. bounds, function(value)
    if type(value) ~= "number" or is_whole and value % 1 ~= 0 then return false end
    return value >= min and value <= (max or math.huge)
  end, true)
end

---Makes the rule for a number within bounds. Without max there is no upper bound.
---@param unit string? The unit of the number, such as "seconds".
function validate.number(min, max, unit)
  return range(unit and unit .. "," or "a number", min, max, false)
end

---Makes the rule for a whole number within bounds. Without max there is no upper bound.
function validate.integer(min, max)
  return range("a whole number", min, max, true)
end

---Makes the rule for an object with methods of these names. The methods may come from the object's metatable.
function validate.methods(...)
  local names = { ... }
  return rule("a table with " .. text.list(names, "and"), function(value)
    if type(value) ~= "table" then return false end
    for _, name in ipairs(names) do
      if type(value[name]) ~= "function" then return false end
    end
    return true
  end)
end

---Makes the rule for a value that must be one of the given values, which are strings or false.
function validate.one_of(...)
  local values, shown = {}, {}
  for index, value in ipairs { ... } do
    values[value] = true
    shown[index] = type(value) == "string" and "'" .. value .. "'" or tostring(value)
  end
  return rule(text.list(shown, "or"), function(value)
    return value ~= nil and values[value] == true
  end)
end

local function rule_of(entry)
  if type(entry) == "table" then return entry end
  return rule((entry:find "^[aeiou]" and "an " or "a ") .. entry, function(value)
    return type(value) == entry
  end)
end

---Makes the rule for a value that fits either of two rules.
function validate.either(one, other)
  one, other = rule_of(one), rule_of(other)
  return rule(one.expected .. " or " .. other.expected, function(value)
    return one.test(value) or other.test(value)
  end, one.shows_number or other.shows_number)
end

---Suggests one of `names` for a name that is not among them ("did you mean").
---@return string hint " (did you mean 'timeout'?)", or ""
---@return string? suggestion The name that the user probably meant.
function validate.suggestion(name, names)
  local suggestion = type(name) == "string" and core.suggest(name, names) or nil
  return suggestion and (" (did you mean '%s'?)"):format(suggestion) or "", suggestion
end

-- Describes a wrong value by its type, because the value may be a secret. If the rule is for numbers, shows a number as
-- it is.
local function got(value, shows_number)
  return type(value) == "number" and shows_number and text.number(value) or type(value)
end

local function unknown_option(spec, name)
  local names = tables.sorted_keys(spec)
  local hint, suggestion = validate.suggestion(name, names)
  if not suggestion and #names <= MAX_LISTED_NAMES then hint = (" (%s expected)"):format(text.list(names, "or")) end
  local message = ("unknown option '%s'%s"):format(tostring(name), hint)
  return nil, message, { code = "unknown_option", option = name, suggestion = suggestion }
end

---Checks a table of options.
---@param spec table<string, table|string> A rule for each name.
---@return boolean? ok
---@return string? message The message, without the caller's name.
---@return table? problem {code = "unknown_option"|"bad_option", option, expected, got, suggestion}
function validate.check(spec, opts)
  if type(opts) ~= "table" then
    local message = "a table of options expected, got " .. type(opts)
    return nil, message, { code = "bad_option", expected = "a table of options", got = type(opts) }
  end
  for name, value in pairs(opts) do
    if not spec[name] then return unknown_option(spec, name) end
    local wanted = rule_of(spec[name])
    if not wanted.test(value) then
      local expected, actual = wanted.expected, got(value, wanted.shows_number)
      local problem = { code = "bad_option", option = name, expected = expected, got = actual }
      return nil, ("bad option '%s' (%s expected, got %s)"):format(name, expected, actual), problem
    end
  end
  return true
end

---Checks a table of options, as validate.check does. If an option is wrong, raises at the line of the user's call.
---@param caller string The name of the public function without "cmr.", such as "new".
---@param defaults table? Gives the options that `opts` lacks.
---@param opts table? Nil means no options.
---@return table opts A copy of the options.
function validate.options(caller, spec, defaults, opts)
  if opts == nil then opts = {} end
  local ok, message = validate.check(spec, opts)
  if not ok then errors.raise(caller .. ": " .. message) end
  return setmetatable(tables.copy(opts), { __index = defaults })
end

return validate
