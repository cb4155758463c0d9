---Breaks texts into lines. Pure.

local wrapping = {}

---Breaks one line at its blanks.
---@param text string
---@param width integer columns
---@param indent integer The number of blanks before each line after the first.
---@return string lines
function wrapping.lines(text, width, indent)
  local lines, line = {}, nil
  for blanks, word in text:gmatch "(%s*)(%S+)" do
    if line and #line + #blanks + #word > width then
      lines[#lines + 1] = line
      line = (" "):rep(indent) .. word
    else
      line = (line or "") .. blanks .. word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

---Breaks paragraphs into lines of at most `width` columns. A line that begins with a blank stays as it is.
---@param text string
---@param width integer columns
---@return string
function wrapping.paragraphs(text, width)
  local joined = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local last = joined[#joined]
    if last and last ~= "" and line ~= "" and not last:find "^ " and not line:find "^ " then
      joined[#joined] = last .. " " .. line
    else
      joined[#joined + 1] = line
    end
  end
  for index, line in ipairs(joined) do
    joined[index] = line:find "^ " and line or wrapping.lines(line, width, 0)
  end
  return table.concat(joined, "\n")
end

return wrapping
