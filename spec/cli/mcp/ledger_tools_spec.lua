-- The tools of cmr mcp that read the ledger. The spec calls their functions itself, and starts no cmr mcp.
local command = require "spec.support.command"
local history = require "cmr.ledger.history"
local ledger_tools = require "cmr.cli.mcp.ledger_tools"
local ledgers = require "cmr.ledger"

describe("the tools await and history", function()
  local ledger, server, waits, request

  before_each(function()
    ledger = assert(ledgers.open(command.ledger()))
    waits, request = {}, {}
    local client = {}
    function client.with() return client end
    function client.await(_, plan, opts)
      waits[#waits + 1] = {plan = plan.plan, opts = opts}
      return {{event = "E"}}
    end
    server = {client = client, ledger = ledger, account = "own https://a"}
  end)

  after_each(function() ledger:close() end)
  teardown(command.clean)

  -- Adds an accepted request, whose order is ORD_9.
  local function add(account, plan)
    local db = ledger:connection "durable"
    assert(db:run([[INSERT INTO request (account, operation, digest, writer, state, sent_at, plan)
      VALUES (?, 'create_order', 'd', 1, 'accepted', 1, ?)]], account, plan))
    local id = db:first("SELECT max(id) AS id FROM request").id
    assert(db:run("INSERT INTO request_id (request, kind, id) VALUES (?, 'order', 'ORD_9')", id))
  end

  local function await(args)
    return ledger_tools.await(server, {progress = function() end}, request, args)
  end

  it("poll the status of an order with the key that placed it, and with no other key", function()
    ledger.is_receiving = function() return true end
    for _, case in ipairs{
      {"own https://a", '{"order":"ORD_9"}', nil},
      {"other https://a", '{"order":"ORD_9"}', false},
      {"own https://a", '{"action":"ACT_1"}', false},
    } do
      assert(ledger:connection "durable":run "DELETE FROM request")
      add(case[1], case[2])
      assert.is_string((await{id = "ORD_9", timeoutSeconds = 7}))
      local opts = table.remove(waits).opts
      assert.equal(case[3], opts.poll)
      assert.is_true(opts.timeout > 6 and opts.timeout <= 7)
      request.is_cancelled = nil
      assert.is_nil(opts.cancelled())
      request.is_cancelled = true
      assert.is_true(opts.cancelled())
    end
  end)

  it("need no receiver for an order that they can poll", function()
    ledger.is_receiving = function() return false end
    add("own https://a", '{"order":"ORD_9"}')
    await{id = "ORD_9"}
    assert.equal(1, #waits)
    assert(ledger:connection "durable":run "UPDATE request SET account = 'other https://a'")
    assert.matches("no event can arrive", select(2, await{id = "ORD_9"}), 1, true)
    assert.equal(1, #waits)
  end)

  it("say what failed", function()
    local each = history.each
    finally(function() history.each = each end)
    history.each = function()
      return function() return false, "the ledger cannot be read" end
    end
    server.client.target = function() return require("cmr").new{api_key = "k"}:target() end
    assert.same({nil, "the ledger cannot be read"}, {ledger_tools.history(server, {})})
    server.ledger = nil
    assert.same({nil, "this server has no ledger"}, {ledger_tools.request(server, 1)})
    assert.same({nil, "this server has no ledger"}, {await{id = "x"}})
    server.ledger_message = "it is broken"
    assert.same({nil, "this server has no ledger: it is broken"}, {ledger_tools.history(server, {})})
  end)
end)
