-- A partner's day, with public functions only: from a new user to a cancelled subscription.
local cmr = require "cmr"
local mock = require "spec.support.mock"

local SAMPLE = {
  languagePreference = "en", email = "johndoe@company.com", company = "TechCorp Inc.", firstName = "John",
  lastName = "Doe", country = "US", city = "New York", addressLineOne = "123 Main Street", postalCode = "10001",
  state = "New York", phoneCc = "1", phone = "2125551234",
}
local NAMES = {"outreach-one.com", "outreach-two.com", "outreach-three.com", "outreach-four.com"}
local POLL = 5 -- seconds between two requests for an order's status

describe("a walk through the API", function()
  it("creates a user, orders, lists, connects, exports and cancels", function()
    local server = mock.shared("http")
    local client = cmr.new{api_key = server.key, base_url = server.base_url, rate = false, retries = 0}

    -- Creates a user, and makes its domains available.
    local user = assert(client:create_user(SAMPLE)).data.id
    assert.equal("TechCorp Inc.", assert(client:user(user)).data.company)
    for _, name in ipairs(NAMES) do
      assert.is_nil(assert(client:check_workspace{domainName = name, serviceProvider = "GOOGLE"}).data)
    end

    -- Orders four domains with two mailboxes each, and one domain that is not available.
    local domains, boxes = {{domain = "doe.com", years = 1}}, {}
    for _, name in ipairs(NAMES) do
      table.insert(domains, {domain = name, years = 1})
      boxes[name] = {
        {username = "jane", firstName = "Jane", lastName = "Roe"},
        {username = "jim", firstName = "Jim", lastName = "Roe", onWarmup = true},
      }
    end
    local ordered = assert(client:create_order(user, {domains = domains, mailboxes = boxes, confirm = true,
      billingCycle = "MONTHLY", serviceProvider = "GOOGLE", autoRenew = true}))
    assert.same({"doe.com"}, ordered.data.unavailableDomains)
    assert.same({"doe.com"}, cmr.info(ordered).partial)
    assert.matches("^ACT_", ordered.actionId)

    -- Waits until the order is done: 10 to 90 s, as documented.
    local waited = 0
    while assert(client:order_status{orderId = ordered.data.orderId}).data.status == "PENDING" do
      server:advance(POLL)
      waited = waited + POLL
      assert.is_true(waited <= 90)
    end
    assert.is_true(waited >= 10)
    assert.equal("COMPLETED", assert(client:order_status{orderId = ordered.data.orderId}).data.status)
    assert.equal("GOOGLE", assert(client:check_workspace{domainName = NAMES[1]}).data.serviceProvider)

    -- Lists five subscriptions on three pages. One is another user's, and was there before.
    local before, mine = #server:requests(), {}
    for item, why in client:each("subscriptions", {limit = 2}) do
      assert(item, why)
      assert.equal("ACTIVE", item.subscriptionStatus)
      if item.userId == user then table.insert(mine, item.domain) end
    end
    assert.same(NAMES, mine)
    local pages = {}
    for index, request in ipairs(server:requests()) do
      if index > before then table.insert(pages, request.operation .. " " .. request.query.page) end
    end
    assert.same({"subscriptions 1", "subscriptions 2", "subscriptions 3"}, pages)

    -- The answer of this list is not documented, so the call says where its items are.
    local mailboxes = {}
    for item, why in client:each({"mailboxes", items = "data.mailboxes"}, user, {limit = 3}) do
      assert(item, why)
      assert.equal("ACTIVE", item.status)
      table.insert(mailboxes, item.mailboxId)
    end
    assert.equal(8, #mailboxes)

    -- Adds records for SPF and DMARC, which the vendor does not make.
    assert(client:add_dns_records(user, {domain = NAMES[1], records = {
      {host = "@", value = "v=spf1 include:_spf.google.com ~all", recordType = "TXT"},
      {host = "_dmarc", value = "v=DMARC1; p=none", recordType = "TXT", excludedDMARCtags = {"sp"}},
    }}))
    local records = assert(client:dns_records(user, NAMES[1])).data.records
    assert.same({"@", "_dmarc"}, {records[1].host, records[2].host})

    -- Connects EmailBison, and exports the mailboxes to it.
    local credential = assert(client:add_platform(user, {app = "EMAILBISON",
      credentials = {email = "john@agency.com", password = "secret"},
      metadata = {appBaseUrl = "https://app.emailbison.com", workspace = "my-workspace"}})).data.credentialId
    local bison = assert(client:platforms(user)).data.EMAILBISON
    assert.is_true(bison.connected)
    assert.equal(credential, bison.credentials[1].credentialId)
    assert(client:export_mailboxes(user, {credentialId = credential, mailboxIds = mailboxes}))

    -- Exports one of them again, as often as the API allows in a week.
    for _ = 1, 3 do
      assert.matches("^ACT_", assert(client:reexport{mailboxId = mailboxes[1], google = {clientId = "1"}}).actionId)
    end
    local again, _, err = client:reexport{mailboxId = mailboxes[1], google = {clientId = "1"}}
    assert.is_nil(again)
    assert.equal("quota_exceeded", err.kind)

    -- Cancels the subscriptions. The workspaces are gone at once. The user cannot be deleted, because it has domains.
    for _, name in ipairs(NAMES) do assert(client:cancel_subscription{domain = name}) end
    assert.is_nil(assert(client:check_workspace{domainName = NAMES[1]}).data)
    assert.equal(0, assert(client:mailboxes(user)).data.pagination.totalSearchedCount)
    local gone, why = client:delete_user{userId = user}
    assert.is_nil(gone)
    assert.matches("domains", why)
    client:close()
  end)
end)
