---Reads and writes CSV (RFC 4180). It writes lines that end with CRLF. It reads lines that end with CRLF or LF. A
---quoted cell may contain line breaks.

local io = require "cmr.cli.io"
local tabulate = require "cmr.cli.tabulate"
local text = require "cmr.util.text"

local csv = {}

local MAX_RECORD_BYTES = 1048576 -- in a longer record, a quote is probably not closed
local QUOTE = 34
local SEPARATORS = { ",", ";", "\t" } -- tried in this order in the header, outside quotes

local function quote(cell, separator)
  local is_plain = not cell:find '["\r\n]' and not cell:find(separator, 1, true)
  if is_plain and not cell:find "^%s" and not cell:find "%s$" then return cell end
  return '"' .. cell:gsub('"', '""') .. '"'
end

-- Changes a text so that a spreadsheet does not run it as a formula, as OWASP recommends.
local function guard(value, cell)
  return type(value) == "string" and cell:find "^[=+%-@\t\r]" and "'" .. cell or cell
end

---Returns a style for csv.lines: a table of two flags. If is_printable is true, as on a terminal, each cell passes
---through text.printable. If is_guarded is true, each cell passes through `guard`.
function csv.style(parsed, system)
  return { is_printable = system.terminal(system.stdout) ~= nil, is_guarded = parsed.guard_formulas }
end

---Returns rows as CSV text, without a header.
---@param rows any[][] One value for each column.
---@param style table? a style from csv.style
function csv.lines(columns, rows, style)
  style = style or {}
  local separator = style.separator or ","
  local lines = {}
  for index, row in ipairs(rows) do
    local cells = {}
    for position = 1, #columns do
      local cell = tabulate.list_cell(row[position])
      if style.is_guarded then cell = guard(row[position], cell) end
      cells[position] = quote(style.is_printable and text.printable(cell) or text.utf8(cell), separator)
    end
    lines[index] = table.concat(cells, separator) .. "\r\n"
  end
  return table.concat(lines)
end

---Returns a header and rows as CSV text.
function csv.write(columns, rows, style)
  return csv.lines(columns, { columns }, style) .. csv.lines(columns, rows, style)
end

-- Returns the quoted cell at an index, and the index after it. The caller made sure that the number of quotes is even,
-- so the cell is closed.
local function read_quoted(record, index)
  local parts = {}
  repeat
    parts[#parts + 1], index = record:match('^"([^"]*)"()', index)
  until record:byte(index) ~= QUOTE
  return table.concat(parts, '"'), index
end

local function has_open_quote(line)
  return line:find '"' ~= nil and select(2, line:gsub('"', "")) % 2 == 1
end

---Returns the separator of a file. Also returns whether the first line only declares the separator, as in "sep=;".
---@param line string the first line of the file
---@return string separator
---@return boolean is_declared
function csv.separator(line)
  local declared = line:match '^%s*[sS][eE][pP]=([^%w"])\r?$'
  if declared then return declared, true end
  local bare = line:gsub('"[^"]*"', "")
  for _, separator in ipairs(SEPARATORS) do
    if bare:find(separator) then return separator, false end
  end
  return ",", false
end

local function split(record, line_number, separator)
  local cells, index = {}, 1
  local unquoted, misplaced = "^([^%" .. separator .. "]*)()", "^[^%" .. separator .. "]"
  repeat
    local cell
    if record:byte(index) == QUOTE then
      cell, index = read_quoted(record, index)
      if record:find(misplaced, index) then io.usage("line %d: there is text after a closing quote", line_number) end
    else
      cell, index = record:match(unquoted, index)
      if cell:find '"' then io.usage("line %d: there is a quote inside an unquoted cell", line_number) end
    end
    cells[#cells + 1] = cell
    local is_last = record:byte(index) ~= separator:byte()
    index = index + 1
  until is_last
  return cells
end

local function is_blank(cells)
  for _, cell in ipairs(cells) do
    if cell:find "%S" then return false end
  end
  return true
end

---Iterates over records. Skips empty lines and records with only blank cells. Raises at the first fault, because after
---a fault the next record could begin anywhere.
---@param next_line fun(): string? Returns the next line without its LF, or nil at the end.
---@param separator string? No letter, digit or quote; default: a comma.
---@return fun(): string[]?, integer? next_record The cells, and the number of the record's first line; nil at the end.
function csv.records(next_line, separator)
  separator = separator or ","
  local number = 0
  local function read()
    local line = next_line()
    if line then number = number + 1 end
    return line
  end
  local function next_record()
    local record
    repeat
      record = read()
    until not record or not record:find "^\r?$"
    if not record then return nil end
    local first = number
    local lines, length, open = { record }, #record, has_open_quote(record)
    while open do
      local line = length <= MAX_RECORD_BYTES and read()
      if not line then io.usage("line %d: a quote is not closed", first) end
      lines[#lines + 1], length = line, length + #line
      if has_open_quote(line) then open = false end
    end
    record = table.concat(lines, "\n")
    if record:find "%z" then io.usage("line %d: it has a NUL byte: the text must be UTF-8", first) end
    return split((record:gsub("\r$", "")), first, separator), first
  end
  return function()
    local cells, first
    repeat
      cells, first = next_record()
    until not cells or not is_blank(cells)
    return cells, first
  end
end

return csv
