-- The items of a list, page by page.
local cmr = require "cmr"
local core = require "cmr.core"
local pages = require "cmr.pagination"
local support = require "spec.support.client"
local mock = require "spec.support.mock"

describe("pages", function()
  -- The ways in which the vendor's answers give the number of their page.
  local shapes = {
    ["in data.pagination"] = function(items, current, total)
      return {data = {list = items, pagination = {currentPage = current, totalPages = total, nextPage = current + 1}}}
    end,
    ["in data"] = function(items, current, total)
      return {data = {list = items, currentPage = current, totalPages = total}}
    end,
    ["as text"] = function(items, current, total)
      return {data = {list = items, currentPage = tostring(current), totalPages = tostring(total)}}
    end,
  }

  -- Iterates over these answers; a string stands for an error. Returns the items and the pages that were requested.
  local function go(answers, first, path)
    local asked, list, steps = {}, {}, 0
    local function fetch(number)
      table.insert(asked, number)
      local answer = answers[#asked]
      if type(answer) == "string" then return nil, answer, {kind = "server_error", message = answer} end
      assert(answer, "asked for a page too many")
      return answer
    end
    for item, why, err in pages.iterate(fetch, "things", path or "data.list", first or 1) do
      if not item then
        assert.same({why, err.code and "bad_response" or "server_error"}, {err.message, err.kind})
        assert.equal(err.code and 1, err.attempts)
      end
      table.insert(list, item or {why, err.code or err.kind})
      steps = steps + 1
      assert.is_true(steps < 100)
    end
    return list, asked
  end

  local function plain(...)
    local answers = {}
    for index, items in ipairs{...} do answers[index] = {data = {list = items}} end
    return answers
  end

  for where, page in pairs(shapes) do
    describe("numbered " .. where, function()
      it("are asked for up to the last", function()
        local list, asked = go{page({1, 2}, 1, 3), page({3}, 2, 3), page({4, 5}, 3, 3)}
        assert.same({1, 2, 3, 4, 5}, list)
        assert.same({1, 2, 3}, asked)
      end)

      it("are asked for from the one given", function()
        local list, asked = go({page({3}, 2, 3), page({4}, 3, 3)}, 2)
        assert.same({3, 4}, list)
        assert.same({2, 3}, asked)
      end)

      it("may be empty when the list is empty, or after the last page", function()
        assert.same({}, (go{page({}, 1, 1)}))
        assert.same({}, (go{page({}, 1, 0)}))
        assert.same({}, (go({page({}, 5, 3)}, 5)))
      end)

      it("may be short in the middle", function()
        assert.same({1, 2, 3, 4, 5}, (go{page({1, 2}, 1, 3), page({3}, 2, 3), page({4, 5}, 3, 3)}))
      end)

      it("end with an error when one is empty, also the last: a server that counts from 0 does not have it", function()
        assert.same({1, {"things: page 2 of 3 is empty", "missing_items"}}, (go{page({1}, 1, 3), page({}, 2, 3)}))
        assert.same({{"things: page 1 of 3 is empty", "missing_items"}}, (go{page({}, 1, 3)}))
        assert.same({1, {"things: page 2 of 2 is empty", "missing_items"}}, (go{page({1}, 1, 2), page({}, 2, 2)}))
      end)

      it("end with an error when one is the same as another", function()
        local list = go{page({1}, 1, 9), page({2}, 2, 9), page({1}, 3, 9)}
        assert.same({1, 2, {"things: page 3 is the same as page 1", "repeated_page"}}, list)
      end)

      local others = {["the one before"] = 1, ["the next one"] = 3, ["one between"] = 1.5, ["one counted from 0"] = 0}
      for what, got in pairs(others) do
        it("end with an error when the server sends another page: " .. what, function()
          local list = go{page({1}, 1, 3), page({2}, got, 3)}
          local why = ("things: asked for page 2, got page %s of 3"):format(got)
          assert.same({1, {why, "wrong_page"}}, list)
          assert.same({{(why:gsub("2", "7", 1)), "wrong_page"}}, (go({page({2}, got, 3)}, 7)))
        end)
      end

      it("end with an error when the list has become shorter or longer", function()
        local format = "things: the list changed while it was read: it had 3 pages, on page 2 it has %s"
        assert.same({1, {format:format(2), "list_changed"}}, (go{page({1}, 1, 3), page({2}, 2, 2)}))
        assert.same({1, {format:format(4), "list_changed"}}, (go{page({1}, 1, 3), page({2}, 2, 4)}))
        local list = go{page({1}, 1, 3), page({2}, 2, 3), page({3}, 2, 2)}
        assert.same({1, 2, {"things: asked for page 3, got page 2 of 2", "wrong_page"}}, list)
      end)

      it("are believed about their number, but not about a total of 0", function()
        local list, asked = go{page({1}, 1, 0), page({2}, 2, 0), page({}, 3, 0)}
        assert.same({{1, 2}, {1, 2, 3}}, {list, asked})
        list = go{page({1}, 1, 0), page({1}, 2, 0)}
        assert.same({1, {"things: page 2 is the same as page 1", "repeated_page"}}, list)
      end)

      it("end with an error when a page's number exceeds the total", function()
        assert.same({{"things: asked for page 5, got page 5 of 3", "wrong_page"}}, (go({page({1}, 5, 3)}, 5)))
      end)
    end)
  end

  it("need not all give their number or the total", function()
    local page = shapes["in data"]
    local list, asked = go{page({1}, 1, 2), plain({2})[1]}
    assert.same({{1, 2}, {1, 2}}, {list, asked})
    list = go{page({1}, 1), page({2}, 2), page({}, 3)}
    assert.same({1, 2}, list)
    list = go{page({1}, 1), page({2}, 1)}
    assert.same({1, {"things: asked for page 2, got page 1", "wrong_page"}}, list)
    local unnumbered = {data = {list = {1}, totalPages = 2}}
    assert.same({1, 2}, (go{unnumbered, {data = {list = {2}, totalPages = 2}}}))
  end)

  describe("with items that have ids", function()
    local function users(number, ...)
      local list = {}
      for index, id in ipairs{...} do list[index] = {userId = id, place = number * 10 + index} end
      return {data = {users = list, currentPage = number, totalPages = 3}}
    end

    it("end with an error before an item comes again", function()
      local list = go({users(1, "a", "b"), users(2, "b", "c")}, 1, "data.users")
      local why = "things: userId 'b' of page 1 is on page 2 too: the list changed while it was read"
      assert.same({{userId = "a", place = 11}, {userId = "b", place = 12}, {why, "repeated_item"}}, list)
      list = go({users(1, "a"), users(2, "b"), users(3, "a")}, 1, "data.users")
      assert.same({(why:gsub("'b'", "'a'"):gsub("page 2", "page 3")), "repeated_item"}, list[3])
    end)

    it("are told apart by every digit of a number", function()
      local three = {users(1, 1234567890123456), users(2, 1234567890123457), users(3, 1234567890123458)}
      local list = go(three, 1, "data.users")
      assert.same({1234567890123456, 1234567890123457, 1234567890123458},
        {list[1].userId, list[2].userId, list[3].userId})
    end)

    it("may repeat the id of something else, and an item of the same page", function()
      local first, second = users(1, "a", "a"), users(2, "b")
      first.data.users[1].ownerId, second.data.users[1].ownerId = "x", "x"
      assert.equal(4, #go({first, second, users(3, "c")}, 1, "data.users"))
    end)

    it("are compared as a whole when they have no ids", function()
      local function page(number, ...)
        return {data = {list = {...}, currentPage = number, totalPages = 2}}
      end
      local one, other = {domain = "a.com", n = 1}, {domain = "a.com", n = 2}
      assert.same({one, other}, (go{page(1, one), page(2, other)}))
      local why = "things: an item of page 1 is on page 2 too: the list changed while it was read"
      assert.same({one, {why, "repeated_item"}}, (go{page(1, one), page(2, other, one)}))
      assert.same({1, 2, 2, 3}, (go{page(1, 1, 2), page(2, 2, 3)}))
      assert.same({1, one, {why, "repeated_item"}}, (go{page(1, 1, one), page(2, 2, one)}))
    end)
  end)

  describe("with the number of all items", function()
    local function page(items, number, total, last)
      return {data = {list = items, pagination = {currentPage = number, totalPages = last, totalSearchedCount = total}}}
    end

    it("end with an error after the last item when the number differs", function()
      assert.same({1, 2, 3}, (go{page({1, 2}, 1, 3, 2), page({3}, 2, 3, 2)}))
      local missing = {"things: the list should have 4 items, and 3 came", "missing_items"}
      assert.same({1, 2, 3, missing}, (go{page({1, 2}, 1, 4, 2), page({3}, 2, 4, 2)}))
      assert.same({1, 2, 3, missing}, (go{page({1, 2, 3}, 1, 4, 1)}))
      assert.same({{"things: the list should have 4 items, and 0 came", "missing_items"}}, (go{page({}, 1, 4, 1)}))
    end)

    it("end with an error when that number changes", function()
      local why = "things: the list changed while it was read: it had 3 items, on page 2 it has "
      assert.same({1, 2, {why .. "2", "list_changed"}}, (go{page({1, 2}, 1, 3, 2), page({3}, 2, 2, 2)}))
      assert.same({1, 2, {why .. "4", "list_changed"}}, (go{page({1, 2}, 1, 3, 2), page({3}, 2, 4, 2)}))
    end)

    it("end without one more request for an empty page", function()
      local list, asked = go{page({1, 2}, nil, "3"), page({3}, nil, "3")}
      assert.same({{1, 2, 3}, {1, 2}}, {list, asked})
      assert.same({1, 2}, (go{page({1, 2}, nil, 2)})) -- a server without pages
    end)

    it("may begin after the first page", function()
      assert.same({3}, (go({page({3}, 2, 3, 2)}, 2)))
    end)

    it("may give the number of one page's items instead", function()
      assert.same({1, 2, 3}, (go{page({1, 2}, 1, 2, 2), page({3}, 2, 1, 2)}))
      assert.same({1, 2}, (go{page({1, 2}, 1, 0, 1)}))
    end)
  end)

  it("do not believe nextPage", function()
    local answer = {data = {list = {1}, pagination = {currentPage = 1, totalPages = 1, nextPage = 2}}}
    assert.same({1}, (go{answer}))
  end)

  describe("that are not numbered", function()
    it("are asked for until one is empty", function()
      local list, asked = go(plain({1, 2}, {3, 4}, {}))
      assert.same({1, 2, 3, 4}, list)
      assert.same({1, 2, 3}, asked)
    end)

    local function again(number, earlier)
      return {("things: page %d is the same as page %d"):format(number, earlier), "repeated_page"}
    end

    it("end with an error when one comes again: the server does not know pages, or has no more", function()
      assert.same({1, 2, again(2, 1)}, (go(plain({1, 2}, {1, 2}))))
      local list = go(plain({{id = "a"}, {id = "b"}}, {{id = "a"}, {id = "b"}}))
      assert.same({{id = "a"}, {id = "b"}, again(2, 1)}, list)
    end)

    it("end with an error when an earlier one comes again", function()
      assert.same({1, 2, 3, again(4, 1)}, (go(plain({1}, {2}, {3}, {1}))))
    end)

    it("are the same only when all their items are", function()
      assert.same({1, 2, 3, 1, 4, 3}, (go(plain({1, 2, 3}, {1, 4, 3}, {}))))
    end)

    it("are told apart, whatever is in them", function()
      local large = 1700000000000000 -- has 16 digits; tostring in Lua 5.1 writes only 14
      local list = go(plain({{t = large}}, {{t = large + 1}}, {{t = large}}))
      assert.same({{t = large}, {t = large + 1}, again(3, 1)}, list)
      assert.same({{a = {1}}, {a = {2}}, {a = {}}}, (go(plain({{a = {1}}}, {{a = {2}}}, {{a = {}}}, {}))))
      assert.same({1, "1", cmr.null, true}, (go(plain({1}, {"1"}, {cmr.null}, {true}, {}))))
      list = go(plain({{a = 1, b = 2}}, {{a = 2, b = 1}}, {{b = 2, a = 1}}))
      assert.same({{a = 1, b = 2}, {a = 2, b = 1}, again(3, 1)}, list)
    end)
  end)

  describe("end with an error, once,", function()
    it("when the request for one fails", function()
      assert.same({{"down", "server_error"}}, (go{"down"}))
      local page = shapes["in data"]
      assert.same({1, 2, {"down", "server_error"}}, (go{page({1, 2}, 1, 3), "down"}))
      assert.same({1, {"down", "server_error"}}, (go{plain({1})[1], "down"}))
    end)

    it("when there is no list where it should be", function()
      for _, answer in ipairs{{}, {data = {}}, {data = "text"}, {data = {list = "text"}}, {data = {list = 1}}} do
        local list = go{answer}
        assert.same({{"things: there is no list at data.list", "no_list"}}, list)
      end
      assert.same({7}, (go({{data = {7}, pagination = 1}, {data = {}}}, 1, "data")))
      local list = go({{data = {7}}}, 1, function() end)
      assert.same({{"things: there is no list in the answer", "no_list"}}, list)
    end)

    it("but raise what the caller's own items raise", function()
      local item = setmetatable({size = 1}, {__index = function() error("no such member", 0) end})
      local fine, why = pcall(go, {{}}, 1, function() return {item}, "things" end)
      assert.same({false, "no such member"}, {fine, why})
    end)
  end)
end)

describe("client:each", function()
  local server, client

  before_each(function()
    core.engine():close()
    server = mock.shared("http")
    client = support.new(server, {retries = 0})
  end)

  local function page(number, total, ids)
    local subscriptions = {}
    for index, id in ipairs(ids) do subscriptions[index] = {subscriptionId = id} end
    server:fault{match = {operation = "subscriptions"}, body = {
      status = 200, message = "fetched",
      data = {subscriptions = subscriptions, pagination = {currentPage = number, totalPages = total, nextPage = 2}},
    }}
  end

  it("asks for one page after the other, with the arguments it was given", function()
    page(1, 2, {"a", "b"})
    page(2, 2, {"c"})
    local given, ids = {status = "ACTIVE"}, {}
    for item in client:each("subscriptions", given) do ids[#ids + 1] = item.subscriptionId end
    assert.same({"a", "b", "c"}, ids)
    assert.same({status = "ACTIVE"}, given)
    local requests = server:requests()
    assert.equal(2, #requests)
    for number, request in ipairs(requests) do
      assert.equal("ACTIVE", request.query.status)
      assert.equal(tostring(number), request.query.page)
    end
  end)

  it("asks for a page when its items are needed, and no earlier", function()
    page(1, 3, {"a"})
    page(2, 3, {"b"})
    for item in client:each "subscriptions" do
      if item.subscriptionId == "b" then break end
    end
    assert.equal(2, #server:requests())
  end)

  it("begins with the page given", function()
    page(2, 2, {"c"})
    for item in client:each("subscriptions", {page = 2}) do assert.equal("c", item.subscriptionId) end
    assert.equal("2", server:requests()[1].query.page)
  end)

  it("takes the number of the first page as text too", function()
    page(2, 3, {"c"})
    page(3, 3, {"d"})
    local ids = {}
    for item in client:each("subscriptions", {page = "2"}) do ids[#ids + 1] = item and item.subscriptionId end
    assert.same({"c", "d"}, ids)
    local fine, why = pcall(client:each("subscriptions", {page = "two"}))
    assert.is_false(fine)
    assert.matches("cmr.subscriptions: bad field 'page'", why, 1, true)
    assert.equal(2, #server:requests())
  end)

  it("yields false and the error once, when a page cannot be had", function()
    page(1, 3, {"a"})
    server:fault{status = 503}
    local seen = {}
    for item, why, err in client:each "subscriptions" do
      table.insert(seen, item and item.subscriptionId or {item, why:match "^[^:]+: HTTP 503", err.kind, err.attempts})
    end
    assert.same({"a", {false, "subscriptions: HTTP 503", "server_error", 1}}, seen)
    assert.equal(2, #server:requests())
  end)

  it("yields an error when the value of an argument is wrong", function()
    local seen = {}
    local reports = {"placement_reports", items = "data.reports"}
    for item, why, err in client:each(reports, "") do table.insert(seen, {item, why, err.kind}) end
    assert.same({{false, "placement_reports: 'userId' is empty", "invalid_argument"}}, #seen == 1 and seen)
    assert.equal(0, #server:requests())
  end)

  -- Lists all subscriptions. Returns their ids, and {false, message, code} for an error, which ends the list.
  local function all(...)
    local seen = {}
    for item, message, err in client:each("subscriptions", ...) do
      table.insert(seen, item and item.subscriptionId or {item, message, err.code})
    end
    return seen
  end

  it("yields one error when the server sends another page, and requests no more", function()
    page(1, 3, {"a", "b"})
    page(2, 3, {"c", "d"})
    page(2, 2, {"c", "d"}) -- the list has become shorter
    local wrong = {false, "subscriptions: asked for page 3, got page 2 of 2", "wrong_page"}
    assert.same({"a", "b", "c", "d", wrong}, all())
    assert.equal(3, #server:requests())
    page(1, 3, {"a"})
    page(3, 3, {"c"})
    assert.same({"a", {false, "subscriptions: asked for page 2, got page 3 of 3", "wrong_page"}}, all())
  end)

  it("yields an error when a server never ends", function()
    for number = 1, 3 do page(number, 1000000, {"a", "b"}) end
    assert.same({"a", "b", {false, "subscriptions: page 2 is the same as page 1", "repeated_page"}}, all())
    server:reset()
    for number = 1, 3 do page(number, number + 1, {"a" .. number}) end
    local message = "subscriptions: the list changed while it was read: it had 2 pages, on page 2 it has 3"
    assert.same({"a1", {false, message, "list_changed"}}, all())
  end)

  describe("yields an error when the list changes meanwhile", function()
    local users = {"users", items = "data.users"}

    local function go_through(limit, change)
      local ids, message, code = {}, nil, nil
      for item, why, err in client:each(users, {limit = limit}) do
        if item then
          ids[#ids + 1] = item.id
          if #ids == 2 then change(item.id) end
        else
          message, code = why, err.code
        end
      end
      assert.equal("list_changed", code)
      return #ids, message
    end

    before_each(function()
      for index = 1, 5 do server:add_user("U" .. index) end
    end)

    it("because an item was deleted and the others moved up", function()
      local count, message = go_through(2, function(id) assert(client:delete_user{userId = id}) end)
      assert.equal(2, count)
      assert.equal("users: the list changed while it was read: it had 6 items, on page 2 it has 5", message)
    end)

    it("because an item was added", function()
      local count, message = go_through(3, function() server:add_user "U0" end)
      assert.equal(3, count)
      assert.matches("it had 2 pages, on page 2 it has 3$", message)
    end)
  end)

  it("retries the request for a page like any call", function()
    page(1, 2, {"a"})
    server:fault{match = {operation = "subscriptions"}, status = 503}
    page(2, 2, {"b"})
    local ids, fake = {}, support.fake_loop()
    for item in support.new(server, {loop = fake}):each "subscriptions" do ids[#ids + 1] = item.subscriptionId end
    assert.same({"a", "b"}, ids)
    assert.equal(1, #fake.slept)
  end)

  it("takes an undocumented list, when the caller says where its items are", function()
    assert.error_matches(function() client:each("users", {}) end,
      [[users's answer is not documented: client:each%({"users", items = "data.WHERE"}, %.%.%.%)]])
    local function users(answer)
      return answer.data.users, "users"
    end
    for _, items in ipairs{"data.users", users} do
      server:fault{body = {status = 200, data = {users = {{userId = "u1"}, {userId = "u2"}}, total = 2}}}
      local ids = {}
      for item in client:each({"users", items = items}) do ids[#ids + 1] = item.userId end
      assert.same({"u1", "u2"}, ids)
    end
  end)

  describe("raises, at the caller's line,", function()
    local file = debug.getinfo(1, "S").short_src

    local function raises(expected, action)
      local fine, why = pcall(action)
      assert.is_false(fine)
      assert.equal(file, why:match("^(.-):%d+: cmr%."))
      assert.matches(expected, why)
      assert.equal(0, #server:requests())
    end

    it("for an operation that lists nothing", function()
      raises("each: 'platforms' is not an operation that lists", function() client:each("platforms", mock.USER) end)
      raises("each: there is no operation 'nothing'", function() client:each "nothing" end)
      raises("each: there is no operation 'nil'", function() client:each() end)
    end)

    it("for a path that is none", function()
      for _, path in ipairs{"", ".", "a..b", ".a", "a.", "-a", 5, true, {}} do
        for _, name in ipairs{"items", "page"} do
          local options = {"subscriptions", [name] = path}
          raises(("each: bad option '%s' %%(a name, as in \"data.users\"%s expected, got %s%%)"):format(name,
            name == "items" and ", or a function" or "", type(path)), function() client:each(options) end)
        end
      end
      client:each{"subscriptions", items = "data.a_1", page = "p"}
      client:each{"subscriptions", items = function() end}
    end)

    it("for an unknown field, when the loop begins", function()
      local next_item = client:each("subscriptions", {stauts = "ACTIVE"})
      raises("bad field 'stauts' %(did you mean 'status'%?%)", function() next_item() end)
    end)
  end)
end)
