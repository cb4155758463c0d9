---Runs a program in the foreground. Plain Lua can neither fork nor catch signals, so a shell script does both. The Lua
---process holds a pipe to the script's standard input. When the Lua process ends, even by a crash, the input ends, and
---the script stops the program and itself. The script and the program write reports into the fifo `status`. A report is
---a line such as "pid N", "ready", "log LINE" or "stopped".

local random = require "cmr.util.random"
local shell = require "cmr.util.shell"

local process = {}

local SCRIPT = [[
umask 077
watcher= ended=
# Uses KILL, because a child that has just begun may miss any other signal. $! is the latest child; the shell sets it
# before a trap can run. A child that has ended gets no signal, because its pid may belong to another process now.
finish() {
  rm -f "$dir/child"
  exec 7>&-
  kill -s KILL $watcher ${ended:-$!}
  wait
  cd / && rm -rf "$dir"
} 2>/dev/null
# Ignores further signals, because they must not interrupt `finish`.
stop() {
  trap '' TERM INT HUP
  report stopped
  exit 0
}
fail() {
  trap '' TERM INT HUP
  sed 's/^/log /' output error.log 2>/dev/null >&9
  exit 1
}
report() {
  echo "$1" >&9
} 2>/dev/null
dir=$1
trap finish EXIT
trap stop TERM INT HUP
trap '' PIPE # the process that reads the reports may have ended
cd "$dir" || exit 1
exec 3<&0 </dev/null 8<>status 9>status 8>&- # 8 opens first: opening only for writing would wait for a reader
mkfifo alive && exec 7<>alive
report "pid $$"
{ read -r _ <&3; kill -s TERM $$; } 7>&- 9>&- &
watcher=$!
# The guard: kills everything if the script ends without `finish`, for example by SIGKILL. Only the script has the fifo
# `alive` open for writing, so `read` returns when the script has ended. 8 opens before 7 closes: without a writer,
# opening would wait for ever, and the script may end at any time.
(
  exec 8<alive 3<&- 7>&- 9>&- 2>/dev/null
  read -r _ <&8
  [ -f child ] && kill -s KILL "$watcher" $(cat child) && cd / && rm -rf "$dir"
) &
unset LUA_PATH LUA_CPATH # they are for this Lua, not for nginx
( set -e; . ./prepare.sh ) >output 2>&1 7>&- 9>&- || fail
( . ./start.sh ) >&9 2>output 3<&- 7>&- 9>&- &
echo "$!" >child
wait "$!"
code=$?
ended=$watcher
[ "$code" = 0 ] || fail
stop
]]

-- Reads the reports until the script ends. Before the script starts, the caller opens the fifo twice:
--   `reports`    for reading, because a script that ends at once removes the fifo
--   `stand_in`   for writing, because the reading ends when nobody has the fifo open for writing
-- The script also opens the fifo for writing. So the function closes `stand_in` at the script's first report.
local function follow(reports, stand_in, on)
  local pid, ready, stopped, log = nil, false, false, {}
  for line in reports:lines() do
    local word, rest = line:match "^(%S+) ?(.*)$"
    if word == "pid" then
      stand_in:close()
      pid = rest
    elseif word == "ready" then
      if not ready then on.ready(pid) end
      ready = true
    elseif word == "log" then
      log[#log + 1] = rest
    elseif word == "stopped" then
      stopped = true
    elseif on[word] then
      on[word](rest)
    end
  end
  return stopped, table.concat(log, "\n")
end

local function run_in(directory, files, on)
  local quoted = shell.quote(directory)
  -- mkdir fails if another user has already made something under that name
  if shell.output(("umask 077; mkdir %s && mkfifo %s/status && echo made"):format(quoted, quoted)) ~= "made" then
    return false, "cannot make a temporary directory"
  end
  for name, text in pairs(files) do
    shell.write(directory .. "/" .. name, text)
  end
  shell.write(directory .. "/run.sh", SCRIPT)
  local stand_in = assert(io.open(directory .. "/status", "r+"))
  local reports = assert(io.open(directory .. "/status", "r"))
  local lifeline = assert(io.popen(("%s exec sh %s/run.sh %s"):format(shell.ALONE, quoted, quoted), "w"))
  local ok, stopped, log = pcall(follow, reports, stand_in, on)
  lifeline:close() -- waits for the end of the script
  if not ok then error(stopped, 0) end
  return stopped, log ~= "" and log or "ended unexpectedly"
end

---Runs a program in the foreground, in a temporary directory, until the program ends or gets a signal.
---
---Two of the files are shell scripts: "prepare.sh" runs first, then "start.sh" execs the program. In both scripts, $dir
---is the directory. The program prints a line "ready" when it can serve. For the first such line, process.run calls
---on.ready(pid, directory). A SIGTERM to this pid stops the program. For any other line "WORD REST" of the program,
---process.run calls on.WORD("REST").
---@param name string The start of the directory's name; random digits follow.
---@param files table<string, string> The texts of the files, by name.
---@return boolean stopped True after a signal, or if the program ended with status 0; false if it failed.
---@return string? log The program's log or a message, if the program failed.
function process.run(name, files, on)
  local directory = ("%s/%s.%s"):format(os.getenv "TMPDIR" or "/tmp", name, random.hex(8))
  local function ready(pid)
    on.ready(pid, directory)
  end
  local ok, stopped, log = pcall(run_in, directory, files, setmetatable({ ready = ready }, { __index = on }))
  shell.output("rm -rf " .. shell.quote(directory)) -- the script may have been killed before it removed the directory
  if ok then return stopped, log end
  -- On Ctrl-C, Lua's interpreter raises "interrupted!" while this code reads the reports. On Lua 5.4, the read first
  -- fails with a different error; just after that, the interpreter raises "interrupted!".
  if tostring(stopped):find "interrupted!" then return true end
  error(stopped, 0)
end

return process
