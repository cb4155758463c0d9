--- Makes docs/maintainers/faults.md from what the rows expect, so the text is the same on every machine.

local report = {}

local HEAD = [[
# Faults

What a call makes of each fault: the error's kind, its status where there was one, its outcome, and the attempts.
The specs in `spec/fault` play every row and write this page (as `build/5.4/faults.md`); `make test` compares the two.
The versions of libcurl differ in some rows: the last column has what is seen with the newer ones.

The client is allowed one retry here (`retries = 1`; the default is 2) and 64 KiB of answer (`max_response`). After
each row the engine is as usable as before, and the server has counted the requests: a POST that may have been done
(`unknown`) was never sent twice.

How long: *at once*, nothing is waited for; else each attempt ends with its `connect_timeout` or `attempt_timeout`.
Waits between attempts come on top, and `timeout` bounds the whole. No fault outlasts its bound by more than 50 ms, and
no step of the engine lasts over 20 ms.

Not among the rows: an HTTP/2 server with a valid certificate that floods its client with frames that carry nothing.
libcurl reads them in one go for as long as they come.
]]

local bounds = { connect = "`connect_timeout`", attempt = "`attempt_timeout`" }

local function cell(expected)
  if not expected then
    return "–"
  end
  local first, second = expected:match "^(.*) or (.*)$"
  if first then
    return "either " .. cell(first) .. ", or " .. cell(second)
  end
  local result = {}
  result.kind, result.outcome, result.attempts, result.status = expected:match "^(%S+) (%S+) (%d+) (%S+)"
  result.attempts, result.status = tonumber(result.attempts), tonumber(result.status)
  local times = result.attempts == 1 and "1 attempt" or result.attempts .. " attempts"
  local status = result.status and (" (%d)"):format(result.status) or ""
  if result.kind == "ok" then
    return ("success%s, %s"):format(status, times)
  end
  return ("%s%s, %s, %s"):format(result.kind, status, result.outcome, times)
end

--- Returns the page.
-- @tparam table sections see spec.fault.rows
-- @treturn string
function report.text(sections)
  local lines = { HEAD }
  for _, section in ipairs(sections) do
    table.insert(lines, "## " .. section.title .. "\n")
    table.insert(lines, "| Fault | GET | POST | Ends | With newer libcurls |")
    table.insert(lines, "|---|---|---|---|---|")
    for _, row in ipairs(section) do
      local ends, newer = bounds[row.bound] or "at once", row.newer
      local other = "the same"
      if newer then
        other = ("from %s on: GET: %s; POST: %s"):format(newer.since, cell(newer.GET), cell(newer.POST))
      end
      table.insert(lines, ("| %s | %s | %s | %s | %s |"):format(row[1], cell(row.GET), cell(row.POST), ends, other))
    end
    table.insert(lines, "")
  end
  return (table.concat(lines, "\n"))
end

return report
