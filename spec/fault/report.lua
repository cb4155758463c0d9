--- Makes the text of docs/maintainers/faults.md from what the rows expect, so it is the same on every machine.

local report = {}

local HEAD = [[
# Faults

This page shows how a call ends after each fault: the kind of the error, the HTTP status if there is one, the outcome,
and the number of attempts. The specs in `spec/fault` play every row and write this page to `build/5.4/faults.md`. `make
test` compares that file with this page. The last column shows the results that differ with newer versions of libcurl.

In these rows, the client makes at most one retry (`retries = 1`; the default is 2). The client accepts answers of at
most 64 KiB (`max_response`). After each fault, the next call succeeds. The specs count the requests at the server: a
POST with the outcome `unknown` never arrives twice.

The column "Ends" says when an attempt ends. *At once* means that the attempt ends before its timeouts. If a timeout
ends the attempt, the column shows its name: `connect_timeout` or `attempt_timeout`. `timeout` limits the whole call,
including the waits between its attempts. No call exceeds these timeouts by more than 50 ms. No step of the engine takes
more than 20 ms.

One fault is not in the rows: an HTTP/2 server with a valid certificate floods its client with empty frames. As long as
empty frames arrive, libcurl reads them without a pause.

After a TLS handshake, *closed* means that the server sends `close_notify` before it ends the connection. *Cut* means
that the server ends the connection without `close_notify`.
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
