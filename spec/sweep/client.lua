-- Adds paths to those of paths.lua. The added paths call the Lua layer, and their sleeps take no time.

local paths, with = ...
local port, KEY, check, expect, raises = with.port, with.KEY, with.check, with.expect, with.raises
local cmr

local function add(path)
  path.before = function()
    cmr = require "cmr"
  end
  paths[#paths + 1] = path
end

local function client(answer, given)
  local block = require "cmr.loop.block"
  local options = { api_key = KEY, base_url = ("http://127.0.0.1:%d/%s"):format(port, answer), rate = false,
    retry_budget = false, -- all runs of a path would share a budget
    loop = { wait = block.wait, now = block.now, sleep = function() end } }
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  return cmr.new(options)
end

add {
  name = "client: answer and info",
  run = function()
    local res = expect("success", client("ok", { rate = 1e6 }):platforms "1")
    check(cmr.info(res).attempts >= 1 and cmr.info(res).status == 200, "no info")
  end,
}
add {
  name = "client: tried again",
  run = function()
    local heard = 0
    local one = client("html", { retries = 2, jitter = function() return 0.5 end, on_retry = function()
      heard = heard + 1
    end })
    local err = expect("server_error", one:with({ timeout = 20 }):platforms "1")
    check(err.attempts == 3 and heard == 2, "not three attempts")
    expect("server_error", one:request("POST", "/x", { query = { a = 1 }, body = { b = 2 } }))
    one:close()
    raises("the client is closed", one.platforms, one, "1")
  end,
}
add {
  name = "client: hooks",
  run = function()
    local asked
    local one = client("html", { retries = 1, timeout = 20, retry_budget = 1e6, retry = function()
      asked = true
      return 0.1
    end, on_request = function(attempt)
      attempt.context.sent = true
      return { traceparent = "00-1-2-01", ["x-attempt"] = ("x"):rep(attempt.attempt * 100) }
    end, on_response = function() end })
    expect("server_error", one:platforms "1")
    check(asked, "retry was not asked")
    expect("success", client("ok", { on_request = function() return { a = "b" } end }):platforms "1")
  end,
}
add {
  name = "client: jobs",
  run = function()
    local one = client("ok", { loop = "block" })
    local job = one:start("platforms", "1")
    local held = client("hold", { loop = "block", timeout = 0.1, retries = 0 }):start("platforms", "2")
    held:cancel()
    expect("success", job:wait())
    expect("cancelled", held:wait())
    local count = 0
    for _, res, why, err in one:map("platforms", { "1", "2", "3" }, { concurrency = 2 }) do
      if not res then
        expect("success", nil, why, err)
      end
      count = count + 1
    end
    check(count == 3, "not every input")
  end,
}
add {
  name = "client: pages",
  run = function()
    local count = 0
    for item, why, err in client("ok"):each { "users", items = "data.list", page = "page" } do
      if not item then
        expect("success", nil, why, err)
      end
      count = count + 1
    end
    check(count == 4, "not every item")
  end,
}
add {
  name = "client: mistakes",
  run = function()
    local one = client "ok"
    raises("did you mean 'userId'", one.platforms, one, { userid = "1" })
    raises("did you mean 'api_key'", cmr.new, { apikey = "1" })
    raises("bad option 'retries'", cmr.new, { retries = -1 })
    expect("invalid_argument", one:platforms "")
  end,
}
add {
  name = "client: a claim",
  run = function()
    local store = require("cmr.store.memory").new()
    local function is_marked(name)
      local token = store:claim(name, 10)
      return pcall(store.done, store, name, token, 10)
    end
    is_marked "before" -- from now on, the stack is large enough
    check(is_marked "event", "marking a claim as done needs memory")
  end,
}
add {
  name = "client: webhooks",
  run = function()
    local webhook, core = require "cmr.webhook", require "cmr.core"
    local store = require("cmr.store.memory").new()
    local body = '{"event":"mailbox.created","eventId":"E1","data":{"orderId":"O1","password":"p"}}'
    local digest = core.hmac_sha256(KEY, body):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
    local headers = { ["cmr-x-signature"] = digest, ["cmr-x-timestamp"] = tostring(os.time()) }
    local handled = 0
    local receiver = webhook.receiver { api_key = KEY, store = store, on = {
      ["mailbox.created"] = function() handled = handled + 1 end,
    } }
    local status = receiver:receive(body, headers)
    check(status == 200 and handled == 1 or status == 500 and handled == 0, "handled, and another answer")
    check(receiver:receive(body, headers) == 200 and handled == 1, "not handled once")
    check(#store:list "order:O1" == 1, "not kept")
  end,
}

add {
  name = "client: ledger",
  run = function()
    local path = os.tmpname()
    os.remove(path)
    local ledger, why = require("cmr.ledger").open(path)
    check(ledger, why)
    local one = client("ok", { ledger = ledger })
    local res, message, err = one:reexport { mailboxId = "M" }
    check(res or err.kind == "not_recorded", message)
    local found = ledger:find {}
    if res and found then
      check(#found == 1, "not remembered")
      check(found[1].state ~= "sending" or cmr.info(res).ledger_error, "its end is not remembered")
    end
    ledger:close()
    for _, suffix in ipairs { "", "-wal", "-shm", "-writers", "-queue" } do
      os.remove(path .. suffix)
    end
  end,
}
