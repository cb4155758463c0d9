---The server's name for a request, from an answer's headers. Pure.

local MAX_BYTES = 128

-- Undocumented, so these are assumed: the usual headers of frameworks, proxies and CDNs, the most specific first.
local NAMES = { "x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray" }

local request_id = {}

-- A message or a log line can hold it as it is.
local function is_plain(value)
  return value ~= nil and #value <= MAX_BYTES and value:find "^[%w%-_.:/+=]+$" ~= nil
end

---Finds the request id.
---@param headers table<string, string>? the answer's, by lower-case name
---@param name string? the header that has it; default: the first of the usual ones
---@return string? id
function request_id.of(headers, name)
  if not headers then return nil end
  for _, header in ipairs(name and { name:lower() } or NAMES) do
    if is_plain(headers[header]) then return headers[header] end
  end
end

return request_id
