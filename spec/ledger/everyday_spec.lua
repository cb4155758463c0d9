-- The ledger's usual troubles: other programs, full disks, torn files, many commands at once.
local bulk = require "spec.support.bulk"
local command = require "spec.support.command"
local core = require "cmr.core"
local ledgers = require "cmr.ledger"
local mock = require "spec.support.mock"

describe("the ledger of the command", function()
  local server, path, env

  before_each(function()
    server = mock.shared("http")
    path = command.ledger()
    env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_LEDGER = path}
  end)

  after_each(command.clean)

  local function cmr(words, options)
    options = options or {}
    options.env = env
    return command.run(words, options)
  end

  local function requests()
    local ledger = assert(ledgers.open(path))
    local list = assert(ledger:find{})
    ledger:close()
    return list
  end

  it("stops commands that change something, and not those that read, when it cannot be opened", function()
    env.CMR_LEDGER = "/proc/cmr/ledger.db"
    local ended = cmr{"reexport", "--mailbox-id", mock.MAILBOX}
    assert.equal(1, ended.status)
    assert.matches("^cmr: the ledger /proc/cmr/ledger.db cannot be opened: [^\n]+; nothing was sent\n"
      .. "cmr: set CMR_LEDGER to another file; %-%-no%-ledger sends without a record\n$", ended.err)
    assert.equal(1, cmr{"bulk", "reexport", "--from", bulk.mailboxes(1)}.status)
    assert.same({}, server:requests())
    assert.equal(0, cmr{"platforms", mock.USER}.status)
    assert.equal(0, cmr{"reexport", "--mailbox-id", mock.MAILBOX, "--no-ledger"}.status)
  end)

  it("does not let a dry run say that rows would be sent, when it cannot look them up", function()
    assert.equal(0, command.run({"bulk", "reexport", "--from", bulk.mailboxes(1), "--dry-run"}, {env = env}).status)
    env.CMR_LEDGER = "/proc/cmr/ledger.db"
    local ended = cmr{"bulk", "reexport", "--from", bulk.mailboxes(1), "--dry-run"}
    assert.equal(1, ended.status)
    assert.is_nil(ended.err:find("would be sent", 1, true))
  end)

  -- Calls a function while another program has the ledger locked.
  local function locked(sql, act)
    local other = assert(require("cmr.sqlite").open(path, 0))
    for _, statement in ipairs(sql) do assert(other:rows(statement)) end
    local ok, message = pcall(act)
    other:close()
    assert(ok, message)
  end

  it("stops commands that change something when another program locks it for 5 s, and says what to do", function()
    bulk.seed(server, 3)
    assert.equal(0, cmr{"reexport", "--mailbox-id", bulk.id(1)}.status)
    local hint = "another program has it locked, 'fuser " .. path .. "' shows which"
    locked({"BEGIN EXCLUSIVE"}, function()
      local one, many = {"reexport", "--mailbox-id", bulk.id(2)}, {"bulk", "reexport", "--from", bulk.mailboxes(3)}
      for _, words in ipairs{one, many} do
        local begun = core.now()
        local ended = cmr(words)
        assert.equal(1, ended.status)
        assert.matches(hint, ended.err, 1, true)
        assert.matches("; nothing was sent\n", ended.err, 1, true)
        assert.matches("set CMR_LEDGER to another file; --no-ledger sends without a record", ended.err, 1, true)
        local took = core.now() - begun
        assert.is_true(took > 4.9 and took < 8, took) -- one wait only, although cmr writes the rate and the quota too
      end
      local ended = cmr{"bulk", "reexport", "--from", bulk.mailboxes(3), "--dry-run"} -- only reads the ledger
      assert.matches("3 rows: 2 would be sent, 1 accepted", ended.err, 1, true)
    end)
    locked({"PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "CREATE TABLE other (a)"}, function()
      local ended = cmr{"bulk", "reexport", "--from", bulk.mailboxes(3), "--dry-run"} -- cannot read the ledger
      assert.same({1, nil}, {ended.status, ended.err:find "would be sent"})
    end)
    assert.equal(1, #server:requests())
    assert.equal(0, cmr{"bulk", "reexport", "--from", bulk.mailboxes(3), "--rate", "off"}.status)
    assert.same({1, 1, 1}, bulk.received(server))
  end)

  it("is not opened by commands that only read; they share only its queue of the rate limit", function()
    local rows = command.file_with("userId\n" .. mock.USER .. "\n")
    for _, words in ipairs{{"platforms", mock.USER}, {"api", "GET", "/users/list"}, {"users", "--all"},
      {"bulk", "platforms", "--from", rows}, {"--no-ledger", "platforms", mock.USER},
      {"reexport", "--mailbox-id", mock.MAILBOX, "--dry-run"}} do
      local is_queued = words[1] ~= "--no-ledger" and words[1] ~= "reexport"
      local ended = cmr(words)
      assert.equal(0, ended.status, ended.err)
      assert.equal("", (ended.err:gsub("cmr: 1 row: [^\n]*\n", "")))
      assert.is_nil((io.open(path)), table.concat(words, " "))
      assert.equal(is_queued, os.remove(path .. "-queue") ~= nil, table.concat(words, " "))
    end
    assert(ledgers.open(path)):close()
    locked({"PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "CREATE TABLE other (a)"}, function()
      local begun = core.now()
      assert.equal(0, cmr{"platforms", mock.USER}.status)
      assert.is_true(core.now() - begun < 4)
    end)
  end)

  -- Starts a process that locks the ledger for some seconds, and waits until the ledger is locked. The process makes
  -- the ledger's file when it is missing.
  local function lock_for(seconds)
    local told = command.file_with ""
    local other = [[
      local db = assert(require("cmr.sqlite").open(arg[1], 0))
      assert(db:run "BEGIN IMMEDIATE")
      local told = assert(io.open(arg[2], "w"))
      told:write "locked"
      told:close()
      os.execute("sleep " .. arg[3])
      assert(db:run "COMMIT")]]
    os.execute(command.lua(command.file_with(other), path, told, tostring(seconds)) .. " &")
    local limit = core.now() + 10
    repeat assert.is_true(core.now() < limit) until command.read(told) == "locked"
  end

  it("works after a lock that ends in time", function()
    bulk.seed(server, 2)
    for number, state in ipairs{"that another process is making", "that exists"} do
      lock_for(1)
      local begun = core.now()
      local ended = cmr{"reexport", "--mailbox-id", bulk.id(number), "--rate", "off"}
      assert.equal(0, ended.status, state .. ": " .. ended.err)
      assert.is_true(core.now() - begun > 0.8, state)
    end
  end)

  it("waits for another program once before requests leave, and each time to record their ends", function()
    local ledger = assert(ledgers.open(path))
    local request = {account = "a", operation = "reexport", digest = "d"}
    local id = assert(ledger:begin(request))
    lock_for(6.5)
    for _, case in ipairs{{4.9, 6}, {0, 0.5}} do
      local begun = core.now()
      local ok, _, reason = ledger:begin(request)
      local took = core.now() - begun
      assert.same({nil, "busy"}, {ok, reason})
      assert.is_true(took >= case[1] and took < case[2], took)
    end
    assert.is_true(ledger:finish(id, {state = "done"}))
    assert.is_number(ledger:begin(request))
    ledger:close()
  end)

  it("loses no answer of a run while another program has it locked for a while", function()
    bulk.seed(server, 40)
    local ledger = assert(ledgers.open(path))
    local err, status = command.file_with "", command.file_with ""
    local text = command.environment(env)
    text[#text + 1] = ("%s 2>%s; echo $? >%s"):format(
      command.lua("bin/cmr", "bulk", "reexport", "--from", bulk.mailboxes(40), "--rate", "30"), err, status)
    os.execute("sh " .. command.file_with(table.concat(text, "\n")) .. " &")
    local limit = core.now() + 20
    repeat assert.is_true(core.now() < limit) until #assert(ledger:find{}) > 5
    ledger:close()
    local other = assert(require("cmr.sqlite").open(path, 5000))
    assert(other:run "BEGIN EXCLUSIVE")
    os.execute "sleep 2" -- the ledger stays locked for this time
    assert(other:run "COMMIT")
    other:close()
    repeat assert.is_true(core.now() < limit) until command.read(status) ~= ""
    assert.equal("0\n", command.read(status), command.read(err))
    for _, request in ipairs(requests()) do assert.equal("accepted", request.state) end
    local times = bulk.received(server)
    for number = 1, 40 do assert.equal(1, times[number]) end
  end)

  -- Calls a function with a directory on a small file system. Returns false if this user may not mount one.
  local function mounted(kilobytes, act)
    local directory = path .. ".mount"
    local quoted = command.quote(directory)
    os.execute("mkdir -m 700 " .. quoted)
    local mount = ("mount -t tmpfs -o size=%dk,mode=700 tmpfs %s 2>/dev/null && echo mounted")
    local is_mounted = command.sh(mount:format(kilobytes, quoted)) == "mounted"
    local ok, message = true, nil
    if is_mounted then
      ok, message = pcall(act, directory)
      command.sh("umount -l " .. quoted)
    end
    command.sh("rmdir " .. quoted)
    assert(ok, message)
    return is_mounted
  end

  it("stops commands that change something in a read-only home, and not those that read", function()
    bulk.seed(server, 3)
    local function refused(words)
      local ended = cmr(words)
      assert.equal(1, ended.status, ended.err)
      assert.matches("the ledger [^\n]*; nothing was sent\n", ended.err)
      assert.matches("set CMR_LEDGER to another file", ended.err, 1, true)
    end
    local function check(home, is_old)
      env.CMR_LEDGER, env.XDG_STATE_HOME, env.HOME = nil, home .. "/state", home
      refused{"bulk", "reexport", "--from", bulk.mailboxes(3)}
      refused{"reexport", "--mailbox-id", bulk.id(3)}
      assert.equal(0, cmr{"platforms", mock.USER}.status)
      local ended = cmr{"bulk", "reexport", "--from", bulk.mailboxes(3), "--dry-run"}
      if is_old then assert.matches("3 rows: 1 would be sent, 2 accepted", ended.err, 1, true) end
      if not is_old then assert.is_nil(ended.err:find("would be sent", 1, true)) end
    end
    local is_mounted = mounted(4096, function(home)
      env.CMR_LEDGER, env.XDG_STATE_HOME = nil, home .. "/state"
      assert.equal(0, cmr{"bulk", "reexport", "--from", bulk.mailboxes(2), "--rate", "off"}.status)
      command.sh("mount -o remount,ro " .. command.quote(home))
      check(home, true)
    end)
    if is_mounted then
      mounted(4096, function(home)
        command.sh("mount -o remount,ro " .. command.quote(home))
        check(home, false)
      end)
      assert.equal(2, select(2, table.concat(bulk.received(server), ","):gsub("1", "")))
    else
      local home = path .. ".home"
      command.sh("mkdir -m 500 " .. command.quote(home))
      check(home, false)
      command.sh("rmdir " .. command.quote(home))
      assert.same({}, bulk.received(server))
    end
  end)

  it("refuses the file of another user, also in a dry run", function()
    if command.sh "id -u" ~= "0" then return pending "only root can give a file away" end
    assert(ledgers.open(path)):close()
    command.sh("chown nobody " .. command.quote(path))
    for _, more in ipairs{"--dry-run", "--yes"} do
      local ended = cmr{"bulk", "reexport", "--from", bulk.mailboxes(1), more}
      assert.equal(1, ended.status)
      assert.matches("it belongs to another user; nothing was sent", ended.err, 1, true)
      assert.is_nil(ended.err:find("would be sent", 1, true))
    end
    assert.same({}, server:requests())
  end)

  -- Runs 200 rows until the ledger has no room. more: options of command.run
  local function fill(more)
    bulk.seed(server, 200)
    local file = bulk.mailboxes(200)
    local words = {"bulk", "reexport", "--from", file, "--rate", "off", "--concurrency", "4"}
    local ended = cmr(words, more)
    assert.is_true(ended.status == 1 or ended.status == 3, ended.err)
    assert.matches("the ledger cannot be written", ended.err, 1, true)
    local times, sent = bulk.received(server), 0
    for number = 1, 200 do
      assert.is_true((times[number] or 0) <= 1)
      sent = sent + (times[number] or 0)
    end
    assert.is_true(sent > 0 and sent < 200, sent)
    return file, times, ended.err
  end

  -- Checks that each row that was sent is in the ledger. Then runs the file again with enough room.
  local function go_on(file, before, summary)
    local recorded, counts = {}, {accepted = 0, unknown = 0}
    for _, request in ipairs(requests()) do recorded[request.row] = request.state end
    for number = 1, 200 do
      local state = recorded[number]
      if before[number] then assert.is_true(state == "accepted" or state == "unknown", state) end
    end
    for _, state in pairs(recorded) do counts[state] = counts[state] + 1 end
    for state, count in pairs(counts) do
      assert.equal(count, tonumber(summary:match("(%d+) " .. state) or 0), state)
    end
    local ended = cmr{"bulk", "reexport", "--from", file, "--rate", "off"}
    assert.is_true(ended.status == 0 or ended.status == 3, ended.err)
    local times = bulk.received(server)
    for number = 1, 200 do assert.equal(1, times[number], number) end
  end

  it("ends a run when the file may not grow, and no unrecorded request leaves", function()
    go_on(fill{lead = "trap '' XFSZ; ulimit -f 700;"}) -- 350 kB in dash
  end)

  it("ends a run when the disk is full, and no unrecorded request leaves", function()
    local is_mounted = mounted(700, function(directory)
      env.CMR_LEDGER = directory .. "/ledger.db"
      local file, times, summary = fill()
      for _, suffix in ipairs{"", "-wal"} do
        command.sh(("cp %s %s"):format(env.CMR_LEDGER .. suffix, path .. suffix))
      end
      env.CMR_LEDGER = path
      go_on(file, times, summary)
    end)
    if not is_mounted then pending "this user may not mount a small file system" end
  end)

  -- Returns the positions in a -wal file at which transactions end. A transaction's last frame, and no other, contains
  -- the size of the database.
  local function commits(wal)
    local function word(index)
      local a, b, c, d = wal:byte(index, index + 3)
      return ((a * 256 + b) * 256 + c) * 256 + d
    end
    local page, ends = word(9), {}
    for frame = 33, #wal - page - 23, page + 24 do
      if word(frame + 4) > 0 then ends[#ends + 1] = frame + page + 23 end
    end
    return ends
  end

  it("knows every row that was sent after a power cut that tore the last write", function()
    bulk.seed(server, 12)
    local file = bulk.mailboxes(12)
    local seed = tonumber(os.getenv "SEED") or os.time()
    math.randomseed(seed)
    local told = ("SEED=%d"):format(seed)
    assert.equal(0, cmr{"bulk", "reexport", "--from", file, "--rate", "off"}.status)
    local base, wal = command.read(path), command.read(path .. "-wal")
    local copy, ends = command.ledger(), commits(wal)
    assert.is_true(#ends > 24, #ends)
    env.CMR_LEDGER = copy
    for _ = 1, 6 do
      -- The -wal file is whole up to the end of a transaction. After that it has the first bytes of the next
      -- transaction, or as many bytes of garbage.
      local last = math.random(#ends - 20, #ends - 1)
      local torn = wal:sub(ends[last] + 1, math.random(ends[last] + 1, ends[last + 1] - 1))
      if math.random(2) == 1 then torn = ("\255"):rep(#torn) end
      for suffix, bytes in pairs{[""] = base, ["-wal"] = wal:sub(1, ends[last]) .. torn} do
        local out = assert(io.open(copy .. suffix, "wb"))
        out:write(bytes)
        out:close()
      end
      for _, suffix in ipairs{"-shm", "-writers"} do os.remove(copy .. suffix) end
      command.sh("chmod 600 " .. copy)
      local ledger = assert(ledgers.open(copy))
      local known = {}
      for _, request in ipairs(assert(ledger:find{})) do known[request.row] = request.state end
      ledger:close()
      local before = bulk.received(server)
      local ended = cmr{"bulk", "reexport", "--from", file, "--rate", "off"}
      assert.is_true(ended.status == 0 or ended.status == 3, told)
      local after = bulk.received(server)
      for number = 1, 12 do
        -- The run sends exactly the rows that are not in the ledger. Here, the server has received these rows already.
        -- After a real power cut it has not, because a request leaves only after the ledger has it on the disk.
        assert.equal(before[number] + (known[number] and 0 or 1), after[number], told)
      end
    end
  end)

  it("refuses a damaged file with a message", function()
    for _, damage in ipairs{
      "printf garbage >%s",
      "dd if=/dev/urandom of=%s bs=4096 seek=1 count=40 conv=notrunc 2>/dev/null",
    } do
      bulk.seed(server, 1)
      for _, suffix in ipairs{"", "-wal", "-shm", "-writers"} do os.remove(path .. suffix) end
      assert.equal(0, cmr{"bulk", "reexport", "--from", bulk.mailboxes(1), "--rate", "off"}.status)
      local before = #server:requests()
      for _, suffix in ipairs{"-wal", "-shm"} do os.remove(path .. suffix) end
      command.sh(damage:format(path))
      for _, words in ipairs{{"--dry-run"}, {"--rate", "off"}} do
        local ended = cmr{"bulk", "reexport", "--from", bulk.mailboxes(2), (table.unpack or unpack)(words)}
        assert.equal(1, ended.status, ended.err)
        assert.matches("^cmr: the ledger [^\n]+ cannot be %l+: [^\n]+\n", ended.err)
      end
      assert.equal(before, #server:requests())
    end
  end)

  it("has all that was written, or is refused with a message, when its files were cut", function()
    bulk.seed(server, 20)
    local file = bulk.mailboxes(20)
    assert.equal(0, cmr{"bulk", "reexport", "--from", file, "--rate", "off"}.status)
    local seed = tonumber(os.getenv "SEED") or os.time()
    math.randomseed(seed)
    local told = ("SEED=%d"):format(seed)
    local copy, refused = command.ledger(), 0
    for cut = 1, 40 do
      for _, suffix in ipairs{"", "-wal", "-writers"} do
        local bytes = command.read(path .. suffix)
        if suffix == (cut % 3 == 0 and "" or "-wal") then bytes = bytes:sub(1, math.random(0, #bytes)) end
        local out = assert(io.open(copy .. suffix, "wb"))
        out:write(bytes)
        out:close()
      end
      os.remove(copy .. "-shm")
      command.sh("chmod 600 " .. copy)
      local ledger, message = ledgers.open(copy)
      local found
      if ledger then
        found, message = ledger:find{}
        ledger:close()
      end
      if not found then
        assert.is_string(message)
        refused = refused + 1
      else
        assert.equal(20, #found, told)
        for _, request in ipairs(found) do
          assert.is_true(request.state == "accepted" or request.state == "unknown", told)
        end
      end
    end
    assert.is_true(refused > 0, told)
  end)

  it("is refused when its newest requests are missing, and says how to go on", function()
    bulk.seed(server, 3)
    local file = bulk.mailboxes(3)
    assert.equal(0, cmr{"bulk", "reexport", "--from", bulk.mailboxes(2), "--rate", "off"}.status)
    local old = command.file_with(command.read(path)) -- the run has written everything into this file
    assert.equal(0, cmr{"reexport", "--mailbox-id", bulk.id(3)}.status)
    command.sh(("cp %s %s"):format(old, path))
    for _, suffix in ipairs{"-wal", "-shm"} do os.remove(path .. suffix) end
    for _, more in ipairs{"--dry-run", "--yes"} do
      local ended = cmr{"bulk", "reexport", "--from", file, more}
      assert.equal(1, ended.status)
      assert.matches("its newest requests are missing (2 of 3 are there): it is damaged, or an old copy. "
        .. "To go on without them, remove " .. path .. "-writers; nothing was sent", ended.err, 1, true)
    end
    assert.equal(3, #server:requests())
    os.remove(path .. "-writers")
    assert.matches("3 rows: 1 would be sent, 2 accepted", cmr{"bulk", "reexport", "--from", file, "--dry-run"}.err,
      1, true)
  end)

  it("lets two runs with some of the same rows run at once, and sends no row twice", function()
    bulk.seed(server, 90)
    local files = {}
    for index, first in ipairs{1, 31} do
      local lines = {"mailboxId\n"}
      for number = first, first + 59 do lines[#lines + 1] = bulk.id(number) .. "\n" end
      files[index] = command.file_with(table.concat(lines))
    end
    local text = {}
    for _, line in ipairs(command.environment(env)) do text[#text + 1] = line end
    for _, file in ipairs(files) do
      text[#text + 1] = command.lua("bin/cmr", "bulk", "reexport", "--from", file, "--rate", "off") .. " 2>/dev/null &"
    end
    text[#text + 1] = "wait"
    os.execute("sh " .. command.file_with(table.concat(text, "\n")))
    for _, file in ipairs(files) do cmr{"bulk", "reexport", "--from", file, "--rate", "off"} end
    local times = bulk.received(server)
    for number = 1, 90 do assert.equal(1, times[number], number) end
  end)

  it("paces commands that are started at once, so that the API's limit refuses none", function()
    bulk.seed(server, 60)
    server:reset{rate = 5} -- a bucket, because on a busy machine the commands arrive later than their slots
    bulk.seed(server, 60)
    -- 24 commands that read, and 36 that change something
    local reads = command.lua("bin/cmr", "platforms", mock.USER, "--retries", "0", "--field", "status")
    local acts = command.lua("bin/cmr", "reexport", "--retries", "0", "--field", "status", "--mailbox-id") .. " $1"
    local each = command.file_with(("case $1 in R*) %s;; *) %s;; esac"):format(reads, acts))
    local names = {}
    for number = 1, 36 do
      names[#names + 1] = bulk.id(number)
      if number <= 24 then names[#names + 1] = "R" end
    end
    local text = command.environment(env)
    local said = command.file_with ""
    text[#text + 1] = ("xargs -P 6 -I @ sh %s @ <%s >%s 2>&1"):format(each,
      command.file_with(table.concat(names, "\n") .. "\n"), said)
    local begun = core.now()
    os.execute("sh " .. command.file_with(table.concat(text, "\n")))
    assert.equal(("200\n"):rep(60), command.read(said))
    assert.is_true(core.now() - begun > 59 / 4 - 0.5)
    assert.equal(60, #server:requests())
  end)

  it("does not count the re-export of a command that was killed while it waited", function()
    local ledger = assert(ledgers.open(path))
    local client = require("cmr").new{api_key = server.key, base_url = server.base_url, ledger = ledger}
    ledger:limiter():pause(client:key_id(), 30)
    local text = command.environment(env)
    for _ = 1, 3 do
      text[#text + 1] = "timeout -s KILL 1 " .. command.lua("bin/cmr", "reexport", "--mailbox-id", mock.MAILBOX) .. " &"
    end
    text[#text + 1] = "wait"
    os.execute("sh " .. command.file_with(table.concat(text, "\n")) .. " >/dev/null 2>&1")
    assert.same({}, ledger:find{})
    assert.equal(1, (ledger:store():count(("quota:%s:%s"):format(client:key_id(), mock.MAILBOX), 3, 60)))
    ledger:close()
  end)

  it("has results and failures that only their user can read", function()
    local results, failures = path .. ".results", path .. ".failures"
    local file = command.file_with "mailboxId,google.clientId\nGONE,c\n"
    local ended = cmr{"bulk", "reexport", "--from", file, "--rate", "off", "--results", results, "--failures", failures}
    assert.equal(3, ended.status)
    assert.equal("600\n600", command.sh(("stat -c %%a %s %s"):format(results, failures)))
    assert.matches('"input":{"google":{"clientId":"c"},"mailboxId":"GONE"}', command.read(results), 1, true)
    os.remove(results)
    os.remove(failures)
  end)
end)
