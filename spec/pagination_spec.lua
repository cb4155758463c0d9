-- The items of a list, page by page.
local cmr = require "cmr"
local core = require "cmr.core"
local pages = require "cmr.pagination"
local support = require "spec.support.client"
local mock = require "spec.support.mock"

describe("pages", function()
  -- Where the vendor's answers say which page they are.
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

  -- Goes through answers; what is not an answer yet is a list that says nothing of pages.
  local function go(answers, first, path)
    local asked, list, steps = {}, {}, 0
    local function fetch(number)
      table.insert(asked, number)
      local answer = answers[#asked]
      if type(answer) == "string" then return nil, answer, {kind = "server_error"} end
      return assert(answer, "asked for a page too many")
    end
    for item, why, err in pages.iterate(fetch, "things", path or "data.list", first or 1) do
      table.insert(list, item or {why, err.kind})
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

      it("may be empty, also in the middle", function()
        assert.same({}, (go{page({}, 1, 1)}))
        assert.same({}, (go{page({}, 1, 0)}))
        assert.same({1, 2}, (go{page({1}, 1, 3), page({}, 2, 3), page({2}, 3, 3)}))
      end)

      it("may have the same items", function()
        assert.same({1, 1, 1}, (go{page({1}, 1, 3), page({1}, 2, 3), page({1}, 3, 3)}))
      end)

      it("end with an error when another is sent than was asked for", function()
        local list = go{page({1}, 1, 3), page({1}, 1, 3)}
        assert.same({1, {"things: asked for page 2 of 3, got 1", "bad_response"}}, list)
        list = go{page({1}, 1, 3), page({1}, 1.5, 3)}
        assert.same({1, {"things: asked for page 2 of 3, got 1.5", "bad_response"}}, list)
      end)
    end)
  end

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

    it("end when one comes again: a server that knows no pages", function()
      assert.same({1, 2}, (go(plain({1, 2}, {1, 2}))))
      assert.same({{id = "a"}, {id = "b"}}, (go(plain({{id = "a"}, {id = "b"}}, {{id = "a"}, {id = "b"}}))))
    end)

    it("end when they go round in a circle", function()
      assert.same({1, 2, 3}, (go(plain({1}, {2}, {3}, {1}))))
    end)

    it("are told apart, whatever is in them", function()
      local large = 1700000000000000 -- more than is sent as a number
      assert.same({{t = large}, {t = large + 1}}, (go(plain({{t = large}}, {{t = large + 1}}, {{t = large}}))))
      assert.same({{a = {1}}, {a = {2}}, {a = {}}}, (go(plain({{a = {1}}}, {{a = {2}}}, {{a = {}}}, {}))))
      assert.same({1, "1", cmr.null, true}, (go(plain({1}, {"1"}, {cmr.null}, {true}, {}))))
      assert.same({{a = 1, b = 2}, {a = 2, b = 1}}, (go(plain({{a = 1, b = 2}}, {{a = 2, b = 1}}, {{b = 2, a = 1}}))))
    end)
  end)

  describe("end with an error, once,", function()
    it("when one cannot be had", function()
      assert.same({{"down", "server_error"}}, (go{"down"}))
      local page = shapes["in data"]
      assert.same({1, 2, {"down", "server_error"}}, (go{page({1, 2}, 1, 3), "down"}))
      assert.same({1, {"down", "server_error"}}, (go{plain({1})[1], "down"}))
    end)

    it("when there is no list where it should be", function()
      for _, answer in ipairs{{}, {data = {}}, {data = "text"}, {data = {list = "text"}}, {data = {list = 1}}} do
        local list = go{answer}
        assert.same({{"things: there is no list at data.list", "bad_response"}}, list)
      end
      assert.same({7}, (go({{data = {7}, pagination = 1}, {data = {}}}, 1, "data")))
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

  it("yields it when an argument that is data is wrong", function()
    local seen = {}
    local reports = {"placement_reports", items = "data.reports"}
    for item, why, err in client:each(reports, "") do table.insert(seen, {item, why, err.kind}) end
    assert.same({{false, "placement_reports: 'userId' is empty", "invalid_argument"}}, #seen == 1 and seen)
    assert.equal(0, #server:requests())
  end)

  it("tries a page again like any call", function()
    page(1, 2, {"a"})
    server:fault{match = {operation = "subscriptions"}, status = 503}
    page(2, 2, {"b"})
    local ids, fake = {}, support.fake_loop()
    for item in support.new(server, {loop = fake}):each "subscriptions" do ids[#ids + 1] = item.subscriptionId end
    assert.same({"a", "b"}, ids)
    assert.equal(1, #fake.slept)
  end)

  it("takes a list that the documents do not describe, when it is told where its items are", function()
    assert.error_matches(function() client:each("users", {}) end, "users's answer is not documented: client:each%(")
    server:fault{body = {status = 200, data = {users = {{userId = "u1"}, {userId = "u2"}}}}, times = 2}
    local ids = {}
    for item in client:each({"users", items = "data.users"}) do ids[#ids + 1] = item.userId end
    assert.same({"u1", "u2"}, ids)
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

    it("for an unknown field, when it is first asked", function()
      local next_item = client:each("subscriptions", {stauts = "ACTIVE"})
      raises("bad field 'stauts' %(did you mean 'status'%?%)", function() next_item() end)
    end)
  end)
end)
