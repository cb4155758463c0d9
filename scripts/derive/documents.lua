--- The derived documents: array of {path = in the checkout, text = what belongs there}.

local core = require "cmr.core"
local examples = require "cmr.mock.examples"
local events = require "cmr.webhook.events"
local derive_events = require "scripts.derive.events"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local rows, facts =
  require "cmr.operations", {
    version = core._VERSION,
    server = tostring(core.target {}):match "https://%S+",
  }

return {
  {
    path = "lua/cmr/types.lua",
    text = require "scripts.derive.types"(
      rows,
      examples,
      read "scripts/derive/types_head.lua"
        .. "\n"
        .. read "scripts/derive/types_webhook.lua"
        .. derive_events.types(events)
    ),
  },
  {
    path = "docs/reference.md",
    text = require "scripts.derive.reference"(
      rows,
      examples,
      read "scripts/derive/reference.md",
      read "scripts/derive/webhooks.md" .. derive_events.reference(events)
    ),
  },
  { path = "docs/cmr.1", text = require "scripts.derive.man"(rows, core._VERSION) },
  { path = "docs/openapi.json", text = require "scripts.derive.openapi"(rows, examples, facts) },
}
