-- The command names an operation as the user types it: create-order, and not create_order as in Lua.
local cjson = require "cjson"
local cli = require "cmr.cli"
local command = require "spec.support.command"
local mock = require "spec.support.mock"
local operations = require "cmr.operations"

local server, env

setup(function() server = mock.shared "http" end)
teardown(command.clean)

before_each(function()
  server:reset{rate = 0}
  env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_LEDGER = command.ledger()}
end)

local names = {}
for _, operation in ipairs(operations) do
  if operation.name:find "_" then names[operation.name] = true end
end

-- Returns the lines that name an operation as in Lua.
local function misspelled(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do
    for word in line:gmatch "[%w_]+" do
      if names[word] then lines[#lines + 1] = line end
    end
  end
  return lines
end

local function run(...)
  local ended = command.run({...}, {env = env})
  assert.same({}, misspelled(ended.out .. ended.err))
  return ended.out .. ended.err
end

local function bulk(operation, rows, ...)
  return run("bulk", operation, "--from", command.file_with(rows), "--yes", "--format", "csv", ...)
end

-- Runs the command in this process.
local function text_of(words)
  local written = {}
  local stream = {flush = function() return true end}
  function stream.write(_, ...)
    for _, text in ipairs{...} do written[#written + 1] = text end
    return true
  end
  cli.main(words, {stdout = stream, stderr = stream, terminal = function() end})
  return table.concat(written)
end

describe("the command spells operations as its commands #cli", function()
  it("in every help", function()
    local topics = {"users", "domains", "orders", "mailboxes", "export", "all", "options", "environment"}
    for _, topic in ipairs(topics) do assert.same({}, misspelled(text_of{"help", topic})) end
    for _, operation in ipairs(operations) do
      local name = operation.name:gsub("_", "-")
      local text = text_of{name, "--help"}
      assert.matches("Usage: cmr " .. name, text, 1, true)
      assert.same({}, misspelled(text))
    end
    assert.same({}, misspelled(command.read "docs/cmr.1"))
  end)

  it("in the table of operations, and in the history", function()
    assert.matches("\ncreate%-order +POST", run "operations")
    assert.matches("\ncreate%-order,POST", run("operations", "--output", "csv"))
    run("start-warmup", mock.MAILBOX, "--yes")
    run("start-warmup", "nobody", "--yes")
    run("api", "POST", "/mailboxes/warmup", "--yes", "-q", "mailboxId=nobody")
    assert.matches("start%-warmup .*not_found: HTTP 404: ", run "history")
    assert.matches(",start%-warmup,", run("history", "--output", "csv"))
    assert.matches("start%-warmup", run("history", "--operation", "start_warmup"))
  end)

  it("in the log and the failure of a request", function()
    server:fault{match = {operation = "all_mailboxes"}, status = 503, headers = {["retry-after"] = "0"}, times = 2}
    assert.matches("* all-mailboxes, attempt 1: all-mailboxes: HTTP 503",
      run("all-mailboxes", "-v", "--retries", "1"), 1, true)
    run("all-mailboxes", "--all", "--retries", "0")
    run("create-order-form", "--help")
  end)

  it("in a bulk run", function()
    local failures = command.file_with ""
    bulk("start-warmup", "mailboxId\nnobody\n", "--failures", failures)
    assert.matches(",start%-warmup: HTTP 404: ", command.read(failures))
    assert.matches("row 1 (line 2): start-warmup: missing", bulk("start-warmup", "zork\n1\n"), 1, true)
    assert.matches("not a field of create-order ", bulk("create-order", "zork\n1\n"), 1, true)
    assert.matches("not fields of create-order ", bulk("create-order", "zork,krum\n1,2\n"), 1, true)
    assert.matches("all-mailboxes only reads", bulk("all-mailboxes", "limit\n1\n", "--wait"), 1, true)
    server:fault{match = {operation = "start_warmup"}, status = 401, times = 9}
    assert.matches("stopped: the API refuses the key", bulk("start-warmup", "mailboxId\nother\n"), 1, true)
    assert.matches('"message":"start-warmup: HTTP 401',
      bulk("start-warmup", "mailboxId\nthird\n", "--results", "/dev/stdout"), 1, true)
  end)
end)

describe("data of the command #cli", function()
  it("names operations as in Lua, so that a program can use the name", function()
    run("start-warmup", mock.MAILBOX, "--yes")
    local shown = command.run({"history", "--output", "json"}, {env = env}).out
    assert.equal("start_warmup", cjson.decode(shown)[1].operation)
    shown = command.run({"operations", "--output", "json"}, {env = env}).out
    assert.is_truthy(shown:find('"name": "create_order"', 1, true))
  end)
end)
