-- What the command prints: JSON, tables, CSV, fields and colours. A server's text cannot control the terminal.
local core = require "cmr.core"
local csv = require "cmr.cli.csv"
local field = require "cmr.cli.field"
local json = require("cmr.cli.pretty_json").encode
local rows_of = require "cmr.cli.tabulate"
local table_of = require("cmr.cli.text_table").format
local colours = require "cmr.cli.colours"
local terminal = require "cmr.cli.terminal"
local text = require "cmr.util.text"

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

  it("takes an empty table for a list when its name is a plural, or when the caller says so", function()
    local value = {data = {}, credentials = {}, address = {}}
    assert.equal('{"data":{},"address":{},"credentials":[]}', json(value, {compact = true}))
    local function list(key) return key == "data" and "[]" or nil end
    assert.equal('{"data":[],"address":{},"credentials":[]}', json(value, {compact = true, empty = list}))
  end)

  it("is what the server sent, digit for digit", function()
    for _, number in ipairs{"0", "-1", "15.88", "0.1", "1718000000000123", "9007199254740991", "1e+300", "1e+16",
      "99999999999999.5", math.type and "1618065507111835497" or "1"} do
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

  it("loses its control characters", function()
    assert.equal(" [31mred bell ", text.printable("\27[31mred\7bell\194\155"))
    -- and the marks that change the direction of text
    assert.equal("a  evil ", text.printable("a\226\128\174\226\129\166evil\226\129\169"))
  end)
end)

