-- The help: by topic, a screenful at a time, in a terminal of any width.
local arguments = require "cmr.cli.arguments"
local command = require "spec.support.command"
local commands = require "cmr.cli.commands"
local operations = require "cmr.operations"
local pty = require "spec.support.pty"

local cmr = command.run

local SCREEN_LINES, SCREEN_COLUMNS = 24, 60

teardown(command.clean)

local function lines_of(text)
  local lines = {}
  for line in text:gsub("\r", ""):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

describe("cmr --help", function()
  local overview

  setup(function() overview = cmr{"--help"} end)

  it("is a screenful with every topic and every command that is no operation", function()
    assert.same({0, ""}, {overview.status, overview.err})
    local lines = lines_of(overview.out)
    assert.is_true(#lines < SCREEN_LINES, overview.out)
    for _, line in ipairs(lines) do assert.is_true(#line <= SCREEN_COLUMNS, line) end
    for _, entry in ipairs(commands) do assert.matches("%f[%w]" .. entry[1] .. "%f[%W]", overview.out) end
    for _, operation in ipairs(operations) do
      local topic = operation.group:lower():gsub("%W", "%%%0")
      assert.matches("%f[%w]" .. topic .. "%f[%W]", overview.out)
    end
  end)

  it("of a command lists each field that has no option of its own", function()
    local counts = {}
    for _, operation in ipairs(operations) do
      local shown, fields = cmr{"help", arguments.command(operation.name)}.out, 0
      for _, param in ipairs(operation.params) do
        if not arguments.option(param.name) then
          assert.matches("\n   " .. param.name .. " (", shown, 1, true, operation.name)
          fields = fields + 1
        end
      end
      assert.equal(fields > 0, shown:find("Inside the JSON values:", 1, true) ~= nil, operation.name)
      counts[fields] = true
    end
    assert.is_true(counts[0] and counts[1] and counts[2])
  end)

  it("is also printed by cmr help and -h, even after other options", function()
    for _, line in ipairs{{"help"}, {"-h"}, {"--compact", "--help"}, {"--profile", "x", "-h"}} do
      assert.same(overview, cmr(line))
    end
  end)

  it("is shown for a missing command, which is a mistake", function()
    assert.same({status = 2, out = "", err = overview.out}, cmr{})
  end)
end)

describe("cmr help", function()
  it("lists the commands of each topic", function()
    local shown = setmetatable({}, {__index = function(shown, topic)
      local ended = cmr{"help", topic}
      assert.same({0, ""}, {ended.status, ended.err})
      shown[topic] = ended.out
      return ended.out
    end})
    for _, operation in ipairs(operations) do
      local name = arguments.command(operation.name):gsub("%-", "%%-")
      assert.matches("\n   " .. name .. "  ", shown[operation.group:lower()])
    end
    for _, entry in ipairs(commands) do assert.matches("\n   " .. entry[1] .. "  ", shown[entry.topic]) end
    assert.matches("charges money", shown.orders, 1, true)
  end)

  it("shows the help of a command that has the name of a topic after the topic's list", function()
    local shown = cmr{"help", "domains"}.out
    assert.matches("^Commands of the topic domains:\n", shown)
    assert.is_truthy(shown:find(cmr{"domains", "--help"}.out, 1, true))
  end)

  it("has the options of all commands, the environment and the exit status", function()
    local options = cmr{"help", "options"}.out
    for _, option in ipairs(require("cmr.cli.parser").GLOBAL_OPTIONS) do
      assert.is_truthy(options:find(option[1]:match "%-%-%S+", 1, true), option[1])
    end
    assert.is_nil(options:find("Other commands", 1, true))
    local environment = cmr{"help", "environment"}.out
    assert.matches("CMR_API_KEY", environment)
    assert.matches("Exit status: 0 done; 1 ", environment)
  end)

  it("knows no other words", function()
    local refused = cmr{"help", "platfrms"}
    assert.same({2, "", "cmr: unknown command 'platfrms' (did you mean 'platforms'?)\nTry 'cmr --help'.\n"},
      {refused.status, refused.out, refused.err})
  end)

  it("is completed with commands and topics", function()
    local candidates = cmr{"completion", "candidates", "--", "help", ""}.out
    for _, word in ipairs{"pre-warmup", "keys", "all", "environment", "reexport", "bulk"} do
      assert.matches("\n" .. word:gsub("%-", "%%-") .. "\t", candidates)
    end
  end)
end)

describe("help in a terminal #pty", function()
  local LINES = {{"--help"}, {"help", "domains"}, {"help", "environment"}, {"help", "options"}, {"help", "all"},
    {"reexport", "--help"}, {"bulk", "--help"}}

  for _, columns in ipairs{60, 80, 200} do
    it("fits " .. columns .. " columns", function()
      for _, line in ipairs(LINES) do
        local shown = pty.run(line, {columns = columns, env = {PAGER = "cat"}})
        assert.equal(0, shown.status)
        local example = shown.out:find("\r\nExample:", 1, true) or #shown.out -- people copy it, so it is not wrapped
        for _, text in ipairs(lines_of(shown.out:sub(1, example))) do
          assert.is_true(#text <= columns, text)
        end
      end
    end)
  end

  it("opens a pager for what is longer than the screen", function()
    local pager = command.file_with "#!/bin/sh\necho \"pager with $LESS\"; cat >/dev/null\n"
    command.sh("chmod 755 " .. pager)
    for _, variable in ipairs{"PAGER", "CMR_PAGER"} do
      local shown = pty.run({"help", "all"}, {env = {[variable] = pager, LESS = ""}})
      assert.same({status = 0, out = "pager with \r\n"}, shown)
    end
    assert.same({status = 0, out = "pager with FRX\r\n"}, pty.run({"reexport", "--help"}, {env = {PAGER = pager}}))
    for _, line in ipairs{{"help", "environment"}, {"--help"}} do
      assert.is_nil(pty.run(line, {env = {PAGER = pager}}).out:find("pager", 1, true))
    end
    assert.is_nil(pty.run({"help", "all"}, {env = {PAGER = pager}, rows = 500}).out:find("pager", 1, true))
    assert.matches("^Usage: ", pty.run({"help", "all"}, {env = {PAGER = pager, CMR_PAGER = ""}}).out)
    assert.matches("^Usage: ", cmr({"help", "all"}, {env = {PAGER = pager}}).out) -- without a terminal, no pager
  end)

  it("is left in the middle without a message", function()
    local pager = command.file_with "#!/bin/sh\nread -r line; echo \"$line\"\n"
    command.sh("chmod 755 " .. pager)
    local shown = pty.run({"help", "all"}, {env = {PAGER = pager}})
    assert.equal("Usage: cmr [options] COMMAND [arguments]\r\n", shown.out)
  end)
end)

describe("the width of the help", function()
  it("is the terminal's, from 40 to 80 columns, and 80 where it is unknown", function()
    local help = require "cmr.cli.commands.help"
    for columns, width in pairs{[0] = 80, [1] = 40, [39] = 40, [40] = 40, [41] = 41, [79] = 79, [80] = 80, [81] = 80} do
      assert.equal(width, help.width{terminal = function() return columns end})
    end
    assert.equal(80, help.width{terminal = function() end})
  end)
end)
