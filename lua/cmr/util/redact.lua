---Removes secrets from data that is stored, logged or shown. Pure.

local ascii = require "cmr.util.ascii"

local redact = {}

-- Patterns for the names of fields with secrets. The documentation names password, appPassword and authenticatorSecret.
-- The credential fields of new mailboxes are undocumented, so the list is deliberately broad.
local SECRET_NAME_PATTERNS = {
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
local MIN_SECRET_CHARACTERS = 4 -- shorter secrets would occur in too many texts by chance
local MASK = "***"
local MAX_CACHED_NAMES = 500

local function matches_secret(name)
  name = ascii.lower(name):gsub("[_%- ]", "")
  for _, pattern in ipairs(SECRET_NAME_PATTERNS) do
    if name:find(pattern) then return true end
  end
  return false
end

-- A cache: name -> the result of matches_secret. It helps because all rows of a bulk run have the same field names.
local cached_names, cached_count = {}, 0

---Returns whether a field with this name has a secret.
function redact.is_secret_name(name)
  if type(name) ~= "string" then return false end
  local is_secret = cached_names[name]
  if is_secret ~= nil then return is_secret end
  if cached_count >= MAX_CACHED_NAMES then
    cached_names, cached_count = {}, 0
  end
  is_secret = matches_secret(name)
  cached_names[name], cached_count = is_secret, cached_count + 1
  return is_secret
end

---Masks each of `secrets` in a text. `secrets` must be sorted, the longest first.
function redact.mask(text, secrets)
  for _, secret in ipairs(secrets) do
    local first, last = text:find(secret, 1, true)
    while first do
      text = text:sub(1, first - 1) .. MASK .. text:sub(last + 1)
      first, last = text:find(secret, first + #MASK, true)
    end
  end
  return text
end

---Returns the secrets in an event, and the secrets in `more`. The longest comes first. A long secret may contain a
---short secret. If the short secret were masked first, the rest of the long secret would stay in the text.
function redact.secrets(event, more)
  local secrets = {}
  local function collect(value, is_secret)
    if type(value) == "table" then
      for name, member in pairs(value) do
        collect(member, is_secret or redact.is_secret_name(name))
      end
    elseif is_secret and type(value) == "string" and #value >= MIN_SECRET_CHARACTERS then
      secrets[#secrets + 1] = value
    end
  end
  collect(event, false)
  collect(more or {}, true)
  table.sort(secrets, function(a, b)
    return #a > #b
  end)
  return secrets
end

---Returns a copy that may be stored as JSON. A mask replaces the secrets in the copy's texts and names. The copy lacks
---the fields for which redact.is_secret_name is true, unless `with_secret_fields` is true.
---@param secrets string[] longest first
function redact.copy(value, secrets, with_secret_fields)
  if type(value) == "string" then
    return (redact.mask(value, secrets):gsub("%z", ""))
  elseif type(value) ~= "table" then
    return value
  end
  local copy = setmetatable({}, getmetatable(value)) -- so that an empty array stays an array
  for name, member in pairs(value) do
    if with_secret_fields or not redact.is_secret_name(name) then
      local key = type(name) == "string" and redact.copy(name, secrets) or name
      copy[key] = redact.copy(member, secrets, with_secret_fields)
    end
  end
  return copy
end

-- Returns whether a field with this name holds a secret. An id, such as credentialId, is no secret.
local function has_secret(name)
  return redact.is_secret_name(name) and not name:find "Id$"
end

---Returns a copy that may be shown. A mask replaces each secret text and number. All other values stay. A member of an
---object is secret only if its own name is a secret's name. So the email address in the object "credentials" stays.
function redact.masked(value, is_secret)
  if type(value) ~= "table" then
    return is_secret and (type(value) == "string" or type(value) == "number") and MASK or value
  end
  local copy = setmetatable({}, getmetatable(value))
  for name, member in pairs(value) do
    if type(name) == "number" then
      copy[name] = redact.masked(member, is_secret)
    else
      copy[name] = redact.masked(member, has_secret(name))
    end
  end
  return copy
end

-- Reads the JSON string that begins with the quote at `first`. Returns the text between the quotes, and the position of
-- the closing quote. If there is no closing quote, returns "" and the end of `text`.
local function json_string(text, first)
  local position = first + 1
  while true do
    local found = text:find('[\\"]', position)
    if not found then return "", #text end
    if text:sub(found, found) == '"' then return text:sub(first + 1, found - 1), found end
    position = found + 2
  end
end

---Masks the secrets in a JSON text, which may be invalid or cut off. A mask replaces the strings and numbers that
---redact.masked would mask. The rest of the text stays as it is.
---@param text string
---@return string
function redact.json_text(text)
  local parts, position = {}, 1
  -- at the start of an array or object, is_secret is put onto the stack `outer`; at the end, it is taken back
  local is_secret, outer = false, {}
  while true do
    local first = text:find('["%[%]{}%d-]', position)
    if not first then return table.concat(parts) .. text:sub(position) end
    local character, last, masked = text:sub(first, first), first, false
    if character == '"' then
      local content
      content, last = json_string(text, first)
      -- a string before a colon is a name; a name with an escape counts as a secret's name
      if text:find("^%s*:", last + 1) then
        is_secret = has_secret(content) or content:find "\\" ~= nil
      else
        masked = is_secret
      end
    elseif character == "[" or character == "{" then
      outer[#outer + 1] = is_secret
    elseif character == "]" or character == "}" then
      is_secret = table.remove(outer) or false
    else
      last = select(2, text:find("^[%w.+-]+", first))
      masked = is_secret
    end
    parts[#parts + 1] = text:sub(position, first - 1)
    parts[#parts + 1] = masked and '"' .. MASK .. '"' or text:sub(first, last)
    position = last + 1
  end
end

---Masks the value of each query parameter whose name is a secret's name, such as `token`.
---@param url string
---@return string
function redact.url(url)
  return (
    url:gsub("([?&]([^=&#]*)=)([^&#]*)", function(start, name, value)
      if value ~= "" and redact.is_secret_name(name) then return start .. MASK end
    end)
  )
end

return redact
