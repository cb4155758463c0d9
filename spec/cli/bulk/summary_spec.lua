-- What a bulk run says while it runs, and at its end.
local progress = require "cmr.cli.bulk.progress"
local tally = require "cmr.cli.bulk.tally"

local function counts(todo, done, failed, unknown, later)
  return {todo = todo, done = done, failed = failed or 0, unknown = unknown or 0, later = later or 0}
end

describe("progress", function()
  it("says durations as people do", function()
    for seconds, text in pairs{[0] = "0 s", [89] = "89 s", [90] = "2 min", [3600] = "60 min", [5400] = "1 h 30 min",
      [172000] = "47 h 47 min", [172800] = "2.0 days", [1e6] = "11.6 days"} do
      assert.equal(text, progress.duration(seconds))
    end
  end)

  it("is a line with rate, time left and what went wrong", function()
    assert.equal("cmr: 0 of 100 rows, 0.0/s\n", progress.line(counts(100, 0), 0))
    assert.equal("cmr: 40 of 10000 rows, 4.0/s, 42 min left\n", progress.line(counts(10000, 40), 10))
    assert.equal("cmr: 100 of 100 rows, 4.0/s, 2 failed, 1 unknown, 3 later\n",
      progress.line(counts(100, 94, 2, 1, 3), 25))
  end)

  it("is a bar that fits the terminal", function()
    assert.equal("[" .. ("#"):rep(10) .. ("-"):rep(30) .. "] 25/100  25%  5.0/s, 15 s left",
      progress.bar(counts(100, 25), 5, 200))
    assert.equal("[#####################] 4/4 100%  2.0/s, 2 failed", progress.bar(counts(4, 2, 2), 2, 50))
    for columns = 1, 120 do
      local bar = progress.bar(counts(10000, 5000, 100, 10, 3), 1000, columns)
      assert.is_true(#bar < columns, columns)
    end
  end)

  -- A system whose clock and terminal are ours.
  local function shown(columns, term)
    local text, clock = {}, {now = 0}
    local system = {
      stderr = {
        write = function(_, ...) text[#text + 1] = table.concat{...} end,
        flush = function() end,
      },
      terminal = function() return columns end,
      getenv = function(name) return name == "TERM" and term or nil end,
    }
    local numbers = counts(10, 0)
    local one = progress.new(numbers, system, function() return clock.now end)
    return one, numbers, clock, function()
      local all = table.concat(text)
      text = {}
      return all
    end
  end

  it("is drawn over itself on a terminal", function()
    local one, numbers, clock, said = shown(60)
    clock.now, numbers.done = 1, 5
    one:show()
    assert.equal("\r[###############---------------] 5/10  50%  5.0/s, 1 s left\27[K", said())
    one:clear()
    one:clear()
    assert.equal("\r\27[K", said())
  end)

  it("is a line every ten seconds elsewhere", function()
    for _, case in ipairs{{nil, "xterm"}, {80, "dumb"}} do
      local one, numbers, clock, said = shown(case[1], case[2])
      for second = 1, 25 do
        clock.now, numbers.done = second, math.floor(second / 5)
        one:show()
      end
      one:clear()
      assert.equal("cmr: 2 of 10 rows, 0.2/s, 40 s left\ncmr: 4 of 10 rows, 0.2/s, 30 s left\n", said())
    end
  end)
end)

describe("a summary", function()
  it("says that all is done", function()
    local one = tally.new(2)
    one:add({number = 1}, "done")
    one:add({number = 2}, "done")
    one:add({number = 3}, "done", "done", true)
    assert.same({"3 rows: 3 done (1 of them before)"}, one:lines(3))
    assert.is_true(one:complete(3))
    assert.is_false(one:complete(4))
  end)

  it("says what is not, why, and what to do", function()
    local one = tally.new(30)
    one:add({number = 1}, "done")
    one:add({number = 2}, "partly")
    one:add({number = 3}, "failed", {kind = "not_found"})
    one:add({number = 4}, "failed", {kind = "bad_request"}, true)
    one:add({number = 5}, "failed", {kind = "bad_request"})
    one:add({number = 6}, "later", {kind = "quota_exceeded", again = 1000000})
    one:add({number = 7}, "later", {kind = "payment_required"}, true)
    for number = 8, 29 do one:add({number = number}, "unknown", {kind = "timeout"}) end
    local lines = one:lines(30)
    assert.same({
      "30 rows: 2 done, 3 failed, 22 unknown, 2 later, 1 not tried",
      "failed: 1 not_found, 2 bad_request",
      "done in part, items of them failed: row 2",
      "unknown: rows 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27 and 2 more: " ..
        "may have been done; look, and if not, --retry-unknown",
      "later: 1 payment_required, 1 quota_exceeded: run the same again" .. os.date(" from %Y-%m-%d %H:%M", 1000000),
    }, lines)
    assert.is_false(one:complete(30))
  end)

  it("is not complete when items of a row failed", function()
    local one = tally.new(1)
    one:add({number = 1}, "partly")
    assert.is_false(one:complete(1))
  end)
end)
