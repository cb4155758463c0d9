--- cmr profiles: what cmr init has kept, without the keys.

local output = require "cmr.cli.output"
local profile = require "cmr.cli.profile"

local M = {}

function M.arguments(command)
  command:epilog(
    "They are in ~/.config/cmr/config, which is JSON and can be edited.\n"
      .. "A table, unless --output asks for another form."
  )
end

local function rows_of(_, answer)
  local rows = {}
  for index, kept in ipairs(answer.data) do
    rows[index] = { kept.name, kept.default and "default" or nil, kept.base_url, kept.key_header, kept.ca_file }
  end
  return { "name", "default", "base_url", "key_header", "ca_file" }, rows
end

function M.run(given, system)
  local config = profile.load(system)
  local list = {}
  for index, name in ipairs(profile.names(config)) do
    local kept = config.profiles[name]
    list[index] = {
      name = name,
      default = name == config.default,
      base_url = kept.base_url,
      key_header = kept.key_header,
      ca_file = kept.ca_file,
    }
  end
  if #list == 0 and not given.output then
    system.stderr:write "cmr: there are none; cmr init makes one\n"
    return 0
  end
  local answer = given.output == "json" and not given.field and list or { data = list }
  output.show(answer, given, system, {
    default = "table",
    rows = rows_of,
    empty = function()
      return "[]"
    end,
  })
  return 0
end

return M
