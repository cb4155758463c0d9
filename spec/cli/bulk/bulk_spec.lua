-- cmr bulk against the mock: what is sent, what is said, and what a second run does.
local bulk = require "spec.support.bulk"
local command = require "spec.support.command"
local mock = require "spec.support.mock"

local file_with, read = command.file_with, command.read

describe("cmr bulk", function()
  local server, env, files

  before_each(function()
    server, files = mock.shared("http"), {}
    env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}
  end)

  after_each(function()
    for _, path in ipairs(files) do
      for _, ending in ipairs{".reexport.journal", ".delete_user.journal", ".failed"} do os.remove(path .. ending) end
    end
    command.clean()
  end)

  -- A file of rows, whose journal goes with it.
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

  it("does every row once, and says so", function()
    bulk.seed(server, 3)
    local path = bulk.mailboxes(3)
    files[1] = path
    local journal = path .. ".reexport.journal"
    local ended = cmr{"reexport", "--from", path, "--set", "google.clientId=c"}
    assert.same({status = 0, out = "", err = ("cmr: 3 rows: 3 done\ncmr: journal: %s\n"):format(journal)}, ended)
    assert.same({1, 1, 1}, bulk.received(server))
    for _, request in ipairs(server:requests()) do assert.matches('"clientId":"c"', request.body, 1, true) end
    assert.same({"done", "done", "done"}, bulk.journal(journal))

    ended = cmr{"reexport", "--from", path, "--set", "google.clientId=c"}
    assert.equal(0, ended.status)
    assert.equal(("cmr: 3 rows: 3 done (3 of them before)\ncmr: journal: %s\n"):format(journal), ended.err)
    assert.same({1, 1, 1}, bulk.received(server))
    assert.is_nil((read(journal) .. ended.err):find(server.key, 1, true))
  end)

  it("knows rows by their content: where they stand does not matter, what was changed is new", function()
    bulk.seed(server, 3)
    local first = rows("mailboxId,google.appName\n" .. bulk.id(1) .. ",A\n" .. bulk.id(2) .. ",A\n")
    local journal = file_with ""
    assert.equal(0, cmr{"reexport", "--from", first, "--journal", journal}.status)
    local second = rows(('{"google":{"appName":"A"},"mailboxId":"%s"}\n{"mailboxId":"%s","google":{"appName":"B"}}\n')
      :format(bulk.id(2), bulk.id(1)))
    assert.equal(0, cmr{"reexport", "--from", second, "--journal", journal}.status)
    assert.same({2, 1}, bulk.received(server))
  end)

  it("gives the rows that failed back as they were, with the reason", function()
    bulk.seed(server, 1)
    local path = rows(("mailboxId,google.appName\r\n%s,A\r\nGONE,\"B, \"\"C\"\"\"\r\n,\r\n"):format(bulk.id(1)))
    local failed, journal = path .. ".failed", path .. ".reexport.journal"
    local ended = cmr{"reexport", "--from", path, "--failures", failed}
    assert.equal(3, ended.status)
    assert.equal(([[
cmr: row 3 (line 4): reexport: missing required argument: 'mailboxId' or 'email'
cmr: 3 rows: 1 done, 2 failed
cmr: failed: 1 invalid_argument, 1 not_found
cmr: journal: %s
cmr: failures: %s (send them again with --from this file --journal %s)
]]):format(journal, failed, journal), ended.err)
    local given_back = "cmr.kind,cmr.outcome,cmr.message,cmr.row,mailboxId,google.appName\r\n"
      .. "invalid_argument,not_sent,reexport: missing required argument: 'mailboxId' or 'email',3,,\r\n"
      .. "not_found,rejected,reexport: HTTP 404: The requested mailbox does not exist.,2,GONE,\"B, \"\"C\"\"\"\r\n"
    assert.equal(given_back, read(failed))

    -- refused rows are left alone, and listed all the same
    ended = cmr{"reexport", "--from", path, "--failures", failed}
    assert.matches("3 rows: 1 done (1 of them before), 2 failed", ended.err, 1, true)
    assert.equal(2, sent())
    -- fed back over itself
    ended = cmr{"reexport", "--from", failed, "--failures", failed, "--journal", journal, "--retry-failed"}
    assert.equal(3, ended.status)
    assert.equal(3, sent())
    local lines = select(2, read(failed):gsub("\r\n", ""))
    assert.equal(3, lines)
    assert.matches("^cmr.kind,cmr.outcome,cmr.message,cmr.row,mailboxId,google.appName\r\n", read(failed))
  end)

  it("keeps the rows it did not come to when their own file is to hold the failures", function()
    local path, journal = rows "mailboxId\nGONE\nG1\nG2\n", file_with ""
    files[2] = path .. ".part"
    local words = {"reexport", "--from", path, "--failures", path:gsub("/([^/]*)$", "/./%1"), "--journal", journal}
    local few = {"--concurrency", "1", "--max-failures", "1", (table.unpack or unpack)(words)}
    local ended = cmr(few)
    assert.equal(3, ended.status)
    local stays = ("cmr: %s is unchanged: 2 rows neither done nor failed\n"):format(path)
    assert.matches(stays, ended.err, 1, true)
    assert.equal("mailboxId\nGONE\nG1\nG2\n", read(path))
    assert.matches("rejected,[^\r\n]*,1,GONE\r\n$", read(path .. ".part"))
    assert.matches("^%-rw%-%-%-%-%-%-%- ", command.sh("ls -l " .. path .. ".part"))
    os.remove(path .. ".part")
    assert.equal(3, cmr(words).status)
    assert.equal(4, select(2, read(path):gsub("\r\n", "")))
  end)

  it("hears the answers while it passes rows that are left alone", function()
    bulk.seed(server, 2)
    local path = rows(("mailboxId,google.appName\n%s,A\n%s,A\n"):format(bulk.id(1), bulk.id(2)) .. (",A\n"):rep(30000))
    local ended = cmr{"reexport", "--from", path, "--no-journal", "--timeout", "0.5", "--retries", "0"}
    assert.matches("cmr: 30002 rows: 2 done, 30000 failed\n", ended.err, 1, true)
  end)

  it("gives JSON lines back as JSON lines", function()
    local path = rows '{ "mailboxId": "GONE", "google": {} }\n{}\n'
    local failed = path .. ".failed"
    for _ = 1, 2 do
      assert.equal(3, cmr{"reexport", "--from", path, "--failures", failed, "--no-journal"}.status)
      local text = read(failed)
      assert.matches('\n{"cmr.kind":"not_found",.-"cmr.row":%d,"mailboxId": "GONE", "google": {} }\n$', text)
      assert.matches('^{"cmr.kind":"invalid_argument","cmr.outcome":"not_sent",'
        .. '"cmr.message":"[^\n]*","cmr.row":%d}\n', text)
      path = failed
    end
  end)

  it("tries again what was never sent, or was refused for what passes", function()
    bulk.seed(server, 4)
    local path = bulk.mailboxes(4)
    files[1] = path
    server:fault{match = {method = "POST"}, times = 1, status = 402, body = {status = 402, message = "balance"}}
    server:fault{status = 429, headers = {["Retry-After"] = "86400"}, body = {status = 429, message = "week"}}
    server:fault{times = 1, status = 500}
    local ended = cmr{"reexport", "--from", path, "--concurrency", "1"}
    assert.equal(3, ended.status)
    assert.matches("cmr: 4 rows: 1 done, 1 unknown, 2 deferred\n", ended.err, 1, true)
    assert.matches("cmr: unknown: row 3: may have been done", ended.err, 1, true)
    assert.matches("cmr: deferred: 1 payment_required, 1 quota_exceeded: "
      .. "run the same command again from %d%d%d%d%-%d%d%-%d%d ", ended.err)

    ended = cmr{"reexport", "--from", path}
    assert.matches("cmr: 4 rows: 2 done (1 of them before), 1 unknown, 1 deferred\n", ended.err, 1, true)
    assert.equal(5, sent())
    ended = cmr{"reexport", "--from", path, "--retry-unknown"}
    assert.matches("cmr: 4 rows: 3 done (2 of them before), 1 deferred\n", ended.err, 1, true)
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

  it("stops when the key is refused, or after so many failures", function()
    local path = bulk.mailboxes(30)
    files[1] = path
    local ended = cmr{"reexport", "--from", path, "--max-failures", "3", "--concurrency", "1"}
    assert.equal(3, ended.status)
    assert.matches("cmr: 30 rows: 0 done, 3 failed, 27 not tried\n", ended.err, 1, true)
    assert.matches("cmr: stopped after 3 failures\n", ended.err, 1, true)
    assert.equal(3, sent())
    env.CMR_API_KEY = "another"
    ended = cmr{"reexport", "--from", path, "--no-journal", "--concurrency", "1"}
    assert.equal(3, ended.status)
    assert.matches("cmr: 30 rows: 0 done, 1 deferred, 29 not tried\n", ended.err, 1, true)
    assert.matches("cmr: stopped: the API refuses the key\n", ended.err, 1, true)
    assert.equal(4, sent())
  end)

  it("prints the answers of what only reads, as JSON lines", function()
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
    local events = bulk.journal(path .. ".reexport.journal")
    for _, event in pairs(events) do assert.equal("done", event) end
  end)

  it("says nothing into the journal when there is nowhere to say it", function()
    local path = rows "mailboxId\nGONE\nGONE2\n"
    local journal = path .. ".reexport.journal"
    local ended = command.run({"bulk", "reexport", "--from", path, "--rate", "off"},
      {env = env, through = [[sh -c 'exec "$@" >&- 2>&-' sh]]})
    assert.equal(3, ended.status)
    assert.is_nil(("\n" .. read(journal)):find "\n[^{]")
    assert.matches("cmr: 2 rows: 0 done, 2 failed\n", cmr{"reexport", "--from", path}.err, 1, true)
  end)

  it("checks every row and sends nothing with --dry-run", function()
    env.CMR_API_KEY = nil
    local path = rows "mailboxId\nM1\n\"\"\nM2\n"
    local ended = cmr{"reexport", "--from", path, "--dry-run"}
    assert.same({status = 0, out = "", err = "cmr: 2 rows: 2 would be sent\n"},
      cmr{"reexport", "--from", rows "mailboxId\nM1\nM2\n", "--dry-run"})
    assert.equal(3, ended.status)
    assert.matches("cmr: 3 rows: 2 would be sent, 1 invalid\n", ended.err, 1, true)
    assert.is_nil(io.open(path .. ".reexport.journal"))
    assert.equal(0, sent())
  end)

  it("asks before what charges or destroys", function()
    local path = rows("userId\n" .. mock.USER .. "\n")
    local ended = cmr{"delete-user", "--from", path}
    assert.equal(2, ended.status)
    assert.matches("cmr: delete-user destroys: say --yes", ended.err, 1, true)
    assert.equal(0, sent())
    assert.equal(3, cmr{"delete-user", "--from", path, "--yes"}.status)
    assert.equal(1, sent())
  end)

  it("refuses what is wrong before anything is sent", function()
    local kept = file_with ""
    local twice = rows "email\nx@d.com\ny@d.com\nx@d.com\n"
    for _, case in ipairs{
      {"rows 1 and 3 are the same: option '--duplicates' sends both", "reexport", "--from", twice},
      {"there is no operation 'reexprt' (did you mean 'reexport'?)", "reexprt", "--from", twice},
      {"missing option '--from'", "reexport"},
      {"option '--from': cannot read /none: No such file or directory", "reexport", "--from", "/none"},
      {"rows from standard input need option '--journal', or '--no-journal'", "reexport", "--from", "-"},
      {"option '--journal' or option '--no-journal', not both",
        "reexport", "--from", "x", "--journal", "x", "--no-journal"},
      {"option '--concurrency' wants a whole number from 1", "reexport", "--from", twice, "--concurrency", "0"},
      {"option '--results' names the input", "reexport", "--from", twice, "--results", twice, "--duplicates"},
      {"option '--failures' names the journal",
        "reexport", "--from", twice, "--journal", kept, "--failures", kept, "--duplicates"},
      {"line 2 is not UTF-8: save the input as UTF-8", "reexport", "--from", rows "mailboxId\nJos\233\n"},
      {"option '--set': 'email' is given twice", "reexport", "--from", twice, "--set", "email=a", "--set", "email=b"},
      {("%s is not a journal of cmr bulk"):format(twice), "reexport", "--from", twice, "--journal", twice},
    } do
      local ended = cmr{(table.unpack or unpack)(case, 2)}
      assert.same({status = 2, out = "", err = ("cmr: %s\nTry 'cmr bulk --help'.\n"):format(case[1])}, ended)
    end
    assert.equal(0, sent())
    assert.matches("3 rows: 0 done, 3 failed", cmr{"reexport", "--from", twice, "--duplicates"}.err)
    assert.equal(3, sent())
  end)

  it("counts a row as done in part when items of it failed", function()
    local path = rows(('{"userId":"%s","mailboxData":[{"mailboxId":"%s","firstName":"A"},{"mailboxId":"GONE"}]}\n')
      :format(mock.USER, mock.MAILBOX))
    local journal = file_with ""
    for _, before in ipairs{"", " (1 of them before)"} do
      local ended = cmr{"update-mailboxes", "--from", path, "--journal", journal}
      assert.equal(3, ended.status)
      assert.matches(("cmr: 1 row: 1 done%s\n"):format(before), ended.err, 1, true)
      assert.matches("cmr: done in part, some items failed: row 1\n", ended.err, 1, true)
    end
    assert.equal(1, sent())
  end)
end)
