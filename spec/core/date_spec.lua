-- The dates of HTTP headers, and the time.
local core = require "cmr.core"

describe("core.http_time", function()
  it("reads the date of a header in each form of HTTP", function()
    for _, date in ipairs{"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994"} do
      assert.equal(784111777, core.http_time(date), date)
    end
    assert.equal(1709210096, core.http_time "Thu, 29 Feb 2024 12:34:56 GMT")
    assert.equal(0, core.http_time "Thu, 01 Jan 1970 00:00:00 GMT")
    assert.equal(784111777, core.http_time "Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: 1995")
  end)

  it("has no time for a text of more than 63 bytes", function()
    local date = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert.equal(784111777, core.http_time(date .. (" "):rep(63 - #date)))
    assert.is_nil(core.http_time(date .. (" "):rep(64 - #date)))
  end)

  it("has no time for a text that is no date", function()
    for _, text in ipairs{"", "soon", "Sun, 99 Nov 1994 08:49:37 GMT", ("1"):rep(100)} do
      assert.is_nil(core.http_time(text), text)
    end
  end)
end)

describe("core.time", function()
  it("is the system's time, and goes on within a second", function()
    local first = core.time()
    assert.is_true(math.abs(first - os.time()) < 2)
    local last, steps = first, 0
    repeat
      local now = core.time()
      assert.is_true(now >= last)
      if now > last then last, steps = now, steps + 1 end
    until now > first + 0.02 or steps == 1e6
    assert.is_true(steps > 1)
  end)
end)
