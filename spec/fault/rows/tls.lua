--- Faults of TLS, before and after the request. Columns: see spec.fault.rows.

local words = require "spec.fault.wording"
local request, await, stall, reset, again = words.request, words.await, words.stall, words.reset, words.again
local send, answer, cut, tls, GOOD = words.send, words.answer, words.cut, words.tls, words.GOOD

local fine = answer("200 OK", GOOD)
local in_headers = send(cut(fine, "Content-Type: app"))
local in_body = send(cut(fine, '"message"'))
local stale = answer("200 OK", '{"status":200,"message":"stale"}')
local unmeasured = "HTTP/1.1 200 OK\r\n\r\n" .. GOOD

return {
  title = "TLS",
  { "self-signed certificate", scripts = { tls("selfsigned", words.well) },
    GET = "tls not_sent 1 - 0", POST = "tls not_sent 1 - 0" },
  { "expired certificate", scripts = { tls("expired", words.well) },
    GET = "tls not_sent 1 - 0", POST = "tls not_sent 1 - 0" },
  { "certificate of another host", scripts = { tls("wronghost", words.well) },
    GET = "tls not_sent 1 - 0", POST = "tls not_sent 1 - 0" },
  { "certificate of an unknown CA", scripts = { tls("unknownca", words.well) },
    GET = "tls not_sent 1 - 0", POST = "tls not_sent 1 - 0" },
  -- libcurl does not distinguish a server that speaks no TLS from one that ends the connection in the handshake.
  { "closed in the handshake", scripts = { { await } },
    GET = "tls not_sent 2 - 0", POST = "tls not_sent 2 - 0" },
  { "reset in the handshake", scripts = { { await, reset } },
    GET = "tls not_sent 2 - 0", POST = "tls not_sent 2 - 0" },
  { "TLS 1.1 at most", scripts = { { { "tls", 2, "good" }, request } },
    GET = "tls not_sent 2 - 0", POST = "tls not_sent 2 - 0" },
  { "plain HTTP on the TLS port", scripts = { { await, send(answer("400 Bad Request", "")) } },
    GET = "tls not_sent 2 - 0", POST = "tls not_sent 2 - 0" },
  { "stall in the handshake", scripts = { { stall } }, bound = "connect",
    GET = "timeout not_sent 2 - 0", POST = "timeout not_sent 2 - 0" },
  { "drip in the handshake", scripts = { { await, send "\22\3\3\64\0", words.drip(5, "\2\0\16") } }, bound = "connect",
    GET = "timeout not_sent 2 - 0", POST = "timeout not_sent 2 - 0" },

  { "TLS: reset, request unread", scripts = { tls("good", { await, reset }) },
    GET = "network unknown 2 - 0", POST = "network unknown 1 - 0" },
  { "TLS: cut after the request", scripts = { tls("good", { request }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "TLS: closed after the request", scripts = { tls("good", { request, words.notify }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "TLS: reset after the request", scripts = { tls("good", { request, reset }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "TLS: stall after the request", scripts = { tls("good", { request, stall }) }, bound = "attempt",
    GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "TLS: alert after the request", scripts = { tls("good", { request, words.alert }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "TLS: alert in the headers", scripts = { tls("good", { request, in_headers, words.alert }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "TLS: alert in the body", scripts = { tls("good", { request, in_body, words.alert }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "TLS: cut in the body", scripts = { tls("good", { request, in_body }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "TLS: closed in the body", scripts = { tls("good", { request, in_body, words.notify }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "TLS: reset in the body", scripts = { tls("good", { request, in_body, reset }) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "TLS: stall in the body", scripts = { tls("good", { request, in_body, stall }) }, bound = "attempt",
    GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "TLS: no length, closed after it", scripts = { tls("good", { request, send(unmeasured), words.notify }) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  -- An attacker in the network can cut here. This does no harm, because a JSON object itself shows where it ends.
  { "TLS: no length, cut after it", scripts = { tls("good", { request, send(unmeasured) }) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "TLS: no length, cut within it", scripts = { tls("good", { request, send(unmeasured:sub(1, -2)) }) },
    GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1",
    newer = { since = "8.14", GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" } },
  { "TLS: kept connection cut while idle", warm = true,
    scripts = { tls("good", { request, send(fine) }), tls("good", words.well) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "TLS: kept connection closed while idle", warm = true,
    scripts = { tls("good", { request, send(fine), words.notify }), tls("good", words.well) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "TLS: kept connection closed with the answer, left open", warm = true,
    scripts = { tls("good", { request, send(fine), words.notify, words.stall }), tls("good", words.well) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1",
    -- OpenSSL may have read the close_notify together with the answer. Then libcurl does not notice it, and sends the
    -- next request on the old connection.
    newer = { since = "8.22", GET = "ok - 1 200 1", POST = "network unknown 1 - 0 or ok - 1 200 1" } },
  { "TLS: kept connection cut after the next request", warm = true,
    scripts = { tls("good", { request, send(fine), request }), tls("good", words.well) },
    GET = "ok - 1 200 2", POST = "network unknown 1 - 1" },
  { "TLS: kept connection closed after the next request", warm = true,
    scripts = { tls("good", { request, send(fine), request, words.notify }), tls("good", words.well) },
    GET = "ok - 1 200 2", POST = "network unknown 1 - 1" },
  { "TLS: two answers to one request", warm = true,
    scripts = { tls("good", { request, send(fine .. stale), again }), tls("good", words.well) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "TLS: two answers to one request, one late", warm = true,
    scripts = { tls("good", { request, send(fine), words.sleep(10), send(stale), again }), tls("good", words.well) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
}
