---Runs commands, and reads and writes whole files, with plain Lua.

local shell = {
  ALONE = "unset LD_PRELOAD; ", -- the start of each command: some programs hang under a preloaded sanitizer
}

---Returns a text as one word for sh. Quotes it only when needed.
function shell.quote(text)
  if text:match "^[%w%._/:=@%-]+$" then return text end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

---Returns the output of a command without the final newline. Ignores the command's exit status.
function shell.output(command)
  local pipe = assert(io.popen(shell.ALONE .. command, "r"))
  local text = pipe:read "*a" or ""
  pipe:close()
  return (text:gsub("\n$", ""))
end

---Reads a whole file. Returns its text, or nil and a message.
function shell.read(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local text, failure = file:read "*a" -- opening a directory succeeds, but reading it fails
  file:close()
  return text, failure
end

---Writes a whole file. Raises when it cannot write.
function shell.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

---Writes to an open file and flushes it, so that the text reaches the kernel.
---@return boolean? ok Nil if the text was not written; the next results are then a message and the errno.
function shell.append(file, text)
  local ok, message, errno = file:write(text)
  if not ok then return nil, message, errno end
  ok, message, errno = file:flush()
  return ok and true, message, errno
end

-- Turns off LuaJIT's compiler for this function. Compiled code would flush again after a failure. The second flush has
-- nothing to write, so it succeeds and hides the failure.
local jit = package.loaded.jit
if jit then jit.off(shell.append) end

---Returns whether a file can be opened for reading.
function shell.exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

return shell
