---One operation for every row of a file: a bulk run, from its command line to its exit status.

local arguments = require "cmr.cli.arguments"
local columns = require "cmr.cli.bulk.columns"
local core = require "cmr.core"
local input = require "cmr.cli.bulk.input"
local io = require "cmr.cli.io"
local journal = require "cmr.cli.bulk.journal"
local operations = require "cmr.operations"
local outputs = require "cmr.cli.bulk.outputs"
local prompt = require "cmr.cli.prompt"
local request = require "cmr.cli.request"
local runner = require "cmr.cli.bulk.runner"
local selection = require "cmr.cli.bulk.selection"
local summary = require "cmr.cli.bulk.summary"
local text = require "cmr.util.text"
local validate = require "cmr.util.validate"

local bulk = {}

local DEFAULT_CONCURRENCY = 8
local MAX_REPORTED_ROWS = 10 -- invalid ones
local GC_PAUSE_PERCENT = 110 -- the collector does not see the memory that calls hold in C

local function operation_named(name)
  local operation = operations[name:gsub("-", "_")]
  if operation then return operation end
  io.usage("there is no operation '%s'%s", name, validate.suggestion(name, arguments.commands(operations)))
end

local function positive_integer(option, typed)
  local number = request.number(option, typed, true)
  if number == 0 then io.usage("option '%s' wants a whole number from 1", option) end
  return number
end

-- The path of the journal; nil: none.
local function journal_path(parsed, operation, repeatable)
  if parsed[".no_journal"] then
    if parsed[".journal"] then io.usage "option '--journal' or option '--no-journal', not both" end
    return nil
  end
  if parsed[".journal"] or repeatable then return parsed[".journal"] end
  if parsed[".from"] == "-" then io.usage "rows from standard input need option '--journal', or '--no-journal'" end
  return ("%s.%s.journal"):format(parsed[".from"], operation.name)
end

local function log(system, format, ...)
  system.stderr:write("cmr: ", text.printable(format:format(...)), "\n")
end

-- Checks arguments without sending them. Returns nil, message when something is wrong.
local function check(client, operation, args)
  local ok, preview, message = pcall(request.library, client.preview, client, operation.name, args)
  if ok then return preview, message end
  if type(preview) == "table" and preview.usage then return nil, preview.usage end
  error(preview, 0)
end

local function start(parsed, system, read)
  local operation = operation_named(parsed[".operation"])
  if not parsed[".from"] then io.usage "missing option '--from'" end
  local repeatable = operation.method == "GET" or operation.flags.safe
  local run = {
    operation = operation,
    repeatable = repeatable,
    journal_path = journal_path(parsed, operation, repeatable),
    concurrency = positive_integer("--concurrency", parsed[".concurrency"]) or DEFAULT_CONCURRENCY,
    max_failures = positive_integer("--max-failures", parsed[".max_failures"]),
    retry_unknown = parsed[".retry_unknown"],
    retry_failed = parsed[".retry_failed"],
    time = os.time,
    stderr = system.stderr,
  }
  local ignored = {}
  for _, name in ipairs(parsed[".ignore"]) do
    ignored[name] = true
  end
  local defaults = columns.defaults(operation, parsed[".set"], read)
  local client = request.client(parsed, system, read)
  run.client = client
  run.binding = { operation = operation.name, url = client:base_url(), key = client:key_id() }
  run.input = input.open(parsed[".from"], parsed[".format"], system)
  run.read = columns.reader(operation, run.input, ignored, defaults)
  run.check = function(args)
    return check(client, operation, args)
  end
  run.states = run.journal_path and journal.read(run.journal_path, run.binding) or {}
  return run
end

