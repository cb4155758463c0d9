-- require "cmr" has no side effects on its program. Each spec of "require" runs a new process.

local core = require "cmr.core"
local ledger = require "spec.support.ledger"
local mock = require "spec.support.mock"
local operations = require "cmr.operations"
local program = require "spec.support.program"

local function out(code, env)
  local answer = program.run(code, {env = env})
  assert.equal("", answer.err)
  assert.equal(0, answer.status)
  return answer.out
end

describe("require", function()
  it("adds and changes no global", function()
    assert.equal("", out[[
      local before = {}
      for _, place in ipairs{_G, string, table, math, io, os, debug, coroutine, package} do
        before[place] = {}
        for name, value in pairs(place) do before[place][name] = value end
      end
      require "cmr"
      for place, members in pairs(before) do
        for name, value in pairs(place) do
          if members[name] ~= value then io.write(tostring(name), " added or changed\n") end
        end
        for name in pairs(members) do
          if place[name] == nil then io.write(tostring(name), " removed\n") end
        end
      end]])
  end)

  it("needs little of the library debug, which a host may limit", function()
    assert.equal("not_sent", out[[
      debug = {getinfo = debug.getinfo, traceback = debug.traceback}
      package.loaded.debug = debug
      local client = require "cmr".new{api_key = "k", base_url = "http://127.0.0.1:1", retries = 0}
      local _, _, err = client:platforms "USER"
      io.write(err.outcome)]])
  end)

  it("adds only its own modules, and those that they need", function()
    assert.equal("", out[[
      local before = {}
      for name in pairs(package.loaded) do before[name] = true end
      require "cmr"
      for name in pairs(package.loaded) do
        if not before[name] and not name:find "^cmr" and not name:find "^cjson" then print(name) end
      end]])
  end)

  it("loads no mock, no command, no event loop, and no module that only some calls need", function()
    assert.equal("", out[[
      require "cmr"
      local names = {"await", "jobs", "pagination", "settlement", "webhook.events", "loop.block", "ledger.identity"}
      for _, name in ipairs(names) do
        if package.loaded["cmr." .. name] then print(name) end
      end
      for name in pairs(package.loaded) do
        local part = (name .. "."):match "^cmr%.(%a+)%."
        if part == "mock" or part == "cli" or name == "cmr.loop.nginx" or name == "argparse" then print(name) end
      end]])
  end)

  it("loads no module that only other calls need, when a call only reads", function()
    local server = mock.shared("http")
    assert.equal("", out([[
      local cmr = require "cmr"
      assert(cmr.info(assert(cmr.platforms "]] .. mock.USER .. [[")))
      local names = {"await", "jobs", "pagination", "settlement", "webhook.events", "ledger", "ledger.identity"}
      for _, name in ipairs(names) do
        if package.loaded["cmr." .. name] then print(name) end
      end]], {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}))
  end)

  it("reads and writes nothing, and reads no environment variable", function()
    assert.equal("true\n", out([[
      local write = io.write
      local function forbidden(name)
        return function() error(name .. " was called at require", 0) end
      end
      for _, place in ipairs{io, os} do
        for name, value in pairs(place) do
          if type(value) == "function" then place[name] = forbidden(name) end
        end
      end
      print = forbidden "print"
      local fine, message = pcall(require, "cmr")
      write(tostring(fine == true or message), "\n")]], {CMR_API_KEY = "a key\n", CMR_BASE_URL = "junk"}))
  end)

  it("opens no file and no socket that stays open", function()
    local answer = out[[
      local path = os.tmpname()
      local function open()
        os.execute("ls /proc/$PPID/fd >" .. path .. " 2>&1")
        local file = io.open(path)
        local list = file:read "*a"
        file:close()
        return list
      end
      local before = open()
      require "cmr"
      require("cmr").new{api_key = "k"}
      io.write(tostring(before == open()), "\n")
      os.remove(path)]]
    assert.equal("true\n", answer)
  end)

  it("does not change the random numbers or the locale", function()
    assert.equal("true\ttrue\n", out[[
      math.randomseed(42)
      local first, locale = math.random(1e6), os.setlocale()
      math.randomseed(42)
      require "cmr"
      print(math.random(1e6) == first, os.setlocale() == locale)]])
  end)

  it("works when reading a missing global is an error, with every module and kind of call", function()
    local server, path = mock.shared("http"), ledger.path()
    local files = assert(io.popen "find lua/cmr -name '*.lua' ! -path '*/mock/*' ! -name nginx.lua ! -name worker.lua")
    local modules = {}
    for file in files:lines() do
      local name = file:match("^lua/(.*)%.lua$"):gsub("/init$", ""):gsub("/", ".")
      modules[#modules + 1] = name
    end
    files:close()
    assert.is_true(#modules > 100)
    local ended = out(([[
      for _, name in ipairs{"luv", "cqueues", "socket", "redis", "cjson", "argparse"} do pcall(require, name) end
      setmetatable(_G, {
        __index = function(_, name) error("global '" .. tostring(name) .. "' is not there", 2) end,
        __newindex = function(_, name) error("global '" .. tostring(name) .. "' is new", 2) end,
      })
      for name in ("%s"):gmatch "%%S+" do
        local loop = name:match "^cmr%%.loop%%.(%%l+)$"
        if (loop ~= "luv" and loop ~= "cqueues") or package.loaded[loop] then require(name) end
      end
      local cmr, user, mailbox = require "cmr", "%s", "%s"
      for _, name in ipairs{"block", "luv", "cqueues"} do
        local client = cmr.new{rate = false, ledger = "%s", reexport_quota = false}
        local function use()
          assert(client:platforms(user))
          assert(client:start("platforms", user):wait())
          for _, answer, message in client:map("platforms", {user, user}) do assert(answer, message) end
          for item, message in client:each "subscriptions" do assert(item, message) end
          local answer = assert(client:reexport{mailboxId = mailbox, google = {clientId = name}})
          assert(cmr.info(answer).plan)
          assert(select(3, client:await(answer, {timeout = 0.01, poll = false})).kind == "timeout")
          assert(assert(client:bulk("set_warmup_settings", {{mailboxId = mailbox, test = name}})).untried == 0)
          assert(client:history{}())
        end
        if name == "block" then
          use()
        elseif name == "luv" and package.loaded.luv then
          coroutine.wrap(use)()
          require("luv").run()
        elseif name == "cqueues" and package.loaded.cqueues then
          local loop = require("cqueues").new()
          loop:wrap(use)
          assert(loop:loop())
        end
        io.write(name, "\n")
      end
      os.exit(require("cmr.cli").main({"operations", "--help"}), true)]]
      ):format(table.concat(modules, " "), mock.USER, mock.MAILBOX, path),
      {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url})
    ledger.remove(path)
    assert.matches("^block\nluv\ncqueues\n", ended)
  end)

  it("returns the same module again", function()
    assert.equal("true\ttrue\n", out[[
      local first = require "cmr"
      local again = require "cmr"
      package.loaded["cmr"] = nil
      print(first == again, require("cmr")._VERSION == first._VERSION)]])
  end)

  it("can be repeated in the same process after its modules were removed", function()
    assert.equal("ok\n", out[[
      for _ = 1, 3 do
        local cmr = require "cmr"
        cmr.new{api_key = "k", base_url = "https://api.test"}
        local call = require("cmr.core").platforms(require("cmr.core").target{api_key = "k"}, "u")
        assert(call:info().operation == "platforms")
        for name in pairs(package.loaded) do
          if name:find "^cmr" then package.loaded[name] = nil end
        end
        collectgarbage()
      end
      print "ok"]])
  end)
end)

describe("the module", function()
  local cmr = require "cmr"

  it("has a function for each operation", function()
    for _, row in ipairs(operations) do assert.is_function(cmr[row.name], row.name) end
  end)

  it("has the other public functions and values", function()
    for _, name in ipairs{"new", "info", "array", "request"} do assert.is_function(cmr[name], name) end
    assert.matches("^%d+%.%d+%.%d+", cmr._VERSION)
    assert.matches("^%d+%.%d+%.%d+", cmr.libcurl)
    assert.equal(operations, cmr.operations)
    assert.equal(core.null, cmr.null)
  end)

  it("has no name that hides an operation", function()
    for _, name in ipairs{"new", "info", "array", "request", "operations", "null", "libcurl", "with", "close", "each",
      "map", "start", "all"} do
      assert.is_nil(operations[name], name)
    end
  end)

  it("has no info about values that it did not return", function()
    assert.is_nil(cmr.info{})
    assert.is_nil(cmr.info(nil))
    assert.is_nil(cmr.info "x")
  end)
end)
