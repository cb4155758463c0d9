--- The rows that failed, as a file of the input's own format that can be fed back. What happened stands in columns or
-- members that begin with "cmr.", which a run leaves out. It takes its place when it is complete: it may be the input.

local core = require "cmr.core"
local csv = require "cmr.cli.csv"
local io = require "cmr.cli.io"
local utf8 = require("cmr.util.text").utf8

local M = {}

local Failures = {}
Failures.__index = Failures

local NAMES = { "kind", "outcome", "message", "row" }

-- The columns of an earlier run's failures are not repeated.
local function own(header, cells)
  local kept = {}
  for index, name in ipairs(header) do
    if name:sub(1, 4) ~= "cmr." then kept[#kept + 1] = cells[index] end
  end
  return kept
end

local function csv_line(header, row, failure)
  local cells = own(header, row.cells)
  for index, name in ipairs(NAMES) do
    table.insert(cells, index, failure[name])
  end
  return csv(cells, {})
end

-- The object as it was written, with our members in front. A quote inside a message has a backslash before it, so that
-- those of an earlier run end at the first "cmr.row".
local function json_line(_, row, failure)
  local members = {}
  for index, name in ipairs(NAMES) do
    local value = failure[name]
    if type(value) == "string" then value = utf8(value) end
    members[index] = ("%s:%s"):format(core.json_encode("cmr." .. name), core.json_encode(value))
  end
  local rest = row.text:gsub('^{"cmr%.kind":.-"cmr%.row":%d+,?', "{"):match "^%s*{%s*(.-)%s*$"
  return "{" .. table.concat(members, ",") .. (rest == "}" and "" or ",") .. rest .. "\n"
end

--- @param path  of the file
-- @param input  of cmr.cli.bulk.input
-- Raises {usage = message}.
function M.new(path, input)
  local file
  local made, why = core.write_private(path .. ".part", "") -- rows may hold passwords
  if made then
    file, why = io.system.open(path .. ".part", "r+b")
  end
  if not file then io.usage("option '--failures': %s", why) end
  local self = setmetatable({ file = file, path = path, header = input.header }, Failures)
  self.line = input.header and csv_line or json_line
  if input.header then
    local names = own(input.header, input.header)
    for index, name in ipairs(NAMES) do
      table.insert(names, index, "cmr." .. name)
    end
    self:write(csv(names, {}))
  end
  return self
end

function Failures:write(text)
  local _, why = self.file:write(text)
  self.problem = self.problem or why
end

--- @param failure  {kind, outcome, message}
function Failures:add(row, failure)
  local shown = { kind = failure.kind, outcome = failure.outcome, message = failure.message, row = row.number }
  self:write(self.line(self.header, row, shown))
end

--- Ends it.
-- @param aside  true: it stays beside the file whose place it would take
-- @return nil, or why it could not be written
function Failures:close(aside)
  local _, why = self.file:close()
  why = self.problem or why
  if aside then
    self.path = self.path .. ".part"
  elseif not why then
    _, why = os.rename(self.path .. ".part", self.path)
  end
  return why
end

return M
