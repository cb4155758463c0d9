--- The file of a bulk run: CSV with a header, or JSON lines, read as a stream and as often as it takes.

local core = require "cmr.core"
local csv = require "cmr.cli.bulk.csv"
local utf8 = require("cmr.util.text").utf8

local M = {}

local Input = {}
Input.__index = Input

local function wrong(message, ...)
  error({ usage = message:format(...) }, 0)
end

-- What cannot be read twice is kept in a file without a name. All of it is there before the first request leaves: a
-- slow writer would hold up the answers.
local function spool(file)
  local copy = assert(io.tmpfile())
  repeat
    local chunk, why = file:read(65536)
    if why then wrong("the input cannot be read (%s)", why) end
    assert(copy:write(chunk or ""))
  until not chunk
  return copy
end

local function next_line(file)
  local number = 0
  return function()
    local line, why = file:read "*l"
    if why then wrong("the input cannot be read (%s)", why) end
    number = number + 1
    if number == 1 and line then
      line = line:gsub("^\239\187\191", "")
      if line:find "^\255\254" or line:find "^\254\255" then wrong "the input is UTF-16: save it as UTF-8" end
    end
    if line and utf8(line) ~= line then wrong("line %d: it is not UTF-8: save the input as that", number) end
    return line
  end
end

local function csv_rows(self)
  local records, number = csv.records(next_line(self.file)), 0
  records() -- the header
  return function()
    local cells, line = records()
    if not cells then return nil end
    number = number + 1
    if #cells ~= #self.header then
      wrong("line %d: %d cells under a header of %d: a comma too many or too few?", line, #cells, #self.header)
    end
    return { number = number, line = line, cells = cells }
  end
end

local function jsonl_rows(self)
  local lines, number, line = next_line(self.file), 0, 0
  return function()
    local text
    repeat
      text, line = lines(), line + 1
    until not text or text:find "%S"
    if not text then return nil end
    number = number + 1
    local object, why = core.json_decode(text)
    if type(object) ~= "table" or not text:find "^%s*{" then
      wrong("line %d: a JSON object expected%s", line, object == nil and (" (%s)"):format(why) or "")
    end
    return { number = number, line = line, text = text, object = object }
  end
end

--- Opens it.
-- @param path    "-" is standard input
-- @param format  "csv", "jsonl" or nil: by the first character
-- @param world   see cmr.cli.io
-- @return input: format, header (array of names, of CSV), rows(), close(). Raises {usage = message}
function M.open(path, format, world)
  local file = world.stdin
  if path ~= "-" then
    local opened, why = world.open(path, "rb")
    if not opened then wrong("option '--from': cannot read %s", why) end
    file = opened
  end
  if not file:seek "set" then file = spool(file) end
  local self = setmetatable({ file = file }, Input)
  file:seek "set"
  local start, problem = file:read(1024)
  if problem then wrong("option '--from': cannot read %s (%s)", path, problem) end
  local opening = (start or ""):gsub("^\239\187\191", ""):match "%S"
  if not opening then wrong("option '--from': %s is empty", path) end
  if not format and opening == "[" then
    wrong "the input is a JSON array: one object a line is expected, as jq -c '.[]' writes them"
  end
  self.format = format or opening == "{" and "jsonl" or "csv"
  file:seek "set"
  if self.format == "csv" then
    self.header = csv.records(next_line(file))()
    for index, name in ipairs(self.header) do
      self.header[index] = name:match "^%s*(.-)%s*$"
    end
  end
  return self
end

--- The rows from the beginning: function() -> {number (from 1), line, cells of CSV, or text and object of JSON lines};
-- nil at the end. Raises {usage = message} where the file is not what its format says.
function Input:rows()
  self.file:seek "set"
  return (self.format == "csv" and csv_rows or jsonl_rows)(self)
end

--- Whether a path names the file it is read from.
function Input:is(path)
  return core.same_file(self.file, path)
end

function Input:close()
  self.file:close()
end

return M
