---Finds the default file of the ledger.

local core = require "cmr.core"

local location = {}

local FILE = "/cmr/ledger.db" -- the path in the user's state directory

---Returns the default path of the ledger: $CMR_LEDGER if set, otherwise cmr/ledger.db in the user's state directory.
---@return string? path
---@return string? message
function location.default()
  local path, state, home = os.getenv "CMR_LEDGER", os.getenv "XDG_STATE_HOME", os.getenv "HOME"
  if path and path ~= "" then return path end
  if state and state:sub(1, 1) == "/" then return state .. FILE end
  if home and home ~= "" then return home .. "/.local/state" .. FILE end
  return nil, "neither HOME nor XDG_STATE_HOME is set"
end

---Returns the absolute path, which stays right when the process changes its directory.
---@param path? string default: location.default
---@return string? path
---@return string? message
function location.absolute(path)
  local message
  if not path then
    path, message = location.default()
    if not path then return nil, "the ledger has no default path: " .. message end
  end
  local absolute
  absolute, message = core.absolute_path(path)
  if not absolute then return nil, ("the ledger %s cannot be opened: %s"):format(path, message) end
  return absolute
end

return location