describe("a table", function()
  it("shows platforms, one line for each credential", function()
    local columns, rows = rows_of.of("platforms", {data = {
      SMARTLEAD = {connected = false, credentials = {}},
      EMAILBISON = {connected = true, credentials = {
        {credentialId = "A1", email = "j\195\188rg@x.de", connectedAt = "2024", metadata = {workspace = "w"}},
        {credentialId = "B22", email = "someone.else@x.de", metadata = {workspace = "v"}},
      }},
      ODD = 7,
    }})
    assert.equal([[
PLATFORM    CONNECTED  CREDENTIAL ID  EMAIL              WORKSPACE  CONNECTED AT
EMAILBISON  true       A1             j]] .. "\195\188" .. [[rg@x.de          w          2024
EMAILBISON  true       B22            someone.else@x.de  v
ODD
SMARTLEAD   false
]], (table_of(columns, rows)))
  end)

  local function shown(answer, options)
    local columns, rows, record = rows_of.of("some_operation", answer)
    options = options or {}
    options.record = record
    return (table_of(columns, rows, options))
  end

  it("shows a list of objects anywhere in the data, names first", function()
    local list = {
      {billingCycle = "M", id = "1", domain = "a.com", subscriptionStatus = "ACTIVE", price = 8},
      {id = "2", nested = {a = {1, 2}, b = {{c = 1}}}, none = core.null, price = 15.5},
    }
    local expected = [[
ID  DOMAIN  SUBSCRIPTION STATUS  PRICE  BILLING CYCLE  NONE  NESTED.A  NESTED.B
1   a.com   ACTIVE                   8  M
2                                 15.5                       1, 2      [{"c":1}]
]]
    for _, data in ipairs{list, {subscriptions = list, pagination = {page = 1}}} do
      assert.equal(expected, shown{data = data})
    end
  end)

  it("shows maps, lists of plain values, single things and bare envelopes", function()
    assert.equal("NAME  CODE\nIndia IN\n", (table_of(rows_of.of("countries", {data = {India = "IN"}}))
      :gsub(" +", " "):gsub("NAME ", "NAME  ")))
    assert.equal("KEY  N\na    1\nb    2\n", shown{data = {a = {n = 1}, b = {n = 2}}})
    assert.equal("VALUE\nx\ny\n", shown{data = {"x", "y"}})
    assert.equal("CREDENTIAL ID  A1\n", shown{data = {credentialId = "A1"}})
    assert.equal("ORDER ID             O1\nACTION ID            ACT_1\nUNAVAILABLE DOMAINS  a.com, b.com\n",
      shown{data = {orderId = "O1", unavailableDomains = {"a.com", "b.com"}}, actionId = "ACT_1", message = "m"}
        :gsub("^(ACTION[^\n]*\n)(ORDER[^\n]*\n)", "%2%1"))
    assert.equal("STATUS   200\nMESSAGE  done\n", shown{status = 200, message = "done"})
    assert.equal("STATUS  200\nDATA    text\n", shown{status = 200, data = "text"})
  end)

  it("has no rows when the answer has none", function()
    for _, answer in ipairs{{}, {data = {}}} do
      assert.same({}, (select(2, rows_of.of("users", answer))))
      assert.same({}, (select(2, rows_of.of("platforms", answer))))
    end
  end)

  it("has the listed thing's id first, then names, states, the most useful values, the rest, and lists", function()
    local order = {"anId", "domain", "domainName", "email", "host", "key", "name", "aStatus", "company", "firstName",
      "lastName", "expireOn", "anExpiry", "anEnd", "aRenewalDate", "autoRenew", "aQuantity", "aPrice", "billingCycle",
      "serviceProvider", "city", "country", "aZone", "zone", "addressLineOne", "bId", "language", "phone",
      "postalCode", "aList", "aNothing"}
    local row = {aList = {1}, aNothing = {}}
    for _, name in ipairs(order) do row[name] = row[name] or 1 end
    assert.same(order, (rows_of.rows({row}, "ands")))
    -- A named list has addresses, phone numbers and the ids of other things after the other values. A record has no
    -- list name, so they are sorted among its other values.
    assert.same({"email", "city", "aPhone", "addressLineOne", "bId", "phone", "zone"}, (rows_of.rows({
      {zone = 1, phone = 1, bId = 1, addressLineOne = 1, aPhone = 1, city = 1, email = 1}}, "")))
    assert.same({"email", "userId"}, (rows_of.rows({{userId = 1, email = 1}}, "orders")))
    assert.same({"userId", "email"}, (rows_of.rows({{userId = 1, email = 1}}, "users")))
    -- a field comes last if at least one item has a list in it
    assert.same({"b", "a"}, (rows_of.rows({{a = 1, b = 1}, {a = {1}}, {a = 1}}, "users")))
  end)

  it("takes an empty member for the list only where the operation returns a list", function()
    local function list(data, operation) return {rows_of.list(data, operation)} end
    assert.same({{}, "users"}, list({count = 0, users = {}}, "users"))
    assert.same({{}, ""}, list({}, "users"))
    assert.same({}, list({count = 0, users = {}}, "user"))
    assert.same({}, list({}, "user"))
    assert.same({}, list({count = 0, users = {}}))
    assert.same({}, list({count = 0}, "users"))
    assert.same({}, list("text", "users"))
    assert.same({{{id = 1}}, "more"}, list({count = 0, users = {}, more = {{id = 1}}}, "user"))
  end)

  it("shows one object as a record, and an answer without data as its envelope", function()
    assert.equal("A.N  1\n", shown{data = {a = {n = 1}}})
    assert.equal("A  1\nB  2\n", shown{data = {a = 1, b = 2}})
    assert.equal("STATUS     200\nACTION ID  ACT_1\n", shown{status = 200, actionId = "ACT_1", data = {}})
    assert.same({{}, {}}, {rows_of.of("users", {status = 200, message = "done", data = {}})})
    assert.same({{}, {}, nil, "records"}, {rows_of.of("user", {data = {records = {}, disabledRecords = {}}})})
    assert.equal("KEY  N\nx    1\nb    2\n", shown{data = {a = {n = 1, key = "x"}, b = {n = 2}}})
  end)

  it("has columns of numbers on the right, and no room for a column without a name and values", function()
    assert.equal("A   N  M\na   1  1\nb  22  x\nc      33\nd   4\n", (table_of({"a", "n", "m"},
      {{"a", 1, 1}, {"b", 22, "x"}, {"c", nil, 33}, {"d", 4}})))
    assert.equal("  A\n  1\n", (table_of({"", "a"}, {{"", 1}})))
    assert.equal("  x\n", (table_of({""}, {{"x"}}, {record = true})))
  end)

  it("does not cut an action's id, which people copy for `cmr await`", function()
    local id = "ACT_0b5a1f6e-1c2d-4e3f-8a9b-0c1d2e3f4a5b"
    local columns, rows = rows_of.of("users", {data = {users = {{actionId = id, note = ("word "):rep(20)}}}})
    for _, width in ipairs{52, 60, 80} do
      assert.matches(id, (table_of(columns, rows, {width = width})), 1, true)
    end
    rows[1][2] = id .. "x" -- no id of the API is so long
    assert.not_matches(id, (table_of(columns, rows, {width = 60})), 1, true)
  end)

  it("fits the width: long cells are cut, ids last, and then the last columns left out", function()
    local id = ("X"):rep(28)
    local list = {}
    for index = 1, 3 do
      list[index] = {userId = id, email = "somebody@a-long-domain.example", note = ("word "):rep(20), n = index}
    end
    local function widest(printed)
      local most = 0
      for line in printed:gmatch("[^\n]+") do most = math.max(most, terminal.width(line)) end
      return most
    end
    local columns, rows = rows_of.of("users", {data = {users = list}})
    local full, all = table_of(columns, rows)
    assert.same({true, 4}, {widest(full) > 130, all})
    for room = 55, 130 do
      local printed, count = table_of(columns, rows, {width = room})
      assert.equal(4, count)
      assert.is_true(widest(printed) <= room and widest(printed) > room - 3, printed)
      assert.matches(id, printed, 1, true)
    end
    assert.matches("somebody@", (table_of(columns, rows, {width = 70})), 1, true)
    for room = 2, 54 do
      local printed, count = table_of(columns, rows, {width = room})
      assert.is_true(widest(printed) <= room, printed)
      assert.is_true(count < 4 and count > 0)
    end
    local function line(room, ...) return (table_of({"a", "b", "c"}, {{...}}, {width = room}):match "\n(.*)\n$") end
    local function cut(length) return ("x"):rep(length - 1) .. "\226\128\166" end
    local x = ("x"):rep(60)
    assert.equal(cut(34) .. "  b  c", line(40, x, "b", "c"))
    assert.equal("a  " .. cut(14) .. "  " .. cut(15), line(34, "a", x, x))
    assert.equal("a  " .. cut(21), line(24, "a", x, x))
    assert.equal("a  " .. cut(10) .. "  " .. cut(10), line(25, "a", x, x))
    local tall = shown({data = {note = ("word "):rep(20)}}, {width = 30})
    assert.is_true(widest(tall) <= 30)
    assert.equal("NOTE  wordwordwo\n      rd\nID    1\n",
      (table_of({"note", "id"}, {{"wordwordword", 1}}, {width = 16, record = true})))
    assert.equal(("word "):rep(20), (tall:gsub("NOTE", "    "):gsub("\n?      ", "")):sub(1, -2))
  end)

  it("counts wide characters", function()
    assert.equal(4, terminal.width("\230\188\162\229\173\151")) -- two Chinese characters
    assert.equal(2, terminal.width("\240\159\153\130")) -- an emoji
    assert.equal(1, terminal.width("e\204\129")) -- e and a combining accent
    assert.equal("\230\188\162\226\128\166", terminal.fit("\230\188\162\229\173\151", 3))
    assert.same({"ab", "c"}, {terminal.split("abc", 2)})
  end)

  it("counts the characters at both ends of each range, and their neighbours", function()
    local function utf8_of(code)
      if code < 0x800 then return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64) end
      local tail = string.char(0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
      if code < 0x10000 then return string.char(0xE0 + math.floor(code / 4096)) .. tail end
      return string.char(0xF0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64) .. tail
    end
    for columns, ranges in pairs{
      [2] = {{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0xA4CF}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFE6F},
        {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
        {0x20000, 0x3FFFD}},
      [0] = {{0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}},
    } do
      for _, range in ipairs(ranges) do
        assert.equal(columns, terminal.width(utf8_of(range[1])), range[1])
        assert.equal(columns, terminal.width(utf8_of(range[2])), range[2])
        assert.equal(1, terminal.width(utf8_of(range[1] - 1)), range[1] - 1)
        assert.equal(1, terminal.width(utf8_of(range[2] + 1)), range[2] + 1)
      end
    end
  end)

  it("cuts a text that does not fit", function()
    assert.equal("abc", terminal.fit("abc", 3))
    assert.equal("ab\226\128\166", terminal.fit("abcd", 3))
    assert.equal("a\226\128\166", terminal.fit("abcd", 2))
    assert.equal("\226\128\166", terminal.fit("abcd", 1))
    assert.same({"\230\188\162", "a"}, {terminal.split("\230\188\162a", 1)})
    assert.same({"abc", ""}, {terminal.split("abc", 3)})
  end)

  it("has as many columns as the terminal, or as COLUMNS says", function()
    local function columns(of_terminal, variable)
      return terminal.columns{stdout = "out", getenv = function(name) return name == "COLUMNS" and variable or nil end,
        terminal = function(file) return file == "out" and of_terminal or nil end}
    end
    assert.equal(1, columns(1))
    assert.same({nil, 100, 70, 1, 100, 100, 80, 100}, {columns(nil, "70"), columns(100), columns(100, "70"),
      columns(100, "1"), columns(100, "0"), columns(100, "x70"), columns(0), columns(100, "")})
  end)

  it("is painted where there is colour", function()
    local function paint(style, cell) return style and ("<%s>"):format(cell) or cell end
    assert.equal("<NAME>  <STATUS>\na     <ACTIVE>\n",
      (table_of({"name", "status"}, {{"a", "ACTIVE"}}, {paint = paint})))
  end)

  it("keeps a terminal safe", function()
    assert.equal("A\n [2J\n", (table_of({"A"}, {{"\27[2J"}})))
  end)
end)

