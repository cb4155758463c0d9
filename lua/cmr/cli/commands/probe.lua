---cmr probe: compares the live API with our assumptions.

local io = require "cmr.cli.io"
local output = require "cmr.cli.output"

local probe = {}

probe.epilog = [[
Makes about 25 requests. All of them are reads, and one has a wrong key. The report
has no key and no values in it, so you can paste it into an issue. --output prints
its facts as data, and --output json prints all of it.

Exit status: 0 no fact is contradicted; 1 a fact is contradicted, or the API could not
be reached; 2 the command line is wrong, nothing was sent.]]

function probe.arguments(command)
  command:argument("USER_ID"):target(".userId"):args("?"):description "The user to read from (default: any)."
end

local COLUMNS = { "verdict", "id", "source", "expected", "found" }

function probe.run(parsed, system, version)
  if parsed[".userId"] == "" then io.usage "argument USER_ID is empty" end
  local client = require("cmr.cli.request").client(parsed, system, io.reader(system))
  local report, message, err = require("cmr.probe").run(client, parsed[".userId"])
  if not report then io[err.kind == "invalid_argument" and "usage" or "failure"]("%s", message) end
  if parsed.output or parsed.field then
    local answer = (parsed.field or parsed.output == "json") and report or { data = report.facts }
    output.rows(answer, parsed, system, COLUMNS, function(fact)
      return { fact.verdict, fact.id, fact.source, fact.expected, fact.found }
    end)
  else
    io.write(system, require("cmr.probe.report").text(report, version():sub(1, -2)))
  end
  return report.counts.contradicted == 0 and io.EXIT_OK or io.EXIT_FAILURE
end

return probe
