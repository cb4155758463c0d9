-- The headers of an answer in cmr.info, byte by byte. The server sends exactly what each spec orders.
local cmr = require "cmr"
local core = require "cmr.core"
local faultserver = require "spec.support.faultserver"

describe("an answer with a status above 599", function()
  it("is of kind unexpected_status, outcome unknown", function()
    local server = faultserver.start()
    local port = server:play{{{"request"}, {"send", "HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\n{}"}}}.port
    local client = cmr.new{api_key = "some-key", base_url = "http://127.0.0.1:" .. port, rate = false, retries = 0}
    local err = select(3, client:platforms("x"))
    server:stop()
    assert.same({"unexpected_status", "unknown", 600}, {err.kind, err.outcome, err.status})
  end)
end)

describe("the headers of an answer", function()
  local server

  setup(function() server = faultserver.start() end)
  teardown(function() server:stop() end)

  -- Returns cmr.info's headers for an answer that begins with these lines.
  local function headers_of(...)
    core.engine():close()
    local answer = table.concat({...}, "\r\n") .. "\r\nContent-Length: 2\r\n\r\n{}"
    local port = server:play{{{"request"}, {"send", answer}}}.port
    local client = cmr.new{api_key = "a-key-of-some-length", base_url = "http://127.0.0.1:" .. port, rate = false}
    local headers = cmr.info(assert(client:platforms("x"))).headers
    assert.equal("2", headers["content-length"])
    headers["content-length"] = nil
    return headers
  end

  it("have lower-case names and values without space around them", function()
    assert.same({["x-one"] = "1", ["x-two"] = "a: b", ["x-three"] = "", ["x-four"] = "4", ["x-five"] = "",
      ["x_az-09"] = "@[Z"},
      headers_of("HTTP/1.1 200 OK", "X-One: 1", "x-TWO:a: b \t", "X-Three:", "X-Four:\t 4", "X-Five: \t ",
        "X_AZ-09: @[Z"))
  end)

  it("are joined where a name is repeated", function()
    assert.same({["x-a"] = "1, 2, 3"}, headers_of("HTTP/1.1 200 OK", "X-A: 1", "x-a: 2", "X-A: 3"))
    assert.same({["x-a"] = ("1, "):rep(4899) .. "1", ["x-b"] = "2"}, -- libcurl 8.22 takes 5,000 headers at most
      headers_of("HTTP/1.1 200 OK", "X-B: 2" .. ("\r\nX-A: 1"):rep(4900)))
  end)

  it("are those of the last answer, not of one that came before it", function()
    assert.same({["x-new"] = "1"},
      headers_of("HTTP/1.1 103 Early Hints", "X-Old: 1", "", "HTTP/1.1 200 OK", "X-New: 1"))
  end)

  it("do not include the status line, whatever it says", function()
    assert.same({["x-a"] = "1"}, headers_of("HTTP/1.1 200 OK: fine", "X-A: 1"))
  end)

  it("say in two dates how long to wait, whatever the clocks show", function()
    for date, seconds in pairs{["Thu, 01 Jan 1970 00:00:00 GMT"] = 10, ["Thu, 01 Jan 1970 00:00:04 GMT"] = 6} do
      core.engine():close()
      local answer = "HTTP/1.1 429 Slow\r\nDate: " .. date
        .. "\r\nretry-AFTER: \t Thu, 01 Jan 1970 00:00:10 GMT\r\nContent-Length: 2\r\n\r\n{}"
      local port = server:play{{{"request"}, {"send", answer}}}.port
      local client = cmr.new{api_key = "some-key", base_url = "http://127.0.0.1:" .. port, rate = false, retries = 0}
      assert.equal(seconds, select(3, client:platforms("x")).retry_after)
    end
  end)

  it("may be folded over several lines, as in old HTTP", function()
    assert.same({["x-a"] = "one two: 2"}, headers_of("HTTP/1.1 200 OK", "X-A: one", " two: 2"))
    local folded = headers_of("HTTP/1.1 200 OK", "X-A: one", "\ttwo", " three")["x-a"]
    assert.equal("one two three", (folded:gsub("\t", " "))) -- libcurl 8.22 makes the tab a space
    assert.same({["x-a"] = "one two", ["x-b"] = "2"}, headers_of("HTTP/1.1 200 OK\nX-A: one\n two\nX-B: 2"))
  end)

  -- Plays a whole answer. Returns the client's result.
  local function result_of(answer)
    core.engine():close()
    local port = server:play{{{"request"}, {"send", answer}}}.port
    return cmr.new{api_key = "some-key", base_url = "http://127.0.0.1:" .. port, rate = false,
      retries = 0}:platforms("x")
  end

  it("may have lines that end with a line feed alone", function()
    local answer = result_of "HTTP/1.1 200 OK\nX-A: 1\nContent-Length: 16\n\n{\"message\":\"ok\"}"
    assert.equal("ok", assert(answer).message)
    assert.equal("1", cmr.info(answer).headers["x-a"])
  end)

  it("may have 262144 bytes and none more", function()
    local first, last = "HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n\r\n"
    local line = "X-A: " .. ("x"):rep(993) .. "\r\n"
    local rest = 262144 - #first - #last - 262 * #line
    for more, kind in pairs{[0] = "none", [1] = "bad_response"} do
      local filler = "X-B: " .. ("y"):rep(rest + more - 7) .. "\r\n"
      local answer, _, err = result_of(first .. line:rep(262) .. filler .. last .. "{}")
      assert.equal(kind, answer and "none" or err.kind)
    end
  end)
end)
