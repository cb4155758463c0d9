---Reads the value of --redis. Pure.

local io = require "cmr.cli.io"

local redis_address = {}

local DEFAULT_PORT = 6379

---Splits an address: "host", "host:port", "[::1]:port" or "::1". Raises a mistake if the text is no address.
---@param text string
---@return string host
---@return integer port
function redis_address.parse(text)
  local host, port = text:match "^%[([^%[%]]+)%]:?(%d*)$"
  if not host then
    host, port = text:match "^([^:]+):?(%d*)$"
  end
  host = host or text:match "^[%x:.]+$"
  port = port and port ~= "" and tonumber(port) or DEFAULT_PORT
  if not host or port < 1 or port > 65535 then io.usage("option '--redis': '%s' is no HOST[:PORT]", text) end
  return host, port
end

return redis_address
