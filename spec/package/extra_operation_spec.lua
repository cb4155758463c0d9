-- A new operation needs only a new row. This spec builds a core with one more row, and changes no other file.
local operations = require "cmr.operations"
local cjson = require "cjson"
local run_command = require("spec.support.command").run
local mock = require "spec.support.mock"
local program = require "spec.support.program"
local run = require "spec.support.run"

local ROW = [[

OPERATION(make_up, "POST", "/made/up",
    .group = "Made up",
    .title = "Make something up",
    .summary = "What nobody has thought of.",
    .source = "help",
    .flags = ASYNC | CHARGES,
    .assumed = "all of it",
    PARAMS(
        USER(QUERY, "help"),
        {"count", QUERY, INTEGER, 0, "help", "How many."},
        {"kind", BODY, STRING, 0, "help", "Which kind.", "SMALL|LARGE"},
        {"thing", BODY, OBJECT, REQUIRED, "help", "The thing."},
        {"thing.name", BODY, STRING, REQUIRED, "help", "Its name."},
        {"thing.parts", BODY, ARRAY, 0, "help", "Its parts."},
        {"thing.parts[]", BODY, OBJECT, 0, "help", "A part."},
        {"thing.parts[].size", BODY, NUMBER, REQUIRED, "help", "How large it is."}))
]]

-- What cmr.operations must have for the row.
local OPERATION = {
  name = "make_up", method = "POST", path = "/made/up", group = "Made up", title = "Make something up",
  summary = "What nobody has thought of.", source = "help", flags = {async = true, charges = true},
  assumed = "all of it", positional = {"userId"}, notes = {}, statuses = {},
  params = {
    {name = "userId", ["in"] = "query", type = "string", required = true, positional = true, source = "help",
      summary = "The user."},
    {name = "count", ["in"] = "query", type = "integer", source = "help", summary = "How many."},
    {name = "kind", ["in"] = "body", type = "string", values = {"SMALL", "LARGE"}, source = "help",
      summary = "Which kind."},
    {name = "thing", ["in"] = "body", type = "object", required = true, source = "help", summary = "The thing."},
    {name = "thing.name", ["in"] = "body", type = "string", required = true, source = "help", summary = "Its name."},
    {name = "thing.parts", ["in"] = "body", type = "array", source = "help", summary = "Its parts."},
    {name = "thing.parts[]", ["in"] = "body", type = "object", source = "help", summary = "A part."},
    {name = "thing.parts[].size", ["in"] = "body", type = "number", required = true, source = "help",
      summary = "How large it is."},
  },
}

