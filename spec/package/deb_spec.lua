-- The Debian package: its files, and that it works in a Debian without other packages.

local run = require "spec.support.run"

local function missing(program) return not io.popen("PATH=$PATH:/usr/sbin; command -v " .. program):read() end

describe("make deb #deb", function()
  local checkout, package

  setup(function()
    if not os.execute "dpkg-checkbuilddeps >/dev/null 2>&1" then return end
    checkout = require "spec.support.checkout"()
    if not checkout then return end
    run("make --no-print-directory -C " .. checkout .. " deb")
    package = checkout .. "/build/deb/lua-cmr_" .. require("cmr")._VERSION .. "_$(dpkg --print-architecture).deb"
    run(("mkdir %s/tree && dpkg-deb -x %s %s/tree"):format(checkout, package, checkout))
  end)

  teardown(function()
    if checkout then run("rm -rf " .. checkout) end
  end)

  -- busted cannot skip a test from before_each.
  local function test(name, body)
    it(name, function()
      if not checkout then
        return pending "no package is made here: that takes a git checkout, dpkg-dev, and 'apt-get build-dep .'"
      end
      body()
    end)
  end

  local function field(name) return run(("dpkg-deb -f %s %s"):format(package, name)) end

  test("has the library for every Lua of this Debian, and what it needs", function()
    local luas, libraries = field "Lua-Versions", run "dpkg-architecture -q DEB_HOST_MULTIARCH"
    assert.matches("^5%.1 5%.3 5%.4", luas)
    for lua in luas:gmatch "%S+" do
      assert.matches("lua" .. lua .. "-cmr", field "Provides", 1, true)
      for _, module in ipairs{"core", "operations", "sqlite"} do
        run(("test -f %s/tree/usr/lib/%s/lua/%s/cmr/%s.so"):format(checkout, libraries, lua, module))
      end
      assert.equal(run "cd lua && find cmr -type f | sort",
        run(("cd %s/tree/usr/share/lua/%s && find -L cmr -type f | sort"):format(checkout, lua)))
    end
    for _, needed in ipairs{"libcurl", "libssl", "libsqlite3", "lua-cjson", "lua-argparse", "lua5.4"} do
      assert.matches(needed, field "Depends", 1, true)
    end
    assert.matches("libnginx%-mod%-http%-lua, nginx", field "Recommends")
  end)

  test("has the command on Lua 5.4, and records nothing that dpkg knows", function()
    assert.equal("#!/usr/bin/lua5.4", run("head -n 1 " .. checkout .. "/tree/usr/bin/cmr"))
    assert.equal("types", run("ls " .. checkout .. "/tree/usr/share/cmr"))
    assert.equal("", run("grep -rlF " .. checkout .. " " .. checkout .. "/tree || :"))
  end)

  test("works on each Lua, LuaJIT with the modules of 5.1", function()
    local tree, libraries = checkout .. "/tree/usr", run "dpkg-architecture -q DEB_HOST_MULTIARCH"
    for _, lua in ipairs{"5.1", "5.3", "5.4", "jit"} do
      local version = lua == "jit" and "5.1" or lua
      local program = run("scripts/build/lua-program.sh " .. lua)
      if not missing(program) then
        local modules = ("%s/share/lua/%s/"):format(tree, version)
        local paths = ("LUA_PATH='%s?.lua;%s?/init.lua;;' LUA_CPATH='%s/lib/%s/lua/%s/?.so;;'"):format(modules, modules,
          tree, libraries, version)
        local code = "io.write(require[[cmr]]._VERSION) assert(require[[cmr.core]].engine())"
        assert.equal(require("cmr")._VERSION, run(("cd / && %s %s -e '%s'"):format(paths, program, code)))
      end
    end
  end)

  test("is one that lintian finds nothing in", function()
    if missing "lintian" then pending "there is no lintian" end
    assert.equal("", run("lintian --allow-root --fail-on error,warning " .. checkout .. "/build/deb/*.changes"))
  end)

  test("installs into a bare Debian with apt, and does there what the README shows", function()
    local suite = os.getenv "CMR_BARE_DEBIAN"
    if not suite then pending "'make deb-check' does this, or CMR_BARE_DEBIAN=trixie: it takes five minutes" end
    if missing "debootstrap" then pending "there is no debootstrap" end
    if run "id -u" ~= "0" then pending "only root can make a system" end
    local output = run(("cd %s && scripts/test/bare-debian.sh %s"):format(checkout, suite))
    local shown = {"lintian finds nothing", "apt installs it, for Lua 5.1 5.3 5.4[%d. ]*",
      "a script, a one%-liner and nginx call the API"}
    assert.matches("^" .. suite .. ": " .. table.concat(shown, "\n" .. suite .. ": ") .. "$", output)
  end)
end)
