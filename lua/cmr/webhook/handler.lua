--- Receiving webhooks in nginx.

local raise = require("cmr.util.errors").raise
local receiver = require "cmr.webhook.receiver"
local log = require "cmr.util.log"

-- The body as it was sent; a larger one nginx has put into a file.
local function raw_body()
  ngx.req.read_body()
  local path = ngx.req.get_body_file()
  if not path then return ngx.req.get_body_data() or "" end
  local file = assert(io.open(path, "rb"))
  local body = file:read "*a"
  file:close()
  return body
end

--- See cmr.webhook.handler.
return function(given)
  local nginx = package.loaded.ngx
  if not nginx then raise "webhook.handler: it works in nginx; elsewhere, cmr.webhook.receiver" end
  local ours = receiver.new(given, "webhook.handler")
  if not given.store and not nginx.shared.cmr and nginx.worker.count() > 1 then
    log.warn "no lua_shared_dict cmr: each worker knows only the webhooks that came to itself"
  end
  return function()
    ngx.status = ours:receive(raw_body(), ngx.req.get_headers())
    ngx.header["Content-Length"] = 0
  end
end
