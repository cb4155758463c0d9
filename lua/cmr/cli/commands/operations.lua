--- cmr operations: the table all else is made from.

local output = require "cmr.cli.output"

local M = {}

function M.arguments(command)
  command:epilog "A table, unless --output asks for another form; json and jsonl have the rows with their parameters."
end

local function rows_of(_, answer)
  local list = {}
  for index, row in ipairs(answer.data) do
    list[index] = { row.name, row.method or "?", row.path or "?", row.summary or row.title }
  end
  return { "name", "method", "path", "summary" }, list
end

function M.run(given, system)
  local rows = require "cmr.operations"
  local about = { default = "table", rows = rows_of }
  function about.empty(key)
    return key == "flags" and "{}" or "[]"
  end
  local answer = given.output == "json" and not given.field and rows or { data = rows }
  output.show(answer, given, system, about)
  return 0
end

return M
