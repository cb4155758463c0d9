--- cmr bulk: one operation for every row of a file.

local io = require "cmr.cli.io"

local M = { dry_run = true }

local details = [[
The input is CSV with a header of the API's field names (mailboxId,
google.clientId; lists and objects as JSON), or JSON lines. An empty cell is a
field left out. Columns that begin with "cmr." are left out. --dry-run checks
every row.

What is done to the API is written down in a journal (default:
FILE.OPERATION.journal), before each request leaves and when it was answered.
The same command again does what is not done yet, and nothing twice. A row is
known by its content; one that was changed is a new row. Left alone are rows
   that are done;
   whose outcome is unknown: they may have been done (--retry-unknown);
   that were refused (--retry-failed). What was never sent, or refused for a
   quota, the rate, the key or the balance, is tried again without.

Example:
   cmr bulk reexport --from mailboxes.csv --set google.clientId=5493-maeh \
      --failures failed.csv

Exit status: 0 every row is done; 3 some are not; 1 it had to stop; 2 the
command line or the input is wrong, nothing was sent; 130 interrupted.]]

function M.arguments(command)
  command:argument("OPERATION"):target(".operation"):description "As in 'cmr operations'."
  command:option("--from"):target(".from"):argname("FILE"):description "The rows; - is standard input."
  command
    :option("--format")
    :target(".format")
    :choices({ "csv", "jsonl" })
    :description "Of the input (default: by its first character)."
  command
    :option("--set")
    :target(".set")
    :argname("NAME=VALUE")
    :count("*")
    :description "A field for every row that does not have it; VALUE may be @FILE."
  command
    :option("--ignore")
    :target(".ignore")
    :argname("COLUMN")
    :count("*")
    :description "A column that is no field of the operation."
  command
    :option("--concurrency")
    :target(".concurrency")
    :argname("N")
    :description "Requests at once (default: 8). --rate says how many leave a second."
  command:option("--journal"):target(".journal"):argname("FILE"):description "Where to write down what was done."
  command:flag("--no-journal"):target(".no_journal"):description "Forget what was done."
  command:flag("--retry-unknown"):target(".retry_unknown"):description "Send again what may have been done."
  command:flag("--retry-failed"):target(".retry_failed"):description "Send again what was refused."
  command:flag("--duplicates"):target(".duplicates"):description "Send rows with the same content, each."
  command:option("--max-failures"):target(".max_failures"):argname("N"):description "Stop after so many."
  command
    :option("--results")
    :target(".results")
    :argname("FILE")
    :description "The answers as JSON lines; - is standard output (default for what only reads)."
  command
    :option("--failures")
    :target(".failures")
    :argname("FILE")
    :description "The rows that failed, with the reason, in the input's format, ready to be fed back."
  command:epilog(details)
end

function M.run(given, system)
  return require("cmr.cli.bulk").run(given, system, io.reader(system))
end

return M
