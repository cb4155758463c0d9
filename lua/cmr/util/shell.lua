-- What plain Lua gets from programs around it.
local shell = {}

--- Put before a command: a sanitizer's runtime that was loaded for this Lua is nothing to other programs, some of which
-- hang under it.
shell.ALONE = "unset LD_PRELOAD; "

--- `text` as one word of sh, quoted only when it must be.
function shell.quote(text)
  if text:match "^[%w%._/:=@%-]+$" then return text end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- What a command prints, without the final newline; empty when it fails.
function shell.output(command)
  local pipe = assert(io.popen(shell.ALONE .. command, "r"))
  local text = pipe:read "*a" or ""
  pipe:close()
  return (text:gsub("\n$", ""))
end

--- Write a whole file.
function shell.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

--- Is there a file of this name that can be read?
function shell.exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

return shell
