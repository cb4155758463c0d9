-- Which files are installed and removed, for which Lua, with any folder, umask and paths in the user's shell.

local run = require "spec.support.run"

describe("build #build", function()
  local directory

  before_each(function() directory = run "mktemp -d" end)
  after_each(function() run("rm -rf " .. directory) end)

  local MAKE = "make --no-print-directory PREFIX=/opt/cmr DESTDIR="
  local function make(words, expected) return run(MAKE .. directory .. " " .. words, expected) end

  local function files() return run("cd " .. directory .. " && find . | sort") end

  -- Checks that the installed command runs with this Lua, which its first line names.
  local function command_runs_on(lua)
    local program = run(("sed -n '1s/^#!//p' %s/opt/cmr/bin/cmr"):format(directory))
    assert.equal(run("command -v $(scripts/build/lua-program.sh " .. lua .. ")"), program)
    local text = run("cat " .. directory .. "/opt/cmr/bin/cmr")
    assert.matches("/share/lua/" .. (lua == "jit" and "5.1" or lua) .. "/?.lua;", text, 1, true)
  end

  it("installs for every user, whatever the umask", function()
    for _, umask in ipairs{"000", "027", "077"} do
      local made = directory .. "/" .. umask
      run("umask " .. umask .. " && " .. MAKE .. made .. " install LUA=5.4")
      assert.equal("d 755\nf 644\nf 755", run("find " .. made .. " -printf '%y %m\n' | sort -u"))
      assert.equal("", run("find " .. made .. " -type f -perm /111 ! -name '*.so' ! -name cmr ! -name command"))
    end
  end)

  it("installs the licence", function()
    make "install LUA=5.4"
    assert.equal(run "cat LICENSE", run("cat " .. directory .. "/opt/cmr/share/doc/cmr/LICENSE"))
  end)

  it("installs the mock's page", function()
    make "install LUA=5.4"
    for _, name in ipairs{"index.html", "page.js", "page.css", "icon.svg"} do
      run(("cmp lua/cmr/mock/page/%s %s/opt/cmr/share/lua/5.4/cmr/mock/page/%s"):format(name, directory, name))
    end
  end)

  it("removes one Lua's files, and no file that another Lua's install has", function()
    run("mkdir -p " .. directory .. "/opt/cmr/share/man")
    local before = files()
    make "install LUA=5.4"
    local first = files()
    make "install LUA=5.3"
    command_runs_on "5.3"
    make "uninstall LUA=5.3"
    assert.equal(first, files())
    command_runs_on "5.4"
    make "uninstall LUA=5.4"
    assert.equal(before, files())
  end)

  it("removes no files of another Lua with the same folders", function()
    local before = files()
    for _, order in ipairs{{"5.1", "jit"}, {"jit", "5.1"}} do
      make("install LUA=" .. order[1])
      make("install LUA=" .. order[2])
      make("uninstall LUA=" .. order[1])
      command_runs_on(order[2])
      for _, module in ipairs{"lib/lua/5.1/cmr/core.so", "share/lua/5.1/cmr/init.lua", "share/man/man1/cmr.1"} do
        run("test -f " .. directory .. "/opt/cmr/" .. module)
      end
      make("uninstall LUA=" .. order[2])
      assert.equal(before, files())
    end
  end)

  it("leaves the files of others, and files that it did not install", function()
    make "install LUA=5.4"
    local other = directory .. "/opt/cmr/share/lua/5.4/cmr/mine.lua"
    run("touch " .. other)
    make "uninstall LUA=5.4"
    assert.equal(other, run("find " .. directory .. " -type f"))
    local output = make("uninstall LUA=5.4", 2)
    assert.matches(("cmr: nothing to remove: %s/opt/cmr/share/cmr/installed has no install for 5.4"):format(directory),
      output, 1, true)
    assert.equal(other, run("find " .. directory .. " -type f"))
  end)

  it("removes an older version's files that the newer one does not have", function()
    make "install LUA=5.4"
    local fresh = files()
    local old = "/opt/cmr/share/lua/5.4/cmr/old.lua"
    run(("touch %s%s && echo %s >>%s/opt/cmr/share/cmr/installed/5.4/files"):format(directory, old, old, directory))
    make "install LUA=5.4"
    assert.equal(fresh, files())
  end)

  it("makes the same modules in every folder, also in a linked one", function()
    local sums = {}
    run("cd " .. directory .. " && mkdir -p 'longer/b c' a && ln -s 'longer/b c' link")
    for _, name in ipairs{"a", "link"} do
      local folder = directory .. "/" .. name
      run("cp -r Makefile csrc scripts " .. folder .. "/")
      run("cd " .. folder .. " && make --no-print-directory -j2 build LUA=5.4 CFLAGS='-O0 -g'")
      sums[#sums + 1] = run("cd " .. folder .. "/build/5.4/cmr && sha256sum *.so")
    end
    assert.equal(sums[1], sums[2])
  end)

  it("names the possible Luas, and says that 5.2 is not one", function()
    assert.matches("expected 5.1, 5.3, 5.4, 5.5, jit .*cmr cannot be built for 5.2", run("make build LUA=5.2", 2))
  end)

  it("builds what the specs need before it runs them", function()
    for _, lua in ipairs{"5.4", "5.1", "jit"} do
      local plan = run("make -n check LUA=" .. lua)
      assert.matches("env.sh build/" .. lua, plan, 1, true)
      assert.matches("env.sh build/jit", plan, 1, true)
    end
  end)

  describe("in a shell with paths and a start program for one Lua", function()
    local NAMES = {"LUA_PATH", "LUA_CPATH"}
    for _, version in ipairs{"5_3", "5_4", "5_5"} do
      NAMES[#NAMES + 1] = "LUA_PATH_" .. version
      NAMES[#NAMES + 1] = "LUA_CPATH_" .. version
    end
    local paths = table.concat(NAMES, "=/nowhere/?.lua ") .. "=/nowhere/?.lua"
    local without = "env -u " .. table.concat(NAMES, " -u ")

    it("looks for installed packages as in a shell without such paths", function()
      -- installs nothing, because this package manager fails
      run(("printf '#!/bin/sh\\nexit 1\\n' >%s/apt-get && chmod 755 %s/apt-get"):format(directory, directory))
      local setup = (" PATH=%s:$PATH scripts/build/setup.sh test; echo $?"):format(directory)
      local init = " LUA_INIT='print(1)'"
      assert.equal(run(without .. setup:gsub("; .*", "") .. "; echo $?"), run("env " .. paths .. init .. setup))
    end)

    it("makes everything as in a shell without such paths", function()
      local show = [[ make --no-print-directory --eval 'show: ; @env | grep -E "^LUA_(C?PATH|INIT)" || echo none' show]]
      local init = " LUA_INIT=x LUA_INIT_5_3=x LUA_INIT_5_4=x LUA_INIT_5_5=x "
      assert.equal("none", run("env " .. paths .. init .. show))
    end)

    it("finds the system's modules in each build", function()
      for _, lua in ipairs{"5.4", "jit"} do
        local program = run("scripts/build/lua-program.sh " .. lua)
        for _, settings in ipairs{paths, "-u LUA_PATH -u LUA_CPATH"} do
          local code = "require [[cmr]] require [[cjson]]"
          run(("env %s sh -c '. build/%s/env && cd / && %s -e \"%s\"'"):format(settings, lua, program, code))
        end
      end
    end)
  end)
end)
