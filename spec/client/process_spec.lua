-- Specs that need a separate process: the default client and its environment, standard error, signals, and the end of
-- the program.
local compile = require "spec.support.compile"
local mock = require "spec.support.mock"
local program = require "spec.support.program"
local support = require "spec.support.client"

local SECRET = "key-nobody-may-see"

describe("a program", function()
  local server

  before_each(function() server = mock.shared("http") end)

  -- The environment that leads to this server.
  local function environment(more)
    local env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_CA_FILE = server.ca_file}
    for name, value in pairs(more or {}) do env[name] = value end
    return env
  end

  local function run(code, options)
    options = options or {}
    options.env = options.env or environment()
    return program.run('local cmr = require "cmr"\n' .. code, options)
  end

  -- Runs the code and expects this output, exit status 0 and no messages.
  local function prints(expected, code, options)
    assert.same({status = 0, out = expected, err = ""}, run(code, options))
  end

  describe("that uses the module's functions", function()
    it("takes its settings from the environment", function()
      prints("true\n", ('print(cmr.platforms("%s").data.EMAILBISON.connected)'):format(mock.USER))
      local request = server:requests()[1]
      assert.equal(server.key, request.headers["cmr-x-api-key"])
    end)

    it("takes its settings from the environment, with TLS", function()
      server = mock.shared("tls")
      prints("true\n", ('print(cmr.platforms("%s").data.EMAILBISON.connected)'):format(mock.USER))
      assert.equal(support.LACKS_HTTP2 and "1.1" or "2.0", server:requests()[1].http)
    end)

    it("has one client behind them", function()
      prints("1\n", ([[
        local core = require "cmr.core"
        local made, target = 0, core.target
        function core.target(...)
          made = made + 1
          return target(...)
        end
        assert(cmr.platforms("%s"))
        assert(cmr.request("GET", "/exports/platform-credentials", {query = {userId = "%s"}}))
        print(made)
      ]]):format(mock.USER, mock.USER))
    end)

    it("makes the client when it is first needed", function()
      local env = environment{CMR_BASE_URL = "ftp://x", CMR_API_KEY = SECRET}
      prints("loaded\n", 'print "loaded"', {env = env})
      local ended = run('print(pcall(cmr.platforms, "x"))', {env = env})
      assert.matches("bad option 'base_url'", ended.out, 1, true)
      assert.is_nil((ended.out .. ended.err):find(SECRET, 1, true))
    end)

    it("is told when there is no key", function()
      for _, key in ipairs{"", false} do
        local env = environment()
        env.CMR_API_KEY = key or nil
        prints("nil\tplatforms: no API key: set CMR_API_KEY (nginx needs 'env CMR_API_KEY;' as well), "
          .. "or give api_key, or the profile of 'cmr init'\n"
          .. "invalid_argument\tnot_sent\n", [[
          local answer, why, err = cmr.platforms("x")
          print(answer, why)
          print(err.kind, err.outcome)
        ]], {env = env})
      end
      assert.equal(0, #server:requests())
    end)

    it("is told when the key is invalid, without showing it", function()
      local ended = run('print(pcall(cmr.platforms, "x"))', {env = environment{CMR_API_KEY = SECRET .. "\n"}})
      assert.matches("^false\t.*bad option 'api_key'", ended.out)
      assert.is_nil((ended.out .. ended.err):find(SECRET, 1, true))
      assert.equal(0, #server:requests())
    end)
  end)

  describe("whose hook fails", function()
    it("has its answer all the same, and reads why", function()
      server:fault{status = 429}
      local ended = run(([[
        local client = cmr.new{
          rate = false,
          on_retry = function() error("oops") end,
          on_response = function(info) error({info.status}) end,
        }
        local answer = assert(client:with{limiter = require("cmr.limiter.memory").new()}:reexport{mailboxId = "%s"})
        print(answer.status, cmr.info(answer).attempts)
      ]]):format(mock.MAILBOX))
      assert.equal(0, ended.status)
      assert.equal("200\t2\n", ended.out)
      assert.matches("cmr: a hook failed: [^\n]*oops\n", ended.err)
      assert.equal(3, select(2, ended.err:gsub("cmr: a hook failed: ", "")))
      assert.equal(2, #server:requests())
    end)
  end)

  it("that has no descriptor left gets a failure from each call, and its ledger stays empty", function()
    local ledger = require "spec.support.ledger"
    local path = ledger.path()
    local ended = run(([[
      local clients = {cmr.new{rate = false, ledger = "%s"}, cmr.new{ledger = "%s"}, cmr.new{rate = false}}
      for _, module in ipairs{"jobs", "ledger.entry", "ledger.history", "quota", "loop.block"} do
        require("cmr." .. module)
      end
      for _, client in ipairs(clients) do assert(client:preview("platforms", "x")) end
      local held = {}
      repeat
        local file = io.open "/dev/null"
        held[#held + 1] = file
      until not file
      local function tell(answer, message, err)
        assert(not answer and message == "platforms: no memory or file descriptors left for an engine"
          or message == "reexport: no memory or file descriptors left for an engine", message)
        assert(err.kind == "network" and err.outcome == "not_sent" and err.attempts == 0)
      end
      for _, client in ipairs(clients) do
        tell(client:platforms "x")
        tell(client:reexport{mailboxId = "x"})
        tell(client:start("platforms", "x"):wait())
        tell(client:start("reexport", {mailboxId = "x"}):wait())
        for _, answer, message, err in client:map("platforms", {"x", "y"}) do tell(answer, message, err) end
      end
      local unused = cmr.new{rate = false}
      unused:close()
      for _, file in ipairs(held) do file:close() end
      for _, client in ipairs(clients) do assert(client:platforms "%s") end
      assert(not clients[1]:history{}())
    ]]):format(path, path, mock.USER), {through = "sh -c 'ulimit -n 60; exec \"$@\"' sh", env = environment()})
    ledger.remove(path)
    assert.same({status = 0, out = "", err = ""}, ended)
    assert.equal(3, #server:requests())
  end)

  for _, kind in ipairs{"http", "tls"} do
    describe("whose server vanishes, over " .. kind .. ",", function()
      before_each(function() server = mock.shared(kind) end)

      -- Sends a body of 16 MB, three times, to a server that closes at once.
      local BODIES = ([[
        local client = cmr.new{rate = false, retries = 0}
        for _ = 1, 3 do
          assert(client:platforms("%s"))
          local answer, why, err = client:request("POST", "/big", {body = {filler = ("x"):rep(16000000)}})
          print(answer, err.kind, err.outcome, err.attempts)
        end
      ]]):format(mock.USER)
      local FAILED = "nil\tnetwork\tunknown\t1\n"

      it("while a large body is written, is not killed by SIGPIPE", function()
        server:fault{match = {method = "POST"}, close = true, times = 3}
        local loud = compile("spec/support/loud.c")
        local through = ('env --default-signal=PIPE LD_PRELOAD="$LD_PRELOAD:%s"'):format(loud)
        prints(FAILED:rep(3), BODIES, {through = through})
        os.remove(loud)
        assert.equal(6, #server:requests())
      end)

      it("has the same signals set as before, blocked and pending", function()
        local signals = [[
          local function signals()
            local status = io.open("/proc/self/status"):read(4000)
            local pending = status:find "SigPnd:%s+0*1000%s" or status:find "ShdPnd:%s+0*1000%s" -- only SIGPIPE
            return tostring(pending ~= nil) .. status:match("SigBlk:%s+(%x+)") .. status:match("SigIgn:%s+(%x+)")
              .. status:match("SigCgt:%s+(%x+)")
          end
        ]]
        local cancelled = ([[
          local core = require "cmr.core"
          local call = core.platforms(core.target{api_key = "k", base_url = os.getenv "CMR_BASE_URL"}, "%s")
          call:start(core.engine(), 5)
          call:cancel()
          print(before == signals())
          core.engine():close()
          print(before == signals())
        ]]):format(mock.USER)
        local loud, twice = compile("spec/support/loud.c"), BODIES:gsub("1, 3", "1, 2"):gsub("16000000", "6000000")
        for _, case in ipairs{
          {"", ""},
          {"--block-signal=PIPE", ""},
          {"--block-signal=PIPE", 'os.execute "kill -PIPE $PPID"\n'},
        } do
          local through = ('env --default-signal=PIPE %s LD_PRELOAD="$LD_PRELOAD:%s"'):format(case[1], loud)
          server:reset()
          server:fault{match = {method = "POST"}, close = true, times = 2}
          prints(FAILED:rep(2) .. "true\ntrue\ntrue\n", signals .. case[2] .. "local before = signals()\n" .. twice
            .. "print(before == signals())\n" .. cancelled, {through = through})
        end
        os.remove(loud)
      end)
    end)
  end

  -- Without standard input, the engine or a connection has the descriptor 0.
  for what, first in pairs{
    engine = "",
    connection = 'local held = io.open "/dev/null"; require("cmr.core").engine(); held:close()',
  } do
    it("without standard input makes calls, and its engine gives every descriptor back: 0 is the " .. what, function()
      local ended = run(first .. ([[

        local core = require "cmr.core"
        local engine = core.engine()
        local call = assert(cmr.new{rate = false}:platforms("%s"))
        local fd = engine:fd()
        engine:close()
        local pipe = io.popen "readlink /proc/$PPID/fd/0"
        local zero = pipe:read "*a"
        pipe:close()
        print(cmr.info(call).status, fd, (zero:match "eventpoll" or zero:match "socket"))
      ]]):format(mock.USER), {through = "sh -c 'exec \"$@\" <&-' sh"})
      assert.matches("^200\t%d+\tnil\n$", ended.out .. ended.err)
    end)
  end

  describe("that ends", function()
    it("with calls in flight, ends", function()
      server:fault{delay = 20, times = 4}
      local ended = run([[
        local core = require "cmr.core"
        local target = assert(core.target{api_key = "k", base_url = os.getenv "CMR_BASE_URL"})
        calls = {}
        for index = 1, 4 do
          calls[index] = core.platforms(target, "x")
          calls[index]:start(core.engine(), 20)
        end
        for _ = 1, 5 do core.engine():wait(10) end
        print(core.engine():count())
      ]], {limit = 10})
      assert.same({status = 0, out = "4\n", err = ""}, ended)
    end)

    it("after an error in the middle of a call, ends as Lua does", function()
      server:fault{status = 503}
      local ended = run([[
        local block = require "cmr.loop.block"
        local wait = {now = os.clock, wait = block.wait, sleep = function() error "interrupted!" end}
        cmr.new{rate = false, loop = wait}:platforms("x")
      ]], {limit = 10})
      assert.equal(1, ended.status)
      assert.matches("interrupted!", ended.err, 1, true)
    end)

    it("because it was interrupted, does not wait for its call", function()
      server:fault{delay = 10}
      local ended = run([[
        os.execute "(sleep 0.3; kill -INT $PPID) >/dev/null 2>&1 &" -- arrives when Lua's handler of SIGINT is set
        cmr.new{rate = false}:platforms("x")
      ]], {limit = 5})
      assert.equal(1, ended.status)
      assert.matches("interrupted!", ended.err, 1, true)
    end)

    it("has printed nothing by itself", function()
      prints("", 'cmr.platforms("x")')
      prints("", 'cmr.reexport{mailboxId = "nobody\'s"}')
    end)
  end)

  describe("that forks while jobs wait for their slots", function()
    it("sends each of them once, from the parent; in the child they end as cancelled and unknown", function()
      local answer = run([[
        local posix = require "spec.support.posix"
        local client = cmr.new{rate = 20}
        local jobs = {}
        for index = 1, 5 do jobs[index] = client:start("reexport", {mailboxId = "M" .. index}) end
        print(posix.child(function()
          for _ = 1, 3 do assert(client:platforms(("%s"):format(os.getenv "A_USER"))) end -- its own calls work
          for index = 2, 5 do
            local _, message, err = jobs[index]:wait()
            assert(message:find("the process forked", 1, true), message)
            assert(err.kind == "cancelled" and err.outcome == "unknown", err.outcome)
          end
        end))
        for index = 1, 5 do jobs[index]:wait() end]], {env = environment{A_USER = mock.USER}})
      assert.same({"true\n", ""}, {answer.out, answer.err})
      local seen = {}
      for _, request in ipairs(server:requests()) do
        if request.method == "POST" then seen[#seen + 1] = request.body:match "M%d" end
      end
      table.sort(seen)
      assert.same({"M1", "M2", "M3", "M4", "M5"}, seen)
    end)
  end)
end)
