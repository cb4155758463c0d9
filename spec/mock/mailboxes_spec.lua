-- Mailboxes: lists, details, changes, removal.
local api_of = require "spec.support.mock_api"

local USER, MAILBOX = api_of.USER, api_of.MAILBOX
local UPDATE, REMOVE = "PATCH /mailboxes/update-mailbox-details", "DELETE /mailboxes/remove"

describe("the mock's mailboxes", function()
  local api

  local function look(id)
    return api:yes("GET /mailboxes/mailbox", {mailboxId = id or MAILBOX})
  end

  before_each(function()
    api = api_of.new()
    api:seed("users", {userId = "OTHER"})
    api:seed("mailboxes", {mailboxId = "THEIRS", email = "a@theirs.com", userId = "OTHER"})
  end)

  it("are listed, for a user or for all users", function()
    local function ids(what, query)
      local data, reply = api:yes(what, query)
      api_of.assumed("data", reply)
      local list = {}
      for index, item in ipairs(data.mailboxes) do list[index] = item.mailboxId end
      assert.equal(#list, data.pagination.totalSearchedCount)
      return list
    end
    assert.same({MAILBOX}, ids("GET /mailboxes/single", {userId = USER}))
    assert.same({"THEIRS"}, ids("GET /mailboxes/single", {userId = "OTHER"}))
    assert.same({MAILBOX, "THEIRS"}, ids("GET /mailboxes"))
    assert.same({"THEIRS"}, ids("GET /mailboxes", {userId = "OTHER"}))
    api:no(404, "user", "GET /mailboxes/single", {userId = "NOBODY"})
    api:no(422, "Please provide a userId", "GET /mailboxes/single")
    api:no(422, "Please provide a userId", "GET /mailboxes", {userId = ""})
    assert.same({}, api:yes("GET /mailboxes", {page = 2}).mailboxes)
    assert.equal("THEIRS", api:yes("GET /mailboxes", {page = 2, limit = 1}).mailboxes[1].mailboxId)
  end)

  it("have details", function()
    assert.same({mailboxId = MAILBOX, email = "john@doe.com", firstName = "John", lastName = "Doe",
      profilePicture = api_of.null, status = "ACTIVE", domain = "doe.com",
      subscriptionId = "1BNTZJG2Q041JWGS3NY9E1BZ9APA", serviceProvider = "GOOGLE", warmupStatus = api_of.null}, look())
    api:no(404, "mailbox", "GET /mailboxes/mailbox", {mailboxId = "NONE"})
    api:no(400, "Please provide 'mailboxId'", "GET /mailboxes/mailbox")
  end)

  it("have an administrator, whom only their owner sees", function()
    local data = api:yes("GET /mailboxes/admin-mailbox-details", {userId = USER, mailboxId = MAILBOX})
    assert.equal("admin@doe.com", data.email)
    assert.is_string(data.password)
    api:no(403, "does not belong", "GET /mailboxes/admin-mailbox-details", {userId = USER, mailboxId = "THEIRS"})
    api:no(404, "mailbox", "GET /mailboxes/admin-mailbox-details", {userId = USER, mailboxId = "NONE"})
  end)

  describe("are changed", function()
    it("one at a time, a little later", function()
      local _, reply = api:yes(UPDATE, {userId = USER}, {mailboxData = {mailboxId = MAILBOX, userName = "johnny",
        lastName = "Dough", profilePicture = "https://a.b/c.jpg"}})
      assert.equal("Mailbox details will update shortly", reply.body.message)
      assert.is_nil(reply.body.data)
      assert.matches("^ACT_", reply.body.actionId)
      api_of.assumed(false, reply)
      assert.equal("john@doe.com", look().email)
      api:advance(11)
      assert.equal("johnny@doe.com", look().email)
      assert.equal("Dough", look().lastName)
      assert.equal("John", look().firstName)
      assert.equal("https://a.b/c.jpg", look().profilePicture)
      api:yes(UPDATE, {userId = USER}, {mailboxData = {mailboxId = MAILBOX, removeProfilePicture = true}})
      api:advance(11)
      assert.equal(api_of.null, look().profilePicture)
    end)

    it("several at once, of which some may fail", function()
      local data, reply = api:yes(UPDATE, {userId = USER}, {mailboxData = {
        {mailboxId = "THEIRS", firstName = "X"}, {mailboxId = MAILBOX, firstName = "Jack"}, {mailboxId = "NONE"}}})
      assert.equal(3, #data)
      assert.same({"THEIRS", false, MAILBOX, true, "NONE", false}, {data[1].mailboxId, data[1].success,
        data[2].mailboxId, data[2].success, data[3].mailboxId, data[3].success})
      assert.matches("belong", data[1].message)
      assert.matches("not exist", data[3].message)
      assert.equal("Mailbox details will update shortly", reply.body.message)
      api:advance(11)
      assert.equal("Jack", look().firstName)
      assert.equal("John", look("THEIRS").firstName)
    end)

    it("but not another user's, and not to an address that exists", function()
      local function refused(status, item)
        api:no(status, "", UPDATE, {userId = USER}, {mailboxData = item})
      end
      refused(403, {mailboxId = "THEIRS", firstName = "X"})
      refused(404, {mailboxId = "NONE", firstName = "X"})
      api:seed("mailboxes", {mailboxId = "M2", email = "jane@doe.com", userId = USER})
      refused(409, {mailboxId = MAILBOX, userName = "jane"})
      refused(400, {firstName = "X"})
      refused(400, {{firstName = "X"}})
      refused(400, {mailboxId = MAILBOX, removeProfilePicture = "yes"})
      api:no(400, "Please provide 'mailboxData'", UPDATE, {userId = USER}, {})
      api:yes(UPDATE, {userId = USER}, {mailboxData = {mailboxId = MAILBOX, userName = "john"}}) -- the name that it has
    end)
  end)

  describe("are removed", function()
    it("a little later", function()
      api:seed("mailboxes", {mailboxId = "M2", email = "jane@doe.com", userId = USER})
      local _, reply = api:yes(REMOVE, {userId = USER}, {mailboxId = "M2"})
      assert.same({status = 200, message = "Mailbox will be removed shortly"}, reply.body)
      assert.equal("jane@doe.com", look("M2").email)
      api:yes(REMOVE, {userId = USER}, {mailboxId = "M2"})
      api:advance(11)
      api:no(404, "mailbox", "GET /mailboxes/mailbox", {mailboxId = "M2"})
      api:no(404, "mailbox", REMOVE, {userId = USER}, {mailboxId = "M2"})
      local subscription = api:yes("GET /subscriptions", {domain = "doe.com"}).subscriptions[1]
      assert.equal("ACTIVE", subscription.subscriptionStatus)
      assert.equal(1, subscription.totalMailboxQuantity)
    end)

    it("and the last one takes the subscription and the workspace with it", function()
      api:yes(REMOVE, {userId = USER}, {mailboxId = MAILBOX})
      api:advance(11)
      local subscription = api:yes("GET /subscriptions", {domain = "doe.com"}).subscriptions[1]
      assert.equal("CANCELLED", subscription.subscriptionStatus)
      assert.equal(api_of.null, api:yes("POST /domains/has-workspace", nil, {domainName = "doe.com"}))
      assert.equal(1, #api:yes("GET /domains/by-user", {userId = USER}).domains)
    end)

    it("not on the last day of the subscription", function()
      api:advance(29 * 24 * 3600 + 60)
      api_of.assumed("status 422", api:no(422, "24 hours", REMOVE, {userId = USER}, {mailboxId = MAILBOX}))
      api:advance(24 * 3600) -- the subscription has renewed itself
      api:yes(REMOVE, {userId = USER}, {mailboxId = MAILBOX})
    end)

    it("only by their owner", function()
      api:no(403, "does not belong", REMOVE, {userId = USER}, {mailboxId = "THEIRS"})
      api:no(404, "mailbox", REMOVE, {userId = USER}, {mailboxId = "NONE"})
      api:no(400, "Please provide 'mailboxId'", REMOVE, {userId = USER})
      api:no(422, "Please provide a userId", REMOVE, nil, {mailboxId = MAILBOX})
    end)
  end)

  it("are validated", function()
    api:seed("mailboxes", {mailboxId = "YOUNG", email = "young@doe.com", userId = USER, status = "IN_PROGRESS"})
    local function valid(id)
      local data, reply = api:yes("POST /mailboxes/validate-mailbox", {userId = USER}, {mailboxId = id})
      api_of.assumed("body's names", reply)
      assert.equal(id, data.mailboxId)
      return data.smtp
    end
    assert.is_true(valid(MAILBOX))
    assert.is_false(valid("YOUNG"))
    api:no(403, "does not belong", "POST /mailboxes/validate-mailbox", {userId = USER}, {mailboxId = "THEIRS"})
    api:no(400, "mailboxId", "POST /mailboxes/validate-mailbox", {userId = USER}, {mailbox = MAILBOX})
  end)
end)
