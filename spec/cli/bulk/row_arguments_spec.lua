-- From a file to the arguments of an operation.
local core = require "cmr.core"
local operations = require "cmr.operations"
local command = require "spec.support.command"
local row_arguments = require "cmr.cli.bulk.row_arguments"
local input = require "cmr.cli.bulk.input"

local system = {open = io.open, stdin = io.stdin}

teardown(command.clean)

-- Returns the arguments of each row by its number, or the message about a wrong row.
local function read(operation, text, options)
  options = options or {}
  local row = operations[operation]
  local file = input.open(command.file_with(text), options.format, system)
  finally(function() file:close() end)
  local defaults = row_arguments.defaults(row, options.set or {}, options.read)
  local arguments = row_arguments.reader(row, file, options.ignore or {}, defaults)
  local all = {}
  for _ = 1, 2 do -- the file can be read twice
    all = {}
    for one in file:rows() do
      local args, message = arguments(one)
      all[one.number] = args or message
    end
  end
  return all
end

local function fault(...)
  local ok, mistake = pcall(read, ...)
  assert.is_false(ok)
  return mistake.usage
end

-- Returns an object as JSON, whose members appName and clientId are in this order.
local function encoded(object)
  return (core.json_encode(object):gsub('^{("clientId":[^,]*),(.*)}$', "{%2,%1}"))
end

