-- A row of the operations table becomes a command: its options, its help, and the arguments made from its command line.
local core = require "cmr.core"
local examples = require "cmr.examples"
local arguments = require "cmr.cli.arguments"
local words_of = require "cmr.cli.help"
local parser = require "cmr.cli.parser"
local operations = require "cmr.operations"

-- Returns the message of the {usage = message} that a function raises.
local function mistake(action, ...)
  local ok, raised = pcall(action, ...)
  assert.is_false(ok)
  return raised.usage
end

-- An operation with every kind of parameter.
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
    {name = "domains[]", type = "object", required = true},
    {name = "domains[].domain", type = "string", required = true},
    {name = "mailboxes", type = "map"},
    {name = "extra", type = "any"},
  },
}

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

  it("does not exist for a field inside an array or a map", function()
    for _, name in ipairs{"domains[]", "domains[].domain", "mailboxes.*", "mailboxes.*[].username"} do
      assert.is_nil(arguments.option(name))
    end
  end)

  it("tells whether its value is a secret, which an id never is", function()
    for _, name in ipairs{"password", "credentials.password", "google.clientSecret", "token"} do
      assert.is_true(arguments.secret(name), name)
    end
    for _, name in ipairs{"credentialId", "credentials.email", "userId", "domains[].domain", "mailboxes.*"} do
      assert.is_false(arguments.secret(name), name)
    end
  end)

  -- Returns the options that two parameters of an operation share, or that every command has already.
  local function collisions(rows)
    local found = {}
    for _, row in ipairs(rows) do
      local seen = {["--json"] = true, ["--help"] = true, ["--version"] = true, ["--compact"] = true,
        ["--api-key"] = true, ["--key"] = true, ["--apikey"] = true}
      for _, global in ipairs(parser.GLOBAL_OPTIONS) do seen[global[1]] = true end
      for _, param in ipairs(row.params) do
        local option = arguments.option(param.name)
        if option and seen[option] then found[#found + 1] = row.name .. " " .. option end
        if option then seen[option] = true end
      end
    end
    return found
  end

  it("belongs to only one parameter of an operation", function()
    assert.same({}, collisions(operations))
    local clash = {name = "x", params = {{name = "microsoftOauthRoute"}, {name = "microsoft.microsoftOauthRoute"}}}
    assert.same({"x --microsoft-oauth-route"}, collisions{clash})
    assert.same({"y --timeout"}, collisions{{name = "y", params = {{name = "timeout"}}}})
  end)

  it("is no command's name, and no two commands have the same", function()
    local seen = {help = true}
    for _, entry in ipairs(require "cmr.cli.commands") do seen[entry[1]] = true end
    for _, row in ipairs(operations) do
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

  it("refuses a value of another type, and names the option", function()
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
    assert.matches("^option '%-%-google' wants a JSON object %(the number 1e400, which this Lua would round", wrong{
      google = '{"a":1e400}'})
    assert.equal("option '--domains' wants a JSON array", wrong{domains = "{}"})
    assert.matches("^option '%-%-extra' wants JSON %(.+%)$", wrong{extra = "text"})
  end)

  it("may have JSON that begins with a byte order mark", function()
    assert.same({appName = "A"}, build{google = '\239\187\191{"appName":"A"}'}.google)
  end)

  it("begins with --json, which options override", function()
    local made = build{[""] = '{"count": 1, "google": {"appName": "A", "clientId": "B"}, "userId": "J"}',
      userId = "U", count = "2", ["google.clientId"] = "C"}
    assert.same({userId = "U", count = 2, google = {appName = "A", clientId = "C"}, credentials = {}}, made)
    assert.equal("option '--json' wants a JSON object", wrong{[""] = "[]"})
    assert.equal("option '--google-client-id': the value of 'google' is not an object",
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

  it("needs what the operation requires, from an option or from --json", function()
    local function missing(given) return mistake(arguments.build, ROW, given, no_files) end
    assert.equal("missing USER_ID and --credentials", missing{})
    assert.equal("missing option '--credentials', or its members: --credentials-password", missing{userId = "U"})
    assert.same({userId = "U", credentials = {password = "p"}},
      arguments.build(ROW, {[""] = '{"userId": "U", "credentials": {"password": "p"}}'}, no_files))
  end)
end)

describe("help", function()
  local function help(rows, line)
    local ok, raised = pcall(function() return parser.new(rows, line, function() end):parse(line) end)
    assert.is_false(ok)
    return raised.help
  end

  it("groups the commands as the table does, and marks the dangerous ones", function()
    local shown = parser.new({ROW}, {"--help"}, function() end):get_help()
    assert.matches("Things:\n   make%-thing +Make Thing %[path unknown, charges%s+money%]\n", shown)
    assert.matches("Other commands:\n.*   api .*\n   mock .*\n   operations .*\n   probe ", shown)
  end)

  it("describes a command", function()
    local shown = help({ROW}, {"make-thing", "--help"})
    assert.matches("^Usage: cmr make%-thing %[options%] USER_ID\n", shown)
    assert.matches("Charges money%.", shown)
    assert.matches("(method unknown) (path unknown): Make Thing", shown, 1, true)
    assert.matches("%-%-google%-client%-id TEXT +google%.clientId %(string%)", shown)
    assert.matches("%-%-service%-provider {GOOGLE,MICROSOFT}", shown)
    assert.matches("%-%-confirm %[{true,false}%]", shown)
    local unbroken = shown:gsub("%s+", " ")
    assert.matches("confirm (boolean; the order's own field confirm, not a confirmation)", unbroken, 1, true)
    local inside = "Inside the JSON values:\n   domains[] (object)\n   domains[].domain (string, required)\n"
    assert.matches(inside, shown, 1, true)
    assert.matches("@FILE%s+reads it from a file and keeps it out of the%s+process list%.", shown)
    assert.not_matches("Example:", shown, 1, true)
    examples.make_thing = '{"userId":"U","credentials":{"password":"p"},"domains":[{"domain":"acme.com"}],"more":[1]}'
    finally(function() examples.make_thing = nil end)
    assert.matches("Example:\n   cmr make-thing U --credentials-password @password.txt \\\n"
      .. "      --domains '[{\"domain\":\"acme.com\"}]' --json '{\"more\":[1]}'\n",
      help({ROW}, {"make-thing", "--help"}), 1, true)
  end)

  it("has the library's defaults", function()
    local defaults = require("cmr.options").DEFAULTS
    for _, global in ipairs(parser.GLOBAL_OPTIONS) do
      local default = defaults[global[1]:sub(3)]
      if default then assert.matches(("(default: %s)"):format(default), global[3], 1, true) end
    end
  end)

  -- Splits a command line into words, as a shell does.
  local function words(text)
    local list, word, quoted = {}, "", false
    for character in (text:gsub("\\\n", " ") .. " "):gmatch(".") do
      if character == "'" then
        quoted = not quoted
      elseif quoted or character:find("%S") then
        word = word .. character
      elseif word ~= "" then
        list[#list + 1], word = word, ""
      end
    end
    return list
  end

  it("has an example for every operation, which the parser and the library accept", function()
    local target = assert(core.target{api_key = "k"})
    local status = words_of.example(operations.order_status)
    assert.equal("cmr order-status --order-id ord_R8K2LQPZA9XM", status)
    for _, row in ipairs(operations) do
      local line, given = words(words_of.example(row)), {}
      assert.equal("cmr", table.remove(line, 1))
      for name, value in pairs(parser.new(operations, line, function() end):parse(line)) do
        if name:sub(1, 1) == "." then given[name:sub(2)] = value end
        if name == "command" then assert.equal(arguments.command(row.name), value) end
      end
      local made = arguments.build(row, given, function() return "from a file" end)
      if row.method and row.path then assert(core[row.name](target, made)) end
    end
  end)

  it("has examples of orders that start at once, because only process-order starts the others", function()
    local count = 0
    for _, row in ipairs(operations) do
      local takes_confirm = false
      for _, param in ipairs(row.params) do takes_confirm = takes_confirm or param.name == "confirm" end
      if takes_confirm then
        assert.matches("%-%-confirm true", words_of.example(row))
        count = count + 1
      end
    end
    assert.is_true(count >= 2)
  end)
end)
