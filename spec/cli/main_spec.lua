-- The command in this process: what it prints and returns for help, a mistake, a failure and an error of its own.
local cli = require "cmr.cli"

-- Runs the command. `more` replaces members of its system. Returns its status, its output and its messages.
local function run(words, more)
  local out, err = {}, {}
  local function sink(parts)
    return {
      write = function(_, ...)
        for _, part in ipairs{...} do parts[#parts + 1] = part end
        return true
      end,
      flush = function() return true end,
    }
  end
  local system = {stdout = sink(out), stderr = sink(err), terminal = function() end, getenv = function() end}
  for name, value in pairs(more or {}) do system[name] = value end
  local status = cli.main(words, system)
  return {status, table.concat(out), table.concat(err)}
end

local BROKEN = "cmr.cli.commands.operations"
local real = require(BROKEN)

after_each(function() package.loaded[BROKEN] = real end)

-- Makes `cmr operations` raise an error.
local function broken(ending)
  package.loaded[BROKEN] = {epilog = real.epilog, run = function() error(ending, 0) end}
end

describe("the command in this process", function()
  it("ends with the status of its help", function()
    local overview = run{"--help"}
    assert.same({0, ""}, {overview[1], overview[3]})
    assert.matches("^Usage: cmr ", overview[2])
    for _, words in ipairs{{"-h"}, {"help"}, {"--compact", "--help"}} do assert.same(overview, run(words)) end
    assert.same({2, "", overview[2]}, run{})
    assert.matches("^Commands of the topic keys:\n", run{"help", "keys"}[2])
    assert.equal(0, run{"help", "keys"}[1])
    assert.equal(run{"help", "keys"}[2], run{"help", "keys", "more"}[2])
    local domains, own = run{"help", "domains"}, run{"domains", "--help"}
    assert.same({0, "", 0}, {domains[1], domains[3], own[1]})
    assert.matches("^Usage: cmr domains ", own[2])
    assert.matches("^Commands of the topic domains:\n", domains[2])
    assert.equal("\n" .. own[2], domains[2]:sub(-#own[2] - 1))
    assert.same(run{"reexport", "--help"}, run{"help", "reexport"})
    assert.same(run{"operations", "-h"}, run{"help", "operations"})
    assert.same({2, "", "cmr: unknown command 'platfrms' (did you mean 'platforms'?)\nTry 'cmr --help'.\n"},
      run{"help", "platfrms"})
    assert.equal(0, run{"--version"}[1])
    assert.matches("^cmr %d", run{"--version"}[2])
  end)

  it("names the command after a mistake, and its place in no message", function()
    assert.same({2, "", "cmr: unknown option '--zzz'\nTry 'cmr operations --help'.\n"}, run{"operations", "--zzz"})
    broken{usage = "first\27\n\nsecond"}
    assert.same({2, "", "cmr: first \ncmr: second\nTry 'cmr operations --help'.\n"}, run{"operations"})
    broken{failure = "first\nsecond", status = 3}
    assert.same({3, "", "cmr: first\ncmr: second\n"}, run{"operations"})
    broken{status = 141}
    assert.same({141, "", ""}, run{"operations"})
    assert.same({2, "", "cmr: option '--dry-run' is for the commands that make one request\n"
      .. "Try 'cmr operations --help'.\n"}, run{"operations", "--dry-run"})
  end)

  it("fits its help to the terminal", function()
    local function widest(words, columns)
      local most = 0
      local shown = run(words, {terminal = function() return columns, 0 end})[2]:match "^(.-)\nExample:"
      for line in shown:gmatch "[^\n]+" do most = math.max(most, #line) end
      return most
    end
    for _, words in ipairs{{"reexport", "--help"}, {"reexport", "-h"}, {"reexport", "-yh"}, {"help", "reexport"}} do
      assert.is_true(widest(words, 60) <= 60)
      assert.is_true(widest(words, 80) <= 80 and widest(words, 80) > 60)
      assert.equal(widest(words, 80), widest(words, 200))
    end
  end)

  it("takes one field, or several", function()
    local first, second = require("cmr.operations")[1], require("cmr.operations")[2]
    local function fields(...) return run{"operations", ...} end
    assert.equal("[\n", fields("--output", "json")[2]:sub(1, 2))
    assert.same({0, first.name .. "\n", ""}, fields("--field", "data.0.name"))
    assert.matches(("^%s\t%s\n%s\t"):format(first.name, first.method, second.name),
      fields("--field", "data.name", "--field", "data.method")[2])
    assert.matches(("^%s\t%s\t%s\n"):format(first.name, first.method, first.name),
      fields("--field", "data.name", "--field", "data.method", "--field", "data.name")[2])
  end)

  it("runs an operation by its command or its name", function()
    for _, name in ipairs{"dns-records", "dns_records"} do
      local shown = run{name, "U", "d.com", "--dry-run"}
      assert.same({0, ""}, {shown[1], shown[3]})
      assert.matches("/dns?userId=U&domain=d.com", shown[2], 1, true)
    end
  end)

  it("reports an error of its own, and ends quietly on Ctrl-C", function()
    broken "a.lua:5: x\7"
    assert.same({1, "", "cmr: internal error: a.lua:5: x \n"}, run{"operations"})
    broken(5)
    assert.same({1, "", "cmr: internal error: 5\n"}, run{"operations"})
    for _, message in ipairs{"interrupted!", "a.lua:5: interrupted!"} do
      broken(message)
      assert.same({130, "", ""}, run{"operations"})
    end
  end)

  it("says why a module cannot be loaded, when no file can be opened", function()
    broken "a.lua:5: module 'cmr.x_y' not found:\n\tno file 'x'"
    local function none() return nil, "/: Too many open files" end
    assert.same({1, "", "cmr: module cmr.x_y cannot be loaded: Too many open files\n"},
      run({"operations"}, {open = none}))
    local opened, closed
    local function open(...)
      opened = {...}
      return {close = function() closed = true end}
    end
    assert.same({1, "", "cmr: internal error: a.lua:5: module 'cmr.x_y' not found:\ncmr:  no file 'x'\n"},
      run({"operations"}, {open = open}))
    assert.same({{"/", "rb"}, true}, {opened, closed})
    broken "another error"
    assert.same({1, "", "cmr: internal error: another error\n"}, run({"operations"}, {open = none}))
  end)

  it("ends with a failure when it can write nothing", function()
    local function stream(code)
      return {write = function() return nil, "no", code end, flush = function() return true end}
    end
    assert.same({141, "", ""}, run({"--version"}, {stdout = stream(32)}))
    assert.same({1, "", "cmr: cannot write the output: no\n"}, run({"operations"}, {stdout = stream(28)}))
    assert.same({1, "", ""}, run({"--version"}, {stdout = stream(28)}))
    assert.same({1, "", ""}, run({"operations", "--zzz"}, {stderr = {write = function() error "closed" end}}))
  end)

  it("does not change the words and the system of its caller", function()
    local words, system = {"--version"}, {terminal = function() end}
    local written
    system.stdout = {
      write = function(_, text)
        written = text
        return true
      end,
      flush = function() return true end,
    }
    assert.equal(0, cli.main(words, system))
    assert.matches("^cmr ", written)
    assert.same({"--version"}, words)
  end)

  it("opens the standard streams that are closed before any other file", function()
    local io = require "cmr.cli.io"
    local occupy, count = io.occupy_standard_streams, 0
    finally(function() io.occupy_standard_streams = occupy end)
    io.occupy_standard_streams = function() count = count + 1 end
    run{"--version"}
    assert.equal(1, count)
  end)
end)
