-- Makes calls with the library in nginx.
local cmr = require "cmr"

local nginx = {}

local clients = {}

--- Makes one call. Only the nginx request that makes the call waits for the answer, unless loop is "block".
-- @param user the argument of the call
-- @param loop nil, or "block" to let the whole worker wait
-- @return the decoded answer, or nil and a message
function nginx.call(user, loop)
  local client = clients[loop or "nginx"] or cmr.new { rate = false, loop = loop }
  clients[loop or "nginx"] = client
  return client:platforms(user)
end

return nginx
