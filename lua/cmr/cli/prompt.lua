---Asks questions at the terminal, for example whether to send a call that charges or destroys.

local io = require "cmr.cli.io"
local shell = require "cmr.util.shell"

local prompt = {
  MAX_LINE_COLUMNS = 1000, -- prompt.confirm cuts a longer line
}

-- A shell (sh) reads the answer, because Lua cannot turn the echo of the terminal off and on again. With the shell, the
-- question also ends at Ctrl-C in every version of Lua. The answer comes through a pipe and ends with a newline, unless
-- the user pressed Ctrl-D.
local READ_VISIBLE = [[
printf '%%s' %s >&2
IFS= read -r line && printf '%%s\n' "$line"]]
local READ_HIDDEN = [[
saved=$(stty -g) || exit
trap 'stty "$saved"; echo >&2' EXIT
trap 'exit 130' HUP INT TERM PIPE
stty -echo
]] .. READ_VISIBLE

---Asks a question on the terminal. Raises a failure when no answer comes (Ctrl-D). `default` is the result for an empty
---answer. With `secret`, the terminal does not show the answer.
---@param opts { default: string?, secret: boolean? }?
function prompt.line(question, opts)
  local default, script = opts and opts.default, opts and opts.secret and READ_HIDDEN or READ_VISIBLE
  local shown = default and ("%s [%s]: "):format(question, default) or question .. ": "
  local pipe = assert(io.system.popen(script:format(shell.quote(shown)), "r"))
  local ok, answer = pcall(function()
    return pipe:read("*a"):match "^(.*)\n$"
  end)
  pipe:close() -- needed even after Ctrl-C: close() waits until sh has turned the echo on again
  if not ok then error(answer, 0) end
  if not answer then io.failure "no answer, nothing was written" end
  return answer == "" and default or answer
end

local function has_all(value)
  if value == require("cmr.core").all then return true end
  if type(value) ~= "table" then return false end
  for _, member in pairs(value) do
    if has_all(member) then return true end
  end
  return false
end

---Returns the reason why an operation needs a confirmation, such as "charges money". Returns nil if the operation
---needs no confirmation.
---@param args table? The operation's arguments.
function prompt.reason(operation, args)
  local reasons = {}
  if operation.flags.charges then reasons[#reasons + 1] = "charges money" end
  if operation.flags.danger then reasons[#reasons + 1] = "destroys" end
  if has_all(args) then reasons[#reasons + 1] = "means all of them" end
  return reasons[1] and table.concat(reasons, ", ")
end

-- Opens /dev/tty, because standard input may carry --json and standard output may be a file. Returns nil if no person
-- can answer: neither standard input nor standard error is a terminal.
local function open_terminal(system)
  if not system.terminal(system.stderr) and not system.terminal(system.stdin) then return nil end
  local reader, writer = system.open("/dev/tty", "r"), system.open("/dev/tty", "w")
  if reader and writer then return reader, writer end
  if reader then reader:close() end
end

local function refuse(message, consequence)
  error({ failure = ("%s; %s"):format(message, consequence or "nothing was sent"), status = io.EXIT_USAGE }, 0)
end

---Asks for a confirmation on the terminal, unless the user said --yes. Raises a failure when the answer is no, or when
---there is no terminal.
---@param subject string The command and the reason, such as "cancel-subscription destroys".
---@param lines string[]|fun(): string[] Lines about the action. A function is called only if the question is asked.
---@param consequence string? The end of the failure's message; by default "nothing was sent".
function prompt.confirm(subject, lines, parsed, system, consequence)
  if parsed.yes then return end
  local reader, writer = open_terminal(system)
  if not reader then
    local advice = consequence and "" or ", or --dry-run to see the request"
    refuse(("%s: say --yes to go on without being asked%s"):format(subject, advice), consequence)
  end
  local terminal, text = require "cmr.cli.terminal", require "cmr.util.text"
  writer:write(text.printable(subject), ".\n")
  for _, line in ipairs(type(lines) == "function" and lines() or lines) do
    writer:write("  ", terminal.fit(text.printable(line), prompt.MAX_LINE_COLUMNS), "\n")
  end
  writer:write "Go on? [y/N] "
  writer:flush()
  local answer = (reader:read "*l" or ""):lower()
  reader:close()
  writer:close()
  if answer ~= "y" and answer ~= "yes" then refuse("not confirmed", consequence) end
end

return prompt
