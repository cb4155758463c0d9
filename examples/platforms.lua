-- Lists the sending platforms, and the credentials that a user has stored: lua5.4 examples/platforms.lua USER_ID
local cmr = require "cmr" -- the key comes from CMR_API_KEY

if not arg[1] then
  print "usage: platforms.lua USER_ID"
  os.exit(2)
end
local res = assert(cmr.platforms(arg[1]))
for name, platform in pairs(res.data) do
  print(name, platform.connected and "credentials are stored" or "no credentials")
  for _, credential in ipairs(platform.credentials) do
    print("", credential.credentialId, credential.email)
  end
end
