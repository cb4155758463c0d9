-- A program in a terminal, as somebody sits before it: type, wait for what it says, see how it ended.
local command = require "spec.support.command"

local library = require "spec.support.compile" "spec/support/pty.c"
local start = assert(package.loadlib(library, "luaopen_spec_pty"))().start
os.remove(library)

local M = {}

local Terminal = {}
Terminal.__index = Terminal

local signals = {HUP = 1, INT = 2, KILL = 9, TERM = 15, WINCH = 28}

--- Keys for Terminal:type.
M.ctrl_c, M.ctrl_d, M.enter, M.tab = "\3", "\4", "\r", "\t"

--- Starts a program in a terminal of its own. It is killed after 60 s, and when the terminal is closed or collected.
-- @param words    array: the program and its arguments
-- @param options  columns = 80; rows = 24; limit = seconds to wait for anything, 10; term = "xterm";
--   env = {NAME = value}: of CMR_*, XDG_CONFIG_HOME, NO_COLOR and COLUMNS the program has only what this says
-- @return a terminal; its `output` is all the program has printed, lines ending with \r\n
function M.start(words, options)
  options = options or {}
  local lines, line = command.environment(options.env), {"exec"}
  for _, word in ipairs(words) do line[#line + 1] = command.quote(word) end
  table.insert(lines, 1, 'rm -f "$0"') -- read all the same
  lines[#lines + 1] = "export TERM=" .. (options.term or "xterm")
  lines[#lines + 1] = table.concat(line, " ")
  local script = command.file_with(table.concat(lines, "\n"))
  return setmetatable({
    pty = start({"sh", script}, options.columns or 80, options.rows or 24),
    output = "",
    seen = 1, -- where what no expect has consumed yet begins
    limit = options.limit or 10,
  }, Terminal)
end

--- Starts `cmr words...`. Options as of M.start.
function M.cmr(words, options)
  local line = {command.interpreter(), "bin/cmr"}
  for _, word in ipairs(words) do line[#line + 1] = word end
  return M.start(line, options)
end

-- Takes what comes within a tenth of a second; false after the end.
local function listen(self)
  local text = self.pty:read(100)
  self.output = self.output .. (text or "")
  return text ~= nil
end

--- Types text; "\r" is the return key.
function Terminal:type(text)
  self.pty:write(text)
end

--- Waits until the output after what was last expected has a match of a pattern; raises with the output when it ends or
-- the limit passes before. Returns the match, or its captures.
-- @param plain  true: the pattern is text
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
    going = listen(self)
  end
end

--- Reads to the end and closes. Raises when the program goes on beyond the limit.
-- @return {status = its exit status, 128 + n for signal n; out = all it printed}
function Terminal:finish()
  local deadline = os.time() + self.limit + 1
  while listen(self) do
    if os.time() > deadline then
      self:close()
      error("it did not end:\n" .. self.output, 2)
    end
  end
  local status = self.pty:wait()
  self:close()
  return {status = status, out = self.output}
end

--- Makes the terminal another size, of which the program is told as by a real one.
function Terminal:resize(columns, rows)
  self.pty:resize(columns, rows or 24)
end

--- Sends a signal by its name (HUP, INT, KILL, TERM, WINCH) to the program; the Ctrl-C of a user is M.ctrl_c, typed.
function Terminal:signal(name)
  self.pty:kill(signals[name])
end

--- Hangs up, and kills the program if it has not ended.
function Terminal:close()
  self.pty:close()
end

--- Runs `cmr words...` to its end. Options as of M.start; input = text to type before.
-- @return as Terminal:finish
function M.run(words, options)
  local terminal = M.cmr(words, options)
  if options and options.input then terminal:type(options.input) end
  return terminal:finish()
end

return M
