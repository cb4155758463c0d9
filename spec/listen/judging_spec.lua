-- What cmr listen does with a delivery, without nginx: it judges, stores, runs the command, reports and answers.
local cmr = require "cmr"
local core = require "cmr.core"
local delivery = require "spec.support.delivery"
local launcher = require "cmr.launcher"
local listen = require "cmr.listen"
local shell = require "cmr.util.shell"

local BODY = '{"event":"mailbox.created","eventId":"E1","data":{"email":"ann@new.example","password":"hunter-two"}}'

describe("cmr listen", function()
  local run, new, getenv, exists, folder, emitted, given, asked

  before_each(function()
    run, new, getenv, exists = launcher.run, cmr.new, os.getenv, shell.exists
    folder, emitted = shell.output "mktemp -d", {}
  end)

  after_each(function()
    launcher.run, cmr.new, shell.exists = run, new, exists
    os.getenv = getenv -- luacheck: ignore 122
    os.execute("rm -rf " .. shell.quote(folder))
  end)

  -- Starts a listener on port 5. Returns the parts that it gives to the launcher.
  local function start(options)
    local parts
    launcher.run = function(name, port, parts_of)
      given = {name, port}
      parts = parts_of(5)
      return 0
    end
    options.emit = function(report) emitted[#emitted + 1] = report end
    if options.verify == nil then options.verify = {api_key = delivery.KEY} end
    options.verify = options.verify or nil
    cmr.new = function(opts)
      given[3] = opts
      return {request = function(_, method, path, more)
        asked[#asked + 1] = {method, path, more.query}
        return asked.delivery
      end}
    end
    assert.equal(0, listen.run(options))
    return parts
  end

  -- Lets a listener receive a delivery. Returns its report, and the verdict that nginx gets.
  local function receive(options, body, headers)
    local parts = start(options)
    asked = {delivery = {body = body or BODY,
      headers = headers or delivery.headers("body-hex-seconds", body or BODY, {time = os.time()})}}
    parts.on.ready("12", folder)
    assert.same({url = "http://127.0.0.1:5/", pid = 12}, emitted[1])
    parts.on.delivery "7"
    assert.same({"GET", "/_listen/delivery", {id = "7"}}, asked[1])
    assert.same({"POST", "/_listen/verdict"}, {asked[2][1], asked[2][2]})
    assert.equal("7", asked[2][3].id)
    assert.equal(2, #emitted)
    return emitted[2], asked[2][3].verdict
  end

  it("runs in the launcher, and reaches nginx with a secret of its own", function()
    local parts = start{port = 80}
    assert.same({"cmr listen", 80}, {given[1], given[2]})
    assert.equal("http://127.0.0.1:5", given[3].base_url)
    assert.same({32, parts.files.token}, {#given[3].api_key, given[3].api_key})
    assert.same({"x-listen-token", false, 0}, {given[3].key_header, given[3].rate, given[3].retries})
    assert.matches("listen 127.0.0.1:5;", parts.http, 1, true)
    assert.matches("receive(false)", parts.http, 1, true)
    assert.is_nil(parts.http:find("/_listen/forward", 1, true))
    assert.not_equal(parts.files.token, start{}.files.token)
  end)

  it("reports an accepted delivery, and answers 200", function()
    local report, verdict = receive{}
    assert.same({delivery = 7, accepted = true, id = "E1", signatureFormat = "body-hex-seconds",
      timestampSigned = false, status = 200,
      event = {event = "mailbox.created", eventId = "E1", data = {email = "ann@new.example"}}}, report)
    assert.equal(200, verdict)
  end)

  it("shows passwords only on demand", function()
    assert.equal("hunter-two", receive({show_passwords = true}).event.data.password)
  end)

  it("reports a refused delivery, and runs, stores and forwards nothing", function()
    local stored = 0
    local ledger = {listen = function() return true end, store = function() stored = stored + 1 end}
    local report, verdict = receive({exec = "touch " .. folder .. "/ran", ledger = ledger, forward = "http://x/"}, nil,
      {})
    assert.same({delivery = 7, accepted = false, kind = "missing_signature", message = report.message, status = 401},
      report)
    assert.is_string(report.message)
    assert.same({401, 0, false}, {verdict, stored, shell.exists(folder .. "/ran")})
  end)

  it("runs the command with the event, and reports its exit status", function()
    local report, verdict = receive{exec = ("cat > %s/event"):format(folder)}
    assert.same({0, 200, 200}, {report.exit, report.status, verdict})
    assert.equal(BODY, shell.read(folder .. "/event"))
    assert.is_false(shell.exists(folder .. "/status.command"))
    emitted = {}
    report, verdict = receive{exec = "exit 3"}
    assert.same({3, 500, 500}, {report.exit, report.status, verdict})
    emitted = {}
    report, verdict = receive{exec = "exit 255"}
    assert.same({255, 500, 500}, {report.exit, report.status, verdict})
  end)

  it("stores an accepted event without its passwords, before the command runs", function()
    local lists, lists_ttl, begun = {}, {}, 0
    local store = {
      list = function(_, name) return lists[name] end,
      append = function(_, name, json, ttl)
        assert.is_false(shell.exists(folder .. "/ran"))
        lists[name] = lists[name] or {}
        table.insert(lists[name], json)
        lists_ttl[name] = ttl
        return true
      end,
    }
    local ledger = {store = function() return store end, listen = function()
      begun = begun + 1
      return true
    end}
    local function deliver()
      emitted = {}
      return receive{ledger = ledger, exec = "touch " .. folder .. "/ran"}
    end
    assert.equal(200, deliver().status)
    local name = assert(next(lists))
    local event = core.json_decode(lists[name][1])
    assert.same({email = "ann@new.example"}, event.data)
    assert.same({30 * 24 * 3600, 1, 1}, {lists_ttl[name], begun, #lists[name]})
    os.remove(folder .. "/ran")
    deliver() -- the same event again
    assert.equal(1, #lists[name])
    os.remove(folder .. "/ran")
    store.list, store.append = function() end, function() return nil, "the disk is full" end
    local report, verdict = deliver()
    assert.same({true, "could not be stored: the disk is full", 503, 503, false},
      {report.accepted, report.problem, report.status, verdict, shell.exists(folder .. "/ran")})
    local stored
    store.append = function(_, _, json)
      stored = json
      return true
    end
    emitted = {}
    receive({ledger = ledger}, (BODY:gsub("ann", delivery.KEY)))
    assert.is_nil(stored:gsub("\\/", "/"):find(delivery.KEY, 1, true)) -- the key that signs deliveries is a secret too
    ledger.listen = function() return nil, "locked" end
    assert.has_error(function() start{ledger = ledger} end, "locked")
  end)

  it("stores an event without an id again after 15 minutes, because a later event may have the same body", function()
    local store, time, later = require("cmr.store.memory").new(), core.time, 0
    finally(function() core.time = time end)
    function core.time() return time() + later end
    local ledger = {store = function() return store end, listen = function() return true end}
    local stored = {}
    for index, seconds in ipairs{0, 800, 901} do
      later, emitted = seconds, {}
      receive({ledger = ledger}, '{"eventType":"mailbox.warmup.started","data":{"mailboxId":"M1"}}')
      stored[index] = #store:list "mailbox:M1"
    end
    assert.same({1, 1, 2}, stored)
  end)

  it("leaves the status of a forwarded delivery to the answer", function()
    local parts = start{forward = "http://x.example:8/y?z=1"}
    assert.matches("receive(true)", parts.http, 1, true)
    assert.matches('proxy_pass "http://x.example:8/y?z=1";', parts.http, 1, true)
    assert.is_nil(parts.http:find("proxy_ssl_verify on", 1, true))
    local report, verdict = receive{forward = "http://x/"}
    assert.same({200, nil}, {verdict, report.status})
    emitted = {}
    report, verdict = receive{forward = "http://x/", exec = "exit 1"}
    assert.same({500, 500}, {verdict, report.status})
    parts.on.forwarded "7 418"
    assert.same({delivery = 7, forwarded = 418}, emitted[3])
  end)

  it("ignores a delivery that waited too long", function()
    local parts = start{}
    asked = {}
    parts.on.ready("12", folder)
    parts.on.delivery "7"
    assert.same({1, 1}, {#emitted, #asked})
  end)

  it("checks the certificate of an https URL, with the trusted certificates of the system", function()
    local configured, present
    os.getenv = function(name) -- luacheck: ignore 122
      if name == "CMR_CA_FILE" then return configured end
      return getenv(name)
    end
    shell.exists = function(path) return path == present end
    local function trusted()
      return start{forward = "https://x/"}.http:match 'proxy_ssl_verify on; proxy_ssl_trusted_certificate "([^"]*)";'
    end
    for _, path in ipairs{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
      "/etc/ssl/cert.pem"} do
      present = path
      assert.equal(path, trusted())
    end
    configured = ""
    assert.equal(present, trusted())
    configured = "/my/ca.pem"
    assert.equal("/my/ca.pem", trusted())
    configured, present = nil, nil
    assert.has_error(trusted, "cmr.listen.run: option 'forward': no trusted certificates were found; "
      .. "set CMR_CA_FILE to a file of them")
    assert.is_nil(start{forward = "http://x/"}.http:find "ssl_verify on")
  end)

  it("refuses wrong options", function()
    for name, values in pairs{port = {0, 65536, "x"}, verify = {"x"}, exec = {1}, show_passwords = {"x"}, ledger = {{}},
      forward = {"", "x", "ftp://x", "http://", "http:///x", "https://x y", "http://x\n", 'http://x"', "http://x\\",
        "http://x$y", "http://x;y", "http://x{", "http://x}", 1}} do
      for _, value in ipairs(values) do
        local ok, message = pcall(start, {[name] = value})
        assert.is_false(ok, name .. tostring(value))
        assert.matches("option '" .. name .. "'", tostring(message), 1, true)
      end
    end
    assert.matches("a table with store and listen expected", select(2, pcall(start, {ledger = {}})), 1, true)
    for _, value in ipairs{"http://x", "https://[::1]:5/", "http://1.2.3.4/a?b=c"} do
      assert.matches('proxy_pass "' .. value .. '";', start{forward = value}.http, 1, true)
    end
    for _, port in ipairs{1, 65535} do
      start{port = port}
      assert.equal(port, given[2])
    end
    os.getenv = function(name) return name == "CMR_API_KEY" and "a key" or getenv(name) end -- luacheck: ignore 122
    for _, verify in ipairs{{}, false} do
      local ok, message = pcall(start, {verify = verify})
      assert.is_false(ok)
      assert.matches("cmr.listen.run: $CMR_API_KEY holds a space", tostring(message), 1, true)
    end
    assert.is_table(start{}) -- the option's key is used, and not the environment's
  end)
end)
