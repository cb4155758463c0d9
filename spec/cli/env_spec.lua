-- Stored profiles in a shell and in Lua: cmr env, cmr profiles remove|default, cmr.new{profile = ...}.
local cjson = require "cjson"
local cmr = require "cmr"
local command = require "spec.support.command"
local core = require "cmr.core"
local mock = require "spec.support.mock"
local pty = require "spec.support.pty"
local shell = require "cmr.util.shell"

local HEADER = "cmr-x-sandbox-api-key"

local home, server, env

local function store(config)
  assert(core.write_private(home .. "/cmr/config", cjson.encode(config)))
end

local function stored()
  return cjson.decode(command.read(home .. "/cmr/config"))
end

-- Runs lines of a shell from a file, because every user can read a command line.
local function sh(lines)
  return command.sh("sh " .. command.file_with(lines))
end

-- Returns a shell line that runs Lua with the LD_PRELOAD of these specs, because sh() unsets that variable.
local function lua_line(...)
  return "LD_PRELOAD=" .. shell.quote(os.getenv "LD_PRELOAD" or "") .. " " .. command.lua(...)
end

local function run(words, options)
  options = options or {}
  options.env = options.env or env
  return command.run(words, options)
end

setup(function()
  home = command.sh "mktemp -d"
  server = mock.shared "http"
  env = {XDG_CONFIG_HOME = home}
end)

teardown(function()
  command.sh("rm -rf " .. home)
  command.clean()
end)

before_each(function()
  store{default = "main", profiles = {
    main = {api_key = server.key, base_url = server.base_url},
    ["it's"] = {api_key = "a'key", base_url = "https://two.test", key_header = HEADER, ca_file = "/a b.pem"},
  }}
end)

