---The requests and answers that the vendor's documentation shows, word for word. Pure data, on any Lua and in nginx.
---
---The entries belong to operations, and are in the order of the operations. An entry has some of these members:
---  request    JSON text: an object with the fields of a call, for the query and the body together. If no sample shows
---             a required id, the id is missing
---  also       JSON text: a second documented form of the fields
---  answer     JSON text: the whole envelope
---  partial    JSON text: the documented part of an answer, if no sample shows its whole envelope
---  described  a sentence about the answer, if the documentation describes the answer but has no sample
---  refusals   array of JSON texts: envelopes of refusals
---  status     the HTTP status of success, if it is not 200
---  map        set if the answer's data is a map, such as country -> code. If the sample answer shows the map, this
---             member is "shown". Otherwise it is the type of the data's values, such as "string"
---  meanings   member of data -> its meaning, for members that are easily misread
---  source     "seed", "docs" or "help", as in the operations table
---  request_source  the source of the request, if it differs from the source of the answer
---The vendor shortens some values ("8J7H...", "ACT_...") and misspells one message. This file keeps both. The
---samples of dns_records, update_mailboxes and set_warmup_settings are put together from documented parts.

local samples = {}

samples.create_user = {
  source = "help",
  request_source = "docs",
  request = [[{"languagePreference":"en","email":"johndoe@company.com","company":"TechCorp Inc.","firstName":"John",
    "lastName":"Doe","country":"US","city":"New York","addressLineOne":"123 Main Street","addressLineTwo":"Suite 400",
    "addressLineThree":"Apt 5B","postalCode":"10001","state":"New York","phoneCc":"1","phone":"2125551234"}]],
  answer = [[{"status":200,"message":"User created","data":{"id":"usr_abc123"}}]],
}

samples.delete_user = { source = "docs", answer = [[{"status":200,"message":"User successfully deleted"}]] }
samples.countries = { source = "help", map = "string" }
samples.states = { source = "help", map = "string" }

samples.check_workspace = {
  source = "help",
  request = [[{"domainName":"acmecorp.com","serviceProvider":"GOOGLE"}]],
  also = [[{"domains":[{"domainName":"acmecorp.com","serviceProvider":"GOOGLE"},{"domainName":"example.com"}]}]],
  answer = [[{"status":200,"message":"Workspace not exists","data":null}]],
}

samples.domain_renewal_prices = {
  source = "docs",
  answer = [[{"status":200,"message":"Domain renewal prices fetched successfully","data":[{"domainName":"acme.com",
    "domainId":"5J7HM04FRXMT7VK86128K6D25ASP","years":1,"renewalPrice":"14.50","expireOn":"2026-11-30T00:00:00.000Z",
    "autoRenew":false}]}]],
}

samples.set_domain_auto_renew = {
  source = "docs",
  request = [[{"userId":"8J7H...","domains":["hefty-minion.net"],"autoRenew":true}]],
  answer = [[{"status":200,"message":"Auto-renew toggled on for 1 domain.","data":[{"domainName":"acme.com",
    "domainId":"5J7HM04FRXMT7VK86128K6D25ASP","autoRenew":true}]}]],
}

samples.dns_records = {
  source = "help",
  partial = [[{"data":{"records":[{"recordId":"record_123","host":"@","value":"...","recordType":"TXT",
    "priority":""}],"disabledRecords":[]}}]],
}

samples.add_dns_records = {
  source = "help",
  request = [[{"domain":"example.com","records":[{"host":"mail","value":"192.0.2.10","recordType":"A"}]}]],
}

samples.update_dns_record = {
  source = "help",
  request = [[{"recordId":"record_123","domain":"example.com","host":"mail","value":"192.0.2.20","recordType":"A"}]],
}

samples.create_order = {
  source = "help",
  answer = [[{"status":200,"message":"Order created and queued for processing","data":{
    "orderId":"ord_R8K2LQPZA9XM","unavailableDomains":[]},
    "actionId":"ACT_7a078272-0fa7-4db4-a85b-c78697dacea1"}]],
}

samples.mailbox = {
  source = "help",
  described = "The page describes a part of `data`, but not the names of its fields.",
}

samples.update_mailboxes = {
  source = "help",
  answer = [[{"status":200,"message":"Mailbox details will update shortly",
    "actionId":"ACT_7a078272-0fa7-4db4-a85b-c78697dacea1"}]],
  partial = [[{"data":[{"mailboxId":"...","success":true,"message":"..."},
    {"mailboxId":"...","success":false,"message":"Rate limit exceeded"}]}]],
}

samples.remove_mailbox = {
  source = "docs",
  request = [[{"mailboxId":"JKFLDKDHSKTGITJAGFD"}]],
  answer = [[{"status":200,"message":"Mailbox will be removed shortly"}]],
}

samples.toggle_warmup = {
  source = "help",
  answer = [[{"status":200,"message":"Warmup paused","data":{"status":"PAUSED"},"actionId":"ACT_..."}]],
}

