-- The line that says what the command is doing, for a fake clock and a fake terminal.
local core = require "cmr.core"
local is_watched = require("cmr.cli.io").is_watched
local progress = require "cmr.cli.progress"

describe("the line about the progress", function()
  local now, written, flushed, columns, term, core_now

  before_each(function()
    now, written, flushed, columns, term, core_now = 1000, {}, nil, 40, "xterm", core.now
    core.now = function() return now end
  end)

  after_each(function() core.now = core_now end)

  local function system()
    return {
      stderr = {
        write = function(_, ...) written[#written + 1] = table.concat{...} end,
        flush = function() flushed = table.concat(written) end,
      },
      terminal = function() return columns end,
      getenv = function(name) return name == "TERM" and term or nil end,
    }
  end

  local function said()
    local text = table.concat(written)
    assert.is_true(text == "" or text == flushed)
    written, flushed = {}, nil
    return text
  end

  it("appears after two seconds, and is removed once", function()
    local one = progress.new(system())
    one:clear()
    now = 1001.9
    one:show "cmr: 5 items"
    assert.equal("", said())
    now = 1002
    one:show "cmr: 5 items"
    assert.equal("\rcmr: 5 items, 2 seconds\27[K", said())
    now = 1003.9
    one:show "cmr: 6 items"
    assert.equal("\rcmr: 6 items, 3 seconds\27[K", said())
    one:clear()
    assert.equal("\r\27[K", said())
    one:clear()
    assert.equal("", said())
  end)

  it("fits the terminal, whose width is 80 columns if it is unknown", function()
    for width, limit in pairs{[40] = 39, [2] = 1, [1] = 1, [0] = 79, [80] = 79, [20] = 19} do
      columns, now = width, 1000
      local one = progress.new(system())
      now = 1010
      one:show(("x"):rep(200))
      local text = said():match "^\r(.*)\27%[K$"
      assert.equal(limit, #text:gsub("[\128-\191]", ""))
    end
  end)

  it("appears only where a person can see it, and a line can be written over", function()
    for _, case in ipairs{{nil, "xterm"}, {80, "dumb"}, {nil, "dumb"}} do
      columns, term, now = case[1], case[2], 1000
      assert.is_false(is_watched(system()))
      local one = progress.new(system())
      now = 1010
      one:show "x"
      one:clear()
      assert.equal("", said())
    end
    columns, term = 0, nil
    assert.is_true(is_watched(system()))
  end)

  it("says why the command tries again, and when", function()
    local hook = progress.on_retry(system(), 2)
    for _, case in ipairs{
      {{err = {status = 503, kind = "server"}, delay = 0.5, attempt = 1}, "HTTP 503, again in 0.5 s (attempt 2 of 3)"},
      {{err = {kind = "network"}, delay = 1, attempt = 2}, "no answer (network), again in 1 s (attempt 3 of 3)"},
      {{err = {kind = "timeout"}, delay = 1.2, attempt = 1}, "no answer (timeout), again in 2 s (attempt 2 of 3)"},
    } do
      hook(case[1])
      assert.equal("\r\27[Kcmr: " .. case[2] .. "\n", said())
    end
  end)
end)
