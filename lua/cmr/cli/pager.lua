---Shows a text. If the text is longer than the terminal, shows it in the user's pager.

local io = require "cmr.cli.io"
local shell = require "cmr.util.shell"

local pager = {}

-- FRX: `less` ends by itself if the text fits, shows colours, and leaves the text on the screen
local SCRIPT = [[LESS=${LESS-FRX}; export LESS; exec %s]]

local function variable(system, name)
  local value = system.getenv(name)
  return value ~= nil and (value:match "^%s*(.-)%s*$") or nil
end

-- Returns the user's pager, or nil if the text must be printed directly.
local function program(system)
  local command = variable(system, "CMR_PAGER") or variable(system, "PAGER")
  if not command and shell.output "command -v less" ~= "" then command = "less" end
  return command ~= "" and command ~= "cat" and command or nil
end

local function count_lines(text)
  local _, count = text:gsub("\n", "")
  return count
end

---Prints a text. If the text and the shell's next prompt do not fit on the terminal together, runs the first of these
---pagers that is set or installed: $CMR_PAGER, $PAGER, `less`.
---@param text string
function pager.show(system, text)
  local columns, rows = system.terminal(system.stdout)
  local command = columns and rows and rows > 0 and count_lines(text) >= rows and program(system)
  local pipe = command and system.popen(SCRIPT:format(command), "w")
  if not pipe then return io.write(system, text) end
  pipe:write(text) -- ignores a failure: the user may leave the pager before the end of the text
  pipe:close()
end

return pager
