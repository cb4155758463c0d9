--- Columns and rows as CSV (RFC 4180): a header, CRLF at the ends of lines, quotes where they are needed. Pure.

local rows = require "cmr.cli.tabulate"
local text = require "cmr.util.text"

local function quoted(value)
  if not value:find '[",\r\n]' and not value:find "^%s" and not value:find "%s$" then return value end
  return '"' .. value:gsub('"', '""') .. '"'
end

--- @param columns  array of names
-- @param list     array of rows, each with a value per column
-- @param safe     true: it goes to a terminal, which must not obey it
-- @return the text
return function(columns, list, safe)
  local lines = {}
  for index = 0, #list do
    local row, cells = list[index] or columns, {}
    for position = 1, #columns do
      local cell = rows.cell(row[position])
      cells[position] = quoted(safe and text.printable(cell) or text.utf8(cell))
    end
    lines[index + 1] = table.concat(cells, ",") .. "\r\n"
  end
  return table.concat(lines)
end
