--- cmr profiles: what cmr init has kept, without the keys.

local profile = require "cmr.cli.profile"
local stream = require "cmr.cli.stream"

local M = {}

function M.arguments(command)
  command:epilog("They are in ~/.config/cmr/config, which is JSON and can be edited.\n"
    .. "A table unless --output json is given.")
end

function M.run(given, world)
  local config = profile.load(world)
  local list, rows = {}, {}
  for index, name in ipairs(profile.names(config)) do
    local kept = config.profiles[name]
    list[index] = {
      name = name,
      default = name == config.default,
      base_url = kept.base_url,
      key_header = kept.key_header,
      ca_file = kept.ca_file,
    }
    rows[index] = {name, name == config.default and "default" or nil, kept.base_url, kept.key_header, kept.ca_file}
  end
  if given.output == "json" then
    local function empty() return "[]" end
    stream.write(world, require("cmr.cli.json")(list, {compact = given.compact, empty = empty}) .. "\n")
  elseif #rows > 0 then
    stream.write(world, require("cmr.cli.table")({"NAME", "", "BASE URL", "KEY HEADER", "CA FILE"}, rows))
  else
    world.stderr:write("cmr: there are none; cmr init makes one\n")
  end
  return 0
end

return M
