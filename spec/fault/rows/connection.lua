--- Faults of the connection, at each point of the exchange. Columns: see spec.fault.rows.

local words = require "spec.fault.wording"
local request, await, stall, reset, again = words.request, words.await, words.stall, words.reset, words.again
local send, answer, cut, GOOD = words.send, words.answer, words.cut, words.GOOD

local fine = answer("200 OK", GOOD)
local in_status_line = send(cut(fine, "HTTP/1.1 20"))
local after_status_line = send(cut(fine, "200 OK\r\n"))
local in_headers = send(cut(fine, "Content-Type: app"))
local after_headers = send(cut(fine, "\r\n\r\n"))
local in_body = send(cut(fine, '"message"'))
local stale = answer("200 OK", '{"status":200,"message":"stale"}')
local well = words.well

-- After the last step of its script, a connection sends a FIN and reads until the client closes its side too. It does
-- not do this after the steps `reset` and `stall`.
local rows = {
  title = "Connection",
  { "refused", how = "refuse", GET = "network not_sent 2 - 0", POST = "network not_sent 2 - 0" },
  { "nobody accepts", how = "full", bound = "connect",
    GET = "timeout not_sent 2 - 0", POST = "timeout not_sent 2 - 0" },

  { "reset, request unread", scripts = { { await, reset } },
    GET = "network unknown 2 - 0", POST = "network unknown 1 - 0" },
  { "closed, request unread", scripts = { { await } },
    GET = "network unknown 2 - 0", POST = "network unknown 1 - 0" },
  { "stall, request unread", scripts = { { stall } }, bound = "attempt",
    GET = "timeout unknown 2 - 0", POST = "timeout unknown 1 - 0" },

  { "reset after the request", scripts = { { request, reset } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "closed after the request", scripts = { { request } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "stall after the request", scripts = { { request, stall } }, bound = "attempt",
    GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },

  { "reset in the status line", scripts = { { request, in_status_line, reset } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "closed in the status line", scripts = { { request, in_status_line } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "stall in the status line", scripts = { { request, in_status_line, stall } }, bound = "attempt",
    GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "drip in the status line", scripts = { { request, in_status_line, words.drip(5, "0") } }, bound = "attempt",
    GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "closed after the status line", scripts = { { request, after_status_line } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "closed after the status line of a 204", scripts = { { request, send "HTTP/1.1 204 No Content\r\n" } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },

  { "reset in the headers", scripts = { { request, in_headers, reset } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "closed in the headers", scripts = { { request, in_headers } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "stall in the headers", scripts = { { request, in_headers, stall } }, bound = "attempt",
    GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "drip in the headers", scripts = { { request, in_headers, words.drip(5, "X: y\r\n") } }, bound = "attempt",
    GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },

  { "reset before the body", scripts = { { request, after_headers, reset } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "closed before the body", scripts = { { request, after_headers } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "reset in the body", scripts = { { request, in_body, reset } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "closed in the body", scripts = { { request, in_body } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "stall in the body", scripts = { { request, in_body, stall } }, bound = "attempt",
    GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "drip in the body", bound = "attempt",
    scripts = { { request, send(answer("200 OK", "{", { "Content-Length: 60000" })), words.drip(5, " ") } },
    GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },

  { "first connection reset, second fine", scripts = { { request, reset }, well },
    GET = "ok - 2 200 2", POST = "network unknown 1 - 1" },
  { "first connection stalls, second fine", scripts = { { request, stall }, well }, bound = "attempt",
    GET = "ok - 2 200 2", POST = "timeout unknown 1 - 1" },

  -- Faults between two requests on one connection. The first request succeeds, and is not counted.
  { "kept connection closed while idle", warm = true, scripts = { { request, send(fine) }, well },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  -- The end is noticed just before the request is sent, so the same attempt uses another connection, with any method.
  { "kept connection reset while idle", warm = true, scripts = { { request, send(fine), reset }, well },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "kept connection closed while idle, after a 408", warm = true,
    scripts = { { request, send(fine), words.sleep(10), send(answer("408 Request Timeout", "")) }, well },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "kept connection reset, next request unread", warm = true,
    scripts = { { request, send(fine), await, reset }, well },
    GET = "ok - 1 200 1", POST = "network unknown 1 - 0" },
  { "kept connection reset after the next request", warm = true,
    scripts = { { request, send(fine), request, reset }, well },
    GET = "ok - 1 200 2", POST = "network unknown 1 - 1" },
  { "kept connection closed after the next request", warm = true,
    scripts = { { request, send(fine), request }, well },
    GET = "ok - 1 200 2", POST = "network unknown 1 - 1" },
  { "kept connection stalls after the next request", warm = true, bound = "attempt",
    scripts = { { request, send(fine), request, stall }, well },
    GET = "ok - 2 200 2", POST = "timeout unknown 1 - 1" },
  { "kept connection reset in the next answer", warm = true,
    scripts = { { request, send(fine), request, in_body, reset }, well },
    GET = "ok - 2 200 2", POST = "network unknown 1 - 1" },
  { "two answers to one request, at once", warm = true,
    scripts = { { request, send(fine .. stale), again }, well },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  -- An answer that comes before the request is not the request's answer.
  { "two answers to one request, one late", warm = true,
    scripts = { { request, send(fine), words.sleep(10), send(stale), again }, well },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },

  { "a 403 that nobody asked for, before the request", warm = true,
    scripts = {
      { request, send(fine), words.sleep(10), send(answer("403 Forbidden", "{}")), request, send(fine) }, well,
    },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },

  { "answer before the request is read", scripts = { { send(answer("403 Forbidden", '{"message":"no"}')), await } },
    GET = "forbidden rejected 1 403 0", POST = "forbidden rejected 1 403 0" },
  { "reset within a request of 4 MB", large = true, scripts = { { await, reset } }, POST = "network unknown 1 - 0" },
  { "stall within a request of 4 MB", large = true, scripts = { { await, stall } }, bound = "attempt",
    POST = "timeout unknown 1 - 0" },
  { "answer within a request of 4 MB", large = true,
    scripts = { { await, send(answer("413 Too Large", '{"message":"no"}', { "Connection: close" })) } },
    POST = "unexpected_status rejected 1 413 0" },
}

for _, row in ipairs(rows) do
  row.plain = true
end
return rows
