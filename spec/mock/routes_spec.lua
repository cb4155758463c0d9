-- Answers of the mock to the curl program: the key, platforms, exports, re-exports, the rate limit, and bad requests.
local cjson = require "cjson"
local support = require "spec.support.mock"

local USER = support.USER
local MAILBOX = support.MAILBOX
local PLATFORMS = "/exports/platform-credentials?userId=" .. support.USER
local CREDENTIAL = "/exports/platform-credential?userId=" .. support.USER
local EXPORT = "/exports/platform-exports"
local REEXPORT = "/mailboxes/oauth"

describe("the mock's API", function()
  local server

  before_each(function() server = support.shared("http") end)

  it("refuses a missing and a wrong key", function()
    support.refused(401, "Invalid API Key", server:call("GET", PLATFORMS, {key = false}))
    local headers = {["cmr-x-api-key"] = "another"}
    support.refused(401, "Invalid API Key", server:call("GET", PLATFORMS, {key = false, headers = headers}))
    assert.equal(200, server:call("GET", PLATFORMS).status)
  end)

  it("does not know other paths or methods", function()
    support.refused(404, nil, server:call("GET", "/nowhere"))
    support.refused(404, nil, server:call("GET", (server.base_url:gsub("/api/.*", "/elsewhere"))))
    local reply = support.refused(405, nil, server:call("PUT", "/exports/platform-credentials"))
    assert.equal("GET", reply.headers.allow)
  end)

  it("answers with an envelope even if nginx itself refuses a request", function()
    local reply = support.refused(400, "nginx answered 400",
      server:call("GET", PLATFORMS, {lines = {"path-as-is", 'request-target = "/../x"'}}))
    assert.equal("everything", reply.headers["x-mock-assumed"])
    support.refused(405, nil, server:call("TRACE", "/"))
    support.refused(404, nil, server:call("GET", server.control_url .. "refused"))
  end)

  it("refuses a body that is no JSON object", function()
    support.refused(400, nil, server:call("POST", REEXPORT, {body = "{"}))
    support.refused(400, nil, server:call("POST", REEXPORT, {body = '["mailboxId"]'}))
  end)

  describe("platforms", function()
    it("answers as documented", function()
      local reply = server:call("GET", PLATFORMS)
      assert.same({
        status = 200,
        message = "Fetched connected accounts successfully",
        data = {EMAILBISON = {connected = true, credentials = {{
          credentialId = "A1B2C3D4E5F6G7H8",
          email = "john@agency.com",
          connectedAt = "2024-05-01T10:00:00.000Z",
          metadata = {appBaseUrl = "https://app.emailbison.com", appName = "EmailBison", workspace = "my-workspace"},
        }}}},
      }, reply.body)
      assert.equal("an app without credentials is left out", reply.headers["x-mock-assumed"])
    end)

    it("needs a known user", function()
      local reply = support.refused(422, "Please provide a userId", server:call("GET", "/exports/platform-credentials"))
      assert.equal("status 422", reply.headers["x-mock-assumed"])
      support.refused(422, "Please provide a userId", server:call("GET", "/exports/platform-credentials?userId="))
      local unknown = server:call("GET", "/exports/platform-credentials?userId=NOBODY")
      support.refused(404, "The requested user does not exist.", unknown)
    end)

    it("is an empty object for a user without any", function()
      server:add_user("NEW")
      local reply = server:call("GET", "/exports/platform-credentials?userId=NEW")
      assert.matches('"data":{}', reply.text, 1, true)
      assert.is_string(reply.headers["x-mock-assumed"])
    end)
  end)

  describe("add_platform and remove_platform", function()
    local body = {app = "SMARTLEAD", credentials = {email = "a@b.c", password = "right"}}

    it("add an entry with every call and remove one", function()
      server:advance(3600)
      local first = server:call("POST", CREDENTIAL, {body = body})
      assert.equal("Platform credentials added successfully", first.body.message)
      local second = server:call("POST", CREDENTIAL, {body = body})
      local id, kept = first.body.data.credentialId, second.body.data.credentialId
      assert.matches("^%w+$", id)
      assert.equal(16, #id)
      assert.are_not.equal(id, kept)

      local data = server:call("GET", PLATFORMS).body.data
      assert.is_true(data.EMAILBISON.connected)
      assert.equal(2, #data.SMARTLEAD.credentials)
      assert.equal("a@b.c", data.SMARTLEAD.credentials[1].email)
      assert.is_nil(data.SMARTLEAD.credentials[1].password)
      local connected = data.SMARTLEAD.credentials[1].connectedAt
      assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.000Z$", connected)
      assert.is_true(connected > os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + 3500), connected)

      local removed = server:call("DELETE", CREDENTIAL .. "&credentialId=" .. id)
      local message = "Platform credentials removed successfully"
      assert.same({status = 200, message = message, data = cjson.null}, removed.body)
      support.refused(404, nil, server:call("DELETE", CREDENTIAL .. "&credentialId=" .. id))
      data = server:call("GET", PLATFORMS).body.data
      assert.equal(1, #data.SMARTLEAD.credentials)
      assert.equal(kept, data.SMARTLEAD.credentials[1].credentialId)
    end)

    it("refuse credentials that are incomplete or fail the live check, and store nothing", function()
      for _, bad in ipairs{
        {credentials = body.credentials},
        {app = "SMARTLEAD"},
        {app = "SMARTLEAD", credentials = {email = "a@b.c"}},
        {app = "SMARTLEAD", credentials = {password = "right"}},
        {app = "SMARTLEAD", credentials = {email = "a@b.c", password = "wrong"}},
      } do
        support.refused(400, nil, server:call("POST", CREDENTIAL, {body = bad}))
      end
      support.refused(404, nil, server:call("POST", "/exports/platform-credential?userId=NOBODY", {body = body}))
      support.refused(400, nil, server:call("DELETE", CREDENTIAL))
      assert.is_nil(server:call("GET", PLATFORMS).body.data.SMARTLEAD)
    end)
  end)

  describe("export_mailboxes", function()
    local function export(ids, query, name)
      local body = {credentialId = "A1B2C3D4E5F6G7H8", [name or "mailboxIds"] = ids}
      return server:call("POST", EXPORT .. (query or "?userId=" .. USER), {body = body})
    end

    it("queues, under both names of the list, with and without the user", function()
      local reply = export{MAILBOX}
      assert.equal(200, reply.status)
      assert.matches("^ACT_%x+%-", reply.body.actionId)
      assert.is_string(reply.headers["x-mock-assumed"])
      assert.equal(200, export({MAILBOX}, nil, "componentMailboxIds").status)
      assert.equal(200, export({MAILBOX}, "").status)
    end)

    it("refuses mailboxes that are unknown, another user's or not active", function()
      server:add_user("OTHER")
      server:add_mailbox{mailboxId = "THEIRS", email = "x@y.z", userId = "OTHER"}
      server:add_mailbox{mailboxId = "YOUNG", email = "young@y.z", userId = USER, status = "PENDING"}
      support.refused(404, nil, export{MAILBOX, "NONE"})
      support.refused(403, nil, export{MAILBOX, "THEIRS"})
      support.refused(422, nil, export{MAILBOX, "YOUNG"})
      support.refused(404, nil, export({"THEIRS"}, "?userId=OTHER")) -- the credential is not OTHER's
      support.refused(400, nil, export{})
    end)
  end)

  describe("reexport", function()
    local function reexport(body, query)
      return server:call("POST", REEXPORT .. (query or ""), {body = body})
    end

    it("answers as documented, by id or address, with a new actionId each time", function()
      local first, second = reexport{mailboxId = MAILBOX}, reexport{email = "john@doe.com"}
      assert.equal("OAuth wil be performed performed shortly", first.body.message)
      assert.equal(cjson.null, first.body.data)
      local hex = "%x%x%x%x"
      assert.matches(("^ACT_%s%s%%-%s%%-4%%x%%x%%x%%-[89ab]%%x%%x%%x%%-%s%s%s$"):format(hex, hex, hex, hex, hex, hex),
        first.body.actionId)
      assert.equal(200, second.status)
      assert.are_not.equal(first.body.actionId, second.body.actionId)
    end)

    it("refuses a mailbox that it cannot find", function()
      support.refused(404, nil, reexport{mailboxId = "NONE"})
      support.refused(404, nil, reexport{email = "no@body"})
      support.refused(422, nil, reexport{google = {clientId = "x"}})
      support.refused(404, nil, reexport({mailboxId = MAILBOX}, "?userId=NOBODY"))
      server:add_user("OTHER")
      support.refused(403, nil, reexport({mailboxId = MAILBOX}, "?userId=OTHER"))
    end)

    it("allows three a week for each mailbox", function()
      for _ = 1, 3 do assert.equal(200, reexport{mailboxId = MAILBOX}.status) end
      local reply = support.refused(429, nil, reexport{email = "john@doe.com"})
      assert.matches("week", reply.body.message)
      assert.is_nil(reply.headers["retry-after"])
      server:add_mailbox{mailboxId = "OTHER", email = "x@y.z", userId = USER}
      assert.equal(200, reexport{mailboxId = "OTHER"}.status)

      server:advance(7 * 24 * 3600 - 60)
      assert.equal(429, reexport{mailboxId = MAILBOX}.status)
      server:advance(3600)
      assert.equal(200, reexport{mailboxId = MAILBOX}.status)
    end)
  end)

  it("limits the rate, and says how long to wait", function()
    server:reset{rate = 0.01, window = "sliding"} -- one request in 100 s
    assert.equal(200, server:call("GET", PLATFORMS).status)
    support.refused(401, nil, server:call("GET", PLATFORMS, {key = false})) -- this does not count for the key
    local reply = support.refused(429, "Rate limit exceeded", server:call("GET", PLATFORMS))
    local wait = tonumber(reply.headers["retry-after"])
    assert.is_true(wait > 50 and wait <= 100, reply.headers["retry-after"])
    assert.matches("Retry%-After", reply.headers["x-mock-assumed"])
    server:advance(wait)
    assert.equal(200, server:call("GET", PLATFORMS).status)
    assert.equal(429, server:call("GET", "/nowhere").status)
  end)
end)
