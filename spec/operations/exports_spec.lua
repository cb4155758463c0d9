-- Exports: what each call sends.
local recorded = require "spec.support.recorded"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"
local MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR"
local CREDENTIAL = "A1B2C3D4E5F6G7H8"

describe("exports", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  it("have platforms", function()
    client:platforms(USER)
    client:platforms{userId = USER}
    api:sent(2, {"GET", "/exports/platform-credentials", query = {userId = USER}})
    api:raises("cmr.platforms: missing required argument 'userId'", function() client:platforms() end)
  end)

  it("get a platform", function()
    local fields = {
      app = "EMAILBISON",
      credentials = {email = "john@agency.com", password = "secret"},
      metadata = {appBaseUrl = "https://app.emailbison.com", clientId = "42", appName = "EmailBison",
        workspace = "my-workspace"},
    }
    client:add_platform(USER, fields)
    fields.userId = USER
    client:add_platform(fields)
    api:sent(2, {"POST", "/exports/platform-credential", query = {userId = USER}, body = [[
      {"app":"EMAILBISON","credentials":{"email":"john@agency.com","password":"secret"},
       "metadata":{"appBaseUrl":"https://app.emailbison.com","clientId":"42","appName":"EmailBison",
         "workspace":"my-workspace"}}]]})
    api:requires(fields, {"userId", "app", "credentials"}, function(rest) client:add_platform(rest) end)
    api:raises("missing required argument 'credentials.password'", function()
      client:add_platform(USER, {app = "EMAILBISON", credentials = {email = "john@agency.com"}})
    end)
    api:raises("missing required argument 'credentials.email'", function()
      client:add_platform(USER, {app = "EMAILBISON", credentials = {password = "secret"}})
    end)
  end)

  it("get platforms with other names, because not all names are documented", function()
    client:add_platform(USER, {app = "SMARTLEAD", credentials = {email = "a@b.c", password = "secret"}})
    api:sent(1, {"POST", "/exports/platform-credential", query = {userId = USER},
      body = '{"app":"SMARTLEAD","credentials":{"email":"a@b.c","password":"secret"}}'})
    client:add_platform(USER, {app = "OTHER", credentials = {email = "a@b.c", password = "secret"}, orgId = "org_1"})
    api:sent(1, {"POST", "/exports/platform-credential", query = {userId = USER},
      body = '{"app":"OTHER","credentials":{"email":"a@b.c","password":"secret"},"orgId":"org_1"}'})
  end)

  it("change a platform", function()
    client:update_platform{credentialId = CREDENTIAL, orgId = "<selected-org-id>"}
    api:sent(1, {"PUT", "/exports/platform-credential", query = {credentialId = CREDENTIAL},
      body = '{"orgId":"<selected-org-id>"}'})
    client:update_platform{userId = USER, credentialId = CREDENTIAL, orgId = "<selected-org-id>", other = "thing"}
    api:sent(1, {"PUT", "/exports/platform-credential", query = {userId = USER, credentialId = CREDENTIAL},
      body = '{"orgId":"<selected-org-id>","other":"thing"}'})
    api:raises("cmr.update_platform: missing required argument 'credentialId'", function()
      client:update_platform{userId = USER, orgId = "<selected-org-id>"}
    end)
    api:raises("bad field 'orgId' (string expected, got number", function()
      client:update_platform{credentialId = CREDENTIAL, orgId = 5}
    end)
    api:raises("cmr.update_platform: it takes names only", function() client:update_platform(USER, CREDENTIAL) end)
  end)

  it("remove a platform, with named arguments only", function()
    client:remove_platform{userId = USER, credentialId = CREDENTIAL}
    api:sent(1, {"DELETE", "/exports/platform-credential", query = {userId = USER, credentialId = CREDENTIAL}})
    local names_only = "cmr.remove_platform: it takes names only"
    api:raises(names_only, function() client:remove_platform(USER, CREDENTIAL) end)
    api:raises(names_only, function() client:remove_platform(USER, {credentialId = CREDENTIAL}) end)
    api:requires({userId = USER, credentialId = CREDENTIAL}, {"userId", "credentialId"},
      function(rest) client:remove_platform(rest) end)
  end)

  it("list a platform's workspaces", function()
    client:platform_workspaces(CREDENTIAL)
    client:platform_workspaces{credentialId = CREDENTIAL}
    api:sent(2, {"GET", "/exports/platform-workspaces", query = {credentialId = CREDENTIAL}})
    client:platform_workspaces(CREDENTIAL, {userId = USER})
    api:sent(1, {"GET", "/exports/platform-workspaces", query = {credentialId = CREDENTIAL, userId = USER}})
    api:raises("cmr.platform_workspaces: missing required argument 'credentialId'", function()
      client:platform_workspaces{userId = USER}
    end)
  end)

  describe("of mailboxes", function()
    local path = "/exports/platform-exports"

    it("are queued, under either name of the list", function()
      client:export_mailboxes(USER, {credentialId = CREDENTIAL, componentMailboxIds = {MAILBOX, "OTHER"}})
      client:export_mailboxes{userId = USER, credentialId = CREDENTIAL, componentMailboxIds = {MAILBOX, "OTHER"}}
      api:sent(2, {"POST", path, query = {userId = USER}, body = [[
        {"credentialId":"A1B2C3D4E5F6G7H8","componentMailboxIds":["39XXMZ1SQMMWWPN2GCRB0Q78KZAR","OTHER"]}]]})
      client:export_mailboxes(USER, {credentialId = CREDENTIAL, mailboxIds = {MAILBOX}})
      api:sent(1, {"POST", path, query = {userId = USER},
        body = '{"credentialId":"A1B2C3D4E5F6G7H8","mailboxIds":["39XXMZ1SQMMWWPN2GCRB0Q78KZAR"]}'})
    end)

    it("are queued without a user, whose place is not documented", function()
      client:export_mailboxes{credentialId = CREDENTIAL, mailboxIds = {MAILBOX}}
      api:sent(1, {"POST", path, body =
        '{"credentialId":"A1B2C3D4E5F6G7H8","mailboxIds":["39XXMZ1SQMMWWPN2GCRB0Q78KZAR"]}'})
    end)

    it("need exactly one of the two lists", function()
      api:raises("missing required argument: 'componentMailboxIds' or 'mailboxIds'", function()
        client:export_mailboxes(USER, {credentialId = CREDENTIAL})
      end)
      api:raises("only one of 'componentMailboxIds' or 'mailboxIds' can be given", function()
        client:export_mailboxes(USER, {credentialId = CREDENTIAL, componentMailboxIds = {MAILBOX},
          mailboxIds = {MAILBOX}})
      end)
      api:refuses("'mailboxIds' is empty", function()
        return client:export_mailboxes(USER, {credentialId = CREDENTIAL, mailboxIds = {}})
      end)
      api:raises("missing required argument 'credentialId'", function()
        client:export_mailboxes(USER, {mailboxIds = {MAILBOX}})
      end)
    end)
  end)

  describe("of one mailbox again", function()
    local google = {
      googleOauthRoute = "https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline...",
      clientId = "549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com",
      appName = "Outreach App",
    }

    it("are sent as in the vendor's sample", function()
      client:reexport{microsoftOauthRoute = "", google = google, mailboxId = MAILBOX, email = "john@doe.com"}
      api:sent(1, {"POST", "/mailboxes/oauth", body = [[
        {
           "microsoftOauthRoute": "",
            "google": {
                "googleOauthRoute":
                  "https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline...",
                "clientId": "549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com",
                "appName": "Outreach App"
            },
            "mailboxId": "39XXMZ1SQMMWWPN2GCRB0Q78KZAR",
            "email": "john@doe.com"
        }]]})
    end)

    it("name the mailbox by id or by address, with or without a user", function()
      client:reexport{userId = USER, mailboxId = MAILBOX}
      api:sent(1, {"POST", "/mailboxes/oauth", query = {userId = USER},
        body = '{"mailboxId":"39XXMZ1SQMMWWPN2GCRB0Q78KZAR"}'})
      client:reexport{email = "john@doe.com", microsoftOauthRoute = "https://login.microsoftonline.com/x"}
      api:sent(1, {"POST", "/mailboxes/oauth",
        body = '{"email":"john@doe.com","microsoftOauthRoute":"https://login.microsoftonline.com/x"}'})
    end)

    it("need a mailbox, as a named argument", function()
      api:raises("missing required argument: 'mailboxId' or 'email'", function() client:reexport{google = google} end)
      api:raises("cmr.reexport: it takes names only", function() client:reexport(MAILBOX) end)
      -- The route is at the top level: cmr follows the API page, not the help centre.
      api:raises("bad field 'microsoft'", function()
        client:reexport{mailboxId = MAILBOX, microsoft = {microsoftOauthRoute = ""}}
      end)
    end)
  end)
end)
