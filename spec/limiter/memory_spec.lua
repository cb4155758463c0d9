-- When the next request may leave. The specs set the clock, so nothing waits. contract_spec.lua tests what all limiters
-- have in common.

local core = require "cmr.core"
local limiter = require "cmr.limiter.memory"

local RATE = 4 -- requests per second: the default
local VENDOR = 5 -- requests per second that the vendor allows

-- Returns a limiter, and a function that sets its clock.
local function with_clock(now)
  return limiter.new(1, function() return now end), function(time) now = time end
end

-- Returns a source of random numbers from 0 to 1, which are the same in every run and on every Lua.
local function dice(seed)
  return function()
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  end
end

-- Takes the times at which requests arrive. Returns the times at which they leave.
local function departures(arrivals, rate)
  local line, set = with_clock(0)
  local leave = {}
  for i, now in ipairs(arrivals) do
    set(now)
    leave[i] = now + assert(line:reserve("key", rate, math.huge))
  end
  table.sort(leave)
  return leave
end

-- The ways in which the vendor may count: in a second that begins at any time, in seconds that begin at fixed times, or
-- with a bucket. The functions `sliding` and `fixed` return the most requests that one second had. `runs_dry` returns
-- whether the bucket was ever empty.
local function sliding(times)
  local most, first = 0, 1
  for last, time in ipairs(times) do
    while times[first] < time - 1 do first = first + 1 end -- a second includes both its ends
    most = math.max(most, last - first + 1)
  end
  return most
end

local function fixed(times, offset)
  local most, count, window = 0, 0, nil
  for _, time in ipairs(times) do
    local this = math.floor(time + offset)
    count = this == window and count + 1 or 1
    window = this
    most = math.max(most, count)
  end
  return most
end

local function runs_dry(times)
  local tokens, before = VENDOR, times[1]
  for _, time in ipairs(times) do
    tokens = math.min(VENDOR, tokens + (time - before) * VENDOR)
    before = time
    if tokens < 1 then return true end
    tokens = tokens - 1
  end
  return false
end

local function is_within_the_limit(times)
  if sliding(times) > VENDOR or runs_dry(times) then return false end
  for offset = 0, 0.95, 0.05 do
    if fixed(times, offset) > VENDOR then return false end
  end
  return true
end

local patterns = {}

function patterns.all_at_once()
  local arrivals = {}
  for i = 1, 200 do arrivals[i] = 0 end
  return arrivals
end

function patterns.one_after_the_other()
  local arrivals = {}
  for i = 1, 400 do arrivals[i] = i * 0.01 end
  return arrivals
end

