--- The words the rows are written in: steps of the fault server's scripts, answers, HTTP/2 frames.

local words = {}

words.GOOD = '{"status":200,"message":"fine","data":{"id":"x"}}'

--- An HTTP/1.1 answer.
-- @tparam string status "200 OK"
-- @tparam[opt] string body
-- @tparam[opt] table headers lines; Content-Length is added unless a line is Content-Length or Transfer-Encoding
function words.answer(status, body, headers)
  local lines = { "HTTP/1.1 " .. status, "Content-Type: application/json" }
  local framed = false
  for _, line in ipairs(headers or {}) do
    framed = framed or line:find "^Content%-Length" ~= nil or line:find "^Transfer%-Encoding" ~= nil
    table.insert(lines, line)
  end
  if not framed then
    table.insert(lines, "Content-Length: " .. #(body or ""))
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

--- Returns the beginning of a text, up to and with the text `after`.
function words.cut(text, after)
  local _, at = text:find(after, 1, true)
  return text:sub(1, at)
end

function words.send(bytes)
  return { "send", bytes }
end

function words.repeated(times, bytes)
  return { "repeat", times, bytes }
end

--- Sends the bytes one by one, with this number of milliseconds between them, for ever.
function words.drip(ms, bytes)
  return { "drip", ms, bytes }
end

--- Sends the bytes as fast as possible, for ever.
function words.flood(bytes)
  return { "repeat", 1e9, bytes:rep(math.ceil(4096 / #bytes)) }
end

words.request = { "request" }
words.await = { "await" }
words.stall = { "stall" }
words.reset = { "reset" }
words.again = { "again" }
words.alert = { "alert" }
words.notify = { "notify" }

function words.sleep(ms)
  return { "sleep", ms }
end

-- What a connection does when nothing is wrong.
words.well = { words.request, words.send(words.answer("200 OK", words.GOOD)), words.again }

local function prepend(first, steps)
  for _, step in ipairs(steps) do
    table.insert(first, step)
  end
  return first
end

--- A script over TLS.
-- @tparam string certificate good, expired, wronghost, selfsigned, unknownca
-- @tparam table steps
function words.tls(certificate, steps)
  return prepend({ { "tls", 0, certificate } }, steps)
end

-- HTTP/2

local types = { data = 0, headers = 1, rst_stream = 3, settings = 4, ping = 6, goaway = 7, continuation = 9 }

--- Some error codes of RFC 9113, section 7.
words.errors = {
  NO_ERROR = 0, PROTOCOL_ERROR = 1, INTERNAL_ERROR = 2, REFUSED_STREAM = 7, CANCEL = 8, ENHANCE_YOUR_CALM = 11,
  HTTP_1_1_REQUIRED = 13,
}

local function big(value, bytes)
  local text = ""
  for _ = 1, bytes do
    text = string.char(value % 256) .. text
    value = math.floor(value / 256)
  end
  return text
end

--- A frame on the stream of the last request.
function words.frame(kind, flags, payload)
  return { "frame", types[kind] * 256 + flags, payload or "" }
end

--- A frame on any stream; 0 is the connection.
function words.raw_frame(kind, flags, stream, payload)
  return big(#payload, 3) .. string.char(types[kind], flags) .. big(stream, 4) .. payload
end

function words.rst_stream(code)
  return words.frame("rst_stream", 0, big(words.errors[code], 4))
end

function words.goaway(last_stream, code)
  return { "send", words.raw_frame("goaway", 0, 0, big(last_stream, 4) .. big(words.errors[code], 4)) }
end

--- One header field, literal and not indexed (HPACK, 6.2.2).
function words.field(name, value)
  return "\0" .. string.char(#name) .. name .. string.char(#value) .. value
end

words.STATUS_200 = "\136" -- entry 8 of HPACK's static table
words.END_STREAM, words.END_HEADERS = 1, 4

--- The frames of a good answer, to be put into a script one by one: headers, data.
words.headers2 = words.frame("headers", words.END_HEADERS, words.STATUS_200)
words.data2 = words.frame("data", words.END_STREAM, words.GOOD)

--- A script over HTTP/2.
-- @tparam table settings {identifier = value}
-- @tparam table steps
function words.http2(settings, steps)
  local payload = ""
  for identifier, value in pairs(settings) do
    payload = payload .. big(identifier, 2) .. big(value, 4)
  end
  return prepend({ { "tls", 1, "good" }, { "preface", payload } }, steps)
end

words.well2 = words.http2({}, { words.request, words.headers2, words.data2, words.again })

--- Returns the output of a shell command, such as one that compresses a text.
function words.filtered(command)
  local pipe = assert(io.popen(command, "r"))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

return words
