-- The sentences of the vendor's two pages with which the library began, in our words. For each sentence, the texts that
-- repeat it in cmr's documents.

local command = require "spec.support.command"
local documents = require "spec.support.documents"
local operations = require "cmr.operations"

local PLACES = {"help", "reference", "types", "the OpenAPI document", "the assistant's tool"}

-- What the page says, and the texts that each of PLACES must contain.
local SENTENCES = {
  platforms = {
    {"one answer has the state of all supported apps", "every app that the vendor supports"},
    {"the answer is for one user", "that a user has stored"},
    {"an app is connected when a credential is stored", "`connected` is true if at least one credential is stored"},
    {"credentials are stored by the call that adds one", "is stored with add_platform"},
    {"a platform may have several credentials", "A platform may have several credentials"},
    {"each call that adds a credential makes a new entry", "each call of add_platform adds one"},
    {"connected does not promise that a credential is still good",
      "`connected` does not say that the credential still works at the platform"},
    {"404: no such user", "404 if the user was not found"},
    {"422", "422 if the request cannot be processed"},
    {"userId is the user's id", "The user."},
  },
  add_platform = {
    {"each call adds an entry", "each call adds an entry"},
  },
  reexport = {
    {"it exports a mailbox once more, by OAuth", "Export an existing mailbox again over OAuth"},
    {"the mailbox exists already", "The mailbox must exist already"},
    {"it takes the OAuth settings of providers such as Microsoft and Google", "for mailboxes at Microsoft",
      "for mailboxes at Google"},
    {"the request names the mailbox by its id and its address", "text names both mailboxId and email"},
    {"or by one of them", "has the mailbox's id or address"},
    {"3 in a week for each mailbox", "at most 3 times per mailbox and week"},
    {"requests over the limit are refused", "The API refuses any further re-export"},
    {"whether they come by the API or from the dashboard", "from the API and from the dashboard together",
      "wherever it comes from"},
    {"the sample leaves the Microsoft route empty", "an empty microsoftOauthRoute"},
    {"the request is accepted and done soon", "Asynchronous"},
  },
}

-- Names and values of the samples, and the documents that show them.
local SAMPLES = {
  platforms = {
    reference = {"GET /exports/platform-credentials", "BVZGM5TE9BMP3PP0VWGW943RGV1B",
      "Fetched connected accounts successfully", '"EMAILBISON"', '"connected": true', "A1B2C3D4E5F6G7H8",
      "john@agency.com", "2024-05-01T10:00:00.000Z", "https://app.emailbison.com", '"appName": "EmailBison"',
      "my-workspace"},
    types = {"GET /exports/platform-credentials", "connected boolean", "credentials cmr.platforms.answer",
      "credentialId", "email", "connectedAt", "metadata", "appBaseUrl", "appName", "workspace"},
    help = {"GET /exports/platform-credentials: Get Connected Platforms",
      "cmr platforms BVZGM5TE9BMP3PP0VWGW943RGV1B"},
  },
  reexport = {
    reference = {"POST /mailboxes/oauth", "https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount",
      "549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com", "Outreach App",
      "39XXMZ1SQMMWWPN2GCRB0Q78KZAR", "OAuth wil be performed performed shortly", '"data": null',
      "ACT_7a078272-0fa7-4db4-a85b-c78697dacea1"},
    types = {"POST /mailboxes/oauth", "microsoftOauthRoute? string", "google? cmr.reexport.fields.google",
      "googleOauthRoute? string", "clientId? string", "appName? string", "mailboxId? string", "email? string"},
    help = {"POST /mailboxes/oauth: Re-export a mailbox (Oauth)", "microsoftOauthRoute", "google.googleOauthRoute",
      "google.clientId", "google.appName", "mailboxId", "email"},
  },
}

-- The vendor's sidebar. Each line has our name, the vendor's method and the title. "-": the sidebar shows no method.
local SIDEBAR = [[
  users GET Retrieve all users
  user GET Get User Details
  create_user POST Create User
  update_user PUT Update User Details
  delete_user DELETE Delete User
  countries GET Get Countries List
  states GET Get States of a Country
  domain_renewal_prices - Get domain renewal pricing
  renew_domains - Renew domain
  set_domain_auto_renew - Enable or disable domain auto-renew
  domains GET Get Domains For User
  suggest_domains POST Suggest Available Domains
  check_domain POST Get Single Available Domain
  check_workspace POST Check If Workspace Exists
  add_domain_forwarding POST Add domain forwarding
  add_email_forwarding POST Add email forwarding
  add_google_client_id POST Add Google Client ID to Domain
  remove_domains DELETE Remove domains
  dns_records GET Get dns records for a domain
  add_dns_records POST Adds dns record
  update_dns_record PUT Update dns records
  delete_dns_record DELETE Delete dns records
  order GET Get Order Details
  order_status GET Get Order Status
  create_order POST Creates order json
  order_mailboxes POST Order mailboxes (json)
  process_order POST Process the Order
  create_order_form POST Create Order
  add_subscription_mailboxes POST Add mailboxes to a subscription
  mailboxes - Get mailboxes for user
  mailbox - Get mailbox details by id
  mailbox_admin - Get Mailbox Admin Details
  update_mailboxes - Update mailbox details
  remove_mailbox - Remove mailbox
  recreate_subscriptions - Subscription Recreation
  subscriptions - Get All Subscriptions
  renew_subscriptions - Renew Subscriptions
  toggle_subscription_auto_renew - Toggle Auto renewal
  cancel_subscription - Cancel Subscription
  platforms GET Get Connected Platforms
  add_platform POST Add Platform Credentials
  remove_platform DELETE Remove Platform Credential
  export_mailboxes GET Export Mailboxes
  reexport POST Re-export a mailbox (Oauth)
  sandbox_prewarmed - [SANDBOX] - Get All Pre-Warmup Mailboxes
  sandbox_order_prewarmed - [SANDBOX] - Order Pre-Warmup Mailboxes
  sandbox_reset_prewarmed - [SANDBOX] - Reset Pre-Warmup Data
  prewarmed - Get All Pre-Warmup Mailboxes
  order_prewarmed - Order Pre-Warmup Mailboxes
  wallet GET Get Wallet Details
  send_error POST Send error
]]

