-- Which key is sent to which address: the rules of lua/cmr/cli/profile.lua, and the program that follows them.
local cjson = require "cjson"
local core = require "cmr.core"
local command = require "spec.support.command"
local mock = require "spec.support.mock"
local profile = require "cmr.cli.profile"

local run = command.sh

local home

setup(function() home = run "mktemp -d" end)
teardown(function()
  run("rm -rf " .. home)
  command.clean()
end)

local function keep(config)
  assert(core.write_private(home .. "/cmr/config", type(config) == "string" and config or cjson.encode(config)))
end

local KEPT = {
  default = "main",
  profiles = {
    main = {api_key = "main-key", base_url = "https://main.test", ca_file = "/main.pem"},
    sandbox = {api_key = "sandbox-key", base_url = "https://sandbox.test", key_header = "cmr-x-sandbox-api-key"},
  },
}

local function system(env)
  return {getenv = function(name) return name == "XDG_CONFIG_HOME" and home or env[name] end}
end

describe("a profile", function()
  local MAIN = {profile = "main", api_key = "main-key", base_url = "https://main.test", ca_file = "/main.pem"}
  local SANDBOX = {profile = "sandbox", api_key = "sandbox-key", base_url = "https://sandbox.test",
    key_header = "cmr-x-sandbox-api-key"}
  local KEY, URL, BOTH = {CMR_API_KEY = "k"}, {CMR_BASE_URL = "u"}, {CMR_API_KEY = "k", CMR_BASE_URL = "u"}

  before_each(function() keep(KEPT) end)

  -- Returns the settings for a command line, an environment and the key of --api-key-file, or the mistake's message.
  local function settings(given, env, key)
    local ok, result = pcall(profile.settings, given, system(env or {}), key)
    return ok and result or result.usage
  end

  it("gives both key and address when it is named", function()
    for _, env in ipairs{{}, KEY, URL, BOTH} do assert.same(SANDBOX, settings({profile = "sandbox"}, env)) end
    assert.equal("option '--api-key-file' does not go with '--profile': a profile is a key and its address",
      settings({profile = "sandbox"}, {}, "key"))
    assert.equal("option '--base-url' does not go with '--profile': a profile is a key and its address",
      settings({profile = "sandbox", base_url = "x"}, KEY))
  end)

  it("is not used when the command line or the environment has a key", function()
    assert.same({}, settings({}, KEY))
    assert.same({}, settings({}, BOTH))
    assert.same({base_url = "x"}, settings({base_url = "x"}, BOTH))
    assert.same({api_key = "key"}, settings({}, {}, "key"))
    assert.same({api_key = "key"}, settings({}, BOTH, "key"))
    assert.same({api_key = "key", base_url = "x"}, settings({base_url = "x"}, URL, "key"))
  end)

  it("is used by default without another key, and only at its own address", function()
    assert.same(MAIN, settings({}))
    assert.same(MAIN, settings({}, {CMR_API_KEY = "", CMR_BASE_URL = ""}))
    local refused = "no API key for the address of %s: the profile 'main' sends its key only to its own address"
    assert.equal(refused:format "CMR_BASE_URL", settings({}, URL))
    assert.equal(refused:format "--base-url", settings{base_url = "x"})
    keep{profiles = KEPT.profiles}
    assert.matches("^no API key: store one with 'cmr init', or put it in the environment as CMR_API_KEY", settings{})
  end)

  it("trusts the certificates of the command line, or its own", function()
    assert.equal("/given.pem", settings({ca_file = "/given.pem"}).ca_file)
    assert.equal("/given.pem", settings({profile = "sandbox", ca_file = "/given.pem"}).ca_file)
    assert.equal("/given.pem", settings({ca_file = "/given.pem"}, KEY).ca_file)
    assert.is_nil(settings({profile = "sandbox"}).ca_file)
  end)

  it("may be unknown or unusable; the message has nothing of its content", function()
    assert.equal("no profile 'sandbax' (did you mean 'sandbox'?)", settings{profile = "sandbax"})
    assert.equal("no profile 'x' (cmr init makes one)", settings{profile = "x"})
    keep{default = "gone", profiles = {
      bare = {api_key = "secret"},
      wrong = {api_key = {"secret"}, base_url = "u"},
      empty = {api_key = "", base_url = "u"},
      header = {api_key = "secret", base_url = "u", key_header = 1}, text = "secret",
    }}
    assert.equal("no profile 'gone' (cmr init makes one)", settings{})
    assert.equal("profile 'bare': its base_url has to be a text", settings{profile = "bare"})
    assert.equal("profile 'wrong': its api_key has to be a text", settings{profile = "wrong"})
    assert.equal("profile 'empty': its api_key has to be a text", settings{profile = "empty"})
    assert.equal("profile 'header': its key_header has to be a text", settings{profile = "header"})
    assert.equal("profile 'text': its api_key has to be a text", settings{profile = "text"})
    for _, text in ipairs{"", "secret", '{"profiles": ["secret"', "[]", '{"profiles": "secret"}'} do
      keep(text)
      assert.equal(home .. "/cmr/config is not used (it has to be a JSON object with profiles)", settings{})
    end
    keep(KEPT)
    run("chmod 640 " .. home .. "/cmr/config")
    assert.equal(home .. "/cmr/config is not used (others may read or change it: chmod 600 it)", settings{})
    assert.same({}, settings({}, KEY)) -- with another key, the file is not read
  end)

  it("is not stored without a home directory", function()
    local ok, failure = pcall(profile.save, {getenv = function() end}, {profiles = {}})
    assert.is_false(ok)
    assert.equal("the profile cannot be stored: HOME is not set", failure.failure)
  end)

  it("is stored where the XDG rules say", function()
    local function path(env)
      return profile.path{getenv = function(name) return env[name] end}
    end
    assert.equal("/x/cmr/config", path{XDG_CONFIG_HOME = "/x", HOME = "/h"})
    assert.equal("/h/.config/cmr/config", path{XDG_CONFIG_HOME = "x", HOME = "/h"})
    assert.equal("/h/.config/cmr/config", path{HOME = "/h"})
    assert.is_nil(path{XDG_CONFIG_HOME = "", HOME = ""})
    assert.same({profiles = {}}, profile.load{getenv = function() end})
    assert.same({profiles = {}}, profile.load{getenv = function() return home .. "/nowhere" end})
  end)
end)

