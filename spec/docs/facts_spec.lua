-- What the vendor's documents say, and where cmr must tell it. Each fact is a piece of text that its operation's row
-- must have, and that help, reference, types and the OpenAPI document must show. The facts are this spec's own list:
-- one that leaves the row, or one of these places, fails here.

local command = require "spec.support.command"
local documents = require "spec.support.documents"
local events = require "cmr.webhook.events"
local help = require "cmr.cli.help"
local operations = require "cmr.operations"

-- By operation: its facts, of which a line break in a document may be anywhere.
local FACTS = {
  users = {"a search parameter without its name", "rule for lists"},
  user = {"profile and billing"},
  create_user = {"data.id is the new id", "letters of any script, digits, spaces and . , ' # & ( ) / -", "&#39;",
    "All fields but email", "ISO 3166-1 alpha-2", "The dialling code, without +",
    "its name, the help centre its code"},
  update_user = {"letters of any script", "Send all fields", "the help centre requires all"},
  delete_user = {"mailboxCount and domainCount", "err.body", "no domains and no mailboxes", "for good",
    "billing records, the wallet balance, workspaces and orders", "is undocumented"},
  countries = {"to its ISO 3166-1 alpha-2 code"},
  states = {"the name of each state to its code", "a validation error"},
  domains = {"For an unknown user the list is empty", "PENDING (it is registered)",
    "GRACE_PERIOD (7 days, can be renewed)",
    "EXPIRED (cannot be renewed by the API)", "TRANSFERRED", "INACTIVE", "More values may come",
    "purchase type, provider, automatic renewal",
    "its path is undocumented"},
  check_domain = {"Prices differ between top-level domains"},
  check_workspace = {"data is null if it has none", "15 s for each domain", "a timeout as a failure",
    "checked by itself", "no workspace was found", "is not a clean result", "undocumented"},
  add_domain_forwarding = {"dns-record.updated confirms"},
  add_email_forwarding = {"catch-all", "must be ACTIVE", "dns-record.updated reports a change"},
  add_google_client_id = {"checks the client id first, then queues"},
  remove_domains = {"refuses while they have mailboxes", "24 hours"},
  domain_renewal_prices = {"45 days before its expiry", "7 days of grace", "is a string", "an error inside data",
    "1 by default"},
  renew_domains = {"45 days before its expiry", "7 days of grace", "Renewals by hand and automatic ones may be mixed",
    "renewed apart from their domains", "The wallet must cover"},
  set_domain_auto_renew = {"Automatic renewal is off for a new domain", "switched off at any time", "45 days",
    "Renewals by hand and automatic ones may be mixed"},
  dns_records = {"data.disabledRecords", "one of the user's"},
  add_dns_records = {"no SPF, DKIM or DMARC", "recordId", "only for TXT at _dmarc", "The priority of an MX record",
    "one of the user's", "dns-record.updated reports a change"},
  update_dns_record = {"All writable fields are replaced", "one of the user's", "only for TXT at _dmarc",
    "dns-record.updated reports a change"},
  delete_dns_record = {"if a body or the domain is needed", "one of the user's", "dns-record.updated reports a change"},
  set_nameservers = {"48 hours", "one of the user's", "The list must be complete"},
  order_status = {"10 to 90 seconds", "supplement the webhooks", "Partial Refund", "which is not the API"},
  create_order = {"under the name of the domain and never its id", "no field for their number",
    "Mailboxes at Microsoft need microsoftOauthRoute", "each member of google is optional",
    "confirm is optional on the vendor's pages", "a rule of cmr", "after the domain was charged",
    "GOOGLE, is from the page of create_order_form", "data.unavailableDomains", "3 USD", "5 USD", "12 months",
    "covered by the wallet", "MONTHLY is the only one", "but not the domain"},
  order_mailboxes = {"3 USD", "no order is created", "confirm is optional on the vendor's pages",
    "under the name of the domain",
    "An active subscription", "A domain with a cancelled subscription"},
  create_order_form = {"under the name of the domain", "The page of create_order says more",
    "each member of google is optional", "confirm is optional on the vendor's pages", "3 USD", "username@domain",
    "hides the address", "GOOGLE by default", "renews the mailboxes automatically"},
  add_subscription_mailboxes = {"at Google only", "google.clientId a number",
    "confirm is optional on the vendor's pages",
    "recommends order_mailboxes",
    "Deprecated", "under the name of the domain", "3 USD"},
  process_order = {"confirm = false", "It charges the wallet"},
  mailboxes = {"IN_PROGRESS, then CREATING_PASSWORD, then ACTIVE", "EXPIRED after its subscription lapsed",
    "a single user",
    "More values may come"},
  all_mailboxes = {"IN_PROGRESS", "all users of the partner"},
  mailbox = {"IN_PROGRESS", "the status of its warmup"},
  update_mailboxes = {"userName here and username in orders", "password reset without a field", "inside a success"},
  remove_mailbox = {"24 hours before the subscription ends", "the whole workspace is deleted", "freed slot",
    "never be used again", "seems to call it deprecated"},
  validate_mailbox = {"SMTP and DNS before an export"},
  start_warmup = {"x the days that are left / 30", "PENDING (for minutes)", "a new prorated charge", "must be ACTIVE"},
  toggle_warmup = {"is paused is billed on", "set_warmup_status sets a state by name", "STOPPED"},
  set_warmup_status = {"is paused is billed on", "PAUSED or STOPPED"},
  stop_warmup = {"PAUSED or STOPPED", "Nothing is refunded", "a pause sends none", "charged again"},
  set_warmup_settings = {"Units and bounds are not documented"},
  subscriptions = {"ACTIVE, RENEWING, PAST_DUE, CANCELLED (for good) or EXPIRED", "PAST_DUE lasts 7 days",
    "50 by default",
    "the charge is tried again", "stops at totalPages", "Its pricePerMailbox, 8", "3 USD"},
  renew_subscriptions = {"RENEWING, PAST_DUE, CANCELLED", "leaves the subscription PAST_DUE for 7 days",
    "does not renew its domain", "5 USD",
    "must cover the renewal"},
  toggle_subscription_auto_renew = {"The current period goes on", "tried again only while automatic renewal is on"},
  cancel_subscription = {"at once", "24 hours before the subscription expires", "Nothing is refunded", "for good"},
  recreate_subscriptions = {"All mailboxes are preserved", "expired for a few minutes", "contents and history lost",
    "older than a year",
    "a new subscriptionId", "nothing is charged", "/subscriptions/recreate", "OAuth routes and automatic renewal"},
  platforms = {"connected is true if at least one credential is stored",
    "does not say that the credential still works",
    "A platform may have several credentials", "for each app", "every app that the vendor supports",
    "does not say if an app without credentials is listed"},
  add_platform = {"apps ReachInbox and Instantly", "tries the credentials", "stores none that fail",
    "each call adds an entry",
    "EmailBison needs all of metadata", "ReachInbox and Smartlead need the credentials only",
    "refuses free and expired accounts", "Instantly takes three steps", "platform_workspaces", "Instantly only"},
  update_platform = {"keeps its id", "update_platform with the chosen orgId"},
  remove_platform = {"not in its table"},
  platform_workspaces = {"Instantly only", "Instantly takes three steps"},
  export_mailboxes = {"mailboxes that are ACTIVE", "while its export is running", "without an orgId is refused",
    "Completed", "the sidebar says GET", "the help centre uses this name"},
  reexport = {"existing mailbox", "Its id or its address names it", "3 times per mailbox and week",
    "fills google and leaves microsoftOauthRoute empty",
    "from the API and from the dashboard together", "refuses more, wherever they come from",
    "google for Google, microsoftOauthRoute for Microsoft"},
  prewarmed = {"with their prices"},
  order_prewarmed = {"Google mailboxes need the whole google object", "Microsoft mailboxes need microsoftOauthRoute",
    "One order can send both webhooks",
    "not in the pool"},
  sandbox_prewarmed = {"sandbox.nexora-tech.com and mail-sandbox.brightplathlabs.com",
    "sandbox-mail.corevista.io and sandbox.stratospherehq.com", "cmr-x-sandbox-api-key"},
  sandbox_order_prewarmed = {"leaves the wallet alone", "nothing waits for DNS",
    "full_failure sends prewarmup.order.failed",
    "partial_failure sends both", "sandbox.nexora-tech.com", "cmr-x-sandbox-api-key", "a scenario for each operation"},
  sandbox_reset_prewarmed = {"all of them at once", "cmr-x-sandbox-api-key"},
  wallet = {"one wallet for all users"},
  create_placement_test = {"ACTIVE and have SMTP credentials", "PENDING until it is done", "extra charge"},
  placement_reports = {"orderId, status, spamassassin, blacklist, mailboxCount, aiInsightRequested",
    "placementOrderId, fromEmail, status and report", "inboxTest with google and microsoft365", "newest first",
    "PENDING until the test is done"},
}

