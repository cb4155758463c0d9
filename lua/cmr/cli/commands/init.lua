--- The commands that are no operation of the API, each in the file of its name, which is loaded when it is asked for:
--
--   arguments(command)           what it takes, for argparse; targets begin with a dot
--   run(given, world, version)   the parser's result, a world of cmr.cli.stream, function() -> text; gives the status

return {
  {"check", "See what the live API makes of what the documents leave open; only reads."},
  {"listen", "Receive webhooks on this machine: verify, print, run a command, pass them on."},
  {"mock", "Run a local server that answers like the API, until interrupted."},
  {"operations", "List the API's operations: name, method, path, summary."},
  {"webhook", "Name the way in which a captured webhook is signed."},
}
