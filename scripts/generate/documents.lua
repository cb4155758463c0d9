--- The derived documents: array of {path = in the checkout, text = what belongs there}.

local core = require "cmr.core"
local examples = require "cmr.samples"
local events = require "cmr.webhook.events"
local derive_events = require "scripts.generate.events"

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
    path = "types/cmr.lua",
    text = require "scripts.generate.types"(
      rows,
      examples,
      read "scripts/generate/types_head.lua"
        .. "\n"
        .. read "scripts/generate/types_webhook.lua"
        .. derive_events.types(events)
    ),
  },
  {
    path = "docs/reference.md",
    text = require "scripts.generate.reference"(
      rows,
      examples,
      read "scripts/generate/reference.md",
      read "scripts/generate/webhooks.md" .. derive_events.reference(events)
    ),
  },
  { path = "docs/cmr.1", text = require "scripts.generate.man"(rows, core._VERSION) },
  { path = "docs/maintainers/openapi.json", text = require "scripts.generate.openapi"(rows, examples, facts) },
}
