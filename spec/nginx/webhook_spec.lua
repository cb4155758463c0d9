-- Webhooks at a real nginx, and at two that share a Redis. Every event is handled once, whatever fails.
local cjson = require "cjson"
local delivery = require "spec.support.delivery"
local http = require "spec.support.http"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"

local PASSWORD, APP_PASSWORD, SECRET = "geheim-password-1", "geheim-app-password-2", "GEHEIMSECRET3"

-- The handler records its begin and its end in a file. It stays busy as long as the file "hold" exists.
local HTTP = [[
  client_max_body_size 2m;
  init_by_lua_block {
    local function note(what, event)
      local file = assert(io.open("$directory/runs", "a"))
      file:write(what, " ", event.eventId, " ", ngx.worker.pid(), " ", #(event.data.text or ""), "\n")
      file:close()
    end
    local function held()
      local file = io.open("$directory/hold")
      return file and file:close()
    end
    received = require("cmr").webhook.handler{
      api_key = "$key",
      store = $store,
      lease = $lease,
      on = {
        ["mailbox.created"] = function(event)
          note("began", event)
          while held() do ngx.sleep(0.01) end
          if event.data.fails and not io.open("$directory/mended") then
            error("cannot log in with " .. event.data.password .. " and $key")
          end
          note("ended", event)
        end,
      },
    }
  }
]]
local SERVER = [[
  location = /webhook { content_by_lua_block { received() } }
  location = /kept { content_by_lua_block { ngx.print(unpack($store:list("order:O1"))) } }
]]

local directory, servers, remembered

local function start(options)
  local values = {directory = directory, key = delivery.KEY, lease = tostring(options.lease or 240), store = "nil"}
  if options.redis then
    values.store = ('require("cmr.store.redis").new{port = %d, timeout = 0.1}'):format(options.redis.port)
  end
  local server = nginx.start{workers = options.workers or 2,
    http = (options.http or "") .. HTTP:gsub("%$(%l+)", values),
    server = SERVER:gsub("%$(%l+)", values), unclean = options.unclean}
  servers[#servers + 1] = server
  return server
end

local function event(more)
  local data = {orderId = "O1", mailboxId = "M1", email = "x@y.z", password = PASSWORD, appPassword = APP_PASSWORD,
    authenticatorSecret = SECRET, more = {smtpPassword = PASSWORD, hint = delivery.KEY}}
  for name, value in pairs(more or {}) do data[name] = value end
  return cjson.encode{event = "mailbox.created", eventId = data.id or "E1", data = data}
end

local function send(server, body, key)
  return server:send("/webhook", {method = "POST", body = body,
    headers = delivery.headers("body-hex-seconds", body, {time = os.time(), key = key})})
end

local function deliver(server, body, key)
  local answer = send(server, body, key):answer()
  assert.equal("", answer.body)
  return answer.status
end

local function runs(what)
  local count = 0
  for _ in nginx.read(directory .. "/runs"):gmatch((what or "ended") .. " ") do count = count + 1 end
  return count
end

local function hold() nginx.write(directory .. "/hold", "") end
local function let_go() os.remove(directory .. "/hold") end

-- Sends an event, and waits until its handler runs.
local function in_mid_handler(server, body)
  hold()
  local before, request = runs "began", send(server, body or event())
  nginx.eventually("the handler has begun", function() return runs "began" > before end)
  return request
end

before_each(function()
  directory, servers = nginx.output "mktemp -d", {}
  nginx.output("chmod 777 " .. directory)
end)

after_each(function()
  let_go()
  for _, server in ipairs(servers) do server:stop() end
  nginx.output("rm -rf " .. directory)
end)

-- Delivers one event `count` times to each server in `to`, with 100 deliveries to each server at once. Returns how
-- often each status came.
local function deliver_often(to, count)
  local statuses, body = {}, event()
  for _ = 1, count / 100 do
    local requests = {}
    for _ = 1, 100 do
      for _, server in ipairs(to) do requests[#requests + 1] = send(server, body) end
    end
    for _, request in ipairs(http.collect(requests, 30)) do
      local status = request.status or request.why
      statuses[status] = (statuses[status] or 0) + 1
    end
  end
  return statuses
end

describe("webhooks at two nginx with a Redis #nginx #redis", function()
  setup(function() remembered = redis.start() end)
  teardown(function() remembered:stop() end)
  before_each(function() remembered:cli "flushall" end)

  it("run their handler once, however often an event is delivered to both", function()
    local one, two = start{redis = remembered}, start{redis = remembered}
    local statuses = deliver_often({one, two}, 1000)
    assert.equal(1, runs())
    assert.equal(2000, statuses[200] + (statuses[503] or 0))
    statuses[200], statuses[503] = nil, nil
    assert.same({}, statuses)
    assert.equal(200, deliver(one, event()))
    assert.equal(200, deliver(two, event()))
    assert.equal(1, runs())
  end)

  it("answer 503 while the other one handles the event, and then 200", function()
    local one, two = start{redis = remembered}, start{redis = remembered}
    local request = in_mid_handler(one)
    assert.equal(503, deliver(two, event()))
    assert.equal(200, deliver(two, (event{id = "E2"}:gsub("mailbox.created", "mailbox.updated"))))
    let_go()
    assert.equal(200, request:answer().status)
    assert.equal(200, deliver(two, event()))
    assert.equal(1, runs())
  end)

  it("handle a failed event at the next delivery, also at the other one", function()
    local one, two = start{redis = remembered}, start{redis = remembered}
    local body = event{fails = true}
    assert.equal(500, deliver(one, body))
    assert.equal(500, deliver(two, body))
    nginx.write(directory .. "/mended", "")
    assert.equal(200, deliver(one, body))
    assert.equal(200, deliver(two, body))
    assert.equal(3, runs "began")
    assert.equal(1, runs())
  end)

  it("handle an event at a later delivery when its worker died", function()
    local one = start{redis = remembered, lease = 1, unclean = {"exited on signal 9"}}
    local two = start{redis = remembered, lease = 1}
    local request = in_mid_handler(one)
    one:signal("KILL", nginx.read(directory .. "/runs"):match "began E1 (%d+)")
    assert.is_nil(request:answer().status)
    let_go()
    local seen = {}
    nginx.eventually("the lease is over", function()
      local status = deliver(two, event())
      seen[status] = true
      return status == 200
    end)
    assert.same({[200] = true, [503] = true}, seen)
    assert.equal(1, runs())
    assert.equal(200, deliver(one, event()))
    assert.equal(1, runs())
  end)

  it("lose no event in a reload, and handle none twice", function()
    local one = start{redis = remembered}
    local request = in_mid_handler(one)
    one:reload()
    assert.equal(503, deliver(one, event()))
    let_go()
    assert.equal(200, request:answer().status)
    assert.equal(200, deliver(one, event()))
    assert.equal(1, runs())
  end)

  it("accept no event while Redis is unavailable, and all when it is back", function()
    local down = redis.start()
    finally(function() down:stop() end)
    local one = start{redis = down}
    assert.equal(200, deliver(one, event{id = "before"}))
    down:kill()
    assert.equal(503, deliver(one, event()))
    assert.equal(503, deliver(one, event()))
    assert.equal(1, runs "began")
    assert.matches("mailbox.created E1: the store is unavailable: ", one:log(), 1, true)
    down:run()
    nginx.eventually("Redis is found", function() return deliver(one, event()) == 200 end)
    assert.equal(2, runs())
  end)

  it("handle no event twice when Redis loses the claim", function()
    local one, two = start{redis = remembered}, start{redis = remembered}
    local request = in_mid_handler(one)
    remembered:cli "flushall"
    let_go()
    assert.equal(200, request:answer().status)
    assert.equal(200, deliver(two, event()))
    assert.equal(1, runs())
  end)

  it("write no password and no key into a log or into Redis", function()
    local seen = directory .. "/monitor"
    local monitor = io.popen(("redis-cli -p %d monitor >%s & echo $!; wait"):format(remembered.port, seen))
    local pid = monitor:read "*l"
    nginx.eventually("it monitors", function() return nginx.read(seen):find "OK" end)
    local one = start{redis = remembered}
    assert.equal(200, deliver(one, event()))
    assert.equal(500, deliver(one, event{id = "E2", fails = true}))
    assert.equal(401, deliver(one, event{id = "E3"}, "another key"))
    assert.matches('"email":"x@y.z"', one:text "/kept", 1, true)
    remembered:cli "config set rdbcompression no"
    remembered:cli "save"
    remembered:cli "echo the-end"
    nginx.eventually("it has seen all", function() return nginx.read(seen):find "the%-end" end)
    nginx.output("kill " .. pid)
    monitor:close()
    local places = {log = one:log(), kept = one:text "/kept", monitor = nginx.read(seen),
      dump = nginx.read(remembered.directory .. "/dump.rdb")}
    assert.matches("refused (bad_signature)", places.log, 1, true)
    assert.matches("its handler failed", places.log, 1, true)
    for name, text in pairs(places) do
      assert.is_true(#text > 100)
      for _, secret in ipairs{PASSWORD, APP_PASSWORD, SECRET, delivery.KEY, (delivery.KEY:gsub("/", "\\/"))} do
        assert.is_nil(text:find(secret, 1, true), name .. " has " .. secret)
      end
    end
  end)
end)

describe("webhooks at one nginx with lua_shared_dict cmr #nginx", function()
  it("run their handler once, whichever worker an event comes to, also over a reload", function()
    local one = start{http = "lua_shared_dict cmr 1m;"}
    local statuses = deliver_often({one}, 300)
    assert.equal(300, statuses[200] + (statuses[503] or 0))
    assert.equal(1, runs())
    one:reload()
    assert.equal(200, deliver(one, event()))
    assert.equal(1, runs())
  end)

  it("are read completely, also from a file", function()
    local one = start{http = "lua_shared_dict cmr 1m;"}
    local body = event{text = ("x"):rep(200000)}
    assert.equal(200, deliver(one, body))
    assert.matches("ended E1 %d+ 200000\n", nginx.read(directory .. "/runs"))
    local answer = one:get("/webhook", {method = "POST", body = body .. " ", headers =
      delivery.headers("body-hex-seconds", body, {time = os.time()})})
    assert.equal(401, answer.status)
  end)

  it("are refused without a reason in the answer", function()
    local one = start{http = "lua_shared_dict cmr 1m;"}
    for _, case in ipairs{
      {401, {}}, {401, {method = "POST", body = "{}"}},
      {413, {method = "POST", body = ("x"):rep(1024 * 1024 + 1)}},
      {413, {method = "POST", body = ("x"):rep(2 * 1024 * 1024 + 1)}, "nginx's own"},
      {400, {method = "POST", body = "[]", headers = delivery.headers("body-hex-seconds", "[]", {time = os.time()})}},
    } do
      local answer = one:get("/webhook", case[2])
      assert.equal(case[1], answer.status)
      if not case[3] then assert.equal("", answer.body) end
    end
    assert.matches("cmr: webhook: refused (missing_signature): ", one:log(), 1, true)
    assert.equal(0, runs "began")
  end)
end)

describe("webhooks at an nginx without a dictionary #nginx", function()
  it("are recognised only by the worker that handled them, and a warning says so", function()
    local one = start{}
    assert.equal(200, deliver(one, event()))
    assert.matches("no lua_shared_dict cmr: each worker recognises only the webhooks", one:log(), 1, true)
  end)

  it("are recognised by the only worker, without a warning", function()
    local one = start{workers = 1}
    for _ = 1, 2 do assert.equal(200, deliver(one, event())) end
    assert.equal(1, runs())
    assert.is_nil(one:log():find("lua_shared_dict", 1, true))
  end)
end)
