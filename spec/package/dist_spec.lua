-- The files of a release: they are made from a commit, are the same each time, and LuaRocks accepts them.

local core = require "cmr.core"
local run = require "spec.support.run"

describe("make dist #rock", function()
  local version = require("cmr")._VERSION
  local directory, checkout

  setup(function()
    checkout = require "spec.support.checkout"()
    if not checkout then return end
    directory = run "mktemp -d"
    run("make --no-print-directory -C " .. checkout .. " dist")
  end)

  teardown(function()
    if directory then run("rm -rf " .. directory .. " " .. checkout) end
  end)

  -- busted cannot skip a test from before_each.
  local function test(name, body)
    it(name, function()
      if not directory then return pending "this is no git checkout" end
      body()
    end)
  end

  local function needs(program)
    if not io.popen("command -v " .. program):read() then pending("there is no " .. program) end
  end

  local function in_dist(command) return run("cd " .. checkout .. "/build/dist && " .. command) end

  test("makes the files, and their checksums", function()
    local archive, rockspec = "cmr-" .. version .. ".tar.gz", "cmr-" .. version .. "-1.rockspec"
    local rock, parts = "cmr-" .. version .. "-1.src.rock", "cmr-" .. version .. ".cdx.json"
    assert.equal(table.concat({"SHA256SUMS", rockspec, rock, parts, archive}, "\n"), in_dist "ls | LC_ALL=C sort")
    assert.equal(table.concat({archive, rockspec, rock, parts}, ": OK\n") .. ": OK", in_dist "sha256sum -c SHA256SUMS")
  end)

  test("puts the commit into the archive, and nothing else", function()
    local files = run("cd " .. checkout .. " && git ls-files | LC_ALL=C sort")
    assert.equal(files, in_dist(("tar -tf *.tar.gz | sed -n 's|^cmr-%s/||; /[^/]$/p' | LC_ALL=C sort"):format(version)))
    run("touch " .. checkout .. "/uncommitted && echo >>" .. checkout .. "/LICENSE")
    local output = run("make --no-print-directory -C " .. checkout .. " dist BUILD=" .. directory .. "/changed")
    run("cd " .. checkout .. " && rm uncommitted && git checkout -q LICENSE")
    assert.matches("the release has the last commit, without the changes since", output, 1, true)
    assert.equal(in_dist "sha256sum <$(ls *.gz)", run("cd " .. directory .. "/changed/dist && sha256sum <$(ls *.gz)"))
  end)

  test("makes the same bytes from the same commit, whenever, wherever and by whomever", function()
    run(("git clone -q %s '%s/another one'"):format(checkout, directory))
    local make = "make --no-print-directory -C %s dist URL=https://cmr.test/cmr.tar.gz"
    local sums = {}
    for _, each in ipairs{checkout, "'" .. directory .. "/another one'"} do
      run("umask " .. (#sums == 0 and "022" or "077 && export TZ=Asia/Tokyo LANG=C HOME=/nowhere GIT_AUTHOR_NAME=me")
        .. " && " .. make:format(each))
      sums[#sums + 1] = run("cat " .. each .. "/build/dist/SHA256SUMS")
    end
    assert.equal(sums[1], sums[2])
    assert.matches('url = "https://cmr.test/cmr.tar.gz"', in_dist "cat *.rockspec", 1, true)
    -- Without URL, the rockspec contains the path of the folder. No other file may contain it.
    run("make --no-print-directory -C " .. checkout .. " dist")
    for _, name in ipairs{".tar.gz", ".cdx.json"} do
      assert.matches(sums[1]:match("(%x+) [^\n]*" .. name:gsub("%p", "%%%0")), in_dist "cat SHA256SUMS")
    end
    assert.not_matches(directory, in_dist "unzip -p *.src.rock '*.rockspec'", 1, true)
    assert.equal("2026-01-02 02:04:05", in_dist "TZ=UTC tar --full-time -tvf *.gz | awk '{print $4, $5}' | sort -u")
  end)

  test("lists what it is made of, as CycloneDX", function()
    local parts = core.json_decode(in_dist "cat *.cdx.json")
    assert.same({"CycloneDX", "1.5", 1}, {parts.bomFormat, parts.specVersion, parts.version})
    local main = parts.metadata.component
    assert.same({"cmr", version, "MIT"}, {main.name, main.version, main.licenses[1].license.id})
    assert.equal(in_dist "sha256sum <$(ls *.gz)", main.hashes[1].content .. "  -")
    assert.equal("2026-01-02T02:04:05Z", parts.metadata.timestamp)
    local names = {}
    for index, each in ipairs(parts.components) do
      names[index] = each.name .. " " .. each.properties[1].value
      assert.equal(each["bom-ref"], parts.dependencies[1].dependsOn[index])
    end
    assert.same({"lua >= 5.1, < 5.6, ~= 5.2", "lua-cjson >= 2.1.0, < 3", "argparse >= 0.7, < 1", "curl >= 7.80",
      "openssl >= 1.1.1", "sqlite >= 3.20"}, names)
    local flags = run "cat scripts/build/flags.sh"
    assert.matches("libcurl 7.80 or newer", flags, 1, true)
    assert.matches("SQLite 3.20 or newer", flags, 1, true)
  end)

  test("makes a rockspec and a source rock that LuaRocks accepts", function()
    needs "luarocks"
    local luarocks = "env -u LUA_PATH -u LUA_CPATH luarocks --lua-version=5.4 "
    in_dist "luarocks lint *.rockspec"
    run(("mkdir %s/packed && cd %s/packed && %s pack %s/build/dist/*.rockspec"):format(directory, directory, luarocks,
      checkout))
    assert.equal("cmr-" .. version .. "-1.src.rock", run("ls " .. directory .. "/packed"))
    -- The source rock contains the archive, so LuaRocks does not download it.
    run(("cp %s/build/dist/*.src.rock %s && cd / && %s install --deps-mode none --tree %s/tree %s/*.src.rock "
      .. "CFLAGS=-O0"):format(checkout, directory, luarocks, directory, directory))
    local command = "cd / && env -u LUA_PATH -u LUA_CPATH " .. directory .. "/tree/bin/cmr --version"
    assert.matches("^cmr " .. version, run(command))
    run(("cd %s && %s pack cmr --tree %s/tree"):format(directory, luarocks, directory))
  end)

  test("says why it cannot be made from an archive", function()
    in_dist(("tar -xzf *.tar.gz -C %s"):format(directory))
    local output = run(("make -C %s/cmr-%s dist"):format(directory, version), 2)
    assert.matches("cmr: a release is made in a git checkout", output, 1, true)
  end)
end)
