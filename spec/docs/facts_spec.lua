-- What the vendor's documents say, and where cmr must repeat it. Each fact is a piece of text that its operation's row
-- must have, and that help, reference, types and the OpenAPI document must show. The list of facts is separate from
-- the rows. So the spec fails when a row, or one of these places, loses a fact.

local command = require "spec.support.command"
local documents = require "spec.support.documents"
local events = require "cmr.webhook.events"
local help = require "cmr.cli.help"
local operations = require "cmr.operations"

-- The facts of each operation. In a document, a line break may replace any of their spaces.
local FACTS = {
  users = {"The page mentions a search parameter, but not its name", "rule for lists"},
  user = {"profile and billing"},
  create_user = {"data.id is the new id", "ISO 3166-1 alpha-2", "The dialling code, without +",
    "The state. The samples have the state's name, and the help centre has its code"},
  update_user = {"Send all fields", "the help centre requires all"},
  delete_user = {"mailboxCount and domainCount", "err.body", "no domains and no mailboxes", "for good",
    "billing records, the wallet balance, workspaces and orders",
    "A refusal reports mailboxCount and domainCount inside err.body. Their place in err.body and the "
      .. "status of the refusal are undocumented"},
  countries = {"to its ISO 3166-1 alpha-2 code"},
  states = {"the name of each state to its code", "a validation error"},
  domains = {"For an unknown user the list is empty", "EXPIRED (cannot be renewed by the API)", "TRANSFERRED",
    "INACTIVE", "More values may come",
    "A domain's status is PENDING (it is being registered), ACTIVE, RENEWING, GRACE_PERIOD (7 days, can "
      .. "be renewed), EXPIRED (cannot be renewed by the API), TRANSFERRED or INACTIVE. More values may come",
    "a call for the details of one domain (name, status, dates, purchase type, provider, automatic "
      .. "renewal, protection, forwarding); its path is undocumented"},
  check_domain = {"Prices differ between top-level domains"},
  check_workspace = {"data is null if there is none", "15 s for each domain", "a timeout as a failure",
    "If you send several domains, the API checks each one separately. If an item of the answer has an error, "
      .. "the item's domain may already have a workspace. If an item has no error, no workspace was found. "
      .. "The names of an item's fields are undocumented",
    "no workspace was found", "undocumented", "The timeouts of cmr allow for this time"},
  add_domain_forwarding = {"dns-record.updated confirms"},
  add_email_forwarding = {"catch-all", "must be ACTIVE", "dns-record.updated reports that a change"},
  add_google_client_id = {"checks the client id first, then queues"},
  remove_domains = {"Remove domains. The API refuses to remove a domain that has mailboxes",
    "Remove the domain's mailboxes first, at least 24 hours before the domain's subscription ends"},
  domain_renewal_prices = {"is a string", "an error inside data", "1 by default"},
  renew_domains = {"The wallet must cover",
    "The wallet must cover the renewal. Each domain that cannot be renewed is reported separately",
    "The wallet is charged"},
  set_domain_auto_renew = {"Automatic renewal is off for a new domain",
    "Once it is on, it can be switched off at any time", "the method is PATCH; an older sidebar says POST"},
  dns_records = {"belong to the user", "data.records has the active records, and data.disabledRecords has the others"},
  add_dns_records = {"no SPF, DKIM or DMARC", "recordId", "only for TXT at a host that begins with _dmarc",
    "The priority of an MX record", "belong to the user", "dns-record.updated reports that a change",
    "Each new record gets a recordId. The place of the recordId in the answer is undocumented"},
  update_dns_record = {"All writable fields are replaced", "belong to the user",
    "only for TXT at a host that begins with _dmarc", "dns-record.updated reports that a change"},
  delete_dns_record = {"if a body or the domain is needed", "belong to the user",
    "dns-record.updated reports that a change"},
  set_nameservers = {"48 hours", "belong to the user", "The list must be complete",
    "The list must be complete, because it replaces the old list"},
  order_status = {"10 to 90 seconds", "supplement the webhooks",
    "An order usually takes 10 to 90 seconds. Polling may supplement the webhooks, but does not replace them",
    "The values of the status are undocumented",
    "The dashboard shows orders under All, Paid, Pending, Failed, Refund and Partial Refund. The dashboard is "
      .. "not part of the API"},
  create_order = {"Mailboxes at Microsoft need microsoftOauthRoute", "each member of google is optional",
    "after the wallet was charged for the domain", "GOOGLE, is from the page of create_order_form",
    "data.unavailableDomains", "must cover an order", "MONTHLY is the only value", "but not the domain",
    "Mailboxes at Microsoft need microsoftOauthRoute. Mailboxes at Google need the object google, but "
      .. "each member of google is optional",
    "The wallet must cover an order that is confirmed. The status of a refusal is undocumented",
    "The default of serviceProvider, GOOGLE"},
  order_mailboxes = {"An active subscription", "A domain with a cancelled subscription",
    "If confirm is true and the wallet does not cover the order, no order is created"},
  create_order_form = {"According to the page of create_order", "each member of google is optional", "username@domain",
    "hides the address", "GOOGLE by default", "renews the mailboxes automatically",
    "According to the page of create_order, mailboxes at Microsoft need microsoftOauthRoute. Mailboxes "
      .. "at Google need the object google, but each member of google is optional"},
  add_subscription_mailboxes = {"at Google only", "google.clientId a number", "recommends order_mailboxes",
    "Deprecated", "The page calls google.clientId a number, although it is text on other pages"},
  process_order = {"confirm = false", "The operation charges the wallet, as create_order does with confirm = true"},
  mailboxes = {"In the path, `single` means a single user"},
  all_mailboxes = {"all users of the partner"},
  mailbox = {"the status of its warmup", "The answer has the mailbox's status, serviceProvider"},
  update_mailboxes = {"userName here and username in orders", "a password reset, but has no field",
    "Single mailboxes may fail although the call succeeds",
    "The page mentions a password reset, but has no field for it, so cmr cannot send a reset",
    "If you send a list of mailboxes, the answer has a result for each mailbox. A mailbox may fail "
      .. "although the call succeeds, for example because of the rate limit"},
  remove_mailbox = {"24 hours before the subscription ends", "the whole workspace is deleted",
    "Before the next renewal, another mailbox can take the freed place",
    "never be used again", "seems to call it deprecated"},
  validate_mailbox = {"SMTP and DNS before an export"},
  start_warmup = {"A warmup that was STOPPED can be started again",
    "for the days that are left: price x days / 30", "a new prorated charge", "must be ACTIVE"},
  toggle_warmup = {"A warmup that is paused still costs money", "set_warmup_status sets the status that you name"},
  set_warmup_status = {"A warmup that is paused still costs money"},
  stop_warmup = {"Nothing is refunded", "a pause sends none", "charged again",
    "Only the end of a warmup sends the webhook mailbox.warmup.removed"},
  set_warmup_settings = {"Units and bounds are not documented"},
  subscriptions = {"50 by default", "stops at totalPages",
    "In the sample, nextPage is 2 although totalPages is 1. cmr stops at totalPages. The sample's "
      .. "pricePerMailbox, 8, is neither of the documented prices",
    "the help centre says 20"},
  renew_subscriptions = {"leaves the subscription PAST_DUE for 7 days", "does not renew its domain",
    "must cover the renewal", "The wallet is charged"},
  toggle_subscription_auto_renew = {"The current period continues", "tried again only while automatic renewal is on",
    "A call changes one subscription. The current period continues in any case"},
  cancel_subscription = {"at once", "24 hours before the subscription expires", "Nothing is refunded", "for good",
    "cmr sends either subscriptionId or domain; the page says that one of them is required"},
  recreate_subscriptions = {"expired for a few minutes",
    "Two articles of the help centre name the path that cmr uses. They say that mailboxes, OAuth "
      .. "routes and automatic renewal are preserved. They also say that mailboxes count as expired for a few "
      .. "minutes. Another article says that the accounts are replaced, and that contents and history are lost",
    "older than a year", "a new subscriptionId",
    "Each subscription gets a new subscriptionId, and the old subscriptionId no longer works. Nothing is charged",
    "/subscriptions/recreate", "OAuth routes and automatic renewal",
    "All mailboxes are preserved, according to the API pages", "name the path that cmr uses"},
  platforms = {"`connected` is true if at least one credential is stored",
    "does not say that the credential still works", "A platform may have several credentials", "for each app",
    "every app that the vendor supports", "does not say if an app without credentials is listed",
    "each call of add_platform adds one"},
  add_platform = {"apps ReachInbox and Instantly", "tries the credentials", "does not store credentials that fail",
    "each call adds an entry",
    "EmailBison needs all fields of metadata. ReachInbox and Smartlead need the credentials only",
    "ReachInbox and Smartlead need the credentials only", "refuses free and expired accounts", "Instantly only"},
  update_platform = {"keeps its id"},
  remove_platform = {"not in the page's table", "credentialId is in the page's sample"},
  platform_workspaces = {"Instantly only"},
  export_mailboxes = {"mailboxes that are ACTIVE", "while its export is running",
    "refuses an Instantly credential without an orgId", "the sidebar says GET", "the help centre uses this name",
    "the credential has no workspace",
    "The dashboard shows a finished export as Completed. The dashboard is not part of the API"},
  reexport = {"existing mailbox", "The mailbox must exist already. The request has the mailbox's id or address",
    "3 times per mailbox and week", "has values in the object google, and an empty microsoftOauthRoute",
    "from the API and from the dashboard together",
    "The limit counts re-exports from the API and from the dashboard together. The API refuses any "
      .. "further re-export, wherever it comes from",
    "The API uses google for a mailbox at Google, and microsoftOauthRoute for a mailbox at Microsoft",
    "The mailbox must exist already",
    "The help centre puts microsoftOauthRoute inside an object, but cmr does not",
    "a 429 means a used-up quota if its message contains the word week, or if it asks for a wait of more than an "
      .. "hour. The answer to a used-up quota is undocumented. The help centre puts userId in the "
      .. "query, and so does cmr. The help centre puts microsoftOauthRoute inside an object, but cmr does not. "
      .. "The page's text names both mailboxId and email, but "
      .. "its sample has only one of them; cmr requires at least one"},
  prewarmed = {"and their prices"},
  order_prewarmed = {"Google mailboxes need the whole google object", "Microsoft mailboxes need microsoftOauthRoute",
    "One order can lead to both prewarmup.order.success and prewarmup.order.failed, each for some of the "
      .. "order's domains",
    "if it is not in the pool, if the wallet does not cover it, or if it is restricted"},
  sandbox_prewarmed = {},
  sandbox_order_prewarmed = {
    "The order costs 0 and does not change the wallet. Records, webhooks and the transaction history "
      .. "look as they do in production, but nothing waits for DNS",
    "nothing waits for DNS", "full_failure sends prewarmup.order.failed", "partial_failure sends both",
    "The scenario success sends prewarmup.order.success, and full_failure sends prewarmup.order.failed. "
      .. "partial_failure sends both: prewarmup.order.failed names the failed domain, and "
      .. "prewarmup.order.success names the others"},
  sandbox_reset_prewarmed = {"One call deletes all records"},
  wallet = {"one wallet for all users"},
  create_placement_test = {"ACTIVE and have SMTP credentials", "PENDING until it is done", "extra charge",
    "other values of its status are undocumented", "The wallet is charged"},
  placement_reports = {"orderId, status, spamassassin, blacklist, mailboxCount, aiInsightRequested",
    "placementOrderId, fromEmail, status and report", "inboxTest with google and microsoft365", "newest first",
    "PENDING until the test is done",
    "The reports are in groups, one for each order. A group has orderId, status, spamassassin, "
      .. "blacklist, mailboxCount, aiInsightRequested, aiInsight (when the analysis is done), and mailboxes",
    "aiInsight (when the analysis is done), and mailboxes", "A report has spamassassin, blacklist, and inboxTest",
    "its other values are undocumented"},
}

