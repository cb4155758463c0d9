--- The matrix: every fault, and what a GET and a POST make of it. One row:
--
--   { name, GET = expected, POST = expected, ... }
--
-- expected is "kind outcome attempts status seen": kind "ok" is a success, "-" is none; seen is how many requests
-- reached the server whole. "A or B" allows either. POST is an order: what may have been done is seen once at most,
-- whatever happens. A row with POST alone makes no sense for a GET. The client makes two attempts at most, of 0.25 s
-- each, 0.15 s of it to connect; its waits between them are noted, not waited.
--
--   scripts      what each connection does, see spec.support.faultserver; or a function that makes them
--   how          refuse or full: nobody accepts
--   bound        what ends it: the connect or the attempt timeout; without, nothing is waited for
--   plain        http; else https
--   warm         one GET before, which goes well and is not counted
--   large        the POST carries 4 MB
--   host         the name in the URL, to be resolved; with http
--   options      of the client
--   waits, retry_after   {least, most} seconds: before the second attempt; of the error's field
--   elsewhere    another server that nothing may reach
--   newer        {GET = expected, POST = expected, since = "8.14"}: with that libcurl and newer ones, where they can
--                promise something else

local core = require "cmr.core"

local rows = {}

local function number(version)
  local major, minor = version:match "^(%d+)%.(%d+)"
  return tonumber(major) * 1000 + tonumber(minor)
end

--- What is expected of a row with this libcurl.
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
