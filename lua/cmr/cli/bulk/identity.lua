--- A name for what a row asks, which is the same in every run, on every Lua and in any format of the input.

local core = require "cmr.core"

local write

-- Strings have their length before them, so that no two values are written alike.
local kinds = {
  string = function(value)
    return #value .. ":" .. value
  end,
  number = function(value)
    return ("%.17g"):format(value)
  end,
  boolean = tostring,
  table = function(value)
    local keys, parts = {}, {}
    for key in pairs(value) do
      keys[#keys + 1] = key
    end
    table.sort(keys, function(a, b)
      if type(a) == type(b) then return a < b end
      return type(a) == "number"
    end)
    for index, key in ipairs(keys) do
      parts[index] = write(key) .. write(value[key])
    end
    return "{" .. table.concat(parts, ",") .. "}"
  end,
}

function write(value)
  if value == core.null then return "null" end
  if value == core.all then return "all" end
  return kinds[type(value)](value)
end

--- @param arguments  of an operation
-- @return 20 characters
return function(arguments)
  return core.base64(core.sha256(write(arguments)):sub(1, 15))
end
