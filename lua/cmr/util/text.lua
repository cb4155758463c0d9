---Turns numbers, durations, times, bytes and lists into text, and makes a server's text safe to print. Pure.

local text = {
  MINUTE = 60, -- in seconds, like the constants below
  HOUR = 3600,
  DAY = 24 * 3600,
  WEEK = 7 * 24 * 3600,
}

local UNITS = { { text.DAY, "day" }, { text.HOUR, "hour" }, { text.MINUTE, "minute" }, { 1, "second" } }
local MAX_DURATION_SECONDS = 1e9
local ELLIPSIS = "\226\128\166"
local MAX_TIME_SECONDS = 253402300799 -- the end of the year 9999; os.date raises an error for some later times

-- Patterns of valid UTF-8. The first one finds a run of ASCII. The others find one character each.
local UTF8_SEQUENCES = {
  "^[^\128-\255]+",
  "^[\194-\223][\128-\191]",
  "^\224[\160-\191][\128-\191]",
  "^[\225-\236\238\239][\128-\191][\128-\191]",
  "^\237[\128-\159][\128-\191]",
  "^\240[\144-\191][\128-\191][\128-\191]",
  "^[\241-\243][\128-\191][\128-\191][\128-\191]",
  "^\244[\128-\143][\128-\191][\128-\191]",
}

local function sequence_end(bytes, start)
  for _, pattern in ipairs(UTF8_SEQUENCES) do
    local _, finish = bytes:find(pattern, start)
    if finish then return finish end
  end
end

---Puts U+FFFD in place of every byte that is no part of valid UTF-8.
function text.utf8(bytes)
  if not bytes:find "[\128-\255]" then return bytes end
  local parts, at = {}, 1
  while at <= #bytes do
    local finish = sequence_end(bytes, at)
    parts[#parts + 1] = finish and bytes:sub(at, finish) or "\239\191\189"
    at = (finish or at) + 1
  end
  return table.concat(parts)
end

---Puts a space in place of each character that controls a terminal. These are the control characters and the
---characters that change the direction of text.
function text.printable(bytes)
  bytes = text.utf8(bytes):gsub("%c", " "):gsub("\194[\128-\159]", " ")
  return (bytes:gsub("\226\128[\170-\174]", " "):gsub("\226\129[\166-\169]", " "))
end

---Cuts a UTF-8 text between two characters, and marks the cut with an ellipsis. The result has at most `max` bytes.
---@param max integer at least 6
---@return string shown
---@return integer missing The number of bytes that are cut off; 0 if the text fits.
function text.cut(bytes, max)
  if #bytes <= max then return bytes, 0 end
  local last = max - #ELLIPSIS
  for _ = 1, 3 do -- a character has at most three more bytes after its first byte
    if bytes:find("^[\128-\191]", last + 1) then last = last - 1 end
  end
  return bytes:sub(1, last) .. ELLIPSIS, #bytes - last
end

-- Puts a point in place of the decimal separator of the process's locale, which may be a comma.
local function with_point(digits)
  return (digits:gsub("[^0-9a-z+-]+", "."))
end

---Returns a number as text for people, such as 100000 or 0.001. A whole number below 1e15 has no exponent.
function text.number(number)
  if number % 1 == 0 and number > -1e15 and number < 1e15 then return ("%.0f"):format(number) end
  return with_point(("%.14g"):format(number))
end

---Returns a number as text for programs. The text has all digits, and is the same in every locale.
function text.exact_number(number)
  return with_point((math.type and math.type(number) == "integer" and "%d" or "%.17g"):format(number))
end

---Returns a duration in words, such as "4 days 15 hours" or "7 seconds".
function text.duration(seconds)
  if seconds < text.MINUTE then return ("%.3g second%s"):format(seconds, seconds == 1 and "" or "s") end
  if seconds > MAX_DURATION_SECONDS then return "years" end
  local parts, left = {}, math.ceil(seconds)
  for _, unit in ipairs(UNITS) do
    local count = math.floor(left / unit[1])
    left = left - count * unit[1]
    if count > 0 then parts[#parts + 1] = ("%d %s%s"):format(count, unit[2], count == 1 and "" or "s") end
    if #parts == 2 or #parts == 1 and count == 0 then break end
  end
  return table.concat(parts, " ")
end

---Returns a time in a format of os.date. A time before 1970 counts as the start of 1970, and a time after 9999 as the
---end of 9999.
---@param format string
---@param seconds number since 1970
---@return string
function text.date(format, seconds)
  return os.date(format, math.floor(math.max(0, math.min(seconds, MAX_TIME_SECONDS)))) --[[@as string]]
end

---Returns a time in the form of ISO 8601, such as 2026-03-31T17:30:00Z.
---@param seconds number? since 1970
---@return string? time Nil if `seconds` is nil.
function text.utc(seconds)
  return seconds and text.date("!%Y-%m-%dT%H:%M:%SZ", seconds)
end

---Returns bytes as lower-case hexadecimal text.
function text.hex(bytes)
  return (bytes:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end))
end

---Joins words as in a sentence: "a, b and c".
---@param conjunction "and"|"or"
function text.list(words, conjunction)
  if #words < 2 then return words[1] or "" end
  return ("%s %s %s"):format(table.concat(words, ", ", 1, #words - 1), conjunction, words[#words])
end

return text
