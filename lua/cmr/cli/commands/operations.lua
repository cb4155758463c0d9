---cmr operations: prints the table of the API's operations.

local arguments = require "cmr.cli.arguments"
local output = require "cmr.cli.output"

local operations = {
  epilog = "Prints a table, unless --output asks for another form; json and jsonl have the operations with their "
    .. "parameters. An operation whose path or method is unknown runs only if CMR_ENDPOINTS supplies it.",
}

local COLUMNS = { "name", "method", "path", "summary" }

function operations.run(parsed, system)
  local list = require "cmr.operations"
  local answer = parsed.output == "json" and not parsed.field and list or { data = list }
  output.rows(answer, parsed, system, COLUMNS, function(operation)
    local summary, missing = operation.summary or operation.title, arguments.undocumented(operation)
    if missing then summary = ("%s [%s unknown: cannot run yet]"):format(summary, missing) end
    return {
      arguments.command(operation.name),
      operation.method or "?",
      operation.path or "?",
      arguments.spelled(summary),
    }
  end)
  return 0
end

return operations
