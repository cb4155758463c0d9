--- cmr operations: the table all else is made from.

local stream = require "cmr.cli.stream"

local M = {}

function M.arguments(command)
  command:epilog("A table unless --output json asks for the rows with their parameters.")
end

function M.run(given, world)
  local rows = require("cmr").operations
  if given.output == "json" then
    local function empty(key) return key == "flags" and "{}" or "[]" end
    stream.write(world, require("cmr.cli.json")(rows, {compact = given.compact, empty = empty}) .. "\n")
    return 0
  end
  local list = {}
  for index, row in ipairs(rows) do
    list[index] = {row.name, row.method or "?", row.path or "?", row.summary or row.title}
  end
  stream.write(world, require("cmr.cli.table")({"NAME", "METHOD", "PATH", "SUMMARY"}, list))
  return 0
end

return M
