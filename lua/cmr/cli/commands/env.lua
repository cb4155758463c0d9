---cmr env: prints the key and the address of a profile as lines for a shell.

local core = require "cmr.core"
local io = require "cmr.cli.io"
local shell = require "cmr.util.shell"

local env = {}

env.epilog = [[
The library and scripts with curl take the key from the environment. This puts the
key and the address of a profile there:

   eval "$(cmr env)"                      the default profile
   eval "$(cmr env --profile sandbox)"    another one
   eval "$(cmr env --unset)"              removes them again

On a terminal it does not show the key. The library can also take a profile
itself: cmr.new{profile = "sandbox"}.]]

env.options = {
  { "--unset", false, "Print the lines that remove the variables." },
}

local VARIABLES = { { "CMR_API_KEY", "api_key" }, { "CMR_BASE_URL", "base_url" }, { "CMR_CA_FILE", "ca_file" } }

local function settings_of(parsed, system)
  local profile = require "cmr.cli.profile"
  local config = profile.load(system)
  local name = parsed.profile or config.default
  if type(name) ~= "string" and next(config.profiles) then
    io.usage "none of the profiles is the default: 'cmr profiles default NAME' chooses one"
  end
  if type(name) ~= "string" then io.usage "no profile is stored: 'cmr init' stores one" end
  return profile.options(config, name)
end

function env.run(parsed, system)
  local lines, settings = {}, not parsed[".unset"] and settings_of(parsed, system) or {}
  local is_shown = system.terminal(system.stdout) == nil
  for _, variable in ipairs(VARIABLES) do
    local name, value = variable[1], settings[variable[2]]
    if name == "CMR_API_KEY" and value and not is_shown then value = "..." end
    lines[#lines + 1] = value and ("export %s=%s\n"):format(name, shell.quote(value)) or ("unset %s\n"):format(name)
  end
  io.write(system, table.concat(lines))
  local header = settings.key_header
  if header and header:lower() ~= core.key_header then
    local format = "cmr: the key of '%s' goes into the header %s: give it to cmr.new as key_header, or the profile\n"
    system.stderr:write(format:format(settings.profile, header))
  end
  if not is_shown and not parsed[".unset"] then
    system.stderr:write 'cmr: the key is not shown: eval "$(cmr env)" puts it into the environment\n'
  end
  return io.EXIT_OK
end

return env
