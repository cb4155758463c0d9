-- What the command shows a person who waits at a terminal.
local command = require "spec.support.command"
local delivery = require "spec.support.delivery"
local http = require "spec.support.http"
local mock = require "spec.support.mock"
local pty = require "spec.support.pty"

local USER = mock.USER

describe("the command in a terminal #pty", function()
  local server, env

  setup(function() server = mock.shared "http" end)
  teardown(command.clean)

  before_each(function()
    server:reset{rate = 0}
    env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}
  end)

  local function plain(text)
    return (text:gsub("\27%[[%d;]*[mK]", ""):gsub("\r\n", "\n"))
  end

  for _, columns in ipairs{60, 80, 200} do
    it("says that it tries again, and when, at " .. columns .. " columns", function()
      server:fault{match = {operation = "countries"}, status = 503, times = 1, headers = {["Retry-After"] = "1"}}
      local shown = pty.run({"countries", "--compact"}, {env = env, columns = columns})
      assert.equal(0, shown.status)
      assert.matches("^\rcmr: HTTP 503, again in [%d.]+ s %(attempt 2 of 3%)\n{", plain(shown.out))
    end)
  end

  it("says so for a lost connection, and with --all", function()
    server:fault{match = {operation = "users"}, close = true, times = 1}
    local shown = pty.run({"users", "--all", "--compact", "--retries", "1"}, {env = env})
    assert.equal(0, shown.status)
    assert.matches("cmr: no answer %(network%), again in [%d.]+ s %(attempt 2 of 2%)\n", plain(shown.out))
  end)

  it("says nothing of it in a pipe, and more with -v", function()
    server:fault{match = {operation = "countries"}, status = 503, times = 2, headers = {["Retry-After"] = "1"}}
    assert.is_nil(command.run({"countries", "--retries", "1"}, {env = env}).err:find("again in", 1, true))
    local shown = pty.run({"countries", "-v"}, {env = env})
    assert.is_nil(shown.out:find("again in", 1, true))
    assert.matches("attempt 1: ", shown.out, 1, true)
  end)

  it("counts the items of a long list, and removes the count", function()
    server:fault{match = {operation = "users"}, delay = 1.2, times = 1, status = 200,
      body = {status = 200, message = "ok", data = {users = {{id = "U1"}},
        pagination = {currentPage = 1, nextPage = 2, totalPages = 2}}}}
    server:fault{match = {operation = "users"}, delay = 1.2, times = 1, status = 200,
      body = {status = 200, message = "ok", data = {users = {{id = "U2"}},
        pagination = {currentPage = 2, totalPages = 2}}}}
    local out = command.file_with ""
    local line = ("exec %s users --all --output jsonl >%s"):format(command.lua "bin/cmr", out)
    local shown = pty.start({"sh", "-c", line}, {env = env}):finish()
    assert.matches("\rcmr: %d items? so far, %d seconds?\27%[K\r\27%[K", shown.out)
  end)

  it("says that it waits for an order, and for how long", function()
    local shown = pty.run({"order-mailboxes", USER, "--subscription-id", "1BNTZJG2Q041JWGS3NY9E1BZ9APA",
      "--confirm", "true", "--mailboxes", '{"doe.com":[{"username":"mary","firstName":"Mary","lastName":"Major"}]}',
      "--yes", "--wait", "--wait-timeout", "1"}, {env = env, columns = 100})
    assert.matches("cmr: waiting until the request has ended, for up to 1 second (Ctrl-C ends only the wait)\n",
      plain(shown.out), 1, true)
  end)

  it("says for how many requests it waits, and leaves them open at Ctrl-C", function()
    env.CMR_LEDGER = command.ledger()
    local function order()
      server:fault{match = {operation = "create_order"}, status = 200,
        body = {status = 200, message = "ok", data = {orderId = "ORD_9"}}}
      assert.equal(0, command.run({"create-order", USER, "--confirm", "true", "--yes", "--json",
        '{"domains": [{"domain": "new-one.com", "years": 1}]}'}, {env = env}).status)
    end
    order()
    local shown = pty.run({"await", "--all", "--wait-timeout", "0.1"}, {env = env, columns = 100})
    assert.matches("cmr: waiting until the request has ended, for up to ", plain(shown.out), 1, true)
    order()
    local terminal = pty.cmr({"await", "--all"}, {env = env, columns = 100})
    terminal:expect("cmr: waiting until 2 requests have ended, for up to 3 minutes (Ctrl-C ends only the wait)", true)
    terminal:type(pty.ctrl_c)
    assert.equal(130, terminal:finish().status)
    local states = command.run({"history", "--field", "data.state"}, {env = env}).out
    assert.equal("accepted\naccepted\n", states)
  end)

  describe("with cmr probe", function()
    it("has a summary", function()
      local shown = pty.run({"probe", USER, "--rate", "off"}, {env = env, columns = 80})
      assert.equal(0, shown.status)
      local text = plain(shown.out)
      assert.matches("%d+ requests, all of them reads, to an API that is not the production API%.\n", text)
      assert.matches("%d+ facts are confirmed, 0 contradicted, %d+ not seen%.\n", text)
      assert.matches("--output markdown prints the whole report", text, 1, true)
      assert.is_nil(text:find("\n- `", 1, true))
      local _, lines = text:gsub("\n", "")
      assert.is_true(lines < 24, text)
    end)

    it("shows in full what is contradicted, and counts its requests", function()
      server:fault{match = {operation = "platforms"}, status = 200, times = 9,
        body = {status = 200, message = "ok", data = {}}}
      server:fault{match = {operation = "countries"}, delay = 2.2, times = 1}
      local shown = pty.run({"probe", USER, "--rate", "off"}, {env = env, columns = 60})
      assert.matches("cmr: %d+ requests of about %d+, %d seconds", plain(shown.out))
    end)

    it("prints Markdown in a pipe and on demand", function()
      assert.matches("^# Report of cmr probe\n", command.run({"probe", "--rate", "off"}, {env = env}).out)
      local shown = pty.run({"probe", "--rate", "off", "--output", "markdown"}, {env = env})
      assert.matches("^# Report of cmr probe\n", plain(shown.out))
      local refused = command.run({"users", "--output", "markdown"}, {env = env})
      assert.equal(2, refused.status)
    end)
  end)

  describe("with cmr listen", function()
    local function listen(...)
      env.CMR_API_KEY = delivery.KEY
      return pty.cmr({"listen", "--no-ledger", ...}, {env = env, columns = 80})
    end

    it("has one line for each delivery", function()
      local terminal = listen()
      local url = terminal:expect "listening at (http://%S+) %(pid %d+%); Ctrl%-C ends it\r\n"
      local body = '{"event":"mailbox.exported","id":"evt_1","data":{"email":"john@doe.com"}}'
      local headers = delivery.headers("body-hex-seconds", body, {time = os.time()})
      http.send(tonumber(url:match ":(%d+)/$"), "/", {method = "POST", headers = headers, body = body}):answer()
      terminal:expect "%d%d:%d%d:%d%d  #%d+  accepted  mailbox%.exported  john@doe%.com  id %S+\r\n"
      command.sh(("curl -s -d x %s"):format(url))
      terminal:expect "%d%d:%d%d:%d%d  #%d+  refused   %l[%l_]*: [^\r]*  answered 4%d%d\r\n"
      terminal:type(pty.ctrl_c)
      terminal:finish()
    end)

    it("has JSON on demand", function()
      local terminal = listen("--output", "jsonl")
      terminal:expect '{"pid":%d+,"url":"http://[^"]+"}\r\n'
      terminal:type(pty.ctrl_c)
      terminal:finish()
    end)
  end)
end)
