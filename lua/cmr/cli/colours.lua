---The colours on a terminal.

local colours = {}

local STYLES = { heading = "1", key = "34", string = "32", good = "32", bad = "31" } -- bold, blue, green, green, red

---The styles of cells by their text. "true" and "false" are the values of connected, autoRenew and success; the other
---texts are states that are clearly good or bad. COMPLETED and FAILED are assumed; the vendor documents the other
---states. A text that is not listed has no style.
colours.STYLES_OF_VALUES = {
  ["true"] = "good",
  ACTIVE = "good",
  COMPLETED = "good",
  ["false"] = "bad",
  FAILED = "bad",
  CANCELLED = "bad",
  EXPIRED = "bad",
  PAST_DUE = "bad",
}

---The painter without colours: returns the text unchanged.
function colours.plain(_, text)
  return text
end

local function paint(style, text)
  if not STYLES[style] or text == "" then return text end
  return ("\27[%sm%s\27[0m"):format(STYLES[style], text)
end

---Makes the function that colours text for a file. The function colours text only for a terminal, and not if NO_COLOR
---(no-color.org) is set or TERM is "dumb". A text with an unknown style stays unchanged.
---@return fun(style: string?, text: string): string
function colours.painter(system, file)
  if (system.getenv "NO_COLOR" or "") ~= "" or system.getenv "TERM" == "dumb" then return colours.plain end
  return system.terminal(file) and paint or colours.plain
end

return colours