describe("the program with profiles #cli", function()
  local production, sandbox

  setup(function()
    production = mock.shared "http"
    sandbox = mock.start{rate = 0}
  end)
  teardown(function() sandbox:stop() end)

  -- The mock refuses the sandbox's key and header, so these specs set the sandbox's answers.
  local function answers(server, count)
    server:reset()
    server:fault{status = 200, times = count, body = {status = 200, message = "sandbox", data = {}}}
  end

  it("acts on the sandbox with --profile, with the sandbox's key only", function()
    answers(sandbox, 2)
    keep{profiles = {sandbox = {
      api_key = "sandbox-key", base_url = sandbox.base_url, key_header = "cmr-x-sandbox-api-key",
    }}}
    local env = {CMR_API_KEY = production.key, CMR_BASE_URL = production.base_url, XDG_CONFIG_HOME = home}

    local lines = {{"--profile", "sandbox", "countries"}, {"reexport", "--email", "a@b.c", "--profile=sandbox"}}
    for _, line in ipairs(lines) do
      local done = command.run(line, {env = env})
      assert.same({0, ""}, {done.status, done.err})
    end
    assert.same({}, production:requests())
    local received = sandbox:requests()
    assert.equal(2, #received)
    for _, request in ipairs(received) do
      assert.equal("sandbox-key", request.headers["cmr-x-sandbox-api-key"])
      assert.is_nil(request.headers["cmr-x-api-key"])
      for _, value in pairs(request.headers) do assert.is_nil(value:find(production.key, 1, true)) end
    end

    assert.equal(0, command.run({"countries"}, {env = env}).status) -- without --profile, the environment's key is used
    assert.equal(1, #production:requests())
    assert.equal(2, #sandbox:requests())
  end)

  it("acts with the default profile when the environment has no key, and never takes that key elsewhere", function()
    keep{default = "main", profiles = {main = {api_key = production.key, base_url = production.base_url}}}
    assert.equal(0, command.run({"countries"}, {env = {XDG_CONFIG_HOME = home}}).status)
    answers(sandbox, 1)
    local shown = command.run({"countries", "--dry-run"}, {env = {XDG_CONFIG_HOME = home}}).out
    assert.matches('(eval "$(cmr env --profile main)"; printf ', shown, 1, true)
    assert.is_nil(shown:find(production.key, 1, true))
    local refused = command.run({"countries"}, {env = {XDG_CONFIG_HOME = home, CMR_BASE_URL = sandbox.base_url}})
    assert.same({2, ""}, {refused.status, refused.out})
    assert.matches("^cmr: no API key for the address of CMR_BASE_URL", refused.err)
    assert.same({}, sandbox:requests())
  end)

  it("lists them without their keys", function()
    keep(KEPT)
    local env = {XDG_CONFIG_HOME = home}
    local listed = command.run({"profiles"}, {env = env})
    assert.equal(0, listed.status)
    assert.matches("\nmain +default +https://main.test +/main.pem\n", listed.out)
    assert.matches("\nsandbox +https://sandbox.test +cmr%-x%-sandbox%-api%-key\n", listed.out)
    local rows = command.run({"profiles", "--output", "json"}, {env = env}).out
    local first = {name = "main", default = true, base_url = "https://main.test", ca_file = "/main.pem"}
    assert.same(first, cjson.decode(rows)[1])
    for _, text in ipairs{listed.out, rows} do
      assert.is_nil(text:find("main-key", 1, true))
      assert.is_nil(text:find("sandbox-key", 1, true))
    end
    local csv = command.run({"profiles", "--output", "csv"}, {env = env}).out
    assert.equal("name,default,base_url,key_header,ca_file\r\nmain,default,https://main.test,,/main.pem\r\n"
      .. "sandbox,,https://sandbox.test,cmr-x-sandbox-api-key,\r\n", csv)
    assert.equal("main\nsandbox\n", command.run({"profiles", "--field", "data.name"}, {env = env}).out)
    assert.equal("main\nsandbox\n",
      command.run({"profiles", "--field", "data.name", "--output", "jsonl"}, {env = env}).out:gsub('"', ""))
    assert.equal("[]\n", command.run{"profiles", "--output", "json"}.out)
    local none = command.run{"profiles"}
    assert.same({0, "", "cmr: there are none; cmr init makes one\n"}, {none.status, none.out, none.err})
  end)
end)
