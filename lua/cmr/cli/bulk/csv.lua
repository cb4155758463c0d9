--- CSV as RFC 4180 has it, a record at a time: quotes, line ends inside them, CRLF or LF. A fault is raised as
-- {usage = message}: after one nothing says any more where a record begins.

local io = require "cmr.cli.io"

local M = {}

local LONGEST = 1048576 -- bytes of a record; a longer one has a quote that nothing closes
local QUOTE, COMMA = 34, 44

local function wrong(line, message)
  io.usage("line %d: %s", line, message)
end

-- The quoted cell at a place, and the place behind it. Its quotes are even in number, so that it ends.
local function quoted(record, at)
  local parts = {}
  local piece, after = record:match('^"([^"]*)"()', at)
  while record:byte(after) == QUOTE do
    parts[#parts + 1] = piece .. '"'
    piece, after = record:match('^"([^"]*)"()', after)
  end
  parts[#parts + 1] = piece
  return table.concat(parts), after
end

local function odd_quotes(line)
  return line:find('"', 1, true) ~= nil and select(2, line:gsub('"', "")) % 2 == 1
end

local function split(record, line)
  local cells, at = {}, 1
  repeat
    local cell
    if record:byte(at) == QUOTE then
      cell, at = quoted(record, at)
      if record:find("^[^,]", at) then wrong(line, "there is text behind a closing quote") end
    else
      cell, at = record:match("^([^,]*)()", at)
      if cell:find('"', 1, true) then wrong(line, "a quote inside a cell that has none around it") end
    end
    cells[#cells + 1] = cell
    local more = record:byte(at) == COMMA
    at = at + 1
  until not more
  return cells
end

--- The records of a file; empty lines are none.
-- @param next_line  function() -> line without its LF, or nil; function() -> text, number of its first line
-- @return function() -> array of cells, the line it begins at; nil at the end
function M.records(next_line)
  local number = 0
  local function read()
    local line = next_line()
    if line then number = number + 1 end
    return line
  end
  return function()
    local record
    repeat
      record = read()
    until not record or not record:find "^\r?$"
    if not record then return nil end
    local first = number
    local lines, length, open = { record }, #record, odd_quotes(record)
    while open do
      local more = length <= LONGEST and read()
      if not more then wrong(first, "a quote is opened and not closed") end
      lines[#lines + 1], length = more, length + #more
      if odd_quotes(more) then open = false end
    end
    record = table.concat(lines, "\n")
    if record:find "%z" then wrong(first, "it has a NUL byte: the text must be UTF-8") end
    return split((record:gsub("\r$", "")), first), first
  end
end

return M
