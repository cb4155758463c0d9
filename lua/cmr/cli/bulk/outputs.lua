---The files that a bulk run writes for its user: the results and the failures.

local core = require "cmr.core"
local csv = require "cmr.cli.csv"
local io = require "cmr.cli.io"
local pretty_json = require "cmr.cli.pretty_json"
local redact = require "cmr.util.redact"
local row_arguments = require "cmr.cli.bulk.row_arguments"
local text = require "cmr.util.text"

local outputs = {}

local Results = {}
Results.__index = Results
Results.__name = "cmr.cli.bulk.results"

local Failures = {}
Failures.__index = Failures
Failures.__name = "cmr.cli.bulk.failures"

local ERROR_FIELDS = { "kind", "outcome", "status", "message", "body", "retry_after" }
local PART = ".part" -- cmr writes the failures into PATH.part, and then renames this file to PATH
local FAILURE_FIELDS = { "kind", "outcome", "message", "run", "row" }

-- Splits a path into its directory and its name. The path has no link at its end.
local function split(path)
  local directory, name = path:match "^(.*/)([^/]*)$"
  return directory or ".", name or path
end

-- Takes two paths that do not end in a link. Returns whether they name the same file. The file need not exist.
local function is_same(one, other)
  local directory, name = split(one)
  local other_directory, other_name = split(other)
  if name ~= other_name then return false end
  local opened = io.system.open(directory, "rb")
  local result = opened ~= nil and core.same_file(opened, other_directory)
  if opened then opened:close() end
  return result
end

---Raises a mistake if the files get in each other's way. `failures` is a path, here called PATH. cmr first writes the
---failures into PATH.part.
---    `results` is PATH or PATH.part   a mistake
---    the input is PATH.part           a mistake
---    the input is PATH                allowed
---@param results string?
---@param failures string?
function outputs.check_paths(results, failures, input)
  local target, kind
  if failures then
    target, kind = core.link_target(failures)
  end
  if not target or kind == "other" then return end
  if input:is_at(target .. PART) then io.usage "option '--from' names a file that '--failures' needs" end
  results = results and results ~= "-" and core.link_target(results)
  if not results then return end
  if is_same(results, target) then io.usage "options '--results' and '--failures' name the same file" end
  if is_same(results, target .. PART) then io.usage "option '--results' names a file that '--failures' needs" end
end

---Opens the file of results. A line of the file is {"row":17,"input":{...},"answer":{...}}. If the row failed, the line
---has "error" in place of "answer". Raises a mistake if it cannot open the file.
---@param path string "-" is standard output
function outputs.results(path, append, system)
  if path == "-" then return setmetatable({ system = system }, Results) end
  local _, kind = core.link_target(path)
  if not kind then core.write_private(path, "") end -- only the user may read the answers
  local file, message = io.system.open(path, append and "ab" or "wb")
  if not file then io.usage("option '--results': %s", message) end
  return setmetatable({ system = setmetatable({ stdout = file }, { __index = system }), file = file }, Results)
end

---Writes a result. Raises the same failures as io.write.
function Results:add(row, answer, err)
  local result = { row = row.number, input = redact.copy(row.args, {}), answer = answer }
  if err then
    result.error = {}
    for _, name in ipairs(ERROR_FIELDS) do
      result.error[name] = err[name]
    end
  end
  io.write(self.system, pretty_json.encode(result, { compact = true }) .. "\n")
end

function Results:close()
  if self.file then self.file:close() end
end

-- Returns the values of the user's columns. Omits the columns that cmr adds to a failures file, such as "cmr.message".
local function without_reserved(header, values)
  local list = {}
  for index, name in ipairs(header) do
    if not row_arguments.is_reserved(name) then list[#list + 1] = values[index] end
  end
  return list
end

local function csv_line(header, row, fields, separator)
  local cells = without_reserved(header, row.cells)
  for index, name in ipairs(FAILURE_FIELDS) do
    table.insert(cells, index, fields[name])
  end
  return csv.write(cells, {}, { separator = separator })
end

-- Returns the original text of the object, with cmr's members in front. They replace the members of an earlier run.
local function json_line(_, row, fields)
  local members = {}
  for index, name in ipairs(FAILURE_FIELDS) do
    local value = fields[name]
    if type(value) == "string" then value = text.utf8(value) end
    members[index] = ("%s:%s"):format(core.json_encode(row_arguments.reserved(name)), core.json_encode(value))
  end
  -- If the input is a failures file, its rows begin with cmr's members, and the last of them is "cmr.row". The pattern
  -- cannot find "cmr.row" inside a message, because JSON escapes the quotes there.
  local rest = row.json:gsub('^{"cmr%.kind":.-"cmr%.row":%d+,?', "{"):match "^%s*{%s*(.-)%s*$"
  return "{" .. table.concat(members, ",") .. (rest == "}" and "" or ",") .. rest .. "\n"
end

-- Opens PATH.part, which Failures:close renames later. If PATH is a device or a pipe, opens PATH itself, because no
-- file may replace a device or a pipe. Returns:
--   for PATH.part            the file, and the path to which Failures:close renames PATH.part
--   for a device or a pipe   the file
--   after a failure          nil, and a message as the third value
local function open_failures(path)
  local target, kind = core.link_target(path) -- if PATH is a symbolic link, its target is replaced, and not the link
  if not target then return nil, nil, kind end
  if kind == "other" then
    local file, message = io.system.open(path, "wb")
    return file, nil, message
  end
  local ok, message = core.write_private(target .. PART, "") -- rows may contain passwords
  if not ok then return nil, nil, message end
  local file
  file, message = io.system.open(target .. PART, "r+b")
  return file, target, message
end

---Opens the file of failures. The file gets the rows that failed or are deferred, in the format of the input, so that
---the next run can read the file. The reasons are in columns or members such as "cmr.message"; "cmr.run" names the run.
---cmr writes PATH.part first, because PATH may be the input. If PATH is a device or a pipe, cmr writes there directly.
---Raises a mistake if it cannot write the file.
function outputs.failures(path, input, run_name)
  local file, target, message = open_failures(path)
  if not file then io.usage("option '--failures': %s", message) end
  local self = {
    file = file,
    path = path,
    target = target,
    header = input.header,
    separator = input.separator,
    run_name = run_name or "",
    count = 0,
  }
  setmetatable(self, Failures)
  self.format_line = input.header and csv_line or json_line
  if input.header then
    local names = without_reserved(input.header, input.header)
    for index, name in ipairs(FAILURE_FIELDS) do
      table.insert(names, index, row_arguments.reserved(name))
    end
    self:write(csv.write(names, {}, { separator = self.separator }))
  end
  return self
end

function Failures:write(line)
  local _, message = self.file:write(line)
  self.problem = self.problem or message
end

---Writes a row that failed or is deferred.
function Failures:add(row, failure)
  local fields = { kind = failure.kind, outcome = failure.outcome, message = failure.message, row = row.number }
  fields.run = self.run_name
  self.count = self.count + 1
  self:write(self.format_line(self.header, row, fields, self.separator))
end

---Closes the file of failures and renames PATH.part to PATH. With keep_part, sets self.path to PATH.part instead. The
---caller sets keep_part if PATH is also the input and is still needed. Returns a message if the file could not be
---written.
function Failures:close(keep_part)
  local _, message = self.file:close()
  message = self.problem or message
  if keep_part then
    self.path = self.target .. PART
  elseif self.target and not message then
    _, message = os.rename(self.target .. PART, self.target)
  end
  return message
end

return outputs
