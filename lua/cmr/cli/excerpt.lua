---Shortens a text for the person who has to confirm a request. Pure.

local tables = require "cmr.util.tables"
local text = require "cmr.util.text"

local excerpt = {}

-- Returns the number of items of all lists in a value. Does not look for lists inside the items.
local function count_items(value)
  if type(value) ~= "table" then return 0 end
  if tables.is_list(value) then return #value end
  local count = 0
  for _, member in pairs(value) do
    count = count + count_items(member)
  end
  return count
end

---Returns a text as a list of lines for a question. A text that is too long is cut. In this case, the first lines say
---how many bytes are not shown, and how many list items each member of `value` has.
---@param name string what the text is, such as "the body"
---@param whole string the text
---@param value any the value that was written as the text
---@param max_bytes integer how many bytes of `whole` are shown at most
---@return string[] lines
function excerpt.lines(name, whole, value, max_bytes)
  local shown, missing = text.cut(whole, max_bytes)
  if missing == 0 then return { whole } end
  local lines = { ("%d of the %d bytes of %s are not shown"):format(missing, #whole, name) }
  local members = tables.is_list(value) and { [name] = value } or type(value) == "table" and value or {}
  for _, member in ipairs(tables.sorted_keys(members)) do
    local count = count_items(members[member])
    if count > 0 then lines[#lines + 1] = ("  %s: %d items in all"):format(text.printable(member), count) end
  end
  lines[#lines + 1] = shown
  return lines
end

return excerpt
