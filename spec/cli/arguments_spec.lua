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

-- An operation with parameters of every type that has a parser in cmr.cli.arguments.
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

  it("stands for a member, if the object has members of its own", function()
    for name, expected in pairs{google = true, credentials = true, goog = false, googles = false, count = false,
      domains = false, mailboxes = false, extra = false, ["google.clientId"] = false} do
      assert.equal(expected, arguments.has_members(ROW, name), name)
    end
    local inner = {params = {{name = "map.*"}, {name = "map.*[].id"}, {name = "list[].id"}}}
    for _, name in ipairs{"map", "list"} do assert.is_false(arguments.has_members(inner, name)) end
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

describe("an operation", function()
  it("is spelled as a command in texts, unlike other words", function()
    assert.equal("add-platform, reexport, (add-platform) and CMR_API_KEY, add_platforms, x_y",
      arguments.spelled "add_platform, reexport, (add_platform) and CMR_API_KEY, add_platforms, x_y")
  end)

  it("lacks its path, or only its method, or nothing", function()
    assert.equal("path", arguments.undocumented{})
    assert.equal("path", arguments.undocumented{method = "GET"})
    assert.equal("method", arguments.undocumented{path = "/x"})
    assert.is_nil(arguments.undocumented{path = "/x", method = "GET"})
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
    assert.equal("option '--confirm' wants true or false; the option alone means true; put -- "
      .. "between the option and an argument", wrong{confirm = {"yes"}})
    assert.equal("option '--service-provider' must be one of GOOGLE, MICROSOFT", wrong{serviceProvider = "google"})
    assert.equal("option '--google' wants a JSON object", wrong{google = "[1]"})
    assert.matches("^option '%-%-google' wants a JSON object %(.+%)$", wrong{google = '{"a"'})
    assert.matches("^option '%-%-google' wants a JSON object %(the number 1e400, which this Lua would round", wrong{
      google = '{"a":1e400}'})
    assert.equal("option '--domains' wants a JSON array", wrong{domains = "{}"})
    assert.matches("^option '%-%-extra' wants JSON %(.+%)$", wrong{extra = "text"})
  end)

  it("has whole numbers below 2^53, which no Lua rounds", function()
    for _, text in ipairs{"9007199254740991", "-9007199254740991", "+5", "0"} do
      assert.equal(tonumber(text), build{count = text}.count)
    end
    for _, text in ipairs{"9007199254740992", "-9007199254740992", "5-", "1e3"} do
      assert.equal("option '--count' wants a whole number", wrong{count = text})
    end
  end)

  it("has the word all only where the API needs a list or all", function()
    local required = {name = "domains", type = "array", all_required = true}
    assert.equal(core.all, arguments.value(required, "all"))
    assert.same({"a"}, arguments.value(required, '["a"]'))
    assert.same({nil, "wants a JSON array"}, {arguments.value({name = "domains", type = "array"}, "all")})
    assert.equal("all", arguments.value({name = "status", type = "string"}, "all"))
  end)

  it("has one item or a list of items where the API takes both", function()
    local param = {name = "records", type = "array", accepts_item = true}
    assert.same({a = 1}, arguments.value(param, ' {"a":1}'))
    assert.same({1}, arguments.value(param, "[1]"))
    assert.same({nil, "wants a JSON array"}, {arguments.value(param, "1")})
  end)

  it("gets a value under a dotted name, and can keep the value that is there", function()
    local args = {a = {b = 1}}
    assert.is_nil(arguments.put(args, "a.b", 2, true))
    assert.is_nil(arguments.put(args, "a.c", 3, true))
    assert.is_nil(arguments.put(args, "d.e.f", 4, true))
    assert.same({a = {b = 1, c = 3}, d = {e = {f = 4}}}, args)
    assert.is_nil(arguments.put(args, "a.b", 5))
    assert.equal(5, args.a.b)
    assert.equal("the value of 'b' is not an object", arguments.put(args, "a.b.c", 6))
  end)

  it("may come from JSON that is an array, where an array is allowed", function()
    local function read(path) return ({f = "[2]", ["-"] = "[3]"})[path] end
    assert.same({1}, arguments.json("--data", " [1]", read))
    assert.same({2}, arguments.json("--data", "@f", read))
    assert.same({3}, arguments.json("--data", "-", read))
    assert.same({a = 1}, arguments.json("--data", '{"a":1}', read))
    assert.is_nil(arguments.json("--data", nil, read))
    assert.equal("option '--data' wants a JSON object", mistake(arguments.json, "--data", "[1]", read, true))
    assert.equal("option '--data' wants a JSON object", mistake(arguments.json, "--data", "1", read))
  end)

  it("may come from pairs of a name and a value", function()
    assert.same({}, arguments.pairs("--query", {}))
    assert.same({{name = "a", value = "1=2"}, {name = "b", value = ""}, {name = "A", value = "\n"}},
      arguments.pairs("--query", {"a=1=2", "b=", "A=\n"}))
    for _, text in ipairs{"a", "=1", ""} do
      assert.equal(("option '--query' wants NAME=VALUE, not '%s'"):format(text),
        mistake(arguments.pairs, "--query", {"b=1", text}))
    end
    assert.equal("option '--query': 'a' is given twice", mistake(arguments.pairs, "--query", {"a=1", "b=1", "a=2"}))
  end)

  it("is refused if an object in its JSON has the same member twice", function()
    assert.equal("option '--json' wants a JSON object (an object has the same member twice)",
      wrong{[""] = '{"userId":"U","userId":"V"}'})
    assert.equal("option '--google' wants a JSON object (an object has the same member twice)",
      wrong{google = '{"appName":"A","appName":"B"}'})
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
    local row = {params = {{name = "userId", required = true, positional = true}, {name = "confirm", required = true},
      {name = "domainId", either = "one"}, {name = "domains", either = "one"}, {name = "mailboxId", either = "one"}}}
    local function choice(json) return mistake(arguments.build, row, {[""] = json}, no_files) end
    assert.equal("missing USER_ID, --confirm and --domain-id, --domains or --mailbox-id", choice())
    assert.equal("missing USER_ID and --confirm", choice '{"domainId": "x"}')
    assert.equal("missing USER_ID and --confirm", choice '{"domains": "x"}')
    assert.equal("missing USER_ID and --confirm", choice '{"mailboxId": "x"}')
    assert.equal("missing option '--confirm'", choice '{"userId": "x"}')
    assert.equal("missing option '--credentials', or its members: --credentials-password", missing{userId = "U"})
    assert.same({userId = "U", credentials = {password = "p"}},
      arguments.build(ROW, {[""] = '{"userId": "U", "credentials": {"password": "p"}}'}, no_files))
  end)
end)

describe("the words of the help", function()
  it("name the refusals that a page documents, with the page", function()
    assert.same({}, words_of.statuses{})
    assert.same({"The API page documents the status 400 if a; 401 if b.",
      "The help centre documents the status 404 if c.", "The API page documents the status 409 if d.",
    }, words_of.statuses{statuses = {
        {code = 400, reason = "a", source = "docs"}, {code = 401, reason = "b", source = "seed"},
        {code = 404, reason = "c", source = "help"}, {code = 409, reason = "d", source = "docs"}}})
    assert.same({"One.", "Two.", "The API page documents the status 400 if a."}, words_of.notes{
      notes = {{text = "One."}, {text = "Two."}}, statuses = {{code = 400, reason = "a", source = "docs"}}})
    assert.same({}, words_of.notes{})
  end)

  it("name the webhooks that report how an operation ended, each once", function()
    assert.is_nil(words_of.events{})
    assert.equal("The webhook a.b reports its success.", words_of.events{success_events = {"a.b x"}})
    assert.equal("The webhook a.b, c.d or e.f reports its success, its failure g.h or i.",
      words_of.events{success_events = {"a.b x", "a.b y", "c.d", "a.b", "e.f"}, failure_events = {"g.h", "i x", "i"}})
  end)

  it("say of a parameter what it means, its type, and whether it is required", function()
    local function of(param) return words_of.parameter(param) end
    assert.equal("a (string)", of{name = "a", type = "string"})
    assert.equal("a (string, required): S.", of{name = "a", type = "string", required = true, summary = "S."})
    assert.equal("a[] (string)", of{name = "a[]", type = "string", required = true})
    assert.equal("a (string, exactly one of these)", of{name = "a", type = "string", either = "one"})
    assert.equal("a (string, one of these)", of{name = "a", type = "string", either = "any", required = true})
    assert.equal("a (array, required: a list, or the word all, assumed)",
      of{name = "a", type = "array", all_required = true, assumed = true})
    assert.equal("confirm (boolean; the order's own field confirm, not a confirmation)",
      of{name = "confirm", type = "boolean"})
    assert.equal("a (string): S. Documented: x and y; cmr also sends other values. At most 5.",
      of{name = "a", type = "string", summary = "S.", known = {"x", "y"}, maximum = 5})
    assert.equal("a (integer): S. At most 5.", of{name = "a", type = "integer", summary = "S.", maximum = 5})
    assert.is_nil(words_of.description{name = "a"})
    -- the placeholder of an option shows its values already
    assert.equal("a (string)", of{name = "a", type = "string", values = {"x", "y"}})
    assert.equal("l[].a (string) x or y.", of{name = "l[].a", type = "string", values = {"x", "y"}})
    local secret = " @FILE reads it from a file and keeps it out of the process list."
    assert.equal("password (string)" .. secret, of{name = "password", type = "string"})
    assert.equal("password (object)", of{name = "password", type = "object"})
  end)

  it("show the form of a value", function()
    for type, value in pairs{string = "TEXT", integer = "N", number = "N", boolean = "{true,false}", object = "JSON",
      map = "JSON", array = "JSON", any = "JSON"} do assert.equal(value, words_of.value{type = type}) end
    assert.equal("{x,y}", words_of.value{type = "string", values = {"x", "y"}})
  end)

  it("begin with what a user must know first", function()
    local row = {title = "Make", flags = {charges = true, danger = true, all_when_empty = true, async = true,
      quota = true, deprecated = true}, path = "/x", success_events = {"a.b"}, assumed = "maybe."}
    assert.equal("Make\n(method unknown) /x: Make\nCharges money.\nDestroys something. You cannot undo the call.\n"
      .. "Needs its list: without one, the API would act on everything.\n"
      .. "Asynchronous: the answer only confirms acceptance. The API does the work later.\n"
      .. "The calls per mailbox and week are limited.\nDeprecated by the vendor.\n"
      .. "The webhook a.b reports its success.\n"
      .. "Cannot run yet: its method is undocumented. CMR_ENDPOINTS supplies it.", words_of.top(row))
    assert.equal("Make [method unknown, charges money, destroys, needs its list, asynchronous, limited per mailbox, "
      .. "deprecated]", words_of.summary(row))
    assert.equal("Not confirmed: maybe.", words_of.below(row))
    assert.equal(words_of.top(row) .. "\nNot confirmed: maybe.", words_of.operation(row))
    local plain = {title = "Make", summary = "Makes it.", flags = {}, path = "/x", method = "GET", params = {}}
    assert.equal("Makes it.\nGET /x: Make", words_of.top(plain))
    assert.equal("Makes it.\nGET /x: Make", words_of.operation(plain))
    assert.equal("Makes it.", words_of.summary(plain))
    assert.equal("", words_of.below(plain))
    plain.flags.charges = true
    assert.equal("Makes it. [charges money]", words_of.summary(plain))
    assert.equal("", words_of.inside(plain))
    plain.params = {{name = "a", type = "string"}, {name = "a[]", type = "string"}}
    assert.equal("Inside the JSON values:\n   a[] (string)\n\n", words_of.inside(plain))
  end)

  it("break an example's line before an option that would pass column 73", function()
    finally(function() examples.make_thing = nil end)
    for length, separator in pairs{[37] = " ", [38] = " \\\n      "} do
      local value = ("x"):rep(length)
      examples.make_thing = ('{"userId":"U","serviceProvider":"%s"}'):format(value)
      assert.equal("cmr make-thing U" .. separator .. "--service-provider " .. value, words_of.example(ROW))
    end
  end)
end)

describe("the parser", function()
  -- Makes a parser for the line `made_for`, by default for `line`, and lets it read `line`. Returns the result or the
  -- message, and the modules of the parser's commands.
  local function read(line, rows, made_for)
    local one, modules = parser.new(rows or operations, made_for or line, function() end)
    local ok, result = pcall(one.parse, one, line)
    return ok and result or result.usage, modules
  end

  it("raises what cmr prints for --help and --version", function()
    local function raised(...)
      local one = parser.new({ROW}, {...}, function() return "v" end)
      local ok, ending = pcall(one.parse, one, {...})
      assert.is_false(ok)
      return ending
    end
    assert.same({overview = true}, raised "--help")
    assert.same({overview = true}, raised("--compact", "-h"))
    assert.same({text = "v"}, raised "--version")
    assert.matches("^Usage: cmr make%-thing ", raised("make-thing", "-h").help)
    assert.matches("^the API key is never an argument, .*%-%-api%-key%-file$", raised("--api-key", "x").usage)
  end)

  it("takes the common options in each form, before and after the command", function()
    for _, line in ipairs{{"-vy", "--rate=5", "users", "--limit", "9"}, {"users", "--rate", "5", "-y", "-v"},
      {"-y", "users", "--limit=9", "-v", "--rate", "5"}, {"--yes", "--rate=5", "-v", "--", "users"}} do
      local made = read(line)
      assert.same({"users", "5", true, true}, {made.command, made.rate, made.yes, made.verbose})
      assert.is_nil(made.compact)
    end
    assert.same({"a", "b"}, read({"users", "--field", "a", "--field=b"}).field)
    assert.equal("unknown option '--compakt' (did you mean '--compact'?)", read({"users", "--compakt"}))
    assert.equal("unknown option '--compat' (did you mean '--compact'?)", read({"users", "-y", "--compat"}))
    local first = "unknown option '--refile' (did you mean '--profile'?)" -- of the options that are equally similar
    assert.equal(first, read({"users", "--profile", "p", "--refile"}))
    assert.equal(first, read({"users", "--ca-file", "f", "--refile"}))
    assert.matches("^unknown option '%-%-compact'", read({"users", "--compact"}, nil, {"users"}))
  end)

  it("has only the commands that the line names", function()
    for _, line in ipairs{{"reexport"}, {"create-order"}, {"create_order"}, {"api"}, {"init"}} do
      local message, modules = read({"users"}, nil, line)
      assert.matches("^unknown command 'users'", message)
      assert.equal(operations[line[1]:gsub("-", "_")] == nil, modules[line[1]] ~= nil)
    end
    assert.equal("create-order", read({"create_order", "U"}).command)
  end)

  it("has all commands without their arguments, if the line names none", function()
    local made, modules = read({"users"}, nil, {"--compact"})
    assert.equal("users", made.command)
    assert.same({}, modules)
    for _, line in ipairs{{"users", "--limit", "5"}, {"add-platform", "--app", "x"}, {"api", "GET", "/x"}} do
      assert.is_table((read(line)))
      local one = parser.new(operations, {"--compact"}, function() end)
      assert.is_false((pcall(one.parse, one, line)))
    end
  end)

  it("suggests a name that is like the unknown word, or is the only one that contains it", function()
    local function make(...) return (read({...}, {ROW})) end
    assert.equal("unknown command 'histry' (did you mean 'history'?)", make "histry")
    assert.equal("unknown command 'make' (did you mean 'make-thing'?)", make "make")
    assert.equal("unknown command 'thin' (did you mean 'make-thing'?)", make "thin")
    assert.equal("unknown command 'thg'", make "thg")
    assert.equal("unknown option '--client-id' (did you mean '--google-client-id'?)", make("make-thing", "--client-id"))
    assert.equal("unknown option '--clie' (did you mean '--google-client-id'?)", make("make-thing", "--clie"))
    assert.equal("unknown option '--cli'", make("make-thing", "--cli"))
    assert.equal("unknown option '--LEDG' (did you mean '--no-ledger'?)", make("make-thing", "--LEDG"))
    assert.equal("unknown option '--file'", make("make-thing", "--file")) -- two options contain it
  end)

  it("has each option under its name, of operations below a dot", function()
    local made = read({"make-thing", "U", "--google-client-id", "C", "--no-ledger", "-y", "--api-key-file", "f",
      "--all", "--confirm"}, {ROW})
    assert.same({"make-thing", "U", "C"}, {made.command, made[".userId"], made[".google.clientId"]})
    assert.same({true, true, "f", true}, {made.no_ledger, made.yes, made.api_key_file, made.all})
    assert.same({}, made[".confirm"])
    assert.same({"5", true}, {(read{"mock", "--port", "5"})[".port"], (read{"mock", "--tls"})[".tls"]})
    assert.same({"a", "b"}, (read{"--field", "a", "users", "--field", "b"}).field)
    assert.equal("too many arguments (usage: cmr make-thing [options] USER_ID)",
      (read({"make-thing", "U", "X"}, {ROW})))
  end)

  it("refuses a word that is none of the choices, and names them all", function()
    assert.equal("argument for option '--output' must be one of 'json', 'jsonl', 'table', 'csv'",
      (read({"make-thing", "--output", "xml"}, {ROW})))
    assert.equal("csv", (read({"make-thing", "--output", "csv"}, {ROW})).output)
  end)

  it("has --watch for an operation that reads, and names a positional argument that is given as an option", function()
    assert.equal("5", (read({"users", "--watch", "5"})).watch)
    assert.matches("^unknown option '%-%-watch'", (read{"reexport", "--watch", "5"}))
    assert.equal("unknown option '--userId' (give it as the argument USER_ID)", (read{"platforms", "--userId", "X"}))
  end)

  it("takes an unknown option for a value only after an option that takes a value", function()
    local function make(...) return (read({...}, {ROW})) end
    local hint = " (a value that begins with - needs a =, as in %s)"
    assert.equal("unknown option '-5'" .. hint:format "--retries=-5", make("--retries", "-5"))
    assert.equal("unknown option '-5'" .. hint:format "--count=-5", make("make-thing", "--count", "-5"))
    assert.equal("unknown option '-5'" .. hint:format "--confirm=-5x", make("make-thing", "--confirm", "-5x"))
    assert.equal("unknown option '-x'", make("make-thing", "U", "-x"))
    assert.equal("unknown option '-x'", make("make-thing", "--retries", "5", "-x"))
    assert.equal("unknown option '-x'", make("make-thing", "--dry-run", "-x"))
    assert.equal("unknown option '--zzz'", make("make-thing", "U", "--zzz"))
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

  it("shows every command of cmr with its summary, and no option for the key itself", function()
    local shown = parser.new({ROW}, {"--help"}, function() end):get_help()
    local unbroken = shown:gsub("%s+", " ")
    for _, entry in ipairs(require "cmr.cli.commands") do
      assert.matches((" %s %s"):format(entry[1], entry[2]:gsub("%s+", " ")), unbroken, 1, true)
    end
    for _, words in ipairs{"with an example. These options go before or after the command.",
      "Without a terminal it needs --yes.", "Key: from --profile, --api-key-file, $CMR_API_KEY,",
      "Exit status: 0 done; 1 the API refused"} do
      assert.matches(words, unbroken, 1, true)
    end
    assert.matches("%-%-api%-key%-file", shown)
    assert.not_matches("%-%-api%-key[^-]", shown)
    assert.matches("^Usage: cmr %[options%] COMMAND %[arguments%]\n", shown)
    assert.matches(("\n%-34sPrint JSON on one line.\n"):format("   --compact"), shown, 1, true)
  end)

  it("is 80 columns wide, or as wide as the caller says", function()
    local function widest(text)
      local most = 0
      for line in text:gmatch "[^\n]+" do most = math.max(most, #line) end
      return most
    end
    local function all(width) return parser.new(operations, {"--help"}, function() end, width):get_help() end
    assert.equal(all(80), all())
    assert.not_equal(all(81), all())
    for _, width in ipairs{60, 70, 80, 81} do assert.is_true(widest(all(width)) <= width) end
    for _, entry in ipairs(require "cmr.cli.commands") do
      local line = {entry[1], "--help"}
      local function usage(width)
        local ok, raised = pcall(function() return parser.new({ROW}, line, function() end, width):parse(line) end)
        assert.is_false(ok)
        return raised.help:match "^Usage: .-\n\n"
      end
      assert.equal(usage(70), usage(80))
      assert.is_true(widest(usage(80)) <= 70, entry[1])
      assert.is_true(widest(usage(60)) <= 60, entry[1])
    end
  end)

  it("of a command that is no operation has its explanation", function()
    assert.matches("A request other than a GET may charge or destroy.", help({ROW}, {"api", "--help"}), 1, true)
    assert.matches("\nExample:\n   cmr api GET /subscriptions", help({ROW}, {"api", "--help"}))
  end)

  it("has notes below the options, and brackets around an argument that may be absent", function()
    local row = {name = "other_thing", group = "G", title = "T", flags = {}, notes = {{text = "One."}, {text = "Two."}},
      assumed = "three.", params = {{name = "a", type = "string", positional = true, required = true},
        {name = "b", type = "string", positional = true}}}
    local shown = help({row}, {"other-thing", "--help"})
    assert.matches("^Usage: cmr other%-thing %[options%] A %[B%]\n", shown)
    assert.matches("\n\nNotes:\n   One.\n   Two.\n   Not confirmed: three.\n", shown, 1, true)
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
    local defaults = require("cmr.client_options").DEFAULTS
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
