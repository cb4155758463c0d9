--- Questions to whoever sits at the terminal.

local M = {}

-- The shell reads, for two things that Lua has no means for: it turns the echo off, and on again however it ends, and
-- it lets Ctrl-C end the question on every Lua. The answer comes through a pipe, with a newline when there was one.
local visible = [[
printf '%%s' %s >&2
IFS= read -r line && printf '%%s\n' "$line"]]
local hidden = [[
saved=$(stty -g) || exit
trap 'stty "$saved"; echo >&2' EXIT
trap 'exit 130' HUP INT TERM PIPE
stty -echo
]] .. visible

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- The line typed as the answer to a question; the default, where there is one, when it is empty.
-- @param question  text
-- @param options   default = text; secret = true: it is not shown
-- Raises {failure, status = 1} when nobody answers (Ctrl-D).
function M.line(question, options)
  local default, script = options and options.default, options and options.secret and hidden or visible
  local shown = default and ("%s [%s]: "):format(question, default) or question .. ": "
  local pipe = assert(io.popen(script:format(quote(shown)), "r"))
  local ok, answer = pcall(function()
    return pipe:read("*a"):match "^(.*)\n$"
  end)
  pipe:close() -- also when Ctrl-C ends us: it waits for the shell, which has the echo to turn on
  if not ok then error(answer, 0) end
  if not answer then error({ failure = "no answer, nothing was written", status = 1 }, 0) end
  return answer == "" and default or answer
end

return M
