-- Files, mailboxes and counts for the specs of bulk runs.
local cjson = require "cjson"
local command = require "spec.support.command"

local bulk = {}

---Returns the id of the n-th mailbox.
function bulk.id(number)
  return ("MB%026d"):format(number)
end

---Makes a CSV file with the column mailboxId and this number of rows. Returns its path.
function bulk.mailboxes(count)
  local lines = {"mailboxId\n"}
  for number = 1, count do lines[number + 1] = bulk.id(number) .. "\n" end
  return command.file_with(table.concat(lines))
end

---Adds the first `count` mailboxes to a mock, with one run of curl over one connection.
function bulk.seed(server, count)
  local lines = {}
  for number = 1, count do
    lines[#lines + 1] = ('url = "%smailboxes"\nheader = "x-mock-token: %s"\noutput = /dev/null\nfail'):format(
      server.control_url, server.token)
    lines[#lines + 1] = ("data = %s"):format(cjson.encode(cjson.encode{
      mailboxId = bulk.id(number), email = ("m%d@d.com"):format(number), userId = "BVZGM5TE9BMP3PP0VWGW943RGV1B",
    }))
    if number < count then lines[#lines + 1] = "next" end
  end
  local said = server:curl(lines)
  assert(said == "", said)
end

---Returns how often the mock received each mailbox, by number. Also returns how many requests have a recorded body
---without a mailbox.
function bulk.received(server)
  local times, blank = {}, 0
  for _, request in ipairs(server:requests()) do
    local number = tonumber((request.body:match "MB(%d+)"))
    if number then times[number] = (times[number] or 0) + 1 else blank = blank + 1 end
  end
  return times, blank
end

---Returns the bodies that the mock received, oldest first.
function bulk.bodies(server)
  local list = {}
  for index, request in ipairs(server:requests()) do list[index] = request.body end
  return list
end

---Reads a ledger. Returns two tables by the number of the row: the state of the row's newest request, and the kind of
---its failure.
function bulk.states(path)
  local states, kinds = {}, {}
  local ledger = assert(require("cmr.ledger").open(path))
  for _, request in ipairs(assert(ledger:connection "durable":rows "SELECT * FROM request ORDER BY id")) do
    if request.row then states[request.row], kinds[request.row] = request.state, request.kind end
  end
  ledger:close()
  return states, kinds
end

---Records in a ledger that a run of re-exports from this file has ended, with every row done.
function bulk.record(ledger_path, env, file)
  local entry, identity = require "cmr.ledger.entry", require "cmr.ledger.identity"
  local ledger = assert(require("cmr.ledger").open(ledger_path))
  local client = require("cmr").new{api_key = env.CMR_API_KEY, base_url = env.CMR_BASE_URL}
  local account, digests = entry.account(client:target()), {}
  local input = require("cmr.cli.bulk.input").open(file, nil, io)
  local operation = require("cmr.operations").reexport
  local read = require("cmr.cli.bulk.row_arguments").reader(operation, input, {}, {})
  for row in input:rows() do digests[#digests + 1] = identity.digest((read(row))) end
  local numbers = {} -- a copy, because set_digest sorts its argument
  for index, digest in ipairs(digests) do numbers[index] = digest end
  local run = assert(require("cmr.ledger.runs").open(ledger, {account = account, operation = "reexport",
    digest = identity.set_digest(digests), rows = #digests, source = file}))
  assert(ledger:transaction("durable", function(db)
    for row, digest in ipairs(numbers) do
      assert(db:run([[INSERT INTO request (account, operation, digest, run, row, writer, state, sent_at, ended_at)
        VALUES (?, 'reexport', ?, ?, ?, 0, 'done', ?, ?)]], account, digest, run.id, row, os.time(), os.time()))
    end
    return true
  end))
  ledger:let_go_run(run.id, run.hold)
  ledger:close()
end

---Returns the name of a ledger's only run.
function bulk.run(path)
  local ledger = assert(require("cmr.ledger").open(path))
  local runs = assert(ledger:connection "durable":rows "SELECT name FROM run")
  ledger:close()
  assert(#runs == 1, #runs)
  return runs[1].name
end

return bulk
