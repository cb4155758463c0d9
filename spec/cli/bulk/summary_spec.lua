-- What a bulk run says while it runs, and at its end.
local summary = require "cmr.cli.bulk.summary"

local function counts(todo, done, failed, unknown, deferred)
  return {todo = todo, done = done, failed = failed or 0, accepted = 0, sending = 0, unknown = unknown or 0,
    deferred = deferred or 0}
end

describe("progress", function()
  it("is a line with rate, time left and what went wrong", function()
    assert.equal("cmr: 0 of 100 rows, 0.0/s\n", summary.line(counts(100, 0), 0))
    assert.equal("cmr: 40 of 10000 rows, 4.0/s, 41 minutes 30 seconds left\n", summary.line(counts(10000, 40), 10))
    assert.equal("cmr: 100 of 100 rows, 4.0/s, 2 failed, 1 unknown, 3 deferred\n",
      summary.line(counts(100, 94, 2, 1, 3), 25))
    local numbers = counts(20, 1, 3, 4, 5)
    numbers.accepted, numbers.sending = 2, 1
    assert.equal("cmr: 16 of 20 rows, 4.0/s, 1 second left, 3 failed, 1 sending, 4 unknown, 5 deferred\n",
      summary.line(numbers, 4))
  end)

  it("is a bar that fits the terminal", function()
    assert.equal("[" .. ("#"):rep(10) .. ("-"):rep(30) .. "] 25/100  25%  5.0/s, 15 seconds left",
      summary.bar(counts(100, 25), 5, 200))
    assert.equal("[#####################] 4/4 100%  2.0/s, 2 failed", summary.bar(counts(4, 2, 2), 2, 50))
    assert.equal("[#####] 4/4 100%  2.0/s, 2 failed", summary.bar(counts(4, 2, 2), 2, 34))
    assert.equal("4/4 100%  2.0/s, 2 failed", summary.bar(counts(4, 2, 2), 2, 33))
    assert.equal("4/4 100%  2.0/s, 2 faile", summary.bar(counts(4, 2, 2), 2, 25))
    assert.equal("[" .. ("#"):rep(40) .. "] 0/0 100%  0.0/s", summary.bar(counts(0, 0), 0, 100))
    assert.equal("[" .. ("-"):rep(40) .. "] 0/4   0%  0.0/s", summary.bar(counts(4, 0), 0, 0))
    assert.equal("[" .. ("-"):rep(40) .. "] 0/1   0%  0.0/s", summary.bar(counts(1, 0), 0, 100))
    -- a terminal of unknown width counts as 80 columns wide
    local numbers = counts(10000, 5000, 100)
    assert.equal(summary.bar(numbers, 1000, 80), summary.bar(numbers, 1000, 0))
    assert.not_equal(summary.bar(numbers, 1000, 81), summary.bar(numbers, 1000, 0))
    for columns = 1, 120 do
      local bar = summary.bar(counts(10000, 5000, 100, 10, 3), 1000, columns)
      assert.is_true(#bar < columns, columns)
    end
  end)

  -- Makes a progress line for a fake clock and a fake terminal.
  local function shown(columns, term)
    local text, clock, flushed = {}, {now = 1000}, {}
    local system = {
      stderr = {
        write = function(_, ...) text[#text + 1] = table.concat{...} end,
        flush = function() flushed[1] = table.concat(text) end,
      },
      terminal = function() return columns end,
      getenv = function(name) return name == "TERM" and term or nil end,
    }
    local numbers = counts(10, 0)
    local one = summary.progress(numbers, system, function() return clock.now end)
    return one, numbers, clock, function()
      local all = table.concat(text)
      text = {}
      return all, flushed[1]
    end
  end

  it("is drawn over itself on a terminal", function()
    local one, numbers, clock, said = shown(60)
    clock.now, numbers.done = 1001, 5
    one:show()
    local text, flushed = said()
    assert.equal("\r[############-------------] 5/10  50%  5.0/s, 1 second left\27[K", text)
    assert.equal(text, flushed) -- the terminal shows it at once
    one:clear()
    one:clear()
    assert.equal("\r\27[K", said())
  end)

  it("is a line every ten seconds elsewhere", function()
    for _, case in ipairs{{nil, "xterm"}, {80, "dumb"}} do
      local one, numbers, clock, said = shown(case[1], case[2])
      for second = 1, 25 do
        clock.now, numbers.done = 1000 + second, math.floor(second / 5)
        one:show()
      end
      one:clear()
      assert.equal("cmr: 2 of 10 rows, 0.2/s, 40 seconds left\ncmr: 4 of 10 rows, 0.2/s, 30 seconds left\n", said())
    end
  end)
end)

describe("a summary", function()
  it("says that all is done", function()
    local one = summary.tally(2)
    one:add({number = 1}, "done")
    one:add({number = 2}, "done")
    one:add({number = 3}, "done", "done", true)
    assert.same({"3 rows: 3 done (1 of them before)"}, one:lines(3))
    assert.is_true(one:is_complete(3))
    assert.is_false(one:is_complete(4))
  end)

  it("says what is not done, why, and what to do", function()
    local one = summary.tally(30)
    one:add({number = 1}, "done")
    one:add({number = 2}, "partial", {message = "1 item failed: a.com"})
    one:add({number = 3}, "failed", {kind = "not_found"})
    one:add({number = 4}, "failed", {kind = "bad_request"}, true)
    one:add({number = 5}, "failed", {kind = "bad_request"})
    one:add({number = 6}, "deferred", {kind = "quota_exceeded", retry_at = 1000000})
    one:add({number = 7}, "deferred", {kind = "payment_required"}, true)
    for number = 8, 29 do one:add({number = number}, "unknown", {kind = "timeout"}) end
    local lines = one:lines(30)
    assert.same({
      "30 rows: 2 done, 3 failed, 22 unknown, 2 deferred, 1 not tried",
      "failed: 1 not_found, 2 bad_request",
      "some items failed: row 2",
      "row 2: 1 item failed: a.com",
      "unknown: rows 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27 and 2 more: " ..
        "may have been done; look, and if they were not, use --retry-unknown",
      "deferred: 1 payment_required, 1 quota_exceeded: run the same command again"
        .. os.date(" from %Y-%m-%d %H:%M", 1000000),
    }, lines)
    assert.is_false(one:is_complete(30))
  end)

  it("lists 20 rows by number, and sorts the kinds of failures", function()
    local one, kinds, all = summary.tally(20), {"a", "b", "c", "d", "e", "f"}, {}
    for number = 1, 20 do
      one:add({number = number}, "unknown")
      all[number] = number
    end
    for _, kind in ipairs(kinds) do one:add({number = 21}, "failed", {kind = kind}) end
    local lines = one:lines(26)
    assert.equal("failed: 1 a, 1 b, 1 c, 1 d, 1 e, 1 f", lines[2])
    assert.equal("unknown: rows " .. table.concat(all, ", ")
      .. ": may have been done; look, and if they were not, use --retry-unknown", lines[3])
  end)

  it("names the earliest time at which a deferred row can be sent", function()
    for _, times in ipairs{{1000000, 2000000}, {2000000, 1000000}} do
      local one = summary.tally(2)
      for number, time in ipairs(times) do one:add({number = number}, "deferred", {kind = "x", retry_at = time}) end
      assert.matches(os.date("again from %Y-%m-%d %H:%M", 1000000), one:lines(2)[2], 1, true)
    end
  end)

  it("counts the rows that are neither done nor in the file of failures", function()
    local one = summary.tally(9)
    one:add({number = 1}, "done")
    one:add({number = 2}, "accepted")
    one:add({number = 3}, "failed", {kind = "not_found"})
    one:add({number = 4}, "deferred", {kind = "quota_exceeded"})
    one:add({number = 5}, "unknown")
    one:add({number = 6}, "done", nil, true)
    assert.equal(3, one:left_out(8))
    assert.is_false(one:is_ended(6))
    assert.is_true(one:is_ended(4))
  end)

  it("distinguishes rows that another process is sending from rows that may have been done", function()
    local one = summary.tally(0)
    one:add({number = 1}, "unknown", {}, true)
    one:add({number = 2}, "sending", {}, true)
    one:add({number = 3}, "sending", {}, true)
    assert.same({
      "3 rows: 0 done, 2 sending, 1 unknown",
      "sending: rows 2, 3: another process waits for the answer; run the same command again when it has ended",
      "unknown: row 1: may have been done; look, and if they were not, use --retry-unknown",
    }, one:lines(3))
    assert.is_false(one:is_ended(3))
    assert.equal(3, one:left_out(3))
  end)

  it("is not complete when items of a row failed", function()
    local one = summary.tally(1)
    one:add({number = 1}, "partial")
    assert.is_false(one:is_complete(1))
  end)
end)