local function has(text, part, name)
  if not text:find(part, 1, true) then error(("%s lacks %q"):format(name, part), 0) end
end

teardown(command.clean)

describe("the vendor's first two pages", function()
  for name, sentences in pairs(SENTENCES) do
    for _, place in ipairs(PLACES) do
      it(("are repeated for %s in %s"):format(name, place), function()
        local text = documents.places[place](operations[name])
        for _, sentence in ipairs(sentences) do
          for index = 2, #sentence do has(text, sentence[index], sentence[1]) end
        end
      end)
    end
  end

  it("have their samples in the documents", function()
    for name, places in pairs(SAMPLES) do
      for place, texts in pairs(places) do
        local text = documents.places[place](operations[name])
        for _, part in ipairs(texts) do has(text, part, name .. " in " .. place) end
      end
    end
    local content = documents.methods.platforms.responses["200"].content["application/json"]
    assert.equal("john@agency.com", content.examples.documented.value.data.EMAILBISON.credentials[1].email)
    local body = documents.methods.reexport.requestBody.content["application/json"].examples.documented.value
    assert.equal("", body.microsoftOauthRoute)
    assert.equal("Outreach App", body.google.appName)
    content = documents.methods.reexport.responses["200"].content["application/json"]
    assert.equal("OAuth wil be performed performed shortly", content.examples.documented.value.message)
  end)

  it("explain connected at the field itself, for editors and generated clients", function()
    local MEANING = "true if at least one credential is stored; it may no longer work."
    assert.matches("\n---@field connected boolean " .. MEANING .. "\n", documents.types, 1, true)
    local schema = documents.methods.platforms.responses["200"].content["application/json"].schema
    assert.equal(MEANING, schema.allOf[2].properties.data.additionalProperties.properties.connected.description)
  end)

  it("have their statuses in the OpenAPI document", function()
    local responses = documents.methods.platforms.responses
    has(responses["404"].description, "the user was not found", "404")
    has(responses["422"].description, "the request cannot be processed", "422")
    for _, status in ipairs{"404", "422"} do assert.equal("seed", responses[status]["x-source"]) end
  end)

  it("have their address and their key's header in the documents", function()
    local key = documents.openapi.components.securitySchemes.key
    assert.same({"apiKey", "header", "cmr-x-api-key"}, {key.type, key["in"], key.name})
    for _, part in ipairs{"https://customers.coldmailreseller.com/api/v1/integration", "`cmr-x-api-key`"} do
      has(documents.reference, part, "the reference")
    end
    has(documents.types, "cmr-x-api-key", "the types")
    local shown = command.run({"platforms", "BVZGM5TE9BMP3PP0VWGW943RGV1B", "--dry-run"},
      {env = {CMR_API_KEY = "any-key-of-8-bytes"}}).out
    for _, part in ipairs{"https://customers.coldmailreseller.com/api/v1/integration/exports/platform-credentials",
      "userId=BVZGM5TE9BMP3PP0VWGW943RGV1B", "cmr-x-api-key: "} do has(shown, part, "--dry-run") end
  end)

  it("list these operations, each under its title and with its method", function()
    local count = 0
    for name, method, title in SIDEBAR:gmatch("(%S+) (%S+) ([^\n]+)") do
      count = count + 1
      local row = assert(operations[name], name)
      assert.equal(title, row.title)
      for _, place in ipairs{"help", "reference"} do
        has(documents.places[place](row), title, name .. " in " .. place)
      end
      has(documents.types, "\n-- " .. title .. "\n", name .. " in the types")
      assert.equal(title, documents.methods[name].summary)
      if method ~= "-" and method ~= row.method then
        for _, place in ipairs(PLACES) do has(documents.places[place](row), "the sidebar says " .. method, name) end
      end
    end
    assert.equal(51, count)
  end)
end)
