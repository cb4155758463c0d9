---The input file of a bulk run: CSV with a header, or JSON lines. A run reads the file several times, as a stream.

local core = require "cmr.core"
local csv = require "cmr.cli.csv"
local io = require "cmr.cli.io"
local text = require "cmr.util.text"

local input = {}

local Input = {}
Input.__index = Input
Input.__name = "cmr.cli.bulk.input"

local CHUNK_BYTES = 65536
local RUN_COLUMN = "cmr.run" -- the column of a failures file that names the run
local NAMES = { [","] = "a comma", [";"] = "a semicolon", ["\t"] = "a tab" }
local UTF8_MARK = "^\239\187\191"

-- Copies a stream into a temporary file without a name, because the run reads its input several times.
local function spool(stream)
  local copy = assert(io.system.tmpfile())
  repeat
    local chunk, message = stream:read(CHUNK_BYTES)
    if message then io.usage("the input cannot be read (%s)", message) end
    assert(copy:write(chunk or ""))
  until not chunk
  return copy
end

local function line_reader(file)
  local next_line, number = io.line_reader(file), 0
  return function()
    local line, message = next_line()
    if message then io.usage("the input cannot be read (%s)", message) end
    number = number + 1
    if number == 1 and line then
      line = line:gsub(UTF8_MARK, "")
      if line:find "^\255\254" or line:find "^\254\255" then io.usage "the input is UTF-16: save it as UTF-8" end
    end
    if line and text.utf8(line) ~= line then io.usage("line %d is not UTF-8: save the input as UTF-8", number) end
    return line
  end
end

-- Returns the records of a CSV file. Skips a first line that only names the separator, such as "sep=;".
local function csv_records(file, separator, is_declared)
  local lines = line_reader(file)
  local skipped = is_declared and lines() ~= nil and 1 or 0
  local records = csv.records(lines, separator)
  return function()
    local cells, line = records()
    return cells, line and line + skipped
  end
end

local function csv_rows(self)
  local header, records, number = self.header, csv_records(self.file, self.separator, self.is_declared), 0
  records() -- skips the header
  local run_column
  for index, name in ipairs(header) do
    if name == RUN_COLUMN then run_column = index end
  end
  return function()
    local cells, line = records()
    if not cells then return nil end
    number = number + 1
    if #cells ~= #header then
      io.usage(
        "line %d: %d cells under a header of %d: %s too many or too few?",
        line,
        #cells,
        #header,
        NAMES[self.separator] or "a separator"
      )
    end
    return { number = number, line = line, cells = cells, run = run_column and cells[run_column] }
  end
end

local function jsonl_rows(file)
  local lines, number, line = line_reader(file), 0, 0
  return function()
    local json
    repeat
      json, line = lines(), line + 1
    until not json or json:find "%S"
    if not json then return nil end
    number = number + 1
    local object, message = core.json_decode(json, true)
    if type(object) ~= "table" or not json:find "^%s*{" then
      io.usage("line %d: a JSON object expected%s", line, object == nil and (" (%s)"):format(message) or "")
    end
    local run = object[RUN_COLUMN]
    if run and type(run) ~= "string" then io.usage("line %d: '%s' names no run", line, RUN_COLUMN) end
    return { number = number, line = line, json = json, object = object, run = run }
  end
end

---Opens the input. Raises a mistake if the input is not usable.
---@param path string "-" is standard input
---@param format "csv"|"jsonl"|nil Default: the first character decides.
---@param separator string? Default: the first line decides.
---@return table input Has `format`. For CSV, also has `separator` and `header`, which is a list of names.
function input.open(path, format, system, separator)
  local file = system.stdin
  if path ~= "-" then
    local opened, message = system.open(path, "rb")
    if not opened then io.usage("option '--from': cannot read %s", message) end
    file = opened
  end
  if not file:seek "set" then file = spool(file) end
  local self = setmetatable({ file = file }, Input)
  file:seek "set"
  local start, message = file:read(1024)
  if message then io.usage("option '--from': cannot read %s (%s)", path, message) end
  local first = (start or ""):gsub(UTF8_MARK, ""):match "%S"
  if not first then io.usage("option '--from': %s is empty", path) end
  if not format and first == "[" then
    io.usage "the input is a JSON array: one object a line is expected, as jq -c '.[]' writes them"
  end
  self.format = format or first == "{" and "jsonl" or "csv"
  file:seek "set"
  if self.format == "csv" then
    local found, is_declared = csv.separator(line_reader(file)() or "")
    self.separator, self.is_declared = separator or found, is_declared
    file:seek "set"
    self.header = csv_records(file, self.separator, is_declared)()
    if not self.header then io.usage("option '--from': %s has no header", path) end
    for index, name in ipairs(self.header) do
      self.header[index] = name:match "^%s*(.-)%s*$"
    end
  end
  return self
end

---Iterates over the rows from the beginning. Raises a mistake for a line that is not in the input's format.
---@return fun(): table? row Has number (from 1), line and run; for CSV also cells, for JSON lines also json and object
function Input:rows()
  self.file:seek "set"
  if self.format == "csv" then return csv_rows(self) end
  return jsonl_rows(self.file)
end

---Returns whether a path names the input file.
function Input:is_at(path)
  return core.same_file(self.file, path)
end

function Input:close()
  self.file:close()
end

return input