describe("CSV", function()
  it("follows RFC 4180", function()
    local rows = {
      {"plain", 1, true}, {'a "quoted" one', 1.5, core.null}, {"two\r\nlines, with a comma", {1, "x"}, " "},
    }
    assert.equal('a,"b,c",d\r\nplain,1,true\r\n"a ""quoted"" one",1.5,\r\n'
      .. '"two\r\nlines, with a comma","[1,""x""]"," "\r\n', csv.write({"a", "b,c", "d"}, rows))
  end)

  it("keeps a terminal safe", function()
    assert.equal('a\r\n" [2J x"\r\n', csv.write({"a"}, {{"\27[2J\nx"}}, {is_printable = true}))
    assert.equal('a\r\n"\27[2J\nx"\r\n', csv.write({"a"}, {{"\27[2J\nx"}}))
  end)
end)

describe("a field", function()
  local answer = {status = 200, data = {
    EMAILBISON = {connected = true, credentials = {{credentialId = "A1"}, {email = "x"}}},
    ["acme.com"] = {price = 14.5, ["www.host"] = "h"},
    acme = {com = {other = 1}},
    empty = {},
    lines = {"one", "two\nlines", core.null, {a = 1}},
    owners = {{id = "O"}},
  }}

  local function raw(path)
    local value = assert(field.select(answer, path))
    return field.raw(value)
  end

  it("is found by names, numbers and through lists", function()
    assert.equal("true\n", raw "data.EMAILBISON.connected")
    assert.equal("200\n", raw "status")
    assert.equal("A1\n\n", raw "data.EMAILBISON.credentials.credentialId")
    assert.equal("x\n", raw "data.EMAILBISON.credentials.1.email")
    assert.equal('{"credentialId":"A1"}\n', raw "data.EMAILBISON.credentials.0")
    assert.equal("14.5\n", raw "data.acme.com.price")
    assert.equal("h\n", raw "data.acme.com.www.host")
    assert.equal("1\n", raw "data.acme.com.other")
    assert.equal('one\ntwo lines\n\n{"a":1}\n', raw "data.lines")
    assert.equal("two\nlines\n", raw "data.lines.1")
    assert.equal("{}\n", raw "data.empty")
  end)

  it("is explained when it is missing", function()
    local function why(path) return select(2, field.select(answer, path)) end
    assert.equal("data.EMAILBISON has connected, credentials", why "data.EMAILBISON.conected")
    assert.equal("the answer has data, status", why "date")
    assert.equal("status has no members", why "status.x")
    assert.equal("data.empty is empty", why "data.empty.x")
    assert.equal("data.EMAILBISON.credentials is a list of 2, whose first has credentialId",
      why "data.EMAILBISON.credentials.zork")
    assert.equal("data.lines is a list of 4", why "data.lines.9")
    assert.equal("data.owners is a list of 1, whose first has id", why "data.owners.zork")
    local many = {}
    for number = 1, 21 do many[("m%02d"):format(number)] = number end
    local message = select(2, field.select(many, "x"))
    assert.matches("^the answer has m01, m02, .*, m20$", message)
    assert.equal("the answer is empty", select(2, field.select({}, "x")))
    for _, path in ipairs{"", ".data", "data.", "data..x"} do
      assert.matches("^a path has names with dots", why(path))
    end
  end)
end)

