-- What the ledger records about requests, for all processes of a user.
local ledgers = require "cmr.ledger"
local posix = require "spec.support.posix"
local program = require "spec.support.program"
local support = require "spec.support.ledger"

describe("the ledger", function()
  local path, directory, ledger

  before_each(function()
    path, directory = support.path()
    ledger = support.open(path)
  end)

  after_each(function() support.remove(path) end)

  local function request(fields)
    local all = {account = "key https://x", operation = "create_order", digest = "d"}
    for name, value in pairs(fields or {}) do all[name] = value end
    return all
  end

  local function state(digest)
    local found = assert(ledger:same("key https://x", "create_order", digest or "d"))
    return found[#found] and found[#found].state
  end

  -- Runs code in another process, which kills itself at the end.
  local function crash(code)
    program.run(([[
      local ledger = assert(require("cmr.ledger").open("%s"))
      %s
      os.execute("kill -9 $PPID")
    ]]):format(path, code))
  end

  it("is a file that only its user can read, in directories that only the user can enter", function()
    local deep = directory .. "/a/b/ledger.db"
    support.open(deep):close()
    local pipe = io.popen(("stat -c %%a %s %s/a %s/a/b %s"):format(deep, directory, directory, path))
    assert.equal("600\n700\n700\n600\n", pipe:read "*a")
    pipe:close()
  end)

  for what, command in pairs{
    ["others may read"] = "chmod 644 %s",
    ["is a directory"] = "rm -f %s && mkdir %s",
    ["is no database"] = "rm -f %s* && (umask 077; echo 'no database at all, but long enough for one' >%s)",
  } do
    it("refuses a file that " .. what, function()
      ledger:close()
      os.execute((command:gsub("%%s", path)))
      local opened, message = ledgers.open(path)
      assert.is_nil(opened)
      assert.matches(path, message, 1, true)
    end)
  end

  it("refuses a file that a newer cmr wrote", function()
    assert(ledger:connection "durable":run "PRAGMA user_version = 1000")
    ledger:close()
    local opened, message, reason = ledgers.open(path)
    assert.is_nil(opened)
    assert.equal("newer", reason)
    assert.matches("newer", message, 1, true)
  end)

  it("has a request as sending until its end is written", function()
    local id = assert(ledger:begin(request()))
    assert.equal("sending", state())
    assert(ledger:finish(id, {state = "accepted", status = 200}))
    assert.equal("accepted", state())
  end)

  it("has a request of another process as sending while that process runs, then as unknown", function()
    local gate = directory .. "/gate"
    local child = posix.fork()
    if child == 0 then
      ledger:begin(request{digest = "alive"})
      while not io.open(gate) do os.execute "sleep 0.01" end
      posix.exit(0)
    end
    while not state "alive" do os.execute "sleep 0.01" end
    assert.equal("sending", state "alive")
    assert(io.open(gate, "w")):close()
    posix.wait(child)
    assert.equal("unknown", state "alive")
  end)

  it("has a request of a process that died as unknown", function()
    crash 'assert(ledger:begin{account = "key https://x", operation = "create_order", digest = "d"})'
    assert.equal("unknown", state())
  end)

  it("has the end that a process recorded before it died", function()
    crash [[
      local id = assert(ledger:begin{account = "key https://x", operation = "create_order", digest = "d"})
      assert(ledger:finish(id, {state = "done"}))
    ]]
    assert.equal("done", state())
  end)

  it("counts a repeated request only once, with the state of the repetition", function()
    local first = assert(ledger:begin(request()))
    assert(ledger:finish(first, {state = "failed"}))
    local second = assert(ledger:begin(request{supersedes = first}))
    assert(ledger:finish(second, {state = "done"}))
    assert.equal(1, #ledger:same("key https://x", "create_order", "d"))
    assert.equal("done", state())
  end)

  it("finds the same requests of all keys with the base URL", function()
    local numbers = {}
    for index, account in ipairs{
      "old https://x", "key https://x", "key https://x/y", "new https://x", "key https://y"} do
      numbers[index] = assert(ledger:begin(request{account = account}))
    end
    assert(ledger:begin(request{account = "old https://x", digest = "e"}))
    assert(ledger:begin(request{account = "old https://x", operation = "reexport"}))
    local found = {}
    for _, row in ipairs(assert(ledger:same("key https://x", "create_order", "d"))) do
      found[#found + 1] = {row.id, row.account}
    end
    assert.same({{numbers[1], "old https://x"}, {numbers[2], "key https://x"}, {numbers[4], "new https://x"}}, found)
  end)

  it("finds requests by operation, user, id, run and time", function()
    local one = assert(ledger:begin(request{user = "U1"}))
    assert(ledger:finish(one, {state = "accepted", ids = {{"order", "ORD_1"}, {"action", "ACT_1"}}}))
    local two = assert(ledger:begin(request{operation = "reexport", user = "U2", ids = {{"mailbox", "MB1"}}}))
    local function found(filter)
      local numbers = {}
      for index, row in ipairs(assert(ledger:find(filter))) do numbers[index] = row.id end
      return numbers
    end
    assert.same({two, one}, found{})
    assert.same({one}, found{operation = "create_order"})
    assert.same({two}, found{user = "U2"})
    assert.same({one}, found{id = "ORD_1"})
    assert.same({two}, found{id = "MB1"})
    assert.same({}, found{since = os.time() + 60})
    assert.same({one}, found{before = two})
    assert.same({{"order", "ORD_1"}, {"action", "ACT_1"}}, ledger:ids(one))
  end)

  it("opens again in the child of a fork, whose open requests are unknown after the child has ended", function()
    assert(ledger:begin(request{digest = "parent"}))
    assert(posix.child(function() assert(ledger:begin(request{digest = "child"})) end))
    assert.equal("unknown", state "child")
    assert.equal("sending", state "parent")
  end)

  it("takes its own locks in the child of a fork, with every connection", function()
    ledger:store():count("name", 1000, 1)
    local ready, gate = directory .. "/ready", directory .. "/gate"
    local child = posix.fork()
    if child == 0 then
      ledger:begin(request{digest = "first"})
      ledger:store():count("name", 1000, 1)
      assert(io.open(ready, "w")):close()
      while not io.open(gate) do os.execute "sleep 0.01" end
      ledger:begin(request{digest = "second"})
      posix.exit(0)
    end
    while not io.open(ready) do os.execute "sleep 0.01" end
    ledger:close()
    -- A program that finds no lock of another process would remove the log. The child's lock must prevent that.
    local ended = program.run(([[
      local db = assert(require("cmr.sqlite").open("%s", 1000))
      assert(db:run "UPDATE request SET user = 'x'")
      assert(db:rows "PRAGMA wal_checkpoint(TRUNCATE)")
      local row = db:rows "PRAGMA journal_mode = DELETE"
      assert(not row, "the child has no lock")
    ]]):format(path))
    assert.equal(0, ended.status, ended.err)
    assert(io.open(gate, "w")):close()
    posix.wait(child)
    ledger = support.open(path)
    assert.equal("unknown", state "second")
  end)

  it("keeps its writer number in the child of a fork", function()
    ledger:store():count("name", 1000, 1)
    assert(posix.child(function()
      assert(ledger:begin(request{digest = "child"}))
      ledger:store():count("name", 1000, 1)
      assert(state "child" == "sending", state "child")
    end))
  end)

  it("releases its writer number when its first request was not written", function()
    assert.is_nil((ledger:begin(request{ids = {{"order", nil}}, digest = "a"}))) -- the column refuses it
    assert.has_error(function() ledger:begin(request{ids = {{"order", {}}}, digest = "a"}) end)
    local ended = program.run(([[
      local ledger = assert(require("cmr.ledger").open("%s"))
      assert(ledger:begin{account = "key https://x", operation = "create_order", digest = "b"})
    ]]):format(path))
    assert.equal(0, ended.status, ended.err)
    assert(ledger:begin(request{digest = "c"}))
  end)

  it("can be used by every process after an error that the host raises at any moment, such as a time limit", function()
    local ended = program.run(([[
      collectgarbage "stop" -- the collector would close a database that nothing uses
      if rawget(_G, "jit") then jit.off() end -- compiled code calls no hook
      local ledgers, sqlite = require "cmr.ledger", require "cmr.sqlite"
      local path, directory = "%s", "%s"
      local ledger, other = assert(ledgers.open(path)), assert(sqlite.open(path, 0))

      -- Runs an action with an error after ever more instructions, until the action ends before the error.
      local function interrupt(step, action, check)
        local count, is_raised = 0, nil
        repeat
          count, is_raised = count + step, false
          pcall(function()
            debug.sethook(function()
              debug.sethook()
              is_raised = true
              error "time limit"
            end, "", count)
            action(count)
            debug.sethook()
          end)
          check(count)
          collectgarbage()
        until not is_raised
        assert(count > 50, count)
      end

      local request = {account = "key https://x", operation = "create_order", digest = "d", ids = {{"order", "ORD_1"}}}
      interrupt(1, function() ledger:begin(request) end, function()
        assert(other:run "BEGIN IMMEDIATE")
        assert(other:run "ROLLBACK")
        assert(ledger:begin(request))
      end)
      interrupt(1, function() ledger:snapshot(function() return ledger:newest() end) end, function()
        assert(ledger:snapshot(function() return ledger:newest() end))
      end)
      local function new(count) return ("%%s/%%d.db"):format(directory, count) end
      interrupt(17, function(count) ledgers.open(new(count)) end, function(count)
        local new_ledger = assert(sqlite.open(new(count), 0))
        assert(new_ledger:run "BEGIN IMMEDIATE")
        new_ledger:close()
      end)
    ]]):format(path, directory))
    assert.equal(0, ended.status, ended.err)
  end)

  it("is one file for a relative path, wherever the process goes", function()
    local ok, message = posix.child(function()
      posix.chdir(directory)
      local relative = assert(ledgers.open "other.db", "opens")
      posix.chdir "/"
      assert(relative.path == directory .. "/other.db", relative.path)
      assert(relative == ledgers.open(directory .. "/other.db"), "is the ledger of the absolute path")
      assert(relative:begin(request()))
      assert(relative:connection "quick", "a later connection is to the same file")
      local name = directory:match "[^/]*$"
      posix.chdir(directory:match "^(.*)/")
      local other = ledgers.open(name .. "/third.db")
      assert(other ~= relative and #assert(other:find{}) == 0, "is another one")
      assert(#ledgers.open(name .. "/other.db"):find{} == 1, "is the same file")
    end)
    assert(ok, message)
    assert.is_nil((io.open "/other.db"))
  end)

  it("shortens its log after a long reader has ended", function()
    local function log_bytes()
      local file = assert(io.open(path .. "-wal", "rb"))
      local bytes = file:seek "end"
      file:close()
      return bytes
    end
    local reader = assert(require("cmr.sqlite").open(path, 50))
    assert(reader:run "BEGIN")
    assert(reader:first "SELECT count(*) FROM request")
    assert(ledger:transaction("quick", function(db)
      return db:run "INSERT INTO entry (name, text, expires) VALUES ('large', zeroblob(8000000), 0)"
    end))
    assert(ledger:begin(request()))
    assert.is_true(log_bytes() > 8e6)
    reader:close()
    for _ = 1, 3 do assert(ledger:begin(request())) end
    assert.is_true(log_bytes() <= 5 * 2 ^ 20, log_bytes())
  end)

  it("lists no request twice from a damaged file", function()
    for _ = 1, 300 do assert(ledger:begin(request{ids = {{"order", "ORD_1"}}})) end
    local root = ledger:connection "durable":first("SELECT rootpage FROM sqlite_master WHERE name = 'request'").rootpage
    ledger:checkpoint()
    ledger:close()
    os.remove(path .. "-wal")
    local file = assert(io.open(path, "r+b"))
    local function read(offset, count)
      file:seek("set", (root - 1) * 4096 + offset)
      return file:read(count)
    end
    assert.equal("\5", read(0, 1)) -- an inner page: its cells begin with the number of another page
    local cells = {}
    for index = 0, 1 do
      local high, low = read(12 + 2 * index, 2):byte(1, 2)
      cells[index] = high * 256 + low
    end
    local page = read(cells[1], 4)
    file:seek("set", (root - 1) * 4096 + cells[0])
    file:write(page)
    file:close()
    ledger = support.open(path)
    local listed, message, reason = ledger:find{}
    assert.is_nil(listed)
    assert.same({"the ledger " .. path .. " is damaged", "corrupt"}, {message, reason})
    local seen, ok = {}, nil
    for found, problem in ledger:each{since = 0} do
      ok, message = found, problem
      if found then
        assert.is_nil(seen[found.id])
        seen[found.id] = true
      end
    end
    assert.is_false(ok)
    assert.is_string(message)
  end)

  it("does not write into a file that was removed, and writes again once it is opened again", function()
    local id = assert(ledger:begin(request()))
    os.execute(("rm %s*"):format(path))
    local ok, message, reason = ledger:finish(id, {state = "done"})
    assert.same({nil, "no_file"}, {ok, reason})
    assert.matches("removed", message, 1, true)
    ledger = support.open(path)
    assert.same({}, ledger:find{})
    assert(ledger:begin(request()))
  end)
end)
