--- What of an event may be kept, and what of a message may be logged: neither has a password in it. Pure.

local scrub = {}

-- What a member's name contains that holds a secret. Documented are password, appPassword and authenticatorSecret; the
-- names of a new mailbox's credentials are not, so that more is dropped than is known to have to.
local SECRET = {
  "pass",
  "pwd",
  "pw$",
  "secret",
  "token",
  "credential",
  "authenticator",
  "recovery",
  "backup",
  "otp",
  "2fa",
  "mfa",
  "keys?$",
  "^pin$",
}
local SHORTEST = 4 -- characters of a secret that is looked for in texts: a shorter one is in too many of them
local LARGEST = 1e14 -- the largest number that is written with all of its digits
local MASK = "***"

local function is_secret(name)
  name = type(name) == "string" and name:lower():gsub("[_%- ]", "") or ""
  for _, part in ipairs(SECRET) do
    if name:find(part) then return true end
  end
  return false
end

--- Replaces secrets in a text.
-- @tparam string text
-- @tparam table secrets array of strings
-- @treturn string
function scrub.mask(text, secrets)
  for _, secret in ipairs(secrets) do
    local first, last = text:find(secret, 1, true)
    while first do
      text = text:sub(1, first - 1) .. MASK .. text:sub(last + 1)
      first, last = text:find(secret, first + #MASK, true)
    end
  end
  return text
end

--- The secrets in an event, longest first, so that none is cut by another.
-- @tparam table event
-- @tparam[opt] table further ones, array of strings
-- @treturn table array of strings
function scrub.secrets(event, further)
  local secrets = {}
  local function add(value)
    if type(value) == "string" and #value >= SHORTEST then secrets[#secrets + 1] = value end
  end
  local function collect(value, inside)
    if type(value) == "table" then
      for name, member in pairs(value) do
        collect(member, inside or is_secret(name))
      end
    elseif inside then
      add(value)
    end
  end
  collect(event, false)
  for _, secret in ipairs(further or {}) do
    add(secret)
  end
  table.sort(secrets, function(a, b)
    return #a > #b
  end)
  return secrets
end

--- A copy that may be kept and can be written as JSON.
-- @param value as decoded
-- @tparam table secrets masked in every text
-- @tparam[opt] boolean everything whether members that hold a secret stay
function scrub.copy(value, secrets, everything)
  if type(value) == "string" then
    return (scrub.mask(value, secrets):gsub("%z", ""))
  elseif type(value) == "number" and (value >= LARGEST or value <= -LARGEST) then
    return ("%.17g"):format(value)
  elseif type(value) ~= "table" then
    return value
  end
  local copy = {}
  for name, member in pairs(value) do
    if everything or not is_secret(name) then
      copy[type(name) == "string" and scrub.copy(name, secrets) or name] = scrub.copy(member, secrets, everything)
    end
  end
  return copy
end

return scrub
