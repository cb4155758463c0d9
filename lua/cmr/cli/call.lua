--- One operation: command line -> arguments -> client -> answer -> standard output.

local arguments = require "cmr.cli.arguments"
local stream = require "cmr.cli.stream"

local M = {}

-- What an outcome means to someone who wonders whether to run the command again.
local outcomes = {
  not_sent = "the server never saw it, so it can be repeated",
  rejected = "the server refused it, so nothing was done",
  unknown = "it may have been done: look before repeating it",
}

local function wrong(message, ...)
  error({usage = message:format(...)}, 0)
end

local function returned(ok, ...)
  if ok then return ... end
  local message = ...
  if type(message) ~= "string" or message:find("interrupted!", 1, true) then error(message, 0) end
  -- where in this program it was raised, and that this is cmr, says nothing to a user of the command
  wrong("%s", (message:gsub("^[^\n ]*:%d+: ", ""):gsub("^cmr%.new: ", ""):gsub("^cmr%.", "")))
end

--- Calls a function of the library and returns what it returns. A string that it raises is a mistake in what it was
-- given, and becomes {usage = message}; Ctrl-C arrives as a string too and goes on as it is.
function M.library(action, ...)
  return returned(pcall(action, ...))
end

local function read_key(path, read)
  if path == "-" then wrong("option '--api-key-file' wants a file, not standard input") end
  local text, why = read(path)
  -- the path stays unsaid: somebody may have put the key itself there
  if not text then wrong("option '--api-key-file' names no file that can be read (%s)", why) end
  local key = text:match("^[^\r\n]*"):match("^%s*(.-)%s*$")
  if key == "" then wrong("option '--api-key-file': the file's first line is empty") end
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

--- The API key, from the file or the environment.
-- @param given  the parser's result
-- @param world  see cmr.cli.stream
-- @param read   of stream.reader
function M.key(given, world, read)
  local key = given.api_key_file and read_key(given.api_key_file, read) or world.getenv("CMR_API_KEY") or ""
  if key ~= "" then return key end
  wrong("no API key: put it in the environment as CMR_API_KEY, or in a file named by --api-key-file")
end

--- A client as the command line and the environment describe it. Parameters as of M.key.
function M.client(given, world, read)
  local options = {
    api_key = M.key(given, world, read),
    base_url = given.base_url,
    ca_file = given.ca_file,
    timeout = M.number("--timeout", given.timeout),
    retries = M.number("--retries", given.retries, true),
  }
  if given.rate == "off" then
    options.rate = false
  else
    options.rate = M.number("--rate", given.rate)
  end
  return M.library(require("cmr").new, options)
end

local function fail(row, message, err)
  if err.kind == "usage" then wrong("%s", message) end
  local lines = {message}
  if row.method ~= "GET" and outcomes[err.outcome] then
    lines[2] = ("outcome: %s, %s"):format(err.outcome, outcomes[err.outcome])
  end
  if err.retry_after then lines[#lines + 1] = ("retry after %g s"):format(err.retry_after) end
  error({failure = table.concat(lines, "\n"), status = 1}, 0)
end

local function show(row, answer, given, world)
  if given.output ~= "table" then
    local empty = row.flags.list and function(key) return key == "data" and "[]" or nil end
    return stream.write(world, require("cmr.cli.json")(answer, {compact = given.compact, empty = empty}) .. "\n")
  end
  local columns, rows = require("cmr.cli.rows").of(row.name, answer)
  if #rows > 0 then return stream.write(world, require("cmr.cli.table")(columns, rows)) end
  world.stderr:write("cmr: no rows in the answer; --output json shows all of it\n")
end

--- Runs the operation of a row and prints its answer.
-- @param row    from the operations table
-- @param given  the parser's result
-- @param world  see cmr.cli.stream
-- @return 0; a failure raises {failure = message, status = 1}, a mistake {usage = message}
function M.run(row, given, world)
  local read, texts = stream.reader(world), {}
  for target, text in pairs(given) do
    if target:sub(1, 1) == "." then texts[target:sub(2)] = text end
  end
  local prepared = arguments.build(row, texts, read)
  local made = M.client(given, world, read)
  -- All is known and nothing is sent yet: the place to ask before what charges or destroys.
  local answer, message, err = M.library(made[row.name], made, prepared)
  if not answer then fail(row, message, err) end
  show(row, answer, given, world)
  return 0
end

return M
