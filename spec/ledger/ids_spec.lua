-- The ids in requests and answers, by which people and events find a request.
local core = require "cmr.core"
local ids = require "cmr.ledger.ids"

describe("the ids of a request", function()
  it("are found by the name of their field, in each form of each kind", function()
    assert.same({{"order", "O1"}}, ids.of{orderId = "O1"})
    for field, kind in pairs{actionId = "action", orderId = "order", subscriptionId = "subscription",
      domainId = "domain", domain = "domain", domainName = "domain", mailboxId = "mailbox"} do
      assert.same({{kind, "x1"}}, ids.of{[field] = "x1"}, field)
      if field ~= "actionId" then assert.same({{kind, "x1"}, {kind, "x2"}}, ids.of{[field .. "s"] = {"x1", "x2"}}) end
    end
    assert.same({{"mailbox", "a@shop.com"}}, ids.of_request{email = "a@shop.com", mailboxId = core.null})
    assert.same({{"mailbox", "M1"}}, ids.of{componentMailboxIds = {"M1"}})
    assert.same({}, ids.of{userId = "U1", orderId = 7, domains = {{name = "a.com"}}, mailboxId = ""})
    assert.same({}, ids.of{actionIds = {"A1"}})
  end)

  it("are each listed once, from all tables, and nil is accepted among the tables", function()
    assert.same({{"order", "O1"}, {"mailbox", "M1"}, {"mailbox", "O1"}},
      ids.of({orderId = "O1"}, nil, {mailboxIds = {"M1", "M1"}}, {orderId = "O1"}, "text", {mailboxId = "O1"}))
  end)

  it("are domain names in lower case, and other ids unchanged", function()
    assert.same({{"domain", "shop.com"}}, ids.of({domain = "Shop.COM"}, {domainName = "shop.com"}))
    assert.same({{"domain", "D1Ab"}}, ids.of{domainId = "D1Ab"})
    assert.same({{"mailbox", "M.A"}}, ids.of{mailboxId = "M.A"})
  end)

  it("have at most 200 bytes; at most 1000 are found, in tables at most six levels deep", function()
    assert.equal(1, #ids.of{orderId = ("x"):rep(200)})
    assert.equal(0, #ids.of{orderId = ("x"):rep(201)})
    local many = {}
    for number = 1, 1001 do many[number] = "M" .. number end
    local found = ids.of({mailboxIds = many}, {orderId = "O1"})
    assert.same({1000, {"mailbox", "M1000"}}, {#found, found[1000]})
    local function nested(depth)
      local value = {orderId = "O1"}
      for _ = 2, depth do value = {data = value} end
      return #ids.of(value)
    end
    assert.same({1, 1, 0}, {nested(1), nested(6), nested(7)})
  end)

  it("include a mailbox's address if the request names only that", function()
    assert.same({{"mailbox", "a@shop.com"}}, ids.of_request{email = "A@Shop.com"})
    assert.same({{"mailbox", "M1"}}, ids.of_request{email = "a@shop.com", mailboxId = "M1"})
    assert.same({}, ids.of_request{email = "a@shop.com", userId = "U1"})
    assert.same({}, ids.of_request{email = {"a@shop.com"}})
    assert.same({{"order", "O1"}}, ids.of_request(nil, {orderId = "O1"}))
  end)
end)