-- The statuses that an operation's own page documents, with the page.
local STATUSES = {
  platforms = {"The API page documents the status 404: the user was not found; 422: the request cannot be processed."},
  add_platform = {"The API page documents the status 400: the platform refused the credentials."},
  add_dns_records = {"The help centre documents the status 400: excludedDMARCtags"},
  update_dns_record = {"The help centre documents the status 400: excludedDMARCtags"},
  update_mailboxes = {"The help centre documents the status 400:", "; 401:", "; 404:", "; 422:",
    "; 429: the rate limit."},
  export_mailboxes = {"The API page documents the status 400:", "; 401: the key or userId", "; 403:", "; 404:",
    "; 500:",
    "may be sent again"},
  reexport = {"The help centre documents the status 400:", "; 401:", "; 403:", "; 404:", "; 500:",
    "may be sent again"},
  create_placement_test = {"The help centre documents the status 400: a mailbox is unfit; the message names it",
    "; 401:",
    "; 402:", "; 404:"},
}

-- The webhooks that report how an operation ended.
local EVENTS = {
  add_domain_forwarding = {"dns-record.updated"},
  renew_domains = {"domain.renewal.success", "domain.renewal.failed"},
  create_order = {"mailbox.created", "domain.order.success", "domain.order.failed", "mailbox.order.failed"},
  order_mailboxes = {"mailbox.created", "mailbox.order.failed"},
  process_order = {"mailbox.created", "domain.order.success", "domain.order.failed", "mailbox.order.failed"},
  create_order_form = {"mailbox.created", "domain.order.success", "domain.order.failed", "mailbox.order.failed"},
  add_subscription_mailboxes = {"mailbox.created", "mailbox.order.failed"},
  update_mailboxes = {"mailbox.updated"},
  start_warmup = {"mailbox.warmup.started"},
  stop_warmup = {"mailbox.warmup.removed"},
  renew_subscriptions = {"subscription.renewal.success", "subscription.renewal.failed"},
  cancel_subscription = {"subscription.cancelled"},
  export_mailboxes = {"mailbox.exported"},
  reexport = {"mailbox.exported"},
  order_prewarmed = {"prewarmup.order.success", "prewarmup.order.failed"},
  sandbox_order_prewarmed = {"prewarmup.order.success", "prewarmup.order.failed"},
}

