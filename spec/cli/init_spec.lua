-- cmr init asks for a key or reads it, tries it, and stores it as a profile. It never shows the key.
local cjson = require "cjson"
local command = require "spec.support.command"
local core = require "cmr.core"
local mock = require "spec.support.mock"

local run, unpack = command.sh, table.unpack or unpack

local home, server

setup(function() home = run "mktemp -d" end)
teardown(function()
  run("rm -rf " .. home)
  command.clean()
end)

before_each(function()
  run("rm -rf " .. home .. "/cmr")
  server = mock.shared "http"
end)

-- Returns the stored profiles.
local function kept()
  local text = core.read_private(home .. "/cmr/config")
  return text and cjson.decode(text)
end

-- Runs `cmr init words...` with a key on standard input.
local function init(words, key)
  local done = command.run({"init", unpack(words)}, {stdin = key, env = {XDG_CONFIG_HOME = home}})
  assert.is_nil((done.out .. done.err):find(server.key, 1, true))
  return done
end

describe("cmr init", function()
  it("tries the key with a read and stores it with its address, readable by the owner alone", function()
    local done = init({"--base-url", server.base_url}, server.key .. "\nmore\n")
    assert.same({0, ""}, {done.status, done.err})
    assert.equal(("The API accepts the key: Countries fetched successfully\nProfile 'production' is in %s/cmr/config: "
      .. "used when neither --profile nor CMR_API_KEY says otherwise.\n"):format(home), done.out)
    assert.same({default = "production", profiles = {
      production = {api_key = server.key, base_url = server.base_url},
    }}, kept())
    assert.equal("700 cmr\n600 cmr/config", run("cd " .. home .. " && stat -c '%a %n' cmr cmr/*"))
    local requests = server:requests()
    assert.equal(1, #requests)
    assert.same({"GET", "countries", server.key},
      {requests[1].method, requests[1].operation, requests[1].headers["cmr-x-api-key"]})
    local used = command.run({"platforms", mock.USER}, {env = {XDG_CONFIG_HOME = home}})
    assert.same({0, ""}, {used.status, used.err})
  end)

  it("adds a profile, replaces one, and reports the default", function()
    local file = command.file_with(server.key)
    assert.equal(0, init({"--base-url", server.base_url, "--profile", "one", "--api-key-file", file}).status)
    local second = init({"--profile", "two", "--no-check"}, "second-key")
    assert.matches("used with %-%-profile two%.\n$", second.out)
    assert.equal(0, init({"--base-url", server.base_url, "--profile", "one", "--no-check"}, "new-key").status)
    local sandbox = {"--sandbox", "--base-url", server.base_url, "--ca-file", "/ca.pem", "--default", "--no-check"}
    assert.equal(0, init(sandbox, "sandbox-key").status)
    assert.same({default = "sandbox", profiles = {
      one = {api_key = "new-key", base_url = server.base_url},
      two = {api_key = "second-key", base_url = core.production},
      sandbox = {api_key = "sandbox-key", base_url = server.base_url, key_header = "cmr-x-sandbox-api-key",
        ca_file = "/ca.pem"},
    }}, kept())
  end)

  it("takes the key without the blanks around it, and needs no message of the API", function()
    server:fault{match = {operation = "countries"}, status = 200, body = {status = 200, data = {}}}
    local done = init({"--base-url", server.base_url, "--key-header", "x-key", "--ca-file", "/a.pem"},
      " \t" .. server.key .. " \r\n")
    assert.same({0, ""}, {done.status, done.err})
    assert.matches("^The API accepts the key: \n", done.out)
    assert.same({api_key = server.key, base_url = server.base_url, key_header = "x-key", ca_file = "/a.pem"},
      kept().profiles.production)
  end)

  it("stores nothing when the API refuses the key or cannot be reached", function()
    local refused = init({"--base-url", server.base_url}, "wrong-key")
    assert.equal(1, refused.status)
    assert.matches("^cmr: countries: HTTP 401: Invalid API Key\n", refused.err)
    assert.matches("\ncmr: nothing was written; %-%-no%-check writes without trying the key\n$", refused.err)
    local away = init({"--base-url", "http://127.0.0.1:1", "--retries", "0"}, "key")
    assert.equal(1, away.status)
    assert.is_nil(kept())
  end)

  it("reports what is missing or wrong before it asks the API", function()
    local cases = {
      {{}, "", "no API key: the first line of standard input is empty"},
      {{"--sandbox"}, "key", "option '--sandbox' wants '--base-url': the sandbox's address is undocumented"},
      {{"--profile", "a b"}, "key", "a profile's name is made of letters, digits, dots, dashes and underscores"},
      {{"--ca-file", "ca.pem"}, "key", "option '--ca-file' wants an absolute path: it becomes part of the profile"},
      {{"--key-header", "a b"}, "word", "the key_header of the profile 'production' is wrong (it is not"},
      {{"--base-url", "http://cmr.test"}, "key", "option '--base-url' is wrong (plain http"},
      {{}, "a key", "the api_key of the profile 'production' is wrong (it holds a space"},
      {{}, "key\0end\nmore\n", "the api_key of the profile 'production' is wrong (it holds a"},
    }
    for _, case in ipairs(cases) do
      local done = init(case[1], case[2])
      assert.same({2, ""}, {done.status, done.out})
      assert.is_truthy(done.err:find("cmr: " .. case[3], 1, true), done.err)
    end
    assert.is_nil(kept())
    run("mkdir " .. home .. "/cmr && touch " .. home .. "/cmr/config")
    assert.matches("is not used %(others may read or change it: chmod 600 it%)", init({}, "key").err)
    run(("cd %s && rm cmr/config && mkdir shelf && ln -s ../shelf/keys cmr/config"):format(home))
    assert.equal(0, init({"--no-check"}, "key").status) -- a symbolic link to the file of keys stays a link
    assert.matches('"key"', run("test -h " .. home .. "/cmr/config && cat " .. home .. "/shelf/keys"))
    if run "id -u" == "0" then
      run("chown nobody " .. home .. "/shelf/keys")
      assert.matches("is not used %(it belongs to another user%)", init({}, "key").err)
    end
    run("rm -r " .. home .. "/shelf " .. home .. "/cmr && touch " .. home .. "/cmr")
    local done = init({"--no-check"}, "key")
    assert.equal(1, done.status)
    assert.matches("^cmr: cannot write .*/cmr/config %(Not a directory%)\n$", done.err)
    run("rm " .. home .. "/cmr")
  end)
end)

describe("cmr init at a terminal #pty", function()
  local pty

  setup(function() pty = require "spec.support.pty" end)

  -- Starts the command in a shell. The shell then prints the exit status and the settings of the terminal.
  local function start(words)
    local line = command.lua("bin/cmr", "init", unpack(words)) .. "; echo status $?; stty -a"
    return pty.start({"sh", "-c", "trap : INT; " .. line}, {env = {XDG_CONFIG_HOME = home}})
  end

  local function ended(terminal)
    local output = terminal:finish().out
    assert.is_nil(output:find("-key", 1, true))
    assert.is_nil(output:find(server.key, 1, true))
    assert.matches(" echo ", output)
    assert.not_matches("%-echo ", output)
    return tonumber(output:match "status (%d+)")
  end

  it("asks for what is not given and shows no key", function()
    local terminal = start{}
    terminal:expect("Is it a key of the sandbox? [no]: ", true)
    terminal:type("yes\r")
    terminal:expect("Base URL of the sandbox: ", true)
    terminal:type(server.base_url .. "\r")
    terminal:expect("Name of the profile [sandbox]: ", true)
    terminal:type("test\r")
    server:fault{status = 200, body = {status = 200, message = "welcome", data = {}}}
    terminal:expect("API key (it is not shown): ", true)
    terminal:type("typed-key\r")
    terminal:expect("The API accepts the key: welcome", true)
    assert.equal(0, ended(terminal))
    assert.same({default = "test", profiles = {
      test = {api_key = "typed-key", base_url = server.base_url, key_header = "cmr-x-sandbox-api-key"},
    }}, kept())
    assert.equal("typed-key", server:requests()[1].headers["cmr-x-sandbox-api-key"])
  end)

  it("takes the usual answers", function()
    local terminal = start{"--no-check"}
    for _, question in ipairs{"sandbox? [no]: ", "profile [production]: "} do
      terminal:expect(question, true)
      terminal:type "\r"
    end
    terminal:expect("shown): ", true)
    terminal:type "typed-key\r"
    assert.equal(0, ended(terminal))
    assert.same({api_key = "typed-key", base_url = core.production}, kept().profiles.production)
  end)

  it("restores the terminal when it is interrupted, and stores nothing", function()
    for key, status in pairs{[pty.ctrl_c] = 130, [pty.ctrl_d] = 1} do
      local terminal = start{"--base-url", server.base_url, "--profile", "x"}
      terminal:expect("shown): ", true)
      terminal:type(key)
      assert.equal(status, ended(terminal))
    end
    local terminal = start{}
    terminal:expect("sandbox? [no]: ", true)
    terminal:type(pty.ctrl_c)
    assert.equal(130, ended(terminal))
    assert.is_nil(kept())
    assert.same({}, server:requests())
  end)
end)
