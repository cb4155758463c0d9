-- The command at a terminal: tables that fit, colour, and questions.
local cjson = require "cjson"
local command = require "spec.support.command"
local mock = require "spec.support.mock"
local pty = require "spec.support.pty"
local width = require("cmr.cli.terminal").width

local USER = mock.USER

describe("cmr in a terminal #pty", function()
  local server, env

  before_each(function()
    server = mock.shared("http")
    env = {CMR_BASE_URL = server.base_url, CMR_API_KEY = server.key}
  end)

  local function plain(text)
    return (text:gsub("\27%[%d*m", ""):gsub("\r", ""))
  end

  local function settings(more)
    local all = {}
    for name, value in pairs(env) do all[name] = value end
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  local function widest(text)
    local most = 0
    for line in plain(text):gmatch("[^\n]+") do
      if not line:find("^cmr: ") then most = math.max(most, width(line)) end
    end
    return most
  end

  for _, columns in ipairs{60, 80, 200} do
    it("has tables that fit " .. columns .. " columns", function()
      for _, line in ipairs{{"subscriptions"}, {"mailboxes", USER}, {"user", USER}, {"operations"}, {"prewarmed"}} do
        line[#line + 1] = "--output"
        line[#line + 1] = "table"
        local shown = pty.run(line, {env = env, columns = columns})
        assert.equal(0, shown.status)
        assert.is_true(widest(shown.out) <= columns, shown.out)
      end
      local shown = pty.run({"subscriptions", "--output", "table"}, {env = env, columns = columns})
      assert.matches("^SUBSCRIPTION ID ", plain(shown.out))
      local note = "cmr: not enough room for [%w, ]*userId; %-%-columns chooses, %-%-output json shows all\n"
      assert.equal(columns == 200, plain(shown.out):match(note) == nil)
      shown = pty.run({"subscriptions", "--output", "table"}, {env = settings{COLUMNS = columns}, columns = 40})
      assert.is_true(widest(shown.out) <= columns and widest(shown.out) > 40, shown.out)
    end)
  end

  it("has colour, unless the environment forbids it", function()
    local line = {"platforms", USER}
    assert.matches('\27[34m"connected"\27[0m: true', pty.run(line, {env = env}).out, 1, true)
    assert.is_nil(pty.run(line, {env = settings{NO_COLOR = "1"}}).out:find("\27", 1, true))
    assert.is_nil(pty.run(line, {env = env, term = "dumb"}).out:find("\27", 1, true))
    local shown = pty.run({"platforms", USER, "--output", "table"}, {env = env})
    assert.matches("\27[1mCONNECTED\27[0m", shown.out, 1, true)
    assert.matches("\27[32mtrue\27[0m", shown.out, 1, true)
  end)

  it("prints no control characters of a server", function()
    server:fault{match = {operation = "users"}, status = 200,
      body = {status = 200, data = {users = {{id = "\27]0;title\7", note = "\194\155"}}}}, times = 4}
    for _, how in ipairs{"--output=csv", "--output=table", "--output=jsonl", "--field=data.users.id"} do
      local shown = pty.run({"users", how}, {env = settings{NO_COLOR = "1"}})
      assert.equal(0, shown.status)
      assert.is_nil(shown.out:find("[\27\7]"), shown.out)
      assert.is_nil(shown.out:find("\194\155", 1, true))
    end
  end)

  describe("asks before what destroys", function()
    local line = {"cancel-subscription", "--domain", "doe.com"}

    local function asked(answer)
      local terminal = pty.cmr(line, {env = env})
      terminal:expect("cancel-subscription destroys.\r\n", true)
      terminal:expect("  POST " .. server.base_url .. "/subscriptions/cancel\r\n", true)
      terminal:expect('  {"domain":"doe.com"}\r\n', true)
      terminal:expect("Go on? [y/N] ", true)
      assert.same({}, server:requests())
      terminal:type(answer)
      return terminal:finish()
    end

    it("and does it when the answer is yes", function()
      for _, answer in ipairs{"y", "Yes"} do
        server:reset{rate = 0}
        local done = asked(answer .. pty.enter)
        assert.equal(0, done.status)
        assert.equal(1, #server:requests())
      end
    end)

    it("and sends nothing for any other answer", function()
      for _, answer in ipairs{pty.enter, "n" .. pty.enter, "yoghurt" .. pty.enter, pty.ctrl_d} do
        local done = asked(answer)
        assert.equal(2, done.status)
        assert.matches("cmr: not confirmed; nothing was sent\r\n$", done.out)
      end
      assert.equal(130, asked(pty.ctrl_c).status)
      assert.same({}, server:requests())
    end)

    it("and says how much of a long body it does not show", function()
      local mailboxes = {}
      for index = 1, 100 do mailboxes[index] = {username = "u" .. index, firstName = "F", lastName = "L"} end
      local terminal = pty.cmr({"order-mailboxes", USER, "--subscription-id", "S1", "--confirm", "true",
        "--billing-cycle", "MONTHLY", "--mailboxes", cjson.encode{["a.com"] = mailboxes}}, {env = env, columns = 200})
      terminal:expect("Go on? [y/N] ", true)
      terminal:type("n" .. pty.enter)
      local missing, size, shown = terminal:finish().out:match(
        "  (%d+) of the (%d+) bytes of the body are not shown\r\n    mailboxes: 100 items in all\r\n  ({[^\r\n]+)\r\n")
      assert.matches("\226\128\166$", shown)
      assert.is_true(#shown > 900)
      assert.equal(tonumber(size) - (#shown - 3), tonumber(missing))
    end)

    it("and says so of a long field of a form too", function()
      env.CMR_ENDPOINTS = command.file_with '{"create_order_form": "POST /form"}'
      local domains = {}
      for index = 1, 100 do domains[index] = {domain = ("domain-%d.com"):format(index), years = 1} end
      local terminal = pty.cmr({"create-order-form", "--user-id", USER, "--confirm", "true",
        "--domains", cjson.encode(domains)}, {env = env, columns = 200})
      terminal:expect("  confirm: true\r\n", true)
      terminal:expect("Go on? [y/N] ", true)
      terminal:type("n" .. pty.enter)
      local out = terminal:finish().out
      assert.matches("  %d+ of the %d+ bytes of domains are not shown\r\n    domains: 100 items in all\r\n"
        .. "  domains: %[", out)
    end)

    it("also where standard input and output are in use", function()
      local script = ([[echo '{"domain": "doe.com"}' | %s bin/cmr cancel-subscription --json - >/dev/null]]):format(
        require("spec.support.program").interpreter())
      local terminal = pty.start({"sh", "-c", script}, {env = env})
      terminal:expect("Go on? [y/N] ", true)
      terminal:type("y" .. pty.enter)
      assert.equal(0, terminal:finish().status)
      assert.equal(1, #server:requests())
    end)

    it("but not with --yes", function()
      local done = pty.run({"cancel-subscription", "--domain", "doe.com", "--yes"}, {env = env})
      assert.equal(0, done.status)
      assert.is_nil(done.out:find("Go on", 1, true))
    end)
  end)
end)
