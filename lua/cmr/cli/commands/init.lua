--- The commands that are no operation of the API, each in the file of its name (or of the third text, where the name is
-- this list's), which is loaded when it is asked for:
--
--   arguments(command)           what it takes, for argparse; targets begin with a dot
--   run(given, system, version)   the parser's result, a system of cmr.cli.io, function() -> text; gives the status
--   dry_run                      true: it heeds --dry-run

return {
  { "api", "Make any request to the API, for what has no command." },
  { "bulk", "Run an operation for every row of a file; what was done is not done again." },
  { "completion", "Print what makes bash, zsh or fish complete this command." },
  { "init", "Keep an API key, with its address, as a profile.", "init_profile" },
  { "listen", "Receive webhooks on this machine: verify, print, run a command, pass them on." },
  { "mock", "Run a local server that answers like the API, until interrupted." },
  { "operations", "List the API's operations: name, method, path, summary." },
  { "probe", "See what the live API makes of what the documents leave open; only reads." },
  { "profiles", "List the profiles that init has kept, without their keys." },
  { "webhook", "Name the way in which a captured webhook is signed." },
}
