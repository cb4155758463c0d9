-- A receiver in a real nginx: how a handler may end its request, what each dictionary holds, and headers.
local cjson = require "cjson"
local delivery = require "spec.support.delivery"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"

local HTTP = [[
  $dictionaries
  init_by_lua_block {
    runs = 0
    receive, receiver = require("cmr").webhook.handler{ api_key = "$key", store = $store, on = { $on } }
  }
]]

local SERVER = [[
  location = /webhook { $phase { receive() } }
  location = /elsewhere { return 200; }
  location = /runs { content_by_lua_block { ngx.print(runs) } }
  location = /letters { content_by_lua_block { ngx.print(#receiver:dead_letters()) } }
  location = /replay { content_by_lua_block { ngx.print((receiver:replay())) } }
  $server
]]

local ALL = "lua_shared_dict cmr 1m; lua_shared_dict cmr_events 1m; lua_shared_dict cmr_claims 1m;"

local server

local function start(options)
  local values = {
    dictionaries = options.dictionaries or ALL, key = delivery.KEY, store = options.store or "nil",
    on = options.on or "", phase = options.phase or "content_by_lua_block", server = options.server or "",
  }
  server = nginx.start{http = HTTP:gsub("%$(%l+)", values), server = SERVER:gsub("%$(%l+)", values),
    unclean = options.unclean, workers = options.workers}
end

after_each(function() server:stop() end)

local function deliver(event, headers)
  event = event or {event = "mailbox.created", eventId = "E1", data = {orderId = "O1"}}
  local body = type(event) == "string" and event or cjson.encode(event)
  local all = delivery.headers("body-hex-seconds", body, {time = os.time()})
  for name, value in pairs(headers or {}) do all[name] = value end
  return server:get("/webhook", {method = "POST", body = body, headers = all}).status
end

local function runs() return tonumber(server:text "/runs") end

describe("a handler that ends its request #nginx", function()
  -- the handler's code, the answer, whether the event is handled then
  for _, case in ipairs{
    {"ngx.exit(200)", 200, true},
    {"ngx.exit(ngx.OK)", 200, true},
    {"ngx.status = 202 ngx.say 'taken' ngx.exit(ngx.OK)", 202, true},
    {"ngx.exit(204)", 204, true},
    {"ngx.exit(500)", 500, false},
    {"ngx.exit(404)", 404, false},
    {"ngx.exit(299)", 299, true},
    {"ngx.exit(300)", 300, false},
    {"ngx.exit(ngx.ERROR)", nil, false},
    {"ngx.status = 503 ngx.exit(ngx.OK)", 503, false},
    {"ngx.redirect '/elsewhere'", 302, false},
    {"ngx.exec '/elsewhere'", 200, false},
    {"pcall(ngx.exit, 200) error 'never'", 200, true},
    {"ngx.sleep(0.01) ngx.exit(200)", 200, true},
    {"coroutine.wrap(function() ngx.exit(200) end)()", 200, true},
    {"ngx.thread.wait(ngx.thread.spawn(function() ngx.sleep(0.01) ngx.exit(200) end))", 200, true},
    {"ngx.thread.wait(ngx.thread.spawn(ngx.exit, 500))", 500, false},
  } do
    it("by " .. case[1], function()
      start{on = ('["*"] = function() runs = runs + 1 %s end'):format(case[1])}
      assert.equal(case[2], deliver())
      -- if the event is handled, the second delivery runs no handler, and the receiver answers 200
      assert.equal(case[3] and 200 or case[2], deliver())
      assert.equal(case[3] and 1 or 2, runs())
      local failure = server:log():match "its handler failed: it (%l+) the request with "
      assert.equal(not case[3] and (case[1]:find "exit" and "ended" or "left") or nil, failure)
    end)
  end

  it("once, whatever it calls afterwards", function()
    start{on = [=[["*"] = function()
      runs = runs + 1
      ngx.print("begun")
      ngx.flush(true)
      pcall(ngx.redirect, "/elsewhere") -- raises: the answer has begun
      if runs == 1 then pcall(ngx.exec, "/elsewhere") end
      error "in vain"
    end]=]}
    for _ = 1, 2 do deliver() end
    assert.equal(2, runs())
    local log = server:log()
    assert.equal(2, select(2, log:gsub("its handler failed: it left the request with ngx.redirect", "")))
    assert.is_nil(log:find("ngx.exec", 1, true))
    assert.is_nil(log:find("could not be", 1, true))
  end)

  it("only in the function, and not after it", function()
    start{phase = "content_by_lua_block", on = '["*"] = function() runs = runs + 1 end',
      server = "location = /later { content_by_lua_block { receive() ngx.exit(404) } }"}
    local body = '{"event":"a","eventId":"E1"}'
    local headers = delivery.headers("body-hex-seconds", body, {time = os.time()})
    local options = {method = "POST", body = body, headers = headers}
    assert.equal(404, server:get("/later", options).status)
    assert.equal(200, server:get("/webhook", options).status)
    assert.equal(1, runs())
    assert.is_nil(server:log():find("failed", 1, true))
  end)

  it("in another phase", function()
    start{phase = "access_by_lua_block", on = '["*"] = function() runs = runs + 1 ngx.exit(204) end'}
    for _ = 1, 2 do deliver() end
    assert.equal(1, runs())
  end)

  it("leaves a dead letter at the last delivery, and can be replayed", function()
    start{on = '["*"] = function() runs = runs + 1 ngx.exit(runs > 3 and 200 or 500) end'}
    for _ = 1, 3 do assert.equal(500, deliver()) end
    assert.equal("1", server:text "/letters")
    server:get "/replay" -- the handler ends this request too
    assert.equal(4, runs())
    assert.equal(200, deliver())
    assert.equal(4, runs())
    assert.equal("1", server:text "/replay") -- the first replay has handled the event; this one only removes the letter
    assert.equal("0", server:text "/letters")
    assert.equal(4, runs())
  end)

  it("does not end the claim of another request", function()
    start{
      on = [[["*"] = function(event)
        runs = runs + 1
        if event.eventId == "slow" then ngx.sleep(0.5) end
        if event.eventId == "slow" and runs < 4 then error "failed" end
      end]],
      server = "location = /exit { content_by_lua_block { ngx.exit(200) } }",
    }
    local body = '{"event":"a","eventId":"slow"}'
    local slow = server:send("/webhook", {method = "POST", body = body,
      headers = delivery.headers("body-hex-seconds", body, {time = os.time()})})
    nginx.eventually("it is at work", function() return runs() == 1 end)
    assert.equal(200, server:get("/exit").status)
    assert.equal(503, deliver(body))
    assert.equal(500, slow:answer().status)
    assert.equal(500, deliver(body))
  end)

  it("also ends the claim of an event in Redis #redis", function()
    local remembered = redis.start()
    finally(function() remembered:stop() end)
    start{store = ('require("cmr.store.redis").new{port = %d}'):format(remembered.port),
      on = '["*"] = function() runs = runs + 1 ngx.exit(runs > 1 and 200 or 500) end'}
    assert.equal(500, deliver())
    for _ = 1, 2 do assert.equal(200, deliver()) end
    assert.equal(2, runs())
  end)
end)

describe("a receiver with a dictionary for each kind of data #nginx", function()
  -- Runs in nginx: handles 50 events that are stored and 100,000 that are not. Then counts the stored events, and reads
  -- the quota.
  local FLOOD = [[
    location = /flood { content_by_lua_block {
      local core, text, cmr = require "cmr.core", require "cmr.util.text", require "cmr"
      local store = require("cmr.store").default()
      local handled, refused = 0, 0
      for number = 1, 3 do assert(store:count("quota:key:M1", 3, 7 * 24 * 3600) == number) end
      local function receive(body)
        local digest = text.hex(core.hmac_sha256("$key", body))
        local status = receiver:receive(body, {["cmr-x-signature"] = digest, ["cmr-x-timestamp"] = tostring(os.time())})
        handled, refused = handled + (status == 200 and 1 or 0), refused + (status ~= 200 and 1 or 0)
      end
      for number = 1, 50 do receive(('{"event":"mailbox.created","eventId":"A%d","data":{"orderId":"O%d"}}'):format(
        number, number)) end
      for number = 1, 100000 do
        receive(('{"event":"dns-record.updated","eventId":"E%d","data":{"userId":"U1"}}'):format(number))
        if number % 1000 == 0 then ngx.sleep(0) end
      end
      local kept = 0
      for number = 1, 50 do kept = kept + #store:list("order:O" .. number) end
      local count, reason = store:count("quota:key:M1", 3, 7 * 24 * 3600)
      ngx.print(handled, " handled, ", refused, " refused, ", kept, " kept, ", count or reason, ", runs ", runs)
    } }
  ]]

  local function flood(dictionaries)
    start{dictionaries = dictionaries, on = '["*"] = function() runs = runs + 1 end',
      server = (FLOOD:gsub("%$key", delivery.KEY))}
    return server:get("/flood", {timeout = 300}).body
  end

  it("keeps all awaited events and quotas over 100,000 handled events, and the claims of the last 70,000", function()
    assert.equal("100050 handled, 0 refused, 50 kept, exhausted, runs 100050",
      flood "lua_shared_dict cmr 1m; lua_shared_dict cmr_events 1m; lua_shared_dict cmr_claims 10m;")
    for _, number in ipairs{30001, 60000, 100000} do
      local body = ('{"event":"dns-record.updated","eventId":"E%d","data":{"userId":"U1"}}'):format(number)
      assert.equal(200, deliver(body))
    end
    assert.equal(100050, runs())
  end)

  it("refuses an event for which it has no room, and accepts it later when it has room", function()
    start{dictionaries = "lua_shared_dict cmr 32k; lua_shared_dict cmr_events 32k; lua_shared_dict cmr_claims 32k;",
      on = '["*"] = function() runs = runs + 1 end',
      server = [[location = /drop { content_by_lua_block {
        ngx.shared.cmr_events:flush_all() ngx.shared.cmr_events:flush_expired() } }]]}
    local function event(number)
      local data = {orderId = "O" .. number, text = ("x"):rep(400)}
      return {event = "mailbox.created", eventId = "E" .. number, data = data}
    end
    local number, status = 0
    repeat
      number = number + 1
      status = deliver(event(number))
    until status ~= 200
    assert.equal(503, status)
    assert.is_true(number > 5, number)
    assert.equal(number - 1, runs())
    assert.equal(503, deliver(event(number)))
    assert.matches("mailbox.created E" .. number .. ": could not be stored: full", server:log(), 1, true)
    server:get "/drop"
    assert.equal(200, deliver(event(number)))
    assert.equal(number, runs())
  end)

  it("handles an event that is too large for the dictionary", function()
    start{dictionaries = "lua_shared_dict cmr 32k; lua_shared_dict cmr_events 32k; lua_shared_dict cmr_claims 32k;",
      on = '["*"] = function() runs = runs + 1 end'}
    local large = {event = "mailbox.created", eventId = "E1", data = {orderId = "O1", text = ("x"):rep(100000)}}
    for _ = 1, 2 do assert.equal(200, deliver(large)) end
    assert.equal(1, runs())
    assert.equal("1", server:text "/letters")
    assert.matches("could not be stored: too_large", server:log(), 1, true)
  end)
end)

describe("a receiver without some dictionaries #nginx", function()
  local function warnings(dictionaries)
    start{dictionaries = dictionaries, workers = 2, on = '["*"] = function() runs = runs + 1 end'}
    assert.equal(200, deliver())
    assert.equal(200, deliver())
    local _, count = server:log():gsub("share lua_shared_dict cmr, which loses its oldest", "")
    return count, server:log()
  end

  it("works with only one of them, and says once what is missing", function()
    local count, log = warnings "lua_shared_dict cmr 1m;"
    assert.equal(1, count)
    assert.matches("nginx.conf should also have 'lua_shared_dict cmr_events 10m;' and "
      .. "'lua_shared_dict cmr_claims 10m;'", log, 1, true)
  end)

  it("says which one is missing", function()
    local count, log = warnings "lua_shared_dict cmr 1m; lua_shared_dict cmr_claims 1m;"
    assert.equal(1, count)
    assert.matches("nginx.conf should also have 'lua_shared_dict cmr_events 10m;'", log, 1, true)
    assert.is_nil(log:find("lua_shared_dict cmr_claims", 1, true))
  end)

  it("says nothing when all exist", function()
    assert.equal(0, (warnings(ALL)))
  end)
end)

describe("a receiver in nginx #nginx", function()
  it("detects a repeated signature after a hundred other headers", function()
    start{server = "large_client_header_buffers 8 32k;"}
    local body = '{"event":"a","eventId":"E1"}'
    local signed = delivery.headers("body-hex-seconds", body, {time = os.time()})
    local lines = {"POST /webhook HTTP/1.1", "Host: x", "Connection: close", "Content-Length: " .. #body}
    for name, value in pairs(signed) do lines[#lines + 1] = name .. ": " .. value end
    for number = 1, 150 do lines[#lines + 1] = ("x-%d: y"):format(number) end
    local function status(...)
      local all = {...}
      for index, line in ipairs(lines) do table.insert(all, index, line) end
      local socket = assert(require("socket").connect("127.0.0.1", server.port))
      socket:send(table.concat(all, "\r\n") .. "\r\n\r\n" .. body)
      local answer = socket:receive "*l"
      socket:close()
      return answer:match "%d%d%d"
    end
    assert.equal("200", status())
    assert.equal("400", status("cmr-x-signature: " .. ("0"):rep(64)))
    assert.matches("refused (repeated_header)", server:log(), 1, true)
  end)

  it("lets a long handler renew its lease", function()
    start{dictionaries = ALL, on = [[["*"] = function(_, taken)
      runs = runs + 1
      assert(taken:renew(0.2))
      for _ = 1, 10 do
        ngx.sleep(0.1)
        assert(taken:renew(2))
      end
    end]]}
    local body = '{"event":"a","eventId":"slow"}'
    local slow = server:send("/webhook", {method = "POST", body = body,
      headers = delivery.headers("body-hex-seconds", body, {time = os.time()})})
    nginx.eventually("it is at work", function() return runs() == 1 end)
    for _ = 1, 5 do
      assert.equal(503, deliver(body))
      require("socket").sleep(0.1)
    end
    assert.equal(200, slow:answer().status)
    assert.equal(200, deliver(body))
    assert.equal(1, runs())
  end)
end)
