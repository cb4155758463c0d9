--- Answers with statuses that are no success. Columns: see spec.fault.rows.

local words = require "spec.fault.wording"
local request, again, send, answer = words.request, words.again, words.send, words.answer

local function says(status, headers, body)
  return { { request, send(answer(status, body or '{"status":"error","message":"why","data":null}', headers)), again } }
end

local function after(when)
  return { "Retry-After: " .. when }
end

-- Returns the date this number of seconds from now, as HTTP writes it.
local function date(seconds)
  return os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + seconds)
end

local function dated(status, seconds)
  return function()
    return says(status, after(date(seconds)))
  end
end

local function redirect(status)
  return function(elsewhere)
    return says(status, { ("Location: http://127.0.0.1:%d/"):format(elsewhere) })
  end
end

local rows = {
  title = "Status",
  { "301 elsewhere", elsewhere = true, scripts = redirect "301 Moved Permanently",
    GET = "unexpected_status unknown 1 301 1", POST = "unexpected_status unknown 1 301 1" },
  { "307 elsewhere", elsewhere = true, scripts = redirect "307 Temporary Redirect",
    GET = "unexpected_status unknown 1 307 1", POST = "unexpected_status unknown 1 307 1" },
  { "304", scripts = { { request, send "HTTP/1.1 304 Not Modified\r\n\r\n" } },
    GET = "unexpected_status unknown 1 304 1", POST = "unexpected_status unknown 1 304 1" },
  {
    "400",
    scripts = says "400 Bad Request",
    GET = "bad_request rejected 1 400 1",
    POST = "bad_request rejected 1 400 1",
  },
  { "401", scripts = says("401 Unauthorized", { "WWW-Authenticate: Basic realm=x" }),
    GET = "unauthorized rejected 1 401 1", POST = "unauthorized rejected 1 401 1" },
  {
    "402",
    scripts = says "402 Payment Required",
    GET = "payment_required rejected 1 402 1",
    POST = "payment_required rejected 1 402 1",
  },
  { "403", scripts = says "403 Forbidden", GET = "forbidden rejected 1 403 1", POST = "forbidden rejected 1 403 1" },
  { "404", scripts = says "404 Not Found", GET = "not_found rejected 1 404 1", POST = "not_found rejected 1 404 1" },
  { "404 of HTML", scripts = says("404 Not Found", { "Content-Type: text/html" }, "<h1>404</h1>"),
    GET = "not_found rejected 1 404 1", POST = "not_found rejected 1 404 1" },
  { "404 without a body", scripts = says("404 Not Found", nil, ""),
    GET = "not_found rejected 1 404 1", POST = "not_found rejected 1 404 1" },
  { "407", scripts = says("407 Proxy Authentication Required", { "Proxy-Authenticate: Basic realm=x" }),
    GET = "unexpected_status rejected 1 407 1", POST = "unexpected_status rejected 1 407 1" },
  -- A proxy may answer with 408 or 499 although it has passed the request on.
  {
    "408",
    scripts = says "408 Request Timeout",
    GET = "unexpected_status unknown 1 408 1",
    POST = "unexpected_status unknown 1 408 1",
  },
  {
    "499",
    scripts = says "499 Client Closed Request",
    GET = "unexpected_status unknown 1 499 1",
    POST = "unexpected_status unknown 1 499 1",
  },
  { "409", scripts = says "409 Conflict", GET = "conflict rejected 1 409 1", POST = "conflict rejected 1 409 1" },
  {
    "418",
    scripts = says "418 Teapot",
    GET = "unexpected_status rejected 1 418 1",
    POST = "unexpected_status rejected 1 418 1",
  },
  {
    "422",
    scripts = says "422 Unprocessable",
    GET = "bad_request rejected 1 422 1",
    POST = "bad_request rejected 1 422 1",
  },

  { "429", scripts = says "429 Too Many Requests", waits = { 0.25, 0.25 },
    GET = "rate_limited rejected 2 429 2", POST = "rate_limited rejected 2 429 2" },
  { "429, Retry-After: 1", scripts = says("429 Too Many Requests", after "1"), waits = { 1, 1 }, retry_after = { 1, 1 },
    GET = "rate_limited rejected 2 429 2", POST = "rate_limited rejected 2 429 2" },
  { "429, Retry-After: 0", scripts = says("429 Too Many Requests", after "0"), waits = { 0.25, 0.25 },
    GET = "rate_limited rejected 2 429 2", POST = "rate_limited rejected 2 429 2" },
  { "429, Retry-After: a date in 20 s", scripts = dated("429 Too Many Requests", 20),
    waits = { 18, 20 }, retry_after = { 18, 20 },
    GET = "rate_limited rejected 2 429 2", POST = "rate_limited rejected 2 429 2" },
  { "429, Retry-After: a date gone by", scripts = dated("429 Too Many Requests", -20), waits = { 0.25, 0.25 },
    GET = "rate_limited rejected 2 429 2", POST = "rate_limited rejected 2 429 2" },
  { "429, Retry-After: garbage", scripts = says("429 Too Many Requests", after "soon"), waits = { 0.25, 0.25 },
    GET = "rate_limited rejected 2 429 2", POST = "rate_limited rejected 2 429 2" },
  { "429, Retry-After: negative", scripts = says("429 Too Many Requests", after "-5"), waits = { 0.25, 0.25 },
    GET = "rate_limited rejected 2 429 2", POST = "rate_limited rejected 2 429 2" },
  { "429, Retry-After: over the timeout", scripts = says("429 Too Many Requests", after "45"), retry_after = { 45, 45 },
    GET = "rate_limited rejected 1 429 1", POST = "rate_limited rejected 1 429 1" },
  -- No rate limit asks for such a long wait. So if the operation has a quota, the quota is used up.
  { "429, Retry-After: a day", scripts = says("429 Too Many Requests", after "86400"), retry_after = { 86400, 86400 },
    GET = "rate_limited rejected 1 429 1", POST = "quota_exceeded rejected 1 429 1" },
  { "429, Retry-After: eight digits", scripts = says("429 Too Many Requests", after "20401231"),
    retry_after = { 20401231, 20401231 },
    GET = "rate_limited rejected 1 429 1", POST = "quota_exceeded rejected 1 429 1" },
  { "429, Retry-After: thirty digits", scripts = says("429 Too Many Requests", after(("9"):rep(30))),
    retry_after = { 86400, math.huge },
    GET = "rate_limited rejected 1 429 1", POST = "quota_exceeded rejected 1 429 1" },
  { "429 of the weekly quota",
    scripts = says("429 Too Many Requests", nil, '{"status":429,"message":"3 times a week","data":null}'),
    GET = "rate_limited rejected 2 429 2", POST = "quota_exceeded rejected 1 429 1" },
  { "429, then fine", scripts = { { request, send(answer("429 Too Many Requests", "")), request,
    send(answer("200 OK", words.GOOD)) } }, waits = { 0.25, 0.25 },
    GET = "ok - 2 200 2", POST = "ok - 2 200 2" },

  { "500", scripts = says "500 Internal Server Error", waits = { 5.25, 5.25 },
    GET = "server_error unknown 2 500 2", POST = "server_error unknown 1 500 1" },
  {
    "501",
    scripts = says "501 Not Implemented",
    GET = "server_error unknown 1 501 1",
    POST = "server_error unknown 1 501 1",
  },
  { "502 of HTML", scripts = says("502 Bad Gateway", { "Content-Type: text/html" }, "<h1>502</h1>"),
    waits = { 5.25, 5.25 }, GET = "server_error unknown 2 502 2", POST = "server_error unknown 1 502 1" },
  { "503", scripts = says "503 Service Unavailable", waits = { 5.25, 5.25 },
    GET = "server_error unknown 2 503 2", POST = "server_error unknown 1 503 1" },
  { "503, Retry-After: 2", scripts = says("503 Service Unavailable", after "2"),
    waits = { 2, 2 }, retry_after = { 2, 2 },
    GET = "server_error unknown 2 503 2", POST = "server_error unknown 1 503 1" },
  { "503, Retry-After: a date in 20 s", scripts = dated("503 Service Unavailable", 20),
    waits = { 18, 20 }, retry_after = { 18, 20 },
    GET = "server_error unknown 2 503 2", POST = "server_error unknown 1 503 1" },
  { "503, Retry-After: garbage", scripts = says("503 Service Unavailable", after "soon"), waits = { 5.25, 5.25 },
    GET = "server_error unknown 2 503 2", POST = "server_error unknown 1 503 1" },
  { "503, Retry-After: an hour", scripts = says("503 Service Unavailable", after "3600"), retry_after = { 3600, 3600 },
    GET = "server_error unknown 1 503 1", POST = "server_error unknown 1 503 1" },
  { "504", scripts = says "504 Gateway Timeout", waits = { 5.25, 5.25 },
    GET = "server_error unknown 2 504 2", POST = "server_error unknown 1 504 1" },
  { "599", scripts = says "599 Beyond", GET = "server_error unknown 1 599 1", POST = "server_error unknown 1 599 1" },
  {
    "600",
    scripts = says "600 Beyond",
    GET = "unexpected_status unknown 1 600 1",
    POST = "unexpected_status unknown 1 600 1",
  },

  { "200 that says 404", scripts = says("200 OK", nil, '{"status":404,"message":"none","data":null}'),
    GET = "not_found rejected 1 404 1", POST = "not_found rejected 1 404 1" },
  { "200 that says 429", scripts = says("200 OK", nil, '{"status":429,"message":"slow","data":null}'),
    waits = { 0.25, 0.25 }, GET = "rate_limited rejected 2 429 2", POST = "rate_limited rejected 2 429 2" },
  { "200 that says 500", scripts = says("200 OK", nil, '{"status":500,"message":"oops","data":null}'),
    waits = { 5.25, 5.25 }, GET = "server_error unknown 2 500 2", POST = "server_error unknown 1 500 1" },
  { "reset in the body of a 404", scripts = { { request,
    send(answer("404 Not Found", "{", { "Content-Length: 100" })), words.reset } },
    GET = "network unknown 2 - 2", POST = "network unknown 1 - 1" },
  { "the key in the answer", scripts = function()
    return says("400 Bad Request", { "X-Key: fault-spec-key-4711" }, '{"message":"bad key fault-spec-key-4711"}')
  end, GET = "bad_request rejected 1 400 1", POST = "bad_request rejected 1 400 1" },
}

for _, row in ipairs(rows) do
  row.plain = true
end
return rows
