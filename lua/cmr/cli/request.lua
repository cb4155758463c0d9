--- One request: command line -> arguments -> client -> answer -> standard output.

local output = require "cmr.cli.output"
local stream = require "cmr.cli.io"

local unpack = table.unpack or unpack

local M = {}

local function wrong(message, ...)
  error({ usage = message:format(...) }, 0)
end

local function returned(ok, ...)
  if ok then return ... end
  local message = ...
  if type(message) ~= "string" or message:find("interrupted!", 1, true) then error(message, 0) end
  -- where in this program it was raised, and that this is cmr, says nothing to a user of the command
  wrong(
    "%s",
    (
      message
        :gsub("^[^\n ]*:%d+: ", "")
        :gsub("^cmr%.", "")
        :gsub("^new: ", "")
        :gsub("^preview: ", "")
        :gsub("^%l+%.run: ", "")
    )
  )
end

--- Calls a function of the library and returns what it returns. A string that it raises is a mistake in what it was
-- given, and becomes {usage = message}; Ctrl-C arrives as a string too and goes on as it is.
function M.library(action, ...)
  return returned(pcall(action, ...))
end

-- The same, with the mistake in the words of a shell.
local function translated(given, row, action, ...)
  local results = { pcall(M.library, action, ...) }
  if results[1] then return unpack(results, 2, 4) end
  local mistake = results[2]
  if type(mistake) == "table" and mistake.usage then
    mistake.usage = require("cmr.cli.words").shell(mistake.usage, given, row)
  end
  error(mistake, 0)
end

--- The key in a file's first line, for --api-key-file.
-- @param read  of stream.reader
function M.key(path, read)
  if path == "-" then wrong "option '--api-key-file' wants a file, not standard input" end
  local text, why = read(path)
  -- the path stays unsaid: somebody may have put the key itself there
  if not text then wrong("option '--api-key-file' names no file that can be read (%s)", why) end
  local key = text:match("^[^\r\n]*"):match "^%s*(.-)%s*$"
  if key == "" then wrong "option '--api-key-file': the file's first line is empty" end
  return key
end

--- The number an option gives; nil when it is absent.
-- @param option  "--timeout"
-- @param text    as typed, or nil
-- @param whole   true: no fraction
function M.number(option, text, whole)
  if not text then return nil end
  local value = text:find(whole and "^%d+$" or "^%d*%.?%d*$") and tonumber(text)
  if value then return value end
  wrong("option '%s' wants a %snumber, not '%s'", option, whole and "whole " or "", text)
end

--- Which key goes where: see cmr.cli.profile.
-- @param given  the parser's result
-- @param world  see cmr.cli.io
-- @param read   of stream.reader
function M.settings(given, world, read)
  local key = given.api_key_file and M.key(given.api_key_file, read)
  return require("cmr.cli.profile").settings(given, world, key)
end

--- A client as the command line and the environment describe it. Without a key it is one for --dry-run only.
-- @param given  the parser's result
-- @param world  see cmr.cli.io
-- @param read   of stream.reader
-- @param settings  which key goes where (default: that of cmr.cli.profile)
function M.client(given, world, read, settings)
  settings = settings or M.settings(given, world, read)
  given.kept = settings.profile
  local options = {
    api_key = settings.api_key,
    base_url = settings.base_url,
    key_header = settings.key_header,
    ca_file = settings.ca_file,
    timeout = M.number("--timeout", given.timeout),
    retries = M.number("--retries", given.retries, true),
  }
  if given.rate == "off" then
    options.rate = false
  else
    options.rate = M.number("--rate", given.rate)
  end
  if given.verbose then
    options.on_response, options.on_retry = require("cmr.cli.verbose").hooks(world)
  end
  return translated(given, nil, require("cmr.client").new, options)
end

--- A client for one request: a rate would only delay the repetition of that.
function M.client_for_one(given, world, read, settings)
  given.rate = given.rate or "off"
  return M.client(given, world, read, settings)
end

local function fail(order, given, message, err)
  if err.kind == "invalid_argument" then wrong("%s", require("cmr.cli.words").shell(message, given, order.row)) end
  local lines = require("cmr.cli.hints").after(order.row, err, order.acts)
  error({ failure = table.concat({ message, unpack(lines) }, "\n"), status = 1 }, 0)
end

local function preview(order, client, given)
  local request, message, err =
    translated(given, order.row, client.preview, client, order.what, unpack(order.arguments))
  if not request then fail(order, given, message, err) end
  return request
end

-- What was asked for before or in place of the request itself: to see it, to be asked. True when that is all.
local function look_first(order, client, given, world)
  if not (given.dry_run or given.verbose or order.reason and not given.yes) then return false end
  local request = preview(order, client, given)
  local profile = given.kept and ("the profile '%s'"):format(given.kept)
  if given.dry_run then
    stream.write(world, require "cmr.cli.curl"(request, given.kept, given.api_key_file))
    return true
  end
  if order.reason then
    local lines = { request.method .. " " .. request.url }
    lines[#lines + 1] = profile and "with " .. profile
    lines[#lines + 1] = request.body
    require("cmr.cli.confirm").ask(order.reason, lines, given, world)
  end
  if given.verbose then require("cmr.cli.verbose").line(world, request.method .. " " .. request.url) end
  return false
end

--- Sends one request and prints its answer.
-- @param order   what = an operation or "request"; arguments = an array of its arguments; row = from the operations
--   table, where it has one; acts = whether it may do something; reason = why to ask before ("reexport charges money"),
--   or nil; about = of cmr.cli.output
-- @param given   the parser's result
-- @param world   see cmr.cli.io
-- @param client  of M.client
-- @return 0; a failure raises {failure = message, status = 1}, a mistake {usage = message}
function M.send(order, given, world, client)
  if look_first(order, client, given, world) then return 0 end
  local answer, message, err = translated(given, order.row, client[order.what], client, unpack(order.arguments))
  if not answer then fail(order, given, message, err) end
  output.show(answer, given, world, order.about)
  return 0
end

--- Runs the operation of a row and prints its answer.
-- @param row    from the operations table
-- @param given  the parser's result
-- @param world  see cmr.cli.io
-- @return as M.send
function M.run(row, given, world)
  local arguments = require "cmr.cli.arguments"
  local read, texts = stream.reader(world), {}
  for target, text in pairs(given) do
    if target:sub(1, 1) == "." then texts[target:sub(2)] = text end
  end
  local prepared = arguments.build(row, texts, read)
  local flags = row.flags
  local risky = flags.charges or flags.danger or flags.all_when_empty
  local reason = risky and require("cmr.cli.confirm").reason(row, prepared)
  local empty = row.flags.list and function(key)
    return key == "data" and "[]" or nil
  end
  return M.send({
    what = row.name,
    arguments = { prepared },
    row = row,
    acts = row.method ~= "GET",
    reason = reason and ("%s %s"):format(arguments.command(row.name), reason),
    about = { name = row.name, empty = empty },
  }, given, world, M.client_for_one(given, world, read))
end

return M
