---cmr profiles: lists the stored profiles without their keys, removes a profile, or chooses the default profile.

local io = require "cmr.cli.io"
local output = require "cmr.cli.output"
local profile = require "cmr.cli.profile"

local profiles = {}

profiles.epilog = [[
cmr profiles lists the profiles, as a table unless --output asks for another form.
cmr profiles default NAME makes one the default: it is used when neither the
command line nor CMR_API_KEY names a key. cmr profiles remove NAME removes one,
with its key, after a confirmation. The profiles are stored in
~/.config/cmr/config.]]

local COLUMNS = { "name", "default", "base_url", "key_header", "ca_file" }

function profiles.arguments(command)
  command:usage "Usage: cmr profiles [options] [{remove,default} NAME]"
  command
    :argument("ACTION")
    :target(".action")
    :args("?")
    :choices({ "remove", "default" })
    :description "remove: remove a profile. default: make it the default."
  command:argument("NAME"):target(".name"):argname("PROFILE"):args("?"):description "The profile's name."
end

local function list(config, parsed, system)
  local entries = {}
  for index, name in ipairs(profile.names(config)) do
    local stored = config.profiles[name]
    entries[index] = {
      name = name,
      default = name == config.default,
      base_url = stored.base_url,
      key_header = stored.key_header,
      ca_file = stored.ca_file,
    }
  end
  if #entries == 0 and not parsed.output then
    system.stderr:write "cmr: there are none; cmr init makes one\n"
    return
  end
  local answer = parsed.output == "json" and not parsed.field and entries or { data = entries }
  output.rows(answer, parsed, system, COLUMNS, function(entry)
    return { entry.name, entry.default and "default" or nil, entry.base_url, entry.key_header, entry.ca_file }
  end)
end

local actions = {}

function actions.default(config, name, system)
  config.default = name
  local path = profile.save(system, config)
  io.write(system, ("Profile '%s' is the default in %s.\n"):format(name, path))
end

function actions.remove(config, name, system, parsed)
  local stored = config.profiles[name]
  local address = type(stored) == "table" and tostring(stored.base_url) or "no address"
  local lines = { ("%s: %s"):format(name, address) }
  require("cmr.cli.prompt").confirm("profiles remove deletes a key", lines, parsed, system, "nothing was removed")
  config.profiles[name] = nil
  local was_default = config.default == name
  if was_default then config.default = nil end
  local path = profile.save(system, config)
  local advice = was_default and "; it was the default, and there is none now: 'cmr profiles default NAME' chooses one"
    or ""
  io.write(system, ("Profile '%s' is removed from %s%s.\n"):format(name, path, advice))
end

function profiles.run(parsed, system)
  local config, action, name = profile.load(system), parsed[".action"], parsed[".name"]
  if not action then
    list(config, parsed, system)
    return io.EXIT_OK
  end
  if not name then io.usage("argument PROFILE: missing (cmr profiles %s NAME)", action) end
  if config.profiles[name] == nil then profile.options(config, name) end -- raises the mistake about a missing profile
  actions[action](config, name, system, parsed)
  return io.EXIT_OK
end

return profiles
