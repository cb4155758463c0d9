--- What -v tells on standard error: every attempt, what it cost, and why there was another.

local text = require "cmr.util.text"

local M = {}

local steps = { "resolved", "connected", "secured", "first_byte" }

local function timing(info)
  local parts = {}
  for _, step in ipairs(steps) do
    if info.timing and info.timing[step] then
      parts[#parts + 1] = ("%s %.3f"):format(step:gsub("_", " "), info.timing[step])
    end
  end
  return #parts > 0 and (" (%s)"):format(table.concat(parts, ", ")) or ""
end

local function attempt(info)
  local parts = {}
  if info.status then
    parts = { ("HTTP %d"):format(info.status), "HTTP/" .. info.http_version }
    parts[#parts + 1] = info.tls
    parts[#parts + 1] = info.reused and "connection used again" or "new connection"
  else
    parts[1] = info.err and ("no answer: %s"):format(info.err.kind) or "no answer"
  end
  return ("attempt %d: %s, %.3f s%s"):format(info.attempt, table.concat(parts, ", "), info.elapsed, timing(info))
end

--- A line of what -v tells.
function M.line(system, words)
  system.stderr:write("* ", text.printable(words), "\n")
end

--- The client's hooks that tell.
-- @return on_response, on_retry of cmr.new
function M.hooks(system)
  return function(info)
    M.line(system, ("%s, %s"):format(info.operation, attempt(info)))
  end, function(retry)
    M.line(
      system,
      ("%s, attempt %d: %s; the next one in %.1f s"):format(
        retry.operation,
        retry.attempt,
        retry.err.message,
        retry.delay
      )
    )
  end
end

return M
