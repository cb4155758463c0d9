---Runs a program in the foreground from plain Lua, which can neither fork nor catch signals: a sh script does both. Its
---standard input is a lifeline: when this process dies, however it dies, the script reads the end of the file and stops
---everything. The fifo `status` reports back: "pid N", "ready", "log LINE", "stopped".

local random = require "cmr.util.random"
local shell = require "cmr.util.shell"

local process = {}

local SCRIPT = [[
umask 077
watcher= ended=
# A child that has only just begun may miss a gentler signal. $! is the latest child, set before a trap can run. A child
# that has ended gets no signal: its pid may belong to another process now.
finish() {
  kill -s KILL $watcher ${ended:-$!}
  wait
  cd / && rm -rf "$dir"
} 2>/dev/null
# A second signal must not cut the finish short.
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
trap '' PIPE # the reader may be gone
cd "$dir" || exit 1
exec 3<&0 </dev/null 8<>status 9>status 8>&- # 8 first: opening for writing alone would wait for a reader
report "pid $$"
{ read -r _ <&3; kill -s TERM $$; } 9>&- &
watcher=$!
unset LUA_PATH LUA_CPATH # they are for this Lua, not for nginx
( set -e; . ./prepare.sh ) >output 2>&1 9>&- || fail
( . ./start.sh ) >&9 2>output 3<&- 9>&- &
wait "$!"
code=$?
ended=$watcher
[ "$code" = 0 ] || fail
stop
]]

-- Reads what the script reports, until its end. `stand_in` is the fifo opened for both: it keeps the fifo open until
-- the script has opened its end.
local function follow(path, stand_in, on)
  local pid, ready, stopped, log = nil, false, false, {}
  for line in assert(io.open(path, "r")):lines() do
    local word, rest = line:match "^(%S+) ?(.*)$"
    if word == "pid" then
      stand_in:close()
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
  -- mkdir fails if another user has put anything there
  if shell.output(("umask 077; mkdir %s && mkfifo %s/status && echo made"):format(quoted, quoted)) ~= "made" then
    return false, "cannot make a temporary directory"
  end
  for name, text in pairs(files) do
    shell.write(directory .. "/" .. name, text)
  end
  shell.write(directory .. "/run.sh", SCRIPT)
  local stand_in = assert(io.open(directory .. "/status", "r+"))
  local lifeline = assert(io.popen(("%s exec sh %s/run.sh %s"):format(shell.ALONE, quoted, quoted), "w"))
  local ok, stopped, log = pcall(follow, directory .. "/status", stand_in, on)
  lifeline:close() -- waits for the script
  if not ok then error(stopped, 0) end
  return stopped, log ~= "" and log or "ended unexpectedly"
end

---Runs a program in the foreground, in a temporary directory, until it ends or gets a signal.
---
---Two of the files are for sh, with the directory in $dir: "prepare.sh" runs first, "start.sh" execs the program, which
---prints a line "ready" once it is. `on` maps the first word of a line that the program prints to a function.
---ready(pid, directory) is called once; a SIGTERM to that pid stops everything. Every other function gets the rest of
---the line.
---@param name string of the directory, before some random digits
---@param files table<string, string> texts by name
---@return boolean stopped by a signal; false: it broke down
---@return string? log of a breakdown
function process.run(name, files, on)
  local directory = ("%s/%s.%s"):format(os.getenv "TMPDIR" or "/tmp", name, random.hex(8))
  local function ready(pid)
    on.ready(pid, directory)
  end
  local ok, stopped, log = pcall(run_in, directory, files, setmetatable({ ready = ready }, { __index = on }))
  shell.output("rm -rf " .. shell.quote(directory)) -- an interruption may come before the script can do it
  if ok then return stopped, log end
  -- Ctrl-C is an error in the middle of reading; on Lua 5.4 it is two: the read that failed, then this.
  if tostring(stopped):find("interrupted!", 1, true) then return true end
  error(stopped, 0)
end

return process
