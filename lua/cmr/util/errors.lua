---Raises errors about mistakes of the calling program; the error names the program's line. Also calls the user's hooks.

local log = require "cmr.util.log"

local errors = {}

local LIBRARY = debug.getinfo(1, "S").source:match "^(.*)util/errors%.lua$" or "@"

---Raises an error about a mistake of the calling program, with the line of the first caller outside the library. The
---error is a string, because nginx and the program `lua` of version 5.1 print only strings.
---@param message string The message without its prefix "cmr.".
function errors.raise(message)
  local level = 2
  local info = debug.getinfo(level, "S")
  while info and (info.what == "C" or info.what == "tail" or info.source:sub(1, #LIBRARY) == LIBRARY) do
    level = level + 1
    info = debug.getinfo(level, "S")
  end
  error("cmr." .. message, info and level or 0)
end

---Calls a user's hook and returns its first result. Does nothing if there is no hook. If the hook raises an error, only
---logs the error, because a hook must not break the library's work.
function errors.call_hook(hook, ...)
  if not hook then return nil end
  local ok, answer = pcall(hook, ...)
  if ok then return answer end
  log.error("a hook failed: %s", tostring(answer))
end

return errors
