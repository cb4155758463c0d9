---The files that a bulk run writes for its user: the results and the failures.

local arguments = require "cmr.cli.arguments"
local columns = require "cmr.cli.bulk.columns"
local core = require "cmr.core"
local csv = require "cmr.cli.csv"
local io = require "cmr.cli.io"
local pretty_json = require "cmr.cli.pretty_json"
local text = require "cmr.util.text"

local outputs = {}

local Results = {}
Results.__index = Results
Results.__name = "cmr.cli.bulk.results"

local Failures = {}
Failures.__index = Failures
Failures.__name = "cmr.cli.bulk.failures"

local FAILURE_FIELDS = { "kind", "outcome", "message", "row" }

-- The arguments that tell a reader which row it was: scalars without passwords.
local function public_scalars(args)
  local scalars = {}
  for name, value in pairs(args) do
    local is_scalar = type(value) == "string" or type(value) == "number" or type(value) == "boolean"
    if is_scalar and not arguments.secret(name) then scalars[name] = value end
  end
  return scalars
end

---Opens the results: JSON lines {"row":17,"input":{...},"answer":{...}}, or "error" in place of "answer". Raises a
---mistake.
---@param path string "-" is standard output
---@param append boolean whether earlier results stay in the file
function outputs.results(path, append, system)
  if path == "-" then return setmetatable({ system = system }, Results) end
  local file, message = io.system.open(path, append and "ab" or "wb")
  if not file then io.usage("option '--results': %s", message) end
  return setmetatable({ system = setmetatable({ stdout = file }, { __index = system }), file = file }, Results)
end

---Writes a result. Raises as io.write does.
---@param answer table?
---@param err table?
function Results:add(row, answer, err)
  local result = { row = row.number, input = public_scalars(row.args), answer = answer }
  if err then
    result.error = {
      kind = err.kind,
      outcome = err.outcome,
      status = err.status,
      message = err.message,
      body = err.body,
      retry_after = err.retry_after,
    }
  end
  io.write(self.system, pretty_json.encode(result, { compact = true }) .. "\n")
end

function Results:close()
  if self.file then self.file:close() end
end

-- The values of the columns that are not of an earlier run's failures.
local function without_own(header, values)
  local list = {}
  for index, name in ipairs(header) do
    if not columns.is_own(name) then list[#list + 1] = values[index] end
  end
  return list
end

local function csv_line(header, row, fields)
  local cells = without_own(header, row.cells)
  for index, name in ipairs(FAILURE_FIELDS) do
    table.insert(cells, index, fields[name])
  end
  return csv.write(cells, {})
end

-- The object as it was written, with cmr's members in front. Quotes inside a message are escaped, so the members of an
-- earlier run end at the first "cmr.row".
local function json_line(_, row, fields)
  local members = {}
  for index, name in ipairs(FAILURE_FIELDS) do
    local value = fields[name]
    if type(value) == "string" then value = text.utf8(value) end
    members[index] = ("%s:%s"):format(core.json_encode(columns.own(name)), core.json_encode(value))
  end
  local rest = row.json:gsub('^{"cmr%.kind":.-"cmr%.row":%d+,?', "{"):match "^%s*{%s*(.-)%s*$"
  return "{" .. table.concat(members, ",") .. (rest == "}" and "" or ",") .. rest .. "\n"
end

---Opens the failures: the rows that failed in the input's own format, so that they can be the next input. The reasons
---are in columns or members that begin with "cmr.". The text goes into PATH.part, because PATH may be the input. Raises
---a mistake.
function outputs.failures(path, input)
  local part = path .. ".part"
  local ok, message = core.write_private(part, "") -- rows may hold passwords
  local file
  if ok then
    file, message = io.system.open(part, "r+b")
  end
  if not file then io.usage("option '--failures': %s", message) end
  local self = setmetatable({ file = file, path = path, header = input.header }, Failures)
  self.format_line = input.header and csv_line or json_line
  if input.header then
    local names = without_own(input.header, input.header)
    for index, name in ipairs(FAILURE_FIELDS) do
      table.insert(names, index, columns.own(name))
    end
    self:write(csv.write(names, {}))
  end
  return self
end

function Failures:write(line)
  local _, message = self.file:write(line)
  self.problem = self.problem or message
end

---Writes a row that failed.
---@param failure table {kind, outcome, message}
function Failures:add(row, failure)
  local fields = { kind = failure.kind, outcome = failure.outcome, message = failure.message, row = row.number }
  self:write(self.format_line(self.header, row, fields))
end

---Ends the failures: PATH.part becomes PATH.
---@param keep_part boolean true: it stays PATH.part, and self.path says so
---@return string? message why it could not be written
function Failures:close(keep_part)
  local _, message = self.file:close()
  message = self.problem or message
  if keep_part then
    self.path = self.path .. ".part"
  elseif not message then
    _, message = os.rename(self.path .. ".part", self.path)
  end
  return message
end

return outputs
