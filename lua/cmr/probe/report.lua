---Writes the probe's report as Markdown, or as a summary for a terminal. Pure.

local text = require "cmr.util.text"
local wrapping = require "cmr.util.wrapping"

local report = {}

local SECTIONS = {
  { verdict = "contradicted", title = "Contradicted", label = "Seen" },
  { verdict = "confirmed", title = "Confirmed", label = "Seen" },
  { verdict = "not seen", title = "Not seen", label = "Reason" },
}

local COUNTS = "\n%d confirmed, %d contradicted, %d not seen, %d discoveries.\n"

-- Returns the names of operations in the spelling of the command.
local function commands(names)
  return (table.concat(names, ", "):gsub("_", "-"))
end

---Returns a report of probe.run as Markdown. `version` is the line that `cmr --version` prints.
function report.text(result, version)
  local lines = {}
  local function add(format, ...)
    lines[#lines + 1] = format:format(...)
  end

  add "# Report of cmr probe\n"
  local api = result.production and "the production API" or "an API that is not the production API"
  add("%s. %d requests, all of them reads, to %s.", version, #result.requests, api)
  add "Each line has the name of a fact, its source, what cmr expects, and what was seen."
  for _, section in ipairs(SECTIONS) do
    local is_first = true
    for _, fact in ipairs(result.facts) do
      if fact.verdict == section.verdict then
        if is_first then add("\n## %s\n", section.title) end
        is_first = false
        add("- `%s` (%s): %s. %s: %s.", fact.id, fact.source, fact.expected, section.label, fact.found)
      end
    end
  end

  add "\n## Discoveries\n"
  for _, discovery in ipairs(result.discoveries) do
    add("- `%s`: %s.", discovery.id, discovery.found)
  end

  add "\n## Not tried\n"
  add("- Not documented: %s.", commands(result.untried.undocumented))
  for _, skipped in ipairs(result.untried.skipped) do
    add("- %s: %s.", commands { skipped.operation }, skipped.reason)
  end
  add("- Not a read: %s.", commands(result.untried.acting))

  local counts = result.counts
  add(COUNTS, counts.confirmed, counts.contradicted, counts.not_seen, counts.discoveries)
  add [[
This report holds no key, id, address, name or other value of yours. Please paste it into an issue of cmr, above all
when something is contradicted.]]
  return table.concat(lines, "\n") .. "\n"
end

-- Returns the names of the facts that have this verdict.
local function names_of(result, verdict)
  local names = {}
  for _, fact in ipairs(result.facts) do
    if fact.verdict == verdict then names[#names + 1] = fact.id end
  end
  return names
end

---Returns the report for a person at a terminal. The report shows the contradicted facts in full, the names of the
---facts that were not seen, and how many facts are confirmed.
---@param columns integer The width of the terminal.
---@return string
function report.summary(result, columns)
  local lines, counts = {}, result.counts
  local function add(line, indent)
    lines[#lines + 1] = wrapping.lines(text.printable(line), columns, indent or 0)
  end
  local api = result.production and "the production API" or "an API that is not the production API"
  add(("%d requests, all of them reads, to %s."):format(#result.requests, api))
  add(
    ("%d facts are confirmed, %d contradicted, %d not seen."):format(
      counts.confirmed,
      counts.contradicted,
      counts.not_seen
    )
  )
  for _, fact in ipairs(result.facts) do
    if fact.verdict == "contradicted" then
      if #lines == 2 then lines[3] = "\nContradicted:" end
      add(("   %s: expected: %s; seen: %s"):format(fact.id, fact.expected, fact.found), 6)
    end
  end
  local unseen = names_of(result, "not seen")
  if unseen[1] then
    lines[#lines + 1] = ""
    add("Not seen: " .. table.concat(unseen, ", "), 3)
  end
  lines[#lines + 1] = ""
  add(
    (
      "--output markdown prints the whole report, with %d discoveries, to paste into an issue; --output table prints "
      .. "every fact."
    ):format(counts.discoveries)
  )
  return table.concat(lines, "\n") .. "\n"
end

return report
