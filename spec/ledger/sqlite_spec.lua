-- The database module under the ledger.
local core = require "cmr.core"
local command = require "spec.support.command"
local posix = require "spec.support.posix"
local program = require "spec.support.program"
local sqlite = require "cmr.sqlite"
local support = require "spec.support.ledger"

describe("a database", function()
  local path, directory, db

  before_each(function()
    path, directory = support.path()
    db = assert(sqlite.open(path, 50))
    assert(db:run "CREATE TABLE t (a, b)")
  end)

  after_each(function()
    db:close()
    os.execute("rm -rf " .. directory)
  end)

  it("stores and returns numbers, texts of any bytes, truth and nothing", function()
    for _, value in ipairs{0, -1, 1.5, 2 ^ 53 - 1, 2 ^ 53, 1e300, "", "text", "\0\255\n'\"", ("x"):rep(100000)} do
      assert.equal(1, db:run("INSERT INTO t VALUES (?, ?)", value, "row"))
      assert.same({a = value, b = "row"}, db:first("SELECT * FROM t"))
      assert.equal(1, db:run "DELETE FROM t")
    end
    db:run("INSERT INTO t VALUES (?, ?)", true, nil)
    assert.same({a = 1}, db:first("SELECT * FROM t"))
    assert.same({b = 2}, db:first("SELECT ? AS a, 2 AS b", nil))
  end)

  it("stores a whole number as an integer if no other whole number has the same double", function()
    for kind, list in pairs{integer = {0, -1, 2 ^ 53 - 1, 1 - 2 ^ 53}, real = {0.5, 2 ^ 53, -2 ^ 53, 2 ^ 60}} do
      for _, value in ipairs(list) do
        assert.equal(kind, db:first("SELECT typeof(?) AS kind", value + 0.0).kind)
      end
    end
  end)

  it("returns all rows, the first one, or none", function()
    assert.same({}, db:rows "SELECT * FROM t")
    assert.is_nil(db:first "SELECT * FROM t")
    for number = 1, 3 do db:run("INSERT INTO t (a) VALUES (?)", number) end
    assert.same({{a = 1}, {a = 2}, {a = 3}}, db:rows "SELECT a FROM t ORDER BY a")
    assert.same({a = 3}, db:first "SELECT a FROM t ORDER BY a DESC")
    assert.equal(3, db:run "UPDATE t SET a = 0")
  end)

  it("forgets the values of a statement's last use", function()
    db:run("INSERT INTO t VALUES (?, ?)", 1, 2)
    db:run("INSERT INTO t VALUES (?, ?)", 3)
    assert.same({a = 3}, db:first "SELECT * FROM t WHERE a = 3")
  end)

  it("reports what is wrong with a statement, and goes on", function()
    for _, name in ipairs{"run", "first", "rows"} do
      local answer = {db[name](db, "SELECT * FROM nowhere")}
      assert.equal(3, select("#", db[name](db, "SELECT * FROM nowhere")))
      assert.same({nil, "error"}, {answer[1], answer[3]})
      assert.matches("nowhere", answer[2], 1, true)
    end
    assert.error_matches(function() db:run("SELECT 1", 2) end, "too many values for a statement")
    assert.has_error(function() db:run() end)
    for position, values in pairs{[2] = {{}, 1}, [3] = {1, {}}} do
      assert.error_matches(function() db:run("INSERT INTO t VALUES (?, ?)", values[1], values[2]) end,
        ("bad argument #%d to 'run'"):format(position))
    end
    assert.same({}, db:rows "SELECT * FROM t")
    assert(db:run "CREATE UNIQUE INDEX i ON t (a)")
    assert(db:run "INSERT INTO t VALUES (1, 2)")
    assert.equal("constraint", select(3, db:run "INSERT INTO t VALUES (1, 2)"))
  end)

  it("reports that another process is writing, after the longest wait", function()
    local other = assert(sqlite.open(path, 0))
    assert(other:run "BEGIN IMMEDIATE")
    local began = core.now()
    local ok, _, reason = db:run "BEGIN IMMEDIATE"
    assert.same({nil, "busy"}, {ok, reason})
    assert.is_true(core.now() - began >= 0.04)
    assert(other:run "COMMIT")
    assert(db:run "BEGIN IMMEDIATE")
    assert(db:run "COMMIT")
    other:close()
  end)

  describe("in a transaction", function()
    local other

    before_each(function() other = assert(sqlite.open(path, 0)) end)
    after_each(function() other:close() end)

    -- Adds a row in a transaction, which then ends with these results. Checks that no transaction stays open.
    local function add(...)
      local results, count = {...}, select("#", ...)
      local answer = {db:transaction("BEGIN IMMEDIATE", function(given)
        assert.equal(db, given)
        assert(db:run "INSERT INTO t VALUES (1, 2)")
        assert.same({nil, "busy"}, {other:run "BEGIN IMMEDIATE", (select(3, other:run "BEGIN IMMEDIATE"))})
        return (table.unpack or unpack)(results, 1, count)
      end)}
      assert(other:run "BEGIN IMMEDIATE")
      assert(other:run "ROLLBACK")
      local rows = #other:rows "SELECT * FROM t"
      assert(other:run "DELETE FROM t")
      return answer, rows
    end

    it("changes all or, if the function returns nil, nothing, and returns the function's results", function()
      assert.same({{"a", "b", "c"}, 1}, {add("a", "b", "c")})
      assert.same({{false, "b", "c"}, 1}, {add(false, "b", "c")})
      assert.same({{nil, "no", "reason"}, 0}, {add(nil, "no", "reason")})
      assert.same({{}, 0}, {add()})
    end)

    it("undoes the changes of a function that raises an error, which it raises again", function()
      local failure = {}
      local ok, raised = pcall(db.transaction, db, "BEGIN", function()
        assert(db:run "INSERT INTO t VALUES (1, 2)")
        error(failure)
      end)
      assert.same({false, true}, {ok, raised == failure})
      assert.same({{true}, 1}, {add(true)})
    end)

    it("undoes the changes that it cannot write, and says why", function()
      assert(db:run "CREATE TABLE parent (id PRIMARY KEY)")
      assert(db:run "CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
      assert(db:run "PRAGMA foreign_keys = ON")
      local answer = {db:transaction("BEGIN", function() return db:run "INSERT INTO child VALUES (1)" end)}
      assert.same({nil, "constraint"}, {answer[1], answer[3]})
      assert.matches("constraint", answer[2], 1, true)
      assert.same({}, other:rows "SELECT * FROM child")
      assert.same({{true}, 1}, {add(true)})
    end)

    it("says why it cannot begin, and does not call the function", function()
      assert(other:run "BEGIN IMMEDIATE")
      local answer = {db:transaction("BEGIN IMMEDIATE", error)}
      assert.same({nil, "database is locked", "busy"}, answer)
      assert(other:run "ROLLBACK")
      answer = {db:transaction("BEGIN", function()
        return {db:transaction("BEGIN", error)}
      end)}
      assert.matches("within a transaction", answer[1][2], 1, true)
    end)

    it("can be closed by the function, and belongs to the parent after the function forks", function()
      local ok, message = posix.child(function()
        assert(db:run "INSERT INTO t VALUES (1, 2)")
      end)
      assert.is_false(ok, message)
      db:transaction("BEGIN IMMEDIATE", function()
        assert(db:run "INSERT INTO t VALUES (1, 2)")
        assert(posix.child(function()
          db:close()
        end))
        return true
      end)
      assert.equal(1, #other:rows "SELECT * FROM t")
      assert.same({nil, "the database was closed in the transaction, which is undone", "closed"}, {
        db:transaction("BEGIN IMMEDIATE", function()
          assert(db:run "DELETE FROM t")
          db:close()
          return true
        end),
      })
      assert.equal(1, #other:rows "SELECT * FROM t")
    end)
  end)

  it("lets one process at a time hold a number", function()
    assert.is_true(db:hold(7))
    assert.is_true(posix.child(function()
      local child = assert(sqlite.open(path, 0))
      assert(child:is_held(7) == true and child:is_held(8) == false)
      local ok, _, reason = child:hold(7)
      assert(not ok and reason == "busy", reason)
      assert(child:hold(8))
    end))
    assert.is_false(db:is_held(8)) -- its process has ended
    assert.is_true(db:let_go(7))
    assert.is_true(posix.child(function() assert(assert(sqlite.open(path, 0)):hold(7)) end))
  end)

  it("lets its numbers go when it closes, also if a child that it forked lives on", function()
    local other, fifo = assert(sqlite.open(path, 0)), path .. "-fifo"
    command.sh("mkfifo " .. fifo)
    assert.is_true(db:hold(7))
    local pid = posix.fork()
    if pid == 0 then
      os.execute("read -r _ <" .. fifo)
      posix.exit(0)
    end
    db:close()
    local is_held = other:is_held(7)
    command.sh("echo >" .. fifo) -- ends the child
    posix.wait(pid)
    assert.is_false(is_held)
    other:close()
  end)

  it("has one set of numbers, whichever symbolic link opens it", function()
    local link = path .. "-link"
    os.execute(("ln -s %s %s"):format(path, link))
    assert.is_true(db:hold(7))
    assert.is_true(posix.child(function() assert(assert(sqlite.open(link, 0)):is_held(7)) end))
    os.remove(link)
  end)

  it("stores the highest number in a file beside it, for every process", function()
    assert.equal(0, db:marked())
    for _, case in ipairs{{5, 5}, {3, 5}, {2 ^ 52, 2 ^ 52}} do
      db:mark(case[1])
      assert.equal(case[2], db:marked())
    end
    assert.is_true(db:hold(1)) -- locks a byte of the file, which can still be read
    assert.is_true(posix.child(function()
      local child = assert(sqlite.open(path, 0))
      assert(child:marked() == 2 ^ 52)
      child:mark(2 ^ 52 + 1)
    end))
    assert.equal(2 ^ 52 + 1, db:marked())
    os.remove(path .. "-writers")
    assert.equal(0, assert(sqlite.open(path, 0)):marked())
  end)

  it("never stores a lower number, however many processes store theirs at once", function()
    local children = {}
    for index = 1, 3 do
      children[index] = posix.fork()
      if children[index] == 0 then
        local child = assert(sqlite.open(path, 0))
        for number = index, 15000, 3 do child:mark(number) end
        posix.exit(0)
      end
    end
    local highest, has_fallen, limit = 0, false, os.time() + 30
    repeat
      local marked = db:marked()
      has_fallen = has_fallen or marked < highest
      highest = math.max(highest, marked)
    until highest >= 14998 or os.time() > limit
    for _, child in ipairs(children) do posix.wait(child) end
    assert.is_false(has_fallen)
    assert.equal(15000, db:marked())
  end)

  it("stores a number even if a stopped process has the mark locked", function()
    assert.is_true(db:hold(0))
    assert.is_true(posix.child(function()
      local began = core.now()
      assert(sqlite.open(path, 0)):mark(9)
      assert(core.now() - began >= 0.09) -- it has waited for the mark
    end))
    assert.equal(9, db:marked())
  end)

  it("leaves the mark unlocked, and returns nothing for it", function()
    assert.equal(0, select("#", db:mark(5)))
    assert.is_true(posix.child(function() assert(assert(sqlite.open(path, 0)):is_held(0) == false) end))
    assert.is_true(posix.child(function() assert(select("#", db:mark(6)) == 0) end)) -- the parent's database
    assert.equal(5, db:marked())
  end)

  it("has files that only their owner may use and that no program inherits", function()
    assert.is_true(db:hold(7))
    for _, name in ipairs{path, path .. "-writers"} do
      assert.equal("600", command.sh("stat -c %a " .. name))
    end
    if not io.open "/proc/self/fd/0" then return pending "this system has no /proc" end
    assert.not_matches(path, command.sh "ls -l /proc/self/fd", 1, true)
  end)

  it("follows no symbolic link that leads to a missing file, or in place of the writers' file", function()
    local target = directory .. "/target"
    os.execute(("ln -s %s %s/link; ln -s %s %s-writers"):format(target, directory, target, path))
    assert.equal("no_file", select(3, sqlite.open(directory .. "/link", 0)))
    for _, name in ipairs{"hold", "let_go", "is_held"} do assert.equal("io", select(3, db[name](db, 7)), name) end
    db:mark(7)
    assert.equal(0, db:marked())
    assert.is_nil(io.open(target))
  end)

  it("is made with the directories that are missing, which only their owner may use", function()
    local child = assert(sqlite.open(directory .. "/a/b/new.db", 0))
    assert(child:run "CREATE TABLE t (a)")
    child:close()
    for _, name in ipairs{"/a", "/a/b"} do assert.equal("700", command.sh("stat -c %a " .. directory .. name)) end
  end)

  it("needs no more memory however often a statement runs", function()
    if not io.open "/proc/self/status" then return pending "this system has no /proc" end
    if command.is_sanitized then return pending "the sanitizers keep freed memory" end
    local output = program.run(([[
      local db = assert(require("cmr.sqlite").open(%q, 0))
      local function resident()
        return tonumber(io.open("/proc/self/status"):read "*a":match "VmHWM:%%s*(%%d+)")
      end
      local function run(times)
        for number = 1, times do db:first("SELECT a, b FROM t WHERE a = ? OR b = ?", number, number) end
      end
      run(1000)
      local before = resident()
      run(10000)
      print(resident() - before)
    ]]):format(path))
    assert.is_true(tonumber(output.out) < 4096, output.out .. output.err)
  end)

  it("says why it makes no file", function()
    for name, message in pairs{["/dev/null/none.db"] = "Not a directory",
      [directory .. "/" .. ("x"):rep(300)] = "File name too long"} do
      assert.same({nil, message, "no_file"}, {sqlite.open(name, 0)})
    end
    if not io.open "/sys/kernel" then return pending "this system has no /sys" end
    local _, message, reason = sqlite.open("/sys/none.db", 0)
    assert.equal("no_file", reason)
    assert.not_equal("No such file or directory", message)
  end)

  it("takes a name of up to 4095 bytes, but none that SQLite finds too long", function()
    local function padded(name, length) return directory .. ("/"):rep(length - #name) .. name:sub(#directory + 1) end
    assert(sqlite.open(padded(path, 4095), 0)):close()
    assert.equal("no_file", select(3, sqlite.open(padded(path .. "s", 4096), 0)))
    assert.is_nil(io.open(path .. "s"))
    local deep = directory .. ("/" .. ("d"):rep(250)):rep(3)
    assert.equal("no_file", select(3, sqlite.open(deep .. "/file", 0)))
    collectgarbage()
  end)

  it("works where standard input is closed", function()
    assert(posix.child(function()
      local child = assert(sqlite.open(path, 0))
      posix.close(0) -- the next descriptor is 0
      assert(child:hold(7))
      assert(child:is_held(8) == false)
      child:close()
      assert(sqlite.open(directory .. "/new", 0)):close()
      assert(posix.descriptors(directory .. "/new") == 0)
      assert(assert(sqlite.open(path, 0)):is_held(7) == false)
    end))
  end)

  it("keeps its journal when it is closed, so that closing costs nothing", function()
    assert.equal("wal", db:first("PRAGMA journal_mode = WAL").journal_mode)
    assert(db:run "INSERT INTO t VALUES (1, 1)")
    assert.equal(0, select("#", db:close()))
    assert.equal("yes", command.sh(("test -s %s-wal && echo yes"):format(path)))
  end)

  it("reports that its file was removed", function()
    assert.is_false(db:is_moved())
    os.remove(path)
    assert.is_true(db:is_moved())
  end)

  it("takes no descriptor from a child that closed all and then opened its own files", function()
    assert(db:hold(7))
    assert(db:run "PRAGMA journal_mode = WAL")
    assert(io.open(path .. "-other", "w")):close()
    assert.is_true(posix.child(function()
      local opened = posix.replace_descriptors(path .. "-other") -- a file on the database's file system
      assert(#opened >= 4)
      assert(db:is_inherited())
      db:close()
      for _, fd in ipairs(opened) do assert(posix.is_open(fd), "closed: " .. fd) end
      local child = assert(sqlite.open(path, 0))
      assert(child:is_held(7))
      assert(child:first "SELECT count(*) AS count FROM sqlite_master")
    end))
    assert(db:first "SELECT count(*) AS count FROM sqlite_master")
  end)

  it("belongs to the parent after a fork", function()
    assert.is_false(db:is_inherited())
    assert.is_true(posix.child(function()
      assert(db:is_inherited())
      local ok, message, reason = db:run "INSERT INTO t VALUES (1, 1)"
      assert(not ok and reason == "inherited", message)
      db:close()
    end))
    assert(db:run "INSERT INTO t VALUES (1, 1)")
  end)

  it("closes all its files in a fork's child, also of a second database", function()
    assert(db:hold(1))
    assert(db:run "PRAGMA journal_mode = WAL")
    assert(db:run "INSERT INTO t VALUES (1, 1)")
    local other = assert(sqlite.open(path .. "2", 0))
    assert(other:run "PRAGMA journal_mode = WAL")
    assert(other:run "CREATE TABLE u (a)")
    if not io.open "/proc/self/fd/0" then return pending "this system has no /proc" end
    local function open_files()
      local listing = assert(io.popen "ls -l /proc/$PPID/fd")
      local _, count = listing:read "*a":gsub("%f[^ ]" .. path:gsub("%p", "%%%0"), "") -- of both databases
      listing:close()
      return count
    end
    assert.is_true(posix.child(function()
      assert(open_files() > 1)
      db:close()
      other:close()
      assert(open_files() == 0, open_files())
    end))
    assert(db:run "INSERT INTO t VALUES (2, 2)")
    assert(other:run "INSERT INTO u VALUES (2)")
    other:close()
  end)

  it("keeps whole numbers beyond 2^53 where Lua has them", function()
    if not math.maxinteger then return end
    db:run("INSERT INTO t VALUES (?, ?)", math.maxinteger, 2 ^ 53 + 1)
    assert.equal(math.maxinteger, db:first "SELECT a FROM t".a)
  end)

  it("refuses a name with a NUL, and takes every other name for a file, even :memory:", function()
    assert.is_nil((sqlite.open(path .. "\0.other", 0)))
    local output = program.run(([[
      local sqlite = require "cmr.sqlite"
      local db = assert(sqlite.open(":memory:", 0))
      print(db:first("SELECT file AS file FROM pragma_database_list").file ~= "")
      db:close()
      os.remove ":memory:"
    ]]))
    assert.equal("true\n", output.out)
  end)

  it("locks in one place, whatever name leads to the file", function()
    os.execute(("ln -s %s %s/link.db"):format(path, directory))
    local linked = assert(sqlite.open(directory .. "/link.db", 0))
    assert(db:hold(7))
    assert.is_true(linked:is_held(7))
    linked:close()
  end)

  it("detects that its file was removed or replaced", function()
    assert.is_false(db:is_moved())
    os.rename(path, path .. ".old")
    assert.is_true(db:is_moved())
    sqlite.open(path, 0):close()
    assert.is_true(db:is_moved())
  end)

  -- Makes a value whose finalizer runs at the next garbage collection, or at the end.
  local PLANT = [[
    local function plant(finalizer)
      if not newproxy then return setmetatable({}, {__gc = finalizer}) end
      local proxy = newproxy(true)
      getmetatable(proxy).__gc = finalizer
      return proxy
    end
    local db = assert(require("cmr.sqlite").open("%s", 0))
  ]]

  it("is not used by a finalizer while it is read", function()
    db:run "BEGIN"
    for number = 1, 2000 do db:run("INSERT INTO t VALUES (?, ?)", ("x"):rep(50) .. number, number) end
    db:run "COMMIT"
    local output = program.run(PLANT:format(path) .. [[
      local reason, closed, list
      local function finalizer()
        local _, _, refusal = db:first("SELECT * FROM t WHERE b > ?", 1e9)
        if refusal then
          reason, closed = refusal, db:close()
        else -- the finalizer ran between two reads
          plant(finalizer)
        end
      end
      for _ = 1, 30 do plant(finalizer) end
      for _ = 1, 1000 do -- until the collector runs while rows are read
        list = assert(db:rows("SELECT * FROM t WHERE b > ?", 0))
        if reason then break end
      end
      print(#list, list[2000].b, reason, not closed)
    ]])
    assert.equal("2000\t2000\tbusy\ttrue\n", output.out)
  end)

  it("can be used by a finalizer at the end of Lua", function()
    local output = program.run(PLANT:format(path) .. [[
      kept = plant(function() print(pcall(function() return db:first("SELECT 1 AS x").x end)) end)
      db:first "SELECT 1 AS x"
    ]])
    assert.matches("^true\t1\n$", output.out)
  end)

  it("comes from a SQLite whose version is known", function()
    assert.matches("^3%.%d+%.%d+$", sqlite.version)
  end)

  it("raises an error once it is closed", function()
    db:close()
    for _, name in ipairs{"run", "first", "rows", "transaction", "hold", "let_go", "is_held", "mark"} do
      assert.error_matches(function() return db[name](db, "1") end, "#1.*the database is closed")
    end
    for _, name in ipairs{"marked", "is_moved"} do
      assert.error_matches(function() return db[name](db) end, "#1.*the database is closed")
    end
    db:close()
  end)
end)
