-- Running nginx in the foreground from plain Lua, which can neither fork nor catch signals: a sh script does both. It
-- owns the temporary directory. Its standard input is a lifeline: when this process dies, however it dies, the script
-- reads the end of the file and stops everything. The fifo `status` tells back: "pid N", "ready", "log LINE",
-- "stopped".
local shell = require "cmr.mock.shell"

local process = {}

local SCRIPT = [[
umask 077
cd "$1" || exit 1
shift
dir=$(pwd)
exec 3<&0 </dev/null 9>status
nginx= watcher=
finish() {
  trap '' TERM INT HUP
  [ -z "$nginx" ] || { kill "$nginx"; wait "$nginx"; } 2>/dev/null
  [ -z "$watcher" ] || kill "$watcher" 2>/dev/null
  cd / && rm -rf "$dir"
}
stop() {
  echo stopped >&9 2>/dev/null
  exit 0
}
trap finish EXIT
trap stop TERM INT HUP
trap '' PIPE # nobody may be reading any more
fail() {
  sed 's/^/log /' output error.log >&9 2>/dev/null
  exit 1
}
echo "pid $$" >&9
{ read -r _ <&3; kill -s TERM $$; } 9>&- &
watcher=$!
# Another Lua's modules and a sanitizer's runtime are not nginx's.
unset LUA_PATH LUA_CPATH LD_PRELOAD
( set -e; . ./prepare.sh ) >output 2>&1 9>&- || fail
"$@" >&9 2>output 3<&- 9>&- &
nginx=$!
wait "$nginx"
code=$?
nginx=
[ "$code" = 0 ] || fail
stop
]]

--- A fresh directory that only this user can enter, or nil and a message.
function process.directory()
  local path = shell.output('umask 077; mktemp -d "${TMPDIR:-/tmp}/cmr-mock.XXXXXX"')
  if path == "" then return nil, "cmr mock: cannot make a temporary directory" end
  return path
end

-- What the script tells, until its end.
local function follow(path, on_ready)
  local pid, ready, stopped, log = nil, false, false, {}
  for line in assert(io.open(path, "r")):lines() do
    local word, rest = line:match("^(%S+) ?(.*)$")
    if word == "pid" then
      pid = rest
    elseif word == "ready" and not ready then
      ready = true
      on_ready(pid)
    elseif word == "log" then
      log[#log + 1] = rest
    elseif word == "stopped" then
      stopped = true
    end
  end
  return stopped, table.concat(log, "\n")
end

-- Ctrl-C comes as an error in the middle of reading; on Lua 5.4 as two, first the read that failed and then, after the
-- inner pcall, the interruption.
local function interruptible(path, on_ready)
  local finished, stopped, log = pcall(follow, path, on_ready)
  if not finished then error(stopped, 0) end
  return stopped, log
end

--- Run a program in the foreground until it ends or is told to.
-- @param directory from process.directory; removed at the end
-- @param prepare commands of sh to run first, there
-- @param command the program and its arguments, quoted for sh; a line "ready" on its output means that it is
-- @param on_ready called once with the pid whose SIGTERM stops everything
-- @return true when it was stopped, or false and what was logged when it broke down
function process.run(directory, prepare, command, on_ready)
  shell.write(directory .. "/run.sh", SCRIPT)
  shell.write(directory .. "/prepare.sh", prepare)
  local quoted = shell.quote(directory)
  os.execute("mkfifo -m 600 " .. quoted .. "/status")
  local lifeline = assert(io.popen(("exec sh %s/run.sh %s %s"):format(quoted, quoted, command), "w"))
  local finished, stopped, log = pcall(interruptible, directory .. "/status", on_ready)
  lifeline:close() -- and wait for the script
  if finished then return stopped, log ~= "" and log or "cmr mock: ended unexpectedly" end
  if tostring(stopped):find("interrupted!", 1, true) then return true end
  error(stopped, 0)
end

return process
