---Runs `cmr bulk`, which calls one operation for every row of a file.

local arguments = require "cmr.cli.arguments"
local block = require "cmr.loop.block"
local core = require "cmr.core"
local input = require "cmr.cli.bulk.input"
local io = require "cmr.cli.io"
local library = require "cmr.bulk"
local messages = require "cmr.cli.messages"
local operations = require "cmr.operations"
local outputs = require "cmr.cli.bulk.outputs"
local plan = require "cmr.bulk.plan"
local prompt = require "cmr.cli.prompt"
local request = require "cmr.cli.request"
local row_arguments = require "cmr.cli.bulk.row_arguments"
local runner = require "cmr.bulk.runner"
local runs = require "cmr.ledger.runs"
local summary = require "cmr.cli.bulk.summary"
local text = require "cmr.util.text"
local times = require "cmr.cli.times"
local validate = require "cmr.util.validate"

local bulk = {}

local MAX_REPORTED_ROWS = 10 -- further rows of the same kind are only counted
local TICK_SECONDS = 0.2 -- between two checks for progress and signals
local SENT = { done = true, accepted = true, partial = true } -- the states of a row that the API accepted
local GC_PAUSE_PERCENT = 110 -- collects early, because Lua's collector does not see the memory that calls use in C

local function operation_named(name)
  local operation = operations[name:gsub("-", "_")]
  if operation then return operation end
  io.usage("there is no operation '%s'%s", name, validate.suggestion(name, arguments.commands(operations)))
end

-- Returns the separator for the option's text, such as a tab for "tab".
local function separator(typed)
  if typed == nil or #typed == 1 and not typed:find '[%w"\r\n]' then return typed end
  if typed == "tab" or typed == "\\t" then return "\t" end
  io.usage("option '--separator' wants one character such as ; or the word tab, not '%s'", typed)
end

local function positive_integer(option, typed)
  local number = request.number(option, typed, true)
  if number == 0 then io.usage("option '%s' wants a whole number from 1", option) end
  return number
end

-- Returns the seconds for an option's text such as "30d", or nil if there is no text. Raises a mistake if the ledger
-- does not keep requests for that long.
local function age(option, typed)
  local seconds = times.duration(option, typed)
  if not seconds or seconds <= plan.MAX_REMEMBER_SECONDS then return seconds end
  local days = plan.MAX_REMEMBER_SECONDS / text.DAY
  io.usage("option '%s' wants at most %.0fd, because the ledger forgets older requests", option, days)
end

local function log(system, format, ...)
  system.stderr:write("cmr: ", text.printable(format:format(...)), "\n")
end

-- Checks arguments without sending them. If something is wrong, returns nil and a message.
local function check(client, operation, args)
  local ok, preview, message = pcall(request.library, client.preview, client, operation.name, args)
  if ok then return preview, message and messages.with_command(message, operation) end
  if type(preview) == "table" and preview.usage then return nil, messages.with_command(preview.usage, operation) end
  error(preview, 0)
end

local function date(time)
  return text.date("%Y-%m-%d %H:%M", time)
end

local function start(parsed, system, read)
  local operation = operation_named(parsed[".operation"])
  if not parsed[".from"] then io.usage "missing option '--from'" end
  local repeatable = operation.method == "GET" or operation.flags.safe
  local repeat_after = age("--repeat-after", parsed[".repeat_after"])
  local remember = age("--remember", parsed[".remember"]) or plan.REMEMBER_SECONDS
  local run = {
    operation = operation,
    repeatable = repeatable,
    ledger = request.ledger(parsed, not repeatable),
    loop = block,
    concurrency = positive_integer("--concurrency", parsed[".concurrency"]) or library.DEFAULT_CONCURRENCY,
    max_failures = positive_integer("--max-failures", parsed[".max_failures"]),
    repeat_after = repeat_after,
    remember_seconds = plan.remember_seconds(remember, repeat_after),
    retry_unknown = parsed[".retry_unknown"],
    retry_failed = parsed[".retry_failed"],
    time = core.time,
  }
  local ignored = row_arguments.ignored(parsed[".ignore"], parsed[".only"])
  local defaults = row_arguments.defaults(operation, parsed[".set"], read)
  if parsed[".wait"] and repeatable then
    io.usage("option '--wait': %s only reads", arguments.command(operation.name))
  end
  run.client = request.client(parsed, system, read, nil, run.ledger)
  run.url = run.client:base_url()
  run.input = input.open(parsed[".from"], parsed[".format"], system, separator(parsed[".separator"]))
  row_arguments.check_only(run.input.header, parsed[".only"])
  run.trimmed = {}
  local read_row = row_arguments.reader(operation, run.input, ignored, defaults, run.trimmed)
  function run.rows()
    return run.input:rows()
  end
  function run.read_row(row)
    row.args, row.problem = read_row(row)
  end
  run.check = function(args)
    return check(run.client, operation, args)
  end
  return run
