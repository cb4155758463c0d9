-- The rock that LuaRocks builds into an empty tree works there without this checkout. The rockspec limits the
-- versions of Lua and of the modules. dist_spec.lua tests a release's rock.

local run = require "spec.support.run"

local function needs(program)
  if not io.popen("command -v " .. program):read() then pending("there is no " .. program) end
end

describe("rock #rock", function()
  local tree

  setup(function()
    if not io.popen "command -v luarocks":read() then return end
    tree = run("mktemp -d")
    run("env -u LUA_PATH -u LUA_CPATH luarocks --lua-version=5.4 make --deps-mode none --tree " .. tree
      .. " rockspec/cmr-scm-1.rockspec CFLAGS=-O0")
  end)

  teardown(function()
    if tree then run("rm -rf " .. tree) end
  end)

  before_each(function() needs "luarocks" end)

  -- Runs a command in the tree. Its environment has only PATH and the tree's paths of modules.
  local function run_in_tree(command)
    return run(("cd %s && env -i PATH=/usr/bin:/bin 'LUA_PATH=%s;;' 'LUA_CPATH=%s;;' %s"):format(tree,
      tree .. "/share/lua/5.4/?.lua;" .. tree .. "/share/lua/5.4/?/init.lua", tree .. "/lib/lua/5.4/?.so", command))
  end

  it("is found by require, and has its version", function()
    local program = [[local cmr = require "cmr" print(cmr._VERSION, package.searchpath("cmr.core", package.cpath))]]
    local output = run_in_tree(os.getenv("LUA") .. " -e '" .. program .. "'")
    assert.equal(require("cmr")._VERSION .. "\t" .. tree .. "/lib/lua/5.4/cmr/core.so", output)
  end)

  it("brings the command", function()
    assert.matches("^cmr " .. require("cmr")._VERSION, run_in_tree(tree .. "/bin/cmr --version"))
  end)

  it("has a command that finds its tree, from any folder, also when the tree has moved", function()
    local version = "^cmr " .. require("cmr")._VERSION
    local started = "cd / && env -u LUA_PATH -u LUA_CPATH PATH=/usr/bin:/bin "
    assert.matches(version, run(started .. tree .. "/bin/cmr --version"))
    run(("mv %s %s.moved"):format(tree, tree))
    tree = tree .. ".moved"
    local within = tree .. "/lib/luarocks/rocks-5.4/cmr/scm-1/bin/cmr"
    assert.matches(version, run(started .. within .. " --version"))
    local modules = run(started .. os.getenv "LUA" .. [[ -e 'arg = {[0] = "]] .. within .. [["}
      local function main()
        print(package.searchpath("cmr.cli.io", package.path), package.searchpath("cmr.core", package.cpath))
      end
      package.preload["cmr.cli"] = function() return {main = main} end
      dofile(arg[0])']])
    assert.equal(tree .. "/share/lua/5.4/cmr/cli/io.lua\t" .. tree .. "/lib/lua/5.4/cmr/core.so", modules)
    run(("mv %s %s"):format(tree, (tree:gsub("%.moved$", ""))))
    tree = tree:gsub("%.moved$", "")
  end)

  it("has the mock's page beside its modules", function()
    assert.equal(run "cd lua && find cmr -type f | sort",
      run("cd " .. tree .. "/share/lua/5.4 && find cmr -type f | sort"))
    local program = [[print(require("cmr.mock.page").file("page.js").status)]]
    assert.equal("200", run_in_tree(os.getenv("LUA") .. " -e '" .. program .. "'"))
  end)

  it("has completion, the manual page and the types in its own folder", function()
    local files = run("cd " .. tree .. "/lib/luarocks/rocks-5.4/cmr/scm-1/share && find . -type f | sort")
    assert.equal("./bash-completion/completions/cmr\n./cmr/types/cmr.lua\n./doc/cmr/LICENSE\n"
      .. "./fish/vendor_completions.d/cmr.fish\n./man/man1/cmr.1\n./zsh/site-functions/_cmr", files)
  end)
end)

describe("rockspec #rock", function()
  -- Returns whether LuaRocks accepts a version of a dependency.
  local function admits(name, version)
    return run(([[%s -e '
      local rockspec = {}
      loadfile("rockspec/cmr-scm-1.rockspec", "t", rockspec)()
      require("luarocks.core.cfg").init()
      local queries, vers = require "luarocks.queries", require "luarocks.core.vers"
      for _, text in ipairs(rockspec.dependencies) do
        local query = queries.from_dep_string(text)
        if query.name == "%s" then print(vers.match_constraints(vers.parse_version("%s"), query.constraints)) end
      end']]):format(os.getenv "LUA", name, version)) == "true"
  end

  before_each(function() needs "luarocks" end)

  it("admits the Luas on which cmr runs, and says which one it does not admit", function()
    for version, admitted in pairs{["5.1"] = true, ["5.2"] = false, ["5.3"] = true, ["5.4"] = true, ["5.5"] = true,
      ["5.6"] = false} do
      assert.equal(admitted, admits("lua", version .. "-1"), version)
    end
    assert.matches("It cannot be built for Lua 5.2.", run "cat rockspec/cmr-scm-1.rockspec", 1, true)
  end)

  it("limits the versions of the modules that cmr uses", function()
    for version, admitted in pairs{["2.0.0"] = false, ["2.1.0"] = true, ["2.1.0.14"] = true, ["3.0.0"] = false} do
      assert.equal(admitted, admits("lua-cjson", version .. "-1"), version)
    end
    for version, admitted in pairs{["0.6.0-1"] = false, ["0.7.1-1"] = true, ["1.0.0-1"] = false} do
      assert.equal(admitted, admits("argparse", version), version)
    end
  end)

  it("passes luarocks lint", function() run "luarocks lint rockspec/cmr-scm-1.rockspec" end)
end)
