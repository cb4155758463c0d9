-- Measures how the library scales: scale.lua WHAT COUNT prints the average CPU time for one thing, such as a job or an
-- event, in microseconds. It always handles 4096 things: COUNT things in each round.
local cmr = require "cmr"
local memory = require "cmr.store.memory"

local THINGS = 4096
local KEY = "Partner-Key/1+2="

local measures = {}

-- Jobs that wait for their slots. Every round has its own key, and so its own queue.
function measures.jobs(count, rounds)
  local begun = os.clock()
  for round = 1, rounds do
    local client = cmr.new { api_key = "key" .. round, base_url = "http://127.0.0.1:1" }
    for _ = 1, count do
      client:start("platforms", "BVZGM5TE9BMP3PP0VWGW943RGV1B")
    end
  end
  return os.clock() - begun
end

-- Calls in flight.
function measures.flight(count, rounds)
  local client, left = cmr.new { rate = false }, count * rounds
  local user = os.getenv "BENCH_USER"
  local function inputs()
    left = left - 1
    return left >= 0 and user or nil
  end
  local begun = os.clock()
  for _, res, message in client:map("platforms", inputs, { concurrency = count }) do
    if not res then error(message) end
  end
  return os.clock() - begun
end

-- Items of a list, 100 on a page.
function measures.each(count, rounds)
  local pagination = require "cmr.pagination"
  local begun = os.clock()
  for _ = 1, rounds do
    local pages, seen = math.ceil(count / 100), 0
    local function fetch(number)
      local items = {}
      for index = (number - 1) * 100 + 1, math.min(count, number * 100) do
        items[#items + 1] = { id = "ID" .. index, status = "ACTIVE", domain = "example" .. index .. ".com" }
      end
      return { data = { list = items, currentPage = number, totalPages = pages, total = count } }
    end
    for item, message in pagination.iterate(fetch, "list", "data.list", 1) do
      if not item then error(message) end
      seen = seen + 1
    end
    assert(seen == count)
  end
  return os.clock() - begun
end

-- Events of one action, which client:await waits for.
function measures.await(count, rounds)
  local store = memory.new()
  local client = cmr.new { api_key = "k", base_url = "http://127.0.0.1:1", store = store }
  local begun = os.clock()
  for round = 1, rounds do
    for index = 1, count do
      local event = ('{"event":"mailbox.exported","eventId":"E%d","data":{"mailboxId":"MB%d"}}'):format(index, index)
      store:append("action:A" .. round, event, 60)
    end
    local accepted = { operation = "reexport", actionId = "A" .. round, count = count }
    assert(#assert(client:await(accepted, { poll = false })) == count)
  end
  return os.clock() - begun
end

-- Deliveries of webhooks: verified, claimed, stored and marked.
function measures.events(count, rounds)
  local delivery = require "spec.support.delivery"
  local formats = require "cmr.webhook.signature_formats"
  local begun = os.clock()
  for round = 1, rounds do
    local receiver = cmr.webhook.receiver { api_key = KEY, store = memory.new() }
    for index = 1, count do
      local body = ('{"event":"mailbox.exported","eventId":"E%d-%d","data":{"mailboxId":"MB1"}}'):format(round, index)
      local headers = delivery.headers(formats.NAMES[1], body, { key = KEY, time = os.time() })
      assert(receiver:receive(body, headers) == 200)
    end
  end
  return os.clock() - begun
end

-- Rows of a bulk run, planned by the command.
function measures.bulk(count, rounds)
  local path, ledger = os.tmpname(), os.tmpname()
  os.remove(ledger)
  local file = assert(io.open(path, "wb"))
  file:write "mailboxId\n"
  for number = 1, count do
    file:write(("MB%026d\n"):format(number))
  end
  file:close()
  local cli = require "cmr.cli"
  local quiet = { stderr = setmetatable({}, { __index = { write = function() end } }) }
  local words = { "bulk", "reexport", "--from", path, "--dry-run" }
  assert(cli.main(words, quiet) == 0)
  local begun = os.clock()
  for _ = 1, rounds do
    cli.main(words, quiet)
  end
  local seconds = os.clock() - begun
  os.remove(path)
  return seconds
end

local what, count = arg[1], tonumber(arg[2])
local rounds = THINGS / count
print(measures[what](count, rounds) / THINGS * 1e6)
io.stdout:flush()
os.exit(0, false) -- does not wait for the jobs
