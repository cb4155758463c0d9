---The generated documents, as an array of {path = the path in the checkout, text = the content}.

local annotations = require "scripts.generate.annotations"
local cmr = require "cmr"
local core = require "cmr.core"
local event_list = require "cmr.webhook.events"
local events = require "scripts.generate.events"
local library = require "scripts.generate.library"
local loops = require "cmr.loop"
local man = require "scripts.generate.man"
local openapi = require "scripts.generate.openapi"
local operations = require "cmr.operations"
local reference = require "scripts.generate.reference"
local samples = require "cmr.samples"
local types = require "scripts.generate.types"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local adapters = '"' .. table.concat(loops.NAMES, '"|"') .. '"'
local public, all = annotations.read("lua/cmr", cmr, { ["cmr.LoopName"] = adapters })
local server = tostring(core.target {}):match "https://%S+"

local documents = {
  {
    path = "types/cmr.lua",
    text = types.document(operations, samples, annotations.declarations(public) .. events.types(event_list)),
  },
  {
    path = "docs/library.md",
    text = library.page(all, read "scripts/generate/library.md"),
  },
  {
    path = "docs/reference.md",
    text = reference.page(
      operations,
      samples,
      read "scripts/generate/reference.md",
      read "scripts/generate/webhooks.md" .. events.reference(event_list)
    ),
  },
  { path = "docs/cmr.1", text = man.page(operations, core._VERSION, read "debian/changelog") },
  {
    path = "docs/maintainers/openapi.json",
    text = openapi.document(operations, samples, {
      version = core._VERSION,
      server = server,
      events = require "cmr.webhook.events",
    }),
  },
}

return documents
