-- The answers of the API, one function per operation: handler(request, world) -> answer, or raises a refusal.
-- request: {operation = row, fields = {name = value} from wherever the row wants them, checked against it, body, query,
-- user = whom userId names, rows = all rows by name}. An operation without a handler is answered with 501.
local routes = {}

local GROUPS = {
  "users",
  "geo",
  "domains",
  "renewals",
  "dns",
  "orders",
  "mailboxes",
  "warmup",
  "subscriptions",
  "platforms",
  "export",
  "prewarmed",
  "placement",
}

for _, group in ipairs(GROUPS) do
  for name, handler in pairs(require("cmr.mock.routes." .. group)) do
    routes[name] = handler
  end
end

return routes