-- Facts of no single operation: by document.
local ELSEWHERE = {
  ["docs/reference.md"] = {"cmr-x-signature", "cmr-x-timestamp", "HMAC-SHA256", "5 minutes", "coldmail-reseller-mcp",
    "CMR_API_KEY", "Please provide a userId", "The requested user does not exist.", "cmr-x-sandbox-api-key",
    "5 requests per second", "at most 100",
    "no idempotency key", "10 to 90 seconds", "within 60 seconds", "first delivery or a first repetition",
    "Prices and quantities are numbers", "ISO 8601", "a list of `{domain, status}`", "`subscription.*` show none",
    "`data.actionId` or `data.orderId`", "Invalid API Key", "whose unit is undocumented",
    "Webhooks do not count", "Ids are opaque", "ISO 8601 in UTC", "`renewalPrice` is a string", "others may come",
    "no data moves between them", "A header chooses what the sandbox simulates",
    "webhook destinations of its own", "past due", "a workspace conflict", "Without the header",
    "the other repeats a webhook", "npx -y coldmail-reseller-mcp", "up to about 30 s",
    "can be repeated in the dashboard",
    "public and HTTPS", "`workspaceType` has the values of `serviceProvider`", "then `mailbox.created` for each"},
  ["docs/guides/webhooks-in-nginx.md"] = {"another attempt follows immediately"},
  ["docs/tour.md"] = {"not that they still work there"},
  ["docs/library.md"] = {"in place of the system's"},
  ["docs/operations.md"] = {"in place of the system's"},
}

-- Sentences that were wrong, or that say more than the documents.
local WRONG = {
  ["docs/library.md"] = {"`ca_file` adds certificates", "EMAILBISON.connected"},
  ["docs/command.md"] = {"EMAILBISON.connected"},
  ["docs/cmr.1"] = {"EMAILBISON.connected"},
  ["README.md"] = {"EMAILBISON.connected"},
  ["examples/platforms.lua"] = {'"connected"', "not connected"},
  ["docs/maintainers/openapi.json"] = {"Any other answer: it is delivered again"},
  ["docs/reference.md"] = {"the page names no query parameters, so"},
  ["lua/cmr/webhook/events.lua"] = {"it is assumed that money"},
  ["lua/cmr/webhook/verify.lua"] = {"Absent from the samples of warmup events"},
}

