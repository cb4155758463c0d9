---cmr bulk: calls one operation for every row of a file.

local bulk = { dry_run = true }

bulk.epilog = [[
The input is CSV with a header of the API's field names (mailboxId,
google.clientId; lists and objects as JSON), or JSON lines. An empty cell is a
field left out. Columns that begin with "cmr." are left out. --dry-run checks
every row.

The user's ledger remembers each row before it is sent and when it is answered.
The same rows again, in any file and order, are the same run: it sends the rows
that are not done yet, and no row twice. A row is known by its content; a changed
row is a new row. Rows that charge, destroy, flip or use a quota are recognised
in other runs too. These rows are skipped:
   rows that are done or accepted (--again, --repeat-after);
   rows whose outcome is unknown, which may be done (--retry-unknown);
   rows that were refused (--retry-failed). A row that was never sent, or was
   refused for a quota, the rate, the key or the balance, is sent without it.

Example:
   cmr bulk reexport --from mailboxes.csv --set google.clientId=5493-maeh \
      --failures failed.csv

Exit status: 0 every row is done; 3 some are not; 1 it had to stop, or another
process is at work on the rows; 2 the command line or the input is wrong,
nothing was sent; 130 interrupted.]]

bulk.options = {
  { "--from", "FILE", "The rows; - is standard input." },
  { "--format", "{csv,jsonl}", "Of the input (default: by its first character)." },
  { "--set", "NAME=VALUE", "A field for every row that does not have it; VALUE may be @FILE.", count = "*" },
  { "--ignore", "COLUMN", "A column that is no field of the operation.", count = "*" },
  { "--concurrency", "N", "Requests at once (default: 8). --rate limits how many are sent a second." },
  { "--again", false, "Send all rows once more; a run that has not ended goes on first." },
  { "--repeat-after", "TIME", "Send rows again that were done so long ago, as in 7d or 12h." },
  { "--remember", "TIME", "How long other runs' rows count that charge, destroy, flip or use a quota (30d)." },
  { "--retry-unknown", false, "Send again what may have been done." },
  { "--retry-failed", false, "Send again what was refused." },
  { "--duplicates", false, "Send every one of several rows with the same content." },
  { "--changed-key", false, "The key was exchanged: what the old one sent counts." },
  { "--other-account", false, "The key is another account's: what other keys sent does not count." },
  { "--wait", false, "Wait at the end until the accepted rows are done or have failed, as cmr await does." },
  { "--wait-timeout", "SECONDS", "How long (default: 180)." },
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
