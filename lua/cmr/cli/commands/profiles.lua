---cmr profiles: lists the stored profiles, without their keys.

local output = require "cmr.cli.output"
local profile = require "cmr.cli.profile"

local profiles = {}

profiles.epilog = "They are in ~/.config/cmr/config, which is JSON and can be edited.\n"
  .. "A table, unless --output asks for another form."

local COLUMNS = { "name", "default", "base_url", "key_header", "ca_file" }

function profiles.run(parsed, system)
  local config = profile.load(system)
  local list = {}
  for index, name in ipairs(profile.names(config)) do
    local stored = config.profiles[name]
    list[index] = {
      name = name,
      default = name == config.default,
      base_url = stored.base_url,
      key_header = stored.key_header,
      ca_file = stored.ca_file,
    }
  end
  if #list == 0 and not parsed.output then
    system.stderr:write "cmr: there are none; cmr init makes one\n"
    return 0
  end
  local answer = parsed.output == "json" and not parsed.field and list or { data = list }
  output.rows(answer, parsed, system, COLUMNS, function(entry)
    return { entry.name, entry.default and "default" or nil, entry.base_url, entry.key_header, entry.ca_file }
  end)
  return 0
end

return profiles
