-- cmr history: what the ledger knows, as the command shows it.
local cjson = require "cjson"
local command = require "spec.support.command"
local ledgers = require "cmr.ledger"
local mock = require "spec.support.mock"
local sqlite = require "cmr.sqlite"

local cmr = command.run

describe("cmr history", function()
  local server, env, path

  setup(function() server = mock.shared "http" end)

  before_each(function()
    server:reset()
    path = command.ledger()
    env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_LEDGER = path}
  end)

  after_each(function() if ledgers.open(path) then ledgers.open(path):close() end end)

  teardown(command.clean)

  local function run(words, extra)
    local all = {env = {}}
    for name, value in pairs(env) do all.env[name] = value end
    for name, value in pairs(extra or {}) do all.env[name] = value or nil end
    return cmr(words, all)
  end

  -- Runs the command without a key.
  local function history(...)
    return cmr({"history", ...}, {env = {CMR_LEDGER = path}})
  end

  local function rows(...)
    local shown = history("--output", "json", ...)
    assert.equal(0, shown.status, shown.err)
    return cjson.decode(shown.out), shown.err
  end

  local function sql(text, ...)
    local db = assert(sqlite.open(path, 1000))
    local found = assert(db:rows(text, ...))
    db:close()
    return found
  end

  -- Adds this number of requests of a dead process to the ledger.
  local function fill(number)
    assert(ledgers.open(path)):close()
    sql(([[WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
      INSERT INTO request (account, operation, digest, writer, state, sent_at, ended_at)
      SELECT 'key https://a', 'reexport', 'd' || i, 1, 'done', 1750000000 + i, 1750000000 + i FROM n]]):format(number))
  end

  it("shows without a key what was sent, newest first, and what became of it", function()
    assert.equal(0, run{"reexport", "--mailbox-id", mock.MAILBOX}.status)
    assert.equal(1, run{"reexport", "--mailbox-id", "MISSING"}.status)
    assert.equal(0, run{"platforms", mock.USER}.status)
    local shown = history()
    assert.same({0, ""}, {shown.status, shown.err})
    local lines = {}
    for line in shown.out:gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.equal(3, #lines)
    assert.matches("^WHEN +STATE +OPERATION +ID +FAILURE$", lines[1])
    assert.matches("^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d  failed +reexport +MISSING +"
      .. "not_found: HTTP 404: The requested mailbox does not exist%. *$", lines[2])
    assert.matches("  accepted  reexport +ACT_[%w-]+ %+1 *$", lines[3])
    assert.matches("\r\n%d+%-%d+%-%d+ %d+:%d+:%d+,accepted,reexport,ACT_[%w-]+ " .. mock.MAILBOX .. ",",
      history("--output", "csv").out)
    local items = rows()
    assert.same({"failed", "not_found", "rejected", 404},
      {items[1].state, items[1].kind, items[1].outcome, items[1].status})
    assert.same({mock.MAILBOX}, items[2].ids.mailbox)
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", items[2].sent_at)
  end)

  it("says which items of a request failed, and why", function()
    for _, missing in ipairs{{"GONE"}, {"GONE", "AWAY"}} do
      local input = {userId = mock.USER, mailboxData = {{mailboxId = mock.MAILBOX, firstName = "A"}}}
      for _, id in ipairs(missing) do table.insert(input.mailboxData, {mailboxId = id}) end
      local file = command.file_with(cjson.encode(input) .. "\n")
      assert.equal(3, run{"bulk", "update-mailboxes", "--from", file, "--yes"}.status)
    end
    local messages = {}
    for index, item in ipairs(rows()) do messages[index] = item.message:gsub("%([^)]+%)", "(why)") end
    assert.same({"2 items failed: GONE (why), AWAY (why)", "1 item failed: GONE (why)"}, messages)
    sql "UPDATE request SET message = NULL" -- as an earlier version left it
    assert.matches("update%-mailboxes[^\n]+  2 items failed +RUN_.*update%-mailboxes[^\n]+  1 item failed +RUN_",
      history().out)
    server:fault{match = {operation = "renew_domains"}, body = {status = 200, data = {
      {domainName = "a.com", success = false, message = "too early"}}}}
    assert.equal(3, run{"renew-domains", mock.USER, "--domains", '["a.com"]', "--yes"}.status)
    assert.same({"operation_failed", "1 item failed: a.com (too early)"}, {rows()[1].kind, rows()[1].message})
  end)

  it("says of a failure without a message what kind it is, and indents JSON", function()
    fill(2)
    sql "UPDATE request SET state = 'failed', kind = 'timeout' WHERE id = 1"
    sql "UPDATE request SET state = 'failed', message = 'another text' WHERE id = 2"
    assert.matches("another text *\n[^\n]* timeout *\n$", history().out)
    local shown = history("--output", "json").out
    assert.matches('^%[\n  {\n    "[^\n]+\n    "', shown)
    assert.matches('\n    "ids": {}', shown, 1, true)
    assert.matches('\n  },\n  {\n    "', shown, 1, true)
    assert.matches('\n  }\n]\n$', shown)
  end)

  it("shows six digits of a key's digest, and its address", function()
    assert.equal(0, run{"reexport", "--mailbox-id", mock.MAILBOX}.status)
    fill(1)
    local digest = sql("SELECT account FROM request WHERE account LIKE '% http:%'")[1].account:match "^%S+"
    local out = history().out
    assert.matches(("  %s %s\n"):format(digest:sub(1, 6), server.base_url), out, 1, true)
    assert.is_nil(out:find(digest:sub(1, 7), 1, true))
    assert.matches("  key https://a\n", out, 1, true)
  end)

  it("says that there is nothing", function()
    assert.same({status = 0, out = "", err = "cmr: no request in the ledger fits\n"}, history())
    assert.same({status = 0, out = "[]\n", err = "cmr: no request in the ledger fits\n"}, history("--output", "json"))
  end)

  it("finds by operation, id, user, time and run", function()
    assert.equal(0, run{"reexport", "--mailbox-id", mock.MAILBOX}.status)
    assert.equal(0, run{"set-domain-auto-renew", mock.USER, "--domains", "all", "--auto-renew", "true", "--yes"}.status)
    local input = {userId = mock.USER, mailboxData = {{mailboxId = mock.MAILBOX, firstName = "A"}}}
    local file = command.file_with(cjson.encode(input) .. "\n")
    assert.equal(0, run{"bulk", "update-mailboxes", "--from", file, "--yes"}.status)
    local name = sql("SELECT name FROM run")[1].name
    local function found(...)
      local operations = {}
      for index, item in ipairs((rows(...))) do operations[index] = item.operation end
      return operations
    end
    assert.same({"update_mailboxes", "set_domain_auto_renew", "reexport"}, found())
    assert.same({"reexport"}, found("--operation", "reexport"))
    assert.same({"set_domain_auto_renew"}, found("--operation", "set-domain-auto-renew"))
    assert.same({"update_mailboxes", "reexport"}, found("--id", mock.MAILBOX))
    assert.same({"update_mailboxes", "set_domain_auto_renew"}, found("--user", mock.USER))
    assert.same({"update_mailboxes"}, found("--run", name))
    assert.equal(name, rows("--run", name)[1].run)
    assert.equal(3, #found("--since", "1h"))
    assert.equal(3, #found("--since", os.date "%Y-%m-%d"))
    assert.same({}, found("--since", os.date("%Y-%m-%d %H:%M", os.time() + 120)))
    sql("UPDATE request SET sent_at = sent_at - 7200 WHERE operation = 'reexport'")
    assert.equal(2, #found("--since", "90m"))
    run{"api", "POST", "/nowhere", "--yes"}
    assert.same({"request"}, found("--operation", "request"))
  end)

  it("finds what may have been done: lost by its process, or never answered", function()
    fill(2)
    sql("UPDATE request SET state = 'sending', writer = 1000000, ended_at = NULL WHERE id = 1")
    sql("UPDATE request SET state = 'unknown', outcome = 'unknown', kind = 'timeout' WHERE id = 2")
    assert(ledgers.open(path)):begin{account = "key https://a", operation = "reexport", digest = "x"}
    local items = rows("--unknown")
    assert.same({2, 1}, {items[1].ledger_id, items[2].ledger_id})
    assert.equal("unknown", items[2].state)
    assert.matches("the process ended before", items[2].message, 1, true)
    assert.equal("sending", rows()[1].state) -- the process that sends it is alive
  end)

  it("shows the newest 20, and says how many there are", function()
    fill(25)
    local shown = history("--output", "jsonl")
    assert.equal(20, select(2, shown.out:gsub("\n", "")))
    assert.equal("cmr: the newest 20 of 25; --all shows all\n", shown.err)
    assert.equal(20, #rows())
    shown = history("--output", "jsonl", "--all")
    assert.same({25, ""}, {select(2, shown.out:gsub("\n", "")), shown.err})
  end)

  it("says nothing more when it shows all", function()
    for _, count in ipairs{1, 20} do
      fill(count)
      local shown = history("--output", "jsonl")
      assert.same({count, ""}, {select(2, shown.out:gsub("\n", "")), shown.err})
      sql "DELETE FROM request"
    end
  end)

  it("prints every form in pages", function()
    fill(2100)
    local csv = history("--all", "--output", "csv").out
    assert.equal(2101, select(2, csv:gsub("\r\n", "")))
    assert.equal(1, select(2, csv:gsub("when,state", "")))
    local json = history("--all", "--output", "json").out
    assert.equal(2100, #cjson.decode(json))
    assert.same(cjson.decode(json), cjson.decode(history("--all", "--output", "json", "--compact").out))
    local table_ = history("--all").out
    assert.same({2103, 3}, {select(2, table_:gsub("\n", "")), select(2, table_:gsub("WHEN", ""))})
    local lines, headers = 0, {}
    for line in table_:gmatch "[^\n]+" do
      lines = lines + 1
      if line:find "^WHEN" then headers[#headers + 1] = lines end
    end
    assert.same({1, 1002, 2003}, headers) -- 1,000 requests are a page
    assert.equal(2100, select(2, history("--all", "--field", "data.ledger_id").out:gsub("%d+\n", "")))
  end)

  it("prints a long history with little memory", function()
    if command.is_sanitized then return pending "a sanitizer reserves terabytes of addresses" end
    fill(32100)
    local limited = cmr({"history", "--all", "--output", "jsonl"},
      {env = {CMR_LEDGER = path}, lead = "ulimit -v 300000;", after = "| wc -l"})
    assert.same({0, "32100"}, {limited.status, limited.out:match "%d+"})
  end)

  it("selects a field of each request", function()
    assert.equal(0, run{"reexport", "--mailbox-id", mock.MAILBOX}.status)
    fill(1)
    assert.equal("reexport\nreexport\n", history("--field", "data.operation").out)
    assert.equal(mock.MAILBOX .. "\n", history("--field", "data.1.ids.mailbox").out)
    assert.same(cjson.decode('["done","accepted"]'),
      cjson.decode(history("--field", "data.state", "--output", "json").out))
    assert.equal("done\treexport\naccepted\treexport\n",
      history("--field", "data.state", "--field", "data.operation").out)
    assert.equal("state,operation\r\ndone,reexport\r\naccepted,reexport\r\n",
      history("--field", "data.state", "--field", "data.operation", "--output", "csv").out)
    assert.equal("done\taccepted\n", history("--field", "data.0.state", "--field", "data.1.state").out)
    assert.equal("cmr: no field 'data.zork' in these requests\n",
      history("--field", "data.state", "--field", "data.zork").err)
    local wrong = history("--field", "data.zork")
    assert.same({1, "cmr: no field 'data.zork' in these requests\n"}, {wrong.status, wrong.err})
  end)

  it("tells accounts apart where there are several", function()
    assert.equal(0, run{"reexport", "--mailbox-id", mock.MAILBOX}.status)
    assert.not_matches("ACCOUNT", history().out, 1, true)
    fill(1)
    assert.matches("ACCOUNT", history().out, 1, true)
    local key = command.file_with(server.key .. "\n")
    local own = cjson.decode(run({"history", "--api-key-file", key, "--output", "json"}).out)
    assert.equal(1, #own)
    assert.equal(2, #cjson.decode(run({"history", "--output", "json"}).out))
  end)

  it("forgets what is old, when told so", function()
    fill(3)
    local refused = history("--clear", "1d")
    assert.equal(2, refused.status)
    assert.equal("cmr: history --clear forgets: say --yes to go on without being asked; nothing was removed\n",
      refused.err)
    assert.equal(3, #rows())
    assert.same({status = 0, out = "", err = "cmr: 2 requests are forgotten\n"}, history("--clear", "1d", "--yes"))
    assert.equal(1, #rows())
    assert.equal(2, history("--clear", "1d", "--yes", "--unknown").status)
  end)

  it("explains a wrong command line", function()
    local cases = {
      {{"--since", "soon"},
        "option '--since' wants a date such as 2026-03-31, or a time such as 7d, 12h or 30m, not 'soon'"},
      {{"--since", "2026-02-31"},
        "option '--since' wants a date such as 2026-03-31, or a time such as 7d, 12h or 30m, not '2026-02-31'"},
      {{"--operation", "reexprt"}, "option '--operation': there is no operation 'reexprt' (did you mean 'reexport'?)"},
      {{"--run", "RUN_0"}, "option '--run': there is no run 'RUN_0' in " .. path},
      {{"--no-ledger"}, "option '--no-ledger' leaves nothing to show"},
    }
    for _, case in ipairs(cases) do
      local shown = history((table.unpack or unpack)(case[1]))
      assert.same({2, ("cmr: %s\nTry 'cmr history --help'.\n"):format(case[2])}, {shown.status, shown.err})
    end
  end)

  it("says what is wrong with a ledger that it cannot read", function()
    local broken = cmr({"history"}, {env = {CMR_LEDGER = command.file_with(("no database "):rep(100))}})
    assert.equal(1, broken.status)
    assert.matches("^cmr: the ledger .* cannot be opened: ", broken.err)
  end)
end)
