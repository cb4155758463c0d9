-- The loop of client:map over jobs that the spec finishes itself. spec/client/jobs_spec.lua tests it with requests.
local jobs = require "cmr.jobs"

describe("the loop of client:map", function()
  local started, loop

  before_each(function()
    started = {}
    loop = {semaphore = function()
      local posts = 0
      return {
        post = function() posts = posts + 1 end,
        wait = function()
          assert(posts > 0, "would wait for ever")
          posts = posts - 1
        end,
      }
    end}
  end)

  -- Begins a job, and keeps it in `started`.
  local function start(input, finished, before_send)
    local job = {before_send = before_send}
    function job.finish(answer)
      job.is_done, job.answer = true, answer or "answer of " .. input
      finished.post(job)
    end
    function job.done() return job.is_done end
    function job.wait() return job.answer end
    function job.cancel() job.is_cancelled = true end
    started[#started + 1] = job
    return job
  end

  local function map(opts, count)
    local inputs = {}
    for index = 1, count or 9 do inputs[index] = "input " .. index end
    return jobs.map(loop, inputs, opts, start)
  end

  local function finish(...)
    for _, index in ipairs{...} do started[index].finish() end
  end

  local function cancelled()
    local list = {}
    for index, job in ipairs(started) do list[index] = job.is_cancelled == true end
    return list
  end

  it("begins as many jobs as it may, and another one for each answer", function()
    local step = map{concurrency = 3}
    assert.error_matches(step, "would wait for ever")
    assert.equal(3, #started)
    finish(3, 1)
    assert.same({"input 3", "answer of input 3"}, {step()})
    assert.equal(3, #started)
    assert.same({"input 1", "answer of input 1"}, {step()})
    assert.equal(4, #started) -- a new one began in place of the third
    assert.error_matches(step, "would wait for ever")
    assert.equal(5, #started)
    local seen = {}
    for round = 1, 7 do
      for _, job in ipairs(started) do
        if not job.is_done then job.finish() break end
      end
      seen[round] = step()
    end
    assert.same({"input 2", "input 4", "input 5", "input 6", "input 7", "input 8", "input 9"}, seen)
    assert.is_nil((step()))
    assert.equal(9, #started)
  end)

  it("begins one at a time when it is told so, and 16 when it is told nothing", function()
    for concurrency, count in pairs{[1] = 1, [0] = 16} do
      started = {}
      local step = map(concurrency > 0 and {concurrency = concurrency} or nil, 40)
      assert.error_matches(step, "would wait for ever")
      assert.equal(count, #started)
    end
  end)

  it("keeps the order of the inputs on demand", function()
    local step = map({concurrency = 3, ordered = true}, 3)
    pcall(step)
    finish(2, 3)
    assert.error_matches(step, "would wait for ever")
    finish(1)
    for index = 1, 3 do assert.equal("input " .. index, (step())) end
    assert.is_nil((step()))
  end)

  it("holds no answer that it has returned", function()
    for _, ordered in ipairs{false, true} do
      started = {}
      local step = map({concurrency = 1, ordered = ordered}, 2)
      local answers = setmetatable({}, {__mode = "v"})
      pcall(step)
      started[1].finish{}
      answers[1] = select(2, step())
      started[1] = {}
      collectgarbage()
      assert.is_nil(answers[1])
      pcall(step)
    end
  end)

  it("cancels what is left when its loop was left, and ends", function()
    local step, _, _, closing = map{concurrency = 3}
    pcall(step)
    finish(2)
    step()
    getmetatable(closing).__close(closing)
    assert.same({true, false, true}, cancelled())
    assert.is_nil((step()))
    assert.equal(3, #started)
  end)

  it("cancels what is left when nothing refers to it any more", function()
    local step = map{concurrency = 3}
    pcall(step)
    collectgarbage()
    collectgarbage()
    assert.same({false, false, false}, cancelled())
    finish(1)
    assert.equal("input 1", (step()))
    step = nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    assert.same({false, true, true}, cancelled())
  end)

  it("cancels what is left, and raises, when the coroutine that ran it has ended", function()
    local ended
    loop.watch = function(act)
      ended = act
      return {seen = function() end, stop = function() end}
    end
    local step = map{concurrency = 2}
    pcall(step)
    ended()
    assert.same({true, true}, cancelled())
    assert.error_matches(step, "cmr.map: the coroutine that ran this loop has ended, so its calls were cancelled")
  end)

  it("raises where nothing can wait", function()
    local step = map{concurrency = 2}
    loop.unsupported = function(context) return "no " .. context .. ": more words; and more" end
    assert.error_matches(step, "cmr.map: no caller: wait in a coroutine of the loop that runs the call")
    assert.same({}, started)
    assert.error_matches(function() jobs.map(loop, "text", nil, start) end,
      "cmr.map: bad inputs %(a list or a function expected, got string%)")
  end)

  it("calls before_send with the input", function()
    local step = map({concurrency = 2, before_send = function(input) return input .. " sent" end})
    pcall(step)
    assert.same({"input 1 sent", "input 2 sent"}, {started[1].before_send(), started[2].before_send()})
    started = {}
    pcall(map{concurrency = 2})
    assert.is_nil(started[1].before_send)
  end)
end)
