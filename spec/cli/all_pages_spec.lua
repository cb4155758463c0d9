-- How --all prints the pages of a list one after the other, in the form of one answer.
local listing = require "cmr.cli.listing"
local operations = require "cmr.operations"
local pagination = require "cmr.pagination"

describe("a list with --all", function()
  local function written_to(parts)
    return {
      write = function(_, text)
        parts[#parts + 1] = text
        return true
      end,
      flush = function() return true end,
    }
  end

  -- Shows these pages, and fails after them if there should be more. Returns what was printed, and the message.
  local function show(pages, parsed, operation)
    local out = {}
    local system = {stdout = written_to(out), stderr = written_to{}, terminal = function() end, getenv = function() end}
    local client = {
      each = function(_, what)
        local function fetch(number)
          if pages[number] then return pages[number] end
          return nil, "it failed", {kind = "network"}
        end
        return pagination.iterate(fetch, what[1], what.items, 1)
      end,
    }
    local fine, message = pcall(listing.show, client, operations[operation or "users"], {}, parsed, system)
    return table.concat(out), fine and message or type(message) == "table" and message.failure or message
  end

  local function page(items, number, pages, more)
    local data = {users = items, currentPage = number, totalPages = pages}
    for name, value in pairs(more or {}) do data[name] = value end
    return {status = 200, message = "m", data = data}
  end

  it("is printed with the rest of the first answer, whatever the place of the list", function()
    local compact = {compact = true}
    assert.equal('{"status":200,"message":"m","data":{"owner":{},"users":[{"id":1},{"id":2}]}}\n',
      (show({page({{id = 1}}, 1, 2, {owner = {}}), page({{id = 2}}, 2, 2)}, compact)))
    local inner = {currentPage = 1, nextPage = 2, totalPages = 1, total = 1}
    assert.equal('{"data":{"currentPage":9,"pagination":{"total":1},"users":[{"id":1}]}}\n',
      (show({{data = {currentPage = 9, pagination = inner, users = {{id = 1}}}}}, compact)))
    assert.equal('{"status":200,"data":[{"id":1},{"id":2}]}\n',
      (show({{status = 200, data = {{id = 1}, {id = 2}}}, {data = {}}}, compact)))
    assert.equal('{\n  "data": [\n    {\n      "id": 1\n    },\n    {\n      "id": 2\n    }\n  ]\n}\n',
      (show({{data = {{id = 1}, {id = 2}}}, {data = {}}}, {})))
    -- the list is in its documented place; if none is documented, later pages have it where the first page has it
    assert.equal('{"data":{"aList":[{"id":1}],"inventory":[{"id":2}]}}\n',
      (show({{data = {aList = {{id = 1}}, inventory = {{id = 2}}, totalPages = 1}}}, compact, "prewarmed")))
    assert.equal('{"id":1}\n{"id":2}\n',
      (show({page({{id = 1}}, 1, 2), page({{id = 2}}, 2, 2, {aList = {{id = 3}}})}, {output = "jsonl"})))
  end)

  it("is printed as an empty list where there is nothing", function()
    assert.equal('{"data":[]}\n', (show({{data = {}}}, {compact = true})))
    assert.equal('{"data":{"inventory":[],"owner":{}}}\n',
      (show({{data = {inventory = {}, owner = {}}}}, {compact = true}, "prewarmed")))
    assert.equal("[]\n", (show({{data = {inventory = {}}}}, {output = "json", field = "data.inventory"}, "prewarmed")))
  end)

  it("has empty objects in its items like a single page", function()
    local items = {{id = 1, address = {}, inventory = {}, tags = {}, users = {}}, {}}
    local printed = '{"address":{},"id":1,"inventory":{},"tags":[],"users":[]}'
    for _, operation in ipairs{"users", "prewarmed"} do
      local name = operation == "users" and "users" or "inventory"
      local pages = {{data = {[name] = items, totalPages = 1}}}
      assert.equal(('{"data":{"%s":[%s,{}]}}\n'):format(name, printed), (show(pages, {compact = true}, operation)))
      pages = {{data = {[name] = items, totalPages = 1}}}
      assert.equal(printed .. "\n{}\n", (show(pages, {output = "jsonl"}, operation)))
      local parsed = {output = "json", compact = true, field = ("data.%s.address"):format(name)}
      assert.equal("[{},null]\n", (show(pages, parsed, operation)))
    end
  end)

  it("has its columns in the order of a single page", function()
    local pages = {page({{zone = "z", phone = "p"}}, 1, 1)}
    assert.equal("zone,phone\r\nz,p\r\n", (show(pages, {output = "csv"})))
    assert.equal("ZONE  PHONE\nz     p\n", (show(pages, {output = "table"})))
    local fields = {"data.users.zone", "data.users.phone"}
    assert.equal("zone,phone\r\nz,p\r\n", (show(pages, {output = "csv", field = fields})))
    assert.equal("ZONE  PHONE\nz     p\n", (show(pages, {output = "table", field = fields})))
    assert.equal("z\tp\n", (show(pages, {field = fields})))
    assert.equal("phone\r\np\r\n", (show(pages, {output = "csv", columns = "phone"})))
    assert.equal("PHONE\np\n", (show(pages, {output = "table", columns = "phone"})))
    for _, format in ipairs{"csv", "table"} do
      assert.same({"", "no column 'phon' (did you mean 'phone'?)"}, {show(pages, {output = format, columns = "phon"})})
    end
    assert.equal("phone,zone\r\np,z\r\n", (show(pages, {output = "csv", field = "data.users"})))
    assert.equal("PHONE  ZONE\np      z\n", (show(pages, {output = "table", field = "data.users"})))
  end)

  it("reports the page that failed, not the columns that came too late", function()
    local pages = {page({{id = "a"}}, 1, 3), page({{id = "b", name = "B"}}, 2, 3)}
    assert.same({"id\r\na\r\nb\r\n", "it failed (after 2 items)"}, {show(pages, {output = "csv"})})
    pages = {page({{id = "a"}}, 1, 2)}
    assert.same({"", "it failed (after 1 item)"}, {show(pages, {output = "json", field = "data.users.name"})})
  end)

  it("has a line for each item before the first that has a field, with as many tabs as others", function()
    local pages = {page({{id = "a"}, {id = "b"}}, 1, 2), page({{id = "c"}, {id = "d", name = "D"}}, 2, 2)}
    assert.equal("\n\n\nD\n", (show(pages, {field = "data.users.name"})))
    pages[2].data.users[2].zip = 5
    assert.equal("\t\n\t\n\t\nD\t5\n", (show(pages, {field = {"data.users.name", "data.users.zip"}})))
    assert.equal('[null,null,null,"D"]\n', (show(pages, {field = "data.users.name", output = "json", compact = true})))
  end)

  it("removes the line that says how far it is before it prints anything", function()
    local progress = require "cmr.cli.progress"
    local real, events = progress.new, nil
    finally(function() progress.new = real end)
    function progress.new()
      return {
        show = function(_, text) events[#events + 1] = text end,
        clear = function() events[#events + 1] = "clear" end,
      }
    end
    local function events_of(pages)
      events = {}
      local stdout = written_to(events)
      local client = {
        each = function(_, what)
          local function fetch(number) return pages[number], "it failed", {} end
          return pagination.iterate(fetch, "users", what.items, 1)
        end,
      }
      local system = {stdout = stdout, terminal = function() end}
      listing.show(client, operations.users, {}, {field = "data.users.id"}, system)
      return events
    end
    assert.same({"clear", "a\nb\n", "cmr: 2 items so far", "clear", "c\n", "cmr: 3 items so far", "clear"},
      events_of{page({{id = "a"}, {id = "b"}}, 1, 2), page({{id = "c"}}, 2, 2)})
    assert.same({"clear", "a\n", "cmr: 1 items so far", "clear"}, events_of{page({{id = "a"}}, 1, 2)})
  end)
end)
