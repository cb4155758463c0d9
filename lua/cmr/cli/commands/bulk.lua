---cmr bulk: calls one operation for every row of a file.

local bulk = { dry_run = true }

bulk.epilog = [[
The input is CSV with a header of the API's field names (mailboxId,
google.clientId; lists and objects as JSON), or JSON lines. An empty cell omits
the field. Columns that begin with "cmr." are ignored. --dry-run checks every row.

The user's ledger records each row before its request is sent and after the answer.
The same rows, in any file and order, are the same run: run the command again, and
it sends the rows that are not done yet, and no row twice. The command recognises a
row by its content; a changed row is a new row. Other runs also recognise rows that
charge, destroy, flip or use a quota. The command skips the following rows, unless
you give the option in parentheses:
   rows that are done or accepted (--again, --repeat-after);
   rows whose outcome is unknown, which may be done (--retry-unknown);
   rows that were refused (--retry-failed).
A row that was never sent is not skipped. A row that was refused for a quota, the
rate, the key or the balance is skipped only until the time that the API named.

Example:
   cmr bulk reexport --from mailboxes.csv --set google.clientId=5493-maeh \
      --failures failed.csv

Exit status: 0 every row is done; 3 some are not; 1 the ledger or a file failed, or
another process is at work on the rows; 2 the command line or the input is wrong,
nothing was sent; 130 interrupted.]]

bulk.options = {
  { "--from", "FILE", "The rows; - is standard input." },
  { "--format", "{csv,jsonl}", "The format of the input (default: its first character decides)." },
  {
    "--separator",
    "CHARACTER",
    "Between the cells: , or ; or tab (default: the header or a first line sep=; decides).",
  },
  { "--set", "NAME=VALUE", "A field for every row that does not have it; VALUE may be @FILE.", count = "*" },
  { "--ignore", "COLUMN", "A column that is no field of the operation.", count = "*" },
  {
    "--only",
    "COLUMN",
    "A column to use; all others are ignored. May be repeated, or a list with commas.",
    count = "*",
  },
  { "--concurrency", "N", "The number of requests at once (default: 8). --rate limits the requests per second." },
  { "--again", false, "Send all rows once more; if the run is unfinished, send only its remaining rows." },
  { "--repeat-after", "TIME", "Send rows again that were done at least this long ago, such as 7d or 12h." },
  { "--remember", "TIME", "How long to recognise rows of other runs that charge, destroy, flip or use a quota (30d)." },
  { "--retry-unknown", false, "Send the rows again that may have been done." },
  { "--retry-failed", false, "Send the rows again that were refused, also before the time that the API named." },
  { "--duplicates", false, "Allow rows with the same content, and send all of them." },
  { "--changed-key", false, "You replaced the key: rows that were sent with the old key count as sent." },
  {
    "--other-account",
    false,
    "The key is for another account: rows that were sent with other keys do not count as sent.",
  },
  { "--wait", false, "Wait at the end until the accepted rows are done or have failed, as cmr await does." },
  { "--wait-timeout", "SECONDS", "How long to wait (default: 180)." },
  { "--max-failures", "N", "Stop after this number of failures." },
  { "--results", "FILE", "The answers as JSON lines; - is standard output (default for operations that only read)." },
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
