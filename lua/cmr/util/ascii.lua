---Lower and upper case of ASCII letters, the same in every locale. In some locales, such as the Turkish one,
---string.lower does not change an "I" to an "i".

local ascii = {}

local LOWER, UPPER = {}, {}
for code = ("A"):byte(), ("Z"):byte() do
  local upper, lower = string.char(code), string.char(code + 32)
  LOWER[upper], UPPER[lower] = lower, upper
end

---@param text string
---@return string
function ascii.lower(text)
  return (text:gsub("[A-Z]", LOWER))
end

---@param text string
---@return string
function ascii.upper(text)
  return (text:gsub("[a-z]", UPPER))
end

return ascii
