-- The library in nginx.
local cmr = require "cmr"

local nginx = {}

local clients = {}

--- One call; the request waits for it.
-- @param user its argument
-- @param wait nil, or "block": the worker waits
-- @return the decoded answer, or nil and why
function nginx.call(user, wait)
  local client = clients[wait or "nginx"] or cmr.new { rate = false, wait = wait }
  clients[wait or "nginx"] = client
  return client:platforms(user)
end

return nginx
