--- The matrix: every fault, and the results that a GET and a POST have with it. One row:
--
--   { name, GET = expected, POST = expected, ... }
--
-- expected is "kind outcome attempts status seen". The kind "ok" is a success, and "-" means none. "seen" is how many
-- requests the server received completely. "A or B" allows either. A POST that may have been done never reaches the
-- server a second time. A row has no GET if its fault needs a POST. The client makes at most two attempts. An attempt
-- takes at most 0.25 s, and connecting takes at most 0.15 s of it. The sleeps between attempts are recorded, but take
-- no time.
--
--   scripts      what each connection does, see spec.support.faultserver; or a function that makes them
--   how          "refuse": no process listens; "full": no process accepts
--   bound        the timeout that ends an attempt, "connect" or "attempt"; without it, an attempt ends at once
--   plain        true: http; otherwise https
--   warm         true: a GET first opens the connection; this GET succeeds and is not counted
--   large        true: the POST carries 4 MB
--   host         the name in the URL, which must be resolved; only with plain
--   options      more options of the client
--   waits        {least, most} seconds that the client sleeps before the second attempt
--   retry_after  {least, most} seconds in the error's field retry_after
--   elsewhere    true: there is another server, which must receive no connection
--   newer        {GET = expected, POST = expected, since = "8.14"}: the results with this version of libcurl and with
--                newer ones, if they differ

local core = require "cmr.core"

local rows = {}

local function number(version)
  local major, minor = version:match "^(%d+)%.(%d+)"
  return tonumber(major) * 1000 + tonumber(minor)
end

--- Returns what a row expects with this libcurl.
function rows.expected(row)
  local newer = row.newer
  return newer and number(core.libcurl) >= number(newer.since) and newer or row
end

for _, name in ipairs { "connection", "answer", "status", "tls", "http2", "dns" } do
  local section = require("spec.fault.rows." .. name)
  section.name = name
  table.insert(rows, section)
end

return rows
