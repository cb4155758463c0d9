-- The command, run as a shell runs it: what it prints, where, and with which status it ends.
local cjson = require "cjson"
local core = require "cmr.core"
local arguments = require "cmr.cli.arguments"
local operations = require "cmr.operations"
local command = require "spec.support.command"
local mock = require "spec.support.mock"
local program = require "spec.support.program"

local cmr, file_with = command.run, command.file_with

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"
local MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR"
local ROUTE = "https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline..."
local SECRET = "key-that-no-output-may-show"

teardown(command.clean)

describe("the program", function()
  it("shows help and versions", function()
    local shown = cmr{"help", "all"}
    assert.same({0, ""}, {shown.status, shown.err})
    for _, row in ipairs(operations) do
      assert.is_truthy(shown.out:find("\n   " .. arguments.command(row.name) .. " ", 1, true), row.name)
    end
    for _, row in ipairs(operations) do
      local own = cmr{arguments.command(row.name), "-h"}
      assert.same({0, ""}, {own.status, own.err})
      assert.is_truthy(own.out:find("Example:\n   cmr " .. arguments.command(row.name), 1, true))
    end
    assert.same(cmr{"platforms", "--help"}, cmr{"help", "platforms"})

    local lua = rawget(_G, "jit") and "LuaJIT 2.1" or _VERSION
    local version = ("cmr %s (%s, libcurl %s)\n"):format(core._VERSION, lua, core.libcurl)
    assert.same({status = 0, out = version, err = ""}, cmr{"--version"})
    assert.same({status = 0, out = version, err = ""}, cmr{"platforms", "--version"})
  end)

  it("lists the operations", function()
    local shown = cmr{"operations"}
    assert.equal(0, shown.status)
    assert.matches("^NAME +METHOD +PATH +SUMMARY\n", shown.out)
    assert.matches("\nreexport +POST +/mailboxes/oauth +%S", shown.out)
    assert.matches("\nwallet +GET +%? +[^\n]*%[path unknown: cannot run yet%]\n", shown.out)
    assert.matches("\nsandbox%-reset%-prewarmed +%? +/[^\n]*%[method unknown: cannot run yet%]\n", shown.out)
    local csv = cmr{"operations", "--output", "csv"}.out
    assert.matches("^name,method,path,summary\r\nusers,GET,/", csv)
    assert.equal(#operations + 1, select(2, csv:gsub("\r\n", "")))
    assert.equal(#operations, select(2, cmr{"operations", "--output", "jsonl"}.out:gsub("\n", "")))
    assert.matches("^users\nuser\n", cmr{"operations", "--field", "data.name"}.out)
    local encoded = cmr{"operations", "--output", "json"}.out
    assert.matches('"flags": {}', encoded, 1, true)
    assert.matches('"positional": []', encoded, 1, true)
    local rows = cjson.decode(encoded)
    assert.equal(#operations, #rows)
    for index, row in ipairs(operations) do assert.same(row, rows[index]) end
  end)

  it("explains a wrong command line and ends with 2", function()
    local cases = {
      {{"--compact"}, "a command is required", "cmr"},
      {{"platfrms"}, "unknown command 'platfrms' (did you mean 'platforms'?)", "cmr"},
      {{"reexport", "--mailboxid", "X"}, "unknown option '--mailboxid' (did you mean '--mailbox-id'?)", "cmr reexport"},
      {{"reexport", "--mailboxId", "X"}, "unknown option '--mailboxId' (did you mean '--mailbox-id'?)", "cmr reexport"},
      {{"reexport", "--google.clientId=X"}, "unknown option '--google.clientId' (did you mean '--google-client-id'?)",
        "cmr reexport"},
      {{"reexport", "--baseURL", "X"}, "unknown option '--baseURL' (did you mean '--base-url'?)", "cmr reexport"},
      {{"listen", "--forwad", "X"}, "unknown option '--forwad' (did you mean '--forward'?)", "cmr listen"},
      {{"platforms", "--userId", "X"}, "unknown option '--userId' (give it as the argument USER_ID)", "cmr platforms"},
      {{"reexport", "--zzz"}, "unknown option '--zzz'", "cmr reexport"},
      {{"reexport", "X"}, "too many arguments (usage: cmr reexport [options])", "cmr reexport"},
      {{"platforms"}, "missing argument USER_ID", "cmr platforms"},
      {{"add-platform", "U"}, "missing --app and --credentials", "cmr add-platform"},
      {{"reexport", "--email"}, "option '--email' requires an argument", "cmr reexport"},
      {{"platforms", "U", "--timeout", "soon"}, "option '--timeout' wants a number, not 'soon'", "cmr platforms"},
      {{"platforms", "U", "--retries", "1.5"}, "option '--retries' wants a whole number, not '1.5'", "cmr platforms"},
      {{"platforms", "U", "--rate", "fast"}, "option '--rate' wants a number, not 'fast'", "cmr platforms"},
      {{"platforms", "U", "--output", "xml"},
        "argument for option '--output' must be one of 'json', 'jsonl', 'table', 'csv'", "cmr platforms"},
      {{"mock", "--port", "x"}, "option '--port' wants a whole number, not 'x'", "cmr mock"},
      {{"mock", "--port", "70000"},
        "bad option 'port' (a whole number from 1 to 65535 expected, got 70000)", "cmr mock"},
    }
    for _, case in ipairs(cases) do
      local expected = ("cmr: %s\nTry '%s --help'.\n"):format(case[2], case[3])
      assert.same({status = 2, out = "", err = expected}, cmr(case[1], {env = {CMR_API_KEY = SECRET}}))
    end
  end)

  it("needs a key, and refuses it as an argument", function()
    local none = cmr{"platforms", USER}
    assert.equal(2, none.status)
    assert.matches("^cmr: no API key: .*cmr init.*CMR_API_KEY.*%-%-api%-key%-file\n", none.err)
    for _, line in ipairs{{"platforms", USER, "--api-key", SECRET}, {"--api-key=" .. SECRET, "platforms", USER},
      {"--apikey=" .. SECRET}, {"--key", SECRET, "operations"}} do
      local refused = cmr(line)
      assert.same({2, ""}, {refused.status, refused.out})
      assert.matches("^cmr: the API key is never an argument.*CMR_API_KEY.*%-%-api%-key%-file\n", refused.err)
      assert.is_nil(refused.err:find(SECRET, 1, true))
    end
    for _, path in ipairs{SECRET, "-", file_with(""), file_with("\n" .. SECRET), "/"} do
      local refused = cmr({"platforms", USER, "--api-key-file", path}, {stdin = SECRET})
      assert.same({2, ""}, {refused.status, refused.out})
      assert.matches("^cmr: option '%-%-api%-key%-file'", refused.err)
      assert.is_nil(refused.err:find(SECRET, 1, true))
    end
  end)

  it("can be run in process, with another system", function()
    local out, err = {}, {}
    local function sink(parts)
      return {
        write = function(self, ...)
          for _, part in ipairs{...} do parts[#parts + 1] = part end
          return self
        end,
        flush = function() return true end,
      }
    end
    local main = require("cmr.cli").main
    local system = {stdout = sink(out), stderr = sink(err), getenv = function() return nil end}
    assert.equal(0, main({"--version"}, system))
    assert.matches("^cmr %d", table.concat(out))
    assert.equal(2, main({"platforms", USER}, system))
    assert.matches("^cmr: no API key", table.concat(err))
  end)

  it("hands the mock its options", function()
    local real, given = package.loaded["cmr.mock"], nil
    finally(function() package.loaded["cmr.mock"] = real end)
    package.loaded["cmr.mock"] = {run = function(options)
      given = options
      return 7
    end}
    assert.equal(7, require("cmr.cli").main{"mock", "--port", "4000", "--tls", "--rate", "2.5", "--window", "sliding"})
    assert.same({port = 4000, tls = true, rate = 2.5, window = "sliding", examples = true}, given)
    assert.equal(7, require("cmr.cli").main{"mock"})
    assert.same({examples = true}, given)
  end)

  it("loads only what a command needs", function()
    local code = [[local main = require("cmr.cli").main; main{"operations"}
      for _, name in ipairs{"cmr.mock", "cmr.client", "cmr.cli.request", "cmr.cli.help", "cmr.cli.suggestions",
        "cmr.util.wrapping", "cmr.cli.arguments", "cmr.cli.commands.help"} do
        io.stderr:write(name, " ", tostring(package.loaded[name] ~= nil), "\n")
      end]]
    local err = file_with("")
    os.execute(("%s >/dev/null 2>%s"):format(command.lua("-e", code), err))
    assert.equal("cmr.mock false\ncmr.client false\ncmr.cli.request false\ncmr.cli.help false\n"
      .. "cmr.cli.suggestions false\ncmr.util.wrapping false\ncmr.cli.arguments true\ncmr.cli.commands.help false\n",
      command.read(err))
  end)

  it("lists the commands without loading libcurl or JSON", function()
    local code = [[local main = require("cmr.cli").main; local status = main{%s}
      for _, name in ipairs{"cmr.core", "cjson"} do assert(not package.loaded[name], name) end
      local word = ({%s})[1]
      assert(word == "completion" or not package.loaded["cmr.cli.parser"], word)
      os.exit(status)]]
    for _, line in ipairs{'"--help"', '"-h"', '"completion", "bash"',
      '"completion", "candidates", "--", "reexport", "--m"'} do
      local ended = program.run(code:format(line, line))
      assert.equal(0, ended.status, ended.err)
      assert.matches("%S", ended.out)
    end
  end)
end)

describe("the program with a server", function()
  local server, env

  before_each(function()
    server = mock.shared("http")
    env = {CMR_BASE_URL = server.base_url, CMR_API_KEY = server.key}
  end)

  local function last_request()
    local requests = server:requests()
    return requests[#requests]
  end

  it("prints the connected platforms", function()
    assert.same({status = 0, err = "", out = [[
{
  "status": 200,
  "message": "Fetched connected accounts successfully",
  "data": {
    "EMAILBISON": {
      "connected": true,
      "credentials": [
        {
          "connectedAt": "2024-05-01T10:00:00.000Z",
          "credentialId": "A1B2C3D4E5F6G7H8",
          "email": "john@agency.com",
          "metadata": {
            "appBaseUrl": "https://app.emailbison.com",
            "appName": "EmailBison",
            "workspace": "my-workspace"
          }
        }
      ]
    }
  }
}
]]}, cmr({"platforms", USER}, {env = env}))
    local request = last_request()
    assert.same({"GET", server.key}, {request.method, request.headers["cmr-x-api-key"]})
    assert.same({userId = USER}, request.query)
    assert.same({status = 0, err = "", out = [[
PLATFORM    CONNECTED  CREDENTIAL ID     EMAIL            WORKSPACE     CONNECTED AT
EMAILBISON  true       A1B2C3D4E5F6G7H8  john@agency.com  my-workspace  2024-05-01T10:00:00.000Z
]]}, cmr({"platforms", USER, "--output", "table"}, {env = env}))
    local compact = cmr({"--compact", "platforms", "--json", '{"userId": "' .. USER .. '"}'}, {env = env})
    assert.matches('^{"status":200,"message":"[^\n]*}\n$', compact.out)
  end)

  it("sends what the options say", function()
    local sent = {
      microsoftOauthRoute = "",
      google = {googleOauthRoute = ROUTE, clientId = "549360251880.apps.example", appName = "Outreach App"},
      mailboxId = MAILBOX,
      email = "john@doe.com",
    }
    local by_options = {"reexport", "--microsoft-oauth-route", "", "--google-oauth-route", ROUTE, "--google-client-id",
      sent.google.clientId, "--google-app-name", "Outreach App", "--mailbox-id", MAILBOX, "--email=john@doe.com"}
    local as_json = cjson.encode(sent)
    local ways = {
      {by_options},
      {{"reexport", "--json", as_json}},
      {{"reexport", "--json", "@" .. file_with(as_json)}},
      {{"reexport", "--json", "-"}, as_json},
    }
    for _, way in ipairs(ways) do
      server:reset{rate = 0}
      local done = cmr(way[1], {env = env, stdin = way[2]})
      assert.same({0, ""}, {done.status, done.err})
      assert.matches('"actionId": "ACT_[%x-]+"', done.out)
      assert.same(sent, cjson.decode(last_request().body))
    end
  end)

  it("keeps secrets in files", function()
    local line = {"add_platform", USER, "--app", "EMAILBISON", "--credentials-email", "a@b.c",
      "--credentials-password", "@" .. file_with("@pass word\n")}
    assert.equal(0, cmr(line, {env = env}).status)
    assert.same({email = "a@b.c", password = "@pass word"}, cjson.decode(last_request().body).credentials)
    line[#line] = "@-"
    assert.equal(0, cmr(line, {env = env, stdin = "from a pipe\n"}).status)
    assert.equal("from a pipe", cjson.decode(last_request().body).credentials.password)
    line[#line - 2] = "@-"
    local twice = cmr(line, {env = env, stdin = "once"})
    assert.equal(2, twice.status)
    assert.matches("%(standard input was read already%)", twice.err)
  end)

  it("takes the key from a file, its other settings from options, before or after the command", function()
    local settings = {"--api-key-file", file_with("  " .. server.key .. " \r\nnot this\n"), "--base-url",
      server.base_url, "--timeout", "5.5", "--retries", "0", "--rate", "off"}
    local after, before = {"platforms", USER}, {}
    for _, word in ipairs(settings) do
      after[#after + 1] = word
      before[#before + 1] = word
    end
    before[#before + 1], before[#before + 2] = "platforms", USER
    local elsewhere = {CMR_API_KEY = SECRET, CMR_BASE_URL = "http://127.66.66.66:1/elsewhere"}
    for _, line in ipairs{after, before} do assert.equal(0, cmr(line, {env = elsewhere}).status) end
    assert.equal(2, #server:requests())
  end)

  it("reports why the API refused, and ends with 1", function()
    local unknown = cmr({"platforms", "NOBODY"}, {env = env})
    assert.same({1, ""}, {unknown.status, unknown.out})
    assert.matches("^cmr: [^\n]+\n$", unknown.err)

    local stranger = cmr({"platforms", USER}, {env = {CMR_BASE_URL = server.base_url, CMR_API_KEY = SECRET}})
    assert.same({1, ""}, {stranger.status, stranger.out})
    assert.is_nil(stranger.err:find(SECRET, 1, true))

    local quota
    for _ = 1, 4 do quota = cmr({"reexport", "--mailbox-id", MAILBOX}, {env = env}) end
    assert.same({1, ""}, {quota.status, quota.out})
    assert.matches("^cmr: [^\n]+\ncmr: outcome: rejected, the server refused it", quota.err)
  end)

  it("reports the outcome of an order", function()
    server:fault{match = {operation = "reexport"}, close = true}
    local lost = cmr({"reexport", "--mailbox-id", MAILBOX}, {env = env})
    assert.equal(1, lost.status)
    assert.matches("\ncmr: outcome: unknown, it may have been done: check before you repeat it\n"
      .. "cmr: hint: look with cmr mailbox " .. MAILBOX .. "; cmr history %-%-unknown lists it\n$", lost.err)
    server:fault{match = {operation = "reexport"}, close = true}
    lost = cmr({"reexport", "--mailbox-id", MAILBOX, "--no-ledger"}, {env = env})
    assert.matches("\ncmr: hint: look with cmr mailbox " .. MAILBOX .. "\n$", lost.err)
    server:fault{match = {method = "POST"}, close = true}
    lost = cmr({"api", "POST", "/mailboxes/oauth", "--yes", "-d", "{}"}, {env = env})
    assert.matches("\ncmr: hint: cmr history %-%-unknown lists it\n$", lost.err)

    local nowhere = {CMR_BASE_URL = "http://127.66.66.66:1", CMR_API_KEY = "k"} -- no server listens there
    local unsent = cmr({"reexport", "--mailbox-id", MAILBOX, "--retries", "0"}, {env = nowhere})
    assert.equal(1, unsent.status)
    assert.matches("\ncmr: outcome: not_sent, the server never saw it, so it can be repeated\n"
      .. "cmr: hint: is the base URL", unsent.err)
    local get = cmr({"platforms", USER, "--retries", "0"}, {env = nowhere})
    assert.equal(1, get.status)
    assert.is_nil(get.err:find("outcome:", 1, true))
  end)

  it("ends with 3 when the API refused a part inside a success, and says which", function()
    local seeded = cjson.decode(cmr({"domains", USER}, {env = env}).out).data
    local list = seeded.domains or seeded
    local name = list[1].domainName
    local refused = cmr({"renew-domains", USER, "--domains", cjson.encode{name}, "--yes"}, {env = env})
    assert.equal(3, refused.status, refused.err)
    assert.is_false(cjson.decode(refused.out).data[1].success)
    assert.matches("^cmr: 1 item was refused:\ncmr:   " .. name:gsub("%p", "%%%0") .. ": %S[^\n]+\n$", refused.err)

    local raw = cmr({"api", "POST", "/domains/renew", "--yes", "-d", cjson.encode{userId = USER, domains = {name}}},
      {env = env})
    assert.same({3, refused.err}, {raw.status, raw.err})

    server:fault{match = {operation = "create_order"}, status = 200, body = {status = 200, message = "ok",
      data = {orderId = "ORD_1", unavailableDomains = {"taken-one.com", "taken\27two.com"}}}}
    local words = {"create-order", USER, "--confirm", "true", "--yes", "--json", cjson.encode{
      domains = {{domain = "taken-one.com", years = 1}, {domain = "b.com", years = 1}}}, "--field", "data.orderId"}
    local part = cmr(words, {env = env})
    assert.same({3, "ORD_1\n"}, {part.status, part.out})
    assert.equal("cmr: 2 items were refused:\ncmr:   taken-one.com: not available\n"
      .. "cmr:   taken two.com: not available\n", part.err)

    server:fault{match = {operation = "domain_renewal_prices"}, status = 200, body = {status = 200, message = "ok",
      data = {{domainName = "a.com", success = false}}}}
    local read = cmr({"domain-renewal-prices", USER, "--domains", '["a.com"]'}, {env = env})
    assert.same({0, ""}, {read.status, read.err}) -- only calls that may change something report refused items
  end)

  it("reports when to retry", function()
    server:fault{match = {operation = "platforms"}, status = 429, headers = {["Retry-After"] = "7"},
      body = {status = 429, message = "Too many requests"}}
    local limited = cmr({"platforms", USER, "--retries", "0"}, {env = env})
    assert.equal(1, limited.status)
    assert.matches("\ncmr: retry after 7 seconds\n$", limited.err)
  end)

  it("ends with 2 for mistakes that only the library sees", function()
    for _, line in ipairs{
      {"platforms", ""},
      {"reexport", "--email", ""},
      {"reexport"},
      {"reexport", "--json", '{"mailboxid": "X"}'},
      {"platforms", USER, "--base-url", "http://far.example/"},
      {"platforms", USER, "--timeout", "0"},
    } do
      local refused = cmr(line, {env = env})
      assert.same({2, ""}, {refused.status, refused.out}, table.concat(line, " "))
      assert.matches("^cmr: [^\n]+\nTry 'cmr %l+ %-%-help'%.\n$", refused.err)
      assert.is_nil(refused.err:find(":%d+:"), refused.err)
    end
    assert.same({}, server:requests())
  end)

  it("shows the envelope where an answer has no data", function()
    local shown = cmr({"reexport", "--mailbox-id", MAILBOX, "--output", "table"}, {env = env})
    assert.same({0, ""}, {shown.status, shown.err})
    assert.matches("^STATUS     200\nACTION ID  ACT_[%x-]+\nMESSAGE    OAuth [^\n]+\n$", shown.out)
  end)

  it("is quiet when the reader of its output has gone, and reports a full disk", function()
    local alone = cmr({"operations"}, {lead = "sleep 0.5;", after = "| true"})
    assert.same({141, ""}, {alone.status, alone.err})
    local deaf = cmr({"operations"}, {lead = "sleep 0.5; trap '' PIPE;", after = "| true"})
    assert.same({141, ""}, {deaf.status, deaf.err})
    local full = cmr({"platforms", USER}, {env = env, after = "| cat >/dev/null; true", lead = "exec >/dev/full;"})
    assert.same({1, "cmr: cannot write the output: No space left on device\n"}, {full.status, full.err})
  end)

  it("ends quietly with 130 on Ctrl-C", function()
    server:fault{match = {operation = "platforms"}, delay = 20}
    local stopped = cmr({"platforms", USER}, {env = env, through = "timeout --foreground --preserve-status -s INT 1"})
    assert.same({status = 130, out = "", err = ""}, stopped)
  end)

  it("says on Ctrl-C that a request may have been done, and where to look, if it was sent", function()
    server:fault{match = {operation = "reexport"}, delay = 20}
    local through = {env = env, through = "timeout --foreground --preserve-status -s INT 4"}
    local stopped = cmr({"reexport", "--mailbox-id", mock.MAILBOX}, through)
    assert.same({130, ""}, {stopped.status, stopped.out})
    assert.matches("^cmr: interrupted\ncmr: outcome: unknown, it may have been done: check before you repeat it\n"
      .. "cmr: hint: .*cmr history %-%-unknown lists it\n$", stopped.err)
    through.env = {CMR_API_KEY = env.CMR_API_KEY, CMR_BASE_URL = env.CMR_BASE_URL, CMR_LEDGER = command.ledger()}
    local line = {"reexport", "--mailbox-id", mock.MAILBOX, "--rate", "0.05"}
    assert.equal(0, cmr(line, {env = through.env}).status)
    stopped = cmr(line, through) -- it waits for its slot
    assert.same({130, ""}, {stopped.status, stopped.err})
  end)

  it("speaks TLS with the given authority", function()
    local secure = mock.shared("tls")
    local settings = {CMR_BASE_URL = secure.base_url, CMR_API_KEY = secure.key}
    assert.equal(1, cmr({"platforms", USER, "--retries", "0"}, {env = settings}).status)
    assert.equal(0, cmr({"platforms", USER, "--ca-file", secure.ca_file}, {env = settings}).status)
    settings.CMR_CA_FILE = secure.ca_file
    assert.equal(0, cmr({"platforms", USER}, {env = settings}).status)
  end)

  it("runs the mock", function()
    local pipe = assert(io.popen("exec timeout 60 " .. command.lua("bin/cmr", "mock") .. " 2>&1"))
    local own = mock.attach(pipe)
    finally(function() own:stop() end)
    local shown = cmr({"platforms", USER}, {env = {CMR_BASE_URL = own.base_url, CMR_API_KEY = own.key}})
    assert.same({0, ""}, {shown.status, shown.err})
    assert.equal(1, #own:requests())
  end)
end)
