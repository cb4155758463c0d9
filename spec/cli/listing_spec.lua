-- Lists from the command: --all, and the note that there is more.
local cjson = require "cjson"
local command = require "spec.support.command"
local listing = require "cmr.cli.listing"
local mock = require "spec.support.mock"
local operations = require "cmr.operations"
local pagination = require "cmr.pagination"

local cmr = command.run
local unpack = table.unpack or unpack

teardown(command.clean)

describe("a list of the command", function()
  local server, env, ids

  before_each(function()
    server = mock.shared("http")
    env = {CMR_BASE_URL = server.base_url, CMR_API_KEY = server.key}
    ids = {mock.USER}
    for index = 2, 7 do
      ids[index] = "U" .. index
      server:add_user(ids[index])
    end
  end)

  local function all(...)
    return cmr({"users", "--all", "--limit", "3", "--rate", "off", ...}, {env = env})
  end

  local function out(...)
    local done = all(...)
    assert.same({0, ""}, {done.status, done.err})
    return done.out
  end

  local function lines_of(text)
    local lines = {}
    for line in text:gmatch "([^\r\n]*)\r?\n" do lines[#lines + 1] = line end
    return lines
  end

  local function ids_of(items)
    local found = {}
    for index, item in ipairs(items) do found[index] = item.id end
    return found
  end

  describe("with --all", function()
    it("is printed whole as JSON, in the form of one answer without page numbers", function()
      for _, words in ipairs{{}, {"--output", "json"}, {"--compact"}, {"--limit", "100"}, {"--limit", "7"}} do
        local answer = cjson.decode(out(unpack(words)))
        assert.same(ids, ids_of(answer.data.users))
        assert.same({200, {totalSearchedCount = 7}}, {answer.status, answer.data.pagination})
      end
      local one = cmr({"users", "--limit", "100"}, {env = env}).out
      assert.equal((one:gsub('\n *"%a+Page[s]?": %d,?', ""):gsub("%s+", "")), (out():gsub("%s+", "")))
      assert.equal((one:gsub('\n    "pagination.*$', "")), (out():gsub('\n    "pagination.*$', "")))
      assert.equal(1, #lines_of(out "--compact"))
    end)

    it("is printed whole in the other forms", function()
      local items = {}
      for index, line in ipairs(lines_of(out("--output", "jsonl"))) do items[index] = cjson.decode(line) end
      assert.same(ids, ids_of(items))
      assert.equal(cmr({"users", "--limit", "100", "--output", "jsonl"}, {env = env}).out, out("--output", "jsonl"))
      for _, format in ipairs{"csv", "table"} do
        assert.equal(cmr({"users", "--limit", "100", "--output", format}, {env = env}).out, out("--output", format))
        assert.equal(8, #lines_of(out("--output", format)))
      end
    end)

    it("gives one field of every item", function()
      assert.same(ids, lines_of(out("--field", "data.users.id")))
      assert.same(ids, cjson.decode(out("--field", "data.users.id", "--output", "json")))
      assert.same(ids, ids_of(cjson.decode(out("--field", "data.users", "--output", "json"))))
      assert.equal('"U7"', lines_of(out("--field", "data.users.id", "--output", "jsonl"))[7])
      assert.same({"value", unpack(ids)}, lines_of(out("--field", "data.users.id", "--output", "csv")))
      assert.same(8, #lines_of(out("--field", "data.users", "--output", "table")))
    end)

    it("gives several fields of every item, with a tab between them", function()
      local words = {"--field", "data.users.id", "--field", "data.users.firstName"}
      local one = cmr({"users", "--limit", "100", unpack(words)}, {env = env}).out
      assert.matches("^[^\t\n]+\t[^\t\n]+\n", one)
      assert.equal(one, out(unpack(words)))
      words[5], words[6] = "--output", "csv"
      assert.equal("id,firstName", lines_of(out(unpack(words)))[1])
      words[6] = "jsonl"
      assert.equal("U7", cjson.decode(lines_of(out(unpack(words)))[7]).id)
      words[6] = "table"
      assert.matches("^ID +FIRST NAME\n", out(unpack(words)))
      words[6] = "json"
      assert.same(ids, ids_of(cjson.decode(out(unpack(words)))))
    end)

    it("asks for each page once, from the one that is given", function()
      out("--page", "2")
      local pages = {}
      for index, request in ipairs(server:requests()) do pages[index] = request.query.page end
      assert.same({"2", "3"}, pages)
      assert.same({unpack(ids, 4)}, lines_of(out("--page", "2", "--field", "data.users.id")))
    end)

    it("is shown by --dry-run as the request for the first page", function()
      local shown = all "--dry-run"
      assert.equal(0, shown.status)
      assert.matches("| curl .*/users/list%?limit=3", shown.out)
      assert.same({}, server:requests())
    end)

    it("is empty where there is nothing", function()
      local function empty(...)
        local done = cmr({"domains", "nobody", "--all", ...}, {env = env})
        assert.equal(0, done.status)
        return {done.out, done.err}
      end
      assert.same({"", ""}, empty("--output", "csv"))
      assert.same({"", ""}, empty("--output", "jsonl"))
      assert.same({"", ""}, empty("--field", "data.domains.domainName"))
      assert.same({"", "cmr: the list is empty\n"}, empty("--output", "table"))
      assert.same({}, cjson.decode(empty("--output", "json")[1]).data.domains)
      assert.matches('"domains": %[%]', empty("--output", "json")[1])
      assert.same({"[]\n", ""}, empty("--output", "json", "--field", "data.domains"))
    end)

    it("takes every list whose place in the answer is documented", function()
      local domains = lines_of(cmr({"prewarmed", "--all", "--field", "data.inventory.domain"}, {env = env}).out)
      assert.equal(42, #domains)
      local answer = cjson.decode(cmr({"prewarmed", "--all"}, {env = env}).out)
      assert.equal(42, #answer.data.inventory)
      assert.same({42, nil}, {answer.data.totalDomains, answer.data.currentPage})
    end)

    it("is an option of lists only", function()
      local refused = cmr({"platforms", mock.USER, "--all"}, {env = env})
      assert.same({2, ""}, {refused.status, refused.out})
      assert.matches("^cmr: unknown option '%-%-all'", refused.err)
      assert.matches("%-%-all +Every page", cmr({"mailboxes", "--help"}).out)
    end)
  end)

  describe("with --all that fails on the way", function()
    local function users(number, pages, list)
      server:fault{match = {operation = "users"}, body = {status = 200, message = "fetched",
        data = {users = list, pagination = {currentPage = number, totalPages = pages}}}}
    end

    local function fails(...)
      users(1, 3, {{id = "a", name = "A"}, {id = "b"}})
      server:fault{match = {operation = "users"}, status = 403}
      local done = all(...)
      assert.equal(1, done.status)
      assert.matches("^cmr: users: HTTP 403.* %(after 2 items%)\n", done.err)
      return done.out
    end

    it("keeps what was printed, and says what went wrong", function()
      assert.equal('{"id":"a","name":"A"}\n{"id":"b"}\n', fails("--output", "jsonl"))
      assert.equal("id,name\r\na,A\r\nb,\r\n", fails("--output", "csv"))
      assert.equal("ID  NAME\na   A\nb\n", fails("--output", "table"))
      assert.equal("a\nb\n", fails("--field", "data.users.id"))
      local json = fails()
      assert.matches('"name": "A"\n      },\n      {\n        "id": "b"\n      }$', json)
      assert.is_false((pcall(cjson.decode, json)))
    end)

    it("prints nothing when the first page cannot be had", function()
      for _, words in ipairs{{}, {"--output", "table"}, {"--output", "csv"}, {"--field", "data.users.id"}} do
        server:fault{match = {operation = "users"}, status = 403}
        local done = all(unpack(words))
        assert.same({1, ""}, {done.status, done.out})
        assert.matches("^cmr: users: HTTP 403[^\n]*\n", done.err)
        assert.is_nil(done.err:find("(after", 1, true))
      end
    end)

    it("stops when the list changes", function()
      users(1, 3, {{id = "a"}})
      users(2, 2, {{id = "b"}})
      local done = all("--field", "data.users.id")
      assert.same({status = 1, out = "a\n",
        err = "cmr: users: the list changed while it was read: it had 3 pages, on page 2 it has 2 (after 1 item)\n"
          .. "cmr: hint: the list has changed meanwhile; try again\n"}, done)
    end)

    it("says which columns are missing in CSV because they came too late", function()
      users(1, 2, {{id = "a"}})
      users(2, 2, {{id = "b", name = "B", address = {city = "C"}}})
      local done = all("--output", "csv")
      assert.same({1, "id\r\na\r\nb\r\n"}, {done.status, done.out})
      assert.equal("cmr: the columns address.city, name are missing: no item of the first page has them; "
        .. "--output jsonl shows all\n", done.err)
      -- with --columns, cmr does not report the other columns as missing
      users(1, 2, {{id = "a"}})
      users(2, 2, {{id = "b", name = "B"}})
      assert.same({status = 0, out = "id\r\na\r\nb\r\n", err = ""}, all("--output", "csv", "--columns", "id"))
    end)

    it("has an empty line for an item without the field, and fails when none has it", function()
      local function prepare()
        users(1, 2, {{id = "a"}})
        users(2, 2, {{id = "b", name = "B"}, {id = "c"}})
      end
      prepare()
      local done = all("--field", "data.users.name")
      assert.same({status = 0, out = "\nB\n\n", err = ""}, done)
      local missing = all("--field", "data.users.zip")
      assert.same({1, ""}, {missing.status, missing.out})
      assert.matches("^cmr: no field 'data.users.zip' in the answers: data.users is a list of 3, whose first has ",
        missing.err)
      prepare()
      local both = all("--field", "data.users.id", "--field", "data.users.name")
      assert.same({status = 0, out = "a\t\nb\tB\nc\t\n", err = ""}, both)
      prepare()
      both = all("--field", "data.users.id", "--field", "data.users.zip")
      assert.same({1, "a\t\nb\t\nc\t\n"}, {both.status, both.out})
      assert.matches("^cmr: no field 'data.users.zip' in the answers: ", both.err)
      local elsewhere = all("--field", "data.pagination.totalPages")
      assert.same({status = 1, out = "",
        err = "cmr: with --all, --field names something in the list: data.users.NAME\n"}, elsewhere)
    end)

    it("ends quietly when nobody reads on", function()
      local head = cmr({"users", "--all", "--limit", "1", "--output", "jsonl"},
        {env = env, after = "| head -n 1"})
      assert.same({141, ""}, {head.status, head.err})
      assert.equal(1, #lines_of(head.out))
    end)
  end)

  it("is printed with little memory, however long it is", function()
    local PAGES, ITEMS = 60, 50
    local written, early, late = 0, nil, nil
    local system = setmetatable({
      terminal = function() end,
      stdout = {
        write = function(_, text)
          written = written + #text
          return true
        end,
        flush = function() return true end,
      },
    }, {__index = require("cmr.cli.io").system})
    local function fetch(number)
      collectgarbage()
      collectgarbage()
      if number == 5 then early = collectgarbage "count" end
      late = collectgarbage "count"
      local items = {}
      for index = 1, ITEMS do items[index] = {id = number * ITEMS + index, text = ("x"):rep(2000) .. number} end
      return {status = 200, data = {users = items, currentPage = number, totalPages = PAGES}}
    end
    local client = {
      each = function(_, what)
        return pagination.iterate(fetch, "users", what.items, 1)
      end,
    }
    for _, format in ipairs{"json", "jsonl", "csv"} do
      written = 0
      assert.is_nil(listing.show(client, operations.users, {}, {output = format}, system))
      assert.is_true(written > PAGES * ITEMS * 2000, written)
      assert.is_true(late - early < 1000, late - early) -- in KiB; all items together need 6000
    end
  end)

  describe("without --all", function()
    it("has a note when there is more, on standard error", function()
      local function note(...)
        local done = cmr({...}, {env = env})
        assert.equal(0, done.status)
        assert.not_equal("", done.out)
        return done.err
      end
      for _, words in ipairs{{}, {"--output", "csv"}, {"--output", "table"}, {"--field", "data.users.id"}} do
        assert.equal("cmr: 3 of 7 shown: --all lists all\n", note("users", "--limit", "3", unpack(words)))
      end
      assert.equal("cmr: 1 of 7 shown: --all without --page lists all\n", note("users", "--limit", "3", "--page", "3"))
      assert.equal("", note("users", "--limit", "7"))
      assert.equal("", note("users", "--output", "jsonl"))
      assert.matches("^cmr: %d+ of 42 shown: %-%-all lists all\n$", note "prewarmed")
      assert.equal("", note("platforms", mock.USER))
    end)

    it("counts the items that are in the answer, none where it has no list", function()
      local function note(data, args)
        local text = ""
        local system = {stderr = {write = function(_, words) text = text .. words end}}
        listing.note({data = data}, operations.users, args or {}, system)
        return text
      end
      assert.equal("cmr: 1 of 2 shown: --all lists all\n", note{users = {{id = "a"}}, totalItems = 2})
      assert.equal("cmr: 0 of 1 shown: --all lists all\n", note{users = {}, totalItems = 1})
      assert.equal("cmr: 0 of 1 shown: --all lists all\n", note{totalItems = 1})
      assert.equal("", note{users = {{id = "a"}}, totalItems = 1})
      assert.equal("cmr: page 1 of 2 shown: --all lists all\n", note{users = {{id = "a"}}, totalPages = 2})
      assert.equal("cmr: page 3 of 4 shown: --all without --page lists all\n", note({totalPages = 4}, {page = "3"}))
      assert.equal("cmr: page 2 of 4 shown: --all without --page lists all\n",
        note({totalPages = 4, currentPage = 2}, {page = "3"}))
      assert.equal("", note{users = {}, totalPages = 1})
    end)

    it("counts pages where the answer does not count items, and is silent where it counts nothing", function()
      local function note(data)
        server:fault{match = {operation = "users"}, body = {status = 200, data = data}}
        return cmr({"users"}, {env = env}).err
      end
      local first = "cmr: page 1 of 4 shown: --all lists all\n"
      assert.equal(first, note{users = {{id = "a"}}, currentPage = 1, totalPages = 4})
      assert.equal(first, note{users = {{id = "a"}}, totalPages = "4"})
      assert.equal("", note{users = {{id = "a"}}, currentPage = 1, totalPages = 1})
      assert.equal("", note{users = {{id = "a"}}})
      assert.equal("", note{{id = "a"}})
    end)
  end)
end)
