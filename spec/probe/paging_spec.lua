-- Where lists are in answers, and whether the API honours page and limit, as far as answers show.
local paging = require "cmr.probe.paging"

local A, B = {id = "a"}, {id = "b"}

describe("a list", function()
  local function found(envelope, documented, words)
    local path, items = paging.list(envelope, documented, words)
    return {path, items and #items}
  end

  it("is found in its documented place, or in any other place", function()
    assert.same({"data.users", 1}, found({data = {users = {A}, others = {A, B}}}, "data.users"))
    assert.same({"data.users", 0}, found({data = {users = {}, others = {A, B}}}, "data.users"))
    assert.same({"data.others", 2}, found({data = {others = {A, B}}}, "data.users"))
    assert.same({"data", 2}, found{data = {A, B}})
    assert.same({"data.list", 2}, found{data = {list = {A, B}, count = 2}})
    assert.same({"data.result.list", 1}, found{data = {result = {list = {A}}}})
    assert.same({}, found{data = {result = {more = {list = {A}}}}})
    assert.same({"users", 1}, found{data = {}, users = {A}})
    assert.same({"data.users", 1}, found{data = {filters = {"x", "y"}, users = {A}}})
    assert.same({"data.names", 2}, found{data = {empty = {}, names = {"x", "y"}}})
  end)

  it("may be empty, or missing", function()
    assert.same({"data", 0}, found{data = {}})
    assert.same({"data.users", 0}, found{data = {users = {}, pagination = {currentPage = 1}}})
    assert.same({}, found{data = {id = "x"}})
    assert.same({}, found{})
  end)

  it("has no path that reveals a value", function()
    assert.same({"data.*", 1}, found{data = {["x.example"] = {A}}})
    assert.same({"data.*", 1}, found({data = {jane = {A}}}, nil, {jane = true}))
  end)
end)

-- Returns an answer with one page of a list. `position` is what the answer says about the place of this page.
local function page(items, position)
  return {data = {users = items, pagination = position}}
end

local function verdict(judge, first, second)
  return (judge(first, second))
end

describe("limit=1", function()
  local function limit(first, second)
    return verdict(paging.judge_limit, first, second)
  end

  it("is honoured when one item of several comes", function()
    assert.equal("confirmed", limit(page({A}, {totalSearchedCount = 2})))
    assert.equal("confirmed", limit(page({A}, {totalPages = 2})))
    assert.equal("confirmed", limit{data = {users = {A}, totalDomains = 2}})
    assert.equal("confirmed", limit(page{A}, page{B}))
  end)

  it("is not honoured when several items come", function()
    assert.equal("contradicted", limit(page({A, B}, {totalSearchedCount = 2})))
    assert.equal("contradicted", limit(page{A, B}))
  end)

  it("cannot be judged when there may be only one item", function()
    assert.equal("not seen", limit(page{}))
    assert.equal("not seen", limit(page{A}))
    assert.equal("not seen", limit(page{A}, page{}))
    assert.equal("not seen", limit(page{A}, page{A}))
    assert.equal("not seen", limit(page({A}, {totalPages = 1}), page{B}))
    assert.equal("not seen", limit{data = {id = "x"}})
  end)
end)

describe("page=2", function()
  local function second(...)
    return verdict(paging.judge_page, ...)
  end

  it("is honoured when another page comes", function()
    assert.equal("confirmed", second(page{A}, page{B}))
    assert.equal("confirmed", second(page{A}, page{}))
    assert.equal("confirmed", second(page({A, B}, {totalPages = 1, total = 2}), page{}))
    assert.equal("confirmed", second(page({A}, {totalPages = 2}), page({B}, {currentPage = 2})))
  end)

  it("is not honoured when the first page comes again, or an empty one", function()
    assert.equal("contradicted", second(page({A}, {totalPages = 2}), page({A}, {currentPage = 2})))
    assert.equal("contradicted", second(page{A, B}, page{A, B}))
    assert.equal("contradicted", second(page{A}, page({B}, {currentPage = 1})))
    assert.equal("contradicted", second(page({A}, {totalPages = 2}), page({}, {currentPage = 2})))
  end)

  it("cannot be judged when the same single item comes twice, or without a list", function()
    assert.equal("not seen", second(page{A}, page{A}))
    assert.equal("not seen", second(page{A}, {data = {id = "x"}}))
  end)
end)

describe("a second page", function()
  it("is requested unless it cannot exist", function()
    assert.is_true(paging.has_more(page({A}, {totalPages = 2})))
    assert.is_nil(paging.has_more(page{A}))
    assert.is_nil(paging.has_more(page({A, B}, {totalPages = 1})))
    assert.same({false, "there is only one item"}, {paging.has_more(page({A}, {totalSearchedCount = 1}))})
    assert.same({false, "there is only one item"}, {paging.has_more(page({A}, {totalPages = 1}))})
    assert.same({false, "the list is empty"}, {paging.has_more(page{})})
    assert.same({false, "no list was found in the answer"}, {paging.has_more{data = {id = "x"}}})
  end)
end)
