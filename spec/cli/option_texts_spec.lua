-- How the command reads the texts of options: as numbers, durations, times and files with a key.
local command = require "spec.support.command"
local core = require "cmr.core"
local request = require "cmr.cli.request"
local times = require "cmr.cli.times"

local function usage(...)
  local ok, mistake = pcall(...)
  assert.is_false(ok)
  return mistake.usage
end

teardown(command.clean)

describe("the text of an option", function()
  it("is a number", function()
    for text, number in pairs{["0"] = 0, ["12"] = 12, ["1.5"] = 1.5, [".5"] = 0.5, ["3."] = 3} do
      assert.equal(number, request.number("--x", text))
    end
    assert.equal(12, request.number("--x", "12", true))
    assert.is_nil(request.number("--x", nil))
    for _, text in ipairs{"", ".", "-1", "1e3", "0x10", "x", "1.2.3", "5%d"} do
      assert.equal(("option '--x' wants a number, not '%s'"):format(text), usage(request.number, "--x", text))
    end
    for _, text in ipairs{"1.5", "", "x"} do
      local told = ("option '--x' wants a whole number, not '%s'"):format(text)
      assert.equal(told, usage(request.number, "--x", text, true))
    end
  end)

  it("is a number of seconds, minutes, hours or days", function()
    for text, seconds in pairs{["7d"] = 604800, ["12h"] = 43200, ["30m"] = 1800, ["5s"] = 5} do
      assert.equal(seconds, times.duration("--x", text))
    end
    assert.is_nil(times.duration("--x", nil))
    for _, text in ipairs{"7", "d", "1.5h", "7w", "7d ", "50%d"} do
      assert.equal(("option '--x' wants a time such as 7d, 12h or 30m, not '%s'"):format(text),
        usage(times.duration, "--x", text))
    end
  end)

  it("is a time: a date, perhaps with a clock time, or how long ago it was", function()
    local function at(...)
      local year, month, day, hour, minute, second = ...
      return os.time{year = year, month = month, day = day, hour = hour, min = minute, sec = second}
    end
    for text, time in pairs{
      ["2026-03-31"] = at(2026, 3, 31, 0, 0, 0),
      ["2026-03-31 17:30"] = at(2026, 3, 31, 17, 30, 0),
      ["2026-03-31T17:30"] = at(2026, 3, 31, 17, 30, 0),
      ["2026-03-31 17:30:59"] = at(2026, 3, 31, 17, 30, 59),
    } do assert.equal(time, times.time("--x", text), text) end
    assert.is_nil(times.time("--x", nil))
    local now = core.time()
    assert.same({0, 0, 0}, {times.time("--x", "30000d"), times.time("--x", ("9"):rep(30) .. "d"),
      times.time("--x", "1950-01-01")}) -- the ledger has no older requests
    local ago = times.time("--x", "12h")
    assert.is_true(ago >= now - 43200 and ago <= core.time() - 43200)
    for _, text in ipairs{"2026-02-31", "2026-13-01", "2026-03-31 ", "2026-03-31 25:00", "2026-03-31 17",
      os.date "%Y-%m-%d" .. " x", "26-03-31", "x2026-03-31", "7w", "50%d"} do
      assert.equal(("option '--x' wants a date such as 2026-03-31, or a time such as 7d, 12h or 30m, not '%s'")
        :format(text), usage(times.time, "--x", text))
    end
  end)

  it("names the file of a key, whose first line counts", function()
    local function read(text) return function() return text, "No such file: 100%" end end
    for _, text in ipairs{"key", " key \n", "key\r\nmore", "\tkey\nmore"} do
      assert.equal("key", request.key("f", read(text)))
    end
    assert.equal("option '--api-key-file' wants a file, not standard input", usage(request.key, "-", read "key"))
    assert.equal("option '--api-key-file': the file's first line is empty", usage(request.key, "f", read "\nkey"))
    assert.equal("option '--api-key-file' names no file that can be read (No such file: 100%)",
      usage(request.key, "f", read(nil)))
  end)
end)

describe("a mistake that the library raises", function()
  it("is told without the function and the line that raised it", function()
    for raised, told in pairs{
      ["lua/cmr/x.lua:12: cmr.mock.run: bad option 'port'"] = "bad option 'port'",
      ["cmr.new: bad option 'rate' (100% wrong)"] = "new: bad option 'rate' (100% wrong)",
      ["nothing to remove"] = "nothing to remove",
    } do assert.equal(told, usage(request.library, error, raised, 0)) end
    assert.same({1, nil, 3}, {request.library(function(...) return ... end, 1, nil, 3)})
  end)

  it("is not confused with an interruption, or with a failure of the command", function()
    local failure = {failure = "x"}
    for _, raised in ipairs{"interrupted!", "lua/cmr/x.lua:1: interrupted!", failure} do
      assert.same({false, raised}, {pcall(request.library, error, raised, 0)})
    end
  end)
end)
