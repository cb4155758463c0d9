-- The help by topic: which commands a topic has, and how the lines are laid out.
local commands = require "cmr.cli.commands"
local overview = require "cmr.cli.overview"

local function operation(name, group, title)
  return {name = name, group = group, title = title, flags = {}, path = "/", method = "GET"}
end

local OPERATIONS = {
  operation("get_it", "Things", "Get it."),
  operation("make", "My  Own Group", "Make one of the things that this group has."),
  operation("change_it", "Things", "Change it as change_it or delete_user does."),
}

describe("the topics of the help", function()
  it("are the groups of operations in their order, then those of the other commands", function()
    local lists, groups, others = overview.topics(OPERATIONS)
    assert.same({"things", "my-own-group"}, groups)
    assert.same({"keys", "requests", "webhooks", "tests", "shell"}, others)
    assert.same({{"get-it", OPERATIONS[1]}, {"change-it", OPERATIONS[3]}}, lists.things)
    assert.same({{"make", OPERATIONS[2]}}, lists["my-own-group"])
    local count = 0
    for _, topic in ipairs(others) do
      for _, row in ipairs(lists[topic]) do
        local found
        for _, entry in ipairs(commands) do found = found or entry[1] == row[1] and entry end
        assert.same({topic, found[2]}, {found.topic, row[2]})
        count = count + 1
      end
    end
    assert.equal(#commands, count)
  end)

  it("fill the lines of a screen that has 60 columns", function()
    local function topics(length)
      return overview.text{operation("a", ("x"):rep(20)), operation("b", ("y"):rep(length))}:match "topic:\n(.-)\nOther"
    end
    assert.equal("   " .. ("x"):rep(20) .. ", " .. ("y"):rep(35) .. "\n", topics(35))
    assert.equal("   " .. ("x"):rep(20) .. ",\n   " .. ("y"):rep(36) .. "\n", topics(36))
    local text = overview.text(OPERATIONS)
    assert.matches("\n   keys       doctor, env, init, ", text, 1, true)
    assert.matches("\n   webhooks   listen, webhook\n   tests      mock, probe\n", text, 1, true)
    table.insert(commands, {("z"):rep(41), "Sleep.", topic = "shell"})
    table.insert(commands, {"last", "End.", topic = "shell"})
    finally(function() for _ = 1, 2 do table.remove(commands) end end)
    assert.matches("\n   shell      completion,\n" .. (" "):rep(14) .. ("z"):rep(41) .. ",\n" .. (" "):rep(14)
      .. "last\n", overview.text(OPERATIONS), 1, true)
  end)

  it("show each command beside its summary, in lines that fit", function()
    assert.equal([[
Commands of the topic things:
   get-it     Get it.
   change-it  Change it as
              change_it or
              delete-user does.

'cmr COMMAND --help' shows a
command's arguments, with an
example.
]], overview.commands(OPERATIONS, "things", 31))
    assert.equal([[
Commands of the topic shell:
   completion  Print a script with which bash, zsh or fish completes this command.

'cmr COMMAND --help' shows a command's arguments, with an example.
]], overview.commands(OPERATIONS, "shell", 90))
    assert.is_nil(overview.commands(OPERATIONS, "zork", 80))
  end)
end)
