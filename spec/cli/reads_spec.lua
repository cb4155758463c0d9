-- The commands that show whether an operation was done.
local operations = require "cmr.operations"
local parser = require "cmr.cli.parser"
local reads = require "cmr.cli.reads"

local function of(name, args) return reads.of(operations[name], args) end

describe("the reads after an unknown outcome", function()
  it("show what the operation was about", function()
    assert.same({"cmr mailbox MB1"}, of("reexport", {mailboxId = "MB1"}))
    assert.same({"cmr domains U"}, of("renew_domains", {userId = "U", domains = {"a.com"}}))
    assert.same({"cmr mailboxes U", "cmr domains U"},
      of("create_order", {userId = "U", domains = {{domain = "a.com"}}, mailboxes = {["a.com"] = {}}}))
    assert.same({"cmr dns-records U a.com", "cmr domains U"},
      of("add_dns_records", {userId = "U", domain = "a.com", records = {}}))
    assert.same({"cmr domains U", "cmr dns-records U a.com"},
      of("add_domain_forwarding", {userId = "U", domain = "a.com"}))
    assert.same({"cmr order-status --order-id ORD_1", "cmr all-mailboxes"},
      of("process_order", {orderId = "ORD_1"}))
    assert.same({"cmr subscriptions"}, of("cancel_subscription", {subscriptionId = "S"}))
    assert.same({"cmr users"}, of("create_user", {email = "a@b.c"}))
    assert.same({}, of("send_error", {}))
  end)

  it("are three at most, always the same", function()
    assert.same({"cmr dns-records U a.com", "cmr domains U", "cmr mailboxes U"}, of("update_dns_record",
      {userId = "U", domain = "a.com", recordId = "R", orderId = "O", mailboxId = "M", subscriptionId = "S"}))
    assert.same({"cmr placement-reports U", "cmr domains U", "cmr mailboxes U"}, of("create_placement_test",
      {userId = "U", domain = "a.com", orderId = "O", mailboxId = "M", subscriptionId = "S"}))
  end)

  it("take the first of several ids", function()
    assert.same({"cmr mailbox M1"}, of("reexport", {mailboxIds = {"M1", "M2"}}))
    assert.same({"cmr all-mailboxes"}, of("reexport", {mailboxIds = {}}))
    assert.same({"cmr all-mailboxes"}, of("reexport", {mailboxId = "", mailboxIds = {"M1"}}))
    assert.same({"cmr all-mailboxes"}, of("reexport", {mailboxId = 5}))
  end)

  it("are commands that the parser takes, and quoted for a shell", function()
    assert.same({"cmr user 'a b'"}, of("update_user", {userId = "a b"}))
    local count = 0
    for _, operation in ipairs(operations) do
      for _, line in ipairs(operation.method ~= "GET" and reads.of(operation, {userId = "U", domain = "a.com",
        mailboxId = "M", subscriptionId = "S", orderId = "O"}) or {}) do
        local words = {}
        for word in line:gmatch "%S+" do words[#words + 1] = (word:gsub("'", "")) end
        assert.equal("cmr", table.remove(words, 1))
        local parsed = parser.new(operations, words, function() end):parse(words)
        assert.equal("GET", operations[parsed.command:gsub("-", "_")].method)
        count = count + 1
      end
    end
    assert.is_true(count > 30)
  end)
end)
