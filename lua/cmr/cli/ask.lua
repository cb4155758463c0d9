--- Questions to whoever sits at the terminal.

local M = {}

-- The shell reads, for two things that Lua has no means for: it turns the echo off and on again however it ends, and it
-- lets Ctrl-C end the question on every Lua. The answer comes through a pipe, with a newline when there was one.
local visible = [[IFS= read -r line && printf '%s\n' "$line"]]
local hidden = [[
saved=$(stty -g) || exit
trap 'stty "$saved"; echo >&2' EXIT
trap 'exit 130' HUP INT TERM
stty -echo
]] .. visible

local function run(script)
  local pipe = assert(io.popen(script, "r"))
  local answer = pipe:read("*a")
  pipe:close()
  return answer:match("^(.*)\n$")
end

--- The line typed as the answer to a question; the default, where there is one, when it is empty.
-- @param question  text
-- @param options   default = text; secret = true: it is not shown
-- Raises {failure, status = 1} when nobody answers (Ctrl-D).
function M.line(world, question, options)
  local default = options and options.default
  world.stderr:write(question, default and (" [%s]"):format(default) or "", ": ")
  world.stderr:flush()
  local answer = run(options and options.secret and hidden or visible)
  if not answer then error({failure = "no answer, nothing was written", status = 1}, 0) end
  return answer == "" and default or answer
end

return M
