-- The database module under the ledger.
local posix = require "spec.support.posix"
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

  it("reports that another process is writing, after the time it may wait", function()
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
    assert.is_false(db:is_held(8)) -- its holder has ended
    assert.is_true(db:let_go(7))
    assert.is_true(posix.child(function() assert(assert(sqlite.open(path, 0)):hold(7)) end))
  end)

  it("has one set of numbers, whatever symbolic link it is opened by", function()
    local link = path .. "-link"
    os.execute(("ln -s %s %s"):format(path, link))
    assert.is_true(db:hold(7))
    assert.is_true(posix.child(function() assert(assert(sqlite.open(link, 0)):is_held(7)) end))
    os.remove(link)
  end)

  it("tells that its file was removed", function()
    assert.is_false(db:has_moved())
    os.remove(path)
    assert.is_true(db:has_moved())
  end)

  it("is the parent's after a fork", function()
    assert.is_false(db:is_inherited())
    assert.is_true(posix.child(function()
      assert(db:is_inherited())
      local ok, message, reason = db:run "INSERT INTO t VALUES (1, 1)"
      assert(not ok and reason == "inherited", message)
      db:close()
    end))
    assert(db:run "INSERT INTO t VALUES (1, 1)")
  end)

  it("raises once it is closed", function()
    db:close()
    assert.error_matches(function() db:run "SELECT 1" end, "the database is closed")
    db:close()
  end)
end)
