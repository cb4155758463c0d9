-- The paths of the allocation sweep: {name, before = function, run = function}. The sweep runs each path twice in one
-- state. The second time it refuses no memory. A path checks all its results, and raises an error for a wrong one.

local port = ...
local KEY = "swept-key-0123456789"
local LONG = ("x"):rep(9000)
local PICTURE = os.tmpname()
local core -- set by require_core, which most paths call first

local function check(fact, what)
  if not fact then
    error("BUG: " .. what, 0)
  end
  return fact
end

local kinds, outcomes = {}, { not_sent = true, rejected = true, unknown = true }
for kind in ([[network timeout tls bad_response unauthorized payment_required forbidden not_found conflict bad_request
    rate_limited quota_exceeded server_error unexpected_status cancelled invalid_argument]]):gmatch "%S+" do
  kinds[kind] = true
end

--- Checks a call's results: one table; or nil, a message and an error. `wanted` is the error's kind, or "success".
local function expect(wanted, ...)
  local res, message, err = ...
  if res ~= nil then
    check(select("#", ...) == 1, "more than one value")
    check(wanted == "success", "a success, but " .. wanted .. " expected")
    return res
  end
  check(select("#", ...) == 3, "not three values")
  check(type(message) == "string" and message == tostring(err), "no message")
  check(kinds[err.kind] and outcomes[err.outcome], "no kind, or no outcome")
  check(not message:find(KEY, 1, true), "the key is told")
  if err.kind ~= wanted then
    error(("failed: %s: %s"):format(err.kind, message), 0)
  end
  return err
end

--- Checks that the results are nil and a message.
local function refused(pattern, ...)
  local res, message = ...
  check(res == nil and type(message) == "string", "not refused")
  if not message:find(pattern, 1, true) then
    error("failed: " .. message, 0)
  end
end

local function raises(pattern, ...)
  local fine, message = pcall(...)
  check(not fine, "it does not raise")
  if not message:find(pattern, 1, true) then
    error(message, 0)
  end
end

--- Checks and returns a new target or call.
local function made(...)
  local one, message = ...
  if not one then
    error("failed: " .. message, 0)
  end
  return one
end

local function target(answer, given)
  local options = { api_key = KEY, base_url = ("http://127.0.0.1:%d/%s"):format(port, answer) }
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  return made(core.target(options))
end

local function wait(call)
  local deadline = core.now() + 3
  while not call:done() do
    core.engine():wait(100)
    check(core.now() < deadline, "it takes for ever")
  end
  return call
end

local function require_core()
  core = require "cmr.core"
end

-- Returns a path with one call that gets this answer of the peer. `checks` checks the result further.
local function answered(answer, kind, options, checks)
  local where
  return {
    name = "answer " .. answer,
    before = function()
      require_core()
      where = target(answer, options)
    end,
    run = function()
      local call = made(core.reexport(where, { mailboxId = "1" }))
      call:start(core.engine(), 2)
      local result = expect(kind, wait(call):result())
      local info = call:info()
      check((info.sends == 0) == (result.outcome == "not_sent"), "sent and not sent")
      if checks then
        checks(result, info)
      end
    end,
  }
end

-- Returns a path with several kinds of calls. A call reuses the handle of the last successful call to the same target.
local function handles_used_again()
  local good, bad
  return {
    name = "handles used again",
    before = function()
      require_core()
      good, bad = target "ok", target "busy"
    end,
    run = function()
      local calls = {
        made(core.platforms(good, "1")),
        made(core.reexport(good, { mailboxId = "1" })),
        made(core.platforms(bad, "1")),
        made(core.platforms(good, "2")),
        made(core.request(good, "DELETE", "/x")),
        made(core.reexport(good, { mailboxId = "2" })),
      }
      for index, call in ipairs(calls) do
        call:start(core.engine(), 2)
        expect(index == 3 and "rate_limited" or "success", wait(call):result())
      end
    end,
  }
end

