-- End to end: an application in nginx orders mailboxes, waits for the webhooks that the mock delivers, and sends its
-- client the new mailboxes. The mock's clock runs thirty times as fast as real time.
local cjson = require "cjson"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"
local socket = require "socket"

local SPEED = 30

local HTTP = [[
  init_by_lua_block {
    cmr = require "cmr"
    store = $store
    received = cmr.webhook.handler{store = store, on = {["mailbox.created"] = function(event)
      local file = assert(io.open("$directory/handled", "a"))
      file:write(event.data.email, " ", event.data.password and "with" or "without", " ", ngx.worker.pid(), "\n")
      file:close()
    end}}
  }
]]

-- On the second port, the kernel gives each connection to one of the workers, even if that worker is busy.
local SERVER = [[
  listen 127.0.0.1:$webhooks reuseport;
  location = /webhook { content_by_lua_block { received() } }
  location = /ping { content_by_lua_block { ngx.print "pong" } }
  location = /order { content_by_lua_block {
    local client = cmr.new{rate = false, store = store}
    local names = {}
    for name in ngx.var.arg_names:gmatch "%w+" do
      names[#names + 1] = {username = name, firstName = name, lastName = "Doe"}
    end
    local domain = ngx.var.arg_domain
    local res = assert(client:create_order("BVZGM5TE9BMP3PP0VWGW943RGV1B",
      {domains = {{domain = domain, years = 1}}, mailboxes = {[domain] = names}, confirm = true}))
    local events, why, err = client:await(res, {timeout = 20})
    local made = {}
    for place, event in ipairs(events or {}) do made[place] = event.data end
    ngx.print(require "cjson".encode{pid = ngx.worker.pid(), made = made, why = why, kind = err and err.kind})
  } }
]]

describe("an application in nginx #nginx", function()
  local upstream, servers, directory, port

  before_each(function()
    upstream = mock.shared("http")
    upstream:control("POST", "clock", {speed = SPEED})
    servers, directory, port = {}, nginx.output "mktemp -d", nginx.free_port()
    nginx.output("chmod 777 " .. directory)
  end)

  after_each(function()
    for _, server in ipairs(servers) do server:stop() end
    nginx.output("rm -rf " .. directory)
    upstream:reset()
  end)

  local function start(store, webhooks)
    local values = {store = store or "nil", directory = directory, webhooks = tostring(webhooks or port)}
    local server = nginx.start{mock = upstream, workers = 2,
      http = (store and "" or "lua_shared_dict cmr 1m;") .. HTTP:gsub("%$(%l+)", values),
      server = SERVER:gsub("%$(%l+)", values)}
    servers[#servers + 1] = server
    return server
  end

  local function destination(to, options)
    local given = {url = ("http://127.0.0.1:%d/webhook"):format(to)}
    for name, value in pairs(options or {}) do given[name] = value end
    upstream:control("POST", "webhooks", given)
  end

  local function order(server, domain)
    return server:send(("/order?domain=%s&names=ann,bob,cyd"):format(domain))
  end

  local function emails(answer)
    local list = {}
    for place, mailbox in ipairs(answer.made) do list[place] = mailbox.email end
    table.sort(list)
    return list
  end

  local function expected(domain)
    return {"ann@" .. domain, "bob@" .. domain, "cyd@" .. domain}
  end

  local function handled()
    local list, elsewhere = {}, {}
    for email, word, pid in nginx.read(directory .. "/handled"):gmatch "(%S+) (%S+) (%d+)\n" do
      assert.equal("with", word)
      list[#list + 1] = email
      elsewhere[email] = pid
    end
    table.sort(list)
    return list, elsewhere
  end

  it("answers with the three mailboxes that it ordered, even if the webhooks come to its other worker", function()
    local server, number = start(), 0
    destination(port)
    nginx.eventually("the other worker has had one", function()
      number = number + 1
      local domain = ("order%d.com"):format(number)
      local answer = cjson.decode(order(server, domain):answer(25).body)
      assert.is_nil(answer.why)
      assert.same(expected(domain), emails(answer))
      for _, mailbox in ipairs(answer.made) do
        assert.is_string(mailbox.mailboxId)
        for name in pairs(mailbox) do assert.is_nil(name:lower():find "password" or name:find "Secret") end
      end
      local _, by = handled()
      for _, email in ipairs(expected(domain)) do
        if tonumber(by[email]) ~= answer.pid then return true end
      end
    end, 30)
    assert.equal(3 * number, #handled())
  end)

  it("answers other requests meanwhile, and several such orders at once", function()
    local server, requests = start(), {}
    destination(port, {actionId = false}) -- as in the documented samples
    for number = 1, 5 do requests[number] = order(server, ("order%d.com"):format(number)) end
    nginx.eventually("all are ordered", function() return #upstream:requests() == 5 end)
    for _ = 1, 10 do
      local begun = socket.gettime()
      assert.equal("pong", server:text "/ping")
      assert.is_true(socket.gettime() - begun < 2)
    end
    for number, request in ipairs(requests) do
      assert.same(expected(("order%d.com"):format(number)), emails(cjson.decode(request:answer(25).body)))
    end
  end)

  it("learns why an order failed", function()
    local server = start()
    destination(port)
    upstream:control("POST", "failures", {domain = "taken.com", reason = "Workspace validation failed"})
    local answer = cjson.decode(order(server, "taken.com"):answer(25).body)
    assert.equal("operation_failed", answer.kind)
    assert.equal("create_order: domain.order.failed: Workspace validation failed", answer.why)
  end)

  it("gets webhooks that came to another host #redis", function()
    local remembered = redis.start()
    finally(function() remembered:stop() end)
    local store = ('require("cmr.store.redis").new{port = %d}'):format(remembered.port)
    local here, there = start(store, nginx.free_port()), start(store)
    destination(port)
    local answer = cjson.decode(order(here, "far.com"):answer(25).body)
    assert.same(expected "far.com", emails(answer))
    local _, by = handled()
    local workers = {}
    for _, pid in ipairs(there:workers()) do workers[pid] = true end
    for _, email in ipairs(expected "far.com") do assert.is_true(workers[by[email]]) end
    for key in remembered:cli "keys '*'":gmatch "[^\n]+" do
      local kind = remembered:cli("type " .. key)
      local value = remembered:cli((kind == "list" and "lrange %s 0 -1" or "get %s"):format(key))
      assert.is_nil(value:find("mock%-password") or value:find("MOCKSECRET") or value:find(upstream.key, 1, true))
    end
  end)
end)