function patterns.bursts_after_silence()
  local arrivals, random, now = {}, dice(7), 1000.3
  for _ = 1, 40 do
    now = now + 20 * random()
    for _ = 1, 1 + math.floor(12 * random()) do arrivals[#arrivals + 1] = now end
  end
  return arrivals
end

function patterns.at_random()
  local arrivals, random, now = {}, dice(11), 0.1
  for i = 1, 2000 do
    now = now + 0.5 * random()
    arrivals[i] = now
  end
  return arrivals
end

describe("the queue", function()
  it("lets the first request leave at once, and the others evenly spaced", function()
    local line = with_clock(100)
    for i = 0, 7 do assert.equal(i * 0.25, line:reserve("key", 4, 60)) end
  end)

  it("lets a request leave at once when the last one is long ago, and saves no slots for later", function()
    local line, set = with_clock(100)
    assert.equal(0, line:reserve("key", 4, 60))
    set(100.25)
    assert.equal(0, line:reserve("key", 4, 60))
    set(1000)
    assert.equal(0, line:reserve("key", 4, 60))
    assert.equal(0.25, line:reserve("key", 4, 60))
    assert.equal(0.5, line:reserve("key", 4, 60))
  end)

  it("counts the time that has passed", function()
    local line, set = with_clock(100)
    assert.equal(0, line:reserve("key", 4, 60))
    set(100.125)
    assert.equal(0.125, line:reserve("key", 4, 60))
    set(100.25)
    assert.equal(0.25, line:reserve("key", 4, 60))
  end)

  it("uses the rate of each request", function()
    local line = with_clock(0)
    assert.equal(0, line:reserve("key", 2, 60))
    assert.equal(0.5, line:reserve("key", 4, 60))
    assert.equal(0.75, line:reserve("key", 0.5, 60))
    assert.equal(2.75, line:reserve("key", 4, 60))
  end)

  it("is one for each key", function()
    local line = with_clock(0)
    assert.equal(0, line:reserve("one", 4, 60))
    assert.equal(0, line:reserve("two", 4, 60))
    assert.equal(0, line:reserve("", 4, 60))
    assert.equal(0.25, line:reserve("one", 4, 60))
    line:pause("two", 10)
    assert.equal(0.5, line:reserve("one", 4, 60))
    assert.equal(10, line:reserve("two", 4, 60))
  end)

  it("is one for each limiter", function()
    local one, two = (with_clock(0)), (with_clock(0))
    one:pause("key", 10)
    assert.equal(10, one:reserve("key", 4, 60))
    assert.equal(0, two:reserve("key", 4, 60))
  end)
end)

describe("the longest acceptable wait", function()
  it("may be used up", function()
    local line = with_clock(0)
    assert.equal(0, line:reserve("key", 4, 0))
    assert.equal(0.25, line:reserve("key", 4, 0.25))
  end)

  it("is not exceeded: no slot is reserved, and the caller learns how long the wait would be", function()
    local line = with_clock(0)
    line:reserve("key", 4, 60)
    for _ = 1, 3 do
      local delay, needed = line:reserve("key", 4, 0.2)
      assert.is_nil(delay)
      assert.equal(0.25, needed)
    end
    assert.equal(0.25, line:reserve("key", 4, 60))
  end)

  it("may be negative", function()
    local line = with_clock(0)
    local delay, needed = line:reserve("key", 4, -1)
    assert.is_nil(delay)
    assert.equal(0, needed)
    assert.equal(0, line:reserve("key", 4, 0))
  end)
end)

describe("a pause", function()
  it("delays the requests that have no slot yet", function()
    local line, set = with_clock(0)
    line:reserve("key", 4, 60)
    set(1)
    line:pause("key", 5)
    assert.equal(5, line:reserve("key", 4, 60))
    assert.equal(5.25, line:reserve("key", 4, 60))
    assert.is_nil((line:reserve("key", 4, 5)))
  end)

  it("ends in time", function()
    local line, set = with_clock(0)
    line:pause("key", 5)
    line:pause("other", 5)
    set(4)
    assert.equal(1, line:reserve("key", 4, 60))
    set(5)
    assert.equal(0, line:reserve("other", 4, 60))
  end)

  it("does not shorten a longer pause", function()
    local line, set = with_clock(0)
    line:pause("key", 5)
    set(1)
    line:pause("key", 1)
    line:pause("key", 0)
    assert.equal(4, line:reserve("key", 4, 60))
  end)
end)

describe("the vendor's limit #simulation", function()
  for name, pattern in pairs(patterns) do
    it("is never exceeded at the default rate: " .. name:gsub("_", " "), function()
      assert.is_true(is_within_the_limit(departures(pattern(), RATE)))
    end)

    it("is not exceeded when requests take up to 0.2 s to arrive: " .. name:gsub("_", " "), function()
      local times, random = departures(pattern(), RATE), dice(3)
      for i, time in ipairs(times) do times[i] = time + 0.2 * random() end
      table.sort(times)
      assert.is_true(is_within_the_limit(times))
    end)
  end

  it("is exceeded at 5 and at 10 a second, which these checks notice", function()
    assert.is_false(is_within_the_limit(departures(patterns.all_at_once(), 5)))
    assert.is_false(is_within_the_limit(departures(patterns.one_after_the_other(), 10)))
    assert.is_false(is_within_the_limit(patterns.bursts_after_silence()))
  end)

  it("delays no request more than the rate demands", function()
    local leave = departures(patterns.all_at_once(), RATE)
    assert.equal(199 / RATE, leave[200])
    local arrivals = {}
    for i = 1, 100 do arrivals[i] = i * 0.3 end -- slower than the rate
    assert.same(arrivals, departures(arrivals, RATE))
  end)
end)

it("a limiter has the whole rate for itself, unless it is told how many share it", function()
  for shares, second in pairs{[0] = 0.25, [1] = 0.25, [3] = 0.75} do
    local line = limiter.new(shares > 0 and shares or nil, function() return 7 end)
    assert.same({0, second}, {line:reserve("key", 4, 60), (line:reserve("key", 4, 60))})
  end
end)

describe("the clock", function()
  it("is the machine's monotonic one, unless another is given", function()
    local line = limiter.new()
    local before = core.now()
    line:pause("key", 5)
    local delay = line:reserve("key", 4, 60)
    assert.is_true(delay <= 5 and delay >= 5 - (core.now() - before), delay)
  end)
end)

describe("a limiter of many keys", function()
  it("remembers only keys whose queue is not empty", function()
    local line, set = with_clock(0)
    for index = 1, 50000 do
      set(index / 1000)
      line:reserve("key" .. index, 4, 60)
    end
    assert.is_true(line.next_slots.count <= 2000, line.next_slots.count)
    line:pause("key1", 1000)
    for index = 1, 5000 do line:reserve("other" .. index, 4, 60) end
    assert.is_true(line:reserve("key1", 4, 2000) > 900)
  end)
end)
