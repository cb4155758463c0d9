---cmr bulk: one operation for every row of a file.

local bulk = { dry_run = true }

local DETAILS = [[
The input is CSV with a header of the API's field names (mailboxId,
google.clientId; lists and objects as JSON), or JSON lines. An empty cell is a
field left out. Columns that begin with "cmr." are left out. --dry-run checks
every row.

A journal (default: FILE.OPERATION.journal) records each request before it is
sent and when it is answered. The same command again sends the rows that are not
done yet, and no row twice. A row is identified by its content; a changed row is
a new row. These rows are skipped:
   rows that are done;
   rows whose outcome is unknown, which may be done (--retry-unknown);
   rows that were refused (--retry-failed). A row that was never sent, or was
   refused for a quota, the rate, the key or the balance, is sent without it.

Example:
   cmr bulk reexport --from mailboxes.csv --set google.clientId=5493-maeh \
      --failures failed.csv

Exit status: 0 every row is done; 3 some are not; 1 it had to stop; 2 the
command line or the input is wrong, nothing was sent; 130 interrupted.]]

function bulk.arguments(command)
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
    :description "Requests at once (default: 8). --rate limits how many are sent a second."
  command:option("--journal"):target(".journal"):argname("FILE"):description "Where to record what was done."
  command:flag("--no-journal"):target(".no_journal"):description "Record nothing."
  command:flag("--retry-unknown"):target(".retry_unknown"):description "Send again what may have been done."
  command:flag("--retry-failed"):target(".retry_failed"):description "Send again what was refused."
  command:flag("--duplicates"):target(".duplicates"):description "Send every one of several rows with the same content."
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
    :description "The rows that failed, with the reason, in the input's format, ready to be the next input."
  command:epilog(DETAILS)
end

function bulk.run(parsed, system)
  return require("cmr.cli.bulk").run(parsed, system, require("cmr.cli.io").reader(system))
end

return bulk
