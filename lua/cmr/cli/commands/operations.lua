---cmr operations: the operations table.

local output = require "cmr.cli.output"

local operations = {}

function operations.arguments(command)
  command:epilog "A table, unless --output asks for another form; json and jsonl have the rows with their parameters."
end

local function tabulated(_, answer)
  local rows = {}
  for index, operation in ipairs(answer.data) do
    rows[index] =
      { operation.name, operation.method or "?", operation.path or "?", operation.summary or operation.title }
  end
  return { "name", "method", "path", "summary" }, rows
end

local function empty(key)
  return key == "flags" and "{}" or "[]"
end

function operations.run(parsed, system)
  local list = require "cmr.operations"
  local answer = parsed.output == "json" and not parsed.field and list or { data = list }
  output.show(answer, parsed, system, { default = "table", rows = tabulated, empty = empty })
  return 0
end

return operations
