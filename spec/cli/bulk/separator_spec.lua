-- CSV files as people have them: any separator, lines of empty cells, blanks around cells, columns that are no fields.
local cjson = require "cjson"
local command = require "spec.support.command"
local mock = require "spec.support.mock"

describe("the CSV of a bulk run #bulk", function()
  local server, env

  setup(function() server = mock.shared "http" end)
  teardown(command.clean)

  before_each(function()
    server:reset{rate = 0}
    env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}
  end)

  -- Runs the rows. Returns the result of the command, and the bodies that the server received.
  local function bulk(csv, ...)
    local words = {"bulk", "reexport", "--from", "-", "--concurrency", "1", "--rate", "off", ...}
    local ended, bodies = command.run(words, {env = env, stdin = csv}), {}
    for index, request in ipairs(server:requests()) do bodies[index] = request.body end
    return ended, bodies
  end

  local BODY = '{"google":{"clientId":"5493","appName":"a;b"},"mailboxId":"39XX"}'

  it("may be separated by semicolons, tabs, or what the first line declares", function()
    for _, csv in ipairs{
      'mailboxId;google.clientId;google.appName\n39XX;5493;"a;b"\n',
      "mailboxId\tgoogle.clientId\tgoogle.appName\r\n39XX\t5493\ta;b\r\n",
      "sep=,\r\nmailboxId,google.clientId,google.appName\r\n39XX,5493,a;b\r\n",
      "\239\187\191sep=|\nmailboxId|google.clientId|google.appName\n39XX|5493|a;b\n",
      "mailboxId,google.clientId,google.appName\n39XX,5493,a;b\n",
      '"mailboxId";"google.clientId";"google.appName"\n39XX;5493;"a;b"\n',
    } do
      server:reset{rate = 0}
      env.CMR_LEDGER = command.ledger()
      local ended, bodies = bulk(csv)
      assert.equal(1, #bodies, ended.err)
      assert.same(cjson.decode(BODY), cjson.decode(bodies[1]))
    end
  end)

  it("may be separated by what --separator says", function()
    local _, bodies = bulk("mailboxId:google.clientId\n39XX:a,b;c\n", "--separator", ":")
    assert.matches('"clientId":"a,b;c"', bodies[1], 1, true)
    _, bodies = bulk("mailboxId\temail,x\n39XX\t\n", "--separator", "tab", "--only", "mailboxId")
    assert.equal(2, #bodies)
    for _, wrong in ipairs{"ab", "x", '"', ""} do
      local ended = bulk("mailboxId\nM\n", "--separator=" .. wrong)
      assert.equal(2, ended.status)
      assert.matches("^cmr: option '%-%-separator' wants one character", ended.err)
    end
  end)

  it("may have lines of empty cells and blanks around cells", function()
    local ended, bodies = bulk("mailboxId , google.clientId\n 39XX , 5493 \n,,\n", "--dry-run")
    assert.same({0, {}}, {ended.status, bodies})
    assert.matches("1 row: 1 would be sent", ended.err)
    ended = bulk("mailboxId;google.clientId\n39XX;5493\n;\n ; \n\n", "--dry-run")
    assert.equal("cmr: 1 row: 1 would be sent\n", ended.err)
    ended = bulk("sep=;\nmailboxId;google.clientId\n39XX;5493;3\n", "--dry-run")
    assert.matches("line 3: 3 cells under a header of 2: a semicolon too many or too few?", ended.err, 1, true)
  end)

  it("keeps its separator in the file of failures, which is the next input", function()
    local refusal = {status = 403, message = "no; really"}
    server:fault{match = {operation = "reexport"}, status = 403, times = 2, body = refusal}
    local failures = command.file_with ""
    env.CMR_LEDGER = command.ledger()
    local csv = "mailboxId;google.clientId\n39XX;a,b\n"
    assert.equal(3, bulk(csv, "--failures", failures).status)
    local pattern = '^cmr%.kind;.*;mailboxId;google%.clientId\r\n.*"[^"]*no; really".*;39XX;a,b\r\n$'
    assert.matches(pattern, command.read(failures))
    local ended, bodies = bulk(command.read(failures), "--retry-failed")
    assert.equal(2, #bodies, ended.err)
    assert.same(cjson.decode(bodies[1]), cjson.decode(bodies[2]))
  end)

  it("names all columns that are no fields in one message; --only chooses the columns", function()
    local csv = "mailboxId,domain,status,google.clientId,note\n39XX,doe.com,ACTIVE,5493,x\n"
    local ended, bodies = bulk(csv)
    assert.same({2, {}}, {ended.status, bodies})
    assert.matches("^cmr: columns 'domain', 'status' and 'note' are not fields of reexport "
      .. "%('%-%-only mailboxId,google.clientId' uses the others%)\n", ended.err)
    for _, only in ipairs{{"--only", "mailboxId,google.clientId"}, {"--only", "mailboxId", "--only=google.clientId"}} do
      server:reset{rate = 0}
      env.CMR_LEDGER = command.ledger()
      bodies = select(2, bulk(csv, only[1], only[2], only[3]))
      assert.same({mailboxId = "39XX", google = {clientId = "5493"}}, cjson.decode(bodies[1]))
    end
    bodies = select(2, bulk('{"mailboxId": "39XY", "domain": "doe.com"}\n', "--only", "mailboxId"))
    assert.equal('{"mailboxId":"39XY"}', bodies[2])
    ended = bulk(csv, "--only", "mailboxID")
    assert.matches("^cmr: option '%-%-only': no column 'mailboxID' %(did you mean 'mailboxId'%?%)\n", ended.err)
  end)

  it("comes from a command in a pipe", function()
    local line = ([[%s mailboxes %s --output csv 2>/dev/null | %s bulk reexport --from - --only mailboxId --rate off]])
      :format(command.lua "bin/cmr", mock.USER, command.lua "bin/cmr")
    local lines = command.environment(env)
    lines[#lines + 1] = line .. " 2>&1"
    local out = command.sh("sh " .. command.file_with(table.concat(lines, "\n")))
    assert.matches("accepted", out)
    assert.equal("POST", server:requests()[2].method)
  end)
end)
