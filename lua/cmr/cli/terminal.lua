---The terminal: its width, and the number of columns that a text takes. Texts must be valid UTF-8.

local terminal = {}

local DEFAULT_COLUMNS = 80
local ELLIPSIS = "\226\128\166"

-- WIDE has the code points that take two columns. ZERO_WIDTH has the code points that take no column. The lists are not
-- complete, but enough to keep tables aligned.
local WIDE = {
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
local ZERO_WIDTH = { { 0x300, 0x36F }, { 0x200B, 0x200F }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F } }

---Returns how many columns a table may take: $COLUMNS, or the terminal's width.
---@return integer? columns Nil when there is no limit, because standard output is no terminal.
function terminal.columns(system)
  local columns = system.terminal(system.stdout)
  if not columns then return nil end
  local wanted = tonumber((system.getenv "COLUMNS" or ""):match "^%d+$")
  return wanted and wanted > 0 and wanted or columns > 0 and columns or DEFAULT_COLUMNS
end

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
end

local function character_width(character)
  if #character == 1 then return 1 end
  local code = code_point(character)
  return within(WIDE, code) and 2 or within(ZERO_WIDTH, code) and 0 or 1
end

---Returns how many columns a text takes.
function terminal.width(text)
  if not text:find "[\128-\255]" then return #text end
  local width = 0
  for character in text:gmatch "[^\128-\191][\128-\191]*" do
    width = width + character_width(character)
  end
  return width
end

---Splits a text, and returns its beginning and the rest. The beginning has as many characters as fit into the columns,
---but at least one.
function terminal.split(text, columns)
  local finish, used = 0, 0
  for start, character in text:gmatch "()([^\128-\191][\128-\191]*)" do
    used = used + character_width(character)
    if used > columns and start > 1 then break end
    finish = start + #character - 1
  end
  return text:sub(1, finish), text:sub(finish + 1)
end

---Cuts a text that is too wide, and puts an ellipsis at its end.
function terminal.fit(text, columns)
  if terminal.width(text) <= columns then return text end
  if columns < 2 then return ELLIPSIS end
  return (terminal.split(text, columns - 1)) .. ELLIPSIS
end

return terminal