-- Adds facts to several operations.
local function add(names, facts)
  for name in names:gmatch("%S+") do
    for _, fact in ipairs(facts) do table.insert(FACTS[name], fact) end
  end
end

add("create_user update_user", {
  "Every field except email accepts letters of any script, digits, spaces, # & ( ) /, hyphens, dots, "
    .. "commas and apostrophes. Before the API checks these characters, it decodes HTML entities such as `&#39;`"})
add("domain_renewal_prices renew_domains set_domain_auto_renew", {
    "A domain can be renewed from 45 days before its expiry. After its expiry, 7 days of grace are left"})
add("renew_domains set_domain_auto_renew", {
  "You may combine manual and automatic renewals",
    "You may combine manual and automatic renewals. Subscriptions are renewed separately from their "
      .. "domains"})
add("create_order order_mailboxes create_order_form add_subscription_mailboxes", {
  "The keys of the field mailboxes are the domains' names (acme.com), never the domains' ids. "
    .. "There is no field for the number of mailboxes",
    "confirm is optional on the vendor's pages, but cmr requires it"})
add("create_order order_mailboxes create_order_form add_subscription_mailboxes subscriptions renew_subscriptions", {
  "A mailbox costs 3 USD a month. From the first renewal after 12 months, it costs 5 USD a month"})
