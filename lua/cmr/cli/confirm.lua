--- Asking before what charges or destroys.

local core = require "cmr.core"

local M = {}

local LONGEST = 1000 -- columns of a body that are shown

local function has_all(value)
  if value == core.all then return true end
  if type(value) ~= "table" then return false end
  for _, member in pairs(value) do
    if has_all(member) then return true end
  end
  return false
end

--- Why an operation wants to be confirmed.
-- @param row        from the operations table
-- @param arguments  its arguments; nil: whatever they may be
-- @return "charges money, means all of them", or nil when there is no reason
function M.reason(row, arguments)
  local reasons = {}
  if row.flags.charges then reasons[#reasons + 1] = "charges money" end
  if row.flags.danger then reasons[#reasons + 1] = "destroys" end
  if has_all(arguments) then reasons[#reasons + 1] = "means all of them" end
  return reasons[1] and table.concat(reasons, ", ")
end

-- The terminal somebody sits at: named so, because standard input may carry --json and standard output goes elsewhere.
-- Nobody is taken to sit there when neither standard input nor standard error is a terminal.
local function terminal(world)
  if not world.terminal(world.stderr) and not world.terminal(world.stdin) then return nil end
  local reader, writer = world.open("/dev/tty", "r"), world.open("/dev/tty", "w")
  if reader and writer then return reader, writer end
  if reader then reader:close() end
end

local function refuse(message)
  error({ failure = message .. "; nothing was sent", status = 2 }, 0)
end

--- Asks on the terminal, unless --yes was given. Raises {failure = message, status = 2} when the answer is no, or
-- nobody can be asked.
-- @param what   the command and why it asks: "cancel-subscription destroys"
-- @param lines  array of what will be done, shown above the question
-- @param given  the parser's result
-- @param world  see cmr.cli.io
function M.ask(what, lines, given, world)
  if given.yes then return end
  local reader, writer = terminal(world)
  if not reader then refuse(what .. ": say --yes to go on without being asked, or --dry-run to see the request") end
  local text, width = require "cmr.util.text", require "cmr.cli.width"
  writer:write(text.printable(what), ".\n")
  for _, line in ipairs(lines) do
    writer:write("  ", width.fit(text.printable(line), LONGEST), "\n")
  end
  writer:write "Go on? [y/N] "
  writer:flush()
  local answer = (reader:read "*l" or ""):lower()
  reader:close()
  writer:close()
  if answer ~= "y" and answer ~= "yes" then refuse "not confirmed" end
end

return M
