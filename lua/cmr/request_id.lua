---Finds the id of a request in the headers of its answer. The server chose the id. Pure.

local ascii = require "cmr.util.ascii"

local MAX_BYTES = 128

-- The vendor documents no such header, so cmr looks for the usual headers of frameworks, proxies and CDNs. The most
-- specific header comes first.
local NAMES = { "x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray" }

local request_id = {}

-- Returns whether an id can be shown unchanged in messages and log lines.
local function is_plain(value)
  return value ~= nil and #value <= MAX_BYTES and value:find "^[%w%-_.:/+=]+$" ~= nil
end

---Finds the request id.
---@param headers table<string, string>? the headers of the answer, by lower-case name
---@param name string? the name of the header with the id; default: the first usual header that has an id
---@return string? id
function request_id.of(headers, name)
  if not headers then return nil end
  for _, header in ipairs(name and { ascii.lower(name) } or NAMES) do
    if is_plain(headers[header]) then return headers[header] end
  end
end

return request_id
