--- The command `cmr`. The module is its main function; what each part does is in the files beside this one.
-- Exit status: 0 done; 1 the API refused or could not be reached; 2 the command line is wrong, nothing was sent;
-- 130 interrupted; 141 nobody reads the output.

local stream = require "cmr.cli.io"

-- "cmr 0.1.0 (Lua 5.4, libcurl 7.88.1)"
local function version()
  local core = require "cmr.core"
  local jit = rawget(_G, "jit")
  local lua = jit and jit.version:match "^%S+ %d+%.%d+" or _VERSION
  return ("cmr %s (%s, libcurl %s)\n"):format(core._VERSION, lua, core.libcurl)
end

local function run(line, world, at)
  if line[1] == "help" then line = { line[2] or "--help", line[2] and "--help" } end
  local rows = require "cmr.operations"
  local parser, own = require("cmr.cli.parser").new(rows, line, version)
  local given = parser:parse(line)
  at.command = "cmr " .. given.command
  local beside = own[given.command]
  if beside then
    if given.dry_run and not beside.dry_run then
      error({ usage = "option '--dry-run' is for the commands that make one request" }, 0)
    end
    return beside.run(given, world, version)
  end
  return require("cmr.cli.request").run(rows[given.command:gsub("-", "_")], given, world)
end

-- Says how it ended when it did not end well, or with help; returns the exit status.
local function report(ending, world, command)
  if type(ending) ~= "table" then
    ending = tostring(ending)
    if ending:find("interrupted!", 1, true) then return 130 end -- what the interpreter makes of Ctrl-C
    ending = { failure = "internal error: " .. ending, status = 1 }
  end
  if ending.text then
    stream.write(world, ending.text)
    return 0
  end
  local printable = require("cmr.util.text").printable
  for line in (ending.usage or ending.failure or ""):gmatch "[^\n]+" do
    world.stderr:write("cmr: ", printable(line), "\n")
  end
  if ending.usage then
    world.stderr:write(("Try '%s --help'.\n"):format(ending.command or command))
    return 2
  end
  return ending.status
end

--- Runs the command.
-- @param arg    array of words, as lua gives them to a script
-- @param world  replacements for what it reads and writes, see cmr.cli.io; default: the real ones
-- @return the exit status
return function(arg, world)
  stream.hold()
  world = setmetatable(world or {}, { __index = stream.world })
  local line, at = {}, { command = "cmr" }
  for index, word in ipairs(arg) do
    line[index] = word
  end
  local ok, ending = pcall(run, line, world, at)
  if ok then return ending end
  ok, ending = pcall(report, ending, world, at.command)
  if ok then return ending end
  return type(ending) == "table" and ending.status or 1 -- help that nobody reads
end
