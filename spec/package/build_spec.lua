-- What the build makes: the module's symbols and libraries, an installed tree, and the version in all its places.

local run = require "spec.support.run"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

describe("build #build", function()
  local flavour = os.getenv("CMR_FLAVOUR")
  local core = "build/" .. flavour .. "/cmr/core.so"
  local operations = "build/" .. flavour .. "/cmr/operations.so"
  local sqlite = "build/" .. flavour .. "/cmr/sqlite.so"

  it("exports nothing but luaopen_*", function()
    for module, symbol in pairs{[core] = "luaopen_cmr_core", [operations] = "luaopen_cmr_operations",
      [sqlite] = "luaopen_cmr_sqlite"} do
      assert.matches("^%x+ T " .. symbol .. "$", run("nm -D --defined-only " .. module))
    end
  end)

  it("is not linked with a Lua library", function()
    local libraries = run("readelf -d " .. core .. " | grep NEEDED")
    assert.matches("libcurl", libraries)
    assert.not_matches("liblua", libraries)
  end)

  it("reads the operations table without libcurl", function()
    for library in run("readelf -d " .. operations):gmatch("NEEDED[^\n]*%[(.-)%]") do
      assert.matches("^libc%.", library)
    end
  end)

  it("loads SQLite only for the ledger", function()
    assert.matches("libsqlite3", run("readelf -d " .. sqlite .. " | grep NEEDED"))
    for _, module in ipairs{core, operations} do
      assert.not_matches("libsqlite3", run("readelf -d " .. module .. " | grep NEEDED"))
    end
    assert.not_matches("libcurl", run("readelf -d " .. sqlite .. " | grep NEEDED"))
  end)

  it("makes modules for Lua 5.1 and LuaJIT that work for both, because both have the same folders", function()
    local script = require("spec.support.program").file_with [[
      package.cpath = arg[1] .. "/?.so;" .. package.cpath
      local core = require "cmr.core"
      local function in_callback()
        local answer
        string.gsub("a", "a", function() answer = core.is_yieldable() end)
        return answer
      end
      local function in_coroutine() return (core.is_yieldable()) end
      print(core.is_yieldable(), coroutine.wrap(in_coroutine)(), coroutine.wrap(in_callback)())
    ]]
    for _, built in ipairs{"5.1", "jit"} do
      run("make --no-print-directory build LUA=" .. built)
      for _, program in ipairs{"5.1", "jit"} do
        local lua = run("scripts/build/lua-program.sh " .. program)
        assert.equal("false\ttrue\tfalse", run(("%s %s build/%s"):format(lua, script, built)))
      end
    end
    os.remove(script)
  end)

  it("stays loaded, and its symbols are bound at once", function()
    local flags = run("readelf -d " .. core .. " | grep FLAGS")
    assert.matches("NODELETE", flags)
    assert.matches("NOW", flags)
  end)

  it("is hardened: its tables are read-only after loading, and its stack is guarded", function()
    assert.matches("GNU_RELRO", run("readelf -lW " .. core))
    assert.matches("__stack_chk_fail", run("nm -D --undefined-only " .. core))
  end)

  it("makes a module without epoll that can wait in every loop", function()
    local server = require("spec.support.mock").shared("http")
    server:fault{delay = 0.1, times = 3}
    local out = run "mktemp -d"
    run(("make --no-print-directory -j2 build LUA=%s OUT=%s CPPFLAGS=-DCMR_NO_EPOLL WERROR=1"):format(
      flavour, out))
    local ended = require("spec.support.program").run(([[
      local client = require("cmr").new{rate = false}
      local cqueues, uv = require "cqueues", require "luv"
      local function call() print(assert(client:platforms "%s").status) end
      print(require("cmr.core").engine():fd())
      call()
      coroutine.wrap(call)()
      uv.run()
      assert(cqueues.new():wrap(call):loop())
    ]]):format(require("spec.support.mock").USER), {limit = 10, env = {
      CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, LUA_CPATH = out .. "/?.so;" .. package.cpath,
    }})
    run("rm -rf " .. out)
    assert.same({status = 0, out = "nil\n200\n200\n200\n", err = ""}, ended)
  end)

  describe("make install", function()
    local destination

    setup(function()
      destination = run("mktemp -d")
      run(("make --no-print-directory install LUA=%s PREFIX=/opt/cmr DESTDIR=%s"):format(flavour, destination))
    end)

    teardown(function()
      if destination then run("rm -rf " .. destination) end
    end)

    it("puts the module and the command in a tree that works alone", function()
      local prefix = destination .. "/opt/cmr"
      local command = "cd / && env -i PATH=/usr/bin:/bin 'LUA_PATH=%s;;' 'LUA_CPATH=%s;;' %s/bin/cmr --version"
      local output = run(command:format(prefix .. "/share/lua/5.4/?.lua;" .. prefix .. "/share/lua/5.4/?/init.lua",
        prefix .. "/lib/lua/5.4/?.so", prefix))
      assert.matches("^cmr " .. require("cmr")._VERSION, output)
    end)

    it("gives the command the Lua for which it was built, and the modules of the same install", function()
      local command = read(destination .. "/opt/cmr/bin/cmr")
      assert.equal(run("command -v " .. os.getenv("LUA")), command:match("^#!(%S+)\n"))
      assert.matches("'/opt/cmr/share/lua/5.4/?.lua;", command, 1, true)
    end)

    it("leaves nothing out", function()
      local here = run("cd lua && find cmr -type f | sort")
      assert.equal(here, run("cd " .. destination .. "/opt/cmr/share/lua/5.4 && find cmr -type f | sort"))
    end)

    it("puts completion and the manual page into the usual folders", function()
      local share = destination .. "/opt/cmr/share/"
      local scripts = require "cmr.cli.completion_scripts"
      assert.equal(scripts.bash, read(share .. "bash-completion/completions/cmr"))
      assert.equal(scripts.zsh, read(share .. "zsh/site-functions/_cmr"))
      assert.equal(scripts.fish, read(share .. "fish/vendor_completions.d/cmr.fish"))
      assert.equal(read "docs/cmr.1", read(share .. "man/man1/cmr.1"))
    end)

    it("puts the types into a separate folder, for an editor's library", function()
      assert.equal("cmr.lua", run("ls " .. destination .. "/opt/cmr/share/cmr/types"))
      assert.equal(read "types/cmr.lua", read(destination .. "/opt/cmr/share/cmr/types/cmr.lua"))
    end)

    it("is undone by make uninstall, which leaves only files of others", function()
      local other = destination .. "/opt/cmr/share/lua/5.4/other.lua"
      run("touch " .. other)
      run(("make --no-print-directory uninstall LUA=%s PREFIX=/opt/cmr DESTDIR=%s"):format(flavour, destination))
      assert.equal(other, run("find " .. destination .. " -type f"))
      assert.equal("", run("find " .. destination .. " -name types"))
    end)
  end)

  it("has a manual page that troff accepts", function()
    if not io.popen("command -v groff"):read() then pending("there is no groff") end
    assert.equal("", run "groff -man -ww -z docs/cmr.1")
    assert.matches("^CMR%(1%)", run "groff -man -Tascii docs/cmr.1")
  end)

  it("has the same version everywhere", function()
    local version = read("csrc/version.h"):match('#define CMR_VERSION "([^"]+)"')
    assert.equal(version, require("cmr")._VERSION)
    assert.equal(version, require("cmr.core")._VERSION)
    assert.equal(version, read("CHANGELOG.md"):match("\n## (%S+)"))
    assert.equal(version, read("rockspec/cmr-scm-1.rockspec"):match("^%-%- cmr (%S+)"))
    assert.equal(version, read("debian/changelog"):match("^lua%-cmr %((%S+)%)"))
  end)
end)
