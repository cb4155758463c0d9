--- Faults of HTTP/2. Columns: see spec.fault.rows.

local words = require "spec.fault.wording"
local request, await, stall, reset, again = words.request, words.await, words.stall, words.reset, words.again
local http2, rst, goaway, headers, data = words.http2, words.rst_stream, words.goaway, words.headers2, words.data2
local well = words.well2

local some = words.frame("data", 0, words.GOOD:sub(1, 20))
local all = words.frame("data", 0, words.GOOD)
local LAST = 2 ^ 31 - 1

local function sized(length)
  return words.frame("headers", words.END_HEADERS, words.STATUS_200 .. words.field("content-length", length))
end

return {
  title = "HTTP/2",
  { "HTTP/2, nothing wrong", scripts = { well }, GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "HTTP/2: reset, request unread", scripts = { http2({}, { await, reset }) },
    GET = "network unknown 2 - 0", POST = "network unknown 1 - 0" },
  { "HTTP/2: reset after the request", scripts = { http2({}, { request, reset }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "HTTP/2: cut after the request", scripts = { http2({}, { request }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "HTTP/2: stall after the request", scripts = { http2({}, { request, stall }) }, bound = "attempt",
    GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "HTTP/2: stall, second connection fine", scripts = { http2({}, { request, stall }), well }, bound = "attempt",
    GET = "ok - 2 200 2", POST = "timeout unknown 1 - 1" },
  { "HTTP/2: stall in the body", scripts = { http2({}, { request, headers, some, stall }) }, bound = "attempt",
    GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "HTTP/2: reset in the body", scripts = { http2({}, { request, headers, some, reset }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "HTTP/2: cut in the body", scripts = { http2({}, { request, headers, some }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },

  { "GOAWAY, request refused, second connection fine",
    scripts = { http2({}, { request, goaway(0, "NO_ERROR") }), well },
    GET = "ok - 2 200 2", POST = "network unknown 1 - 1" },
  { "GOAWAY, request refused", scripts = { http2({}, { request, goaway(0, "NO_ERROR") }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "GOAWAY, request refused, left open", scripts = { http2({}, { request, goaway(0, "NO_ERROR"), stall }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "GOAWAY, request accepted, left open", scripts = { http2({}, { request, goaway(1, "NO_ERROR"), stall }) },
    bound = "attempt", GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "GOAWAY, request accepted, cut", scripts = { http2({}, { request, goaway(1, "NO_ERROR") }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "GOAWAY, then the whole answer", scripts = { http2({}, { request, goaway(LAST, "NO_ERROR"), headers, data }) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "GOAWAY in the body", scripts = { http2({}, { request, headers, some, goaway(1, "INTERNAL_ERROR") }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "GOAWAY in the body, request refused", scripts = { http2({}, { request, headers, some, goaway(0, "NO_ERROR") }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "GOAWAY on a kept connection", warm = true,
    scripts = { http2({}, { request, headers, data, goaway(1, "NO_ERROR"), stall }), well },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1",
    -- libcurl may not yet have read the GOAWAY when the next request begins. Then it sends the request on the old
    -- connection, and does not report that the server refused it.
    newer = { since = "8.20", GET = "ok - 1 200 1", POST = "network unknown 1 - 0 or ok - 1 200 1" } },
  { "kept HTTP/2 connection cut after the next request", warm = true,
    scripts = { http2({}, { request, headers, data, request }), well },
    GET = "ok - 1 200 2", POST = "network unknown 1 - 1" },

  { "RST_STREAM INTERNAL_ERROR", scripts = { http2({}, { request, rst "INTERNAL_ERROR", again }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "RST_STREAM REFUSED_STREAM, second connection fine",
    scripts = { http2({}, { request, rst "REFUSED_STREAM", again }), well },
    GET = "ok - 2 200 2", POST = "network unknown 1 - 1" },
  { "RST_STREAM REFUSED_STREAM", scripts = { http2({}, { request, rst "REFUSED_STREAM", again }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "RST_STREAM HTTP_1_1_REQUIRED, then HTTP/1.1",
    scripts = { http2({}, { request, rst "HTTP_1_1_REQUIRED", stall }), words.tls("good", words.well) },
    GET = "ok - 2 200 2", POST = "network unknown 1 - 1" },
  { "RST_STREAM ENHANCE_YOUR_CALM", scripts = { http2({}, { request, rst "ENHANCE_YOUR_CALM", again }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "RST_STREAM INTERNAL_ERROR in the body",
    scripts = { http2({}, { request, headers, some, rst "INTERNAL_ERROR", again }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "RST_STREAM REFUSED_STREAM in the body",
    scripts = { http2({}, { request, headers, some, rst "REFUSED_STREAM", again }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "RST_STREAM CANCEL after the whole body, in place of END_STREAM",
    scripts = { http2({}, { request, headers, all, rst "CANCEL", again }) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "RST_STREAM NO_ERROR in the body",
    scripts = { http2({}, { request, headers, some, rst "NO_ERROR", again }) },
    GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },

  -- libcurl does not distinguish broken framing from a broken connection.
  { "HTTP/2: a frame beyond all sizes", scripts = { http2({}, { request,
    words.send("\255\255\255\0\0\0\0\0\1" .. ("x"):rep(100)), again }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "HTTP/2: headers that are no HPACK", scripts = { http2({}, { request,
    words.frame("headers", words.END_HEADERS, "\255\255\255\255\255\255"), again }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "HTTP/2: headers without a status", scripts = { http2({}, { request,
    words.frame("headers", words.END_HEADERS, words.field("x-header", "x")), again }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1",
    newer = { since = "8.14", GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" } },
  { "HTTP/2: headers without end", scripts = { http2({}, { request, words.frame("headers", 0, words.STATUS_200),
    words.repeated(1e9, words.raw_frame("continuation", 0, 1, words.field("x-header", "x"):rep(100))) }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "HTTP/2: more than the length", scripts = { http2({}, { request, sized "5", data, again }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "HTTP/2: less than the length", scripts = { http2({}, { request, sized "500",
    words.frame("data", words.END_STREAM, words.GOOD:sub(1, 20)), again }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "HTTP/2: body over max_response", scripts = { http2({}, { request, headers,
    words.flood(words.raw_frame("data", 0, 1, ("x"):rep(4096))) }) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
}
