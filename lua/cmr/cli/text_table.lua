---Lays out columns and rows as aligned text. Pure.

local tables = require "cmr.util.tables"
local tabulate = require "cmr.cli.tabulate"
local colours = require "cmr.cli.colours"
local terminal = require "cmr.cli.terminal"
local text = require "cmr.util.text"

local text_table = {}

local GAP_COLUMNS = 2 -- the space between two cells
local MIN_CUT_COLUMNS = 10 -- if several columns are shown, no column is cut to less than this
local MAX_WHOLE_ID_COLUMNS = 40 -- ids up to this length, such as "ACT_" with a UUID, are not cut: people copy them

-- Returns the heading for a field: "connectedAt" -> "CONNECTED AT".
local function heading(field)
  return (field:gsub("([%l%d])(%u)", "%1 %2"):gsub("_", " "):upper())
end

-- Returns the text of a cell. A list of plain values becomes text such as "a, b". Any other value becomes the text of
-- tabulate.list_cell. A space replaces each character that controls a terminal.
local function cell_text(value)
  if not tables.is_list(value) then return text.printable(tabulate.list_cell(value)) end
  local items = {}
  for index, item in ipairs(value) do
    if type(item) == "table" then return text.printable(tabulate.cell(value)) end
    items[index] = tabulate.cell(item)
  end
  return text.printable(table.concat(items, ", "))
end

-- Lowers numbers in `widths`, so that more columns fit into the room. Returns how many columns fit.
local function narrow(columns, widths, room)
  local least, used, total, shown = {}, -GAP_COLUMNS, -GAP_COLUMNS, 0
  for index, natural in ipairs(widths) do
    local is_name = index == 1 or columns[index]:find "[iI]d$" -- people copy names and ids
    local id = is_name and natural <= MAX_WHOLE_ID_COLUMNS
    least[index] = id and natural or math.min(natural, MIN_CUT_COLUMNS)
    used = used + GAP_COLUMNS + least[index]
    if used > room and index > 1 then break end
    shown, total = index, total + GAP_COLUMNS + natural
  end
  while total > room do
    local widest
    for index = 1, shown do
      local spare = widths[index] > least[index]
      if spare and (not widest or widths[index] > widths[widest]) then widest = index end
    end
    if not widest then break end
    widths[widest] = widths[widest] - 1
    total = total - 1
  end
  if shown == 1 then widths[1] = math.min(widths[1], room) end
  return shown
end

-- Returns a text, and the number of its columns. The text has a line of headings, then one line for each row. Columns
-- of numbers are aligned to the right.
local function grid(columns, rows, room, paint)
  local widths, cells, numeric = {}, {}, {}
  for number = 0, #rows do
    cells[number] = {}
    for index, field in ipairs(columns) do
      local value = (rows[number] or {})[index]
      local cell = number == 0 and heading(field) or cell_text(value)
      if value ~= nil then numeric[index] = numeric[index] ~= false and type(value) == "number" end
      cells[number][index] = cell
      widths[index] = math.max(widths[index] or 0, terminal.width(cell))
    end
  end
  local shown = narrow(columns, widths, room)
  local lines = {}
  for number = 0, #rows do
    local line = {}
    for index = 1, shown do
      local cell = terminal.fit(cells[number][index], widths[index])
      local space = (" "):rep(widths[index] - terminal.width(cell))
      cell = paint(number == 0 and "heading" or colours.STYLES_OF_VALUES[cell], cell)
      line[index] = numeric[index] and space .. cell or cell .. space
    end
    lines[number + 1] = table.concat(line, (" "):rep(GAP_COLUMNS)):gsub(" +$", "") .. "\n"
  end
  return table.concat(lines), shown
end

-- Returns a text with one line for each field. A long value takes several lines.
local function record(columns, row, room, paint)
  local label_width, lines = 0, {}
  for _, field in ipairs(columns) do
    label_width = math.max(label_width, terminal.width(heading(field)))
  end
  for index, field in ipairs(columns) do
    local label, rest = heading(field), cell_text(row[index])
    repeat
      local part
      part, rest = terminal.split(rest, math.max(room - label_width - GAP_COLUMNS, MIN_CUT_COLUMNS))
      local space = (" "):rep(label_width + GAP_COLUMNS - terminal.width(label))
      local value = part == "" and "" or space .. paint(colours.STYLES_OF_VALUES[part], part)
      lines[#lines + 1] = paint("heading", label) .. value .. "\n"
      label = ""
    until rest == ""
  end
  return table.concat(lines)
end

---Lays out the columns and rows of tabulate.of: one line of headings, then one line for each row. No line ends with
---spaces.
---
---Long cells are cut to fit the width. If the cut cells do not fit either, the last columns are left out. The options
---are:
---  width   the maximum width of a line
---  paint   see colours.painter
---  record  true: there is only one row, and each of its fields gets a line
---@param opts table?
---@return string text
---@return integer shown The number of columns in the text.
function text_table.format(columns, rows, opts)
  opts = opts or {}
  local room, paint = opts.width or math.huge, opts.paint or colours.plain
  if opts.record then return record(columns, rows[1], room, paint), #columns end
  return grid(columns, rows, room, paint)
end

return text_table
