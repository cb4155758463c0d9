---The command's files, streams and environment, and its failures.
---
---In all of cli/, `system` is io.system or a replacement, `parsed` is the parser's result, `read` is a function from
---io.reader, `operation` is a row of cmr.operations, and `param` is one of its parameters.

local shell = require "cmr.util.shell"

local stdio = io

local io = {
  EXIT_OK = 0,
  EXIT_FAILURE = 1, -- a failure without its own status, for example: the API refused the request or cannot be reached
  EXIT_USAGE = 2, -- the command line is wrong, or the user did not confirm; nothing was sent
  EXIT_INCOMPLETE = 3, -- the API refused a part of the request, or a part has failed
  EXIT_INTERRUPTED = 130,
  EXIT_BROKEN_PIPE = 141, -- the status that a shell reports when SIGPIPE ends a program
}

local EPIPE = 32
local CHUNK_BYTES = 65536

---The functions that reach outside the program: getenv, terminal, and all functions of Lua's io. A spec passes a table
---that replaces some of them. terminal(file) returns the terminal's numbers of columns and rows, or 0 and 0 when the
---terminal does not report them. When the file is no terminal, terminal(file) returns nil.
io.system = setmetatable({
  getenv = os.getenv,
  terminal = function(file)
    return require("cmr.core").terminal(file)
  end,
}, { __index = stdio })

local placeholders = {}

---Opens /dev/null three times. If a standard stream is closed (>&-), /dev/null gets the stream's descriptor. Without
---this function, a file that cmr opens could get the descriptor, and messages would go into the file. Call this
---function before any file is opened.
function io.occupy_standard_streams()
  for index = 1, 3 do
    placeholders[index] = placeholders[index] or stdio.open("/dev/null", "rb")
  end
end

---Returns whether standard error is a terminal that can overwrite a line. A terminal with TERM=dumb cannot.
---@return boolean
function io.is_watched(system)
  return system.terminal(system.stderr) ~= nil and system.getenv "TERM" ~= "dumb"
end

---Raises a mistake in the command line or the input: the program ends with exit status 2 and mentions --help.
function io.usage(format, ...)
  error { usage = format:format(...) }
end

---Raises a failure: the program ends with exit status 1.
function io.failure(format, ...)
  error { failure = format:format(...), status = io.EXIT_FAILURE }
end

---Writes to standard output. Raises a failure when the text cannot be written. If the program that reads our output has
---ended, the failure has no message.
function io.write(system, text)
  local ok, message, code = shell.append(system.stdout, text)
  if ok then return end
  if code == EPIPE then error { status = io.EXIT_BROKEN_PIPE } end
  io.failure("cannot write the output: %s", message)
end

---Makes a function(path) that returns a file's text. After a failure, the function returns nil and a message without
---the path. The path "-" is standard input. Standard input can be read only once.
function io.reader(system)
  local stdin_read = false
  return function(path)
    if path == "-" then
      if stdin_read then return nil, "standard input was read already" end
      stdin_read = true
      return system.stdin:read "*a"
    end
    local file, message = system.open(path, "rb")
    if not file then return nil, (message:gsub("^.*: ", "")) end
    local text, failure = file:read "*a"
    file:close()
    return text, failure
  end
end

---Iterates over the lines of a file, without their LF. Does not use file:read "*l": on Lua 5.1 and LuaJIT, it drops the
---rest of a line after a NUL byte, and appends the next line.
---@param file any
---@param chunk_bytes integer? How much to read at once. With 1, no byte after the line's LF is read.
---@return fun(): string?, string? next_line At the end nil; after a fault nil and a message.
function io.line_reader(file, chunk_bytes)
  local chunk, start = "", 1
  return function()
    local parts = {}
    repeat
      local finish = chunk:find("\n", start, true)
      parts[#parts + 1] = chunk:sub(start, (finish or 0) - 1)
      if finish then
        start = finish + 1
        return table.concat(parts)
      end
      local message
      chunk, message = file:read(chunk_bytes or CHUNK_BYTES)
      chunk, start = chunk or "", 1
      if message then return nil, message end
    until chunk == ""
    local rest = table.concat(parts)
    return rest ~= "" and rest or nil
  end
end

return io
