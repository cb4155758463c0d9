-- The answers of the API, one function per operation: handler(request, world) -> answer.
-- request: {query, body = decoded object, operation = row}. An operation without a handler is answered with 501.
local routes = {}

local GROUPS = {"export"}

for _, group in ipairs(GROUPS) do
  for name, handler in pairs(require("cmr.mock.routes." .. group)) do routes[name] = handler end
end

return routes
