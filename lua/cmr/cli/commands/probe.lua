---cmr probe: compares the live API with cmr's assumptions.

local io = require "cmr.cli.io"
local output = require "cmr.cli.output"

local probe = {}

local MARKDOWN = "markdown"

probe.epilog = [[
Makes about 25 requests. All of them are reads, and one has a wrong key. On a
terminal it prints a summary. In a pipe, and with --output markdown, it prints the
whole report, which has no key and no values in it, so you can paste it into an
issue. --output json prints the whole report as data; jsonl, table and csv print only
its facts.

Exit status: 0 no fact is contradicted; 1 a fact is contradicted, or the API could not
be reached; 2 the command line is wrong, nothing was sent.]]

function probe.arguments(command)
  local formats = { (table.unpack or unpack)(output.FORMATS) }
  formats[#formats + 1] = MARKDOWN
  command
    :option("--output")
    :target("output")
    :choices(formats)
    :argname("{" .. table.concat(formats, ",") .. "}")
    :description "How to print (default: a summary; markdown in a pipe)."
  command:usage "Usage: cmr probe [-h] [<USER_ID>]"
  command:argument("USER_ID"):target(".userId"):args("?"):description "The user to read from (default: any)."
end

local COLUMNS = { "verdict", "id", "source", "expected", "found" }

function probe.run(parsed, system, version)
  if parsed[".userId"] == "" then io.usage "argument USER_ID is empty" end
  local client = require("cmr.cli.request").client(parsed, system, io.reader(system))
  local progress, requests = require("cmr.cli.progress").new(system), 0
  local function count()
    requests = requests + 1
    progress:show(("cmr: %d requests of about %d"):format(requests, #require("cmr.probe.plan").steps))
  end
  local watched = not parsed.verbose and client:with { on_response = count } or client
  local report, message, err = require("cmr.probe").run(watched, parsed[".userId"])
  progress:clear()
  if not report then io[err.kind == "invalid_argument" and "usage" or "failure"]("%s", message) end
  local columns = require("cmr.cli.terminal").columns(system)
  if parsed.output == MARKDOWN and not parsed.field or not (parsed.output or parsed.field or columns) then
    io.write(system, require("cmr.probe.report").text(report, version():sub(1, -2)))
  elseif parsed.output or parsed.field then
    local answer = (parsed.field or parsed.output == "json") and report or { data = report.facts }
    output.rows(answer, parsed, system, COLUMNS, function(fact)
      return { fact.verdict, fact.id, fact.source, fact.expected, fact.found }
    end)
  else
    io.write(system, require("cmr.probe.report").summary(report, columns))
  end
  return report.counts.contradicted == 0 and io.EXIT_OK or io.EXIT_FAILURE
end

return probe
