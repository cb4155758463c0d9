-- The database module under the ledger.
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
    for _, value in ipairs{0, -1, 1.5, 2 ^ 53 - 1, 1e300, "", "text", "\0\255\n'\"", ("x"):rep(100000)} do
      assert.equal(1, db:run("INSERT INTO t VALUES (?, ?)", value, "row"))
      assert.same({a = value, b = "row"}, db:first("SELECT * FROM t"))
      assert.equal(1, db:run "DELETE FROM t")
    end
    db:run("INSERT INTO t VALUES (?, ?)", true, nil)
    assert.same({a = 1}, db:first("SELECT * FROM t"))
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
    local ok, message, reason = db:run "SELECT * FROM nowhere"
    assert.same({nil, "error"}, {ok, reason})
    assert.matches("nowhere", message, 1, true)
    assert.has_error(function() db:run("SELECT 1", 2) end)
    assert.has_error(function() db:run("INSERT INTO t VALUES (?, ?)", {}) end)
    assert.same({}, db:rows "SELECT * FROM t")
  end)

  it("reports that another process is writing, after the longest wait", function()
    local other = assert(sqlite.open(path, 0))
    assert(other:run "BEGIN IMMEDIATE")
    local ok, _, reason = db:run "BEGIN IMMEDIATE"
    assert.same({nil, "busy"}, {ok, reason})
    assert(other:run "COMMIT")
    assert(db:run "BEGIN IMMEDIATE")
    assert(db:run "COMMIT")
    other:close()
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
    assert.is_true(posix.child(function() assert(sqlite.open(path, 0)):mark(9) end))
    assert.equal(9, db:marked())
  end)

  it("reports that its file was removed", function()
    assert.is_false(db:is_moved())
    os.remove(path)
    assert.is_true(db:is_moved())
  end)

  it("takes no descriptor from a child that closed all and then opened its own files", function()
    assert(db:hold(7))
    assert.is_true(posix.child(function()
      local opened = posix.replace_descriptors()
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

  it("closes all its files in a fork's child", function()
    assert(db:hold(1))
    if not io.open "/proc/self/fd/0" then return pending "this system has no /proc" end
    local function open_files()
      local listing = assert(io.popen "ls -l /proc/$PPID/fd")
      local _, count = listing:read "*a":gsub("%f[^ ]" .. path:gsub("%p", "%%%0"), "")
      listing:close()
      return count
    end
    assert.is_true(posix.child(function()
      assert(open_files() > 1)
      db:close()
      assert(open_files() == 0)
    end))
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

  it("raises an error once it is closed", function()
    db:close()
    assert.error_matches(function() db:run "SELECT 1" end, "the database is closed")
    db:close()
  end)
end)
