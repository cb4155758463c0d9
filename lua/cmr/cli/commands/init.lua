---The commands that are not operations of the API. An entry has the command's name, its summary, and the name of its
---module if the two names differ. `cmr --help` lists a command under its topic. The parser loads the module of a
---command only when the user names that command. A module has:
---
---    options, epilog                the command's options (see add_options in cmr.cli.parser), and the end of its help
---    arguments(command)             optional: adds arguments to argparse's command; their targets begin with a dot
---    run(parsed, system, version)   runs the command, returns the exit status; version() returns the text of --version
---    dry_run                        true when --dry-run is allowed

local commands = {
  { "api", "Make any request to the API, also one that has no command.", topic = "requests" },
  { "await", "Wait until accepted requests are done or have failed.", topic = "requests" },
  { "bulk", "Run an operation for every row of a file; rows that are done are not repeated.", topic = "requests" },
  { "completion", "Print a script with which bash, zsh or fish completes this command.", topic = "shell" },
  {
    "doctor",
    "Check the key, the address, the clock and what else cmr needs, one line each.",
    topic = "keys",
  },
  { "env", 'Print a profile\'s key and address as lines for a shell: eval "$(cmr env)".', topic = "keys" },
  { "history", "List the requests that were sent, and how they ended.", topic = "requests" },
  { "init", "Store an API key, with its address, as a profile.", "init_profile", topic = "keys" },
  { "listen", "Receive webhooks on this machine: verify, print, run a command, pass them on.", topic = "webhooks" },
  { "mcp", "Give an assistant the operations as tools (Model Context Protocol).", topic = "requests" },
  { "mock", "Run a local server that answers like the API, until interrupted.", topic = "tests" },
  { "open", "Open the vendor's dashboard, or the page of cmr mock, in the browser.", topic = "keys" },
  { "operations", "List the API's operations: name, method, path, summary.", topic = "requests" },
  { "probe", "Compare the live API with cmr's assumptions about it; only reads.", topic = "tests" },
  { "profiles", "List the stored profiles, without their keys; remove one, or choose the default.", topic = "keys" },
  {
    "webhook",
    "Find out how a captured webhook is signed; list webhooks that could not be handled.",
    topic = "webhooks",
  },
}

return commands
