---cmr operations: prints the table of the API's operations.

local output = require "cmr.cli.output"

local operations = {
  epilog = "A table, unless --output asks for another form; json and jsonl have the rows with their parameters.",
}

local COLUMNS = { "name", "method", "path", "summary" }

function operations.run(parsed, system)
  local list = require "cmr.operations"
  local answer = parsed.output == "json" and not parsed.field and list or { data = list }
  output.rows(answer, parsed, system, COLUMNS, function(operation)
    return { operation.name, operation.method or "?", operation.path or "?", operation.summary or operation.title }
  end)
  return 0
end

return operations