local paths = {
  {
    name = "require cmr.core",
    run = function()
      package.loaded["cmr.core"] = nil
      check(require("cmr.core")._VERSION, "no version")
    end,
  },
  {
    name = "require cmr.operations",
    run = function()
      package.loaded["cmr.operations"] = nil
      check(#require("cmr.operations") > 60, "no rows")
    end,
  },
  {
    name = "require cmr",
    run = function()
      for name in pairs(package.loaded) do
        if name:find "^cmr" then
          package.loaded[name] = nil
        end
      end
      check(require("cmr")._VERSION, "no version")
    end,
  },
  {
    name = "targets",
    before = require_core,
    run = function()
      local one = target("ok", {
        key_header = "x-key", ca_file = "/none", proxy = "http://127.0.0.1:1", user_agent = "swept", allow_http = true,
        headers = { ["X-A"] = "b", ["X-Empty"] = "" }, max_response = 1e6, connect_timeout = 1,
        endpoints = { platforms = "POST /other" },
      })
      check(#one:key_id() == 16 and tostring(one):find "127", "no name")
      check(made(core.target({ api_key = "other" }, one)):key_id() ~= one:key_id(), "one name for two keys")
      target("ok", { base_url = ("http://localhost:%d/"):format(port) })
    end,
  },
  {
    name = "targets refused",
    before = require_core,
    run = function()
      refused("api_key", core.target { api_key = "a b" })
      refused("base_url", core.target { base_url = "http://example.com" })
      refused("'..'", core.target { base_url = "https://example.com/%2e./x" })
      refused("is set by the library", core.target { headers = { Host = "x" } })
      refused("line break", core.target { headers = { X = "a\nb" } })
      refused("endpoints.nothing", core.target { endpoints = { nothing = "GET /" } })
      refused("string expected", core.target { proxy = 1 })
      refused("a number from 1", core.target { max_response = 0 })
    end,
  },
  {
    name = "prepare",
    before = require_core,
    run = function()
      local where = target("ok", { endpoints = { platforms = "GET /over" } })
      local call = made(core.platforms(where, "a b&c/\u{e4}"))
      check(call:info().url:find("/ok/over?userId=a%20b%26c%2F%C3%A4", 1, true), "not that URL: " .. call:info().url)
      check(call:request().method == "GET" and tostring(call):find "platforms", "no name")
      made(core.reexport(where, { email = "a@b", google = { clientId = "1", appName = core.null } }))
      made(core.export_mailboxes(where, "user", { credentialId = "c", mailboxIds = { "1", "2", "3" } }))
    end,
  },
  {
    name = "prepare any other",
    before = require_core,
    run = function()
      local query = { { "a", "b c" }, { "d", 3 }, { "e", 1.5 }, { "f", true } }
      local body = { list = { 1, "two", { three = 3.5 }, core.null, core.array {} }, none = core.null, yes = true }
      local call = made(core.request(target "ok", "PATCH", "/x%20y", { query = query, body = body }))
      check(call:info().url:find("/ok/x%20y?a=b%20c&d=3&e=1.5&f=true", 1, true), "not that URL: " .. call:info().url)
    end,
  },
  {
    name = "mistakes",
    before = require_core,
    run = function()
      local where = target "ok"
      local function mistake(pattern, ...)
        local err = expect("invalid_argument", ...)
        check(err.programmer_error and err.outcome == "not_sent", "no mistake")
        refused(pattern, nil, err.message)
      end
      mistake("did you mean 'mailboxId'", core.reexport(where, { mailboxid = "1" }))
      mistake("did you mean 'clientId'", core.reexport(where, { email = "a", google = { client_id = "1" } }))
      mistake("has no such field", core.reexport(where, { entirely = "1" }))
      mistake("string expected, got number", core.platforms(where, 1))
      mistake("missing required argument 'userId'", core.platforms(where))
      mistake("missing required argument: 'mailboxId' or 'email'", core.reexport(where, {}))
      mistake("given twice", core.platforms(where, "1", { userId = "1" }))
      mistake("at most 1 positional", core.platforms(where, "1", "2"))
      mistake("names only", core.reexport(where, "1"))
      mistake("holes or names", core.export_mailboxes(where, "1", { credentialId = "c", mailboxIds = { a = 1 } }))
      mistake("mailboxIds[2]", core.export_mailboxes(where, "1", { credentialId = "c", mailboxIds = { "1", 2 } }))
      mistake("bad field 'method'", core.request(where, "BREW", "/x"))
      mistake("bad field 'path'", core.request(where, "GET", "x"))
      mistake("cannot be sent", core.request(where, "POST", "/x", { body = { a = { b = print } } }))
    end,
  },
  {
    name = "bad data",
    before = require_core,
    run = function()
      local where = target "ok"
      local function bad(pattern, ...)
        local err = expect("invalid_argument", ...)
        check(not err.programmer_error and err.outcome == "not_sent", "a mistake")
        refused(pattern, nil, err.message)
      end
      bad("is empty", core.platforms(where, ""))
      bad("is empty", core.export_mailboxes(where, "1", { credentialId = "c", mailboxIds = core.array {} }))
      bad("NUL", core.platforms(where, "a\0b"))
      bad("line break", core.platforms(where, "a\nb"))
      bad("8000 bytes", core.platforms(where, LONG))
      bad("no API key", core.platforms(target("ok", { api_key = "" }), "1"))
    end,
  },
  {
    name = "a form",
    before = function()
      require_core()
      local file = assert(io.open(PICTURE, "w"))
      file:write(LONG)
      file:close()
    end,
    run = function()
      local where = target("ok", { endpoints = { create_order_form = "POST /f userId in body" } })
      local order = { userId = "1", confirm = true, domains = { { domain = "a.com", years = 1 } }, google = {} }
      order.files = { ["a@a.com"] = PICTURE, ["b@a.com"] = PICTURE }
      local call = made(core.create_order_form(where, order))
      check(#call:request().form == 6, "not six parts")
      for _ = 1, 2 do
        call:start(core.engine(), 2)
        expect("success", wait(call):result())
      end
      call:start(core.engine(), 2)
      call:cancel()
      local digest, message = core.file_sha256(PICTURE)
      if not digest then
        error("failed: " .. message, 0)
      end
      check(digest == core.sha256(LONG), "not that digest")
      order.files["c@a.com"] = "/nowhere"
      refused("No such file", core.create_order_form(where, order))
    end,
  },
  answered("ok", "success", nil, function(res, info)
    local list = res.data.list
    check(math.type(res.status) == "integer" and list[3] == core.null and list[4].a == nil, "not that body")
    check(info.status == 200 and info.http_version == "1.1" and info.headers["x-twice"] == "1, 2", "not those facts")
  end),
  answered("continue", "success"),
  answered("gzip", "success"),
  answered("gone", "not_found", nil, function(err)
    check(err.status == 404 and err.outcome == "rejected" and err.body.message == "User not found", "not that error")
  end),
  answered("busy", "rate_limited", nil, function(err)
    check(err.retry_after == 1, "no retry_after")
  end),
  answered("week", "quota_exceeded"),
  answered("html", "server_error", nil, function(err)
    check(err.outcome == "unknown" and err.message:find "Oops" and not err.message:find "[%c\xff]", "not that error")
  end),
  answered("text", "bad_response"),
  answered("empty", "bad_response"),
  answered("big", "bad_response", { max_response = 10000 }, function(err)
    check(err.message:find "10000", "no limit in the message: " .. err.message)
  end),
  answered("cut", "network"),
  answered("garbage", "bad_response"),
  answered("close", "network"),
  {
    name = "several at once",
    before = require_core,
    run = function()
      local where, engine, running, finished = target "ok", core.engine(), {}, 0
      for i = 1, 6 do
        running[i] = made(core.platforms(where, tostring(i)))
        running[i]:start(engine, 2)
      end
      check(engine:count() <= 6 and engine:fd() and tostring(engine):find "in flight", "no engine")
      local deadline = core.now() + 3
      while engine:count() > 0 do
        engine:wait(50)
        for _ in engine.finished, engine do
          finished = finished + 1
        end
        check(core.now() < deadline, "it takes for ever")
      end
      for _, call in ipairs(running) do
        expect("success", call:result())
      end
      check(finished == 6 and not engine:wait(0), "not every call once")
    end,
  },
  {
    name = "started again",
    before = require_core,
    run = function()
      local call = made(core.platforms(target "ok", "1"))
      for _ = 1, 3 do
        call:start(core.engine(), 2)
        expect("success", wait(call):result())
      end
      local engine, reports = core.engine(), 0
      for id in engine.finished, engine do
        reports = reports + (id == call:id() and 1 or 0)
      end
      check(reports == 1, "reported " .. reports .. " times")
    end,
  },
  handles_used_again(),
  {
    name = "cancelled",
    before = require_core,
    run = function()
      local call <close> = made(core.platforms(target "hold", "1"))
      call:start(core.engine(), 2)
      core.engine():wait(1)
      call:cancel()
      expect("cancelled", call:result())
      call:start(core.engine(), 2)
    end,
  },
  {
    name = "collected in flight",
    before = require_core,
    run = function()
      local where = target "hold"
      for i = 1, 3 do
        made(core.platforms(where, tostring(i))):start(core.engine(), 2)
      end
      core.engine():wait(0)
      collectgarbage()
      check(core.engine():count() == 0, "still in flight")
    end,
  },
  {
    name = "engine closed",
    before = require_core,
    run = function()
      local call = made(core.platforms(target "hold", "1"))
      local engine = core.engine()
      call:start(engine, 2)
      engine:close()
      expect("cancelled", call:result())
      raises("the engine is closed", engine.wait, engine, 0)
      check(core.engine() ~= engine and core.engine():count() == 0, "no new engine")
    end,
  },
  {
    name = "JSON",
    before = require_core,
    run = function()
      local text = core.json_encode { a = { 1, 2.5, "x", core.null, core.array {} }, b = { c = true } }
      local value, message = core.json_decode(text)
      if not value then
        error("failed: " .. message, 0)
      end
      check(value.a[2] == 2.5 and value.a[4] == core.null and #value.a[5] == 0 and value.b.c, "not that value")
      refused("NUL", core.json_decode "[\0]")
      refused("invalid token", core.json_decode '{"a":[1,2,{"b":oops}]}')
      raises("cannot be sent", core.json_encode, { a = { print } })
      raises("names or the numbers", core.json_encode, { a = 1, [2] = 3 })
    end,
  },
  {
    name = "errors and names",
    before = require_core,
    run = function()
      check(tostring(core.error { message = "x" }) == "x", "no message")
      check(core.suggest("mailboxid", { "email", "mailboxId" }) == "mailboxId", "not near")
    end,
  },
  {
    name = "digests",
    before = require_core,
    run = function()
      local digest = core.hmac_sha256("key", "message")
      check(#digest == 32 and core.same(digest, core.hmac_sha256("key", "message")), "not the same digest")
      check(not core.same(digest, core.sha256 "message") and #core.base64(digest) == 44, "no other digest")
    end,
  },
  {
    name = "looked at, and traced",
    before = require_core,
    run = function()
      local call = made(core.reexport(target "ok", { mailboxId = "1" }))
      local request = call:request()
      check(request.body:find "mailboxId" and request.method == "POST" and #request.headers > 2, "not that request")
      call:trace()
      call:start(core.engine(), 2)
      expect("success", wait(call):result())
      check(call:info().timing and call:request().body == request.body, "no trace")
    end,
  },
  {
    name = "private files",
    before = require_core,
    run = function()
      local path = os.tmpname()
      local written, why = core.write_private(path, "secret")
      local text, unread = core.read_private(path)
      local file = io.open(path)
      local locked, unlocked = core.lock(file)
      local columns = core.terminal(file)
      file:close()
      os.remove(path)
      made(written, why)
      check(made(text, unread) == "secret", "not what was written")
      check(made(locked, unlocked) and columns == nil, "no lock")
    end,
  },
}

local with = { port = port, KEY = KEY, check = check, expect = expect, raises = raises }
assert(loadfile "spec/sweep/client.lua")(paths, with)

--- Runs after a path: collects everything, and checks that no call is in flight. If the path failed and left a job
-- behind, the job gets time to end first.
function paths.idle()
  collectgarbage()
  collectgarbage()
  local engine = require("cmr.core").engine()
  if package.loaded["cmr.jobs"] and engine:count() > 0 then
    require("cmr.loop.block").sleep(engine, 0.2)
  end
  check(engine:count() == 0, engine:count() .. " calls in flight")
end

return paths