samples.set_warmup_status = { source = "help", request = [[{"status":"ACTIVE"}]] }

samples.stop_warmup = {
  source = "help",
  answer = [[{"status":200,"message":"Warmup disabled","data":null,"actionId":"ACT_..."}]],
}

samples.set_warmup_settings = {
  source = "help",
  request = [[{"warmupLimit":40,"minimumWarmupLimit":5,"warmupReplyRate":0.30,"warmupOpenRate":0.80,
    "warmupSpamProtectionRate":0.20,"warmupOnWeekdays":true,"increasePerDay":2,"warmupDisableSlow":false,
    "minimumDelayBetweenWarmupEmails":60,"maximumDelayBetweenWarmupEmails":300}]],
}

samples.subscriptions = {
  source = "docs",
  answer = [[{"status":200,"message":"Subscriptions fetched successfully","data":{"subscriptions":[{
    "subscriptionId":"1BNTZJG2Q041JWGS3NY9E1BZ9APA","subscriptionStatus":"ACTIVE","totalMailboxQuantity":1,
    "billingCycle":"MONTHLY","pricePerMailbox":8,"periodStart":"2025-01-10T11:18:31.479Z",
    "periodEnd":"2025-02-10T11:18:31.479Z","serviceProvider":"GOOGLE","autoRenew":true,"userId":"USR94KD7S2LQ8X5M1Z0",
    "domain":"bestpremium.org"}],"pagination":{"totalSearchedCount":2,"currentPage":1,"nextPage":2,"totalPages":1}}}]],
}

samples.renew_subscriptions = {
  source = "docs",
  request = [[{"subscriptionIds":["6ZHR985PGP456XG8HCYHF919YVS6"]}]],
  answer = [[{"status":200,
    "message":"Subscriptions added for renewal. Please ensure you have enough balance to renew the subscriptions.",
    "actionId":"ACT_..."}]],
}

samples.cancel_subscription = {
  source = "docs",
  answer = [[{"status":200,"message":"Subscription will be cancelled successfully","data":null}]],
}

samples.recreate_subscriptions = {
  source = "docs",
  request = [[{"subscriptionIds":["..."]}]],
  also = [[{"domainNames":["yourdomain.com"]}]],
}

samples.platforms = {
  source = "seed",
  request = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B"}]],
  answer = [[{"status":200,"message":"Fetched connected accounts successfully","data":{"EMAILBISON":{"connected":true,
    "credentials":[{"credentialId":"A1B2C3D4E5F6G7H8","email":"john@agency.com",
    "connectedAt":"2024-05-01T10:00:00.000Z","metadata":{"appBaseUrl":"https://app.emailbison.com",
    "appName":"EmailBison","workspace":"my-workspace"}}]}}}]],
  map = "shown",
  meanings = { connected = "true if at least one credential is stored; it may no longer work." },
}

samples.add_platform = {
  source = "docs",
  answer = [[{"status":200,"message":"Platform credentials added successfully","data":{
    "credentialId":"A1B2C3D4E5F6G7H8"}}]],
}

samples.update_platform = { source = "help", request = [[{"orgId":"<selected-org-id>"}]] }

samples.remove_platform = {
  source = "docs",
  answer = [[{"status":200,"message":"Platform credentials removed successfully","data":null}]],
}

samples.reexport = {
  source = "seed",
  request = [[{"microsoftOauthRoute":"","google":{
    "googleOauthRoute":"https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline...",
    "clientId":"549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com","appName":"Outreach App"},
    "mailboxId":"39XXMZ1SQMMWWPN2GCRB0Q78KZAR","email":"john@doe.com"}]],
  answer = [[{"status":200,"message":"OAuth wil be performed performed shortly","data":null,
    "actionId":"ACT_7a078272-0fa7-4db4-a85b-c78697dacea1"}]],
}

samples.prewarmed = {
  source = "help",
  answer = [[{"status":200,"message":"Pre-warmed up domains fetched successfully","data":{"inventory":[{
    "domain":"prewarm-acmecorp.com","preWarmedUpMailboxes":[{"email":"jwilson@prewarm-acmecorp.com",
    "firstName":"James","lastName":"Wilson","createdAt":"2025-01-15T10:00:00.000Z"}],"purchasePrice":30,
    "renewalPrice":15}],"currentPage":1,"totalPages":5,"totalDomains":42,"totalMailboxes":126}}]],
}

samples.order_prewarmed = { source = "help", status = 201 }

samples.create_placement_test = {
  source = "help",
  answer = [[{"status":200,"message":"Success","data":{"orderId":"7K2M9P4Q1R8S5T3U6V0W2X4Y8Z1A"}}]],
  refusals = { [[{"status":402,"message":"Insufficient wallet balance to run placement test","data":null}]] },
}

samples.placement_reports = {
  source = "help",
  described = "The fields of a report are documented. The place of the list in `data` and its paging are undocumented.",
}

return samples
