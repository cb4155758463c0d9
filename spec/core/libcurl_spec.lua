-- What differs between versions of libcurl. The library behaves the same with each of them.
local cmr = require "cmr"
local core = require "cmr.core"
local faultserver = require "spec.support.faultserver"
local compile = require "spec.support.compile"
local play = require "spec.fault.play"
local program = require "spec.support.program"
local socket = require "socket"
local words = require "spec.fault.wording"

local KEY = "the-key-4711"

describe("with any libcurl", function()
  local server

  setup(function() server = faultserver.start() end)
  teardown(function() server:stop() end)

  local function client_at(at, scheme)
    return cmr.new{base_url = ("%s://127.0.0.1:%d"):format(scheme or "http", at.port), api_key = KEY, retries = 0,
      rate = false, reexport_quota = false, ca_file = server.ca_file}
  end

  -- Makes a GET to which the server plays an answer. Returns the result.
  local function answered(headers, body, status)
    local at = server:play{{words.request, words.send(words.answer(status or "503 Wait", body or "{}", headers))}}
    local client = client_at(at)
    local res, message, err = client:platforms "U"
    client:close()
    return res, message, err
  end

  it("Retry-After is whole seconds, however it is written", function()
    local DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
    for _, case in ipairs{
      {{"Retry-After: 21601"}, 21601},
      {{"Retry-After: 604800"}, 604800},
      {{"retry-after:\t 5 "}, 5},
      {{"Retry-After: 1.5"}, 2},
      {{"Retry-After: 0.001"}, 1},
      {{"Retry-After: 7.000"}, 7},
      {{"Retry-After: 0"}, nil},
      {{"Retry-After: 0.0"}, nil},
      {{"Retry-After: -5"}, nil},
      {{"Retry-After: soon"}, nil},
      {{"Retry-After: "}, nil},
      {{"Retry-After: 100000000000000000"}, 1e17},
      {{"Retry-After: 99999999999999999999"}, 1e18},
      {{"Retry-After: 9999999999999999999"}, 1e18},
      -- A date in Retry-After is compared with the server's own Date, and not with this machine's clock.
      {{"Date: " .. DATE, "Retry-After: Sun, 06 Nov 1994 08:50:07 GMT"}, 30},
      {{"Retry-After: Sun, 06 Nov 1994 16:49:37 GMT", "Date: " .. DATE}, 8 * 3600},
      {{"Date: " .. DATE, "Retry-After: Sun, 06 Nov 1994 08:49:07 GMT"}, nil},
      {{"Date: now", "Retry-After: Sun, 06 Nov 1994 08:50:07 GMT"}, nil},
    } do
      local _, _, err = answered(case[1])
      assert.equal(case[2], err.retry_after, case[1][1] .. ", " .. (case[1][2] or ""))
    end
  end)

  it("no message holds the key that a server sent back, whole or in part", function()
    for _, headers in ipairs{
      {("Transfer-Encoding: %s, chunked"):format(KEY)},
      {("Content-Encoding: %s"):format(KEY)},
      {("Content-Encoding: %s%s"):format(("x"):rep(225), KEY)},
      {("Content-Length: %s"):format(KEY)},
      {("Location: http://%s@[::"):format(KEY)},
    } do
      local _, message, err = answered(headers, '{"status":200}', "200 OK")
      local said = tostring(message) .. tostring(err and err.message)
      assert.is_nil(said:find("the-key", 1, true), said)
    end
  end)

  it("no message holds the key that stands in the name of a host, whole or in part", function()
    local key, label = "the-key-" .. ("4"):rep(52), ("x"):rep(60)
    -- libcurl cuts its message about the second host in the middle of the last key. The mask makes the first key
    -- shorter. So an error that quoted 200 bytes of this message would show the beginning of the last key.
    for _, host in ipairs{key .. ".invalid", table.concat({key, label, label, key}, ".")} do
      local client = cmr.new{base_url = "http://" .. host, api_key = key, allow_http = true, retries = 0, rate = false,
        connect_timeout = 2}
      local _, message, err = client:platforms "U"
      client:close()
      assert.is_nil((message .. err.message):find("the-k", 1, true), message)
    end
  end)

  it("an attempt connects within 5 seconds, or within connect_timeout", function()
    local at = server:play({}, "full")
    local library = compile "spec/support/still_clock.c"
    -- The clock moves in steps of an eighth of a second, which take no time.
    local ended = program.run(([[
      local core = require "cmr.core"
      local move_clock = assert(package.loadlib(%q, "move_clock"))
      for _, case in ipairs{{5}, {1000, 1000}, {0.5, 0.5}} do
        local target = assert(core.target{api_key = "k", base_url = "http://127.0.0.1:%d", connect_timeout = case[2]})
        local call, steps = core.platforms(target, "u"), 0
        call:start(core.engine(), 2000)
        while not call:done() do
          for _ = 1, 3 do core.engine():wait(0) end
          move_clock(0.125)
          steps = steps + 1
        end
        local late = steps / 8 - case[1]
        print(select(3, call:result()).kind, late >= 0 and late < 0.5)
      end
    ]]):format(library, at.port), {env = {LD_PRELOAD = (os.getenv "LD_PRELOAD" or "") .. " " .. library}})
    os.remove(library)
    assert.same({"", ("timeout\ttrue\n"):rep(3)}, {ended.err, ended.out})
  end)

  it("trailers neither void an answer nor change it", function()
    local body = '{"status":200,"message":"fine"}'
    for _, trailers in ipairs{
      "X: y", "Retry-After: 9", "HTTP/1.1: 500 No", "Content-Encoding: gzip", "X: " .. ("y"):rep(9000),
    } do
      local chunked = ("%x\r\n%s\r\n0\r\n%s\r\n\r\n"):format(#body, body, trailers)
      local res, message = answered({"Transfer-Encoding: chunked"}, chunked, "200 OK")
      assert.equal("fine", res and res.message, ("%s: %s"):format(trailers:sub(1, 20), tostring(message)))
      local info = cmr.info(res)
      assert.same({200, "chunked"}, {info.status, info.headers["transfer-encoding"]})
      assert.is_nil(info.headers["retry-after"])
    end
  end)

  -- An attempt on a dead connection would fail, and with it the call, because client_at's clients do not retry.
  for name, ending in pairs{
    ["close_notify"] = {words.notify},
    ["408"] = {words.send(words.answer("408 Request Timeout", ""))},
    ["408 and close_notify"] = {words.send(words.answer("408 Request Timeout", "")), words.notify},
    ["a late answer"] = {words.send(words.answer("200 OK", '{"status":200,"message":"stale"}'))},
  } do
    it("idle connections that died cost no attempt, however many there are: " .. name, function()
      for method, call in pairs{
        GET = function(client) return client:platforms "U" end,
        POST = function(client) return client:reexport{mailboxId = "M"} end,
      } do
        local fine = words.send(words.answer("200 OK", words.GOOD))
        local dying = words.tls("good", {words.request, words.sleep(200), fine, words.sleep(200)})
        for _, step in ipairs(ending) do dying[#dying + 1] = step end
        local first = words.tls("good", {words.request, fine})
        for index = 2, #dying do first[#first + 1] = dying[index] end
        local scripts = {first}
        for number = 2, 8 do scripts[number] = dying end
        scripts[9] = words.tls("good", words.well)
        local at = server:play(scripts)
        local client = client_at(at, "https")
        assert(client:platforms "U") -- the target now knows that the server speaks HTTP/1.1
        for _, res, message in client:map("platforms", {"1", "2", "3", "4", "5", "6", "7", "8"}, {concurrency = 8}) do
          assert.equal("fine", res and res.message, message)
        end
        socket.sleep(0.4) -- the server ends the connections after 0.2 s
        local res, message = call(client)
        assert.equal("fine", res and res.message, message)
        assert.equal(1, cmr.info(res).attempts, method)
        client:close()
      end
    end)
  end

  it("timing tells when a connection was encrypted, and nothing for a plain one", function()
    for scheme, script in pairs{http = words.well, https = words.tls("good", words.well)} do
      local timing
      local client = client_at(server:play{script}, scheme):with{on_response = function(info)
        timing = info.timing
      end}
      assert(client:platforms "U")
      assert.equal(scheme == "https", timing.secured ~= nil)
    end
  end)

  describe("calls beyond max_connections", function()
    -- Makes concurrent calls to a server that answers after some seconds. Returns their outcomes, their seconds in the
    -- queue and the server's counts.
    local function call_all(count, options, seconds, script)
      local at = server:play{script or {words.request, words.sleep(seconds * 1000), words.send(words.answer("200 OK",
        words.GOOD)), words.again}}
      local queued = {}
      local client = client_at(at, script and "https"):with(options):with{on_response = function(info)
        queued[#queued + 1] = info.queued
      end}
      local inputs, outcomes = {}, {}
      for number = 1, count do inputs[number] = {mailboxId = "M" .. number} end
      for _, res, _, err in client:map("reexport", inputs, {concurrency = count}) do
        outcomes[#outcomes + 1] = res and "ok" or err.kind .. " " .. err.outcome
      end
      table.sort(outcomes)
      table.sort(queued)
      client:close()
      return outcomes, queued, server:count(at)
    end

    it("wait for a connection, and an attempt's time begins when it has one", function()
      local outcomes, queued, counts = call_all(6, {max_connections = 2, attempt_timeout = 1.3}, 0.5)
      assert.same({"ok", "ok", "ok", "ok", "ok", "ok"}, outcomes)
      assert.is_true(counts.connections <= 2, counts.connections)
      assert.equal(0, queued[2])
      assert.is_true(queued[3] > 0.45 and queued[6] > 0.95, queued[6])
    end)

    it("have not been sent when the time of the call is over", function()
      local outcomes = call_all(4, {max_connections = 1, attempt_timeout = 3, timeout = 1.8, retries = 0}, 1)
      assert.same({"ok", "timeout not_sent", "timeout not_sent", "timeout unknown"}, outcomes)
    end)

    it("have a true outcome, however many wait: no unsent call is unknown", function()
      for timeout, all_ok in pairs{[20] = true, [1.2] = false} do
        local options = {max_connections = 64, attempt_timeout = 1, timeout = timeout, retries = 0}
        local outcomes, queued, counts = call_all(1024, options, 0.1)
        local sums = {}
        for _, outcome in ipairs(outcomes) do sums[outcome] = (sums[outcome] or 0) + 1 end
        local sent = (sums.ok or 0) + (sums["timeout unknown"] or 0)
        assert.equal(1024, sent + (sums["timeout not_sent"] or 0))
        assert.equal(sent, counts.requests)
        if play.patience > 1 then -- on a slow machine, attempts may time out, which ends their connections
          assert.is_true(sent > 0 and counts.connections <= 64 + 1024 - (sums.ok or 0), counts.connections)
        elseif all_ok then
          assert.equal(1024, sums.ok)
          assert.is_true(queued[1024] > 1) -- longer than an attempt may take
          assert.is_true(counts.connections <= 64, counts.connections)
        else
          assert.is_true(sums["timeout not_sent"] > 0 and sums.ok > 64)
          assert.is_true(counts.connections <= 64, counts.connections)
        end
      end
    end)

    it("wait for the first connection to a new server, and say so when it is not there in time", function()
      local at = server:play{{words.stall}}
      local client = client_at(at, "https"):with{timeout = 1, attempt_timeout = 1, retries = 0}
      local inputs, messages = {}, {}
      for number = 1, 101 do inputs[number] = {mailboxId = "M" .. number} end
      for input, res, message, err in client:map("reexport", inputs, {concurrency = 101}) do
        assert.same({false, "timeout", "not_sent"}, {res ~= nil, err.kind, err.outcome})
        messages[input.mailboxId] = message
      end
      client:close()
      assert.matches("no connection was free in time", messages.M101, 1, true)
      assert.is_nil(messages.M1:find("no connection was free", 1, true), messages.M1)
    end)

    it("are cancelled at once, and free a place for the next", function()
      local at = server:play{{words.request, words.stall}, words.well}
      local client = client_at(at):with{max_connections = 1, attempt_timeout = 20}
      local jobs = {}
      for number = 1, 3 do jobs[number] = client:start("reexport", {mailboxId = "M" .. number}) end
      client:start("platforms", "U"):cancel()
      jobs[2]:cancel()
      local _, _, err = jobs[2]:wait()
      assert.same({"cancelled", "not_sent"}, {err.kind, err.outcome})
      for _ = 1, 50 do core.engine():wait(10) end -- long enough for the first job's request to arrive
      jobs[1]:cancel()
      local res, message = jobs[3]:wait()
      assert.equal("fine", res and res.message, message)
      client:close()
    end)

    it("are limited by default to 256 connections, and at an HTTP/2 server by nothing", function()
      local outcomes, queued = call_all(257, {}, 0.5)
      assert.same({"ok", "ok"}, {outcomes[1], outcomes[257]})
      assert.equal(0, queued[256])
      assert.is_true(queued[257] > 0.3)
    end)
  end)
end)
