-- Random lives of orders: the process may die before the answer, webhooks come twice, late, in any order or never,
-- handlers fail, and processes restart. The verdict of client:await about each order is compared with a model that
-- knows what really happened. Usage: spec/stress/ledger.lua [SEQUENCES [SEED]].
package.path = "./?.lua;" .. package.path
local core = require "cmr.core"
local cmr = require "cmr"
local delivery = require "spec.support.delivery"
local identity = require "cmr.ledger.identity"
local ledgers = require "cmr.ledger"
local operations = require "cmr.operations"
local receivers = require "cmr.webhook.receiver"
local settlement = require "cmr.settlement"

local random, KEY = math.random, delivery.KEY
local FORMAT = next(require("cmr.webhook.signature_formats").FORMATS)
local sequences, seed = tonumber(arg and arg[1]) or 10000, tonumber(arg and arg[2]) or os.time()
local path = os.getenv "CMR_LEDGER"

-- The loop's clock moves only when the library sleeps.
local clock = 0
local loop = { now = function() return clock end, wait = function() error "no request may leave" end }
function loop.sleep(_, seconds) clock = clock + seconds end

local ledger, client, receiver
local failing = {} -- ids of the events whose handler fails at the next delivery

-- Imitates a new process: the new client and the new receiver know only what the ledger has.
local function start()
  if ledger then ledger:close() end
  ledger = assert(ledgers.open(path))
  client = cmr.new { api_key = KEY, base_url = "http://127.0.0.1:1", ledger = ledger, loop = loop, rate = false }
  receiver = receivers.new("receiver", { api_key = KEY, store = ledger:store(),
    now = function() return delivery.NOW end, log = function() end, on = { ["*"] = function(event)
      if failing[event.eventId] then
        failing[event.eventId] = nil
        error "failed"
      end
    end } })
end

local function deliver(event)
  local body = core.json_encode(event)
  return receiver:receive(body, delivery.headers(FORMAT, body))
end

-- Makes an order and decides how it ends. Returns the order, its arguments, its answer and its events.
local function make(number)
  local order = { number = number, needed = {}, user = "U" .. number, order = "ORD_" .. number,
    action = "ACT_" .. number }
  local args = { userId = order.user, domains = {}, mailboxes = {}, confirm = true }
  local answer = { status = 200, actionId = order.action, data = { orderId = order.order, unavailableDomains = {} } }
  local events, needed = {}, order.needed
  local function event(name, data, is_needed)
    data.orderId, data.userId = order.order, order.user
    events[#events + 1] = { event = name, eventId = ("E%d-%d"):format(number, #events + 1), data = data }
    needed[events[#events]] = is_needed
  end
  for index = 1, random(3) do
    local name, boxes = ("d%d-%d.com"):format(number, index), random(0, 2)
    args.domains[index] = { domain = name, years = 1 }
    local fate = random()
    if fate < 0.1 then
      table.insert(answer.data.unavailableDomains, name)
      order.refused = true
    elseif fate < 0.25 then
      event("domain.order.failed", { reason = "taken", domainName = name }, true)
      order.fails = true
    else
      -- If the domain has mailboxes, this event is not needed: the events of the mailboxes prove the same.
      event("domain.order.success", { domainName = name, domainId = "D" .. name }, boxes == 0)
      order.does = true
      for box = 1, boxes do
        local address = ("u%d@%s"):format(box, name)
        event("mailbox.created", { mailboxId = "M" .. address, email = address }, true)
      end
    end
    local list = {}
    for box = 1, boxes do list[box] = { username = "u" .. box, firstName = "F", lastName = "L" } end
    if boxes > 0 then args.mailboxes[name] = list end
  end
  return order, args, answer, events
end

-- The model: returns the correct verdict after the events in `seen` have arrived.
local function verdict_of(order, events, seen)
  if order.crashed then return "unknown" end
  local all, failed = true, false
  for _, event in ipairs(events) do
    local arrived = seen[event.eventId]
    all = all and (arrived or not order.needed[event])
    failed = failed or arrived and event.event == "domain.order.failed"
  end
  if failed or order.refused and all then return "failed" end
  return all and "done" or "open"
end

local function check(fact, order, what, ...)
  if not fact then error(("seed %d, order %d: "):format(seed, order.number) .. what:format(...), 0) end
end

-- Waits, and compares the library's verdict with the model's.
local function compare(order, plan, events, seen)
  local wanted = verdict_of(order, events, seen)
  local done, message, err = client:await({ plan = plan }, { timeout = 5, poll = false })
  local got = done and "done" or ({ operation_failed = "failed", timeout = "open" })[err.kind] or err.kind
  check(got == wanted, order, "%s, and it is %s (%s)", got, wanted, tostring(message))
  if err and err.outcome == "rejected" then check(not order.does, order, "rejected, and something was done") end
end

local function live(number)
  local order, args, answer, events = make(number)
  local operation = operations.create_order
  local id = assert(ledger:begin { account = "a u", operation = operation.name, digest = identity.digest(args) })
  if random() < 0.1 then -- the process is killed before the answer
    order.crashed = true
    start()
    check(ledger:same("a u", operation.name, identity.digest(args))[1].state == "unknown", order, "not unknown")
    return
  end
  local plan = core.json_encode(assert(settlement.plan(operation, args, answer, core.time())))
  assert(ledger:finish(id, { state = "accepted", plan = plan }))
  local queue, seen = {}, {}
  for _, event in ipairs(events) do
    for _ = 1, random() < 0.15 and 0 or random(2) do table.insert(queue, random(#queue + 1), event) end
    failing[event.eventId] = random() < 0.2 or nil
  end
  local position = 1
  while queue[position] do
    if random() < 0.1 then start() end
    local event = queue[position]
    local fails = failing[event.eventId]
    local status = deliver(event)
    check(status == (fails and 500 or 200), order, "%s was answered with %s", event.eventId, tostring(status))
    seen[event.eventId] = true -- the event is stored before its handler runs
    if random() < 0.2 then
      compare(order, core.json_decode(ledger:find { before = id + 1 }[1].plan), events, seen)
    end
    position = position + 1
  end
  compare(order, core.json_decode(ledger:find { before = id + 1 }[1].plan), events, seen)
end

math.randomseed(seed)
start()
for number = 1, sequences do
  live(number)
end
ledger:close()
print(("ledger: %d sequences, seed %d: each as the model says"):format(sequences, seed))
