--- Colour, where a person looks at a terminal that has it.

local M = {}

local styles = {
  heading = "1", -- bold
  key = "34", -- blue
  string = "32", -- green
  good = "32",
  bad = "31", -- red
}

local function plain(_, text)
  return text
end

local function painted(style, text)
  if not styles[style] or text == "" then return text end
  return ("\27[%sm%s\27[0m"):format(styles[style], text)
end

--- A function(style, text) -> text for what is written to a file: it adds colour when that is a terminal, unless
-- NO_COLOR (no-color.org) or TERM=dumb speak against it. A style it does not know changes nothing.
-- @param world  see cmr.cli.io
-- @param file   world.stdout or world.stderr
function M.of(world, file)
  if (world.getenv "NO_COLOR" or "") ~= "" or world.getenv "TERM" == "dumb" then return plain end
  return world.terminal(file) and painted or plain
end

-- Values that tell at a glance how things are: those of connected, autoRenew, success, and the states of the documents.
local meanings = {
  ["true"] = "good",
  ACTIVE = "good",
  COMPLETED = "good",
  ["false"] = "bad",
  FAILED = "bad",
  CANCELLED = "bad",
  EXPIRED = "bad",
  PAST_DUE = "bad",
}

--- The style of a cell with this text, or nil.
function M.meaning(text)
  return meanings[text]
end

return M
