---cmr profiles: the stored profiles, without their keys.

local output = require "cmr.cli.output"
local profile = require "cmr.cli.profile"

local profiles = {}

function profiles.arguments(command)
  command:epilog(
    "They are in ~/.config/cmr/config, which is JSON and can be edited.\n"
      .. "A table, unless --output asks for another form."
  )
end

local function tabulated(_, answer)
  local rows = {}
  for index, entry in ipairs(answer.data) do
    rows[index] = { entry.name, entry.default and "default" or nil, entry.base_url, entry.key_header, entry.ca_file }
  end
  return { "name", "default", "base_url", "key_header", "ca_file" }, rows
end

local function empty()
  return "[]"
end

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
  output.show(answer, parsed, system, { default = "table", rows = tabulated, empty = empty })
  return 0
end

return profiles
