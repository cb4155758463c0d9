-- Random starts, steps, waits, cancels, collections, forks and closes, with finalizers that use the same objects. Every
-- call must end exactly once: started = success + failure + cancelled + collected + orphaned. stress.c has the host.

local host, operations, seed = ...
operations, seed = math.tointeger(operations), math.tointeger(seed)
print(("stress: %d operations, seed %d"):format(operations, seed))
math.randomseed(seed)

local core = require "cmr.core"
local random = math.random
local KEY = "stressed-key-0123456789"
local SLOTS = 48

local function check(fact, what)
  if not fact then
    error("BUG: " .. what, 2)
  end
  return fact
end

local function one_of(list)
  return list[random(#list)]
end

-- How a call ends with each answer of the peer.
local kinds = {
  ok = "success", slow = "success", last = "success", continue = "success", gzip = "success", gone = "not_found",
  busy = "rate_limited", week = "rate_limited", html = "server_error", text = "bad_response", empty = "bad_response",
  big = "bad_response", garbage = "bad_response", cut = "network", close = "network", reset = "network",
  stop = "network", hold = "timeout",
}
local answers = { "ok", "ok", "ok", "ok", "ok" } -- and once each answer of `kinds`
for answer in pairs(kinds) do
  answers[#answers + 1] = answer
end
table.sort(answers)

local function new_target(answer)
  return check(core.target {
    api_key = KEY, base_url = ("http://127.0.0.1:%d/%s"):format(host.port, answer), max_response = 100000,
    headers = { ["X-Answer"] = answer },
  })
end

local closing = false -- lua_close has begun, or begins next
local targets = {} -- answer -> target; prepare() may store a new target, and the old target lives as long as its calls
local slots = {} -- 1 to SLOTS: a call or false
local count = { started = 0, success = 0, failure = 0, cancelled = 0, collected = 0, orphaned = 0 }

-- call -> {answer, get, running}. The record is collected with its call, and then counts the call if it was in flight.
local records = setmetatable({}, { __mode = "k" })
local by_id = setmetatable({}, { __mode = "v" }) -- call:id() -> call
local Record = {
  __gc = function(record)
    if record.running then
      record.running = false
      count.collected = count.collected + 1
    end
  end,
}

local function ended(record, how)
  check(record.running, "a call ended twice, now as " .. how)
  record.running = false
  count[how] = count[how] + 1
end

--- Checks a result: one value; or nil, a message and an error. Returns the error's kind and outcome; for a value,
-- returns "success" and "rejected".
local function shape(...)
  local res, message, err = ...
  if res ~= nil then
    check(select("#", ...) == 1 and type(res) == "table", "not one table")
    return "success", "rejected"
  end
  check(select("#", ...) == 3 and type(message) == "string" and message == err.message, "not nil, message, err")
  check(not message:find(KEY, 1, true) and not message:find "%c", "a message that tells too much")
  return err.kind, err.outcome
end

local function finished(call)
  local record = check(records[call], "a call that nobody started")
  local kind, outcome = shape(call:result())
  local wanted = kinds[record.answer]
  if record.answer == "week" and not record.get then
    wanted = "quota_exceeded"
  end
  if kind ~= wanted then
    error(("BUG: %s ended as %s: %s"):format(record.answer, kind, select(2, call:result()) or ""))
  end
  check(call:info().sends > 0 or outcome == "not_sent", "sent, and not counted")
  ended(record, kind == "success" and "success" or "failure")
end

--- Counts the calls that the engine reports: they have finished, or were cancelled with an earlier engine.
local function reports()
  local engine = core.engine()
  for id in engine.finished, engine do
    local call = by_id[id]
    local record = call and records[call] -- nil: the call is being collected
    if record and record.running then
      if shape(call:result()) == "cancelled" then
        ended(record, "orphaned")
      else
        finished(call)
      end
    end
  end
end

local function prepare()
  local answer, get = one_of(answers), random(2) == 1
  local where = targets[answer]
  if not where or random(50) == 1 then
    where = new_target(answer)
    targets[answer] = where
  end
  local call
  if get then
    call = check(core.platforms(where, "user " .. random(1000)))
  elseif random(2) == 1 then
    local google = { appName = ("x"):rep(random(500)) }
    call = check(core.reexport(where, { mailboxId = tostring(random(1000)), google = google }))
  else
    local given = { query = { { "a", random() } }, body = { list = { 1, core.null } } }
    call = check(core.request(where, "POST", "/x", given))
    get = true -- like a GET, a call without an operation has no quota
  end
  if random(3) == 1 then
    check(call:add_header("x-" .. random(1000), ("v"):rep(random(300))))
  end
  records[call] = setmetatable({ answer = answer, get = get, running = false }, Record)
  by_id[call:id()] = call
  return call
end

local function start(call)
  local record = records[call]
  if not call or record.running then
    return
  end
  if random(8) == 1 then
    call:clear_headers()
  end
  record.running = true -- set before the start, because a finalizer may step the engine at any moment
  count.started = count.started + 1
  local fine, why = pcall(call.start, call, core.engine(), record.answer == "hold" and 0.03 or 30)
  if not fine then -- start refuses a call whose answer is being read, but a finalizer may try it
    check(why:find "is being read", why)
    record.running = false
    count.started = count.started - 1
    return
  end
  if record.running and call:done() then
    finished(call)
  end
end

local function cancel(call)
  local record = records[call]
  local running = tostring(call):find "running"
  call:cancel()
  if running and record and record.running then
    check(call:done() and shape(call:result()) == "cancelled", "not cancelled")
    ended(record, "cancelled")
  end
end

local function step(milliseconds)
  core.engine():wait(milliseconds or 0)
  reports()
end

local function collect()
  collectgarbage()
  collectgarbage()
end

--- Checks the engine's number of calls in flight, after everything was collected.
local function take_stock()
  collect()
  local running = 0
  for _, record in pairs(records) do
    running = running + (record.running and 1 or 0)
  end
  check(running == core.engine():count(), "the engine counts " .. core.engine():count() .. ", not " .. running)
end

local function close()
  core.engine():close()
  reports()
  for call, record in pairs(records) do
    check(not (record.running and call:done() and by_id[call:id()]), "not reported after the engine's end")
  end
end

local function change_collector()
  if random(2) == 1 then
    collectgarbage("generational", random(1, 20), random(5, 100))
  else
    collectgarbage("incremental", one_of { 0, 1, 50, 100, 200 }, one_of { 100, 1000 }, random(0, 10))
  end
end

--- Calls the methods that change nothing. They must work at any time, but `result` raises before the call has finished.
local function inspect(call)
  local before = call:done()
  local fine, why = pcall(function()
    shape(call:result())
  end)
  check(fine or why:find "not finished", why)
  check(not before or fine, "finished, and no result")
  local info = call:info()
  check(info.url:find "^http://127" and tostring(call):find "cmr.call: " and call:request().method, "no facts")
  check(not info.headers or info.status, "headers without an answer")
end

-- Does what a user's finalizer might do, with objects whose finalizers run before it or after it.
local function meddling(self)
  local choice = random(closing and 2 or 6)
  if closing and choice == 2 then
    tostring(self.target)
    check(not self.call or #self.call:info().url >= 0, "no facts")
  elseif choice == 1 and self.call then
    cancel(self.call)
  elseif choice == 2 then
    pcall(core.platforms, self.target, "x")
  elseif choice == 3 then
    step()
  elseif choice == 4 and self.call then
    self.call:info()
    if tostring(self.call):find "closed" then
      check(not pcall(self.call.start, self.call, core.engine(), 1), "a collected call started")
    else
      start(self.call)
      cancel(self.call)
    end
  elseif choice == 5 then
    tostring(self.target)
    pcall(core.target, {}, self.target)
  else
    core.engine():count()
  end
end

local Meddler = {
  __gc = function(self)
    local fine, why = pcall(meddling, self)
    if not fine then -- Lua itself would only warn
      io.stderr:write("stress: FAILED: in a finalizer: ", tostring(why), "\n")
      host.exit(4)
    end
  end,
}

local function meddle()
  local meddler = setmetatable({}, Meddler) -- older or younger than the objects that it holds
  meddler.call = random(2) == 1 and slots[random(SLOTS)] or prepare()
  meddler.target = random(2) == 1 and targets.ok or new_target "ok"
end

--- Runs in a child: the calls in flight belong to the parent, and everything else works.
local function child()
  local first = random(4)
  if first == 1 then
    return
  elseif first == 2 then
    collect()
  elseif first == 3 then
    local call = one_of(slots)
    if call then
      call:cancel()
    end
  end
  local engine = core.engine()
  check(engine:count() == 0, "in flight in a child")
  for call, record in pairs(records) do
    if record.running and call:done() then
      check(shape(call:result()) == "cancelled", "not cancelled by a fork")
    end
    record.running = false
  end
  for _ = 1, random(0, 2) do
    local call = check(core.platforms(new_target "ok", "child"))
    -- running is set before the start, because a finalizer may step the engine in the child too
    records[call] = setmetatable({ answer = "ok", get = true, running = true }, Record)
    call:start(engine, 30)
    while not call:done() do
      engine:wait(1000)
    end
    check(shape(call:result()) == "success", "the child's call")
  end
end

local function fork()
  if host.fork() == 0 then
    local fine, why = pcall(child)
    if not fine then
      io.stderr:write("stress: in a child: ", tostring(why), "\n")
      host.exit(3)
    elseif random(2) == 1 then
      host.exit(0)
    end
    os.exit(0, true)
  end
end

local function no_child_failed(wait)
  local why = host.wait(wait)
  check(not why, why)
end

-- {weight, function(slot)}
local choices = {
  { 1500, function(slot) slots[slot] = prepare() end }, -- drops the slot's previous call, in any state
  { 3000, function(slot) start(slots[slot]) end },
  { 2500, step },
  { 300, function() step(random(0, 2)) end },
  { 400, function(slot) if slots[slot] then cancel(slots[slot]) end end },
  { 500, function(slot) slots[slot] = false end },
  { 1000, function(slot) if slots[slot] then inspect(slots[slot]) end end },
  { 400, meddle },
  { 200, function() collectgarbage "step" end },
  { 60, function() collectgarbage() end },
  { 20, change_collector },
  { 10, take_stock },
  { 5, close },
  { 4, fork },
  { 100, function() no_child_failed(false) end },
}
local total = 0
for _, choice in ipairs(choices) do
  total = total + choice[1]
end

local function operate()
  local place = random(total)
  for _, choice in ipairs(choices) do
    place = place - choice[1]
    if place <= 0 then
      return choice[2](random(SLOTS))
    end
  end
end

for slot = 1, SLOTS do
  slots[slot] = false
end
for number = 1, operations do
  if random(20) == 1 then
    coroutine.wrap(operate)()
  else
    operate()
  end
  if number % (operations // 10) == 0 then
    print(("stress: %d operations, %d calls"):format(number, count.started))
  end
end

no_child_failed(true)
local deadline = core.now() + 60
while core.engine():count() > 0 do
  step(100)
  check(core.now() < deadline, "it takes for ever")
end
take_stock()
slots, targets = {}, {}
take_stock()
check(next(records) == nil and core.engine():count() == 0, "calls that are not collected")
local sum = count.success + count.failure + count.cancelled + count.collected + count.orphaned
print(("stress: %d calls: %d succeeded, %d failed, %d cancelled, %d collected, %d orphaned"):format(count.started,
  count.success, count.failure, count.cancelled, count.collected, count.orphaned))
check(sum == count.started, ("%d calls started, %d ended"):format(count.started, sum))
for how, number in pairs(count) do
  check(number > 0 or operations < 10000, "none " .. how)
end

-- lua_close runs while there are calls in all states. Lua never finalizes an object that a finalizer makes then, not
-- even one of Lua's own files.
for slot = 1, SLOTS do
  slots[slot] = prepare()
  if random(2) == 1 then
    start(slots[slot])
  end
  meddle()
end
step()
collectgarbage "stop"
closing = true
