--- Columns and rows as aligned text. Pure.

local colour = require "cmr.cli.colour"
local rows = require "cmr.cli.tabulate"
local text = require "cmr.util.text"
local width = require "cmr.cli.width"

local GAP = 2 -- columns of space between two
local LEAST = 10 -- a column that is cut keeps at least so much
local WHOLE = 36 -- ids up to this length are not cut: they are there to be copied

-- "connectedAt" -> "CONNECTED AT"
local function heading(field)
  return (field:gsub("([%l%d])(%u)", "%1 %2"):gsub("_", " "):upper())
end

-- As a cell, but a list of plain values without the marks of JSON.
local function printable(value)
  if type(value) ~= "table" or value[1] == nil then return text.printable(rows.cell(value)) end
  local items = {}
  for index, item in ipairs(value) do
    if type(item) == "table" then return text.printable(rows.cell(value)) end
    items[index] = rows.cell(item)
  end
  return text.printable(table.concat(items, ", "))
end

-- How wide each column is, and how many of them there is room for.
local function fit(columns, widths, room)
  local least, used, shown = {}, -GAP, 0
  for position, natural in ipairs(widths) do
    local id = columns[position]:find "[iI]d$" and natural <= WHOLE
    least[position] = id and natural or math.min(natural, LEAST)
    used = used + GAP + least[position]
    if used > room and position > 1 then break end
    shown = position
  end
  local total = -GAP
  for position = 1, shown do
    total = total + GAP + widths[position]
  end
  while total > room do
    local widest
    for position = 1, shown do
      local spare = widths[position] > least[position]
      if spare and (not widest or widths[position] > widths[widest]) then widest = position end
    end
    if not widest then break end
    widths[widest] = widths[widest] - 1
    total = total - 1
  end
  if shown == 1 then widths[1] = math.min(widths[1], room) end
  return shown
end

local function is_number(list, position)
  local found = false
  for _, row in ipairs(list) do
    if row[position] ~= nil and type(row[position]) ~= "number" then return false end
    found = found or row[position] ~= nil
  end
  return found
end

local function lay_out(columns, list, room, paint)
  local widths, cells = {}, {}
  for index = 0, #list do
    cells[index] = {}
    for position, field in ipairs(columns) do
      local cell = index == 0 and heading(field) or printable(list[index][position])
      cells[index][position] = cell
      widths[position] = math.max(widths[position] or 0, width.of(cell))
    end
  end
  local shown = fit(columns, widths, room)
  local right, lines = {}, {}
  for position = 1, shown do
    right[position] = is_number(list, position)
  end
  for index = 0, #list do
    local line, blank = {}, ""
    for position = 1, shown do
      local cell = width.fit(cells[index][position], widths[position])
      local space = (" "):rep(widths[position] - width.of(cell))
      cell = paint(index == 0 and "heading" or colour.meaning(cell), cell)
      if right[position] then
        line[#line + 1] = blank .. space .. cell
        blank = ""
      elseif cell == "" then
        blank = blank .. space
      else
        line[#line + 1] = blank .. cell
        blank = space
      end
      blank = blank .. (" "):rep(GAP)
    end
    lines[index + 1] = table.concat(line) .. "\n"
  end
  return table.concat(lines), shown
end

-- One thing: a line for each of its fields, long values over several.
local function record(columns, row, room, paint)
  local label, lines = 0, {}
  for _, field in ipairs(columns) do
    label = math.max(label, width.of(heading(field)))
  end
  for position, field in ipairs(columns) do
    local name, rest = heading(field), printable(row[position])
    repeat
      local part
      part, rest = width.split(rest, math.max(room - label - GAP, LEAST))
      local space = (" "):rep(label + GAP - width.of(name))
      local line = paint("heading", name) .. (part == "" and "" or space .. paint(colour.meaning(part), part))
      lines[#lines + 1] = line .. "\n"
      name = ""
    until rest == ""
  end
  return table.concat(lines)
end

--- A table: a line of headings, a line per row, none with spaces at its end.
-- @param columns  array of the API's field names
-- @param list     array of rows, each with a value per column
-- @param options  width = columns there is room for (default: no limit); long cells are cut, then the last columns left
--   out; paint of cmr.cli.colour; record = true: the one row is shown with a line per field
-- @return the text, a newline at the end of each line; how many columns are in it
return function(columns, list, options)
  options = options or {}
  local room, paint = options.width or math.huge, options.paint or function(_, cell)
    return cell
  end
  if options.record then return record(columns, list[1], room, paint), #columns end
  return lay_out(columns, list, room, paint)
end
