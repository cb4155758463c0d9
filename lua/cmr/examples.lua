---An example for each operation: JSON text with the fields of a typical call. Pure data.
---
---The help, the manual page, the reference and the OpenAPI document show the examples. `cmr mock` starts with all the
---data that the examples name, so you can try each example unchanged. See cmr.mock.model.seed. Undocumented fields have
---the names that the mock accepts.

local examples = {}

examples.users = [[{}]]
examples.user = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B"}]]

examples.create_user = [[{"languagePreference":"en","email":"johndoe@company.com","company":"TechCorp Inc.",
  "firstName":"John","lastName":"Doe","country":"US","city":"New York","addressLineOne":"123 Main Street",
  "postalCode":"10001","state":"New York","phoneCc":"1","phone":"2125551234"}]]

examples.update_user = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","languagePreference":"en",
  "email":"johndoe@company.com","company":"TechCorp Inc.","firstName":"John","lastName":"Doe","country":"US",
  "city":"Albany","addressLineOne":"5 State Street","postalCode":"12207","state":"New York","phoneCc":"1",
  "phone":"2125551234"}]]

examples.delete_user = [[{"userId":"usr_abc123"}]]
examples.countries = [[{}]]
examples.states = [[{"countryCode":"US"}]]
examples.domains = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B"}]]
examples.suggest_domains = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B"}]]
examples.check_domain = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B"}]]
examples.check_workspace = [[{"domainName":"acmecorp.com","serviceProvider":"GOOGLE"}]]
examples.add_domain_forwarding = [[{"userId":"USR94KD7S2LQ8X5M1Z0"}]]
examples.add_email_forwarding = [[{"userId":"USR94KD7S2LQ8X5M1Z0"}]]

examples.add_google_client_id = [[{"userId":"USR94KD7S2LQ8X5M1Z0","domains":["acme.com"],
  "clientId":"549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com","appName":"Outreach App"}]]

examples.remove_domains = [[{"userId":"USR94KD7S2LQ8X5M1Z0"}]]
examples.domain_renewal_prices = [[{"userId":"USR94KD7S2LQ8X5M1Z0","domains":["acme.com"],"years":1}]]
examples.renew_domains = [[{"userId":"USR94KD7S2LQ8X5M1Z0","domains":["acme.com"],"years":1}]]
examples.set_domain_auto_renew = [[{"userId":"USR94KD7S2LQ8X5M1Z0","domains":["acme.com"],"autoRenew":true}]]
examples.dns_records = [[{"userId":"USR94KD7S2LQ8X5M1Z0","domain":"acme.com"}]]

examples.add_dns_records = [[{"userId":"USR94KD7S2LQ8X5M1Z0","domain":"acme.com",
  "records":[{"host":"mail","value":"192.0.2.10","recordType":"A"}]}]]

examples.update_dns_record = [[{"userId":"USR94KD7S2LQ8X5M1Z0","recordId":"record_123","domain":"acme.com",
  "host":"mail","value":"192.0.2.20","recordType":"A"}]]

examples.delete_dns_record = [[{"userId":"USR94KD7S2LQ8X5M1Z0","recordId":"record_123"}]]

examples.set_nameservers = [[{"userId":"USR94KD7S2LQ8X5M1Z0","domain":"acme.com",
  "nameservers":["ns1.example.com","ns2.example.com"]}]]

examples.order = [[{"orderId":"ord_R8K2LQPZA9XM"}]]
examples.order_status = [[{"orderId":"ord_R8K2LQPZA9XM"}]]

examples.create_order = [[{"userId":"USR94KD7S2LQ8X5M1Z0","domains":[{"domain":"getacme.com","years":1}],
  "mailboxes":{"getacme.com":[{"username":"mary","firstName":"Mary","lastName":"Major"}]},
  "billingCycle":"MONTHLY","confirm":true,"serviceProvider":"GOOGLE","google":{"appName":"Outreach App"}}]]

examples.order_mailboxes = [[{"userId":"USR94KD7S2LQ8X5M1Z0","subscriptionId":"6ZHR985PGP456XG8HCYHF919YVS6",
  "mailboxes":{"acme.com":[{"username":"mary","firstName":"Mary","lastName":"Major"}]},"confirm":true}]]

examples.process_order = [[{"userId":"USR94KD7S2LQ8X5M1Z0","orderId":"ord_R8K2LQPZA9XM"}]]

examples.create_order_form = [[{"userId":"USR94KD7S2LQ8X5M1Z0","domains":[{"domain":"tryacme.com","years":1}],
  "mailboxes":{"tryacme.com":[{"username":"mary","firstName":"Mary","lastName":"Major"}]},
  "billingCycle":"MONTHLY","confirm":true,"serviceProvider":"GOOGLE","google":{"appName":"Outreach App"}}]]