describe("a field of each item of a list", function()
  it("is null in an item that lacks it", function()
    local select, found = field.selector({"id"}, nil)
    assert.same({core.null, false}, {select{name = "x"}})
    assert.same({}, found)
    assert.same({"a", true}, {select{id = "a"}})
    assert.same({true}, found)
    assert.same({false, true}, {select{id = false}})
    assert.same({{id = "a"}, true}, {field.selector({""}, nil){id = "a"}})
  end)

  it("is a member of a record, if there are several", function()
    local select, found = field.selector({"", "id"}, {"all", "id"})
    assert.same({{all = {n = 1}, id = core.null}, true}, {select{n = 1}})
    assert.same({true}, found)
    assert.same({{all = {id = 2}, id = 2}, true}, {select{id = 2}})
    assert.same({true, true}, found)
    assert.same({{one = core.null, two = core.null}, false}, {field.selector({"a", "b"}, {"one", "two"}){c = 1}})
  end)
end)

describe("colour", function()
  local function painted(environment, columns)
    local system = {
      getenv = function(name) return environment[name] end,
      terminal = function() return columns end,
    }
    return colours.painter(system, "a file")("heading", "X") ~= "X"
  end

  it("has a style for headings, keys and good and bad values, and for no other", function()
    local paint = colours.painter({getenv = function() end, terminal = function() return 80 end}, "a file")
    for style, number in pairs{heading = "1", key = "34", string = "32", good = "32", bad = "31"} do
      assert.equal(("\27[%sm%s\27[0m"):format(number, "X"), paint(style, "X"))
      assert.equal("", paint(style, ""))
    end
    assert.same({"X", "X"}, {paint("zork", "X"), paint(nil, "X")})
    assert.same({["true"] = "good", ACTIVE = "good", COMPLETED = "good", ["false"] = "bad", FAILED = "bad",
      CANCELLED = "bad", EXPIRED = "bad", PAST_DUE = "bad"}, colours.STYLES_OF_VALUES)
  end)

  it("is for terminals, and not where NO_COLOR or TERM=dumb are set", function()
    assert.is_true(painted({TERM = "xterm", NO_COLOR = ""}, 80))
    assert.is_false(painted({TERM = "xterm"}, nil))
    assert.is_false(painted({TERM = "xterm", NO_COLOR = "1"}, 80))
    assert.is_false(painted({TERM = "dumb"}, 80))
  end)
end)

