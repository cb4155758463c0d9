---Sends a request again and again, for --watch.

local block = require "cmr.loop.block"
local core = require "cmr.core"
local io = require "cmr.cli.io"

local watch = {}

local MIN_SECONDS = 1
local CLEAR_SCREEN = "\27[H\27[2J"

---Sends a request again and again. On a terminal, each answer replaces the previous one.
---@param seconds number The time between an answer and the next request.
---@param send fun(): integer Sends the request, prints its answer, and returns the exit status.
---@return integer status The status of the first request that does not succeed.
function watch.run(seconds, system, send)
  if seconds < MIN_SECONDS then io.usage("option '--watch' wants at least %d second", MIN_SECONDS) end
  local is_terminal = system.terminal(system.stdout) ~= nil
  while true do
    if is_terminal then
      io.write(system, CLEAR_SCREEN .. ("every %g s, at %s\n\n"):format(seconds, os.date "%H:%M:%S"))
    end
    local status = send()
    if status ~= io.EXIT_OK then return status end
    block.sleep(core.engine(), seconds)
  end
end

return watch
