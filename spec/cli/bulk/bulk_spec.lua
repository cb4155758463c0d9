-- cmr bulk against the mock: what is sent, what is said, and what a second run does.
local bulk = require "spec.support.bulk"
local command = require "spec.support.command"
local mock = require "spec.support.mock"

local file_with, read = command.file_with, command.read

describe("cmr bulk", function()
  local server, env, files

  before_each(function()
    server, files = mock.shared("http"), {}
    env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_LEDGER = command.ledger()}
  end)

  after_each(function()
    for _, path in ipairs(files) do
      for _, ending in ipairs{".failed", ".part"} do os.remove(path .. ending) end
    end
    command.clean()
  end)

  -- Makes a file of rows. It is removed after the spec, and its .failed and .part files too.
  local function rows(text)
    local path = file_with(text)
    files[#files + 1] = path
    return path
  end

  local function cmr(words, stdin)
    local line = {"bulk", "--rate", "off"}
    for _, word in ipairs(words) do line[#line + 1] = word end
    return command.run(line, {env = env, stdin = stdin})
  end

  local function sent() return #server:requests() end

  -- Returns the line in which the command names its run.
  local function run_line()
    local name = bulk.run(env.CMR_LEDGER)
    return ("cmr: run: %s ('cmr history --run %s')\n"):format(name, name)
  end

  -- Changes requests in the ledger.
  local function change(sql, ...)
    local ledger = assert(require("cmr.ledger").open(env.CMR_LEDGER))
    assert(ledger:connection "durable":run(sql, ...))
    ledger:close()
  end

  local LATER = "cmr: accepted: the API reports later how they end\n"

  it("does every row once, and says so", function()
    bulk.seed(server, 3)
    local path = bulk.mailboxes(3)
    local ended = cmr{"reexport", "--from", path, "--set", "google.clientId=c"}
    assert.same({status = 0, out = "", err = "cmr: 3 rows: 3 accepted\n" .. LATER .. run_line()}, ended)
    assert.same({1, 1, 1}, bulk.received(server))
    for _, request in ipairs(server:requests()) do assert.matches('"clientId":"c"', request.body, 1, true) end
    assert.same({"accepted", "accepted", "accepted"}, bulk.states(env.CMR_LEDGER))

    ended = cmr{"reexport", "--from", path, "--set", "google.clientId=c"}
    assert.equal(0, ended.status)
    assert.matches("^cmr: 3 rows were sent before, the last time on %d%d%d%d%-%d%d%-%d%d %d%d:%d%d: not sent again "
      .. "%(%-%-again or %-%-repeat%-after sends them%)\ncmr: 3 rows: 3 accepted %(3 of them before%)\n", ended.err)
    assert.same({1, 1, 1}, bulk.received(server))
  end)

  it("stores the ids of the rows, but not the key or other values", function()
    bulk.seed(server, 1)
    cmr{"reexport", "--from", bulk.mailboxes(1), "--set", "google.clientId=client-4711"}
    local bytes = command.sh("cat " .. env.CMR_LEDGER .. "*")
    assert.is_truthy(bytes:find(bulk.id(1), 1, true))
    for _, secret in ipairs{server.key, "client-4711"} do assert.is_nil(bytes:find(secret, 1, true)) end
  end)

  -- Makes files that have the same three rows in other forms. Returns the files by a description of the form.
  local function same_rows()
    local lines, json, spaced = {}, {}, {}
    for number = 3, 1, -1 do
      lines[#lines + 1] = ("c,%s\n"):format(bulk.id(number))
      json[#json + 1] = ('{"google": {"clientId": "c"}, "mailboxId": "%s"}\n'):format(bulk.id(number))
      spaced[#spaced + 1] = (" %s \194\160,c \r\n"):format(bulk.id(number))
    end
    return {
      ["in another order and with other columns first"] = rows("google.clientId,mailboxId\n" .. table.concat(lines)),
      ["as JSON lines"] = rows(table.concat(json)),
      ["with blanks around the values"] = rows("mailboxId,google.clientId\r\n" .. table.concat(spaced)),
    }
  end

  it("knows a run whatever its file is called and however its rows are written", function()
    bulk.seed(server, 3)
    local path = rows(("mailboxId,google.clientId\n%s,c\n%s,c\n%s,c\n"):format(bulk.id(1), bulk.id(2),
      bulk.id(3)))
    assert.equal(0, cmr{"reexport", "--from", path}.status)
    local copy, link = file_with(read(path)), path .. ".failed"
    command.sh(("ln -s %s %s"):format(path, link))
    local files_of = same_rows()
    files_of["in a copy"], files_of["in a linked file"] = copy, link
    for what, file in pairs(files_of) do
      local ended = cmr{"reexport", "--from", file}
      assert.equal(0, ended.status, what)
      assert.matches("3 rows: 3 accepted (3 of them before)", ended.err, 1, true, what)
    end
    local ended = cmr({"reexport", "--from", "-"}, read(path))
    assert.matches("3 rows: 3 accepted (3 of them before)", ended.err, 1, true)
    assert.same({1, 1, 1}, bulk.received(server))
    assert.is_string(bulk.run(env.CMR_LEDGER)) -- the ledger has only one run
  end)

  it("says that it leaves blanks out", function()
    bulk.seed(server, 1)
    local ended = cmr{"reexport", "--from", rows("mailboxId\n " .. bulk.id(1) .. "\194\160\n")}
    assert.matches("cmr: 1 values had blanks around them, which are left out\n", ended.err, 1, true)
    assert.same({1}, bulk.received(server))
  end)

  it("knows a row that counts against a quota, charges or destroys in another run too, and names that run", function()
    bulk.seed(server, 3)
    assert.equal(0, cmr{"reexport", "--from", rows("mailboxId\n" .. bulk.id(1) .. "\n" .. bulk.id(2) .. "\n")}.status)
    local name = bulk.run(env.CMR_LEDGER)
    local ended = cmr{"reexport", "--from", bulk.mailboxes(3)}
    assert.equal(0, ended.status)
    local first = "cmr: row 1 %%(line 2%%): accepted on %%d+%%-%%d+%%-%%d+ %%d+:%%d+ in run %s\n"
    assert.matches(first:format(name), ended.err)
    assert.matches("3 rows: 3 accepted (2 of them before)", ended.err, 1, true)
    assert.same({1, 1, 1}, bulk.received(server))
    -- letter case makes no difference in an address
    assert.equal(3, cmr{"reexport", "--from", rows "email\nJohn@Doe.com\n"}.status)
    assert.matches("1 failed", cmr{"reexport", "--from", rows "email\njohn@doe.com\n"}.err, 1, true)
    assert.equal(4, sent())
  end)

  it("reports ten rows of other runs that were sent before, and how many more there are", function()
    bulk.seed(server, 12)
    assert.equal(0, cmr{"reexport", "--from", bulk.mailboxes(12)}.status)
    local name = bulk.run(env.CMR_LEDGER)
    local sent_at, ended_at = os.time() - 5 * 86400, os.time() - 3 * 86400
    change("UPDATE request SET sent_at = ?, ended_at = ?", sent_at, ended_at)
    local function dated(format, time) return format .. os.date("%Y-%m-%d %H:%M", time) end
    for state, failed_items in pairs{done = 0, accepted = 0, partial = 1} do
      local stored = state == "partial" and "accepted" or state
      change("UPDATE request SET state = ?, failed_items = ?", stored, failed_items)
      for count = 10, 12 do
        local lines = {"mailboxId"}
        for number = 1, count do lines[#lines + 1] = bulk.id(number) end
        local ended = cmr{"reexport", "--dry-run", "--from", rows(table.concat(lines, "\n") .. "\nNEW\n")}
        local expected = {}
        for number = 1, 10 do
          expected[number] = dated(("cmr: row %d (line %d): %s on "):format(number, number + 1, stored), sent_at)
            .. " in run " .. name
        end
        if count > 10 then expected[11] = ("cmr: and %d more rows"):format(count - 10) end
        expected[#expected + 1] = dated(("cmr: %d rows were sent before, the last time on "):format(count), ended_at)
          .. ": not sent again (--again or --repeat-after sends them)"
        expected[#expected + 1] = ("cmr: %d rows: 1 would be sent, %d %s\n"):format(count + 1, count, state)
        assert.equal(table.concat(expected, "\n"), ended.err)
      end
    end
  end)

  it("reports a row that another command sent before", function()
    assert.equal(0, command.run({"reexport", "--mailbox-id", mock.MAILBOX}, {env = env}).status)
    local ended = cmr{"reexport", "--dry-run", "--from", rows("mailboxId\n" .. mock.MAILBOX .. "\n")}
    assert.matches("^cmr: row 1 %(line 2%): accepted on %d+%-%d+%-%d+ %d+:%d+\ncmr: 1 row was sent before, the last "
      .. "time on %d+%-%d+%-%d+ %d+:%d+: not sent again ", ended.err)
  end)

  it("reports ten invalid rows, and counts the others", function()
    for count = 10, 12 do
      local ended = cmr{"reexport", "--dry-run", "--from", rows("mailboxId,google.appName\n" .. (",A\n"):rep(count))}
      assert.equal(3, ended.status)
      assert.equal(10, select(2, ended.err:gsub("cmr: row %d+ %(line %d+%): reexport: missing ", "")))
      assert.matches(("cmr: %d rows: 0 would be sent, %d invalid\n$"):format(count, count), ended.err)
    end
  end)

  it("says how many rows were sent before when it asks whether to send them again", function()
    server:fault{match = {operation = "renew_domains"}, status = 200, times = 9,
      body = {status = 200, message = "ok", actionId = "ACT_1"}}
    local line = '{"userId":"' .. mock.USER .. '","domains":["%s.com"],"years":1}\n'
    local one, two = rows(line:format "a"), rows(line:format "a" .. line:format "b")
    assert.equal(0, cmr{"renew-domains", "--from", one, "--yes"}.status)
    local time = os.time() - 86400
    change("UPDATE request SET sent_at = ?, ended_at = ?", time, time)
    local refused = "cmr: renew-domains charges money; sent before: 1 of %s, the last time on "
      .. os.date("%Y-%m-%d %H:%M", time) .. ": say --yes"
    for file, count in pairs{[one] = "1 row", [two] = "2 rows"} do
      local ended = cmr{"renew-domains", "--from", file, "--repeat-after", "1h"}
      assert.equal(2, ended.status)
      assert.matches(refused:format(count), ended.err, 1, true)
    end
    assert.matches("^cmr: row 1 [^\n]*\ncmr: 1 row was [^\n]*\ncmr: renew%-domains charges money: say %-%-yes",
      cmr{"renew-domains", "--from", two}.err)
    assert.equal(1, sent())
  end)

  it("says how many rows were sent before when it does not ask, with --yes and with --dry-run", function()
    server:fault{match = {operation = "renew_domains"}, status = 200, times = 9,
      body = {status = 200, message = "ok", actionId = "ACT_1"}}
    local line = '{"userId":"' .. mock.USER .. '","domains":["%s.com"],"years":1}\n'
    local two = line:format "a" .. line:format "b"
    local three = rows(two .. line:format "c")
    local first = cmr{"renew-domains", "--from", rows(two), "--yes"}
    assert.same({0, nil}, {first.status, first.err:find("sent before", 1, true)})
    local time = os.time() - 31 * 86400
    change("UPDATE request SET sent_at = ?, ended_at = ?", time, time)
    local said = "cmr: sent before: 2 of 3 rows, the last time on " .. os.date("%Y-%m-%d %H:%M", time) .. "\n"
    local ended = cmr{"renew-domains", "--from", three, "--dry-run"}
    assert.equal(said .. "cmr: 3 rows: 3 would be sent\n", ended.err)
    ended = cmr{"renew-domains", "--from", three, "--yes"}
    said = said .. "cmr: 3 rows: 3 accepted\n"
    assert.equal(said, ended.err:sub(1, #said))
    assert.is_nil(cmr{"renew-domains", "--from", three, "--yes"}.err:find("cmr: sent before", 1, true))
    assert.equal(5, sent())
  end)

  it("says how many rows use a quota again, but not how many set a state again", function()
    bulk.seed(server, 1)
    local path = bulk.mailboxes(1)
    assert.equal(0, cmr{"reexport", "--from", path}.status)
    assert.matches("^cmr: sent before: 1 of 1 row, the last time on %d", cmr{"reexport", "--from", path, "--again"}.err)
    local line = '{"userId":"%s","mailboxData":[{"mailboxId":"%s","firstName":"A"}]}\n'
    path = rows(line:format(mock.USER, mock.MAILBOX))
    assert.equal(0, cmr{"update-mailboxes", "--from", path}.status)
    assert.is_nil(cmr{"update-mailboxes", "--from", path, "--again"}.err:find("sent before", 1, true))
  end)

  -- Lets the mock accept renewals. Returns a function that runs the command for a row which renews a domain.
  local function renewal()
    server:fault{match = {operation = "renew_domains"}, status = 200, times = 9,
      body = {status = 200, message = "ok", actionId = "ACT_1"}}
    local path = rows('{"userId":"' .. mock.USER .. '","domains":["a.com"],"years":1}\n')
    return function(...) return cmr{"renew-domains", "--from", path, ...} end
  end

  it("charges nothing again after --again was not confirmed, until --again is confirmed", function()
    local renew = renewal()
    assert.equal(2, renew("--again").status)
    assert.equal(0, sent())
    assert.equal(0, renew("--again", "--yes").status) -- the refused command has begun no round that could be unfinished
    assert.equal(2, renew("--again").status)
    assert.matches("1 row: 1 accepted (1 of them before)", renew("--yes").err, 1, true)
    assert.equal(1, sent())
    local ended = renew("--again", "--yes")
    assert.is_nil(ended.err:find("the run has not ended", 1, true))
    assert.equal(2, sent())
    assert.matches("1 row: 1 accepted (1 of them before)", renew("--yes").err, 1, true)
    assert.equal(2, sent())
  end)

  it("sends with --again what other runs sent, also after a command with --again that sent nothing", function()
    bulk.seed(server, 2)
    assert.equal(0, cmr{"reexport", "--from", rows("mailboxId\n" .. bulk.id(1) .. "\n")}.status)
    local path = bulk.mailboxes(2)
    assert.equal(2, cmr{"reexport", "--from", path, "--again", "--results", path}.status)
    local ended = cmr{"reexport", "--from", path, "--again"}
    assert.is_nil(ended.err:find("the run has not ended", 1, true))
    assert.matches("2 rows: 2 accepted\n", ended.err, 1, true)
    assert.same({2, 1}, bulk.received(server))
  end)

  it("sends a row again in another run if it only sets a state, which may have changed since", function()
    local one = rows(('{"userId":"%s","mailboxData":[{"mailboxId":"%s","firstName":"A"}]}\n')
      :format(mock.USER, mock.MAILBOX))
    local two = rows(read(one) .. ('{"userId":"%s","mailboxData":[{"mailboxId":"%s","firstName":"B"}]}\n')
      :format(mock.USER, mock.MAILBOX))
    assert.equal(0, cmr{"update-mailboxes", "--from", one}.status)
    assert.equal(0, cmr{"update-mailboxes", "--from", one}.status)
    assert.equal(1, sent())
    assert.equal(0, cmr{"update-mailboxes", "--from", two}.status)
    assert.equal(3, sent())
  end)

  it("treats a changed row as a new one", function()
    bulk.seed(server, 2)
    assert.equal(0, cmr{"reexport", "--from",
      rows("mailboxId,google.appName\n" .. bulk.id(1) .. ",A\n" .. bulk.id(2) .. ",A\n")}.status)
    assert.equal(0, cmr{"reexport", "--from", rows(
      ('{"google":{"appName":"A"},"mailboxId":"%s"}\n{"mailboxId":"%s","google":{"appName":"B"}}\n')
        :format(bulk.id(2), bulk.id(1)))}.status)
    assert.same({2, 1}, bulk.received(server))
  end)

  describe("sends rows again that are done", function()
    local path

    before_each(function()
      bulk.seed(server, 3)
      path = bulk.mailboxes(3)
      assert.equal(0, cmr{"reexport", "--from", path}.status)
    end)

    it("with --again, once more each time", function()
      assert.equal(0, cmr{"reexport", "--from", path, "--again"}.status)
      assert.same({2, 2, 2}, bulk.received(server))
      assert.equal(0, cmr{"reexport", "--from", path}.status)
      assert.same({2, 2, 2}, bulk.received(server))
      assert.equal(0, cmr{"reexport", "--from", path, "--again"}.status)
      assert.same({3, 3, 3}, bulk.received(server))
    end)

    it("with --again, which changes nothing when the command ends before it sends", function()
      for _, words in ipairs{
        {"--results", path}, {"--results", "/"}, {"--failures", path .. "/file"}, {"--dry-run"},
      } do
        cmr{"reexport", "--from", path, "--again", (table.unpack or unpack)(words)}
        local ended = cmr{"reexport", "--from", path}
        assert.matches("3 rows: 3 accepted (3 of them before)", ended.err, 1, true, words[1])
      end
      assert.same({1, 1, 1}, bulk.received(server))
    end)

    it("with --again, which only finishes a round that was not finished", function()
      server:fault{times = 1, delay = 0.001}
      server:fault{times = 1, status = 402, body = {status = 402, message = "balance"}}
      local ended = cmr{"reexport", "--from", path, "--again", "--concurrency", "1"}
      local goes_on = "cmr: the run has not ended: option '--again' goes on with it, and begins it anew when every row"
        .. " has an end\n"
      assert.is_nil(ended.err:find("the run has not ended", 1, true))
      assert.equal(3, ended.status)
      assert.matches("cmr: stopped: the wallet does not cover the request", ended.err, 1, true)
      assert.same({2, 2, 1}, bulk.received(server))
      assert.is_nil(cmr{"reexport", "--from", path, "--dry-run"}.err:find("the run has not ended", 1, true))
      ended = cmr{"reexport", "--from", path, "--again"}
      assert.equal(0, ended.status)
      assert.matches(goes_on, ended.err, 1, true)
      assert.same({2, 3, 2}, bulk.received(server))
      assert.equal(0, cmr{"reexport", "--from", path, "--again"}.status)
      assert.same({3, 4, 3}, bulk.received(server))
    end)

    it("with --again, but not while the outcome of a row is unknown", function()
      server:fault{times = 1, delay = 0.001}
      server:fault{times = 1, status = 500}
      local ended = cmr{"reexport", "--from", path, "--again", "--concurrency", "1"}
      assert.matches("3 rows: 2 accepted, 1 unknown", ended.err, 1, true)
      ended = cmr{"reexport", "--from", path, "--again"}
      assert.matches("3 rows: 2 accepted (2 of them before), 1 unknown", ended.err, 1, true)
      assert.same({2, 2, 2}, bulk.received(server))
    end)

    it("with --repeat-after, when they were done at least that long ago", function()
      assert.equal(0, cmr{"reexport", "--from", path, "--repeat-after", "7d"}.status)
      assert.same({1, 1, 1}, bulk.received(server))
      local ledger = assert(require("cmr.ledger").open(env.CMR_LEDGER))
      local sql = "UPDATE request SET sent_at = sent_at - ?, ended_at = ended_at - ? WHERE row < 3"
      assert(ledger:connection "durable":run(sql, 8 * 86400, 8 * 86400))
      ledger:close()
      assert.equal(0, cmr{"reexport", "--from", path, "--repeat-after", "7d"}.status)
      assert.same({2, 2, 1}, bulk.received(server))
      assert.equal(0, cmr{"reexport", "--from", path, "--repeat-after", "7d"}.status)
      assert.same({2, 2, 1}, bulk.received(server))
    end)
  end)

  it("writes the failed rows unchanged into a file, with the reason", function()
    bulk.seed(server, 1)
    local path = rows(("mailboxId,google.appName\r\n%s,A\r\nGONE,\"B, \"\"C\"\"\"\r\n,D\r\n"):format(bulk.id(1)))
    local failed = path .. ".failed"
    local ended = cmr{"reexport", "--from", path, "--failures", failed}
    assert.equal(3, ended.status)
    local run = run_line()
    assert.equal(([[
cmr: row 3 (line 4): reexport: missing required argument: 'mailboxId' or 'email'
cmr: 3 rows: 1 accepted, 2 failed
cmr: failed: 1 invalid_argument, 1 not_found
%s%scmr: failures: 2 rows in %s (send them again with --from this file)
]]):format(LATER, run, failed), ended.err)
    local name = bulk.run(env.CMR_LEDGER)
    local given_back = "cmr.kind,cmr.outcome,cmr.message,cmr.run,cmr.row,mailboxId,google.appName\r\n"
      .. "invalid_argument,not_sent,reexport: missing required argument: 'mailboxId' or 'email'," .. name .. ",3,,D\r\n"
      .. "not_found,rejected,reexport: HTTP 404: The requested mailbox does not exist.," .. name
      .. ",2,GONE,\"B, \"\"C\"\"\"\r\n"
    assert.equal(given_back, read(failed))

    -- refused rows are not sent again, but they are still listed
    ended = cmr{"reexport", "--from", path, "--failures", failed}
    assert.matches("3 rows: 1 accepted (1 of them before), 2 failed", ended.err, 1, true)
    assert.equal(2, sent())
    -- a file of failures can be input and output at once, and continues its run
    ended = cmr{"reexport", "--from", failed, "--failures", failed, "--retry-failed"}
    assert.equal(3, ended.status)
    assert.equal(3, sent())
    local lines = select(2, read(failed):gsub("\r\n", ""))
    assert.equal(3, lines)
    assert.matches("^cmr.kind,cmr.outcome,cmr.message,cmr.run,cmr.row,mailboxId,google.appName\r\n", read(failed))
    assert.equal(name, bulk.run(env.CMR_LEDGER))
  end)

  it("writes the failures through a symbolic link, which stays", function()
    local path = rows "mailboxId\nGONE\n"
    files[#files + 1] = path .. ".target"
    local directory, name = path:match "^(.*)/([^/]*)$"
    command.sh(("cd %s && ln -s %s.target %s.failed"):format(directory, name, name))
    assert.equal(3, cmr{"reexport", "--from", path, "--failures", path .. ".failed"}.status)
    assert.equal(path .. ".target", command.sh("readlink -f " .. path .. ".failed"))
    assert.matches("^cmr.kind,.*\nnot_found,", read(path .. ".target"))
    os.remove(path .. ".target")
  end)

  it("writes the failures into a pipe, which stays a pipe, and refuses a directory", function()
    local path, pipe = bulk.mailboxes(2), command.file_with ""
    files[1] = path
    bulk.seed(server, 1)
    command.sh(("rm %s && mkfifo -m 600 %s"):format(pipe, pipe))
    local ended = command.run({"bulk", "reexport", "--from", path, "--failures", pipe},
      {env = env, lead = ("timeout 30 cat %s >%s.read & "):format(pipe, pipe), after = "; wait"})
    assert.equal(3, ended.status, ended.err)
    assert.matches("failures: 1 row in " .. pipe .. "\n", ended.err, 1, true)
    assert.matches("^prw%-%-%-%-%-%-%- ", command.sh("ls -l " .. pipe))
    assert.matches("\n%g*not_found,", read(pipe .. ".read"))
    os.remove(pipe .. ".read")
    ended = cmr{"reexport", "--from", path, "--retry-failed", "--failures", "/"}
    assert.equal(2, ended.status)
    assert.matches("\ncmr: option '%-%-failures': .*directory\n", ended.err)
  end)

  it("counts a row that was done from a failures file as done in its original file", function()
    bulk.seed(server, 2)
    local path = bulk.mailboxes(2)
    local failed = file_with ""
    server:fault{times = 1, status = 429, headers = {["Retry-After"] = "1"}, body = {status = 429, message = "slow"}}
    local ended = cmr{"reexport", "--from", path, "--retries", "0", "--failures", failed, "--concurrency", "1"}
    assert.matches("1 accepted, 1 deferred", ended.err, 1, true)
    local limit = os.time() + 20
    repeat ended = cmr{"reexport", "--from", failed} until ended.status == 0 or os.time() > limit
    assert.matches("1 row: 1 accepted", ended.err, 1, true)
    assert.matches("2 rows: 2 accepted (2 of them before)", cmr{"reexport", "--from", path}.err, 1, true)
    assert.same({2, 1}, bulk.received(server))
  end)

  it("leaves its input file unchanged if the failures should replace it and some rows were not tried", function()
    local path = rows "mailboxId\nGONE\nG1\n"
    files[2] = path .. ".part"
    local words = {"reexport", "--from", path, "--failures", (path:gsub("/([^/]*)$", "/./%1"))}
    local few = {"--concurrency", "1", "--max-failures", "1", (table.unpack or unpack)(words)}
    local ended = cmr(few)
    assert.equal(3, ended.status)
    local stays = ("cmr: %s is unchanged: 1 row neither done nor failed\ncmr: failures: 1 row in %s.part (send them "
      .. "again with --from this file)\n"):format(path, words[5])
    assert.matches(stays, ended.err, 1, true)
    assert.equal("mailboxId\nGONE\nG1\n", read(path))
    assert.matches("rejected,[^\r\n]*,1,GONE\r\n$", read(path .. ".part"))
    assert.matches("^%-rw%-%-%-%-%-%-%- ", command.sh("ls -l " .. path .. ".part"))
    os.remove(path .. ".part")
    assert.equal(3, cmr(words).status)
    assert.equal(3, select(2, read(path):gsub("\r\n", "")))
    local other = path .. ".failed"
    path = rows "mailboxId\nA1\nA2\nA3\n"
    ended = cmr{"reexport", "--from", path, "--failures", other, "--concurrency", "1", "--max-failures", "1"}
    assert.matches(("\ncmr: failures: 1 row in %s (send them"):format(other), ended.err, 1, true)
    assert.is_nil(ended.err:find("is unchanged", 1, true))
    assert.matches(",A1\r\n$", read(other))
    os.remove(other)
  end)

  it("names no file of failures to send again if no row of it can be sent again", function()
    local path = rows(('{"userId":"%s","mailboxData":[{"mailboxId":"%s","firstName":"A"},{"mailboxId":"GONE"}]}\n')
      :format(mock.USER, mock.MAILBOX))
    local ended = cmr{"update-mailboxes", "--from", path, "--failures", path .. ".failed"}
    assert.matches("some items failed", ended.err, 1, true)
    assert.is_nil(ended.err:find("failures:", 1, true))
    server:fault{match = {operation = "reexport"}, status = 500}
    path = rows "mailboxId\nM1\n"
    ended = cmr{"reexport", "--from", path, "--failures", path}
    assert.matches("1 unknown", ended.err, 1, true)
    assert.matches("is unchanged: 1 row neither done nor failed\n", ended.err, 1, true)
    assert.is_nil(ended.err:find("failures:", 1, true))
    assert.equal("mailboxId\nM1\n", read(path))
  end)

  it("says when the failures could not be written", function()
    local path = rows "mailboxId\nGONE\n"
    local failed = path .. ".failed"
    server:fault{match = {operation = "reexport"}, times = 1, delay = 0.5, status = 404,
      body = {status = 404, message = "no"}}
    local shell = "(n=0; until [ -e %s.part ] || [ $n = 500 ]; do sleep 0.02; n=$((n + 1)); done; rm %s.part) &"
    os.execute(shell:format(failed, failed))
    local ended = cmr{"reexport", "--from", path, "--failures", failed}
    assert.equal(3, ended.status)
    assert.matches("\ncmr: the failures could not be written %([^\n]*No such file[^\n]*%)\n$", ended.err)
  end)

  it("names the command and not the operation in the reasons of failures", function()
    local path = rows('{"userId":"' .. mock.USER .. '","mailboxData":[]}\n{"userId":"nobody","mailboxData":'
      .. '[{"mailboxId":"M","firstName":"A"}]}\n')
    local failed, results = path .. ".failed", path .. ".results"
    files[#files + 1] = results
    cmr{"update-mailboxes", "--from", path, "--failures", failed, "--results", results}
    local text = read(failed)
    assert.is_nil(text:find("update_mailboxes", 1, true), text)
    assert.matches('"cmr.message":"update%-mailboxes: HTTP %d+: ', text)
    assert.matches('"message":"update%-mailboxes: HTTP %d+: ', read(results))
    os.remove(results)
  end)

  it("writes the result of a row that names everything with the word all", function()
    local path, results = file_with(("userId,domains,years\n%s,all,1\n"):format(mock.USER)), file_with ""
    local ended = cmr{"renew-domains", "--from", path, "--yes", "--results", results}
    assert.same({0, ""}, {ended.status, ended.out})
    assert.matches('"input":{"domains":"all",', read(results), 1, true)
  end)

  it("adds results to a file that only the user may read", function()
    bulk.seed(server, 2)
    local results = file_with ""
    os.remove(results)
    for number = 1, 2 do
      local path = rows("mailboxId\n" .. bulk.id(number) .. "\n")
      assert.equal(0, cmr{"reexport", "--from", path, "--results", results}.status)
      local text = read(results)
      assert.equal(number, select(2, text:gsub("\n", "")))
      assert.matches(bulk.id(number), text, 1, true)
    end
    assert.matches("^%-rw%-%-%-%-%-%-%- ", command.sh("ls -l " .. results))
  end)

  it("takes the failures of an operation that only reads, and refuses rows of other runs", function()
    local path = rows "userId\nnobody\nnobody2\n"
    local failed = path .. ".failed"
    assert.equal(3, cmr{"platforms", "--from", path, "--failures", failed}.status)
    assert.equal(2, sent())
    local ended = cmr{"platforms", "--from", failed}
    assert.same({3, 4}, {ended.status, sent()}, ended.err)
    assert.equal(3, cmr{"platforms", "--from", failed, "--again"}.status) -- allowed: these rows are of no run
    server:reset{rate = 0}
    for name, message in pairs{
      ["RUN_50%d"] = "RUN_50%%d",
      ["RUN_A\nRUN_B"] = "the rows are of two runs: RUN_A and RUN_B",
    } do
      local lines = {"cmr.run,mailboxId"}
      for one in name:gmatch "[^\n]+" do lines[#lines + 1] = one .. ",M" .. #lines end
      ended = cmr{"reexport", "--from", rows(table.concat(lines, "\n") .. "\n")}
      assert.equal(2, ended.status)
      assert.matches(message, ended.err)
    end
    assert.equal(0, sent())
  end)

  it("reads answers while it skips rows", function()
    bulk.seed(server, 2)
    local path = rows(("mailboxId,google.appName\n%s,A\n%s,A\n"):format(bulk.id(1), bulk.id(2)) .. (",A\n"):rep(30000))
    local ended = cmr{"reexport", "--from", path, "--timeout", "0.5", "--retries", "0"}
    assert.matches("cmr: 30002 rows: 2 accepted, 30000 failed\n", ended.err, 1, true)
  end)

  it("writes the failures of JSON lines as JSON lines", function()
    local path = rows '{ "mailboxId": "GONE", "google": {} }\n{}\n'
    local failed = path .. ".failed"
    for _ = 1, 2 do
      assert.equal(3, cmr{"reexport", "--from", path, "--failures", failed}.status)
      local text = read(failed)
      assert.matches('\n{"cmr.kind":"not_found",.-"cmr.row":%d,"mailboxId": "GONE", "google": {} }\n$', text)
      assert.matches('^{"cmr.kind":"invalid_argument","cmr.outcome":"not_sent",'
        .. '"cmr.message":"[^\n]*","cmr.row":%d}\n', text)
      path = failed
    end
  end)

  it("tries rows again that were never sent, or were refused for a temporary reason", function()
    bulk.seed(server, 4)
    local path = bulk.mailboxes(4)
    files[1] = path
    server:fault{match = {method = "POST"}, times = 1, status = 402, body = {status = 402, message = "balance"}}
    server:fault{status = 429, headers = {["Retry-After"] = "86400"}, body = {status = 429, message = "week"}}
    server:fault{times = 1, status = 500}
    local ended = cmr{"reexport", "--from", path, "--concurrency", "1"}
    assert.equal(3, ended.status)
    assert.matches("cmr: 4 rows: 0 done, 1 deferred, 3 not tried\n", ended.err, 1, true)
    local stopped = "cmr: stopped: the wallet does not cover the request; the same command again goes on\n"
    assert.matches(stopped, ended.err, 1, true)

    ended = cmr{"reexport", "--from", path, "--concurrency", "1"}
    assert.matches("cmr: 4 rows: 2 accepted, 1 unknown, 1 deferred\n", ended.err, 1, true)
    assert.matches("cmr: unknown: row 2: may have been done", ended.err, 1, true)
    assert.matches("cmr: deferred: 1 quota_exceeded: run the same command again from %d%d%d%d%-%d%d%-%d%d ", ended.err)
    assert.equal(5, sent())
    ended = cmr{"reexport", "--from", path}
    assert.matches("cmr: 4 rows: 2 accepted (2 of them before), 1 unknown, 1 deferred\n", ended.err, 1, true)
    assert.equal(5, sent())
    ended = cmr{"reexport", "--from", path, "--retry-unknown"}
    assert.matches("cmr: 4 rows: 3 accepted (2 of them before), 1 deferred\n", ended.err, 1, true)
    assert.equal(3, ended.status)
    assert.equal(6, sent())

    env.CMR_BASE_URL = "http://127.0.0.1:1"
    path = bulk.mailboxes(2)
    files[2] = path
    ended = cmr{"reexport", "--from", path, "--retries", "0"}
    assert.matches("cmr: 2 rows: 0 done, 2 failed\ncmr: failed: 2 network\n", ended.err, 1, true)
    ended = cmr{"reexport", "--from", path, "--retries", "0"}
    assert.matches("cmr: failed: 2 network\n", ended.err, 1, true)
  end)

  it("defers a row for a week at most, however long the API asks to wait, and sends it with --retry-failed", function()
    bulk.seed(server, 1)
    local path = bulk.mailboxes(1)
    for _, seconds in ipairs{("9"):rep(30), ("%d"):format(os.time())} do
      server:fault{match = {operation = "reexport"}, status = 429, headers = {["Retry-After"] = seconds},
        body = {status = 429, message = "week"}}
      local ended = cmr{"reexport", "--from", path, "--retries", "0", "--retry-failed"}
      assert.equal(3, ended.status)
      local from = ended.err:match "\ncmr: deferred: 1 %S+: run the same command again from ([%d: -]+)\n"
      assert.is_true(from <= os.date("%Y-%m-%d %H:%M", os.time() + 7 * 86400 + 60), ended.err)
      local shown = command.run({"history", "--output", "json"}, {env = env})
      assert.matches('"retry_at": "2%d%d%d%-', shown.out, nil, nil, shown.err)
    end
    change "UPDATE request SET retry_at = 1e18" -- as an earlier version recorded it
    assert.matches("run the same command again from 9999-12-31", cmr{"reexport", "--from", path}.err, 1, true)
    assert.equal(0, command.run({"history", "--output", "json"}, {env = env}).status)
    assert.equal(2, sent())
    assert.equal(0, cmr{"reexport", "--from", path, "--retry-failed"}.status)
    assert.same({3}, bulk.received(server))
  end)

  it("stops when the key is refused, or after so many failures", function()
    local path = bulk.mailboxes(30)
    files[1] = path
    local ended = cmr{"reexport", "--from", path, "--max-failures", "3", "--concurrency", "1"}
    assert.equal(3, ended.status)
    assert.matches("cmr: 30 rows: 0 done, 3 failed, 27 not tried\n", ended.err, 1, true)
    assert.matches("cmr: stopped after 3 failures\n", ended.err, 1, true)
    assert.equal(3, sent())
    local kept = env.CMR_API_KEY
    env.CMR_API_KEY = "another"
    ended = cmr{"reexport", "--from", path}
    assert.equal(2, ended.status)
    local refusal = "cmr: the same rows were sent with another key (run %s)\n"
    assert.matches(refusal:format(bulk.run(env.CMR_LEDGER)), ended.err, 1, true)
    assert.equal(3, sent())
    ended = cmr{"reexport", "--from", path, "--other-account", "--concurrency", "1"}
    assert.equal(3, ended.status)
    assert.matches("cmr: 30 rows: 0 done, 1 deferred, 29 not tried\n", ended.err, 1, true)
    assert.matches("cmr: stopped: the API refuses the key\n", ended.err, 1, true)
    assert.equal(4, sent())
    env.CMR_API_KEY = kept
  end)

  it("counts a row whose items were all refused as a failure of --max-failures, and names the items", function()
    local lines = {}
    for number = 1, 9 do
      lines[number] = ('{"userId":"%s","mailboxData":[{"mailboxId":"GONE%d"}]}\n'):format(mock.USER, number)
    end
    local path = rows(table.concat(lines))
    local failed = path .. ".failed"
    local ended = cmr{"update-mailboxes", "--from", path, "--max-failures", "2", "--concurrency", "1", "--failures",
      failed}
    assert.equal(3, ended.status)
    assert.matches("cmr: 9 rows: 0 done, 2 failed, 7 not tried\n", ended.err, 1, true)
    assert.matches("cmr: stopped after 2 failures\n", ended.err, 1, true)
    assert.equal(2, sent())
    assert.matches('"cmr.message":"1 item failed: GONE2 %(%a[^"]+%)"', read(failed))
  end)

  it("counts what an earlier key sent, with --changed-key, and sends nothing if that cannot be read", function()
    bulk.seed(server, 2)
    local path = bulk.mailboxes(2)
    assert.equal(0, cmr{"reexport", "--from", path}.status)
    env.CMR_API_KEY = "another"
    local ended = cmr{"reexport", "--from", path, "--changed-key"}
    assert.same({0, 2}, {ended.status, sent()})
    assert.matches("2 rows: 2 accepted (2 of them before)", ended.err, 1, true)
    env.CMR_API_KEY = "a-third-one"
    for name, words in pairs{change_key = {"--changed-key"}, of_another_key = {}} do
      local program = file_with(([[
        require("cmr.ledger.runs").%s = function() return nil, "the disk is full: 100%%d" end
        os.exit(require("cmr.cli").main(arg))]]):format(name))
      ended = command.run({"bulk", "reexport", "--from", path, words[1]}, {env = env, program = program})
      assert.same({1, 2}, {ended.status, sent()}, ended.err)
      assert.matches("cannot be used: the disk is full: 100%d; nothing was sent\ncmr: set CMR_LEDGER to another file; "
        .. "--no-ledger sends without a record\n", ended.err, 1, true)
    end
  end)

  it("leaves the rows to the earlier key, with --changed-key, until the command sends", function()
    server:fault{match = {operation = "renew_domains"}, status = 200, times = 9,
      body = {status = 200, message = "ok", actionId = "ACT_1"}}
    local line = '{"userId":"' .. mock.USER .. '","domains":["%s.com"],"years":1}\n'
    local one, two = rows(line:format "a"), rows(line:format "a" .. line:format "b")
    local function renew(path, ...) return cmr{"renew-domains", "--from", path, ...} end
    assert.equal(0, renew(one, "--yes").status)
    local name, key = bulk.run(env.CMR_LEDGER), env.CMR_API_KEY
    env.CMR_API_KEY = "another"
    for path, expected in pairs{[one] = "1 row: 0 would be sent, 1 accepted\n",
      [two] = "2 rows: 1 would be sent, 1 accepted\n"} do
      local ended = renew(path, "--changed-key", "--dry-run")
      assert.equal(0, ended.status)
      assert.matches(expected, ended.err, 1, true)
    end
    assert.equal(2, renew(two, "--changed-key").status) -- it is not confirmed
    assert.matches("^cmr: row 1 was sent with another key", renew(two, "--yes").err)
    assert.matches("^cmr: the same rows were sent with another key", renew(one, "--yes").err)
    env.CMR_API_KEY = key
    assert.matches("1 row: 0 would be sent, 1 accepted\n", renew(one, "--dry-run").err, 1, true)
    env.CMR_API_KEY = "another"
    local ended = renew(two, "--changed-key", "--yes")
    assert.matches("2 rows: 2 accepted (1 of them before)", ended.err, 1, true)
    ended = renew(one, "--yes")
    assert.matches("1 row: 1 accepted (1 of them before)", ended.err, 1, true)
    assert.is_nil(ended.err:find(name, 1, true)) -- the run now belongs to the new key
    assert.equal(2, sent())
  end)

  it("refuses what an earlier key sent, also after --other-account was not confirmed", function()
    local renew = renewal()
    assert.equal(0, renew("--yes").status)
    env.CMR_API_KEY = "another"
    assert.equal(2, renew("--other-account").status)
    assert.matches("^cmr: the same rows were sent with another key", renew("--yes").err)
    local ended = renew("--changed-key", "--yes")
    assert.matches("1 row: 1 accepted (1 of them before)", ended.err, 1, true)
    assert.matches("1 row: 1 accepted (1 of them before)", renew("--yes").err, 1, true)
    assert.equal(1, sent())
    assert.matches(bulk.run(env.CMR_LEDGER), ended.err, 1, true)
  end)

  it("counts what several earlier keys sent, with --changed-key", function()
    server:fault{match = {operation = "reexport"}, status = 200, times = 9,
      body = {status = 200, message = "ok", actionId = "ACT_1"}}
    for number = 1, 2 do
      env.CMR_API_KEY = "key-" .. number
      assert.equal(0, cmr{"reexport", "--from", rows("mailboxId\n" .. bulk.id(number) .. "\n")}.status)
    end
    env.CMR_API_KEY = "a-third-one"
    local ended = cmr{"reexport", "--from", bulk.mailboxes(3), "--changed-key"}
    assert.matches("3 rows: 3 accepted (2 of them before)", ended.err, 1, true)
    assert.same({1, 1, 1}, bulk.received(server))
  end)

  it("continues the run of a failures file that an earlier key sent, with --changed-key, under its new name", function()
    bulk.seed(server, 1)
    local path = rows("mailboxId\n" .. bulk.id(1) .. "\nGONE\n")
    local failed = path .. ".failed"
    assert.equal(3, cmr{"reexport", "--from", path, "--failures", failed}.status)
    local name = bulk.run(env.CMR_LEDGER)
    env.CMR_API_KEY = "another"
    local ended = cmr{"reexport", "--from", failed, "--failures", failed, "--changed-key", "--retry-failed"}
    assert.equal(3, ended.status)
    local renamed = bulk.run(env.CMR_LEDGER)
    assert.is_true(renamed ~= name)
    assert.matches("cmr: run: " .. renamed, ended.err, 1, true)
    assert.matches(renamed, read(failed), 1, true)
    assert.equal(3, sent())
  end)

  it("counts what an earlier key sent from another file, with --changed-key", function()
    bulk.seed(server, 3)
    assert.equal(0, cmr{"reexport", "--from", rows("mailboxId\n" .. bulk.id(1) .. "\n")}.status)
    env.CMR_API_KEY = "another"
    local path = bulk.mailboxes(2)
    files[#files + 1] = path
    local ended = cmr{"reexport", "--from", path}
    assert.same({2, 1}, {ended.status, sent()})
    assert.matches("^cmr: row 1 was sent with another key %(run RUN_%x+%)\n", ended.err)
    ended = cmr{"reexport", "--from", path, "--changed-key"}
    assert.matches("1 accepted (1 of them before)", ended.err, 1, true)
    assert.equal(2, sent())
  end)

  it("refuses a row that another key sent since the run stopped, and counts it with --changed-key", function()
    local line = '{"userId":"' .. mock.USER .. '","domains":["%s.com"],"years":1}\n'
    local function renew(path, ...) return cmr{"renew-domains", "--from", path, "--yes", ...} end
    local stopped, other = rows(line:format "a" .. line:format "b"), rows(line:format "b" .. line:format "c")
    server:fault{match = {operation = "renew_domains"}, status = 402, body = {status = 402, message = "wallet"}}
    assert.equal(3, renew(stopped, "--concurrency", "1").status)
    server:fault{match = {operation = "renew_domains"}, status = 200, times = 9,
      body = {status = 200, message = "ok", actionId = "ACT_1"}}
    local key = env.CMR_API_KEY
    env.CMR_API_KEY = "another"
    assert.equal(0, renew(other).status)
    env.CMR_API_KEY = key
    local ended = renew(stopped)
    assert.same({2, 3}, {ended.status, sent()})
    assert.matches("^cmr: row 2 was sent with another key %(run RUN_%x+%)\n", ended.err)
    ended = renew(stopped, "--changed-key")
    assert.same({0, 4}, {ended.status, sent()}, ended.err)
    assert.matches("2 rows: 2 accepted (1 of them before)", ended.err, 1, true)
  end)

  it("sends a failed row again only if no other key has sent it since, also from the failures file", function()
    local line = '{"userId":"' .. mock.USER .. '","domains":["%s.com"],"years":1}\n'
    local function renew(path, ...)
      return cmr{"renew-domains", "--from", path, "--yes", "--concurrency", "1", ...}
    end
    local function answer(status, times)
      server:fault{match = {operation = "renew_domains"}, status = status, times = times,
        body = {status = status, message = "m", actionId = status == 200 and "ACT_1" or nil}}
    end
    local path, other = rows(line:format "a" .. line:format "b"), rows(line:format "b" .. line:format "c")
    answer(200, 1)
    answer(404, 1)
    answer(200, 20)
    assert.equal(3, renew(path, "--failures", path .. ".failed").status)
    local key = env.CMR_API_KEY
    env.CMR_API_KEY = "another"
    assert.equal(0, renew(other).status)
    env.CMR_API_KEY = key
    for _, file in ipairs{path, path .. ".failed"} do
      local ended = renew(file, "--retry-failed")
      assert.same({2, 4}, {ended.status, sent()}, ended.err)
      assert.matches("^cmr: row %d was sent with another key %(run RUN_%x+%)\n", ended.err)
    end
    assert.equal(3, renew(path).status) -- would send nothing
    local ended = renew(path, "--retry-failed", "--changed-key")
    assert.same({0, 4}, {ended.status, sent()}, ended.err)
    assert.matches("2 rows: 2 accepted (2 of them before)", ended.err, 1, true)
    assert.equal(0, renew(path, "--again").status)
    assert.equal(6, sent())
  end)

  it("refuses --again for a file with only some rows of a run", function()
    bulk.seed(server, 2)
    local path = rows("mailboxId\n" .. bulk.id(1) .. "\n" .. bulk.id(2) .. "\nMISSING\n")
    local failures = path .. ".failed"
    assert.equal(3, cmr{"reexport", "--from", path, "--failures", failures}.status)
    local ended = cmr{"reexport", "--from", failures, "--again"}
    assert.equal(2, ended.status)
    assert.matches("option '--again' sends a whole run", ended.err, 1, true)
    assert.equal(3, cmr{"reexport", "--from", path}.status)
    assert.same({1, 1}, bulk.received(server))
  end)

  it("knows the rows of a run after --again, even if the clock was set back", function()
    bulk.seed(server, 2)
    local path = bulk.mailboxes(2)
    files[#files + 1] = path
    assert.equal(0, cmr{"reexport", "--from", path}.status)
    assert.equal(0, cmr{"reexport", "--from", path, "--again"}.status)
    local ledger = assert(require("cmr.ledger").open(env.CMR_LEDGER))
    assert(ledger:connection "durable":run "UPDATE run SET round_at = round_at + 3600")
    ledger:close()
    assert.equal(0, cmr{"reexport", "--from", path}.status)
    assert.same({2, 2}, bulk.received(server))
  end)

  it("tells copies of a row apart while the first one is in flight", function()
    bulk.seed(server, 1)
    local line = bulk.id(1) .. "\n"
    local path = rows("mailboxId\n" .. line .. line .. line)
    server:fault{match = {operation = "reexport"}, times = 3, close = true}
    assert.equal(3, cmr{"reexport", "--from", path, "--duplicates", "--retries", "0"}.status)
    server:fault{match = {operation = "reexport"}, times = 3, delay = 0.3}
    assert.equal(0, cmr{"reexport", "--from", path, "--duplicates", "--retry-unknown"}.status)
    local ended = cmr{"reexport", "--from", path, "--duplicates"}
    assert.matches("3 rows: 3 accepted (3 of them before)", ended.err, 1, true)
    assert.equal(6, sent())
  end)

  it("sends the failed copies of a row from a failures file, each once", function()
    bulk.seed(server, 1)
    local line = bulk.id(1) .. "\n"
    local path = rows("mailboxId\n" .. line .. line .. line)
    local failed = path .. ".failed"
    server:fault{match = {operation = "reexport"}, times = 1, delay = 0.001}
    server:fault{match = {operation = "reexport"}, times = 1, status = 402, body = {status = 402, message = "balance"}}
    local ended = cmr{"reexport", "--from", path, "--duplicates", "--failures", failed, "--concurrency", "1"}
    assert.matches("3 rows: 1 accepted, 1 deferred, 1 not tried", ended.err, 1, true)
    ended = cmr{"reexport", "--from", failed}
    assert.matches("cmr: 1 row: 1 accepted\n", ended.err, 1, true)
    assert.same({3}, bulk.received(server))
    assert.matches("1 row: 1 accepted (1 of them before)", cmr{"reexport", "--from", failed}.err, 1, true)
    ended = cmr{"reexport", "--from", path, "--duplicates"}
    assert.matches("3 rows: 3 accepted (2 of them before)", ended.err, 1, true)
    assert.same({4}, bulk.received(server))
  end)

  it("does not send a row of a failures file that another command has sent since", function()
    bulk.seed(server, 1)
    local path = bulk.mailboxes(1)
    local failed = file_with ""
    server:fault{match = {operation = "reexport"}, times = 1, status = 402, body = {status = 402, message = "balance"}}
    assert.equal(3, cmr{"reexport", "--from", path, "--failures", failed}.status)
    assert.equal(0, command.run({"reexport", "--mailbox-id", bulk.id(1)}, {env = env}).status)
    assert.matches("1 row: 1 accepted (1 of them before)", cmr{"reexport", "--from", failed}.err, 1, true)
    assert.same({2}, bulk.received(server))
  end)

  it("keeps the refused copies of a row in the failures file until --retry-failed sends them", function()
    bulk.seed(server, 1)
    local line = bulk.id(1) .. "\n"
    local path = rows("mailboxId\n" .. line .. line .. line)
    local failed = path .. ".failed"
    server:fault{match = {operation = "reexport"}, times = 1, delay = 0.001}
    server:fault{match = {operation = "reexport"}, times = 3, status = 400, body = {status = 400, message = "no"}}
    local words = {"reexport", "--duplicates", "--concurrency", "1", "--failures", failed, "--from"}
    local function send(file, option)
      words[8], words[9] = file, option
      return cmr(words)
    end
    assert.matches("3 rows: 1 accepted, 2 failed", send(path).err, 1, true)
    local ended = send(failed)
    assert.matches("2 rows: 0 done, 2 failed", ended.err, 1, true)
    assert.equal(3, ended.status)
    assert.matches("2 rows: 1 accepted, 1 failed", send(failed, "--retry-failed").err, 1, true)
    assert.matches("1 row: 1 accepted\n", send(failed, "--retry-failed").err, 1, true)
    assert.same({6}, bulk.received(server))
    assert.matches("3 rows: 3 accepted (3 of them before)", send(path, "--retry-failed").err, 1, true)
    assert.same({6}, bulk.received(server))
  end)

  it("recognizes a row whose list is in another order, also within one file", function()
    bulk.seed(server, 2)
    local line = '{"userId":"%s","credentialId":"A1B2C3D4E5F6G7H8","componentMailboxIds":["%s","%s"]}\n'
    local one, other = line:format(mock.USER, bulk.id(1), bulk.id(2)), line:format(mock.USER, bulk.id(2), bulk.id(1))
    assert.equal(0, cmr{"export-mailboxes", "--from", rows(one)}.status)
    local before = sent()
    local ended = cmr{"export-mailboxes", "--from", rows(other)}
    assert.equal(0, ended.status)
    assert.matches("1 row: 1 accepted (1 of them before)", ended.err, 1, true)
    assert.equal(before, sent())
    ended = cmr{"export-mailboxes", "--from", rows(one .. other)}
    assert.equal(2, ended.status)
    assert.matches("rows 1 and 2 are the same: option '--duplicates' sends both", ended.err, 1, true)
  end)

  it("does not send a row that another process is sending", function()
    bulk.seed(server, 2)
    local path = bulk.mailboxes(2)
    files[#files + 1] = path
    local ledger, entry = assert(require("cmr.ledger").open(env.CMR_LEDGER)), require "cmr.ledger.entry"
    local client = require("cmr").new{api_key = server.key, base_url = server.base_url}
    local digest = require("cmr.ledger.identity").digest{mailboxId = bulk.id(1)}
    local account = entry.account(client:target())
    assert(ledger:begin{account = account, operation = "reexport", digest = digest}) -- the spec plays the other process
    local ended = cmr{"reexport", "--from", path, "--dry-run"}
    assert.matches("2 rows: 1 would be sent, 1 sending\n", ended.err, 1, true)
    ended = cmr{"reexport", "--from", path, "--retry-unknown"}
    assert.equal(3, ended.status)
    assert.matches("2 rows: 1 accepted, 1 sending\n", ended.err, 1, true)
    assert.matches("sending: row 1: another process waits for the answer", ended.err, 1, true)
    assert.is_nil(ended.err:find("unknown", 1, true))
    assert.equal(1, sent())
    ledger:close()
  end)

  it("stops when its ledger is removed", function()
    bulk.seed(server, 3)
    local path = bulk.mailboxes(3)
    files[#files + 1] = path
    local results = file_with ""
    server:fault{match = {operation = "reexport"}, times = 1, delay = 1.5}
    local shell = "(n=0; until [ -s %s-writers ] || [ $n = 500 ]; do sleep 0.02; n=$((n + 1)); done; rm %s) &"
    os.execute(shell:format(env.CMR_LEDGER, env.CMR_LEDGER)) -- removes the ledger as soon as it has the first row
    local ended = cmr{"reexport", "--from", path, "--concurrency", "1", "--results", results}
    assert.equal(1, ended.status)
    assert.matches("was removed or replaced while it was open", ended.err, 1, true)
    assert.equal(1, sent())
  end)

  it("reports an error in the middle of a run, which the next command continues", function()
    bulk.seed(server, 4)
    local path = bulk.mailboxes(4)
    files[1] = path
    local program = file_with [[
      local plan, rows = require "cmr.bulk.plan", 0
      local is_unchanged = plan.is_unchanged
      function plan.is_unchanged(...)
        rows = rows + 1
        if rows == 3 then error "in the middle" end
        return is_unchanged(...)
      end
      os.exit(require("cmr.cli").main(arg))]]
    local ended = command.run({"bulk", "reexport", "--from", path, "--concurrency", "1"},
      {env = env, program = program})
    assert.equal(1, ended.status)
    assert.matches("cmr: 4 rows: 2 accepted, 2 not tried\n", ended.err, 1, true)
    assert.matches("\ncmr: internal error: " .. program:gsub("%p", "%%%0") .. ":%d+: in the middle\n$", ended.err)
    assert.same({1, 1}, bulk.received(server))
    ended = cmr{"reexport", "--from", path}
    assert.same({0, {1, 1, 1, 1}}, {ended.status, (bulk.received(server))})
  end)

  it("opens all files that it needs before it sends, however few it may open", function()
    bulk.seed(server, 3)
    local path = bulk.mailboxes(3)
    files[1] = path
    local refused, ended = 0, nil
    for most = 10, 60 do
      local through = ([[sh -c 'ulimit -n %d; exec "$@"' sh]]):format(most)
      ended = command.run({"bulk", "reexport", "--from", path, "--failures", path .. ".failed", "--retries", "0"},
        {env = env, through = through})
      assert.is_nil(ended.err:find("internal error", 1, true), ended.err)
      if ended.err:find("Too many open files", 1, true) then refused = refused + 1 end
      if ended.status == 0 then break end
      assert.equal(0, sent(), ended.err)
    end
    assert.equal(0, ended.status)
    assert.is_true(refused > 2, refused)
    assert.same({1, 1, 1}, bulk.received(server))
  end)

  it("prints the answers of an operation that only reads, as JSON lines", function()
    local ended = cmr({"platforms", "--from", "-"}, '{"userId":"' .. mock.USER .. '"}\n{"userId":"nobody"}\n')
    assert.same({3, "cmr: 2 rows: 1 done, 1 failed\ncmr: failed: 1 not_found\n"}, {ended.status, ended.err})
    local lines = {}
    for line in ended.out:gmatch "[^\n]+" do lines[#lines + 1] = line end
    table.sort(lines)
    assert.matches('^{"answer":{.*"connected":true.*},"input":{"userId":"' .. mock.USER .. '"},"row":1}$', lines[1])
    assert.matches('^{"error":{.*"kind":"not_found".*"status":404},"input":{"userId":"nobody"},"row":2}$', lines[2])

    local results = file_with "old\n"
    ended = cmr({"platforms", "--from", "-", "--results", results, "--output", "json"}, "userId\n" .. mock.USER .. "\n")
    assert.same({0, ""}, {ended.status, ended.out})
    assert.matches('^{"answer":', read(results))
  end)

  it("ends quietly when nobody reads the answers, and leaves nothing unknown", function()
    bulk.seed(server, 40)
    local path = bulk.mailboxes(40)
    files[1] = path
    local ended = command.run({"bulk", "--rate", "off", "reexport", "--from", path, "--results", "-"},
      {env = env, after = "| head -1"})
    assert.equal(141, ended.status)
    assert.equal(1, select(2, ended.out:gsub("\n", "")))
    for _, state in pairs((bulk.states(env.CMR_LEDGER))) do assert.equal("accepted", state) end
  end)

  it("writes no message into the ledger when both of its outputs are closed", function()
    local path = rows "mailboxId\nGONE\nGONE2\n"
    local ended = command.run({"bulk", "reexport", "--from", path, "--rate", "off"},
      {env = env, through = [[sh -c 'exec "$@" >&- 2>&-' sh]]})
    assert.equal(3, ended.status)
    assert.is_nil(command.sh("cat " .. env.CMR_LEDGER .. "*"):find("cmr: ", 1, true))
    assert.matches("cmr: 2 rows: 0 done, 2 failed\n", cmr{"reexport", "--from", path}.err, 1, true)
  end)

  it("ends early on a ban that names no mailbox, and waits for a short one", function()
    bulk.seed(server, 24)
    server:fault{times = 100, status = 429, headers = {["Retry-After"] = "120"},
      body = {status = 429, message = "slow"}}
    local path = bulk.mailboxes(24)
    local ended = cmr{"reexport", "--from", path}
    assert.equal(3, ended.status)
    assert.matches("cmr: stopped: the API asks to wait for 120 s; the same command again goes on\n", ended.err, 1, true)
    assert.is_true(sent() <= 8, sent())
  end)

  it("checks every row and sends nothing with --dry-run", function()
    env.CMR_API_KEY = nil
    local path = rows "mailboxId,google.appName\nM1,\n,A\nM2,\n"
    local ended = cmr{"reexport", "--from", path, "--dry-run"}
    assert.same({status = 0, out = "", err = "cmr: 2 rows: 2 would be sent\n"},
      cmr{"reexport", "--from", rows "mailboxId\nM1\nM2\n", "--dry-run"})
    assert.equal(3, ended.status)
    assert.matches("cmr: 3 rows: 2 would be sent, 1 invalid\n", ended.err, 1, true)
    assert.equal(0, sent())
  end)

  it("says how a row means all of a list, and takes it in every format", function()
    for _, text in ipairs{'userId,years,domains\nU,1,%s\n', '{"userId":"U","years":1,"domains":%s}\n'} do
      local ended = cmr{"renew-domains", "--from", rows(text:format "[]"), "--dry-run"}
      assert.matches("renew-domains: 'domains' is empty (the word all means all of them)\n", ended.err, 1, true)
      local word = text:find "^{" and '"all"' or "all"
      ended = cmr{"renew-domains", "--from", rows(text:format(word)), "--dry-run"}
      assert.same({status = 0, out = "", err = "cmr: 1 row: 1 would be sent\n"}, ended)
    end
  end)

  it("asks before it charges or destroys", function()
    local path = rows("userId\n" .. mock.USER .. "\n")
    local ended = cmr{"delete-user", "--from", path}
    assert.equal(2, ended.status)
    assert.matches("cmr: delete-user destroys: say --yes", ended.err, 1, true)
    assert.equal(0, sent())
    assert.equal(3, cmr{"delete-user", "--from", path, "--yes"}.status)
    assert.equal(1, sent())
  end)

  it("refuses what is wrong before anything is sent", function()
    local twice = rows "email\nx@d.com\ny@d.com\nx@d.com\n"
    local part, link = twice .. ".part", twice .. ".link"
    command.sh(("cp %s %s; ln -s %s.failed %s"):format(twice, part, twice, link))
    files[#files + 1] = twice .. ".failed" -- so that .failed.part is removed too
    for _, case in ipairs{
      {"rows 1 and 3 are the same: option '--duplicates' sends both", "reexport", "--from", twice},
      {"there is no operation 'reexprt' (did you mean 'reexport'?)", "reexprt", "--from", twice},
      {"missing option '--from'", "reexport"},
      {"option '--from': cannot read /none: No such file or directory", "reexport", "--from", "/none"},
      {"option '--repeat-after' wants a time such as 7d, 12h or 30m, not 'soon'",
        "reexport", "--from", twice, "--repeat-after", "soon"},
      {"option '--concurrency' wants a whole number from 1", "reexport", "--from", twice, "--concurrency", "0"},
      {"option '--concurrency' wants a whole number, not '1.5'", "reexport", "--from", twice, "--concurrency", "1.5"},
      {"option '--max-failures' wants a whole number from 1", "reexport", "--from", twice, "--max-failures", "0"},
      {"option '--remember' wants a time such as 7d, 12h or 30m, not 'x'",
        "reexport", "--from", twice, "--remember", "x"},
      {"option '--repeat-after' wants at most 400d, because the ledger forgets older requests",
        "reexport", "--from", twice, "--repeat-after", "401d"},
      {"option '--remember' wants at most 400d, because the ledger forgets older requests",
        "reexport", "--from", twice, "--remember", "34560001s"},
      {"option '--results' names the input", "reexport", "--from", twice, "--results", twice, "--duplicates"},
      {"options '--results' and '--failures' name the same file", "reexport", "--from", twice, "--duplicates",
        "--results", twice .. ".failed", "--failures", (twice:gsub("/([^/]*)$", "/./%1.failed"))},
      {"options '--results' and '--failures' name the same file", "reexport", "--from", twice, "--duplicates",
        "--results", link, "--failures", twice .. ".failed"},
      {"option '--results' names a file that '--failures' needs", "reexport", "--from", twice, "--duplicates",
        "--results", twice .. ".failed.part", "--failures", twice .. ".failed"},
      {"option '--from' names a file that '--failures' needs", "reexport", "--from", part, "--duplicates",
        "--failures", (part:gsub("%.part$", ""))},
      {"line 2 is not UTF-8: save the input as UTF-8", "reexport", "--from", rows "mailboxId\nJos\233\n"},
      {"option '--set': 'email' is given twice", "reexport", "--from", twice, "--set", "email=a", "--set", "email=b"},
    } do
      local ended = cmr{(table.unpack or unpack)(case, 2)}
      assert.same({status = 2, out = "", err = ("cmr: %s\nTry 'cmr bulk --help'.\n"):format(case[1])}, ended)
    end
    assert.equal(0, sent())
    assert.same({nil, read(twice)}, {io.open(twice .. ".failed"), read(part)})
    os.remove(link)
    assert.matches("3 rows: 0 done, 3 failed", cmr{"reexport", "--from", twice, "--duplicates"}.err)
    assert.equal(3, sent())
  end)

  it("counts equal rows by their number, wherever they are in the file", function()
    bulk.seed(server, 2)
    local a, b = bulk.id(1), bulk.id(2)
    server:fault{times = 1, delay = 0.001}
    server:fault{times = 1, status = 500}
    local ended = cmr{"reexport", "--from", rows(("mailboxId\n%s\n%s\n%s\n"):format(a, a, b)), "--duplicates",
      "--concurrency", "1"}
    assert.matches("3 rows: 2 accepted, 1 unknown", ended.err, 1, true)
    for _, text in ipairs{("mailboxId\n%s\n%s\n%s\n"):format(b, a, a), ("mailboxId\n%s\n%s\n%s\n"):format(a, b, a)} do
      ended = cmr{"reexport", "--from", rows(text), "--duplicates"}
      assert.matches("3 rows: 2 accepted (2 of them before), 1 unknown", ended.err, 1, true)
    end
    -- a file with fewer rows is another run; its rows were accepted before, because the first run accepted one row for
    -- each mailbox
    ended = cmr{"reexport", "--from", rows(("mailboxId\n%s\n%s\n"):format(a, b))}
    assert.matches("2 rows: 2 accepted (2 of them before)", ended.err, 1, true)
    assert.same({2, 1}, bulk.received(server))
    ended = cmr{"reexport", "--from", rows(("mailboxId\n%s\n%s\n%s\n"):format(a, a, b)), "--duplicates",
      "--retry-unknown"}
    assert.matches("3 rows: 3 accepted (2 of them before)", ended.err, 1, true)
    assert.same({3, 1}, bulk.received(server))
  end)

  it("counts a row as accepted when items of it failed and the API has yet to do the others", function()
    local path = rows(('{"userId":"%s","mailboxData":[{"mailboxId":"%s","firstName":"A"},{"mailboxId":"GONE"}]}\n')
      :format(mock.USER, mock.MAILBOX))
    for _, before in ipairs{"", " (1 of them before)"} do
      local ended = cmr{"update-mailboxes", "--from", path}
      assert.equal(3, ended.status)
      assert.matches(("cmr: 1 row: 1 accepted%s\n"):format(before), ended.err, 1, true)
      assert.matches("cmr: some items failed: row 1\ncmr: row 1: 1 item failed: GONE %(%a[^\n]+%)\n",
        ended.err)
    end
    assert.equal(1, sent())
  end)
end)
