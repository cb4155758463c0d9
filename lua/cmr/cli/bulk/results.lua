--- The answers of a bulk run as JSON lines: {"row":17,"input":{...},"answer":{...}}, or error in the place of answer.

local arguments = require "cmr.cli.arguments"
local json = require("cmr.cli.pretty_json").encode
local io = require "cmr.cli.io"

local M = {}

local Results = {}
Results.__index = Results

-- What names the row to a reader: its own scalars, without passwords.
local function shown(given)
  local input = {}
  for name, value in pairs(given) do
    local scalar = type(value) == "string" or type(value) == "number" or type(value) == "boolean"
    if scalar and not arguments.secret(name) then input[name] = value end
  end
  return input
end

--- @param path    "-" is standard output
-- @param append  whether earlier results in the file stay
-- Raises {usage = message}.
function M.new(path, append, system)
  if path == "-" then return setmetatable({ system = system }, Results) end
  local file, why = io.system.open(path, append and "ab" or "wb")
  if not file then io.usage("option '--results': %s", why) end
  return setmetatable({ system = setmetatable({ stdout = file }, { __index = system }), file = file }, Results)
end

--- Raises as io.write does.
function Results:add(row, answer, err)
  local line = { row = row.number, input = shown(row.arguments), answer = answer }
  if err then
    line.error = {
      kind = err.kind,
      outcome = err.outcome,
      status = err.status,
      message = err.message,
      body = err.body,
      retry_after = err.retry_after,
    }
  end
  io.write(self.system, json(line, { compact = true }) .. "\n")
end

function Results:close()
  if self.file then self.file:close() end
end

return M
