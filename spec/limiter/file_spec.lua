-- The limiter in a file: one queue for all processes of a machine.
local command = require "spec.support.command"
local core = require "cmr.core"
local faultserver = require "spec.support.faultserver"
local limiters = require "cmr.limiter.file"
local posix = require "spec.support.posix"
local program = require "spec.support.program"
local support = require "spec.support.ledger"
local warned = require "spec.support.warnings"

describe("the limiter in a file", function()
  local path, directory, file

  before_each(function()
    path, directory = support.path()
    file = path .. "-queue"
  end)

  after_each(function() support.remove(path) end)

  local function new(ledger) return limiters.new{path = ledger or path, is_quiet = true} end

  local function about(expected, delay)
    assert.is_true(delay > expected - 0.5 and delay <= expected, delay)
  end

  local function size()
    return tonumber(command.sh("stat -c %s " .. file))
  end

  it("is one queue for all limiters of the same ledger, with a separate queue for each key", function()
    local one, other = new(), new()
    assert.equal(0, one:reserve("key", 0.1, 100))
    about(10, other:reserve("key", 0.1, 100))
    about(20, one:reserve("key", 0.1, 100))
    assert.equal(0, other:reserve("another", 0.1, 100))
    about(30, support.open(path):limiter():reserve("key", 0.1, 100))
    about(20, new(directory .. "/../" .. directory:match "[^/]*$" .. "/ledger.db"):reserve("another", 0.05, 100) + 10)
  end)

  it("is one queue whatever symbolic link names the ledger", function()
    command.sh(("cd %s && ln -s ledger.db link && ln -s link twice"):format(directory))
    assert.equal(0, new():reserve("key", 0.1, 100))
    about(10, new(directory .. "/twice"):reserve("key", 0.1, 100))
  end)

  it("is one queue for a relative path, wherever the process goes", function()
    local ok, message = posix.child(function()
      posix.chdir(directory)
      local limiter = new "ledger.db"
      posix.chdir "/"
      assert(limiter:reserve("key", 0.1, 100) == 0)
    end)
    assert(ok, message)
    about(10, new():reserve("key", 0.1, 100))
  end)

  it("is one queue although signals interrupt its lock", function()
    local library = "build/interrupted_flock.so"
    faultserver.compile(library, "spec/limiter/interrupted_flock.c", "-fPIC -shared -ldl")
    local ended = program.run(('require("cmr.limiter.file").new{path = %q}:reserve("key", 0.1, 100)'):format(path), {
      env = {LD_PRELOAD = (os.getenv "LD_PRELOAD" or "") .. " ./" .. library},
    })
    assert.equal("", ended.err)
    assert.equal(0, ended.status)
    about(10, new():reserve("key", 0.1, 100))
  end)

  it("makes a file that only its user can use, in directories that only the user can enter", function()
    local deep = directory .. "/a/b/ledger.db"
    assert.is_true(posix.child(function()
      assert(os.execute(("umask 000; %s"):format(command.lua("-e",
        ("assert(require('cmr.limiter.file').new{path = '%s'}:reserve('key', 0.1, 1))"):format(deep)))))
    end))
    about(10, new(deep):reserve("key", 0.1, 100))
    assert.equal("700\n700\n600", command.sh(("cd %s/a && stat -c %%a . b b/*"):format(directory)))
  end)

  it("loses no slot when many forked processes reserve at once", function()
    local parent, children = new(), {}
    assert.equal(0, parent:reserve("key", 0.001, 1e9))
    for index = 1, 4 do
      children[index] = posix.fork()
      if children[index] == 0 then
        for _ = 1, 200 do parent:reserve("key", 0.001, 1e9) end
        posix.exit(0)
      end
    end
    for _, child in ipairs(children) do posix.wait(child) end
    local delay = parent:reserve("key", 0.001, 1e9)
    assert.is_true(delay > 801000 - 60 and delay <= 801000, delay)
  end)

  it("stays usable whenever a process is killed", function()
    local loop = ("local l = require('cmr.limiter.file').new{path = '%s'} while true do l:reserve('key', 1e6, 9) end")
    new():reserve("key", 1e6, 9) -- on a busy machine, the program below may be killed before it reserves
    for index = 1, 5 do
      local ended = program.run(loop:format(path), {through = "timeout -s KILL 0." .. 2 + index})
      assert.equal(137, ended.status, ended.err)
      assert.equal(64, size())
    end
    assert.is_number((new():reserve("key", 0.1, 100)))
    about(10, new():reserve("key", 0.1, 100))
  end)

  it("needs no more room than the queues that are not empty", function()
    local limiter = new()
    for number = 1, 100 do limiter:reserve("brief " .. number, 1e9, 100) end
    assert.is_true(size() <= 3 * 64, size())
    for number = 1, 5 do limiter:reserve("long " .. number, 0.1, 100) end
    local bytes = size()
    for number = 1, 100 do limiter:reserve("brief " .. number, 1e9, 100) end
    assert.is_true(size() <= bytes + 64, size())
    for number = 1, 5 do about(10, limiter:reserve("long " .. number, 0.1, 100)) end
  end)

  -- Bytes 33 to 40 of a record are the next free slot. Bytes 41 to 48 are the time when the record was written.
  local function overwrite(offset, bytes)
    local out = assert(io.open(file, "r+b"))
    out:seek("set", offset)
    out:write(bytes)
    out:close()
  end

  local FAR = ("\127\227\126\67\200\128\7\89"):reverse() -- a double that is later than every clock
  local NOT_A_NUMBER = ("\0"):rep(6) .. "\248\127"

  it("begins anew after a restart of the machine", function()
    new():pause("key", 1000)
    overwrite(40, FAR)
    assert.equal(0, new():reserve("key", 0.1, 100))
    about(10, new():reserve("key", 0.1, 100))
  end)

  it("goes on with a file that is damaged", function()
    for _, damage in ipairs{
      function() overwrite(0, ("garbage\n"):rep(100)) end,
      function() overwrite(32, NOT_A_NUMBER) end,
      function() overwrite(32, ("\0"):rep(32)) end,
      function() command.sh("truncate -s 17 " .. file) end,
      function() command.sh("truncate -s 0 " .. file) end,
      function() os.remove(file) end,
    } do
      new():pause("key", 1000)
      damage()
      assert.equal(0, new():reserve("key", 0.1, 100))
      about(10, new():reserve("key", 0.1, 100))
      os.remove(file)
    end
  end)

  for what, prepare in pairs{
    ["others may read"] = "touch %s && chmod 644 %s",
    ["is a directory"] = "mkdir %s",
    ["is a pipe"] = "mkfifo -m 600 %s",
    ["is a symbolic link"] = "touch %s.x && chmod 600 %s.x && ln -s %s.x %s",
  } do
    it("warns once, and has a queue for this process, when the file " .. what, function()
      command.sh((prepare:gsub("%%s", file)))
      local ended = program.run(([[
        local limiter = require("cmr.limiter.file").new{path = "%s"}
        limiter:reserve("key", 0.1, 100)
        limiter:pause("key", 30)
        print((limiter:reserve("key", 0.1, 100)) > 29, (limiter:reserve("key", 0.1, 5)))
      ]]):format(path))
      assert.equal("true\tnil\n", ended.out)
      assert.matches("^cmr: the rate limit is not shared now: " .. file:gsub("%p", "%%%0") .. ": [^\n]+\n$", ended.err)
    end)
  end

  it("has a queue for this process when the file is full of others", function()
    local record = ("k"):rep(32) .. FAR .. ("\0"):rep(24)
    new():reserve("key", 0.1, 100)
    overwrite(0, record:rep(4095))
    assert.equal(0, new():reserve("another", 0.1, 100))
    about(10, new():reserve("another", 0.1, 100))
    overwrite(0, record:rep(5000))
    for _ = 1, 2 do assert.equal(0, new():reserve("key", 0.1, 100)) end
  end)

  it("has a queue for this process while another one has the file locked for long", function()
    assert.equal(0, new():reserve("key", 0.1, 100))
    local locked = assert(io.open(file))
    assert(core.lock(locked))
    local limiter, begun = new(), core.now()
    assert.equal(0, limiter:reserve("key", 0.1, 100))
    local took = core.now() - begun
    assert.is_true(took >= 1 and took < 2, took)
    locked:close()
    about(9, limiter:reserve("key", 0.1, 100))
  end)

  it("waits for the lock for a second, and in nginx for a tenth of that", function()
    local reserve_slot, ngx, patience = core.reserve_slot, package.loaded.ngx, nil
    finally(function()
      core.reserve_slot, package.loaded.ngx = reserve_slot, ngx
    end)
    function core.reserve_slot(...)
      patience = select(6, ...)
      return reserve_slot(...)
    end
    for loaded, seconds in pairs{[false] = 1, [true] = 0.1} do
      package.loaded.ngx = loaded and {} or nil
      assert(new():reserve("key", 1000, 100))
      assert.equal(seconds, patience)
    end
  end)

  it("begins the queue after a pause, and not later", function()
    local limiter = new()
    limiter:pause("key", 5)
    about(5, limiter:reserve("key", 1000, 100))
  end)

  it("warns of a slot or a pause that is not shared, once and only then", function()
    local reserve_slot = core.reserve_slot
    finally(function() core.reserve_slot = reserve_slot end)
    for _, call in ipairs{
      function(limiter) assert.equal(0, limiter:reserve("key", 4, 100)) end,
      function(limiter) limiter:pause("key", 5) end,
    } do
      local loud = limiters.new{path = path}
      assert.same({}, warned(function() call(loud) end))
      os.remove(file)
      core.reserve_slot = function() return nil, "no lock" end
      local written = warned(function()
        for _ = 1, 2 do call(limiters.new{path = path, is_quiet = true}) end
        local limiter = limiters.new{path = path}
        call(limiter)
        core.reserve_slot = function() return nil, "still no lock" end
        limiter:reserve("another", 4, 100)
      end)
      assert.equal(1, #written)
      assert.matches("^cmr: the rate limit is not shared now: [^\n]*%-queue: no lock\n$", written[1])
      core.reserve_slot = reserve_slot
    end
  end)
end)

describe("core.reserve_slot", function()
  local path, directory

  before_each(function() path, directory = support.path() end)
  after_each(function() support.remove(path) end)

  local function reserve(key, after, spacing, max_wait, patience)
    return core.reserve_slot(path, key, after or 0, spacing or 10, max_wait or 100, patience or 0)
  end

  local function contents()
    local opened = assert(io.open(path, "rb"))
    local bytes = opened:read "*a"
    opened:close()
    return bytes
  end

  local function write(bytes)
    local opened = assert(io.open(path, "wb"))
    opened:write(bytes)
    opened:close()
    command.sh("chmod 600 " .. path)
  end

  it("reserves no slot that is further away than the caller would wait", function()
    assert.same({5, true}, {reserve("one", 5, 0, 5)})
    assert.same({5, false}, {reserve("two", 5, 0, 4.999)})
    assert.same({0, true}, {reserve("three", 0, 10, 0)})
    local delay, is_reserved = reserve("three", 0, 10, 9)
    assert.is_true(delay > 9 and delay <= 10 and is_reserved == false)
    assert.equal("600", command.sh("stat -c %a " .. path))
  end)

  it("takes the first record whose queue is empty", function()
    write(("\0"):rep(3 * 64))
    assert.same({0, true}, {reserve "one"})
    assert.equal(("\0"):rep(2 * 64), contents():sub(65))
    assert.same({0, true}, {reserve "two"})
    assert.equal(("\0"):rep(64), contents():sub(129))
    assert.same({0, true}, {reserve("brief", 0, 0)})
    assert.same({0, true}, {reserve("brief too", 0, 0)})
    assert.equal(3 * 64, #contents())
    assert.is_true(reserve "one" > 9)
    assert.is_true(reserve "two" > 9)
  end)

  it("knows nothing of a file that is gone", function()
    for _ = 1, 3 do
      assert.same({0, true}, {reserve "key"})
      write ""
      assert.same({0, true}, {reserve "key"})
      write(("x"):rep(63)) -- no whole record
      assert.same({0, true}, {reserve "key"})
      os.remove(path)
    end
  end)

  it("says what is wrong", function()
    local record = ("k"):rep(32) .. ("\127\227\126\67\200\128\7\89"):reverse() .. ("\0"):rep(24)
    write(record:rep(4096))
    assert.same({nil, "No space left on device"}, {reserve "key"})
    assert.equal(4096 * 64, #contents())
    write(record:rep(4095))
    assert.same({0, true}, {reserve "key"})
    local locked = assert(io.open(path))
    assert(core.lock(locked))
    assert.same({nil, "another process has it locked"}, {reserve "key"})
    locked:close()
    assert.is_true(reserve "key" > 9)
    assert.same({nil, "Not a directory"}, {core.reserve_slot("/dev/null/x", "key", 0, 1, 1, 0)})
    for index = 1, 6 do
      local arguments = {path, "key", 0, 1, 1, 0}
      arguments[index] = {}
      assert.has_error(function() core.reserve_slot((table.unpack or unpack)(arguments)) end)
    end
  end)

  it("leaves no descriptor open, and works where standard input is closed", function()
    local before = posix.descriptors ""
    for _ = 1, 3 do
      assert.is_nil((io.open(directory .. "/missing")))
      assert.is_number((reserve "key"))
    end
    assert.equal(before, posix.descriptors "")
    assert(posix.child(function()
      posix.close(0) -- the next descriptor is 0
      for _, name in ipairs{path, directory .. "/new", directory .. "/a/new"} do
        assert(core.reserve_slot(name, "new", 0, 10, 100, 0) == 0)
        assert(core.reserve_slot(name, "new", 0, 10, 100, 0) > 9)
        assert(not posix.is_open(0))
      end
    end))
  end)
end)
