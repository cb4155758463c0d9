-- The library in nginx.
local cmr = require "cmr"

local nginx = {}

local clients = {}

--- One call; the request waits for it.
-- @param user its argument
-- @param loop nil, or "block": the worker waits
-- @return the decoded answer, or nil and why
function nginx.call(user, loop)
  local client = clients[loop or "nginx"] or cmr.new { rate = false, loop = loop }
  clients[loop or "nginx"] = client
  return client:platforms(user)
end

return nginx
