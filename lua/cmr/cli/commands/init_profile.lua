--- cmr init: keeps a key, with its address, as a profile.

local prompt = require "cmr.cli.prompt"
local core = require "cmr.core"
local profile = require "cmr.cli.profile"
local io = require "cmr.cli.io"

local M = {}

local SANDBOX_HEADER = "cmr-x-sandbox-api-key" -- help; where the sandbox is, no document says

local details = [[
Asks on a terminal for what is not given; the key is not shown. Elsewhere the
key is the first line of standard input, or of --api-key-file:

   cmr init --profile production <key-file

The key is tried with one read (the list of countries) and written, with its
address, to ~/.config/cmr/config, which only you can read. --profile NAME gives
the profile its name; --base-url and --ca-file become part of it. The first
profile is the default one: it is used when neither --profile nor CMR_API_KEY
says which key.]]

function M.arguments(command)
  command:epilog(details)
  command:flag("--sandbox"):target(".sandbox"):description "It is a key of the sandbox; --base-url says where that is."
  command
    :option("--key-header")
    :target(".key_header")
    :argname("NAME")
    :description "The header that carries the key (default: that of production or of the sandbox)."
  command:flag("--default"):target(".default"):description "Make it the default profile."
  command:flag("--no-check"):target(".no_check"):description "Do not try the key."
end

-- The address: as given, or production's; that of the sandbox has to be said.
local function address_of(given, sandbox, person)
  if given.base_url then return given.base_url end
  if not sandbox then return core.production end
  if person then return prompt.line "Base URL of the sandbox" end
  io.usage "option '--sandbox' wants '--base-url': the documents do not say where the sandbox is"
end

local function name_of(given, sandbox, person)
  local usual = sandbox and "sandbox" or "production"
  local name = given.profile or person and prompt.line("Name of the profile", { default = usual }) or usual
  if name:find "^[%w._-]+$" then return name end
  io.usage "a profile's name is made of letters, digits, dots, dashes and underscores"
end

local function key_of(given, system, person)
  if given.api_key_file then return require("cmr.cli.request").key(given.api_key_file, io.reader(system)) end
  local key = person and prompt.line("API key (it is not shown)", { secret = true }) or system.stdin:read "*l"
  key = (key or ""):match "^%s*(.-)%s*$"
  if key == "" then io.usage "no API key: the first line of standard input is empty" end
  return key
end

-- One read that needs no argument and tells nothing of a customer.
local function check(client, system)
  local answer, message, err = client:countries()
  if answer then
    local said = require("cmr.util.text").printable(answer.message or "")
    return io.write(system, ("The API accepts the key: %s\n"):format(said))
  end
  if err.kind == "invalid_argument" then io.usage("%s", message) end
  local hint = "nothing was written; --no-check writes without trying the key"
  error({ failure = message .. "\n" .. hint, status = 1 }, 0)
end

function M.run(given, system)
  local call = require "cmr.cli.request"
  local config = profile.load(system) -- a file that cannot be used is found before anything is asked
  if given.ca_file and given.ca_file:sub(1, 1) ~= "/" then
    io.usage "option '--ca-file' wants an absolute path: it becomes part of the profile"
  end
  local person = system.terminal(system.stdin) ~= nil
  local sandbox = given[".sandbox"]
  if person and not sandbox and not given.base_url then
    sandbox = prompt.line("Is it a key of the sandbox?", { default = "no" }):lower():find "^y" ~= nil
  end
  local base_url = address_of(given, sandbox, person)
  local name = name_of(given, sandbox, person)
  local made = {
    base_url = base_url,
    ca_file = given.ca_file,
    key_header = given[".key_header"] or sandbox and SANDBOX_HEADER or nil,
    api_key = key_of(given, system, person),
  }
  local client = call.client_for_one(given, system, nil, setmetatable({ profile = name }, { __index = made }))
  if not given[".no_check"] then check(client, system) end

  config.profiles[name] = made
  if given[".default"] or not config.default then config.default = name end
  local path = profile.save(system, config)
  local use = config.default == name and "used when neither --profile nor CMR_API_KEY says otherwise"
    or ("used with --profile %s"):format(name)
  io.write(system, ("Profile '%s' is in %s: %s.\n"):format(name, path, use))
  return 0
end

return M
