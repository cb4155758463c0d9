-- The rock, built by LuaRocks into an empty tree, works there without this checkout.

local run = require "spec.support.run"

describe("rock #rock", function()
  local tree

  setup(function()
    tree = run("mktemp -d")
    run("env -u LUA_PATH -u LUA_CPATH luarocks --lua-version=5.4 make --deps-mode none --tree " .. tree
      .. " rockspec/cmr-scm-1.rockspec")
  end)

  teardown(function()
    if tree then run("rm -rf " .. tree) end
  end)

  -- Runs a command in a directory and an environment that know nothing but the tree.
  local function run_in_tree(command)
    return run(("cd %s && env -i PATH=/usr/bin:/bin 'LUA_PATH=%s;;' 'LUA_CPATH=%s;;' %s"):format(tree,
      tree .. "/share/lua/5.4/?.lua;" .. tree .. "/share/lua/5.4/?/init.lua", tree .. "/lib/lua/5.4/?.so", command))
  end

  it("is found by require, and knows its version", function()
    local program = [[local cmr = require "cmr" print(cmr._VERSION, package.searchpath("cmr.core", package.cpath))]]
    local output = run_in_tree(os.getenv("LUA") .. " -e '" .. program .. "'")
    assert.equal(require("cmr")._VERSION .. "\t" .. tree .. "/lib/lua/5.4/cmr/core.so", output)
  end)

  it("brings the command", function()
    assert.matches("^cmr " .. require("cmr")._VERSION, run_in_tree(tree .. "/bin/cmr --version"))
  end)

  it("keeps completion, the manual page and the types within", function()
    local files = run("cd " .. tree .. "/lib/luarocks/rocks-5.4/cmr/scm-1/share && find . -type f | sort")
    assert.equal("./bash-completion/completions/cmr\n./cmr/types/cmr.lua\n"
      .. "./fish/vendor_completions.d/cmr.fish\n./man/man1/cmr.1\n./zsh/site-functions/_cmr", files)
  end)
end)