-- Checks every row before the first is sent. Reports the invalid ones; refuses rows with the same content unless
-- allow_duplicates is true. Returns counts and ids, see selection.review, and the reason to ask for a confirmation.
local function review(run, allow_duplicates, system)
  local invalid, reason = 0, ""
  local counts, ids = selection.review(run, function(row)
    if row.problem then
      invalid = invalid + 1
      if invalid <= MAX_REPORTED_ROWS then log(system, "row %d (line %d): %s", row.number, row.line, row.problem) end
    elseif row.first ~= row.number and not allow_duplicates then
      io.usage("rows %d and %d are the same: option '--duplicates' sends both", row.first, row.number)
    elseif row.args then
      local row_reason = prompt.reason(run.operation, row.args) or ""
      if #row_reason > #reason then reason = row_reason end
    end
  end)
  return counts, ids, reason ~= "" and reason
end

local function report_dry_run(system, counts)
  local parts = { ("%s: %d would be sent"):format(summary.rows(counts.rows), counts.todo) }
  summary.add_counts(parts, counts, { "done", "partial", "failed", "unknown", "deferred", "invalid" })
  log(system, "%s", table.concat(parts, ", "))
  return counts.invalid > 0 and io.EXIT_INCOMPLETE or io.EXIT_OK
end

local function confirm(run, reason, counts, parsed, system)
  local subject = ("%s %s"):format(arguments.command(run.operation.name), reason)
  local rows = ("%s of %s, at %s"):format(summary.rows(counts.todo), parsed[".from"], run.binding.url)
  prompt.confirm(subject, { rows }, parsed, system)
end

-- An output must overwrite neither the input nor the journal.
local function check_outputs(run, parsed)
  for _, name in ipairs { "results", "failures" } do
    local path = parsed["." .. name]
    if path and name == "results" and run.input:is_at(path) then io.usage("option '--%s' names the input", name) end
    if path and run.journal and run.journal:is_at(path) then io.usage("option '--%s' names the journal", name) end
  end
end

local function open_outputs(run, parsed, system)
  if run.journal_path then
    run.states = nil -- not twice in memory
    run.journal = journal.open(run.journal_path, run.binding)
    run.states = run.journal.states
  end
  check_outputs(run, parsed)
  local path = parsed[".results"] or run.repeatable and "-"
  run.results = path and outputs.results(path, run.journal_path ~= nil, system)
  run.failures = parsed[".failures"] and outputs.failures(parsed[".failures"], run.input)
end

-- Closes the outputs and writes the summary. Returns whether every row is done.
local function finish(run, rows, parsed, system)
  if run.results then run.results:close() end
  local from, failures, is_complete = parsed[".from"], run.failures, run.tally:is_complete(rows)
  local left_out = failures and run.input:is_at(parsed[".failures"]) and run.tally:left_out(rows) or 0
  local problem = failures and failures:close(left_out > 0)
  for _, line in ipairs(run.tally:lines(rows)) do
    log(system, "%s", line)
  end
  if run.journal_path then log(system, "journal: %s", run.journal_path) end
  if problem then
    log(system, "the failures could not be written (%s)", problem)
  elseif failures and not is_complete then
    if left_out > 0 then log(system, "%s is unchanged: %s neither done nor failed", from, summary.rows(left_out)) end
    local hint = run.journal_path and (" (send them again with --from this file --journal %s)"):format(run.journal_path)
    log(system, "failures: %s%s", failures.path, hint or "")
  end
  return is_complete and not problem
end

---Runs `cmr bulk`. Raises a mistake or a failure.
function bulk.run(parsed, system, read)
  collectgarbage("setpause", GC_PAUSE_PERCENT)
  local run = start(parsed, system, read)
  local counts, ids, reason = review(run, run.repeatable or parsed[".duplicates"], system)
  if parsed.dry_run then return report_dry_run(system, counts) end
  if reason then confirm(run, reason, counts, parsed, system) end
  open_outputs(run, parsed, system)
  run.ids, run.tally = ids, summary.tally(counts.todo + counts.invalid)
  run.progress = summary.progress(run.tally, system, core.now)
  local ending = runner.run(run)
  local is_complete = finish(run, counts.rows, parsed, system)
  if ending then error(ending, 0) end
  return is_complete and io.EXIT_OK or io.EXIT_INCOMPLETE
end

return bulk
