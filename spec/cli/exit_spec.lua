-- The exit status of the commands, and what they say when a file cannot be used.
local command = require "spec.support.command"
local core = require "cmr.core"
local delivery = require "spec.support.delivery"
local mock = require "spec.support.mock"

local home, server

setup(function()
  home = command.sh "mktemp -d"
  server = mock.shared "http"
end)
teardown(function()
  command.sh("rm -rf " .. home)
  command.clean()
end)

describe("the commands #cli", function()
  it("return the status 0 to a program that runs them, when all is well", function()
    local program = command.file_with [[
      local status = require("cmr.cli").main(arg)
      io.stderr:write("status ", tostring(status), "\n")]]
    local profiles = '{"profiles": {"main": {"api_key": "k", "base_url": "https://x.test"}}}'
    assert(core.write_private(home .. "/cmr/config", profiles))
    local body = '{"event":"mailbox.created","eventId":"E1"}'
    local lines = {}
    local headers = delivery.headers("body-hex-seconds", body)
    for name, value in pairs(headers) do lines[#lines + 1] = name .. ": " .. value end
    local captured = command.file_with(table.concat(lines, "\n") .. "\n\n" .. body)
    local key = command.file_with(delivery.KEY)
    for _, words in ipairs{
      {"profiles"}, {"profiles", "default", "main"}, {"profiles", "remove", "main", "--yes"},
      {"env", "--unset"}, {"operations"}, {"completion", "bash"}, {"completion", "candidates", "--", "x"},
      {"history"}, {"history", "--clear", "1d", "--yes"}, {"open", "--print"}, {"help"},
      {"webhook", "dead"}, {"webhook", "dead", "--drop", "all"},
      {"webhook", "detect", captured, "--api-key-file", key},
      {"doctor", "--offline"}, {"doctor", "--offline", "--output", "json"},
      {"users"}, {"users", "--all"}, {"users", "--dry-run"}, {"await", "--all"},
      {"init", "--profile", "other", "--no-check", "--api-key-file", key},
    } do
      local env = {XDG_CONFIG_HOME = home, CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}
      if words[1] == "init" then env.CMR_BASE_URL = nil end
      local ended = command.run(words, {env = env, program = program})
      assert.matches("status 0\n$", ended.err, 1, false, table.concat(words, " "))
    end
  end)

  it("name a file that cannot be used as it is, and do nothing", function()
    local bad = home .. "/100%d/ledger"
    assert(core.write_private(home .. "/100%d", ""))
    local rows = command.file_with "email\na@b.c\n"
    server:reset()
    for _, case in ipairs{
      {{"await", "ORD_1"}, "\n"}, {{"history"}, "\n"}, {{"webhook", "dead"}, "\n"},
      {{"listen"}, "\ncmr: --no-ledger listens without it\n"},
      {{"mcp", "--allow", "write"}, "\ncmr: set CMR_LEDGER to another file\n"},
      {{"reexport", "--email", "a@b.c"}, "; nothing was sent\ncmr: set CMR_LEDGER to another file; --no-ledger sends "
        .. "without a record\n"},
      {{"bulk", "reexport", "--from", rows}, "; nothing was sent\ncmr: set CMR_LEDGER to another file; --no-ledger "
        .. "sends without a record\n"},
    } do
      local ended = command.run(case[1],
        {env = {CMR_LEDGER = bad, CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}})
      assert.same({1, ""}, {ended.status, ended.out}, ended.err)
      assert.is_truthy(ended.err:find(bad, 1, true), ended.err)
      assert.equal(case[2], ended.err:sub(-#case[2]))
    end
    local env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}
    for _, option in ipairs{"--from", "--results", "--failures"} do
      local words = {"bulk", "reexport", "--from", rows, option, bad}
      if option == "--from" then words = {"bulk", "reexport", option, bad} end
      local ended = command.run(words, {env = env})
      assert.same({2, ""}, {ended.status, ended.out})
      assert.matches("^cmr: option '" .. option:gsub("%-", "%%-") .. "': ", ended.err)
      if option ~= "--failures" then assert.is_truthy(ended.err:find("100%d/ledger", 1, true), ended.err) end
    end
    assert.same({}, server:requests())
    -- a read needs no ledger, and does not speak of it
    env.CMR_LEDGER = bad
    local read = command.run({"users", "--field", "status"}, {env = env})
    assert.same({0, "200\n", ""}, {read.status, read.out, read.err})
  end)

  it("show what failed in the ledger, the receiver's store or a delivery as it is, and end with 1", function()
    local program = command.file_with [[
      local function broken() return nil, "100% broken" end
      local ledgers, dead_letters = require "cmr.ledger", require "cmr.webhook.dead_letters"
      local name, open = table.remove(arg, 1), ledgers.open
      if name == "runs" then require("cmr.ledger.runs").named = broken end
      if name == "accepted" then require("cmr.ledger.history").accepted = broken end
      if name == "find" then require("cmr.ledger.history").accepted = function() return {} end end
      if name == "list" then dead_letters.list = broken end
      if name == "verify" then require("cmr.webhook").verify = broken end
      if name == "remove" then
        dead_letters.list = function() return {{id = "1"}} end
        dead_letters.remove = broken
      end
      ledgers.open = function(...)
        local ledger = open(...)
        if name == "find" or name == "count" or name == "forget" then ledger[name] = broken end
        return ledger
      end
      os.exit(require("cmr.cli").main(arg))]]
    local captured = command.file_with "cmr-x-signature: x\n\n{}"
    for _, words in ipairs{
      {"runs", "await", "RUN_1"}, {"runs", "history", "--run", "RUN_1"}, {"accepted", "await", "--all"},
      {"find", "await", "ORD_1"}, {"count", "history"}, {"forget", "history", "--clear", "1d", "--yes"},
      {"list", "webhook", "dead"}, {"remove", "webhook", "dead", "--drop", "all"},
      {"verify", "webhook", "detect", captured},
    } do
      local ended = command.run(words, {env = {CMR_API_KEY = "k"}, program = program})
      assert.same({1, "cmr: 100% broken\n"}, {ended.status, ended.err}, table.concat(words, " "))
    end
  end)

  it("name a profile that cannot be used as it is", function()
    local folder = home .. "/50%d"
    assert(core.write_private(folder .. "/cmr/config", "[]"))
    local ended = command.run({"users"}, {env = {XDG_CONFIG_HOME = folder}})
    assert.equal(2, ended.status)
    assert.is_truthy(ended.err:find(folder .. "/cmr/config is not used", 1, true), ended.err)
    ended = command.run({"users", "--profile", "50%d"}, {env = {XDG_CONFIG_HOME = "/nonexistent"}})
    assert.equal(2, ended.status)
    assert.is_truthy(ended.err:find("no profile '50%d' (cmr init makes one)", 1, true), ended.err)
  end)
end)
