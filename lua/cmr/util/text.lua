--- Text from a server, made fit to be printed. Pure.

local M = {}

-- The well-formed UTF-8 sequences, by their first byte.
local sequences = {
  "^[^\128-\255]+",
  "^[\194-\223][\128-\191]",
  "^\224[\160-\191][\128-\191]",
  "^[\225-\236\238\239][\128-\191][\128-\191]",
  "^\237[\128-\159][\128-\191]",
  "^\240[\144-\191][\128-\191][\128-\191]",
  "^[\241-\243][\128-\191][\128-\191][\128-\191]",
  "^\244[\128-\143][\128-\191][\128-\191]",
}

local function sequence_end(text, start)
  for _, pattern in ipairs(sequences) do
    local _, finish = text:find(pattern, start)
    if finish then return finish end
  end
end

--- The text with every byte that is not UTF-8 replaced by U+FFFD.
function M.utf8(text)
  if not text:find "[\128-\255]" then return text end
  local parts, at = {}, 1
  while at <= #text do
    local finish = sequence_end(text, at)
    parts[#parts + 1] = finish and text:sub(at, finish) or "\239\191\189"
    at = (finish or at) + 1
  end
  return table.concat(parts)
end

--- The text without what a terminal would obey: control characters, and those that turn the direction of text, become
-- spaces.
function M.printable(text)
  text = M.utf8(text):gsub("%c", " "):gsub("\194[\128-\159]", " ")
  return (text:gsub("\226\128[\170-\174]", " "):gsub("\226\129[\166-\169]", " "))
end

return M