examples.add_subscription_mailboxes = [[{"userId":"USR94KD7S2LQ8X5M1Z0",
  "subscriptionId":"6ZHR985PGP456XG8HCYHF919YVS6",
  "mailboxes":{"acme.com":[{"username":"anne","firstName":"Anne","lastName":"Major"}]},"confirm":true}]]

examples.mailboxes = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B"}]]
examples.all_mailboxes = [[{}]]
examples.mailbox = [[{"mailboxId":"39XXMZ1SQMMWWPN2GCRB0Q78KZAR"}]]
examples.mailbox_admin = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","mailboxId":"39XXMZ1SQMMWWPN2GCRB0Q78KZAR"}]]

examples.update_mailboxes = [[{"userId":"USR94KD7S2LQ8X5M1Z0",
  "mailboxData":[{"mailboxId":"JKFLDKDHSKTGITJAGFD","firstName":"Jane","lastName":"Roe"}]}]]

examples.remove_mailbox = [[{"userId":"USR94KD7S2LQ8X5M1Z0","mailboxId":"JKFLDKDHSKTGITJAGFD"}]]
examples.validate_mailbox = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","mailboxId":"39XXMZ1SQMMWWPN2GCRB0Q78KZAR"}]]
examples.start_warmup = [[{"mailboxId":"39XXMZ1SQMMWWPN2GCRB0Q78KZAR"}]]
examples.toggle_warmup = [[{"mailboxId":"JKFLDKDHSKTGITJAGFD"}]]
examples.set_warmup_status = [[{"mailboxId":"JKFLDKDHSKTGITJAGFD","status":"PAUSED"}]]
examples.stop_warmup = [[{"mailboxId":"JKFLDKDHSKTGITJAGFD"}]]
examples.set_warmup_settings = [[{"mailboxId":"JKFLDKDHSKTGITJAGFD","warmupLimit":40,"increasePerDay":2}]]
examples.subscriptions = [[{"limit":50,"page":1,"status":"ACTIVE"}]]
examples.renew_subscriptions = [[{"subscriptionIds":["6ZHR985PGP456XG8HCYHF919YVS6"]}]]
examples.toggle_subscription_auto_renew = [[{"subscriptionId":"6ZHR985PGP456XG8HCYHF919YVS6"}]]
examples.cancel_subscription = [[{"subscriptionId":"6ZHR985PGP456XG8HCYHF919YVS6"}]]
examples.recreate_subscriptions = [[{"subscriptionIds":["6ZHR985PGP456XG8HCYHF919YVS6"]}]]
examples.platforms = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B"}]]

examples.add_platform = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","app":"EMAILBISON",
  "credentials":{"email":"john@agency.com","password":"correct horse"},
  "metadata":{"appBaseUrl":"https://app.emailbison.com",
  "clientId":"549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com","appName":"EmailBison",
  "workspace":"my-workspace"}}]]

examples.update_platform = [[{"userId":"USR94KD7S2LQ8X5M1Z0","credentialId":"H7G6F5E4D3C2B1A0","orgId":"org_1"}]]
examples.remove_platform = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","credentialId":"A1B2C3D4E5F6G7H8"}]]
examples.platform_workspaces = [[{"credentialId":"H7G6F5E4D3C2B1A0","userId":"USR94KD7S2LQ8X5M1Z0"}]]

examples.export_mailboxes = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","credentialId":"A1B2C3D4E5F6G7H8",
  "componentMailboxIds":["39XXMZ1SQMMWWPN2GCRB0Q78KZAR"]}]]

examples.reexport = [[{"google":{
  "googleOauthRoute":"https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline",
  "clientId":"549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com","appName":"Outreach App"},
  "mailboxId":"39XXMZ1SQMMWWPN2GCRB0Q78KZAR"}]]

examples.prewarmed = [[{"serviceProvider":"GOOGLE","contains":"acme"}]]

examples.order_prewarmed = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","order":[{"domain":"prewarm-acmecorp.com"}],
  "serviceProvider":"GOOGLE","google":{
  "googleOauthRoute":"https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline",
  "clientId":"549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com","appName":"Outreach App"}}]]

examples.sandbox_prewarmed = [[{"serviceProvider":"GOOGLE"}]]

examples.sandbox_order_prewarmed = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B",
  "order":[{"domain":"sandbox.nexora-tech.com"}],"serviceProvider":"GOOGLE","google":{
  "googleOauthRoute":"https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline",
  "clientId":"549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com","appName":"Outreach App"},
  "scenario":"success"}]]

examples.sandbox_reset_prewarmed = [[{}]]
examples.wallet = [[{}]]
examples.send_error = [[{}]]

examples.create_placement_test = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B",
  "mailboxIds":["39XXMZ1SQMMWWPN2GCRB0Q78KZAR"],"spamassassin":true,"blacklist":true}]]

examples.placement_reports = [[{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","page":1,"limit":20}]]

return examples
