-- Files that hold a key: no other user can read them, and a write replaces the whole file or nothing.
local core = require "cmr.core"
local command = require "spec.support.command"
local posix = require "spec.support.posix"

local run = command.sh

describe("a private file", function()
  local home, path

  before_each(function()
    home = run "mktemp -d"
    path = home .. "/a/b/file"
  end)

  after_each(function() run("chmod -R u+rwx " .. home .. "; rm -rf " .. home) end)

  -- Returns the mode and the path of everything in `home`, a line each, such as "600 ./a/b/file".
  local function modes()
    return run("cd " .. home .. " && find . -mindepth 1 -printf '%m %p\\n' | sort")
  end

  it("is written for its owner alone, with the directories that are missing, whatever the umask", function()
    local code = ("assert(require'cmr.core'.write_private('%s', 'text\\0more'))"):format(path)
    for _, umask in ipairs{"000", "077"} do
      os.execute(("umask %s; %s"):format(umask, command.lua("-e", code)))
      assert.equal("600 ./a/b/file\n700 ./a\n700 ./a/b", modes())
    end
    assert.equal("text\0more", core.read_private(path))
  end)

  it("replaces an old file and its mode, and leaves no temporary file", function()
    assert.is_true(core.write_private(path, "first"))
    run("chmod 666 " .. path)
    assert.is_true(core.write_private(path, "second"))
    assert.equal("600 ./a/b/file\n700 ./a\n700 ./a/b", modes())
    assert.equal("second", core.read_private(path))
    run("mkdir " .. home .. "/taken " .. home .. "/taken/in")
    local ok, why, code = core.write_private(home .. "/taken", "text")
    assert.is_nil(ok)
    assert.is_string(why)
    assert.is_number(code)
    assert.not_matches("taken%.", modes())
  end)

  it("is not read when others could read or change it, or when it is none", function()
    assert.is_true(core.write_private(path, "text"))
    for _, mode in ipairs{"604", "602", "640", "620", "610", "644", "777"} do
      run("chmod " .. mode .. " " .. path)
      assert.same({nil, "others may read or change it: chmod 600 it"}, {core.read_private(path)})
    end
    run("chmod 400 " .. path)
    assert.equal("text", core.read_private(path))
    assert.same({nil, "it is no file"}, {core.read_private(home)})
    run("mkfifo -m 600 " .. home .. "/fifo")
    assert.same({nil, "it is no file"}, {core.read_private(home .. "/fifo")})
    assert.same({nil, "No such file or directory", 2}, {core.read_private(home .. "/none")})
  end)

  it("is not read when it is another user's, even by root", function()
    if run "id -u" ~= "0" then pending("only root can give a file away") end
    assert.is_true(core.write_private(path, "text"))
    run("chown nobody " .. path)
    assert.same({nil, "it belongs to another user"}, {core.read_private(path)})
    run("ln -s " .. path .. " " .. home .. "/link")
    assert.same({nil, "it belongs to another user"}, {core.read_private(home .. "/link")})
    run("chown root " .. path .. "; chown -h nobody " .. home .. "/link") -- another user may own the link
    assert.equal("text", core.read_private(home .. "/link"))
  end)

  it("is written through a symbolic link, which stays", function()
    assert.is_true(core.write_private(path, "first"))
    run(("cd %s && mkdir links && ln -s ../a/b/file links/relative && ln -s links/relative twice && ln -s self self && "
      .. "ln -s $PWD/a/b/file absolute && ln -s new/file dangling"):format(home))
    for _, name in ipairs{"links/relative", "twice", "absolute"} do
      assert.is_true(core.write_private(home .. "/" .. name, name))
      assert.equal(name, core.read_private(path))
    end
    assert.is_true(core.write_private(home .. "/dangling", "made"))
    assert.equal("made", core.read_private(home .. "/new/file"))
    assert.is_nil((core.write_private(home .. "/self", "text")))
    local links = run("find " .. home .. " -type l -printf '%f\n' | sort")
    assert.equal("absolute\ndangling\nrelative\nself\ntwice", links)
    assert.equal("./a/b/file\n./new/file", run("cd " .. home .. " && find . -type f | sort"))
    assert.equal(home .. "/links/../a/b/file", core.link_target(home .. "/twice"))
    assert.equal(path, core.link_target(path))
    assert(posix.child(function()
      posix.chdir(home)
      assert(core.link_target "twice" == "links/../a/b/file")
    end))
    assert.equal("none", core.link_target "none")
    assert.is_nil((core.link_target(home .. "/self")))
  end)

  it("stays as it is when there is no room for the new one", function()
    if command.is_sanitized then return pending "the shell does not load the sanitizers' runtime" end
    assert.is_true(core.write_private(path, "before"))
    local code = ("print(require'cmr.core'.write_private('%s', ('x'):rep(60000)))"):format(path)
    local output = run("trap '' XFSZ; ulimit -f 8; " .. command.lua("-e", code))
    assert.matches("^nil\tFile too large\t%d+$", output)
    assert.equal("600 ./a/b/file\n700 ./a\n700 ./a/b", modes())
    assert.equal("before", core.read_private(path))
  end)

  it("is read and written where standard input is closed", function()
    assert(posix.child(function()
      posix.close(0) -- the next descriptor is 0
      assert(core.write_private(path, "text"))
      assert(not posix.is_open(0))
      assert(core.read_private(path) == "text")
      assert(not posix.is_open(0))
    end))
  end)

  it("is found behind 40 symbolic links, as the system does it, and behind no more", function()
    assert.is_true(core.write_private(path, "text"))
    run(("cd %s && ln -s a/b/file 1 && for n in $(seq 2 41); do ln -s $((n - 1)) $n; done"):format(home))
    assert.equal(home .. "/a/b/file", core.link_target(home .. "/40"))
    assert.is_true(core.write_private(home .. "/40", "more"))
    assert.equal("more", core.read_private(path))
    for _, write in ipairs{core.link_target, core.write_private} do
      local found, why, code = write(home .. "/41", "text")
      assert.is_nil(found)
      assert.is_truthy(why:find "symbolic links")
      assert.is_number(code)
    end
    assert.equal("more", core.read_private(path))
  end)

  it("has a path of at most 4095 bytes, also behind a symbolic link", function()
    local function padded(folder, name, length) return folder .. ("/"):rep(length - #folder - #name) .. name end
    local function is_too_long(found, why)
      assert.is_nil(found)
      assert.equal("File name too long", why)
    end
    local longest = padded(home, "none", 4095)
    assert.equal(longest, core.link_target(longest))
    is_too_long(core.link_target(padded(home, "none", 4096)))
    local room = 4095 - #home - 1
    local links = {absolute = longest, fitting = padded("d", "none", room), long = padded("d", "none", room + 1)}
    for name, target in pairs(links) do
      run(("ln -s %s %s/%s"):format(target, home, name))
    end
    assert.equal(longest, core.link_target(home .. "/absolute"))
    assert.equal(4095, #assert(core.link_target(home .. "/fitting")))
    is_too_long(core.link_target(home .. "/long"))
    assert.is_true(core.write_private(padded(home, "file", 4088), "text")) -- the temporary file's name has 7 bytes more
    assert.equal("text", core.read_private(home .. "/file"))
    is_too_long(core.write_private(padded(home, "file", 4089), "more"))
    assert.equal("text", core.read_private(home .. "/file"))
  end)

  it("has a limit", function()
    local most = ("x"):rep(65536)
    assert.is_true(core.write_private(path, most))
    assert.equal(most, core.read_private(path))
    assert.is_nil((core.write_private(path, most .. "x")))
    assert.equal(most, core.read_private(path))
    for _, length in ipairs{1, 0, 200000} do
      run(("head -c %d /dev/zero >>%s"):format(length, path))
      assert.same({nil, "it is too large"}, {core.read_private(path)})
    end
    for _, least in ipairs{"", "x"} do
      assert.is_true(core.write_private(path, least))
      assert.equal(least, core.read_private(path))
    end
    assert.is_nil((core.write_private("/" .. ("x"):rep(5000), "text")))
    assert.is_nil((core.write_private("/proc/nothing/here", "text")))
  end)
end)

describe("an open file", function()
  local path, file

  before_each(function()
    path = os.tmpname()
    file = assert(io.open(path, "r+"))
  end)

  after_each(function()
    file:close()
    os.remove(path)
  end)

  it("is locked by one at a time", function()
    local other = assert(io.open(path))
    assert.is_true(core.lock(file))
    local locked, why, code = core.lock(other)
    assert.is_nil(locked)
    assert.equal("locked", why)
    assert.is_number(code)
    file:close()
    assert.is_true(core.lock(other))
    other:close()
    file = assert(io.open(path))
  end)

  it("is the same as the file that a name means now", function()
    assert.is_true(core.same_file(file, path))
    os.remove(path)
    assert.is_false(core.same_file(file, path))
    assert(io.open(path, "w")):close()
    assert.is_false(core.same_file(file, path))
    local proc = io.open "/proc"
    if not proc then return pending "this system has no /proc" end
    assert.is_true(core.same_file(proc, "/proc"))
    assert.is_false(core.same_file(proc, "/sys")) -- the same number on another device
    proc:close()
  end)

  it("is stored on the disk, where it is on one", function()
    file:write "text"
    file:flush()
    assert.equal(1, select("#", core.sync(file)))
    assert.is_true(core.sync(file))
    local pipe = assert(io.popen("true"))
    local stored, why, code = core.sync(pipe)
    pipe:close()
    assert.is_nil(stored)
    assert.is_string(why)
    assert.is_number(code)
  end)

  it("is all that these functions take", function()
    local closed = assert(io.open(path))
    closed:close()
    for _, use in ipairs{core.lock, core.sync, core.same_file} do
      for _, other in ipairs{closed, path, 5, core.engine()} do
        assert.error_matches(function() use(other, path) end, "#1.*an open file expected")
      end
      assert.has_error(function() use() end)
    end
    assert.has_error(function() core.same_file(file) end)
    assert.has_error(function() core.same_file(file, {}) end)
  end)
end)

describe("core.absolute_path", function()
  it("returns the path from the root", function()
    assert.equal("/a//b", core.absolute_path "/a//b")
    assert.equal(run "pwd -P" .. "/a\0b", core.absolute_path "a\0b")
    local ok, message = posix.child(function()
      local directory = run "mktemp -d"
      posix.chdir(directory)
      run("rmdir " .. directory)
      local path, reason, code = core.absolute_path "x"
      assert(path == nil and reason == "No such file or directory" and code == 2)
    end)
    assert(ok, message)
  end)
end)
