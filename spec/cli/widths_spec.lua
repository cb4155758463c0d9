-- What the command draws in terminals of 60, 80 and 200 columns: the pager, progress, the history and a question.
local command = require "spec.support.command"
local mock = require "spec.support.mock"
local pty = require "spec.support.pty"
local width = require("cmr.cli.terminal").width

local server, env

setup(function() server = mock.shared "http" end)
teardown(command.clean)

before_each(function()
  server:reset{rate = 0}
  env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_LEDGER = command.ledger(), NO_COLOR = "1"}
end)

-- Starts a program in three terminals at once, and calls check(output, columns) for each.
local function in_terminals(words, check, variables)
  local terminals = {}
  for index, columns in ipairs{60, 80, 200} do
    terminals[index] = pty.start(words, {columns = columns, env = variables or env})
    terminals[index].columns = columns
  end
  for _, terminal in ipairs(terminals) do
    local ended = terminal:finish()
    assert.equal(0, ended.status, ended.out)
    check(ended.out, terminal.columns)
  end
end

local function cmr(...)
  return {command.interpreter(), "bin/cmr", ...}
end

-- Raises when there is no progress line, or when a progress line reaches the last column of the terminal.
local function check_progress(shown, columns)
  local count = 0
  for line in shown:gmatch "\r([^\r\n]+)\27%[K" do
    assert.is_true(width(line) < columns, line)
    count = count + 1
  end
  assert.is_true(count >= 1, shown)
end

local function check_lines(text, columns)
  for line in text:gmatch "[^\r\n]+" do assert.is_true(width(line) <= columns, line) end
end

describe("in a terminal of any width, the command #pty", function()
  it("gives the pager whole lines that fit", function()
    local pager = command.file_with "#!/bin/sh\nsed 's/^/> /'\n"
    command.sh("chmod 700 " .. pager)
    in_terminals(cmr("help", "all"), function(shown, columns)
      assert.matches("^> Usage: cmr .*\n> Exit status: .*\n$", shown)
      check_lines(shown:gsub("%f[^\r\n%z]> ", ""), columns)
    end, {PAGER = pager})
  end)

  it("shows how far a long list is, on one line that it removes", function()
    server:fault{match = {operation = "users"}, delay = 2.1, times = 3}
    local line = command.lua("bin/cmr", "users", "--all", "--output", "jsonl")
    in_terminals({"sh", "-c", ("exec %s >%s"):format(line, command.file_with "")}, function(shown, columns)
      check_progress(shown, columns)
      assert.matches("\r\27%[K$", shown)
    end)
  end)

  it("shows how far a bulk run is, on one line, and then its summary", function()
    server:fault{match = {operation = "platforms"}, delay = 0.5, times = 12}
    local rows = command.file_with("userId\n" .. (mock.USER .. "\n"):rep(8))
    in_terminals(cmr("bulk", "platforms", "--from", rows, "--results", "/dev/null", "--duplicates",
      "--concurrency", "4", "--rate", "off"), function(shown, columns)
      check_progress(shown, columns)
      assert.matches("\r\27%[Kcmr: 8 rows: 8 done\r\n", shown)
    end)
  end)

  it("lays out the history", function()
    command.run({"start-warmup", mock.MAILBOX, "--yes"}, {env = env})
    command.run({"start-warmup", "nobody", "--yes"}, {env = env})
    in_terminals(cmr "history", function(shown, columns)
      check_lines(shown:gsub("cmr: [^\n]*\n", ""), columns)
      assert.matches("\n%S+ %S+ +failed +start%-warmup ", shown)
    end)
  end)
end)
