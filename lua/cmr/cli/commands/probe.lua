--- cmr probe: the live API against our assumptions.

local output = require "cmr.cli.output"
local io = require "cmr.cli.io"

local M = {}

local details = [[
Makes some 25 requests, all of them reads, one of them with a wrong key. The
report has no key and no values in it, and can be pasted into an issue as it is;
--output gives its facts as data, json all of it.

Exit status: 0 nothing is contradicted; 1 something is, or the API could not be
reached; 2 the command line is wrong, nothing was sent.]]

function M.arguments(command)
  command:argument("USER_ID"):target(".userId"):args("?"):description "Whose things to look at (default: anybody's)."
  command:epilog(details)
end

local function facts(_, answer)
  local list = {}
  for index, fact in ipairs(answer.data) do
    list[index] = { fact.verdict, fact.id, fact.source, fact.expected, fact.found }
  end
  return { "verdict", "id", "source", "expected", "found" }, list
end

function M.run(given, system, version)
  if given[".userId"] == "" then io.usage "argument USER_ID is empty" end
  local client = require("cmr.cli.request").client(given, system, io.reader(system))
  local report = require("cmr.probe").run(client, given[".userId"])
  if given.output or given.field then
    local whole = given.field or given.output == "json"
    output.show(whole and report or { data = report.facts }, given, system, {
      empty = function()
        return "[]"
      end,
      rows = facts,
    })
  else
    io.write(system, require("cmr.probe.report").text(report, version():sub(1, -2)))
  end
  return report.counts.contradicted == 0 and 0 or 1
end

return M
