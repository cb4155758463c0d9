---Random bytes and the identifiers made of them, from the system's source: no seed to care for after a fork.

local text = require "cmr.util.text"

local random = {}

local ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" -- Crockford's base 32: the documented ids look like it

local function bytes(count)
  local file = assert(io.open("/dev/urandom", "rb"))
  file:setvbuf "no"
  local read = file:read(count)
  file:close()
  return read
end

---Random bytes in hexadecimal.
---@param count integer bytes; the text has twice as many characters
---@return string
function random.hex(count)
  return text.hex(bytes(count))
end

---A random whole number within bounds that are less than 2^24 apart.
---@param low integer
---@param high integer
---@return integer
function random.integer(low, high)
  local a, b, c, d = bytes(4):byte(1, 4)
  return low + (((a * 256 + b) * 256 + c) * 256 + d) % (high - low + 1)
end

---An opaque id like "A1B2C3D4E5F6G7H8".
---@param length integer characters
---@return string
function random.id(length)
  return (
    bytes(length):gsub(".", function(char)
      local at = char:byte() % 32 + 1
      return ALPHABET:sub(at, at)
    end)
  )
end

---A version 4 UUID.
---@return string
function random.uuid()
  local hex = random.hex(16)
  local variant = ("89ab"):sub(random.integer(1, 4)):sub(1, 1)
  return ("%s-%s-4%s-%s%s-%s"):format(
    hex:sub(1, 8),
    hex:sub(9, 12),
    hex:sub(14, 16),
    variant,
    hex:sub(18, 20),
    hex:sub(21, 32)
  )
end

return random
