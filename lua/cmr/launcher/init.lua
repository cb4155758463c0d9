-- An nginx of our own, in the foreground, with Lua of ours in it: what the mock and the listener are made of.
local conf = require "cmr.launcher.conf"
local nginx = require "cmr.launcher.find"
local process = require "cmr.launcher.process"
local random = require "cmr.util.random"
local shell = require "cmr.util.shell"

local server = {}

local ATTEMPTS = 5

-- The folder in which this library's cmr/ is.
local function lua_root()
  local root = debug.getinfo(1, "S").source:match "^@(.*)cmr/launcher/init%.lua$"
  if root:sub(1, 1) ~= "/" then root = shell.output "pwd" .. "/" .. root end
  return (root:gsub("/+$", ""))
end

-- One start on one port. Returns as process.run does.
local function serve(name, program, parts)
  local files = {
    ["nginx.conf"] = conf.text(program, lua_root(), parts.http),
    ["prepare.sh"] = parts.prepare or "",
    ["start.sh"] = ('exec %s -p "$dir/" -c nginx.conf%s\n'):format(
      shell.quote(program.path),
      program.takes_error_log and " -e error.log" or ""
    ),
  }
  for file, text in pairs(parts.files) do
    files[file] = text
  end
  return process.run((name:gsub(" ", "-")), files, parts.on)
end

--- Run it until SIGINT or SIGTERM, on a port or a free one, by chance, from 20000 to 29999.
-- @param name "cmr mock"
-- @param port or nil
-- @param parts function(port, program of server.nginx) -> {http = text in the http block, which listens on that port;
--   files = further ones by name; prepare = a shell script to run first; on = see process.run}. Lua that runs in nginx
--   prints "ready" when it does.
-- @return the exit code: 0 when it was stopped, 1 when it could not start or broke down, with the reason on standard
--   error
function server.run(name, port, parts)
  local program, why = nginx.find()
  local stopped = false
  for _ = 1, program and (port and 1 or ATTEMPTS) or 0 do
    local try = port or random.integer(20000, 29999)
    stopped, why = serve(name, program, parts(try, program))
    if stopped or not why:find("Address already in use", 1, true) then break end
  end
  if stopped then return 0 end
  if port and why:find("Address already in use", 1, true) then
    why = ("port %d is in use: another --port, or none, which finds a free one"):format(port)
  end
  io.stderr:write(name, ": ", why, "\n")
  return 1
end

return server
