---Random bytes from the operating system, and identifiers made of them. There is no seed, so a fork needs no special
---care.

local text = require "cmr.util.text"

local random = {}

local ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" -- Crockford's base 32, because the documented ids look like it

local function bytes(count)
  local file = assert(io.open("/dev/urandom", "rb"))
  file:setvbuf "no"
  local read = file:read(count)
  file:close()
  return read
end

---Returns random bytes as hexadecimal text, which has two characters for each byte.
function random.hex(count)
  return text.hex(bytes(count))
end

---Returns a random whole number from `low` to `high`. `high - low` must be less than 2^24.
function random.integer(low, high)
  return low + tonumber(random.hex(4), 16) % (high - low + 1)
end

---Returns an opaque id like "A1B2C3D4E5F6G7H8".
function random.id(length)
  local id = bytes(length):gsub(".", function(char)
    local index = char:byte() % 32 + 1
    return ALPHABET:sub(index, index)
  end)
  return id
end

---Returns a version 4 UUID.
function random.uuid()
  local variant = ("89ab"):sub(random.integer(1, 4)):sub(1, 1)
  local first, version, last = random.hex(4) .. "-" .. random.hex(2), random.hex(2):sub(2), random.hex(6)
  return ("%s-4%s-%s%s-%s"):format(first, version, variant, random.hex(2):sub(2), last)
end

return random
