-- Exports a mailbox again over OAuth, and handles each kind of failure: lua5.4 examples/reexport.lua MAILBOX_ID
local cmr = require "cmr" -- the key comes from CMR_API_KEY

if not arg[1] then
  print "usage: reexport.lua MAILBOX_ID"
  os.exit(2)
end
local res, why, err = cmr.reexport {
  mailboxId = arg[1],
  google = {
    googleOauthRoute = "https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount",
    clientId = "549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com",
    appName = "Outreach App",
  },
}
if res then
  print(res.actionId, res.message)
elseif err.kind == "quota_exceeded" then
  print("quota: " .. why) -- the API allows three re-exports per mailbox and week; wait until the next is possible
  os.exit(1)
elseif err.outcome == "unknown" then
  print("it may have been done: " .. why)
  os.exit(1)
else
  print(err.kind .. ": " .. why)
  os.exit(1)
end
