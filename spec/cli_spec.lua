-- The command: its pure parts directly, everything else by running the program as a shell does.
local cjson = require "cjson"
local core = require "cmr.core"
local arguments = require "cmr.cli.arguments"
local words_of = require "cmr.cli.describe"
local parser = require "cmr.cli.parser"
local json = require "cmr.cli.json"
local rows_of = require "cmr.cli.rows"
local table_of = require "cmr.cli.table"
local text = require "cmr.cli.text"
local mock = require "spec.support.mock"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"
local MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR"
local ROUTE = "https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline..."
local SECRET = "key-that-no-output-may-show"

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local contents = file:read("*a")
  file:close()
  return contents
end

local scratch = {}

local function file_with(contents)
  local path = os.tmpname()
  scratch[#scratch + 1] = path
  local file = assert(io.open(path, "wb"))
  file:write(contents)
  file:close()
  return path
end

local function lua_program()
  local program = os.getenv("LUA") or ""
  if program:find("lua", 1, true) then return program end
  return rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d%.%d")
end

-- Runs `cmr words...` as a shell would, with no CMR_* in the environment but what env says.
-- options: env; stdin (text); through (a program in front of it, such as timeout); lead (shell commands before it);
-- after (what reads its output). Returns its status, standard output and standard error.
local function cmr(words, options)
  options = options or {}
  local out, err, status = file_with(""), file_with(""), file_with("")
  local command = {"env", "-u", "CMR_API_KEY", "-u", "CMR_BASE_URL", "-u", "CMR_CA_FILE"}
  for name, value in pairs(options.env or {}) do command[#command + 1] = quote(name .. "=" .. value) end
  command[#command + 1] = options.through
  command[#command + 1] = quote(lua_program()) .. " bin/cmr"
  for _, word in ipairs(words) do command[#command + 1] = quote(word) end
  local input = options.stdin and file_with(options.stdin) or "/dev/null"
  os.execute(("{ %s %s <%s 2>%s; echo $? >%s; } %s >%s"):format(
    options.lead or "", table.concat(command, " "), input, err, status, options.after or "", out))
  return {status = tonumber(read(status)), out = read(out), err = read(err)}
end

-- The message of the {usage = message} that a function raises.
local function mistake(action, ...)
  local ok, raised = pcall(action, ...)
  assert.is_false(ok)
  return raised.usage
end

-- A row with all that a row can have.
local ROW = {
  name = "make_thing",
  group = "Things",
  title = "Make Thing",
  flags = {charges = true, list = true},
  positional = {"userId"},
  params = {
    {name = "userId", type = "string", required = true, positional = true},
    {name = "count", type = "integer"},
    {name = "share", type = "number"},
    {name = "confirm", type = "boolean"},
    {name = "serviceProvider", type = "string", values = {"GOOGLE", "MICROSOFT"}},
    {name = "google.clientId", type = "string"},
    {name = "google", type = "object"},
    {name = "credentials", type = "object", required = true},
    {name = "credentials.password", type = "string", required = true},
    {name = "domains", type = "array"},
    {name = "domains[].domain", type = "string", required = true},
    {name = "mailboxes", type = "map"},
    {name = "extra", type = "any"},
  },
}

teardown(function()
  for _, path in ipairs(scratch) do os.remove(path) end
end)

describe("an option's name", function()
  it("is the parameter's, in a shell's spelling", function()
    local names = {
      userId = "--user-id",
      email = "--email",
      addressLineOne = "--address-line-one",
      excludedDMARCtags = "--excluded-dmarctags",
      ["google.clientId"] = "--google-client-id",
      ["google.googleOauthRoute"] = "--google-oauth-route",
      ["metadata.appBaseUrl"] = "--metadata-app-base-url",
      ["googles.googleName"] = "--googles-google-name",
      ["a.b.c"] = "--a-b-c",
    }
    for name, option in pairs(names) do assert.equal(option, arguments.option(name)) end
  end)

  it("does not exist for what is inside an array or a map", function()
    for _, name in ipairs{"domains[]", "domains[].domain", "mailboxes.*", "mailboxes.*[].username"} do
      assert.is_nil(arguments.option(name))
    end
  end)

  -- Two parameters with one option, or a parameter with an option of every command.
  local function collisions(rows)
    local found = {}
    for _, row in ipairs(rows) do
      local seen = {["--json"] = true, ["--help"] = true, ["--version"] = true, ["--compact"] = true,
        ["--api-key"] = true, ["--key"] = true, ["--apikey"] = true}
      for _, global in ipairs(parser.globals) do seen[global[1]] = true end
      for _, param in ipairs(row.params) do
        local option = arguments.option(param.name)
        if option and seen[option] then found[#found + 1] = row.name .. " " .. option end
        if option then seen[option] = true end
      end
    end
    return found
  end

  it("is the only one of its kind in every operation", function()
    assert.same({}, collisions(core.operations))
    local clash = {name = "x", params = {{name = "microsoftOauthRoute"}, {name = "microsoft.microsoftOauthRoute"}}}
    assert.same({"x --microsoft-oauth-route"}, collisions{clash})
    assert.same({"y --timeout"}, collisions{{name = "y", params = {{name = "timeout"}}}})
  end)

  it("and a command's name exist once, beside the command's own", function()
    local seen = {operations = true, mock = true, help = true}
    for _, row in ipairs(core.operations) do
      local name = arguments.command(row.name)
      assert.is_nil(seen[name], name)
      seen[name] = true
    end
    assert.is_true(seen["add-platform"])
  end)
end)

describe("the argument table", function()
  local function no_files()
    return nil, "No such file"
  end

  local function build(given, files)
    given.userId = given.userId or "U"
    if given.credentials == nil then given.credentials = "{}" end
    return arguments.build(ROW, given, files or no_files)
  end

  local function wrong(given, files)
    return mistake(build, given, files)
  end

  it("has values of the table's types", function()
    local made = build{count = "12", share = "-0.5e1", confirm = {}, serviceProvider = "GOOGLE", domains = "[1, 2]",
      google = '{"appName": "A"}', ["google.clientId"] = "C", mailboxes = '{"a.com": []}', extra = '"text"'}
    assert.same({userId = "U", count = 12, share = -5, confirm = true, serviceProvider = "GOOGLE", domains = {1, 2},
      google = {appName = "A", clientId = "C"}, credentials = {}, mailboxes = {["a.com"] = {}}, extra = "text"}, made)
    if math.type then assert.equal("integer", math.type(made.count)) end
    assert.is_false(build{confirm = {"false"}}.confirm)
    assert.is_true(build{confirm = {"true"}}.confirm)
    assert.equal("", build{["credentials.password"] = ""}.credentials.password)
  end)

  it("refuses what is of another type, and names the option", function()
    assert.equal("option '--count' wants a whole number", wrong{count = "1.5"})
    assert.equal("option '--count' wants a whole number", wrong{count = "0x10"})
    assert.equal("option '--count' wants a whole number", wrong{count = "9007199254740993"})
    assert.equal("option '--count' wants a whole number", wrong{count = ""})
    assert.equal("option '--share' wants a number", wrong{share = "nan"})
    assert.equal("option '--share' wants a number", wrong{share = "0x1p4"})
    assert.equal("option '--share' wants a number", wrong{share = "1e999"})
    assert.matches("^option '%-%-confirm' wants true or false", wrong{confirm = {"yes"}})
    assert.equal("option '--service-provider' must be one of GOOGLE, MICROSOFT", wrong{serviceProvider = "google"})
    assert.equal("option '--google' wants a JSON object", wrong{google = "[1]"})
    assert.matches("^option '%-%-google' wants a JSON object %(.+%)$", wrong{google = '{"a"'})
    assert.equal("option '--domains' wants a JSON array", wrong{domains = "{}"})
    assert.matches("^option '%-%-extra' wants JSON %(.+%)$", wrong{extra = "text"})
  end)

  it("begins with --json, which options override", function()
    local made = build{[""] = '{"count": 1, "google": {"appName": "A", "clientId": "B"}, "userId": "J"}',
      userId = "U", count = "2", ["google.clientId"] = "C"}
    assert.same({userId = "U", count = 2, google = {appName = "A", clientId = "C"}, credentials = {}}, made)
    assert.equal("option '--json' wants a JSON object", wrong{[""] = "[]"})
    assert.equal("option '--google-client-id': 'google' is given as something else than an object",
      wrong{[""] = '{"google": 1}', ["google.clientId"] = "C"})
  end)

  it("takes values from files", function()
    local contents = {two = "text\n\n", dos = "text\r\n", ["-"] = '{"count": 3}', json = '{"count": 4}\n'}
    local function files(path) return contents[path], "No such file" end
    assert.equal("text\n", build({["credentials.password"] = "@two"}, files).credentials.password)
    assert.equal("text", build({["credentials.password"] = "@dos"}, files).credentials.password)
    assert.equal("@two", build({["credentials.password"] = "@@two"}, files).credentials.password)
    assert.equal(3, build({[""] = "-"}, files).count)
    assert.equal(4, build({[""] = "@json"}, files).count)
    assert.equal("@two", build({userId = "@two"}, files).userId)
    assert.equal("option '--json': cannot read @none (No such file)", wrong({[""] = "@none"}, files))
    local said = wrong({["credentials.password"] = "@hunter2"}, files)
    assert.matches("^option '%-%-credentials%-password' names no file that can be read %(No such file%)", said)
    assert.is_nil(said:find("hunter2", 1, true))
  end)

  it("wants what the operation requires, from wherever it comes", function()
    local function missing(given) return mistake(arguments.build, ROW, given, no_files) end
    assert.equal("missing argument USER_ID", missing{})
    assert.equal("missing option '--credentials', or its members: --credentials-password", missing{userId = "U"})
    assert.same({userId = "U", credentials = {password = "p"}},
      arguments.build(ROW, {[""] = '{"userId": "U", "credentials": {"password": "p"}}'}, no_files))
  end)
end)

describe("JSON", function()
  it("has sorted keys, the envelope's in the vendor's order, and two spaces", function()
    assert.equal([[
{
  "status": 200,
  "message": "m",
  "data": {
    "a": [
      1,
      null,
      {
        "message": 1,
        "status": false
      }
    ],
    "b": 1.5
  },
  "actionId": "ACT_1",
  "other": true
}]], json{status = 200, message = "m", actionId = "ACT_1", other = true,
      data = {b = 1.5, a = {1, core.null, {status = false, message = 1}}}})
    assert.equal('{"status":200,"data":{"a":[1,2]}}', json({status = 200, data = {a = {1, 2}}}, {compact = true}))
  end)

  it("takes an empty table for a list when its name is a plural, or when it is told to", function()
    local value = {data = {}, credentials = {}, address = {}}
    assert.equal('{"data":{},"address":{},"credentials":[]}', json(value, {compact = true}))
    local function list(key) return key == "data" and "[]" or nil end
    assert.equal('{"data":[],"address":{},"credentials":[]}', json(value, {compact = true, empty = list}))
  end)

  it("is what the server sent, digit for digit", function()
    for _, number in ipairs{"0", "-1", "15.88", "0.1", "1718000000000123", "9007199254740991", "1e+300"} do
      assert.equal("[" .. number .. "]", json(core.json_decode("[" .. number .. "]"), {compact = true}))
    end
  end)

  it("is valid and harmless whatever a string holds", function()
    local function encoded(value) return (json({value}, {compact = true}):match("^%[(.*)%]$")) end
    assert.equal('"https://x/\\\\/\\"\\n"', encoded('https://x/\\/"\n'))
    assert.equal('"a\\u0000b\\u001b"', encoded("a\0b\27"))
    assert.equal('"\195\188\\u009b"', encoded("\195\188\194\155"))
    assert.equal('"a\239\191\189b"', encoded("a\255b"))
  end)
end)

describe("text from a server", function()
  it("becomes UTF-8", function()
    local bad = "\239\191\189"
    local cases = {
      ["plain"] = "plain",
      ["\195\188\226\130\172\240\159\153\130"] = "\195\188\226\130\172\240\159\153\130",
      ["\195"] = bad,
      ["\192\128"] = bad .. bad, -- overlong
      ["\237\160\128x"] = bad .. bad .. bad .. "x", -- a surrogate
      ["\244\144\128\128"] = bad .. bad .. bad .. bad, -- beyond the last character
    }
    for given, expected in pairs(cases) do assert.equal(expected, text.utf8(given)) end
  end)

  it("loses what a terminal would obey", function()
    assert.equal(" [31mred bell ", text.printable("\27[31mred\7bell\194\155"))
  end)
end)

describe("a table", function()
  it("shows platforms, one line for each credential", function()
    local columns, rows = rows_of.of("platforms", {data = {
      SMARTLEAD = {connected = false, credentials = {}},
      EMAILBISON = {connected = true, credentials = {
        {credentialId = "A1", email = "j\195\188rg@x.de", connectedAt = "2024", metadata = {workspace = "w"}},
        {credentialId = "B22"},
      }},
      ODD = 7,
    }})
    assert.equal([[
PLATFORM    CONNECTED  CREDENTIAL  EMAIL      WORKSPACE  CONNECTED AT
EMAILBISON  true       A1          j]] .. "\195\188" .. [[rg@x.de  w          2024
EMAILBISON  true       B22
ODD
SMARTLEAD   false
]], table_of(columns, rows))
  end)

  it("shows any list of objects, wherever in the data it is", function()
    local list = {{id = "1", billingCycle = "M"}, {id = "2", nested = {a = {1}}, none = core.null}}
    local expected = "BILLING CYCLE  ID  NESTED     NONE\nM              1\n               2   {\"a\":[1]}\n"
    for _, data in ipairs{list, {subscriptions = list, pagination = {page = 1}}} do
      assert.equal(expected, table_of(rows_of.of("subscriptions", {data = data})))
    end
    assert.equal("CREDENTIAL ID\nA1\n", table_of(rows_of.of("add_platform", {data = {credentialId = "A1"}})))
  end)

  it("has no rows when the answer has none", function()
    for _, answer in ipairs{{}, {data = {}}, {data = "text"}, {data = {1, 2}}} do
      local _, rows = rows_of.of("users", answer)
      assert.same({}, rows)
    end
    assert.same({}, (select(2, rows_of.of("platforms", {data = {}}))))
  end)

  it("keeps a terminal safe", function()
    assert.equal("A\n [2J\n", table_of({"A"}, {{"\27[2J"}}))
  end)
end)

describe("help", function()
  local function help(rows, line)
    local ok, raised = pcall(function() return parser.new(rows, line, function() end):parse(line) end)
    assert.is_false(ok)
    return raised.text
  end

  it("groups the commands as the table does, and says what is dangerous", function()
    local shown = help({ROW}, {"--help"})
    assert.matches("Things:\n   make%-thing +Make Thing %[charges money%]\n", shown)
    assert.matches("Other commands:\n   operations .*\n   mock ", shown)
  end)

  it("tells all about a command", function()
    local shown = help({ROW}, {"make-thing", "--help"})
    assert.matches("^Usage: cmr make%-thing %[options%] USER_ID\n", shown)
    assert.matches("Charges money%.", shown)
    assert.matches("(method unknown) (path unknown): Make Thing", shown, 1, true)
    assert.matches("%-%-google%-client%-id TEXT +google%.clientId %(string%)", shown)
    assert.matches("%-%-service%-provider {GOOGLE,MICROSOFT}", shown)
    assert.matches("%-%-confirm %[{true,false}%]", shown)
    assert.matches("Inside the JSON values:\n   domains%[%]%.domain %(string, required%)\n", shown)
    assert.matches("@FILE%s+reads it from a file and keeps it out of the%s+process list%.", shown)
    assert.matches("Example:\n   cmr make-thing USER_ID --credentials-password @FILE\n", shown, 1, true)
  end)

  it("has an example for every operation, which the parser takes", function()
    for _, row in ipairs(core.operations) do
      local line = {}
      for word in words_of.example(row):gsub("\\\n", " "):gmatch("%S+") do
        line[#line + 1] = (word:gsub("^'(.*)'$", "%1"))
      end
      assert.equal("cmr", table.remove(line, 1))
      assert.equal(arguments.command(row.name), parser.new(core.operations, line, function() end):parse(line).command)
    end
  end)
end)

describe("the program", function()
  it("shows help and versions", function()
    local shown = cmr{"--help"}
    assert.same({0, ""}, {shown.status, shown.err})
    for _, row in ipairs(core.operations) do
      assert.is_truthy(shown.out:find("\n   " .. arguments.command(row.name) .. " ", 1, true), row.name)
    end
    for _, row in ipairs(core.operations) do
      local own = cmr{arguments.command(row.name), "-h"}
      assert.same({0, ""}, {own.status, own.err})
      assert.is_truthy(own.out:find("Example:\n   cmr " .. arguments.command(row.name), 1, true))
    end
    assert.same(cmr{"platforms", "--help"}, cmr{"help", "platforms"})
    assert.same(shown, cmr{"help"})

    local lua = rawget(_G, "jit") and "LuaJIT 2.1" or _VERSION
    local version = ("cmr %s (%s, libcurl %s)\n"):format(core._VERSION, lua, core.libcurl)
    assert.same({status = 0, out = version, err = ""}, cmr{"--version"})
    assert.same({status = 0, out = version, err = ""}, cmr{"platforms", "--version"})
  end)

  it("lists the operations", function()
    local shown = cmr{"operations"}
    assert.equal(0, shown.status)
    assert.matches("^NAME +METHOD +PATH +SUMMARY\n", shown.out)
    assert.matches("\nreexport +POST +/mailboxes/oauth +%S", shown.out)
    local rows = cjson.decode(cmr{"operations", "--output", "json"}.out)
    assert.equal(#core.operations, #rows)
    for index, row in ipairs(core.operations) do assert.same(row, rows[index]) end
  end)

  it("explains a wrong command line and ends with 2", function()
    local cases = {
      {{}, "a command is required", "cmr"},
      {{"platfrms"}, "unknown command 'platfrms' (did you mean 'platforms'?)", "cmr"},
      {{"reexport", "--mailboxid", "X"}, "unknown option '--mailboxid' (did you mean '--mailbox-id'?)", "cmr reexport"},
      {{"reexport", "--mailboxId", "X"}, "unknown option '--mailboxId' (did you mean '--mailbox-id'?)", "cmr reexport"},
      {{"reexport", "--google.clientId=X"}, "unknown option '--google.clientId' (did you mean '--google-client-id'?)",
        "cmr reexport"},
      {{"reexport", "--baseURL", "X"}, "unknown option '--baseURL' (did you mean '--base-url'?)", "cmr reexport"},
      {{"platforms", "--userId", "X"}, "unknown option '--userId' (give it as the argument USER_ID)", "cmr platforms"},
      {{"reexport", "--zzz"}, "unknown option '--zzz'", "cmr reexport"},
      {{"reexport", "X"}, "too many arguments (usage: cmr reexport [options])", "cmr reexport"},
      {{"platforms"}, "missing argument USER_ID", "cmr platforms"},
      {{"add-platform", "U"}, "missing option '--app'", "cmr add-platform"},
      {{"reexport", "--email"}, "option '--email' requires an argument", "cmr reexport"},
      {{"platforms", "U", "--timeout", "soon"}, "option '--timeout' wants a number, not 'soon'", "cmr platforms"},
      {{"platforms", "U", "--retries", "1.5"}, "option '--retries' wants a whole number, not '1.5'", "cmr platforms"},
      {{"platforms", "U", "--rate", "fast"}, "option '--rate' wants a number, not 'fast'", "cmr platforms"},
      {{"platforms", "U", "--output", "xml"}, "argument for option '--output' must be one of 'json', 'table'",
        "cmr platforms"},
      {{"mock", "--port", "x"}, "option '--port' wants a whole number, not 'x'", "cmr mock"},
      {{"mock", "--port", "70000"}, "option 'port' must be 1 to 65535", "cmr mock"},
    }
    for _, case in ipairs(cases) do
      local expected = ("cmr: %s\nTry '%s --help'.\n"):format(case[2], case[3])
      assert.same({status = 2, out = "", err = expected}, cmr(case[1], {env = {CMR_API_KEY = SECRET}}))
    end
  end)

  it("wants a key, and never as an argument", function()
    local none = cmr{"platforms", USER}
    assert.equal(2, none.status)
    assert.matches("^cmr: no API key: .*CMR_API_KEY.*%-%-api%-key%-file\n", none.err)
    for _, line in ipairs{{"platforms", USER, "--api-key", SECRET}, {"--api-key=" .. SECRET, "platforms", USER},
      {"--apikey=" .. SECRET}, {"--key", SECRET, "operations"}} do
      local refused = cmr(line)
      assert.same({2, ""}, {refused.status, refused.out})
      assert.matches("^cmr: the API key is never an argument.*CMR_API_KEY.*%-%-api%-key%-file\n", refused.err)
      assert.is_nil(refused.err:find(SECRET, 1, true))
    end
    for _, path in ipairs{SECRET, "-", file_with(""), file_with("\n" .. SECRET), "/"} do
      local refused = cmr{"platforms", USER, "--api-key-file", path}
      assert.same({2, ""}, {refused.status, refused.out})
      assert.matches("^cmr: option '%-%-api%-key%-file'", refused.err)
      assert.is_nil(refused.err:find(SECRET, 1, true))
    end
  end)

  it("can be driven in process, with a world of its own", function()
    local out, err = {}, {}
    local function sink(parts)
      return {
        write = function(self, ...)
          for _, part in ipairs{...} do parts[#parts + 1] = part end
          return self
        end,
        flush = function() return true end,
      }
    end
    local main = require "cmr.cli"
    local world = {stdout = sink(out), stderr = sink(err), getenv = function() return nil end}
    assert.equal(0, main({"--version"}, world))
    assert.matches("^cmr %d", table.concat(out))
    assert.equal(2, main({"platforms", USER}, world))
    assert.matches("^cmr: no API key", table.concat(err))
  end)

  it("loads only what a command needs", function()
    local code = [[local main = require "cmr.cli"; main{"operations"}
      for _, name in ipairs{"cmr.mock", "cmr.cli.call", "cmr.cli.arguments"} do
        io.stderr:write(name, " ", tostring(package.loaded[name] ~= nil), "\n")
      end]]
    local err = file_with("")
    os.execute(("%s -e %s >/dev/null 2>%s"):format(quote(lua_program()), quote(code), err))
    assert.equal("cmr.mock false\ncmr.cli.call false\ncmr.cli.arguments true\n", read(err))
  end)
end)

describe("the program with a server", function()
  local server, env

  before_each(function()
    server = mock.shared("http")
    env = {CMR_BASE_URL = server.base_url, CMR_API_KEY = server.key}
  end)

  local function last_request()
    local requests = server:requests()
    return requests[#requests]
  end

  it("prints the connected platforms", function()
    assert.same({status = 0, err = "", out = [[
{
  "status": 200,
  "message": "Fetched connected accounts successfully",
  "data": {
    "EMAILBISON": {
      "connected": true,
      "credentials": [
        {
          "connectedAt": "2024-05-01T10:00:00.000Z",
          "credentialId": "A1B2C3D4E5F6G7H8",
          "email": "john@agency.com",
          "metadata": {
            "appBaseUrl": "https://app.emailbison.com",
            "appName": "EmailBison",
            "workspace": "my-workspace"
          }
        }
      ]
    }
  }
}
]]}, cmr({"platforms", USER}, {env = env}))
    local request = last_request()
    assert.same({"GET", server.key}, {request.method, request.headers["cmr-x-api-key"]})
    assert.same({userId = USER}, request.query)
    assert.same({status = 0, err = "", out = [[
PLATFORM    CONNECTED  CREDENTIAL        EMAIL            WORKSPACE     CONNECTED AT
EMAILBISON  true       A1B2C3D4E5F6G7H8  john@agency.com  my-workspace  2024-05-01T10:00:00.000Z
]]}, cmr({"platforms", USER, "--output", "table"}, {env = env}))
    local compact = cmr({"--compact", "platforms", "--json", '{"userId": "' .. USER .. '"}'}, {env = env})
    assert.matches('^{"status":200,"message":"[^\n]*}\n$', compact.out)
  end)

  it("sends what the options say", function()
    local sent = {
      microsoftOauthRoute = "",
      google = {googleOauthRoute = ROUTE, clientId = "549360251880.apps.example", appName = "Outreach App"},
      mailboxId = MAILBOX,
      email = "john@doe.com",
    }
    local by_options = {"reexport", "--microsoft-oauth-route", "", "--google-oauth-route", ROUTE, "--google-client-id",
      sent.google.clientId, "--google-app-name", "Outreach App", "--mailbox-id", MAILBOX, "--email=john@doe.com"}
    local as_json = cjson.encode(sent)
    local ways = {
      {by_options},
      {{"reexport", "--json", as_json}},
      {{"reexport", "--json", "@" .. file_with(as_json)}},
      {{"reexport", "--json", "-"}, as_json},
    }
    for _, way in ipairs(ways) do
      server:reset{rate = 0}
      local done = cmr(way[1], {env = env, stdin = way[2]})
      assert.same({0, ""}, {done.status, done.err})
      assert.matches('"actionId": "ACT_[%x-]+"', done.out)
      assert.same(sent, cjson.decode(last_request().body))
    end
  end)

  it("keeps secrets in files", function()
    local line = {"add_platform", USER, "--app", "EMAILBISON", "--credentials-email", "a@b.c",
      "--credentials-password", "@" .. file_with("@pass word\n")}
    assert.equal(0, cmr(line, {env = env}).status)
    assert.same({email = "a@b.c", password = "@pass word"}, cjson.decode(last_request().body).credentials)
    line[#line] = "@-"
    assert.equal(0, cmr(line, {env = env, stdin = "from a pipe\n"}).status)
    assert.equal("from a pipe", cjson.decode(last_request().body).credentials.password)
  end)

  it("takes the key from a file, its other settings from options, before or after the command", function()
    local settings = {"--api-key-file", file_with("  " .. server.key .. " \r\nnot this\n"), "--base-url",
      server.base_url, "--timeout", "5.5", "--retries", "0", "--rate", "off"}
    local after, before = {"platforms", USER}, {}
    for _, word in ipairs(settings) do
      after[#after + 1] = word
      before[#before + 1] = word
    end
    before[#before + 1], before[#before + 2] = "platforms", USER
    local elsewhere = {CMR_API_KEY = SECRET, CMR_BASE_URL = "http://127.66.66.66:1/elsewhere"}
    for _, line in ipairs{after, before} do assert.equal(0, cmr(line, {env = elsewhere}).status) end
    assert.equal(2, #server:requests())
  end)

  it("says why the API refused, and ends with 1", function()
    local unknown = cmr({"platforms", "NOBODY"}, {env = env})
    assert.same({1, ""}, {unknown.status, unknown.out})
    assert.matches("^cmr: [^\n]+\n$", unknown.err)

    local stranger = cmr({"platforms", USER}, {env = {CMR_BASE_URL = server.base_url, CMR_API_KEY = SECRET}})
    assert.same({1, ""}, {stranger.status, stranger.out})
    assert.is_nil(stranger.err:find(SECRET, 1, true))

    local quota
    for _ = 1, 4 do quota = cmr({"reexport", "--mailbox-id", MAILBOX}, {env = env}) end
    assert.same({1, ""}, {quota.status, quota.out})
    assert.matches("^cmr: [^\n]+\ncmr: outcome: rejected, the server refused it", quota.err)
  end)

  it("says what became of an order", function()
    server:fault{match = {operation = "reexport"}, close = true}
    local lost = cmr({"reexport", "--mailbox-id", MAILBOX}, {env = env})
    assert.equal(1, lost.status)
    assert.matches("\ncmr: outcome: unknown, it may have been done: look before repeating it\n$", lost.err)

    local nowhere = {CMR_BASE_URL = "http://127.66.66.66:1", CMR_API_KEY = "k"} -- where nobody listens
    local unsent = cmr({"reexport", "--mailbox-id", MAILBOX, "--retries", "0"}, {env = nowhere})
    assert.equal(1, unsent.status)
    assert.matches("\ncmr: outcome: not_sent, the server never saw it, so it can be repeated\n$", unsent.err)
    local get = cmr({"platforms", USER, "--retries", "0"}, {env = nowhere})
    assert.equal(1, get.status)
    assert.is_nil(get.err:find("outcome:", 1, true))
  end)

  it("says when to come back", function()
    server:fault{match = {operation = "platforms"}, status = 429, headers = {["Retry-After"] = "7"},
      body = {status = 429, message = "Too many requests"}}
    local limited = cmr({"platforms", USER, "--retries", "0"}, {env = env})
    assert.equal(1, limited.status)
    assert.matches("\ncmr: retry after 7 s\n$", limited.err)
  end)

  it("tells mistakes that only the library sees from failures", function()
    for _, line in ipairs{
      {"platforms", ""},
      {"reexport"},
      {"reexport", "--json", '{"mailboxid": "X"}'},
      {"platforms", USER, "--base-url", "http://far.example/"},
      {"platforms", USER, "--timeout", "0"},
    } do
      local refused = cmr(line, {env = env})
      assert.same({2, ""}, {refused.status, refused.out}, table.concat(line, " "))
      assert.matches("^cmr: [^\n]+\n", refused.err)
      assert.is_nil(refused.err:find("%.lua:%d"), refused.err)
      assert.is_nil(refused.err:find("traceback", 1, true))
    end
    assert.same({}, server:requests())
  end)

  it("says when there is nothing to show in a table", function()
    local shown = cmr({"reexport", "--mailbox-id", MAILBOX, "--output", "table"}, {env = env})
    assert.same({status = 0, out = "", err = "cmr: no rows in the answer; --output json shows all of it\n"}, shown)
  end)

  it("is quiet when nobody reads, and says so when the disk is full", function()
    local alone = cmr({"operations"}, {lead = "sleep 0.2;", after = "| true"})
    assert.same({141, ""}, {alone.status, alone.err})
    local deaf = cmr({"operations"}, {lead = "sleep 0.2; trap '' PIPE;", after = "| true"})
    assert.same({141, ""}, {deaf.status, deaf.err})
    local full = cmr({"platforms", USER}, {env = env, after = "| cat >/dev/null; true", lead = "exec >/dev/full;"})
    assert.same({1, "cmr: cannot write the output: No space left on device\n"}, {full.status, full.err})
  end)

  it("ends quietly with 130 on Ctrl-C", function()
    server:fault{match = {operation = "platforms"}, delay = 20}
    local stopped = cmr({"platforms", USER}, {env = env, through = "timeout --preserve-status -s INT 1"})
    assert.same({status = 130, out = "", err = ""}, stopped)
  end)

  it("speaks TLS with the authority it is told to trust", function()
    local secure = mock.shared("tls")
    local settings = {CMR_BASE_URL = secure.base_url, CMR_API_KEY = secure.key}
    assert.equal(1, cmr({"platforms", USER, "--retries", "0"}, {env = settings}).status)
    assert.equal(0, cmr({"platforms", USER, "--ca-file", secure.ca_file}, {env = settings}).status)
    settings.CMR_CA_FILE = secure.ca_file
    assert.equal(0, cmr({"platforms", USER}, {env = settings}).status)
  end)

  it("runs the mock", function()
    local pipe = assert(io.popen(("exec timeout 60 %s bin/cmr mock --rate 0 --window fixed 2>&1"):format(
      quote(lua_program()))))
    local own = mock.attach(pipe)
    finally(function() own:stop() end)
    local shown = cmr({"platforms", USER}, {env = {CMR_BASE_URL = own.base_url, CMR_API_KEY = own.key}})
    assert.same({0, ""}, {shown.status, shown.err})
    assert.equal(1, #own:requests())
  end)
end)
