-- What a bulk run knows about rows that were sent before, even if their file or their form is another one.
local bulk = require "spec.support.bulk"
local command = require "spec.support.command"
local core = require "cmr.core"
local ledgers = require "cmr.ledger"
local mock = require "spec.support.mock"
local pty = require "spec.support.pty"

local file_with, read = command.file_with, command.read

describe("cmr bulk, of rows that were sent before,", function()
  local server, env

  before_each(function()
    server = mock.shared("http")
    env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_LEDGER = command.ledger()}
  end)

  after_each(command.clean)

  local function cmr(words, stdin)
    return command.run({"bulk", "--rate", "off", (table.unpack or unpack)(words)}, {env = env, stdin = stdin})
  end

  local function sent() return #server:requests() end

  local function change(sql, ...)
    local ledger = assert(ledgers.open(env.CMR_LEDGER))
    assert(ledger:connection "durable":run(sql, ...))
    ledger:close()
  end

  -- Makes a CSV file of rows that renew domains. The mock accepts every row.
  local function renewals(...)
    server:fault{match = {operation = "renew_domains"}, times = 1000, body = {status = 200, message = "Accepted",
      actionId = "ACT_1"}}
    local lines = {"userId,domains,years\n"}
    for _, domain in ipairs{...} do lines[#lines + 1] = ('%s,"[""%s""]",1\n'):format(mock.USER, domain) end
    return file_with(table.concat(lines))
  end

  local function renew(file, ...) return cmr{"renew-domains", "--from", file, "--yes", ...} end

  it("charges none again, from a copy, a subset, a superset, another format or another spelling", function()
    local path = renewals("a.com", "b.com")
    assert.equal(0, renew(path).status)
    assert.equal(2, sent())
    local link = path .. "-link"
    os.execute(("ln %s %s"):format(path, link))
    local user = mock.USER
    local json = '{"years":1,"domains":["%s"],"userId":"%s"}\n'
    for what, case in pairs{
      ["the same file"] = {path},
      ["a copy"] = {file_with(read(path))},
      ["a hard link"] = {link},
      ["a subset"] = {renewals("b.com")},
      ["in another order"] = {renewals("b.com", "a.com")},
      ["in other letters"] = {renewals("A.com", "B.COM")},
      ["with blanks"] = {file_with(('userId,domains,years\n %s\194\160,"[""a.com""]", 1\n'):format(user))},
      ["other columns first"] = {file_with(('years,domains,userId\n1,"[""a.com""]",%s\n'):format(user))},
      ["JSON lines"] = {file_with(json:format("b.com", user) .. json:format("a.com", user))},
      ["a value by --set"] = {file_with(('userId,domains\n%s,"[""a.com""]"\n'):format(user)), "--set", "years=1"},
    } do
      local ended = renew((table.unpack or unpack)(case))
      assert.equal(0, ended.status, what .. ": " .. ended.err)
      assert.matches("before)", ended.err, 1, true, what)
      assert.equal(2, sent(), what)
    end
    os.remove(link)
    assert.equal(0, cmr({"renew-domains", "--from", "-", "--yes"}, read(path)).status)
    assert.equal(2, sent())
    -- only the new row of a superset is sent; an edited row counts as new
    local ended = renew(renewals("a.com", "b.com", "c.com"))
    assert.matches("3 rows: 3 accepted (2 of them before)", ended.err, 1, true)
    assert.equal(3, sent())
    assert.equal(0, renew(file_with((read(path):gsub(",1\n", ",2\n", 1)))).status)
    assert.equal(4, sent())
  end)

  it("recognizes an email address and the base URL in any spelling", function()
    bulk.seed(server, 2)
    assert.equal(0, cmr{"reexport", "--from", file_with "email\nm1@d.com\nm2@d.com\n"}.status)
    assert.equal(2, sent())
    env.CMR_BASE_URL = server.base_url:gsub("^http", "HTTP")
    local ended = cmr{"reexport", "--from", file_with "email\nM2@D.com\n m1@d.COM\194\160\n"}
    assert.equal(0, ended.status, ended.err)
    assert.equal(2, sent())
  end)

  it("names the first ten that another run sent, counts the others, and says when the last one was sent", function()
    local names = {}
    for number = 1, 13 do names[number] = ("d%d.com"):format(number) end
    assert.equal(0, renew(renewals((table.unpack or unpack)(names, 1, 12))).status)
    env.TZ = "UTC"
    local first = bulk.run(env.CMR_LEDGER)
    -- every row gets a day of its own; the latest day is that of row 11, and not of the last row
    local begun = os.time() - 25 * 86400 -- the memory lasts 30 days
    local function day(number) return os.date("!%Y-%m-%d %H:%M", begun + number * 86400) end
    change("UPDATE request SET sent_at = ?1 + 86400.0 * id, ended_at = ?1 + 86400.0 * id", begun)
    change("UPDATE request SET ended_at = ?1 + 86400.0 * 20 WHERE id = 11", begun)
    local superset = renewals((table.unpack or unpack)(names))
    local ended = renew(superset)
    assert.equal(0, ended.status, ended.err)
    local lines = {}
    for line in ended.err:gmatch "[^\n]+" do lines[#lines + 1] = line end
    for number = 1, 10 do
      assert.equal(("cmr: row %d (line %d): accepted on %s in run %s"):format(number, number + 1,
        day(number), first), lines[number])
    end
    assert.equal("cmr: and 2 more rows", lines[11])
    assert.matches("cmr: 12 rows were sent before, the last time on " .. day(20) .. ": not sent", lines[12], 1, true)
    assert.equal(13, sent())
    -- the same file again: row 13 was sent from this file, so it is counted, but is not one of the 2 more rows
    ended = renew(superset)
    assert.matches("\ncmr: and 2 more rows\ncmr: 13 rows were sent before, the last time on ", ended.err, 1, true)
    assert.is_nil(ended.err:find("last time on " .. day(20), 1, true))
    assert.is_nil(ended.err:find("row 13", 1, true))
    assert.equal(13, sent())
  end)

  it("asks before it charges again, and says how many were sent before", function()
    local path = renewals("a.com", "b.com", "c.com")
    assert.equal(0, renew(path).status)
    for _, more in ipairs{{"--again"}, {"--repeat-after", "1s"}} do
      change "UPDATE request SET sent_at = sent_at - 100, ended_at = ended_at - 100"
      local before = sent()
      local words = {"renew-domains", "--from", path, (table.unpack or unpack)(more)}
      local ended = cmr(words)
      assert.equal(2, ended.status)
      assert.matches("cmr: renew%-domains charges money; sent before: 3 of 3 rows, the last time on "
        .. "%d%d%d%d%-%d%d%-%d%d %d%d:%d%d: say %-%-yes to go on without being asked", ended.err)
      assert.equal(before, sent())
      for _, case in ipairs{{"n", 0}, {"y", 3}} do
        local terminal = pty.cmr({"bulk", "--rate", "off", (table.unpack or unpack)(words)}, {env = env})
        terminal:expect "renew%-domains charges money; sent before: 3 of 3 rows, the last time on [%d: -]+%.\r\n"
        terminal:expect("3 rows of " .. path, true)
        terminal:type(case[1] .. pty.enter)
        terminal:finish()
        assert.equal(before + case[2], sent())
      end
    end
  end)

  it("asks before it charges again for what may have been done", function()
    renewals()
    server:reset()
    server:fault{match = {operation = "renew_domains"}, times = 1, status = 500}
    local path = renewals("a.com", "b.com")
    local ended = cmr{"renew-domains", "--from", path, "--yes", "--concurrency", "1"}
    assert.matches("2 rows: 1 accepted, 1 unknown", ended.err, 1, true)
    ended = cmr{"renew-domains", "--from", path, "--retry-unknown"}
    assert.equal(2, ended.status)
    assert.matches("charges money; sent before: 1 of 1 row, the last time on ", ended.err, 1, true)
    assert.equal(2, sent())
    -- a refused row was not done, so the question does not count it as sent before
    server:reset()
    server:fault{match = {operation = "renew_domains"}, times = 1, status = 422, body = {status = 422, message = "no"}}
    path = renewals("d.com")
    assert.equal(3, renew(path).status)
    ended = cmr{"renew-domains", "--from", path, "--retry-failed"}
    assert.equal(2, ended.status)
    assert.is_nil(ended.err:find("before", 1, true))
  end)

  it("sends no row that was changed or added while the question waits", function()
    local path = renewals("a.com", "b.com")
    local text = read(path)
    for _, other in ipairs{
      (text:gsub("a%.com", "x.com")), -- the first row is changed
      (text:gsub("b%.com", "a.com")), -- the second row is changed
      (text:gsub("^([^\n]*\n)", "%1U,broken,x\n")), -- a row is inserted before the others
    } do
      local file = file_with(text)
      local terminal = pty.cmr({"bulk", "--rate", "off", "renew-domains", "--from", file}, {env = env})
      terminal:expect("Go on? [y/N] ", true)
      local handle = assert(io.open(file, "wb"))
      handle:write(other)
      handle:close()
      terminal:type("y" .. pty.enter)
      local ended = terminal:finish()
      assert.equal(1, ended.status)
      assert.matches("the input changed while it was read", ended.out, 1, true)
      assert.is_nil(table.concat(bulk.bodies(server)):find("x.com", 1, true))
      assert.is_true(sent() <= 1)
    end
    assert.equal(0, renew(path).status)
    assert.equal(2, sent())
    -- a row that is added at the end is not sent either
    local file = renewals("c.com")
    local terminal = pty.cmr({"bulk", "--rate", "off", "renew-domains", "--from", file}, {env = env})
    terminal:expect("Go on? [y/N] ", true)
    local handle = assert(io.open(file, "ab"))
    handle:write(read(renewals "d.com"):match "\n(.*)$")
    handle:close()
    terminal:type("y" .. pty.enter)
    assert.matches("the input changed while it was read", terminal:finish().out, 1, true)
    assert.is_nil(table.concat(bulk.bodies(server)):find("d.com", 1, true))
  end)

  it("sends them with --again from any file, once for each use of --again", function()
    bulk.seed(server, 3)
    assert.equal(0, cmr{"reexport", "--from", bulk.mailboxes(2)}.status)
    local path = bulk.mailboxes(3)
    assert.equal(0, cmr{"reexport", "--from", path, "--again"}.status)
    assert.same({2, 2, 1}, bulk.received(server))
    assert.equal(0, cmr{"reexport", "--from", path}.status)
    assert.same({2, 2, 1}, bulk.received(server))
    assert.matches("3 rows: 3 would be sent", cmr{"reexport", "--from", path, "--again", "--dry-run"}.err, 1, true)
    assert.same({2, 2, 1}, bulk.received(server))
  end)

  it("forgets rows of other runs after the time of --remember, but never those of its own run", function()
    bulk.seed(server, 2)
    local path = bulk.mailboxes(1)
    assert.equal(0, cmr{"reexport", "--from", path}.status)
    change "UPDATE request SET sent_at = sent_at - 20 * 86400, ended_at = ended_at - 20 * 86400"
    assert.equal(0, cmr{"reexport", "--from", bulk.mailboxes(2)}.status)
    assert.same({1, 1}, bulk.received(server))
    local other = file_with("mailboxId,email\n" .. bulk.id(1) .. ",\n" .. bulk.id(2) .. ",\n,m1@d.com\n")
    assert.equal(0, cmr{"reexport", "--from", other, "--remember", "10d"}.status)
    assert.equal(2, bulk.received(server)[1])
    assert.equal(0, cmr{"reexport", "--from", path, "--remember", "1s"}.status)
    assert.equal(2, bulk.received(server)[1])
  end)

  it("sends a row again when the time of --repeat-after has passed", function()
    bulk.seed(server, 1)
    local path = bulk.mailboxes(1)
    assert.equal(0, cmr{"reexport", "--from", path}.status)
    for _, case in ipairs{{6.9, 1}, {0.2, 2}, {6.9, 2}, {0.2, 3}} do -- {days that pass, all requests sent so far}
      change("UPDATE request SET sent_at = sent_at - ?, ended_at = ended_at - ?", case[1] * 86400, case[1] * 86400)
      server:advance(case[1] * 86400)
      assert.equal(0, cmr{"reexport", "--from", path, "--repeat-after", "7d"}.status)
      assert.equal(case[2], sent())
    end
  end)

  it("charges no row again before the time of --repeat-after has passed, even if the file has a new row", function()
    assert.equal(0, renew(renewals "a.com").status)
    change "UPDATE request SET sent_at = sent_at - 31 * 86400, ended_at = ended_at - 31 * 86400"
    local path = renewals("a.com", "b.com")
    assert.matches("2 rows: 2 accepted (1 of them before)", renew(path, "--repeat-after", "90d").err, 1, true)
    assert.equal(2, sent())
    change "UPDATE request SET sent_at = sent_at - 59 * 86400, ended_at = ended_at - 59 * 86400"
    assert.matches("3 rows: 3 accepted (1 of them before)",
      renew(renewals("a.com", "b.com", "c.com"), "--repeat-after", "90d").err, 1, true)
    assert.equal(4, sent())
  end)

  it("stops after a few requests when the API reports a bad key, a low balance or a ban", function()
    bulk.seed(server, 24)
    for status, headers in pairs{[401] = {}, [402] = {}, [429] = {["Retry-After"] = "120"}} do
      env.CMR_LEDGER = command.ledger()
      server:reset()
      bulk.seed(server, 24)
      server:fault{times = 100, status = status, headers = headers, body = {status = status, message = "no"}}
      local path = bulk.mailboxes(24)
      local ended = cmr{"reexport", "--from", path}
      assert.equal(3, ended.status)
      assert.matches("cmr: stopped: ", ended.err, 1, true)
      assert.is_true(sent() <= 8, sent()) -- the requests that were in flight
      server:reset()
      bulk.seed(server, 24)
      env.CMR_BASE_URL = server.base_url
      if status == 429 then change "UPDATE request SET retry_at = retry_at - 120" end
      assert.equal(0, cmr{"reexport", "--from", path}.status)
      assert.equal(24, sent())
    end
  end)

  it("waits for a short ban that names no mailbox, and then sends every row once more", function()
    bulk.seed(server, 6)
    server:fault{times = 2, status = 429, headers = {["Retry-After"] = "1"}, body = {status = 429, message = "slow"}}
    local begun = core.now()
    assert.equal(0, cmr{"reexport", "--from", bulk.mailboxes(6)}.status)
    assert.is_true(core.now() - begun > 0.9)
    assert.equal(8, sent())
  end)

  it("finds an order's id in the ledger, without --results", function()
    local args = {userId = mock.USER, confirm = true, serviceProvider = "GOOGLE",
      domains = {{domain = "new.example", years = 1}},
      mailboxes = {["new.example"] = {{username = "ann", firstName = "Ann", lastName = "A"}}}}
    local path = file_with(core.json_encode(args) .. "\n")
    local ended = cmr{"create-order", "--from", path, "--yes"}
    assert.equal(0, ended.status, ended.err)
    local ledger = assert(ledgers.open(env.CMR_LEDGER))
    local orders = {}
    for _, pair in ipairs(ledger:ids(assert(ledger:find{})[1].id)) do
      if pair[1] == "order" then orders[#orders + 1] = pair[2] end
    end
    ledger:close()
    assert.equal(1, #orders)
    local history = command.run({"history", "--id", orders[1], "--output", "csv"}, {env = env})
    assert.matches(orders[1], history.out, 1, true)
    assert.matches("create-order", history.out, 1, true)
  end)

  it("writes results with their lists and objects, which only the user can read", function()
    local results = command.ledger()
    local path = renewals("a.com")
    assert.equal(0, renew(path, "--results", results).status)
    local line = assert(core.json_decode(read(results)))
    assert.same({userId = mock.USER, domains = {"a.com"}, years = 1}, line.input)
    assert.equal("600", command.sh("stat -c %a " .. results))
    assert.equal("600", command.sh("stat -c %a " .. env.CMR_LEDGER))
  end)

  it("continues the run that a file of failures names, even if the file has only some of the rows", function()
    bulk.seed(server, 3)
    local path, failures = bulk.mailboxes(3), file_with ""
    server:fault{match = {operation = "reexport"}, times = 2, status = 422, body = {status = 422, message = "no"}}
    assert.equal(3, cmr{"reexport", "--from", path, "--failures", failures, "--concurrency", "1"}.status)
    local name = bulk.run(env.CMR_LEDGER)
    local lines = {}
    for line in read(failures):gmatch "[^\r\n]+" do lines[#lines + 1] = line end
    assert.equal(3, #lines)
    local one = file_with(lines[1] .. "\r\n" .. lines[3] .. "\r\n")
    assert.equal(0, cmr{"reexport", "--from", one, "--retry-failed"}.status)
    assert.equal(name, bulk.run(env.CMR_LEDGER))
    local ended = cmr{"reexport", "--from", path, "--retry-failed"}
    assert.matches("3 rows: 3 accepted (2 of them before)", ended.err, 1, true)
    assert.equal(5, sent())
    -- run names that cannot be used
    for _, case in ipairs{
      {"RUN_000000000000", "there is no run RUN_000000000000 in the ledger"},
      {name .. "\nRUN_2", "the rows are of two runs: " .. name .. " and RUN_2"},
    } do
      local text = {"cmr.run,mailboxId"}
      for word in case[1]:gmatch "%S+" do text[#text + 1] = word .. "," .. bulk.id(#text) end
      ended = cmr{"reexport", "--from", file_with(table.concat(text, "\n") .. "\n")}
      assert.equal(2, ended.status)
      assert.matches(case[2], ended.err, 1, true)
    end
    ended = cmr({"reexport", "--from", "-"}, '{"cmr.run":{},"mailboxId":"X"}\n')
    assert.equal(2, ended.status)
    assert.matches("'cmr.run' names no run", ended.err, 1, true)
    assert.equal(5, sent())
  end)
end)
