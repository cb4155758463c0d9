---Runs a program in a terminal: types text, waits for output, and returns how the program ended.
local command = require "spec.support.command"

local library = require "spec.support.compile" "spec/support/pty.c"
local start = assert(package.loadlib(library, "luaopen_spec_pty"))().start
os.remove(library)

local pty = {}

local Terminal = {}
Terminal.__index = Terminal
Terminal.__name = "spec.Terminal"

local SIGNALS = {HUP = 1, INT = 2, KILL = 9, TERM = 15, WINCH = 28}

---Keys for Terminal:type.
pty.ctrl_c, pty.ctrl_d, pty.enter, pty.tab = "\3", "\4", "\r", "\t"

---@class spec.TerminalOptions
---@field columns integer? default: 80
---@field rows integer? default: 24
---@field limit number? seconds to wait for anything; default: 10
---@field term string? $TERM; default: "xterm"
---@field env table<string, string>? variables for the program, which does not inherit other variables of the command

---Starts a program in a new terminal. The program is killed after 60 s, and when the terminal is closed or
---garbage-collected.
---@param words string[] the program and its arguments
---@param options spec.TerminalOptions?
---@return table terminal its `output` is everything the program has printed, with lines that end in \r\n
function pty.start(words, options)
  options = options or {}
  local lines, line = command.environment(options.env), {"exec"}
  for _, word in ipairs(words) do line[#line + 1] = command.quote(word) end
  table.insert(lines, 1, 'rm -f "$0"') -- sh already has the file open
  lines[#lines + 1] = "export TERM=" .. (options.term or "xterm")
  lines[#lines + 1] = table.concat(line, " ")
  local script = command.file_with(table.concat(lines, "\n"))
  return setmetatable({
    pty = start({"sh", script}, options.columns or 80, options.rows or 24),
    output = "",
    seen = 1, -- the position in the output after the last match
    limit = options.limit or 10,
  }, Terminal)
end

---Starts `cmr words...`.
---@param words string[]
---@param options spec.TerminalOptions?
---@return table terminal
function pty.cmr(words, options)
  local line = {command.interpreter(), "bin/cmr"}
  for _, word in ipairs(words) do line[#line + 1] = word end
  return pty.start(line, options)
end

-- Waits for output, for at most a tenth of a second, and reads it. Returns false after the end.
local function read_some(self)
  local text = self.pty:read(100)
  self.output = self.output .. (text or "")
  return text ~= nil
end

---Types text; "\r" is the return key.
---@param text string
function Terminal:type(text)
  self.pty:write(text)
end

---Waits until the output after the last match matches a pattern. Raises an error with the output if the program ends
---before, or if the time limit passes.
---@param pattern string
---@param plain boolean? true: the pattern is text
---@return string ... the match, or its captures
function Terminal:expect(pattern, plain)
  local deadline, going = os.time() + self.limit + 1, true
  while true do
    local first, last = self.output:find(pattern, self.seen, plain)
    if first then
      local found = self.output:sub(first, last)
      self.seen = last + 1
      if plain then return found end
      return found:match(pattern)
    end
    if not going then error(("it ended without %q:\n%s"):format(pattern, self.output), 2) end
    if os.time() > deadline then error(("it did not print %q:\n%s"):format(pattern, self.output), 2) end
    going = read_some(self)
  end
end

---Reads the output to the end and closes the terminal. Raises when the program runs longer than the limit.
---@return {status: integer, out: string} status: 128 + n for signal n
function Terminal:finish()
  local deadline = os.time() + self.limit + 1
  while read_some(self) do
    if os.time() > deadline then
      self:close()
      error("it did not end:\n" .. self.output, 2)
    end
  end
  local status = self.pty:wait()
  self:close()
  return {status = status, out = self.output}
end

---Changes the terminal's size. The program notices it as in a real terminal.
---@param columns integer
---@param rows integer?
function Terminal:resize(columns, rows)
  self.pty:resize(columns, rows or 24)
end

---Sends a signal to the program. To press Ctrl-C as a user does, type pty.ctrl_c instead.
---@param name string HUP, INT, KILL, TERM or WINCH
function Terminal:signal(name)
  self.pty:kill(SIGNALS[name])
end

---Closes the terminal, and kills the program if it has not ended.
function Terminal:close()
  self.pty:close()
end

---Runs `cmr words...` to its end.
---@param words string[]
---@param options spec.TerminalOptions? and input: text to type first
---@return table the result of Terminal:finish
function pty.run(words, options)
  local terminal = pty.cmr(words, options)
  if options and options.input then terminal:type(options.input) end
  return terminal:finish()
end

return pty