describe("cmr env #cli", function()
  it("puts the key and the address of a profile into a shell's environment", function()
    local shown = run{"env"}
    assert.same({0, ""}, {shown.status, shown.err})
    local values = sh("CMR_CA_FILE=x\n" .. shown.out
      .. [[printf '%s|%s|%s' "$CMR_API_KEY" "$CMR_BASE_URL" "${CMR_CA_FILE-unset}"]])
    assert.equal(server.key .. "|" .. server.base_url .. "|unset", values)

    shown = run{"env", "--profile", "it's"}
    values = sh(shown.out
      .. [[printf '%s|%s|%s' "$CMR_API_KEY" "$CMR_BASE_URL" "$CMR_CA_FILE"]])
    assert.equal("a'key|https://two.test|/a b.pem", values)
    assert.equal(("cmr: the key of 'it's' goes into the header %s: give cmr.new the option key_header or profile\n")
      :format(HEADER), shown.err)

    assert.equal("unset CMR_API_KEY\nunset CMR_BASE_URL\nunset CMR_CA_FILE\n", run{"env", "--unset"}.out)
  end)

  it("says what is missing", function()
    local refused = run{"env", "--profile", "man"}
    assert.same({2, "", "cmr: no profile 'man' (did you mean 'main'?)\nTry 'cmr env --help'.\n"},
      {refused.status, refused.out, refused.err})
    store{profiles = {}}
    refused = run{"env"}
    assert.same({2, "", "cmr: no profile is stored: 'cmr init' stores one\nTry 'cmr env --help'.\n"},
      {refused.status, refused.out, refused.err})
    store{profiles = {one = {api_key = "k", base_url = "https://x"}}}
    assert.matches("^cmr: none of the profiles is the default: 'cmr profiles default NAME' chooses one\n",
      run{"env"}.err)
  end)

  it("does not show the key on a terminal #pty", function()
    local shown = pty.run({"env"}, {env = env})
    assert.equal(0, shown.status)
    assert.matches("^export CMR_API_KEY=...\r\nexport CMR_BASE_URL=", shown.out, 1, false)
    assert.is_nil(shown.out:find(server.key, 1, true))
    assert.matches('the key is not shown: eval "$(cmr env)"', shown.out, 1, true)
  end)

  it("makes the curl command of --dry-run work as it is printed", function()
    store{profiles = {["it's"] = {api_key = server.key, base_url = server.base_url}}}
    local shown = run{"countries", "--profile", "it's", "--dry-run"}
    assert.equal(0, shown.status)
    local lines = command.environment(env)
    lines[#lines + 1] = "cmr() { " .. lua_line "bin/cmr" .. ' "$@"; }'
    lines[#lines + 1] = shown.out
    assert.equal(200, cjson.decode(sh(table.concat(lines, "\n"))).status)
    assert.equal(server.key, server:requests()[1].headers["cmr-x-api-key"])
  end)
end)

describe("cmr profiles #cli", function()
  it("chooses the default", function()
    local done = run{"profiles", "default", "it's"}
    assert.same({0, ("Profile 'it's' is the default in %s/cmr/config.\n"):format(home), ""},
      {done.status, done.out, done.err})
    assert.equal("it's", stored().default)
    assert.is_truthy(stored().profiles.main)
  end)

  it("removes one with its key, after a confirmation", function()
    local refused = run{"profiles", "remove", "main"}
    assert.same({2, "", "cmr: profiles remove deletes a key: say --yes to go on without being asked; "
      .. "nothing was removed\n"},
      {refused.status, refused.out, refused.err})
    assert.is_truthy(stored().profiles.main)
    local done = run{"profiles", "remove", "main", "--yes"}
    assert.same({0, ""}, {done.status, done.err})
    assert.equal(("Profile 'main' is removed from %s/cmr/config; it was the default, and there is none now: "
      .. "'cmr profiles default NAME' chooses one.\n"):format(home), done.out)
    assert.is_nil(command.read(home .. "/cmr/config"):find(server.key, 1, true))
    assert.is_nil(stored().default)
    assert.is_truthy(stored().profiles["it's"])
    assert.equal("600", command.sh("stat -c %a " .. home .. "/cmr/config"))
  end)

  it("asks on a terminal #pty", function()
    local terminal = pty.cmr({"profiles", "remove", "main"}, {env = env})
    terminal:expect("profiles remove deletes a key.\r\n  main: " .. server.base_url .. "\r\n", true)
    terminal:expect("Go on? [y/N] ", true)
    terminal:type("y" .. pty.enter)
    assert.equal(0, terminal:finish().status)
    assert.is_nil(stored().profiles.main)
  end)

  it("names what is wrong", function()
    for message, words in pairs{
      ["no profile 'man' (did you mean 'main'?)"] = {"remove", "man"},
      ["argument PROFILE: missing (cmr profiles default NAME)"] = {"default"},
    } do
      local refused = run{"profiles", (table.unpack or unpack)(words)}
      assert.same({2, ("cmr: %s\nTry 'cmr profiles --help'.\n"):format(message)}, {refused.status, refused.err})
    end
  end)

  it("are completed", function()
    local function words(...)
      return run{"completion", "candidates", "--", "profiles", ...}.out:gsub("\t[^\n]*", "")
    end
    assert.equal("remove\ndefault\n", (words ""))
    assert.equal("it's\nmain\n", (words("remove", "")))
  end)
end)

describe("cmr.new{profile = ...} #cli", function()
  -- Runs Lua with the profiles, and returns what it prints.
  local function lua(text, variables)
    local lines = command.environment(setmetatable(variables or {}, {__index = env}))
    lines[#lines + 1] = "export XDG_CONFIG_HOME=" .. home
    lines[#lines + 1] = lua_line("-e", 'cmr = require "cmr" ' .. text) .. " 2>&1"
    return sh(table.concat(lines, "\n"))
  end

  it("takes key, address and header from a profile, not from the environment", function()
    local text = "print(cmr.new{profile = 'main'}:countries().status)"
    assert.equal("200", lua(text, {CMR_API_KEY = "another", CMR_BASE_URL = "https://another.test"}))
    assert.equal("https://two.test", lua [[print(cmr.new{profile = "it's"}:base_url())]])
    local preview = [[
      local client = cmr.new{api_key = "k", base_url = "https://x.test", key_header = "x-k"}:with{profile = "main"}
      print(client:base_url(), client:preview("countries").key_header)]]
    assert.equal(server.base_url .. "\tcmr-x-api-key", lua(preview))
    assert.equal(HEADER,
      lua [[print(cmr.new{profile = "it's"}:preview("countries").key_header)]])
  end)

  it("raises what is wrong, without a key", function()
    for text, message in pairs{
      ['profile = "man"'] = "bad option 'profile' (no profile 'man' (did you mean 'main'?))",
      ['profile = 1'] = "bad option 'profile' (a string expected, got number)",
      ['profile = "main", base_url = "https://x.test"'] =
        "bad option 'profile' ('base_url' does not go with it: a profile is a key and its address)",
      ['profile = "main", api_key = "k"'] =
        "bad option 'profile' ('api_key' does not go with it: a profile is a key and its address)",
    } do
      local ok, raised = pcall(cmr.new, {profile = {}})
      assert.is_false(ok)
      assert.matches("bad option 'profile'", raised, 1, true)
      assert.matches("cmr.new: " .. message, lua(("print(pcall(cmr.new, {%s}))"):format(text)), 1, true)
    end
    command.sh("chmod 640 " .. home .. "/cmr/config")
    assert.matches("is not used (others may read or change it: chmod 600 it)",
      lua "print(pcall(cmr.new, {profile = 'main'}))", 1, true)
  end)

  it("is named by the message about a missing key", function()
    assert.matches("or give api_key, or the profile of 'cmr init'", lua "print(select(2, cmr.countries()))", 1, true)
    local refused = run({"countries"}, {env = {XDG_CONFIG_HOME = "/nonexistent"}})
    assert.matches("cmr: no API key: store one with 'cmr init'", refused.err, 1, true)
  end)
end)
