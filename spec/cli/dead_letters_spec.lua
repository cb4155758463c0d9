-- cmr webhook dead: the events that could not be handled, in the ledger and in Redis.
local cjson = require "cjson"
local cmr = require "cmr"
local command = require "spec.support.command"
local delivery = require "spec.support.delivery"
local redis = require "spec.support.redis"

local PASSWORD = "hunter-two"

-- Delivers this number of events, each three times, as the vendor does. Every handler fails. Returns the receiver.
local function fill(store, count)
  local receiver = cmr.webhook.receiver{api_key = delivery.KEY, now = delivery.NOW, store = store, log = function() end,
    on = {["*"] = function() error("no database", 0) end}}
  for number = 1, count do
    local body = cjson.encode{event = "mailbox.created", eventId = "E" .. number,
      data = {orderId = "O1", password = PASSWORD}}
    for _ = 1, 3 do
      assert.equal(500, receiver:receive(body, delivery.headers("body-hex-seconds", body)))
    end
  end
  return receiver
end

-- Lists the events, drops one, then drops all. The words and the variables choose the store.
local function check(words, env)
  local function dead(...)
    local all = {"webhook", "dead", ...}
    for _, word in ipairs(words) do all[#all + 1] = word end
    local answer = command.run(all, {env = env})
    assert.is_nil((answer.out .. answer.err):find(PASSWORD, 1, true))
    return answer
  end
  local listed = dead()
  assert.equal(0, listed.status, listed.err)
  assert.matches("ID +NAME +EVENT ID +FAILED AT +TRIES +REASON", listed.out)
  assert.matches("mailbox%.created +E1 +20%d%d%-%d%d%-%d%dT[%d:]+Z +3 +its handler failed: no database", listed.out)
  local list = cjson.decode(dead("--output", "json").out)
  assert.equal(2, #list)
  assert.same({"E2", {orderId = "O1"}}, {list[2].eventId, list[2].event.data})
  local csv = dead("--output", "csv").out
  assert.matches("^id,name,eventId,failedAt,tries,reason\r\n[^\r\n]+,mailbox%.created,E1,20[^\r\n]+\r\n"
    .. "[^\r\n]+,mailbox%.created,E2,20[^\r\n]+\r\n$", csv)
  assert.equal("E1\nE2\n", dead("--field", "data.eventId").out)
  assert.equal(2, select(2, dead("--output", "jsonl").out:gsub("\n", "")))
  assert.equal("cmr: 1 dropped\n", dead("--drop", list[1].id).err)
  local again = dead("--drop", list[1].id)
  assert.equal(1, again.status)
  assert.matches("there is no dead letter '" .. list[1].id .. "'", again.err, 1, true)
  assert.equal("E2\n", dead("--field", "data.0.eventId").out)
  assert.matches("E2", dead().out, 1, true)
  assert.equal("cmr: 1 dropped\n", dead("--drop", "all").err)
  assert.same({0, "cmr: 0 dropped\n"}, {dead("--drop", "all").status, dead("--drop", "all").err})
  assert.equal("[]\n", dead("--output", "json").out)
  local none = dead()
  assert.same({0, "", "cmr: there are none\n"}, {none.status, none.out, none.err})
end

describe("cmr webhook dead", function()
  after_each(command.clean)

  it("lists and drops those of the user's ledger", function()
    local path = command.ledger()
    local ledger = assert(require("cmr.ledger").open(path))
    finally(function() ledger:close() end)
    fill(ledger:store(), 2)
    check({}, {CMR_LEDGER = path})
  end)

  it("lists and drops those in Redis #redis", function()
    local server = redis.start()
    finally(function() server:stop() end)
    fill(require("cmr.store.redis").new{port = server.port}, 2)
    check({"--redis", "127.0.0.1:" .. server.port})
  end)

  it("lists and drops those in a Redis with a password #redis", function()
    local server = redis.start{password = "word"}
    finally(function() server:stop() end)
    fill(require("cmr.store.redis").new{port = server.port, password = "word"}, 2)
    check({"--redis", "127.0.0.1:" .. server.port}, {CMR_REDIS_PASSWORD = "word"})
    local refused = command.run({"webhook", "dead", "--redis", "127.0.0.1:" .. server.port},
      {env = {CMR_REDIS_PASSWORD = ""}})
    assert.equal(1, refused.status)
    assert.matches("uth", refused.err)
  end)

  it("says when Redis cannot be reached", function()
    local answer = command.run{"webhook", "dead", "--redis", "127.0.0.1:1"}
    assert.equal(1, answer.status)
    assert.matches("refused", answer.err)
  end)

  it("refuses a wrong command line", function()
    for message, words in pairs{
      ["argument FILE: only for detect"] = {"webhook", "dead", "x"},
      ["argument FILE: missing"] = {"webhook", "detect"},
      ["option '--drop': only for dead"] = {"webhook", "detect", "x", "--drop", "all"},
      ["option '--redis': 'a:b:c!' is no HOST[:PORT]"] = {"webhook", "dead", "--redis", "a:b:c!"},
      ["option '--redis': 'host:70000' is no HOST[:PORT]"] = {"webhook", "dead", "--redis", "host:70000"},
    } do
      local answer = command.run(words)
      assert.equal(2, answer.status, answer.err)
      assert.matches(message, answer.err, 1, true)
    end
  end)
end)