add("mailboxes all_mailboxes mailbox", {
    "A mailbox's status is IN_PROGRESS, then CREATING_PASSWORD, then ACTIVE. A mailbox is EXPIRED after "
      .. "its subscription has lapsed. An EXPIRED mailbox sends no mail, and can be renewed. More values may "
      .. "come"})
add("start_warmup toggle_warmup set_warmup_status stop_warmup", {
  "A warmup's status is PENDING (for some minutes), ACTIVE, PAUSED or STOPPED. More values may come"})
add("subscriptions renew_subscriptions", {
  "A subscription's status is ACTIVE, RENEWING, PAST_DUE, CANCELLED (for good) or EXPIRED",
  "PAST_DUE lasts 7 days. With automatic renewal, the charge is tried again. Without automatic renewal, the "
    .. "subscription becomes EXPIRED",
  "More values may come"})
add("add_platform update_platform platform_workspaces", {
  "Instantly takes three steps: add_platform with email and password, platform_workspaces, update_platform with the "
    .. "chosen orgId", "Without an orgId the API refuses an export"})
add("sandbox_prewarmed sandbox_order_prewarmed", {
    "At GOOGLE, the sandbox has the domains sandbox.nexora-tech.com and mail-sandbox.brightplathlabs.com",
    "At MICROSOFT, it has sandbox-mail.corevista.io and sandbox.stratospherehq.com"})
