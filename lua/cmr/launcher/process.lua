-- Running nginx in the foreground from plain Lua, which can neither fork nor catch signals: a sh script does both. Its
-- standard input is a lifeline: when this process dies, however it dies, the script reads the end of the file and stops
-- everything. The fifo `status` tells back: "pid N", "ready", "log LINE", "stopped".
local random = require "cmr.util.random"
local shell = require "cmr.util.shell"

local process = {}

local SCRIPT = [[
umask 077
watcher= ended=
# A child may miss a gentler signal when it has only just begun. $! is the latest child, known before a trap can run;
# one that has ended is left alone, its number may be another's.
finish() {
  kill -s KILL $watcher ${ended:-$!}
  wait
  cd / && rm -rf "$dir"
} 2>/dev/null
# A second signal must not cut the finish short.
stop() {
  trap '' TERM INT HUP
  tell stopped
  exit 0
}
fail() {
  trap '' TERM INT HUP
  sed 's/^/log /' output error.log 2>/dev/null >&9
  exit 1
}
tell() {
  echo "$1" >&9
} 2>/dev/null
dir=$1
trap finish EXIT
trap stop TERM INT HUP
trap '' PIPE # nobody may be reading any more
cd "$dir" || exit 1
exec 3<&0 </dev/null 8<>status 9>status 8>&- # opened for both first: opening for writing would wait for a reader
tell "pid $$"
{ read -r _ <&3; kill -s TERM $$; } 9>&- &
watcher=$!
unset LUA_PATH LUA_CPATH # nginx has a Lua of its own
( set -e; . ./prepare.sh ) >output 2>&1 9>&- || fail
( . ./start.sh ) >&9 2>output 3<&- 9>&- &
wait "$!"
code=$?
ended=$watcher
[ "$code" = 0 ] || fail
stop
]]

-- What the script tells, until its end. `held` is the fifo opened for both: it stands in for the script until that has
-- opened its end.
local function follow(path, held, on)
  local pid, ready, stopped, log = nil, false, false, {}
  for line in assert(io.open(path, "r")):lines() do
    local word, rest = line:match "^(%S+) ?(.*)$"
    if word == "pid" then
      held:close()
      pid = rest
    elseif word == "ready" and not ready then
      ready = true
      on.ready(pid)
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
  -- mkdir fails on whatever somebody may have put there before
  if shell.output(("umask 077; mkdir %s && mkfifo %s/status && echo made"):format(quoted, quoted)) ~= "made" then
    return false, "cannot make a temporary directory"
  end
  for name, text in pairs(files) do
    shell.write(directory .. "/" .. name, text)
  end
  shell.write(directory .. "/run.sh", SCRIPT)
  local held = assert(io.open(directory .. "/status", "r+"))
  local lifeline = assert(io.popen(("%s exec sh %s/run.sh %s"):format(shell.ALONE, quoted, quoted), "w"))
  local finished, stopped, log = pcall(follow, directory .. "/status", held, on)
  lifeline:close() -- and wait for the script
  if not finished then error(stopped, 0) end
  return stopped, log ~= "" and log or "ended unexpectedly"
end

--- Run a program in the foreground, in a temporary directory, until it ends or is told to.
-- @param name of the directory, before some random digits
-- @param files name to text, written there; among them, for sh, with the directory in $dir: "prepare.sh", run first,
--   and "start.sh", which execs the program; a line "ready" on its output means that it is
-- @param on functions by the first word of a line of its output: ready, called once with the pid whose SIGTERM stops
--   everything; any others with the rest of the line
-- @return true when it was stopped, or false and what was logged when it broke down
function process.run(name, files, on)
  local directory = ("%s/%s.%s"):format(os.getenv "TMPDIR" or "/tmp", name, random.hex(8))
  local finished, stopped, log = pcall(
    run_in,
    directory,
    files,
    setmetatable({
      ready = function(pid)
        on.ready(pid, directory)
      end,
    }, { __index = on })
  )
  shell.output("rm -rf " .. shell.quote(directory)) -- an interruption may have come before the script could care
  if finished then return stopped, log end
  -- Ctrl-C comes as an error in the middle of reading; on Lua 5.4 as two, first the read that failed, then this.
  if tostring(stopped):find("interrupted!", 1, true) then return true end
  error(stopped, 0)
end

return process
