--- Answers with an unusual form: broken HTTP, lengths, sizes, encodings, and bodies that are no envelope.
-- cmr accepts some of them. Columns: see spec.fault.rows.

local words = require "spec.fault.wording"
local request, stall = words.request, words.stall
local send, answer, filtered, GOOD = words.send, words.answer, words.filtered, words.GOOD

local MAXIMUM = 64 * 1024 -- max_response of the client
local gzip = { "Content-Encoding: gzip" }
local squeezed = filtered("printf '%s' '" .. GOOD .. "' | gzip -c")
local bomb = filtered "head -c 20000000 /dev/zero | gzip -9c"
local chunked = { "Transfer-Encoding: chunked" }

local function chunk(text)
  return ("%x\r\n%s\r\n"):format(#text, text)
end

local function ok(body, headers)
  return { request, send(answer("200 OK", body, headers)) }
end

-- Returns a good envelope of exactly this number of bytes.
local function sized(bytes)
  return '{"message":"fine","data":"' .. ("x"):rep(bytes - 28) .. '"}'
end

local rows = {
  title = "Answer",
  -- not HTTP
  { "garbage for a status line", scripts = { { request, send "\1\2garbage\255\r\n\r\n" } },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "HTTP/0.9", scripts = { { request, send(GOOD) } },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "impossible version", scripts = { { request, send((answer("200 OK", GOOD):gsub("1%.1", "7.7", 1))) } },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "status of letters", scripts = { { request, send(answer("2xx OK", GOOD)) } },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "NUL in a header", scripts = { ok(GOOD, { "X-Nul: a\0b" }) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "headers without end", scripts = { { request, send "HTTP/1.1 200 OK\r\n", words.flood "X-Header: more\r\n" } },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "a header without end", scripts = { { request, send "HTTP/1.1 200 OK\r\nX-Header: ", words.flood "more " } },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "a header of 1 MB", scripts = { ok(GOOD, { "X-Header: " .. ("x"):rep(1024 * 1024) }) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "a status line without end", scripts = { { request, send "HTTP/1.1 200 ", words.flood "OK" } },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "100 Continue before the answer",
    scripts = { { request, send("HTTP/1.1 100 Continue\r\n\r\n" .. answer("200 OK", GOOD)) } },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "100 Continue, then closed", scripts = { { request, send "HTTP/1.1 100 Continue\r\n\r\n" } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "100 Continue without end", scripts = { { request, words.flood "HTTP/1.1 100 Continue\r\n\r\n" } },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "101 nobody asked for, then closed",
    scripts = { { request, send "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n" } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },

  -- lengths
  -- When libcurl has delivered a whole JSON object, cmr takes it as the answer, even if the transfer then fails.
  { "shorter than its length", scripts = { ok(GOOD, { "Content-Length: 1000" }) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "longer than its length", scripts = { ok(GOOD .. "more", { "Content-Length: " .. #GOOD }) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "length that cuts it", scripts = { ok(GOOD, { "Content-Length: 20" }) },
    GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  { "no length, closed after it", scripts = { { request, send("HTTP/1.1 200 OK\r\n\r\n" .. GOOD) } },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "no length, closed within it", scripts = { { request, send("HTTP/1.1 200 OK\r\n\r\n" .. GOOD:sub(1, 20)) } },
    GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  { "negative length", scripts = { ok(GOOD, { "Content-Length: -5" }) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "length of letters", scripts = { ok(GOOD, { "Content-Length: many" }) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  -- libcurl ignores this length and reads to the end of the connection. cmr accepts the answer, because its JSON is
  -- complete.
  { "length over 64 bits", scripts = { ok(GOOD, { "Content-Length: 99999999999999999999999" }) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  -- libcurl does not distinguish broken framing from a broken connection.
  { "chunk size of letters", scripts = { ok("zz\r\n" .. GOOD, chunked) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "chunk size over 64 bits", scripts = { ok("fffffffffffffffff\r\n" .. GOOD, chunked) },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "chunks without an end", scripts = { ok(chunk(GOOD), chunked) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "transfer encoding nobody knows", scripts = { ok(GOOD, { "Transfer-Encoding: rot13" }) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },

  -- sizes and encodings
  { "largest answer allowed", scripts = { ok(sized(MAXIMUM)) },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "one byte over max_response", scripts = { ok(sized(MAXIMUM + 1)) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "body without end", scripts = { { request, send "HTTP/1.1 200 OK\r\n\r\n", words.flood(GOOD) } },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "chunks without number",
    scripts = { { request, send(answer("200 OK", "", chunked)), words.flood(chunk "x") } },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "chunk extension without end", scripts = { { request, send(answer("200 OK", "1;", chunked)), words.flood "x=y;" } },
    bound = "attempt", GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "trailers without end", scripts = { { request, send(answer("200 OK", "0\r\n", chunked)), words.flood "X: y\r\n" } },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "gzip", scripts = { ok(squeezed, gzip) }, GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  {
    "gzip bomb",
    scripts = { ok(bomb, gzip) },
    GET = "bad_response unknown 1 - 1",
    POST = "bad_response unknown 1 - 1",
  },
  { "gzip bomb, 1 MiB allowed", options = { max_response = 1024 * 1024 }, scripts = { ok(bomb, gzip) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "gzip of nothing, without end",
    scripts = { { request, send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\31\139\8\0\0\0\0\0\0\3"),
      words.flood "\0\0\0\255\255" } },
    bound = "attempt", GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "gzip with a name without end",
    scripts = { { request, send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\31\139\8\8\0\0\0\0\0\3"),
      words.flood "name" } },
    bound = "attempt", GET = "timeout unknown 2 - 2", POST = "timeout unknown 1 - 1" },
  { "gzip with a wrong byte", scripts = { ok(squeezed:sub(1, 14) .. "\255\255" .. squeezed:sub(17), gzip) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "gzip cut", scripts = { ok(squeezed:sub(1, 30), gzip) },
    GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  { "gzip in name only", scripts = { ok(GOOD, gzip) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "encoding nobody knows", scripts = { ok(GOOD, { "Content-Encoding: rot13" }) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },
  { "gzip fifty times", scripts = { ok(squeezed, { "Content-Encoding: " .. ("gzip, "):rep(49) .. "gzip" }) },
    GET = "bad_response unknown 1 - 1", POST = "bad_response unknown 1 - 1" },

  -- no envelope
  { "HTML", scripts = { ok("<html><body>Welcome to nginx!</body></html>", { "Content-Type: text/html" }) },
    GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  { "empty", scripts = { ok "" }, GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  { "nothing but spaces", scripts = { ok " \r\n " },
    GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  { "an array", scripts = { ok "[1,2]" }, GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  {
    "a string",
    scripts = { ok '"fine"' },
    GET = "bad_response unknown 1 200 1",
    POST = "bad_response unknown 1 200 1",
  },
  { "null", scripts = { ok "null" }, GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  { "half an object", scripts = { ok '{"status":200,' },
    GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  { "an object and more", scripts = { ok(GOOD .. GOOD) },
    GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  { "nested 5,000 deep", scripts = { ok('{"data":' .. ("["):rep(5000) .. ("]"):rep(5000) .. "}") },
    GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  {
    "a NUL",
    scripts = { ok(GOOD .. "\0") },
    GET = "bad_response unknown 1 200 1",
    POST = "bad_response unknown 1 200 1",
  },
  { "a number that is none", scripts = { ok '{"status":200,"data":NaN}' },
    GET = "bad_response unknown 1 200 1", POST = "bad_response unknown 1 200 1" },
  { "a status beyond all numbers", scripts = { ok '{"status":1e300,"message":"fine"}' },
    GET = "ok - 1 200 1", POST = "ok - 1 200 1" },
  { "204 without a body", scripts = { { request, send "HTTP/1.1 204 No Content\r\n\r\n", stall } },
    GET = "ok - 1 204 1", POST = "ok - 1 204 1" },
}

for _, row in ipairs(rows) do
  row.plain = true
end
return rows