add("sandbox_prewarmed sandbox_order_prewarmed sandbox_reset_prewarmed", {
    "The help centre describes a second sandbox. This sandbox has another base URL, and another key in "
      .. "the header cmr-x-sandbox-api-key. A further header chooses a scenario for each operation. The URL, "
      .. "the name of this header and its values are undocumented",
    "The help centre describes a second sandbox. This sandbox has another base URL, and another key in "
      .. "the header cmr-x-sandbox-api-key. A further header chooses a scenario for each operation. The URL, "
      .. "the name of this header and its values are undocumented"})

-- The statuses that an operation's own page documents, with the name of the page.
local STATUSES = {
  platforms = {"The API page documents the status 404 if the user was not found; "
    .. "422 if the request cannot be processed."},
  add_platform = {"The API page documents the status 400 if the platform refused the credentials."},
  add_dns_records = {"The help centre documents the status 400 if a record with excludedDMARCtags"},
  update_dns_record = {"The help centre documents the status 400 if a record with excludedDMARCtags"},
  update_mailboxes = {"The help centre documents the status 400 if", "; 401 if", "; 404 if", "; 422 if",
    "; 429 if the rate limit is reached."},
  export_mailboxes = {"The API page documents the status 400 if", "; 401 if the key or userId", "; 403 if", "; 404 if",
    "; 500 if",
    "you can send the request again"},
  reexport = {"The help centre documents the status 400 if", "; 401 if", "; 403 if", "; 404 if", "; 500 if",
    "you can send the request again"},
  create_placement_test = {"The help centre documents the status 400 if a mailbox cannot be tested (the message names "
    .. "the mailbox)",
    "; 401 if",
    "; 402 if", "; 404 if"},
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

-- Facts that do not belong to a single operation, by the document that must contain them.
local ELSEWHERE = {
  ["docs/reference.md"] = {"cmr-x-signature", "cmr-x-timestamp", "HMAC-SHA256", "5 minutes", "coldmail-reseller-mcp",
    "CMR_API_KEY", "Please provide a userId", "The requested user does not exist.", "cmr-x-sandbox-api-key",
    "5 requests per second", "at most 100",
    "no idempotency key", "10 to 90 seconds", "within 60 seconds",
    "whether these three attempts include the first delivery",
    "Prices and quantities are numbers", "ISO 8601", "a list of `{domain, status}`", "`subscription.*` have no",
    "`data.actionId` or `data.orderId`", "Invalid API Key", "the unit of `Retry-After` is undocumented",
    "Webhooks do not count", "Ids are opaque", "ISO 8601 in UTC", "`renewalPrice`, which is a string",
    "other values may come too", "No data moves between production and the sandbox",
    "A header chooses what the sandbox simulates",
    "webhook destinations of its own", "past due", "a workspace conflict", "Without the header",
    "the other repeats a webhook", "npx -y coldmail-reseller-mcp", "up to about 30 s",
    "deliveries and can repeat them",
    "public and HTTPS", "`workspaceType` has the same values as `serviceProvider`", "then `mailbox.created` for each"},
  ["docs/guides/webhooks-in-nginx.md"] = {"another delivery may follow immediately after the first"},
  ["docs/tour.md"] = {"not that they still work there"},
  ["docs/library.md"] = {"in place of the system's"},
  ["docs/operations.md"] = {"in place of the system's"},
}

-- Sentences that were wrong, or that say more than the vendor's documents.
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

local flat, places, read = documents.flat, documents.places, documents.read
local reference = documents.reference

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

  -- Returns whether one of an operation's facts is in these bytes of the text, at least in part.
  local function is_known(name, text, from, to)
    for _, list in ipairs{FACTS, STATUSES} do
      for _, fact in ipairs(list[name] or {}) do
        local first, last = text:find(fact, 1, true)
        if first and first <= to and last >= from then return true end
      end
    end
  end

  it("are complete: each clause of a row's notes, and each of its statuses, is in the list", function()
    for _, row in ipairs(operations) do
      for _, note in ipairs(row.notes) do
        for from, clause in note.text:gmatch("()(%S.-%f[%.:;,%z])") do
          if clause:find "%w" then
            assert.is_true(is_known(row.name, note.text, from, from + #clause - 1), row.name .. ": " .. clause)
          end
        end
      end
      for _, sentence in ipairs(help.statuses(row)) do
        assert.is_true(is_known(row.name, sentence, 1, #sentence), row.name .. ": " .. sentence)
      end
      assert.equal(row.success_events ~= nil, EVENTS[row.name] ~= nil, row.name)
      assert.equal(row.statuses[1] ~= nil, STATUSES[row.name] ~= nil, row.name)
    end
  end)

  it("that do not belong to a single operation are in the pages", function()
    for path, facts in pairs(ELSEWHERE) do
      local text = flat(read(path))
      for _, fact in ipairs(facts) do has(text, fact, path) end
    end
  end)

  it("about a webhook's signature are in every document that mentions webhooks", function()
    local count = 0
    for path in command.sh("find *.md bench/*.md docs examples types -type f"):gmatch("[^\n]+") do
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

  it("of the first two pages name their source", function()
    for _, name in ipairs{"platforms", "reexport"} do
      assert.equal("seed", operations[name].source)
      assert.equal("seed", operations[name].notes[1].source)
    end
    for _, status in ipairs(operations.platforms.statuses) do assert.equal("seed", status.source) end
  end)

  it("about events are in the types of their fields and in the operations", function()
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
    local all, offered = flat(command.run{"help", "all"}.out), command.run{"completion", "candidates", "--", ""}.out
    for _, row in ipairs(operations) do
      local part = missing(row)
      local mark = part and part .. " unknown"
      local link = ("[%s](#cmr%s)"):format(row.name, row.name)
      local marked = ("%s (%s)"):format(link, mark or "path unknown")
      assert.equal(part ~= nil, contents:find(marked, 1, true) ~= nil, row.name)
      assert.equal(part ~= nil, help.summary(row):find("[" .. (mark or "path unknown"), 1, true) ~= nil, row.name)
      local name = row.name:gsub("_", "-")
      local line = assert(("\n" .. printed):match("\n" .. name:gsub("%-", "%%-") .. ",([^\n]*)"), row.name)
      assert.equal(part ~= nil, line:find("cannot run yet", 1, true) ~= nil, row.name)
      local summary = require("cmr.cli.arguments").spelled(flat(help.summary(row)))
      has(all, name .. " " .. summary, row.name)
      has(offered, name .. "\t" .. summary, row.name)
      if part then has(help.operation(row), "Cannot run yet: its " .. part .. " is undocumented", row.name) end
    end
  end)
end)
