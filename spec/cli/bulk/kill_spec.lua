-- Bulk runs that are killed, interrupted or large.
local bulk = require "spec.support.bulk"
local command = require "spec.support.command"
local core = require "cmr.core"
local listener = require "spec.support.listener"
local mock = require "spec.support.mock"
local program = require "spec.support.program"
local pty = require "spec.support.pty"

describe("cmr bulk #bulk", function()
  local server, path, ledger_path, ledger

  before_each(function()
    server = mock.shared("http")
    ledger_path = command.ledger()
    ledger = assert(require("cmr.ledger").open(ledger_path))
  end)

  after_each(function()
    ledger:close()
    command.clean()
  end)

  -- Adds this number of mailboxes to the mock, and writes a file that lists them.
  local function rows(count)
    bulk.seed(server, count)
    path = bulk.mailboxes(count)
  end

  local function words(more)
    local line = {"bulk", "reexport", "--from", path}
    for _, word in ipairs(more or {}) do line[#line + 1] = word end
    return line
  end

  local function env()
    return {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_LEDGER = ledger_path}
  end

  local function cmr(more) return command.run(words(more), {env = env()}) end

  local function start(more) return pty.cmr(words(more), {env = env()}) end

  -- Returns the number of requests in the ledger.
  local function size()
    return ledger:connection "durable":first("SELECT count(*) AS n FROM request").n
  end

  -- Returns the state of each row's newest request, and the number of rows in each state. The ledger reports the open
  -- requests of a dead process as unknown.
  local function states()
    local by_row, counts = {}, {sending = 0, unknown = 0, accepted = 0, failed = 0, deferred = 0}
    local last = math.huge
    repeat
      local page = assert(ledger:find{before = last < math.huge and last or nil})
      for _, request in ipairs(page) do
        if not request.superseded then
          by_row[request.row] = request.state
          counts[request.state] = counts[request.state] + 1
        end
        last = request.id
      end
    until #page == 0
    return by_row, counts
  end

  it("loses and repeats no row when it is killed at any moment", function()
    local ROWS, KILLS, CONCURRENCY = 500, 20, 8
    local seed = tonumber(os.getenv "SEED") or os.time()
    math.randomseed(seed)
    local told = ("SEED=%d"):format(seed)
    rows(ROWS)
    local options = {"--rate", "400", "--concurrency", tostring(CONCURRENCY)}
    local unknown = 0
    for kill = 1, KILLS do
      -- every fifth run is killed at its first output; the others are killed after 1 to 25 more rows
      local target = size() + (kill % 5 == 0 and 0 or math.random(1, 25))
      local limit = core.now() + 20
      local terminal = start(options)
      repeat
        assert.is_not_nil(terminal.pty:read(1), told) -- nil: the run has ended by itself
        assert.is_true(core.now() < limit, told)
      until size() >= target
      terminal:signal "KILL"
      assert.equal(137, terminal:finish().status, told)
      local _, counts = states()
      assert.equal(0, counts.sending, told)
      assert.is_true(counts.unknown - unknown <= CONCURRENCY, told)
      unknown = counts.unknown
    end

    local ended = cmr(options)
    local by_row, times = states(), bulk.received(server)
    local done = 0
    for number = 1, ROWS do
      assert.is_true(by_row[number] == "accepted" or by_row[number] == "unknown", told)
      assert.is_true((times[number] or 0) <= 1, told) -- no row is sent twice
      if by_row[number] == "accepted" then
        done = done + 1
        assert.equal(1, times[number], told) -- no row is lost
      end
    end
    assert.equal(unknown, ROWS - done, told)
    assert.equal(unknown > 0 and 3 or 0, ended.status, told)
    assert.matches(("cmr: 500 rows: %d accepted %%(%%d+ of them before%%)%s\n"):format(done,
      unknown > 0 and (", %d unknown"):format(unknown) or ""), ended.err)

    assert.equal(0, cmr{"--rate", "off", "--retry-unknown"}.status, told)
    times = bulk.received(server)
    for number = 1, ROWS do
      assert.is_true(times[number] == 1 or times[number] == 2 and by_row[number] == "unknown", told)
    end
  end)

  it("loses and repeats no row of two runs that share rows and are killed, while a listener writes", function()
    local ROWS, KILLS, CONCURRENCY = 160, 12, 4
    local seed = tonumber(os.getenv "SEED") or os.time()
    math.randomseed(seed)
    local told = ("SEED=%d"):format(seed)
    bulk.seed(server, ROWS)
    local files = {}
    for index, from in ipairs{1, ROWS / 4 + 1} do -- half of the mailboxes are in both files
      local lines = {"mailboxId\n"}
      for number = from, from + 3 * ROWS / 4 - 1 do lines[#lines + 1] = bulk.id(number) .. "\n" end
      files[index] = command.file_with(table.concat(lines))
    end
    local listening = listener.start({}, nil, ledger_path)
    finally(function() listening:stop() end)
    local function run_of(file, more)
      return {"bulk", "reexport", "--from", file, "--concurrency", tostring(CONCURRENCY),
        (table.unpack or unpack)(more)}
    end
    local terminals = {}
    local function restart(index)
      terminals[index] = pty.cmr(run_of(files[index], {"--rate", "300"}), {env = env()})
    end
    restart(1)
    restart(2)
    for kill = 1, KILLS do
      local index, target, limit = kill % 2 + 1, size() + math.random(0, 8), core.now() + 20
      repeat
        for _, terminal in ipairs(terminals) do terminal.pty:read(1) end
        local body = ('{"eventId":"e%d-%d","event":"mailbox.exported","data":{}}'):format(kill, size())
        assert.equal(200, listening:send(body):answer().status, told)
        listening:line() -- an unread pipe would become full, and stop the listener
      until size() >= target or core.now() > limit
      terminals[index]:signal "KILL"
      terminals[index]:finish()
      restart(index)
    end
    for _, terminal in ipairs(terminals) do
      terminal.limit = 60
      terminal:finish()
    end
    local ended = {}
    for index, file in ipairs(files) do ended[index] = command.run(run_of(file, {"--rate", "off"}), {env = env()}) end

    local times, states_of = bulk.received(server), {}
    for _, request in ipairs(ledger:connection "durable":rows [[SELECT id, state FROM request_id
        JOIN (SELECT id AS number, state FROM request) ON number = request WHERE kind = 'mailbox']]) do
      local number = tonumber(request.id:match "%d+")
      states_of[number] = states_of[number] or {}
      table.insert(states_of[number], request.state)
    end
    for number = 1, ROWS do
      local found = table.concat(states_of[number] or {}, " ")
      assert.is_true((times[number] or 0) <= 1, told) -- no row is sent twice
      -- For each row, the ledger has exactly one request that may have been sent. If both runs tried the row, the
      -- request of the run that came second has the state "failed".
      local sent = found:gsub("failed ?", ""):gsub(" $", "")
      assert.is_true(sent == "accepted" or sent == "sending" or sent == "unknown", told .. ": " .. found)
      if sent == "accepted" then assert.equal(1, times[number], told) end -- no row is lost
    end
    for _, one in ipairs(ended) do assert.is_true(one.status == 0 or one.status == 3, one.err) end
    for _, file in ipairs(files) do
      local one = command.run(run_of(file, {"--rate", "off", "--retry-unknown"}), {env = env()})
      assert.equal(0, one.status, one.err)
    end
    times = bulk.received(server)
    for number = 1, ROWS do assert.is_true(times[number] >= 1, number) end
  end)

  it("sends no row of a round twice when a run with --again is killed and started again", function()
    local ROWS = 60
    local seed = tonumber(os.getenv "SEED") or os.time()
    math.randomseed(seed)
    local told = ("SEED=%d"):format(seed)
    rows(ROWS)
    assert.equal(0, cmr{"--rate", "off"}.status)
    local more = {"--again", "--rate", "100", "--concurrency", "4"}
    local before = size()
    for _ = 1, 4 do
      local target, limit = size() + math.random(1, 10), core.now() + 20
      local terminal = start(more)
      repeat
        assert.is_not_nil(terminal.pty:read(1), told) -- nil: the run has ended by itself
        assert.is_true(core.now() < limit, told)
      until size() >= target
      terminal:signal "KILL"
      terminal:finish()
    end
    assert.is_true(size() > before)
    local ended = cmr(more)
    assert.matches("cmr: the run has not ended: option '--again' goes on with it", ended.err, 1, true)
    local times = bulk.received(server)
    for number = 1, ROWS do assert.is_true(times[number] <= 2, told) end
    if ended.status == 3 then ended = cmr{"--retry-unknown", "--rate", "off"} end
    assert.equal(0, ended.status, ended.err)
    times = bulk.received(server)
    local by_row = {}
    for number = 1, ROWS do by_row[times[number]] = (by_row[times[number]] or 0) + 1 end
    assert.is_true(by_row[2] >= ROWS - 4 * 4, told) -- --retry-unknown sends what kills left unknown
    -- this round has ended, so the next --again begins a new one
    cmr{"--again", "--rate", "off"} -- the mock's quota refuses some rows
    local later = bulk.received(server)
    for number = 1, ROWS do assert.equal(times[number] + 1, later[number], told) end
  end)

  it("sends no row twice when a run with --repeat-after is killed and started again", function()
    local ROWS = 40
    rows(ROWS)
    assert.equal(0, cmr{"--rate", "off"}.status)
    local db = ledger:connection "durable"
    assert(db:run("UPDATE request SET sent_at = sent_at - 700000, ended_at = ended_at - 700000"))
    local more = {"--repeat-after", "7d", "--rate", "100", "--concurrency", "4"}
    for kill = 1, 3 do
      local target, limit = size() + 3 * kill, core.now() + 20
      local terminal = start(more)
      repeat
        assert.is_not_nil(terminal.pty:read(1)) -- nil: the run has ended by itself
        assert.is_true(core.now() < limit)
      until size() >= target
      terminal:signal "KILL"
      terminal:finish()
    end
    local ended = cmr(more)
    local times = bulk.received(server)
    for number = 1, ROWS do assert.is_true(times[number] == 2 or times[number] == 1 and ended.status == 3, number) end
    assert.equal(0, cmr{"--repeat-after", "7d", "--rate", "off", "--retry-unknown"}.status)
    times = bulk.received(server)
    for number = 1, ROWS do assert.is_true(times[number] >= 2, number) end
  end)

  it("finishes what is in flight at Ctrl-C or another signal, and the next run continues", function()
    rows(40)
    local done = 0
    for index, case in ipairs{{"INT", 130}, {"TERM", 143}, {"HUP", 129}} do
      server:fault{delay = 0.3, times = 4}
      local terminal = start{"--rate", "50", "--concurrency", "4"}
      terminal:expect "%[#+%-+%] [1-9]%d*/%d+"
      if index == 1 then terminal:type(pty.ctrl_c) else terminal:signal(case[1]) end
      terminal:expect "cmr: interrupted"
      local ended = terminal:finish()
      assert.equal(case[2], ended.status)
      assert.matches("cmr: to go on, run the same command again\r\n", ended.out, 1, true)
      local _, left = states()
      assert.same({0, 0, 0}, {left.sending, left.unknown, left.failed})
      assert.is_true(left.accepted > done and left.accepted < 40, left.accepted)
      done = left.accepted
      assert.matches((" %d not tried"):format(40 - done), ended.out, 1, true)
    end
    assert.equal(0, cmr{"--rate", "off"}.status)
    local times = bulk.received(server)
    for number = 1, 40 do assert.equal(1, times[number]) end
  end)

  it("ends at once at the second Ctrl-C, and then reports the rows in flight as unknown", function()
    rows(20)
    server:fault{delay = 30, times = 4}
    local terminal = start{"--rate", "off", "--concurrency", "4"}
    terminal:expect "0/20"
    terminal:expect "0/20" -- all four requests have been sent
    terminal:type(pty.ctrl_c)
    terminal:expect("cmr: interrupted; waiting for 4 in flight", true)
    terminal:type(pty.ctrl_c)
    assert.equal(130, terminal:finish().status)
    assert.equal(4, select(2, states()).unknown)
    local ended = cmr{"--rate", "off"}
    assert.equal(3, ended.status)
    assert.matches("cmr: 20 rows: 16 accepted, 4 unknown\n", ended.err, 1, true)
    assert.matches("cmr: unknown: rows 1, 2, 3, 4: may have been done", ended.err, 1, true)
  end)

  it("ends at once at Ctrl-C when rows only wait for their slots", function()
    rows(4)
    local terminal = start{"--rate", "0.02"}
    terminal:expect "1/4"
    local begun = core.now()
    terminal:type(pty.ctrl_c)
    local ended = terminal:finish()
    assert.equal(130, ended.status)
    assert.matches("\r\27[Kcmr: interrupted\r\n", ended.out, 1, true)
    assert.is_true(core.now() - begun < 5)
    local _, left = states()
    assert.same({1, 0}, {left.accepted, left.unknown})
  end)

  it("says at Ctrl-C that it waits for the one row in flight", function()
    rows(2)
    server:fault{delay = 30, times = 2}
    local terminal = start{"--rate", "off", "--concurrency", "1"}
    terminal:expect "0/2"
    terminal:expect "0/2" -- the request has been sent
    terminal:type(pty.ctrl_c)
    terminal:expect("\r\27[Kcmr: interrupted; waiting for 1 in flight (Ctrl-C again leaves them unknown)\r\n", true)
    terminal:type(pty.ctrl_c)
    assert.equal(130, terminal:finish().status)
  end)

  it("counts invalid rows in its bar, and removes the bar before it says how the run ended", function()
    path = command.file_with("mailboxId,google.appName\n,A\n" .. mock.MAILBOX .. ",A\n")
    server:fault{match = {operation = "reexport"}, delay = 0.6, status = 200,
      body = {status = 200, message = "ok", actionId = "ACT_1"}}
    local ended = pty.run(words{"--rate", "off"}, {env = env()})
    assert.matches("%] 1/2  50%%", ended.out)
    assert.matches("\r\27%[Kcmr: 2 rows: 1 accepted, 1 failed\r\n", ended.out)
  end)

  it("shows no bar while it waits for the end of the rows", function()
    path = command.file_with('{"userId":"' .. mock.USER
      .. '","confirm":true,"domains":[{"domain":"new-one.com","years":1}]}\n')
    server:fault{match = {operation = "create_order"}, status = 200,
      body = {status = 200, message = "ok", data = {orderId = "ORD_9"}}}
    local ended = pty.run({"bulk", "create-order", "--from", path, "--yes", "--wait", "--wait-timeout", "0.7"},
      {env = env()})
    local waits = ended.out:match "cmr: waiting for 1 accepted rows\r\n(.*)$"
    assert.is_nil(waits:find("1/1", 1, true), waits)
  end)

  it("has one process at a time for a run", function()
    rows(4)
    local terminal = start{"--rate", "0.02"}
    terminal:expect "1/4"
    local second = cmr()
    assert.equal(1, second.status) -- not 2: the command line is right
    assert.matches("cmr: another process is at work on these rows; nothing was sent\n$", second.err)
    terminal:signal "KILL" -- a killed process does not block the run
    terminal:finish()
    assert.equal(0, cmr{"--rate", "off"}.status)
  end)

  it("asks on a terminal before it destroys, and takes no for an answer", function()
    path = command.file_with("userId\n" .. mock.USER .. "\n")
    for _, case in ipairs{{"n", 2, 0}, {"y", 3, 1}} do
      local terminal = pty.cmr({"bulk", "delete-user", "--from", path}, {env = env()})
      terminal:expect("delete-user destroys.\r\n  1 row of " .. path, true)
      terminal:type(case[1] .. pty.enter)
      assert.equal(case[2], terminal:finish().status)
      assert.equal(case[3], #server:requests())
    end
  end)

  -- Makes a dry run of a file in its own process. Returns how the process ended, and the most memory it took, in kB.
  local function dry_run_of(file)
    local ended = program.run(([[
      local status = require("cmr.cli").main{"bulk", "reexport", "--dry-run", "--from", %q}
      print(io.open "/proc/self/status":read "*a":match "VmHWM:%%s+(%%d+) kB")
      os.exit(status)]]):format(file), {env = env()})
    return ended, tonumber(ended.out)
  end

  it("checks 100,000 rows, and skips as many that are done, in less than 50 MB", function()
    path = command.file_with "mailboxId,google.clientId,google.appName\n"
    local file = io.open(path, "ab")
    for number = 1, 100000 do
      file:write(bulk.id(number), ",5493-maeh.apps.googleusercontent.com,\"Outreach, ", number % 7, "\"\n")
    end
    file:close()
    local ended, memory = dry_run_of(path)
    assert.same({0, "cmr: 100000 rows: 100000 would be sent\n"}, {ended.status, ended.err})
    assert.is_true(memory < 50000, memory)

    bulk.record(ledger_path, env(), path)
    ended, memory = dry_run_of(path)
    assert.equal(0, ended.status)
    assert.matches("cmr: 100000 rows: 0 would be sent, 100000 done\n", ended.err, 1, true)
    assert.is_true(memory < 50000, memory)
  end)
end)