describe("rows of a bulk run", function()
  it("have the API's field names as columns, members with a dot; an empty cell is left out", function()
    assert.same({
      {mailboxId = "M1", google = {clientId = "c", appName = "A, B"}},
      {email = "a@b.c"},
    }, read("reexport", "\239\187\191 mailboxId ,email,google.clientId,google.appName\r\n"
      .. "M1,,c,\"A, B\"\r\n,a@b.c,,\r\n"))
  end)

  it("have values of the parameter's type", function()
    local list = read("set_domain_auto_renew", 'userId,domains,autoRenew\n'
      .. 'U,"[""a.com""]",true\nU,all,false\nU,all,maybe\nU,x,true\nU,all,TRUE\nU,all,False\n')
    assert.same({userId = "U", domains = {"a.com"}, autoRenew = true}, list[1])
    assert.equal(core.all, list[2].domains)
    assert.equal("'autoRenew' wants true or false", list[3])
    assert.same({true, false}, {list[5].autoRenew, list[6].autoRenew}) -- as a spreadsheet writes them
    assert.equal("'domains' wants a JSON array", list[4])
    list = read("set_domain_auto_renew", '{"userId":"all","domains":"all","autoRenew":true}')
    assert.same({"all", core.all}, {list[1].userId, list[1].domains})
    assert.same({{status = "ACTIVE", limit = 50}}, read("subscriptions", "status,limit\nACTIVE,50\n"))
    assert.same({"'limit' wants a whole number"}, read("subscriptions", "limit\n5.5\n"))
    assert.same({{google = {appName = "A", clientId = "c"}}},
      read("reexport", 'google.clientId,google\nc,"{""appName"":""A""}"\n'))
  end)

  it("never read a file that a cell names", function()
    assert.same({{email = "@/etc/passwd"}}, read("reexport", "email\n@/etc/passwd\n"))
  end)

  it("lose the blanks around their values, and the no-break spaces of spreadsheets", function()
    assert.same({{email = "a@b.c", google = {appName = "A B"}}},
      read("reexport", "email,google.appName\n  a@b.c\t,\194\160A B\194\160\n"))
  end)

  it("may be JSON lines", function()
    assert.same({{mailboxId = "M1", google = {clientId = "c"}}, {email = "a@b.c"}},
      read("reexport", '{"mailboxId":"M1","email":null,"google":{"clientId":"c"}}\n\n {"email":"a@b.c"}\r\n'))
  end)

  it("lack a field that is null, and have what is null or an empty list inside a field", function()
    local rows = read("reexport", '{"mailboxId":"M","email":null,"google":{"appName":null,"clientId":[]}}')
    assert.equal('{"appName":null,"clientId":[]}', encoded(rows[1].google))
    assert.same({nil, "M"}, {rows[1].email, rows[1].mailboxId})
    rows = read("reexport", 'mailboxId,google\nM,"{""appName"":null,""clientId"":[]}"\n')
    assert.equal('{"appName":null,"clientId":[]}', encoded(rows[1].google))
    rows = read("reexport", '{"mailboxId":"M","google":null}', {set = {'google={"clientId":[]}'}})
    assert.equal('{"clientId":[]}', encoded(rows[1].google))
  end)

  it("take the values that they lack from --set", function()
    local options = {set = {"google.clientId=c", "google.appName=@name"}, read = function() return "From a file\n" end}
    assert.same({
      {mailboxId = "M1", google = {clientId = "own", appName = "From a file"}},
      {mailboxId = "M2", google = {clientId = "c", appName = "From a file"}},
    }, read("reexport", "mailboxId,google.clientId\nM1,own\nM2,\n", options))
    assert.same({"the value of 'google' is not an object"},
      read("reexport", '{"google":1}', options))
  end)

  it("leave out the columns of --ignore, or all but the columns of --only", function()
    local ignored = row_arguments.ignored({"a", "b"}, nil)
    assert.same({true, true, false}, {ignored.a, ignored.b, ignored.c or false})
    assert.same({}, row_arguments.ignored())
    ignored = row_arguments.ignored({"a"}, {"a,b", " c "})
    assert.same({true, false, false, true}, {ignored.a, ignored.b, ignored.c, ignored.d})
    row_arguments.check_only({"a", "b"}, {"a", "b"})
    row_arguments.check_only(nil, {"a"})
  end)

  it("leave out columns that are ignored, have no name, or begin with cmr.", function()
    local options = {ignore = {note = true}}
    assert.same({{email = "a@b.c"}}, read("reexport", "cmr.kind,email,note,\nquota_exceeded,a@b.c,n,\n", options))
    assert.same({{email = "a@b.c"}},
      read("reexport", '{"cmr.kind":"quota_exceeded","email":"a@b.c","note":1}', options))
  end)

  it("are refused if a column without a name has a value, unless --only leaves it out", function()
    local values = "email,,google.appName,\na@b.c,\194\160 ,A,\n\nd@e.f,,,x\n"
    assert.equal("row 2 (line 4): column 4 has a value, but no name in the header (--only email,google.appName "
      .. "leaves it out)", fault("reexport", values))
    assert.same({{email = "a@b.c"}, {email = "d@e.f"}},
      read("reexport", values, {ignore = row_arguments.ignored(nil, {"email"})}))
    assert.same({{email = "a@b.c", [""] = "x"}}, read("reexport", '{"email":"a@b.c","":"x"}')) -- the check refuses it
  end)

  it("may come from a stream, which is read once; a mark of UTF-8 counts only at the beginning", function()
    local MARK = "\239\187\191"
    local chunks = {MARK .. "email\na@b.c\n", MARK .. "d@e.f\n"}
    local stream = {
      seek = function() return nil end,
      read = function() return table.remove(chunks, 1) end,
    }
    local file = input.open("-", nil, {stdin = stream})
    finally(function() file.file:close() end)
    for _ = 1, 2 do
      local next_row = file:rows()
      assert.same({"a@b.c"}, next_row().cells)
      assert.same({MARK .. "d@e.f"}, next_row().cells)
      assert.is_nil(next_row())
    end
  end)

  it("are refused when the input cannot be read, with the reason", function()
    local function refusal(stream)
      local ok, mistake = pcall(function()
        local one = input.open("-", nil, {stdin = stream})
        for _ in one:rows() do end
      end)
      assert.is_false(ok)
      return mistake.usage
    end
    local function broken() return nil, "100% broken" end
    local function at_beginning() return 0 end
    assert.equal("the input cannot be read (100% broken)", refusal{seek = function() return nil end, read = broken})
    assert.equal("option '--from': cannot read - (100% broken)", refusal{seek = at_beginning, read = broken})
    for _, lines in ipairs{{}, {"email"}} do -- the lines that are read before the fault
      local left
      assert.equal("the input cannot be read (100% broken)", refusal{
        seek = function()
          left = {(table.unpack or unpack)(lines)}
          return 0
        end,
        read = function(_, form)
          if form == 1024 then return "email\nx\n" end
          if #left > 0 then return table.remove(left, 1) end
          return broken()
        end,
      })
    end
  end)

  it("are refused first of all when a name or the form of the file is wrong", function()
    for _, case in ipairs{
      {"column 'mailboxid' is not a field of reexport (did you mean 'mailboxId'?)", "mailboxid\nx\n"},
      {"column 'zzz' is not a field of reexport ('--ignore zzz' leaves it out)", "zzz\nx\n"},
      {"column 'email' appears twice", "email,email\nx,y\n"},
      {"the header has no field of reexport: cmr.kind", "cmr.kind\nx\n"},
      {"line 3: 2 cells under a header of 1: a comma too many or too few?", "email\na\nb,c\n"},
      {"the input is UTF-16: save it as UTF-8", "\255\254e\0m\0a\0i\0l\0\n"},
      {"line 3: it has a NUL byte: the text must be UTF-8", "email\na\nb\0c\nd\n"},
      {"line 1: it has a NUL byte: the text must be UTF-8", "email\0junk\na\n"},
      {"line 2: a JSON object expected (a NUL byte)", '{"email":"x"}\n{"email":"y"}\0{"email":"z"}\n'},
      {"the input is a JSON array: one object a line is expected, as jq -c '.[]' writes them", '[{"email":"x"}]'},
      {"line 2: a JSON object expected", '{"email":"x"}\n["y"]\n'},
      {"line 3: a JSON object expected", '{"email":"x"}\n\n"y"\n'},
      {"line 2: 'cmr.run' names no run", '{"email":"x"}\n{"cmr.run":5}\n'},
      {"columns 'a' and 'b' are not fields of reexport ('--only email' uses the others)", "a,email,b\nx,y,z\n"},
      {"columns 'a' and 'b' are not fields of reexport (--only names the columns to use)", "a,b\nx,y\n"},
      {"line 3: 1 cells under a header of 2: a separator too many or too few?", "sep=|\nemail|mailboxId\nx\n"},
    } do
      assert.equal(case[1], fault("reexport", case[2]))
    end
    assert.matches("^line 1: a JSON object expected %(.+%)$", fault("reexport", '{"email":"x"'))
    assert.matches("^option '%-%-from': /%S+ is empty$", fault("reexport", "\n"))
    assert.matches("^option '%-%-from': /%S+ has no header$", fault("reexport", "sep=;\n"))
    assert.equal("option '--set' wants NAME=VALUE, not 'x'", fault("reexport", "email\n", {set = {"x"}}))
    assert.equal("option '--set': 'mailBoxId' is not a field of reexport (did you mean 'mailboxId'?)",
      fault("reexport", "email\n", {set = {"mailBoxId=x"}}))
    assert.equal("option '--set limit' wants a whole number", fault("subscriptions", "page\n", {set = {"limit=x"}}))
  end)
end)
