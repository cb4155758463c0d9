---cmr init: stores a key and its base URL as a profile.

local core = require "cmr.core"
local io = require "cmr.cli.io"
local profile = require "cmr.cli.profile"
local prompt = require "cmr.cli.prompt"

local init_profile = {}

local SANDBOX_HEADER = "cmr-x-sandbox-api-key" -- from the vendor's help pages; the sandbox's address is undocumented

init_profile.epilog = [[
On a terminal, asks for the missing values and does not show the key. The option
--api-key-file takes the key from a file. Without a terminal and without this
option, the key is the first line of standard input:

   cmr init --profile production <key-file

The command tries the key with one read (the list of countries). It writes the key
and its address to ~/.config/cmr/config, which only you can read. --profile NAME
names the profile; --base-url and --ca-file become part of it. The first profile
becomes the default, which is used when neither the command line nor CMR_API_KEY
names a key.]]

init_profile.options = {
  { "--sandbox", false, "The key is for the sandbox; --base-url is the sandbox's address." },
  {
    "--key-header",
    "NAME",
    "The header that carries the key (default: that of production or of the sandbox).",
  },
  { "--default", false, "Make it the default profile." },
  { "--no-check", false, "Do not try the key." },
}

local function address_of(parsed, sandbox, interactive)
  if parsed.base_url then return parsed.base_url end
  if not sandbox then return core.production end
  if interactive then return prompt.line "Base URL of the sandbox" end
  io.usage "option '--sandbox' wants '--base-url': the sandbox's address is undocumented"
end

local function name_of(parsed, sandbox, interactive)
  local usual = sandbox and "sandbox" or "production"
  local name = parsed.profile or interactive and prompt.line("Name of the profile", { default = usual }) or usual
  if name:find "^[%w._-]+$" then return name end
  io.usage "a profile's name is made of letters, digits, dots, dashes and underscores"
end

local function key_of(parsed, system, interactive)
  if parsed.api_key_file then return require("cmr.cli.request").key(parsed.api_key_file, io.reader(system)) end
  local key = interactive and prompt.line("API key (it is not shown)", { secret = true })
    or io.line_reader(system.stdin, 1)()
  key = (key or ""):match "^%s*(.-)%s*$"
  if key == "" then io.usage "no API key: the first line of standard input is empty" end
  return key
end

-- Sends one request that changes nothing, needs no argument and returns no data of a customer.
local function try_key(client, system)
  local answer, message, err = client:countries()
  if answer then
    local text = require("cmr.util.text").printable(answer.message or "")
    return io.write(system, ("The API accepts the key: %s\n"):format(text))
  end
  if err.kind == "invalid_argument" then io.usage("%s", message) end
  io.failure("%s\nnothing was written; --no-check writes without trying the key", message)
end

function init_profile.run(parsed, system)
  local config = profile.load(system) -- loaded before the first question, because the file may be unusable
  if parsed.ca_file and parsed.ca_file:sub(1, 1) ~= "/" then
    io.usage "option '--ca-file' wants an absolute path: it becomes part of the profile"
  end
  local interactive = system.terminal(system.stdin) ~= nil
  local sandbox = parsed[".sandbox"]
  if interactive and not sandbox and not parsed.base_url then
    sandbox = prompt.line("Is it a key of the sandbox?", { default = "no" }):lower():find "^y" ~= nil
  end
  local base_url = address_of(parsed, sandbox, interactive)
  local name = name_of(parsed, sandbox, interactive)
  local fields = {
    base_url = base_url,
    ca_file = parsed.ca_file,
    key_header = parsed[".key_header"] or sandbox and SANDBOX_HEADER or nil,
    api_key = key_of(parsed, system, interactive),
  }
  local settings = setmetatable({ profile = name }, { __index = fields })
  parsed.rate = "off" -- the command makes only one request
  local client = require("cmr.cli.request").client(parsed, system, nil, settings)
  if not parsed[".no_check"] then try_key(client, system) end

  config.profiles[name] = fields
  if parsed[".default"] or not config.default then config.default = name end
  local path = profile.save(system, config)
  local use = config.default == name and "used when neither --profile nor CMR_API_KEY says otherwise"
    or ("used with --profile %s"):format(name)
  io.write(system, ("Profile '%s' is in %s: %s.\n"):format(name, path, use))
  return io.EXIT_OK
end

return init_profile