local flat, places, read, reference = documents.flat, documents.places, documents.read, documents.reference

local function has(text, fact, name)
  if not text:find(fact, 1, true) then error(("%s lacks %q"):format(name, fact), 0) end
end

teardown(command.clean)

describe("the documents' facts", function()
  for place, text_of in pairs(places) do
    it("are in " .. place, function()
      for _, list in ipairs{FACTS, STATUSES, EVENTS} do
        for name, facts in pairs(list) do
          local text = text_of(assert(operations[name], name))
          for _, fact in ipairs(facts) do has(text, fact, name) end
        end
      end
    end)
  end

  it("are the row's own: it has no note and no status that this list does not know", function()
    local function is_known(name, text)
      for _, list in ipairs{FACTS, STATUSES} do
        for _, fact in ipairs(list[name] or {}) do
          if text:find(fact, 1, true) then return true end
        end
      end
    end
    for _, row in ipairs(operations) do
      for _, sentence in ipairs(help.notes(row)) do
        assert.is_true(is_known(row.name, sentence), row.name .. ": " .. sentence)
      end
      assert.equal(row.success_events ~= nil, EVENTS[row.name] ~= nil, row.name)
      assert.equal(row.statuses[1] ~= nil, STATUSES[row.name] ~= nil, row.name)
    end
  end)

  it("of no single operation are in the pages", function()
    for path, facts in pairs(ELSEWHERE) do
      local text = flat(read(path))
      for _, fact in ipairs(facts) do has(text, fact, path) end
    end
  end)

  it("of a webhook's signature are in every document that speaks of webhooks", function()
    local count = 0
    for path in command.sh("find *.md bench docs examples types -type f"):gmatch("[^\n]+") do
      local text = read(path)
      if text:lower():find("%f[%w]webhooks?%f[^%w]") then
        count = count + 1
        for _, header in ipairs{"cmr-x-signature", "cmr-x-timestamp"} do
          has(text:gsub("\\%-", "-"), header, path)
        end
      end
    end
    assert.is_true(count > 15)
    for _, name in ipairs{"listen", "webhook"} do
      local printed = command.run{name, "--help"}.out
      for _, header in ipairs{"cmr-x-signature", "cmr-x-timestamp"} do has(printed, header, name) end
    end
  end)

  it("are contradicted nowhere", function()
    for path, sentences in pairs(WRONG) do
      local text = flat(read(path))
      for _, sentence in ipairs(sentences) do
        assert.is_nil(text:find(sentence, 1, true), path .. ": " .. sentence)
      end
    end
  end)

  it("of the first two pages have their source", function()
    for _, name in ipairs{"platforms", "reexport"} do
      assert.equal("seed", operations[name].source)
      assert.equal("seed", operations[name].notes[1].source)
    end
    for _, status in ipairs(operations.platforms.statuses) do assert.equal("seed", status.source) end
  end)

  it("of events: which fields, which event ends what", function()
    assert.same({"subscription.cancelled"}, operations.cancel_subscription.success_events)
    for _, field in ipairs(events["domain.order.success"].fields) do
      if field.name == "price" then assert.equal("number", field.type) end
    end
    for _, field in ipairs(events["subscription.cancelled"].fields) do
      if field.name == "autoRenew" then assert.equal("boolean", field.type) end
      if field.name == "quantity" then assert.equal("number", field.type) end
    end
  end)
end)

describe("operations that cannot run yet", function()
  local function missing(row)
    return not row.path and "path" or not row.method and "method" or nil
  end

  it("are marked in every list", function()
    local contents = reference:match("\n## Contents\n(.-)\n## ")
    local printed = command.run{"operations", "--output", "csv"}.out
    for _, row in ipairs(operations) do
      local part = missing(row)
      local mark = part and part .. " unknown"
      local link = ("[%s](#cmr%s)"):format(row.name, row.name)
      local marked = ("%s (%s)"):format(link, mark or "path unknown")
      assert.equal(part ~= nil, contents:find(marked, 1, true) ~= nil, row.name)
      assert.equal(part ~= nil, help.summary(row):find("[" .. (mark or "path unknown"), 1, true) ~= nil, row.name)
      local line = assert(("\n" .. printed):match("\n" .. row.name .. ",([^\n]*)"), row.name)
      assert.equal(part ~= nil, line:find("cannot run yet", 1, true) ~= nil, row.name)
      if part then has(help.operation(row), "Cannot run yet: its " .. part .. " is undocumented", row.name) end
    end
  end)
end)
