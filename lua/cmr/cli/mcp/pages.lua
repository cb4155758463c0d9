---Cuts long texts into parts, so that an answer does not fill an assistant's context. Stores the texts for the tool
---`read_more`.

local text = require "cmr.util.text"

local Pages = {}
Pages.__index = Pages
Pages.__name = "cmr.cli.mcp.Pages"

local pages = { MAX_PART_BYTES = 24000 }

local MAX_TEXTS = 16 -- with more texts, the collection drops the oldest text
local MAX_SEARCHED_BYTES = 2000 -- this many bytes at a part's end are searched for a comma or a newline

-- Returns the position of the last byte of the part that begins at `first`.
local function part_end(whole, first)
  local last = first + pages.MAX_PART_BYTES - 1
  if last >= #whole then return #whole end
  for index = last, last - MAX_SEARCHED_BYTES, -1 do
    if whole:find("^[,\n]", index) then return index end
  end
  while whole:find("^[\128-\191]", last + 1) do
    last = last - 1
  end
  return last
end

---Makes an empty collection of texts.
function pages.new()
  return setmetatable({ texts = {}, newest = 0 }, Pages)
end

-- Returns one part of a text, from byte `first` on. If the part is not the whole text, also returns a note. The note
-- says where the part is in the text. If there is a next part, the note also says how to read the next part.
local function part(number, whole, first)
  local last = part_end(whole, first)
  if first == 1 and last == #whole then return whole end
  local note = ("Bytes %d to %d of %d."):format(first, last, #whole)
  if last < #whole then
    note = ('%s The tool read_more with {"cursor":"%d:%d"} reads on.'):format(note, number, last + 1)
  end
  return whole:sub(first, last), note
end

---Returns the first part of a text. If there are more parts, stores the text for read_more.
---@return string part
---@return string? note says how to read the next part
function Pages:add(whole)
  whole = text.utf8(whole)
  if #whole <= pages.MAX_PART_BYTES then return whole end
  self.newest = self.newest + 1
  self.texts[self.newest] = whole
  self.texts[self.newest - MAX_TEXTS] = nil
  return part(self.newest, whole, 1)
end

---Returns the part at a cursor.
---@param cursor string the cursor in a note
---@return string? part Nil when there is no such part.
---@return string? note
function Pages:read(cursor)
  local number, first = cursor:match "^(%d+):(%d+)$"
  local whole = self.texts[tonumber(number)]
  first = tonumber(first)
  if not whole or first < 1 or first > #whole then return nil end
  return part(tonumber(number), whole, first)
end

return pages
