-- Every fault of spec.fault.rows, with GET and POST, against a server that breaks on purpose. The run
-- makes the page of the faults, and compares it with docs/maintainers/faults.md.
local core = require "cmr.core"
local faultserver = require "spec.support.faultserver"
local judge = require "spec.fault.verdict"
local play = require "spec.fault.play"
local program = require "spec.support.program"
local report = require "spec.fault.report"
local sections = require "spec.fault.rows"
local support = require "spec.support.client"

local WRITTEN = ("build/%s/faults.md"):format(os.getenv "CMR_FLAVOUR" or ".")
local CHECKED_IN = "docs/maintainers/faults.md"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path .. ".new", "wb"))
  file:write(text)
  file:close()
  assert(os.rename(path .. ".new", path))
end

describe("faults #fault", function()
  local server
  local missing = 0

  local function note()
    missing = missing - 1
  end

  local function each(action)
    for _, section in ipairs(sections) do
      for _, row in ipairs(section) do
        for _, method in ipairs { "GET", "POST" } do
          if row[method] then
            action(section, row, method)
          end
        end
      end
    end
  end

  each(function()
    missing = missing + 1
  end)

  setup(function()
    server = faultserver.start()
  end)
  teardown(function()
    server:stop()
  end)

  each(function(section, row, method)
    if section.name ~= "dns" then
      it(("%s, %s"):format(row[1], method), function()
        if section.name == "http2" and support.LACKS_HTTP2 then return pending(support.LACKS_HTTP2) end
        local result = play.row(server, row, method)
        -- The machine may have been busy, so a row that took too long is measured once more.
        if not judge.outcome(row, method, result) and judge.time(row, result) then
          result = play.row(server, row, method)
        end
        assert.is_nil(judge.outcome(row, method, result))
        note()
        assert.is_nil(judge.time(row, result))
      end)
    end
  end)

  -- A separate process, whose resolver is replaced before it starts.
  describe("in a process whose names are not resolved:", function()
    local lines = {}

    setup(function()
      local resolver = "build/slow_getaddrinfo.so"
      faultserver.compile(resolver, "spec/fault/slow_getaddrinfo.c", "-fPIC -shared -ldl")
      local preload = (os.getenv "LD_PRELOAD" or "") .. " ./" .. resolver
      local ended = program.run('dofile "spec/fault/child.lua"', {
        env = { LD_PRELOAD = preload, LUA_PATH = "./?.lua;" .. (os.getenv "LUA_PATH" or ";") },
        limit = 120,
      })
      assert.equal("", ended.err)
      assert.equal(0, ended.status)
      for line in ended.out:gmatch "[^\n]+" do
        table.insert(lines, core.json_decode(line))
      end
    end)

    each(function(section, row, method)
      if section.name == "dns" then
        it(("%s, %s"):format(row[1], method), function()
          local result
          for _, line in ipairs(lines) do
            if line.row == row[1] and line.method == method then
              result = line
            end
          end
          assert.is_nil(judge.outcome(row, method, result))
          note()
          assert.is_nil(judge.time(row, result))
        end)
      end
    end)

    it("cancelling, dropping or closing a call that hangs holds nothing up, wherever it hangs", function()
      local count = 0
      for _, line in ipairs(lines) do
        if line.way then
          local what = line.way .. ", held up by " .. line.state
          assert.is_true(line.after, what)
          assert.is_nil(judge.step(line.longest), what)
          assert.is_nil(judge.step(line.took), what)
          count = count + 1
        end
      end
      assert.equal(os.getenv "CMR_LACKS_HTTP2" and 21 or 24, count)
    end)
  end)

  it("are all in docs/maintainers/faults.md, as they are here", function()
    if missing > 0 then
      pending "not every row was played"
    end
    local text = report.text(sections)
    write(WRITTEN, text)
    if read(CHECKED_IN) ~= text then
      error(("%s is not what the run shows: look at `diff %s %s`, then copy the second"):format(
        CHECKED_IN, CHECKED_IN, WRITTEN), 0)
    end
  end)
end)
