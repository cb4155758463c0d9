--- Columns and rows as aligned text. Pure.

local rows = require "cmr.cli.rows"
local text = require "cmr.cli.text"

local function pad(cell, width)
  return cell .. (" "):rep(width - text.length(cell))
end

--- A table: a line of headings, a line per row, two spaces between the columns, none at the ends of lines.
-- @param columns  array of headings
-- @param list     array of rows, each with a value per column
-- @return the text, a newline at the end of each line
return function(columns, list)
  local lines, widths = {}, {}
  for index = 0, #list do
    local row, cells = list[index] or columns, {}
    for position = 1, #columns do
      local cell = text.printable(rows.cell(row[position]))
      cells[position] = cell
      widths[position] = math.max(widths[position] or 0, text.length(cell))
    end
    lines[index + 1] = cells
  end
  local out = {}
  for index, cells in ipairs(lines) do
    local padded = {}
    for position, cell in ipairs(cells) do padded[position] = pad(cell, widths[position]) end
    out[index] = table.concat(padded, "  "):gsub(" +$", "")
  end
  return table.concat(out, "\n") .. "\n"
end
