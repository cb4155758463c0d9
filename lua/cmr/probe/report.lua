--- A report as text, in Markdown. Pure.

local M = {}

local titles = {
  { "contradicted", "Contradicted" },
  { "confirmed", "Confirmed" },
  { "not seen", "Not seen" },
}

local function names(list)
  local commands = {}
  for index, name in ipairs(list) do
    commands[index] = (name:gsub("_", "-"))
  end
  return table.concat(commands, ", ")
end

local function untried(report, lines)
  lines[#lines + 1] = "\n## Not tried\n"
  lines[#lines + 1] = ("- Not documented, not tried: %s."):format(names(report.untried.undocumented))
  for _, entry in ipairs(report.untried.unasked) do
    lines[#lines + 1] = ("- %s: %s."):format(names { entry.operation }, entry.why)
  end
  lines[#lines + 1] = ("- No reads: %s."):format(names(report.untried.acting))
end

local function section(facts, verdict, title, lines)
  local first = true
  for _, fact in ipairs(facts) do
    if fact.verdict == verdict then
      if first then lines[#lines + 1] = ("\n## %s\n"):format(title) end
      first = false
      lines[#lines + 1] = ("- `%s` (%s): %s. %s: %s."):format(
        fact.id,
        fact.source,
        fact.expected,
        verdict == "not seen" and "Why not" or "Seen",
        fact.found
      )
    end
  end
end

--- The text of a report.
-- @param report   of cmr.probe.run
-- @param version  one line about the program
-- @return the text, a newline at its end
function M.text(report, version)
  local lines = {
    "# What the API says: cmr probe\n",
    ("%s. %d requests, all of them reads, to %s. Of each fact: where it is from, what is expected, what was seen."):format(
      version,
      #report.requests,
      report.production and "production" or "an API that is not production"
    ),
  }
  for _, title in ipairs(titles) do
    section(report.facts, title[1], title[2], lines)
  end
  lines[#lines + 1] = "\n## Discoveries\n"
  for _, discovery in ipairs(report.discoveries) do
    lines[#lines + 1] = ("- `%s`: %s."):format(discovery.id, discovery.found)
  end
  untried(report, lines)
  local counts = report.counts
  lines[#lines + 1] = ("\n%d confirmed, %d contradicted, %d not seen, %d discoveries.\n"):format(
    counts.confirmed,
    counts.contradicted,
    counts.not_seen,
    counts.discoveries
  )
  lines[#lines + 1] = [[
There is no key, id, address, name or other value of yours in this report. To help, paste it into an issue of cmr,
above all when something is contradicted.]]
  return table.concat(lines, "\n") .. "\n"
end

return M
