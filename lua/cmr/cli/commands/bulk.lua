---cmr bulk: one operation for every row of a file.

local bulk = { dry_run = true }

bulk.epilog = [[
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

bulk.options = {
  { "--from", "FILE", "The rows; - is standard input." },
  { "--format", "{csv,jsonl}", "Of the input (default: by its first character)." },
  { "--set", "NAME=VALUE", "A field for every row that does not have it; VALUE may be @FILE.", count = "*" },
  { "--ignore", "COLUMN", "A column that is no field of the operation.", count = "*" },
  { "--concurrency", "N", "Requests at once (default: 8). --rate limits how many are sent a second." },
  { "--journal", "FILE", "Where to record what was done." },
  { "--no-journal", false, "Record nothing." },
  { "--retry-unknown", false, "Send again what may have been done." },
  { "--retry-failed", false, "Send again what was refused." },
  { "--duplicates", false, "Send every one of several rows with the same content." },
  { "--max-failures", "N", "Stop after so many." },
  { "--results", "FILE", "The answers as JSON lines; - is standard output (default for what only reads)." },
  {
    "--failures",
    "FILE",
    "The rows that failed, with the reason, in the input's format, ready to be the next input.",
  },
}

function bulk.arguments(command)
  command:argument("OPERATION"):target(".operation"):description "As in 'cmr operations'."
end

function bulk.run(parsed, system)
  return require("cmr.cli.bulk").run(parsed, system, require("cmr.cli.io").reader(system))
end

return bulk