describe("a new row #build", function()
  local copy, paths, server

  setup(function()
    copy = run("pwd") .. "/build/extra-row"
    run(("rm -rf %s && mkdir -p %s && cp -r csrc %s/"):format(copy, copy, copy))
    run(("ln -s ../../Makefile ../../scripts ../../lua ../../bin %s/"):format(copy))
    local file = assert(io.open(copy .. "/csrc/operations.def", "ab"))
    file:write(ROW)
    file:close()
    run(("make --no-print-directory -j2 -C %s LUA=%s BUILD=build CFLAGS=-O0"):format(copy, os.getenv("LUA")))
    paths = {
      LUA_PATH = copy .. "/lua/?.lua;" .. copy .. "/lua/?/init.lua;;",
      LUA_CPATH = copy .. "/build/5.4/?.so;" .. os.getenv("LUA_CPATH"),
    }
    server = mock.attach(assert(io.popen(("exec timeout 600 %s/build/5.4/bin/cmr mock --rate 0"):format(copy), "r")))
  end)

  teardown(function()
    if server then server:stop() end
    if copy then run("rm -rf " .. copy) end
  end)

  before_each(function() server:reset() end)

  -- Runs Lua with the copy, against the copy's mock. Returns what it prints.
  local function on_copy(code)
    local env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}
    for name, value in pairs(paths) do env[name] = value end
    local ended = program.run('local cmr = require "cmr"\n' .. code, {env = env})
    assert.same({0, ""}, {ended.status, ended.err})
    return ended.out
  end

  -- Runs the copy's command. Its exit status may be 0 or 1, because the mock may have no example.
  local function command(...)
    local env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}
    for name, value in pairs(paths) do env[name] = value end
    local ended = run_command({...}, {env = env, program = copy .. "/bin/cmr"})
    assert.is_true(ended.status <= 1, ended.err)
    return ended.out .. ended.err
  end

  -- Checks that there was one request, and that it is the new operation's.
  local function check_request()
    local requests = server:requests()
    assert.equal(1, #requests)
    local request = requests[1]
    assert.equal("make_up", request.operation)
    assert.equal("POST /api/v1/integration/made/up", request.method .. " " .. request.path)
    assert.same({userId = "U1", count = "3"}, request.query)
    assert.same({kind = "LARGE", thing = {name = "it", parts = {{size = 1.5}, {size = 2}}}},
      cjson.decode(request.body))
    assert.are_not.equal(404, request.status)
  end

  it("changes nothing else", function()
    local changed = run(("diff -rq csrc %s/csrc || true"):format(copy))
    assert.equal(("Files csrc/operations.def and %s/csrc/operations.def differ"):format(copy), changed)
    assert.equal("", run(("diff csrc/operations.def %s/csrc/operations.def | grep '^<' || true"):format(copy)))
  end)

  it("is in cmr.operations, after the others", function()
    local rows = cjson.decode(on_copy [[
      local core = require "cmr.core"
      assert(cmr.operations.make_up == cmr.operations[#cmr.operations])
      local rows = {}
      for index, row in ipairs(cmr.operations) do rows[index] = row end
      print(core.json_encode{rows = rows})]]).rows
    assert.equal(#operations + 1, #rows)
    assert.same(OPERATION, rows[#rows])
    for index, row in ipairs(operations) do assert.same(row, rows[index]) end
  end)

  it("is a function of the module and of clients", function()
    on_copy [[
      cmr.make_up("U1", {count = 3, kind = "LARGE", thing = {name = "it", parts = {{size = 1.5}, {size = 2}}}})]]
    check_request()
    server:reset()
    on_copy [[
      cmr.new():make_up{userId = "U1", count = 3, kind = "LARGE",
        thing = {name = "it", parts = {{size = 1.5}, {size = 2}}}}]]
    check_request()
  end)

  it("has its arguments checked", function()
    local out = on_copy [[
      local function raises(...) print((select(2, pcall(cmr.make_up, ...)):gsub("^.-cmr%.", "cmr."))) end
      raises()
      raises("U1", {thing = {}})
      raises("U1", {thing = {name = "it", parts = {{size = "large"}}}})
      raises("U1", {kind = "MEDIUM", thing = {name = "it"}})
      raises("U1", {counts = 3, thing = {name = "it"}})]]
    assert.matches("cmr.make_up: missing required argument '", out, 1, true)
    assert.matches("cmr.make_up: missing required argument 'thing.name'\n", out, 1, true)
    assert.matches("cmr.make_up: bad field 'thing.parts[1].size' (number expected, got string)\n", out, 1, true)
    assert.matches("cmr.make_up: bad field 'kind' (one of SMALL|LARGE expected)\n", out, 1, true)
    assert.matches("cmr.make_up: bad field 'counts' (did you mean 'count'?)\n", out, 1, true)
    assert.equal(0, #server:requests())
  end)

  it("is a command with help", function()
    assert.matches("made-up", command("--help"), 1, true)
    assert.matches("\n   make%-up +What nobody has thought of", command("help", "made-up"))
    local help = command("make-up", "--help")
    for _, text in ipairs{"Usage: cmr make-up [options] USER_ID\n", "What nobody has thought of.",
      "POST /made/up: Make something up", "Charges money.", "Asynchronous", "all of it", "--count", "How many.",
      "--kind", "{SMALL,LARGE}", "--thing", "--thing-name", "Its name.", "thing.parts[].size", "How large it is."} do
      assert.matches(text, help, 1, true)
    end
    assert.matches("\nmake%-up +POST +/made/up +What nobody has thought of%.", command("operations"))
    command("make-up", "U1", "--count", "3", "--kind", "LARGE", "--thing-name", "it",
      "--thing-parts", '[{"size":1.5},{"size":2}]', "--yes")
    check_request()
  end)

  it("is a route of the mock", function()
    local reply = assert(server:request("POST", "/made/up?userId=U1&count=3",
      {body = '{"kind":"LARGE","thing":{"name":"it","parts":[{"size":1.5},{"size":2}]}}'}))
    assert.is_true(reply.status == 200 or reply.status == 501, reply.text)
    check_request()
    reply = assert(server:request("GET", "/made/up?userId=U1"))
    assert.equal(405, reply.status)
    assert.equal("POST", reply.headers.allow)
    -- The mock without the new row does not know the operation.
    assert.equal(404, mock.shared("http"):request("POST", "/made/up?userId=U1", {body = "{}"}).status)
  end)
end)
