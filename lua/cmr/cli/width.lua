--- How much room text takes in a terminal, and how to make it fit. Pure; texts are valid UTF-8.

local M = {}

-- First and last code points that take two columns, and those that take none. Enough to keep tables straight.
local wide = {
  { 0x1100, 0x115F },
  { 0x2E80, 0x303E },
  { 0x3041, 0xA4CF },
  { 0xAC00, 0xD7A3 },
  { 0xF900, 0xFAFF },
  { 0xFE30, 0xFE6F },
  { 0xFF00, 0xFF60 },
  { 0xFFE0, 0xFFE6 },
  { 0x1F300, 0x1F64F },
  { 0x1F680, 0x1F6FF },
  { 0x1F900, 0x1F9FF },
  { 0x20000, 0x3FFFD },
}
local none = { { 0x300, 0x36F }, { 0x200B, 0x200F }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F } }

local function code_point(character)
  local first, value = character:byte(), 0
  for index = 2, #character do
    value = value * 64 + character:byte(index) % 64
  end
  return first % 2 ^ (7 - #character) * 64 ^ (#character - 1) + value
end

local function within(ranges, code)
  for _, range in ipairs(ranges) do
    if code >= range[1] and code <= range[2] then return true end
  end
  return false
end

local function columns(character)
  if #character == 1 then return 1 end
  local code = code_point(character)
  return within(wide, code) and 2 or within(none, code) and 0 or 1
end

--- How many columns of a terminal a text takes.
function M.of(text)
  if not text:find "[\128-\255]" then return #text end
  local width = 0
  for character in text:gmatch "[^\128-\191][\128-\191]*" do
    width = width + columns(character)
  end
  return width
end

--- The longest beginning of a text that takes at most that many columns, at least one character; and the rest.
function M.split(text, width)
  local at, used = 1, 0
  for start, character in text:gmatch "()([^\128-\191][\128-\191]*)" do
    used = used + columns(character)
    if used > width and start > 1 then break end
    at = start + #character
  end
  return text:sub(1, at - 1), text:sub(at)
end

--- The text itself, or as much of it as fits, with an ellipsis at its end.
function M.fit(text, width)
  if M.of(text) <= width then return text end
  if width < 2 then return "\226\128\166" end
  return (M.split(text, width - 1)) .. "\226\128\166"
end

return M