describe("--field with --output", function()
  local output = require "cmr.cli.output"

  -- Returns the output in each form, with every run of spaces as one space.
  local function forms(path)
    local shown = {}
    for _, format in ipairs{"raw", "json", "jsonl", "csv", "table"} do
      local written = ""
      local function write(_, piece)
        written = written .. piece
        return true
      end
      local system = {stdout = {write = write, flush = function() return true end}, stderr = {write = write},
        getenv = function() end, terminal = function() end}
      output.show({status = 200, data = {
        name = "n", count = 7, none = {},
        owner = {id = "O1", tags = {"a", "b"}},
        tags = {"a", "b"},
        three = {1, 2, 3},
        users = {{id = "U1", email = "e1"}, {id = "U2", email = "e2"}},
      }}, {field = path, output = format ~= "raw" and format or nil, compact = true}, system,
        {name = "users"})
      shown[format] = written:gsub("\r\n", "\n"):gsub(" +", " ")
    end
    return shown
  end

  it("prints the values of several fields side by side in every form", function()
    assert.same({raw = "U1\te1\nU2\te2\n", json = '[{"email":"e1","id":"U1"},{"email":"e2","id":"U2"}]\n',
      jsonl = '{"email":"e1","id":"U1"}\n{"email":"e2","id":"U2"}\n', csv = "id,email\nU1,e1\nU2,e2\n",
      table = "ID EMAIL\nU1 e1\nU2 e2\n"}, forms{"data.users.id", "data.users.email"})
    assert.same({raw = "7\tn\n", json = '{"count":7,"name":"n"}\n', jsonl = '{"count":7,"name":"n"}\n',
      csv = "count,name\n7,n\n", table = "COUNT 7\nNAME n\n"}, forms{"data.count", "data.name"})
  end)

  -- Shows an answer. Returns what was printed on standard output, and on standard error.
  local function show(answer, parsed, about, columns)
    local out, err = "", ""
    local system = {
      stdout = {
        write = function(_, piece)
          out = out .. piece
          return true
        end,
        flush = function() return true end,
      },
      stderr = {write = function(_, piece) err = err .. piece end},
      getenv = function(name) return name == "NO_COLOR" and "1" or nil end,
      terminal = function() return columns end,
    }
    output.show(answer, parsed, system, about or {name = "users"})
    return {out, err}
  end

  it("prints a line for each item as JSON lines, without --compact too", function()
    local answer = {data = {users = {{id = "a", n = {1}}, {id = "b"}}}}
    assert.equal('{"id":"a","n":[1]}\n{"id":"b"}\n', show(answer, {output = "jsonl"})[1])
    assert.equal('{"data":{"id":"a"}}\n', show({data = {id = "a"}}, {output = "jsonl"}, {name = "user"})[1])
    assert.equal("{\n  \"data\": {\n    \"id\": \"a\"\n  }\n}\n", show({data = {id = "a"}}, {})[1])
  end)

  it("prints the format that is asked for, else the default of the command, else JSON", function()
    local answer = {data = {{id = "a"}}}
    for format, expected in pairs{json = '{"data":[{"id":"a"}]}\n', jsonl = '{"id":"a"}\n', csv = "id\r\na\r\n",
      table = "ID\na\n"} do
      assert.equal(expected, show(answer, {output = format, compact = true}, {default = "csv"})[1])
      assert.equal(expected, show(answer, {compact = true}, {default = format})[1])
    end
    assert.equal('{"data":[{"id":"a"}]}\n', show(answer, {compact = true}, {})[1])
  end)

  it("names the columns that do not fit, and no others", function()
    local answer = {data = {{id = "abc", name = "defg", zone = ("h"):rep(9), note = ("i"):rep(9)}}}
    assert.same({"ID   NAME  NOTE       ZONE\nabc  defg  iiiiiiiii  hhhhhhhhh\n", ""},
      show(answer, {output = "table"}, nil, 31))
    local note = "cmr: not enough room for %s; --columns chooses, --output json shows all\n"
    assert.same({"ID   NAME  NOTE\nabc  defg  iiiiiiiii\n", note:format "zone"},
      show(answer, {output = "table"}, nil, 30))
    assert.same({"ID   NAME\nabc  defg\n", note:format "note, zone"}, show(answer, {output = "table"}, nil, 19))
  end)

  it("says that a list is empty, whatever the columns are", function()
    assert.same({"", "cmr: the list is empty\n"}, show({data = {}}, {output = "table", columns = "zork"}))
    assert.same({"", ""}, show({data = {}}, {output = "csv", columns = "zork"}))
    assert.same({"", "cmr: no tags\n"}, show({data = {tags = {}}}, {output = "table"}, {name = "user"}))
    assert.same({"ID\na\n", ""}, show({data = {{id = "a", n = 1}}}, {output = "table", columns = "id"}))
  end)

  it("prints a list of the command's own as a table, or with its empty members as they are", function()
    local out
    local system = {
      stdout = {
        write = function(_, printed)
          out = printed
          return true
        end,
        flush = function() return true end,
      },
      getenv = function() end, terminal = function() end,
    }
    local function rows(parsed)
      output.rows({data = {{name = "a", n = 1, flags = {}, list = {}}, {name = "b", n = 2}}}, parsed, system,
        {"name", "twice"}, function(item) return {item.name, item.n * 2} end)
      return out
    end
    assert.equal("NAME  TWICE\na         2\nb         4\n", rows{})
    assert.equal("name,twice\r\na,2\r\nb,4\r\n", rows{output = "csv"})
    assert.equal('{"data":[{"flags":{},"list":[],"n":1,"name":"a"},{"n":2,"name":"b"}]}\n',
      rows{output = "json", compact = true})
  end)

  it("keeps a terminal safe from the values of a field, but not a file", function()
    local answer = {data = {{id = "a\27b", n = "1\7"}, {id = "c", n = "d"}}}
    assert.equal("a b\nc\n", show(answer, {field = "data.id"}, nil, 80)[1])
    assert.equal("a b\t1 \nc\td\n", show(answer, {field = {"data.id", "data.n"}}, nil, 80)[1])
    assert.equal("a\27b\nc\n", show(answer, {field = "data.id"}, nil, nil)[1])
  end)

  it("names the values by the ends of their paths, and by the paths where two ends are the same", function()
    assert.equal("data.owner.id,data.users.0.id,name\nO1,U1,n\n",
      forms{"data.owner.id", "data.users.0.id", "data.name"}.csv)
    assert.equal('{"data.tags.1":"b","name":"n"}\n', forms{"data.tags.1", "data.name"}.json)
  end)

  it("repeats a single value beside a list, and prints nested values as JSON", function()
    assert.equal("n\tU1\nn\tU2\n", forms{"data.name", "data.users.id"}.raw)
    assert.equal('O1\t{"id":"O1","tags":["a","b"]}\t{}\n', forms{"data.owner.id", "data.owner", "data.none"}.raw)
    assert.equal("id,owner,none\nO1,\"{\"\"id\"\":\"\"O1\"\",\"\"tags\"\":[\"\"a\"\",\"\"b\"\"]}\",\n",
      forms{"data.owner.id", "data.owner", "data.none"}.csv)
  end)

  it("fails when a field is missing, or the lists have different lengths", function()
    local function message(...)
      local ok, ending = pcall(forms, {...})
      assert.is_false(ok)
      return ending.failure
    end
    assert.equal("no field 'data.zip' in the answer: data has count, name, none, owner, tags, three, users",
      message("data.name", "data.zip"))
    assert.matches("^no field 'data.50%%d' in the answer: ", message("data.50%d"))
    assert.equal("the fields have different numbers of values: 'data.tags' has 2, 'data.three' has 3",
      message("data.tags", "data.three"))
  end)

  it("prints every value in every form", function()
    assert.same({raw = "n\n", json = '"n"\n', jsonl = '"n"\n', csv = "data\nn\n", table = "DATA n\n"},
      forms "data.name")
    assert.same({raw = "7\n", json = "7\n", jsonl = '7\n', csv = "data\n7\n", table = "DATA 7\n"},
      forms "data.count")
    assert.same({raw = "a\nb\n", json = '["a","b"]\n', jsonl = '"a"\n"b"\n', csv = "value\na\nb\n",
      table = "VALUE\na\nb\n"}, forms "data.tags")
    assert.same({raw = "U1\nU2\n", json = '["U1","U2"]\n', jsonl = '"U1"\n"U2"\n', csv = "value\nU1\nU2\n",
      table = "VALUE\nU1\nU2\n"}, forms "data.users.id")
    assert.same({raw = '{"email":"e1","id":"U1"}\n{"email":"e2","id":"U2"}\n',
      json = '[{"email":"e1","id":"U1"},{"email":"e2","id":"U2"}]\n',
      jsonl = '{"email":"e1","id":"U1"}\n{"email":"e2","id":"U2"}\n', csv = "id,email\nU1,e1\nU2,e2\n",
      table = "ID EMAIL\nU1 e1\nU2 e2\n"}, forms "data.users")
    assert.same({raw = '{"id":"O1","tags":["a","b"]}\n', json = '{"id":"O1","tags":["a","b"]}\n',
      jsonl = '{"id":"O1","tags":["a","b"]}\n', csv = 'id,tags\nO1,"[""a"",""b""]"\n', table = "ID O1\nTAGS a, b\n"},
      forms "data.owner")
  end)
end)
