-- The ledger in everyday trouble: other programs, full disks, torn files, many commands at once.
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

  it("stops what acts, and not what reads, when it cannot be opened", function()
    env.CMR_LEDGER = "/proc/cmr/ledger.db"
    local ended = cmr{"reexport", "--mailbox-id", mock.MAILBOX}
    assert.equal(1, ended.status)
    assert.matches("^cmr: the ledger /proc/cmr/ledger.db cannot be opened: [^\n]+; nothing was sent\n"
      .. "cmr: CMR_LEDGER names another file; %-%-no%-ledger sends without remembering it\n$", ended.err)
    assert.equal(1, cmr{"bulk", "reexport", "--from", bulk.mailboxes(1)}.status)
    assert.same({}, server:requests())
    assert.equal(0, cmr{"platforms", mock.USER}.status)
    assert.equal(0, cmr{"reexport", "--mailbox-id", mock.MAILBOX, "--no-ledger"}.status)
  end)

  it("does not say in a dry run that a row would be sent which it cannot look up", function()
    assert.equal(0, command.run({"bulk", "reexport", "--from", bulk.mailboxes(1), "--dry-run"}, {env = env}).status)
    env.CMR_LEDGER = "/proc/cmr/ledger.db"
    local ended = cmr{"bulk", "reexport", "--from", bulk.mailboxes(1), "--dry-run"}
    assert.equal(1, ended.status)
    assert.is_nil(ended.err:find("would be sent", 1, true))
  end)

  it("stops what acts while another program has it locked", function()
    local other = assert(require("cmr.sqlite").open(path, 0))
    assert(other:rows "PRAGMA journal_mode = WAL")
    other:close()
    assert(ledgers.open(path)):close() -- it is complete
    other = assert(require("cmr.sqlite").open(path, 0))
    assert(other:run "BEGIN IMMEDIATE")
    local ended = cmr{"reexport", "--mailbox-id", mock.MAILBOX, "--rate", "off"}
    assert.equal(1, ended.status)
    assert.matches("the ledger cannot be written (database is locked); nothing was sent\n", ended.err, 1, true)
    assert.matches("cmr: hint: CMR_LEDGER names another file; --no-ledger sends", ended.err, 1, true)
    assert.same({}, server:requests())
    assert(other:run "COMMIT")
    other:close()
    assert.equal(0, cmr{"reexport", "--mailbox-id", mock.MAILBOX}.status)
  end)

  it("ends a run when the disk is full; nothing leaves unrecorded", function()
    bulk.seed(server, 200)
    local ended = cmr({"bulk", "reexport", "--from", bulk.mailboxes(200), "--rate", "off", "--concurrency", "4"},
      {lead = "trap '' XFSZ; ulimit -f 700;"}) -- 350 kB in dash
    assert.is_true(ended.status == 1 or ended.status == 3, ended.err)
    assert.matches("the ledger cannot be written", ended.err, 1, true)
    local times, sent = bulk.received(server), 0
    for number = 1, 200 do
      assert.is_true((times[number] or 0) <= 1)
      sent = sent + (times[number] or 0)
    end
    assert.is_true(sent > 0 and sent < 200, sent)
    local recorded = {}
    for _, request in ipairs(requests()) do recorded[request.row] = request.state end
    for number = 1, 200 do
      if times[number] then assert.is_string(recorded[number]) end
    end
    -- with room again the run goes on, and sends no row twice
    cmr{"bulk", "reexport", "--from", bulk.mailboxes(200), "--rate", "off"}
    times = bulk.received(server)
    for number = 1, 200 do assert.is_true((times[number] or 0) <= 1, number) end
  end)

  it("opens with what was written, or not at all, when its files were torn", function()
    bulk.seed(server, 20)
    assert.equal(0, cmr{"bulk", "reexport", "--from", bulk.mailboxes(20), "--rate", "off"}.status)
    local seed = tonumber(os.getenv "SEED") or os.time()
    math.randomseed(seed)
    local copy = command.ledger()
    for cut = 1, 30 do
      for _, suffix in ipairs{"", "-wal"} do
        local bytes = command.read(path .. suffix)
        if (suffix == "") == (cut % 3 == 0) then bytes = bytes:sub(1, math.random(0, #bytes)) end
        local file = assert(io.open(copy .. suffix, "wb"))
        file:write(bytes)
        file:close()
      end
      os.remove(copy .. "-shm")
      command.sh("chmod 600 " .. copy)
      local ledger, message = ledgers.open(copy)
      local found = ledger and ledger:find{}
      if found then
        assert.is_true(#found <= 20, ("SEED=%d"):format(seed))
        for _, request in ipairs(found) do
          assert.is_true(request.state == "accepted" or request.state == "unknown", ("SEED=%d"):format(seed))
        end
      elseif not ledger then
        assert.is_string(message)
      end
      if ledger then ledger:close() end
    end
  end)

  it("lets two runs that share rows go on at once, and sends none twice", function()
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

  it("paces commands that are started at once", function()
    local text = command.environment(env)
    local each = command.lua("bin/cmr", "platforms", mock.USER, "--retries", "0", "--field", "status")
    text[#text + 1] = "seq 24 | xargs -P 6 -I N sh -c " .. command.quote(each) .. " 2>&1"
    local begun = core.now()
    local said = command.sh("sh " .. command.file_with(table.concat(text, "\n")))
    assert.equal(("200\n"):rep(24):sub(1, -2), said)
    assert.is_true(core.now() - begun > 23 / 4 - 0.5)
  end)

  it("counts no re-export of a command that was killed while it waited", function()
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
