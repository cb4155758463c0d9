---The one checker of option tables: known names, values that fit, one wording for what does not. Pure, but for raising.
---
---    local SPEC = { timeout = validate.number(0.001, 1e5, "seconds"), log = validate.callable(), host = "string" }
---    local opts = validate.options("cmr.new", SPEC, DEFAULTS, opts)
---
---A rule is the name of a type, or {test = function(value) -> boolean, expected = text}.

local core = require "cmr.core"
local errors = require "cmr.util.errors"
local tables = require "cmr.util.tables"
local text = require "cmr.util.text"

local MAX_LISTED_NAMES = 3 -- of a spec, in a message

local validate = {}

---A number within bounds.
---@param min number
---@param max number?
---@param unit string? what it counts: "seconds"
---@return table rule
function validate.number(min, max, unit)
  local range = max and ("from %s to %s"):format(text.number(min), text.number(max)) or text.number(min) .. " or more"
  return {
    test = function(value)
      return type(value) == "number" and value >= min and value <= (max or math.huge)
    end,
    expected = (unit and unit .. ", " or "a number ") .. range,
    shows_number = true,
  }
end

---A whole number within bounds.
---@param min number
---@param max number?
---@return table rule
function validate.integer(min, max)
  local range = max and ("from %s to %s"):format(text.number(min), text.number(max)) or text.number(min) .. " or more"
  return {
    test = function(value)
      return type(value) == "number" and value % 1 == 0 and value >= min and value <= (max or math.huge)
    end,
    expected = "a whole number " .. range,
    shows_number = true,
  }
end

---Any value: it is checked elsewhere.
---@return table rule
function validate.any()
  return {
    test = function()
      return true
    end,
    expected = "a value",
  }
end

---A function.
---@return table rule
function validate.callable()
  return {
    test = function(value)
      return type(value) == "function"
    end,
    expected = "a function",
  }
end

---A table with these functions in it, or behind its metatable.
---@param ... string their names
---@return table rule
function validate.methods(...)
  local names = { ... }
  return {
    test = function(value)
      if type(value) ~= "table" then return false end
      for _, name in ipairs(names) do
        if type(value[name]) ~= "function" then return false end
      end
      return true
    end,
    expected = "a table with " .. text.list(names, "and"),
  }
end

---One of some values: strings, or false.
---@param ... any the values
---@return table rule
function validate.one_of(...)
  local values, shown = {}, {}
  for index, value in ipairs { ... } do
    values[value] = true
    shown[index] = type(value) == "string" and "'" .. value .. "'" or tostring(value)
  end
  return {
    test = function(value)
      return value ~= nil and values[value] == true
    end,
    expected = text.alternatives(shown),
  }
end

---Either of two rules.
---@param one table|string
---@param other table|string
---@return table rule
function validate.either(one, other)
  local first, second = validate.rule(one), validate.rule(other)
  return {
    test = function(value)
      return first.test(value) or second.test(value)
    end,
    expected = first.expected .. " or " .. second.expected,
    shows_number = first.shows_number or second.shows_number,
  }
end

---A rule as a table.
---@param rule table|string
---@return table rule
function validate.rule(rule)
  if type(rule) == "table" then return rule end
  return {
    test = function(value)
      return type(value) == rule
    end,
    expected = (rule:find "^[aeiou]" and "an " or "a ") .. rule,
  }
end

---"Did you mean", for a name that is not known.
---@param name any
---@param names string[] the known ones
---@return string hint " (did you mean 'timeout'?)", or ""
---@return string? suggestion the name that was probably meant
function validate.suggestion(name, names)
  local suggestion = type(name) == "string" and core.suggest(name, names) or nil
  return suggestion and (" (did you mean '%s'?)"):format(suggestion) or "", suggestion
end

-- A number that is out of range is shown. No other value is: it may be a secret.
local function got(value, rule)
  return type(value) == "number" and rule.shows_number and text.number(value) or type(value)
end

---Checks a table of options.
---@param spec table<string, table|string> a rule for each name
---@param opts any
---@return boolean? ok
---@return string? message without the caller's name
---@return table? problem {code = "unknown_option"|"bad_option", option, expected, got, suggestion}
function validate.check(spec, opts)
  if type(opts) ~= "table" then
    local message = "a table of options expected, got " .. type(opts)
    return nil, message, { code = "bad_option", expected = "a table of options", got = type(opts) }
  end
  for name, value in pairs(opts) do
    local rule = spec[name]
    if not rule then
      local names = tables.sorted_keys(spec)
      local hint, suggestion = validate.suggestion(name, names)
      if not suggestion and #names <= MAX_LISTED_NAMES then
        hint = (" (%s expected)"):format(text.alternatives(names))
      end
      local message = ("unknown option '%s'%s"):format(tostring(name), hint)
      return nil, message, { code = "unknown_option", option = name, suggestion = suggestion }
    end
    rule = validate.rule(rule)
    if not rule.test(value) then
      local message = ("bad option '%s' (%s expected, got %s)"):format(name, rule.expected, got(value, rule))
      return nil, message, { code = "bad_option", option = name, expected = rule.expected, got = got(value, rule) }
    end
  end
  return true
end

---Checks a table of options and returns a copy. Raises at the caller's line.
---@param caller string the function, as its user calls it, without "cmr."
---@param spec table<string, table|string> a rule for each name
---@param defaults table? behind the copy
---@param opts table? nil: none
---@return table opts
function validate.options(caller, spec, defaults, opts)
  if opts == nil then opts = {} end
  local ok, message = validate.check(spec, opts)
  if not ok then errors.raise(caller .. ": " .. message) end
  local copy = {}
  for name, value in pairs(opts) do
    copy[name] = value
  end
  return setmetatable(copy, { __index = defaults })
end

return validate
