-- What failed inside a success.
local cmr = require "cmr"
local core = require "cmr.core"
local operations = require "cmr.operations"
local partial = require "cmr.partial"
local support = require "spec.support.client"
local mock = require "spec.support.mock"

-- The failed items of an answer, as it is decoded.
local function failed(name, text)
  return partial(operations[name], assert(core.json_decode(text)))
end

describe("an answer in which", function()
  it("domains of an order are not available, has them", function()
    local text = [[{"status": 200, "message": "Order created and queued for processing",
      "data": {"orderId": "ord_R8K2LQPZA9XM", "unavailableDomains": %s}, "actionId": "ACT_1"}]]
    assert.is_nil(failed("create_order", text:format "[]"))
    assert.same({"a.com", "b.com"}, failed("create_order", text:format '["a.com", "b.com"]'))
    assert.is_nil(failed("create_order", text:format "null"))
    assert.is_nil(failed("create_order", '{"status": 200, "data": {"orderId": "ord_1"}}'))
  end)

  it("mailboxes of many are not changed, has those", function()
    local list = failed("update_mailboxes", [[{"status": 200, "data": [
      {"mailboxId": "1", "success": true, "message": "Updated"},
      {"mailboxId": "2", "success": false, "message": "Rate limit exceeded"},
      {"mailboxId": "3", "success": true},
      {"mailboxId": "4", "success": false, "message": "Not found"}]}]])
    assert.equal(2, #list)
    assert.equal("Rate limit exceeded", list[1].message)
    assert.equal("4", list[2].mailboxId)
    assert.is_nil(failed("update_mailboxes", '{"data": [{"mailboxId": "1", "success": true}]}'))
  end)

  it("domains cannot be renewed, has those without a price", function()
    local list = failed("domain_renewal_prices", [[{"status": 200, "data": [
      {"domainName": "acme.com", "years": 1, "renewalPrice": "14.50", "autoRenew": false},
      {"domainName": "late.com", "error": "outside its window"},
      {"domainName": "none.com", "renewalPrice": null}]}]])
    assert.equal(2, #list)
    assert.equal("late.com", list[1].domainName)
    assert.equal("none.com", list[2].domainName)
    assert.is_nil(failed("platforms", '{"data": [{"domainName": "late.com"}]}')) -- nothing says what it should have
  end)

  it("a setting is off, is complete", function()
    assert.is_nil(failed("set_domain_auto_renew", '{"data": [{"domainName": "a.com", "autoRenew": false}]}'))
    assert.equal(1, #failed("set_domain_auto_renew", '{"data": [{"domainName": "a.com"}]}'))
  end)

  it("there is nothing to look at, has none", function()
    for _, text in ipairs{
      "{}", '{"data": null}', '{"data": "text"}', '{"data": 5}', '{"data": []}', '{"data": {}}',
      '{"data": [null, 1, "x"]}',
      '{"success": false}', '{"data": {"success": false}}', '{"data": {"unavailableDomains": "none"}}',
    } do
      for _, name in ipairs{"create_order", "update_mailboxes", "domain_renewal_prices"} do
        assert.is_nil(failed(name, text), name .. " " .. text)
      end
    end
  end)

  it("is to a request without a row, is looked at the same way", function()
    assert.equal(1, #partial(nil, {data = {{success = false}, {success = true}, {}}}))
    assert.same({"a.com"}, partial(nil, {data = {unavailableDomains = {"a.com"}}}))
  end)
end)

describe("cmr.info", function()
  local server, client

  before_each(function()
    server = mock.shared("http")
    client = support.new(server, {retries = 0})
  end)

  it("has them as partial", function()
    server:fault{body = {status = 200, message = "fetched", data = {
      {domainName = "acme.com", renewalPrice = "14.50"}, {domainName = "late.com", error = "outside its window"},
    }}, times = 2}
    local answer = assert(client:domain_renewal_prices{userId = mock.USER, domains = {"acme.com", "late.com"}})
    assert.same({answer.data[2]}, cmr.info(answer).partial)
    answer = assert(client:request("POST", "/anything"))
    assert.is_nil(cmr.info(answer).partial)
  end)

  it("has none where all went well, and of an error", function()
    assert.is_nil(cmr.info(assert(client:platforms(mock.USER))).partial)
    server:fault{status = 422, body = {status = 422, message = "no", data = {{success = false}}}}
    local _, _, err = client:platforms(mock.USER)
    assert.is_nil(cmr.info(err).partial)
    assert.equal(422, cmr.info(err).status)
  end)
end)