end

-- Reads the rows. When the input is a failures file, returns the name of the run that the file continues. Raises a
-- mistake when the rows name several runs.
local function read_rows(run)
  local read_row, name = run.read_row, nil
  function run.read_row(row)
    local named = row.run
    if named and named ~= "" then
      if name and named ~= name then io.usage("the rows are of two runs: %s and %s", name, named) end
      name = named
    end
    read_row(row)
  end
  plan.read(run)
  run.trimmed_count, run.read_row = run.trimmed.count, read_row
  return name
end

local OTHER_KEY = [[
%s
If the key was exchanged, option '--changed-key' counts what the old one sent.
If it is another account's key, option '--other-account' sends the rows.]]

local function refuse_ledger(message)
  io.failure("%s; nothing was sent\n%s", message, request.LEDGER_ADVICE)
end

-- Finds or begins the run. Raises a mistake or a failure.
local function open_run(run, parsed, system)
  local opts = {
    again = parsed[".again"],
    name = read_rows(run),
    source = parsed[".from"],
    peek = parsed.dry_run,
    changed_key = parsed[".changed_key"],
    other_account = parsed[".other_account"],
  }
  run.is_part = opts.name ~= nil -- the input is a failures file, and has only some of the run's rows
  if run.is_part and opts.again then
    io.usage "option '--again' sends a whole run: it needs the run's own file, not its failures"
  end
  local ok, message, reason = library.open(run, opts)
  if reason == "other_key" then message = OTHER_KEY:format(message) end
  if reason == "taken" then io.failure("%s; nothing was sent", message) end
  if reason == "ledger" then refuse_ledger(message) end
  if not ok then io.usage("%s", message) end
  if parsed[".again"] and run.is_resumed then
    log(system, "the run has not ended: option '--again' goes on with it, and begins it anew when every row has an end")
  end
end

-- Adds a row that was sent before to the counts in `earlier`. If the row was sent outside this run, also adds a line
-- about the row, up to MAX_REPORTED_ROWS lines.
local function note_earlier(run, earlier, row)
  local entry = row.entry
  earlier.last_at = math.max(earlier.last_at, entry.ended_at or entry.sent_at)
  if entry.run and entry.run == run.id then
    earlier.here = earlier.here + 1
    return
  end
  earlier.elsewhere = earlier.elsewhere + 1
  if earlier.elsewhere > MAX_REPORTED_ROWS then return end
  local where = entry.run and " in run " .. runs.name(run.ledger, entry.run) or ""
  local line = "row %d (line %d): %s on %s%s"
  earlier[#earlier + 1] = line:format(row.number, row.line, entry.state, date(entry.sent_at), where)
end

local function report_earlier(run, earlier, system)
  for _, line in ipairs(earlier) do
    log(system, "%s", line)
  end
  if earlier.elsewhere > #earlier then log(system, "and %d more rows", earlier.elsewhere - #earlier) end
  local count = earlier.here + earlier.elsewhere
  if count > 0 then
    local advice = "%s sent before, the last time on %s: not sent again (--again or --repeat-after sends them)"
    log(system, advice, count == 1 and "1 row was" or ("%d rows were"):format(count), date(earlier.last_at))
  end
  if run.trimmed_count then log(system, "%d values had blanks around them, which are left out", run.trimmed_count) end
end

-- Checks every row before the first row is sent. Reports the invalid rows and the rows that were sent before. Refuses
-- rows with the same content, unless allow_duplicates is true. Returns the counts of plan.review. Also returns the
-- reason to ask for a confirmation, or false.
local function review(run, allow_duplicates, system)
  run.repeats, run.last_sent_at = 0, 0
  local invalid, reason, earlier = 0, "", { here = 0, elsewhere = 0, last_at = 0 }
  local ok, counts = pcall(plan.review, run, function(row)
    if row.problem then
      invalid = invalid + 1
      if invalid <= MAX_REPORTED_ROWS then log(system, "row %d (line %d): %s", row.number, row.line, row.problem) end
    elseif row.copy > 1 and not allow_duplicates then
      io.usage("rows %d and %d are the same: option '--duplicates' sends both", row.first, row.number)
    elseif row.status == "todo" then
      local row_reason = prompt.reason(run.operation, row.args) or ""
      if #row_reason > #reason then reason = row_reason end
      if row.is_repeat then
        run.repeats = run.repeats + 1
        run.last_sent_at = math.max(run.last_sent_at, row.last_sent_at)
      end
    elseif SENT[row.status] then
      note_earlier(run, earlier, row)
    end
  end)
  if not ok and type(counts) == "table" and counts.other_key then io.usage("%s", OTHER_KEY:format(counts.other_key)) end
  if not ok then error(counts, 0) end
  report_earlier(run, earlier, system)
  return counts, reason ~= "" and reason
end

local function report_dry_run(system, counts)
  local parts = { ("%s: %d would be sent"):format(summary.rows(counts.rows), counts.todo) }
  summary.add_counts(
    parts,
    counts,
    { "done", "accepted", "partial", "failed", "sending", "unknown", "deferred", "invalid" }
  )
  log(system, "%s", table.concat(parts, ", "))
  return counts.invalid > 0 and io.EXIT_INCOMPLETE or io.EXIT_OK
end

-- Returns a text that says how many rows would be sent again. Returns nil if there are no such rows.
local function describe_repeats(run, counts)
  if run.repeats == 0 then return nil end
  local format = "sent before: %d of %s, the last time on %s"
  return format:format(run.repeats, summary.rows(counts.todo), date(run.last_sent_at))
end

local function confirm(run, reason, repeats, counts, parsed, system)
  local subject = ("%s %s"):format(arguments.command(run.operation.name), reason)
  if repeats then subject = ("%s; %s"):format(subject, repeats) end
  local rows = ("%s of %s, at %s"):format(summary.rows(counts.todo), parsed[".from"], run.url)
  prompt.confirm(subject, { rows }, parsed, system)
end

-- Refuses outputs that would overwrite the input or each other.
local function check_outputs(run, parsed)
  local results = parsed[".results"]
  if results and run.input:is_at(results) then io.usage "option '--results' names the input" end
  outputs.check_paths(results, parsed[".failures"], run.input)
end

-- Opens the file of results and the file of failures.
local function open_outputs(run, parsed, system)
  local path = parsed[".results"] or run.repeatable and "-"
  run.results = path and outputs.results(path, not run.repeatable, system)
  run.failures = parsed[".failures"] and outputs.failures(parsed[".failures"], run.input, run.name)
end

-- Closes the outputs and writes the summary. Returns false if the run is not complete (see Tally:is_complete) or if the
-- failures could not be written.
local function finish(run, rows, parsed, system)
  if run.results then run.results:close() end
  local from, failures, is_complete = parsed[".from"], run.failures, run.tally:is_complete(rows)
  local left_out = failures and run.input:is_at(parsed[".failures"]) and run.tally:left_out(rows) or 0
  local problem = failures and failures:close(left_out > 0)
  for _, line in ipairs(run.tally:lines(rows)) do
    log(system, "%s", line)
  end
  if run.name then log(system, "run: %s ('cmr history --run %s')", run.name, run.name) end
  if problem then
    log(system, "the failures could not be written (%s)", problem)
  elseif failures and not is_complete then
    if left_out > 0 then log(system, "%s is unchanged: %s neither done nor failed", from, summary.rows(left_out)) end
    if failures.count > 0 then
      local advice = failures.target and " (send them again with --from this file)" or ""
      log(system, "failures: %s in %s%s", summary.rows(failures.count), failures.path, advice)
    end
  end
  if run.name and run.ending and not is_complete then log(system, "to go on, run the same command again") end
  return is_complete and not problem
end

-- Returns a copy of a failure. The message in the copy names the command in place of the operation. `member` is the
-- name of the field with the message.
local function worded(run, failure, member)
  local copy = setmetatable({}, { __index = failure })
  copy[member] = failure[member] and messages.with_command(failure[member], run.operation)
  return copy
end

-- Sets run.on_end and run.on_result, which the runner calls.
local function set_listeners(run)
  function run.on_end(row, state, failure, is_earlier)
    failure = failure and worded(run, failure, "message")
    run.tally:add(row, state, failure, is_earlier)
    local is_failure = state == "failed" or state == "deferred"
    if is_failure and run.failures then run.failures:add(row, failure) end
  end
  function run.on_result(row, answer, err)
    if not run.results then return end
    local ok, ending = pcall(run.results.add, run.results, row, answer, err and worded(run, err, "message"))
    if not ok then run.ending = run.ending or ending end -- the results cannot be written
  end
end

-- Shows the progress, and ends the run after a signal.
local function watch_signals(run, system)
  core.catch_interrupt()
  function run.interrupted()
    local signal = core.interrupted()
    if not signal then return end
    runner.stop(run, 128 + signal)
    run.progress:clear()
    local waiting = run.in_flight > 0
        and ("; waiting for %d in flight (Ctrl-C again leaves them unknown)"):format(run.in_flight)
      or ""
    system.stderr:write("cmr: interrupted", waiting, "\n")
  end
  -- After a signal the run ends as soon as no request is in flight, even if rows still wait for their slots.
  block.spawn(function()
    while not run.is_finished do
      run.progress:show()
      block.sleep(core.engine(), TICK_SECONDS)
      if not run.ending then run.interrupted() end
      if core.interrupted() and run.in_flight == 0 then error("interrupted!", 0) end
    end
  end)
end

---Runs `cmr bulk`. Raises a mistake or a failure.
function bulk.run(parsed, system, read)
  if not pcall(collectgarbage, "setpause", GC_PAUSE_PERCENT) then
    collectgarbage("param", "pause", GC_PAUSE_PERCENT) -- the form of Lua 5.5
  end
  local run = start(parsed, system, read)
  check_outputs(run, parsed)
  open_run(run, parsed, system)
  local counts, reason = review(run, run.repeatable or parsed[".duplicates"], system)
  local repeats = describe_repeats(run, counts)
  -- If cmr asks the user, the log leaves out `repeats`, because the question contains it.
  local is_asked = reason and not parsed.yes and not parsed.dry_run
  if repeats and not is_asked and plan.is_guarded(run.operation) then log(system, "%s", repeats) end
  if parsed.dry_run then return report_dry_run(system, counts) end
  if parsed[".wait"] then require("cmr.cli.waiting").check(run.operation, run.ledger, parsed) end
  if reason then confirm(run, reason, repeats, counts, parsed, system) end
  local ok, message = library.change_key(run)
  if not ok then refuse_ledger(message) end
  open_outputs(run, parsed, system)
  local spare = request.open_engine(system)
  run.tally = summary.tally(counts.todo + counts.invalid)
  run.progress = summary.progress(run.tally, system, core.now)
  run.in_flight = 0
  set_listeners(run)
  watch_signals(run, system)
  local ending = runner.run(run)
  run.is_finished = true
  spare:close()
  run.progress:clear()
  library.close(run, not ending and not run.is_part and run.tally:is_ended(counts.rows))
  local is_complete = finish(run, counts.rows, parsed, system)
  if ending then error(type(ending) == "table" and worded(run, ending, "failure") or ending, 0) end
  if parsed[".wait"] and run.name then
    local status = require("cmr.cli.waiting").for_run(run.name, parsed, system, run.ledger)
    if status ~= io.EXIT_OK then return status end
  end
  return is_complete and io.EXIT_OK or io.EXIT_INCOMPLETE
end

return bulk
