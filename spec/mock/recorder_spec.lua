-- How much the mock keeps of its requests, and for how long.
local Recorder = require "cmr.mock.recorder"

local MIB = 1024 * 1024

-- Records a request with its body and its answer.
local function add(recorder, body, answer)
  local entry = {}
  recorder:add(entry, 100)
  recorder:set_body(entry, body or "")
  recorder:finish(entry, 200, {}, answer or "{}")
  return entry
end

local function numbers(entries)
  local list = {}
  for index, entry in ipairs(entries) do list[index] = entry.number end
  return list
end

describe("the mock's recorder", function()
  it("numbers the requests, and continues the numbers of the recorder before it", function()
    local recorder = Recorder.new(7)
    assert.same({}, recorder:list())
    add(recorder)
    add(recorder)
    assert.same({8, 9}, numbers(recorder:list()))
    assert.same({2, 9}, {recorder.finished, recorder.last})
  end)

  it("lists the requests after a number, or the newest of them", function()
    local recorder = Recorder.new(0)
    for _ = 1, 9 do add(recorder) end
    assert.same({7, 8, 9}, numbers(recorder:list(6)))
    assert.same({8, 9}, numbers(recorder:list(6, 2)))
    assert.same({7, 8, 9}, numbers(recorder:list(6, 20)))
    assert.same({}, recorder:list(9))
    assert.same({}, recorder:list(0, 0))
  end)

  it("has the last 10,000 requests", function()
    local recorder = Recorder.new(0)
    for _ = 1, 25000 do add(recorder) end
    local list = recorder:list()
    assert.equal(10000, #list)
    assert.same({15001, 25000}, {list[1].number, list[10000].number})
    assert.equal(15001, recorder.first)
  end)

  it("has the first MiB of a body and of an answer", function()
    local entry = add(Recorder.new(0), ("b"):rep(MIB + 1), ("a"):rep(MIB + 1))
    assert.equal(("b"):rep(MIB), entry.body)
    assert.equal(("a"):rep(MIB), entry.answer.body)
  end)

  it("has at most 64 MiB in all, but always the last request", function()
    local recorder, large = Recorder.new(0), ("x"):rep(MIB)
    for _ = 1, 40 do add(recorder, large, large) end
    local list = recorder:list()
    assert.equal(31, #list) -- each has 2 MiB and some bytes more
    assert.equal(40, list[31].number)
    assert.is_true(recorder.bytes <= 64 * MIB)
    local exact = Recorder.new(0)
    for _ = 1, 64 do
      local entry = {}
      exact:add(entry, 0)
      exact:set_body(entry, large)
    end
    assert.equal(64, #exact:list())
    exact:add({}, 1)
    assert.equal(64, #exact:list())
    local form, parts = {}, {}
    for index = 1, 70 do parts[index] = {value = large} end
    recorder:add(form, 0)
    recorder:set_body(form, "", parts)
    assert.same({41}, numbers(recorder:list()))
    add(recorder)
    assert.same({42}, numbers(recorder:list()))
    assert.equal(102, recorder.bytes)
  end)

  it("forgets a request that ends after it was dropped", function()
    local recorder, slow = Recorder.new(0), {}
    recorder:add(slow, 0)
    for _ = 1, 10000 do add(recorder) end
    local bytes = recorder.bytes
    recorder:finish(slow, 200, {}, "late")
    assert.equal(bytes, recorder.bytes)
    assert.equal(200, slow.status)
  end)

  it("has no answer for a request that was not answered", function()
    local recorder, entry = Recorder.new(0), {}
    recorder:add(entry, 0)
    recorder:finish(entry, 444)
    assert.same({number = 1, status = 444}, entry)
  end)
end)
