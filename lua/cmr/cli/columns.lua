---The option --columns: which columns of a table or of CSV are printed, and in which order. Pure.

local io = require "cmr.cli.io"

local columns = {}

-- Returns the names in the option's text.
local function names_of(text)
  local names = {}
  for name in text:gmatch "[^,]+" do
    names[#names + 1] = name:match "^%s*(.-)%s*$"
  end
  return names
end

---Checks --columns. If neither --output nor --field is given, sets the format to table. Raises a mistake if the option
---names no column, or if the format is not table or csv.
function columns.prepare(parsed)
  if not parsed.columns then return end
  if #names_of(parsed.columns) == 0 then io.usage "option '--columns' wants names with commas between them" end
  local format = parsed.output or not parsed.field and "table"
  if format ~= "table" and format ~= "csv" then io.usage "option '--columns' is for --output table and csv" end
  parsed.output = format
end

---Returns the chosen columns in the chosen order, and the index of each column among all columns. Raises a failure for
---a column that does not exist.
---@param all string[]
---@param text string? nil: all columns
---@return string[] names
---@return integer[]? indices nil: all columns
function columns.choose(all, text)
  if not text then return all end
  local positions, indices, names = {}, {}, names_of(text)
  for index, name in ipairs(all) do
    positions[name] = index
  end
  for index, name in ipairs(names) do
    indices[index] = positions[name]
    if not positions[name] then
      local hint = require("cmr.util.validate").suggestion(name, all)
      if hint == "" then hint = "; there are " .. table.concat(all, ", ") end
      io.failure("no column '%s'%s", name, hint)
    end
  end
  return names, indices
end

---Returns the chosen columns of a table.
---@param all string[]
---@param rows any[][]
---@param text string?
---@return string[] names
---@return any[][] rows
function columns.pick(all, rows, text)
  local names, indices = columns.choose(all, text)
  if not indices then return all, rows end
  local picked = {}
  for number, row in ipairs(rows) do
    picked[number] = {}
    for position, index in ipairs(indices) do
      picked[number][position] = row[index]
    end
  end
  return names, picked
end

return columns
