--- One operation for every row of a file: what `cmr bulk` does, from its command line to its exit status.

local arguments = require "cmr.cli.arguments"
local call = require "cmr.cli.request"
local confirm = require "cmr.cli.confirm"
local core = require "cmr.core"
local failures = require "cmr.cli.bulk.failures"
local input = require "cmr.cli.bulk.input"
local journal = require "cmr.cli.bulk.journal"
local plan = require "cmr.cli.bulk.plan"
local progress = require "cmr.cli.bulk.progress"
local results = require "cmr.cli.bulk.results"
local rows = require "cmr.cli.bulk.columns"
local tally = require "cmr.cli.bulk.tally"
local work = require "cmr.cli.bulk.runner"
local operations = require "cmr.operations"

local M = {}

local TOLD = 10 -- bad rows that are shown

local function wrong(message, ...)
  error({ usage = message:format(...) }, 0)
end

local function operation(name)
  local row = operations[name:gsub("-", "_")]
  if row then return row end
  local names = {}
  for index, one in ipairs(operations) do
    names[index] = arguments.command(one.name)
  end
  local near = core.suggest(name, names)
  wrong("there is no operation '%s'%s", name, near and (" (did you mean '%s'?)"):format(near) or "")
end

local function count(option, text)
  local number = call.number(option, text, true)
  if number == 0 then wrong("option '%s' wants a whole number from 1", option) end
  return number
end

-- Where to write down what was done; nil: nowhere.
local function journal_of(given, row, harmless)
  if given[".no_journal"] then
    if given[".journal"] then wrong "option '--journal' or option '--no-journal', not both" end
    return nil
  end
  if given[".journal"] or harmless then return given[".journal"] end
  if given[".from"] == "-" then wrong "rows from standard input need option '--journal', or '--no-journal'" end
  return ("%s.%s.journal"):format(given[".from"], row.name)
end

local function say(world, line)
  world.stderr:write("cmr: ", require("cmr.util.text").printable(line), "\n")
end

-- Looks at every row before the first is sent: says which are wrong, and refuses what is there twice unless that is
-- meant. Returns as plan.look does, and why to ask before they are sent.
local function look(job, duplicates, world)
  local bad, reason = 0, ""
  local counts, ids = plan.look(job, function(one)
    if one.problem then
      bad = bad + 1
      if bad <= TOLD then say(world, ("row %d (line %d): %s"):format(one.number, one.line, one.problem)) end
    elseif one.first ~= one.number and not duplicates then
      wrong("rows %d and %d are the same: option '--duplicates' sends both", one.first, one.number)
    elseif one.arguments then
      local why = confirm.reason(job.row, one.arguments) or ""
      if #why > #reason then reason = why end
    end
  end)
  return counts, ids, reason ~= "" and reason
end

local function dry_run(world, counts)
  local parts = { ("%s: %d would be sent"):format(tally.rows(counts.rows), counts.todo) }
  for _, standing in ipairs { "done", "partly", "failed", "unknown", "later", "bad" } do
    if counts[standing] > 0 then parts[#parts + 1] = ("%d %s"):format(counts[standing], standing) end
  end
  say(world, table.concat(parts, ", "))
  return counts.bad > 0 and 3 or 0
end

-- What is written must not destroy what is read, or known.
local function distinct(given, file, kept)
  for _, name in ipairs { "results", "failures" } do
    local to = given["." .. name]
    if to and name == "results" and file:is(to) then wrong("option '--%s' names the input", name) end
    if to and kept and kept:is(to) then wrong("option '--%s' names the journal", name) end
  end
end

--- @param given  the parser's result
-- @param world  see cmr.cli.io
-- @param read   of stream.reader
-- @return the exit status. Raises {usage = message}, {failure = message, status}
function M.run(given, world, read)
  collectgarbage("setpause", 110) -- which does not see what each call holds in C
  local row = operation(given[".operation"])
  if not given[".from"] then wrong "missing option '--from'" end
  local harmless = row.method == "GET" or row.flags.safe
  local path = journal_of(given, row, harmless)
  local concurrency = count("--concurrency", given[".concurrency"]) or 8
  local max_failures = count("--max-failures", given[".max_failures"])
  local ignored = {}
  for _, name in ipairs(given[".ignore"]) do
    ignored[name] = true
  end
  local settings = rows.settings(row, given[".set"], read)
  local client = call.client(given, world, read)
  local target = client._state.target
  local binding = { operation = row.name, url = tostring(client):match ": (.*)$", key = target:key_id() }

  local file = input.open(given[".from"], given[".format"], world)
  local job = {
    row = row,
    input = file,
    client = client,
    concurrency = concurrency,
    max_failures = max_failures,
    time = os.time,
    harmless = harmless,
    retry_unknown = given[".retry_unknown"],
    retry_failed = given[".retry_failed"],
    stderr = world.stderr,
    states = path and journal.read(path, binding) or {},
    read = rows.reader(row, file, ignored, settings),
    check = function(prepared)
      return call.library(core[row.name], target, prepared)
    end,
  }
  local counts, ids, reason = look(job, harmless or given[".duplicates"], world)
  if given.dry_run then return dry_run(world, counts) end
  if reason then
    local what = ("%s %s"):format(arguments.command(row.name), reason)
    confirm.ask(
      what,
      { ("%s of %s, at %s"):format(tally.rows(counts.todo), given[".from"], binding.url) },
      given,
      world
    )
  end

  if path then
    job.states = nil -- not twice in memory
    job.journal = journal.open(path, binding)
    job.states = job.journal.states
  end
  distinct(given, file, job.journal)
  local to = given[".results"] or harmless and "-" or nil
  job.ids, job.tally = ids, tally.new(counts.todo + counts.bad)
  job.results = to and results.new(to, path ~= nil, world)
  job.failures = given[".failures"] and failures.new(given[".failures"], file)
  job.progress = progress.new(job.tally, world, core.now)
  local ending = work.run(job)

  if job.results then job.results:close() end
  local left_out = job.failures and file:is(given[".failures"]) and job.tally:left_out(counts.rows) or 0
  local problem = job.failures and job.failures:close(left_out > 0)
  for _, line in ipairs(job.tally:lines(counts.rows)) do
    say(world, line)
  end
  if path then say(world, "journal: " .. path) end
  if problem then
    say(world, ("the failures could not be written (%s)"):format(problem))
  elseif job.failures and not job.tally:complete(counts.rows) then
    local how = path and (" (--from it with --journal %s)"):format(path) or ""
    if left_out > 0 then
      local why = "%s stays as it is: %s of it neither done nor failed"
      say(world, why:format(given[".from"], tally.rows(left_out)))
    end
    say(world, ("failures: %s%s"):format(job.failures.path, how))
  end
  if ending then error(ending, 0) end
  return job.tally:complete(counts.rows) and not problem and 0 or 3
end

return M
