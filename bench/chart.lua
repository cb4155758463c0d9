-- Draws a group of bars for each row that has bars, with a line at the row's target.
local report = require "bench.report"

local chart = {}

-- in px: the whole width, the names, the longest bar, the gap between a bar and its value
local WIDTH, LABEL, BAR, SPACE = 1010, 280, 400, 10
local LINE, GAP, TOP = 18, 30, 50
local MOST = 8 -- no bar is longer than this many times the first one, so that the others stay visible
local COLOURS = { ours = "#2f6f4f", other = "#b9c4cf", target = "#c0392b", text = "#222", soft = "#667" }

local STYLE = [[
<style>
  text { font: 12px sans-serif; fill: %s }
  .title { font-weight: bold; font-size: 13px }
  .soft { fill: %s; font-size: 11px }
  .verdict { text-anchor: end }
  .head { font-size: 17px; font-weight: bold }
</style>]]

local function escaped(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

local function text(x, y, class, what)
  return ('<text x="%g" y="%g" class="%s">%s</text>'):format(x, y, class, escaped(what))
end

-- Returns the row's target in the unit of the bars. A target in "x" is a multiple of bar number `row.base`, or of the
-- first bar. A target in "ms" is added to the first bar. If a target has neither the unit "x" nor the unit of the bars,
-- returns nil.
local function limit(row)
  local number, unit = row.target:match "^%S+ ([%d.]+) ?(%S*)"
  if unit == "x" then return tonumber(number) * row.bars[row.base or 1].median end
  if unit == row.unit and unit ~= "ms" then return tonumber(number) end
  return unit == row.unit and row.bars[1].median + tonumber(number) or nil
end

local function group(row, y)
  local verdict = ("%s, target %s: %s"):format(
    report.value(row),
    report.target(row),
    report.met(row) and "met" or "missed"
  )
  local parts = { text(10, y, "title", row.name), text(WIDTH - 10, y, "verdict", verdict) }
  local target, most = limit(row), 0
  for _, bar in ipairs(row.bars) do
    most = math.max(most, bar.median)
  end
  most = math.max(math.min(most, MOST * row.bars[1].median), target or 0)
  local top = y + 8
  for index, bar in ipairs(row.bars) do
    local at = top + (index - 1) * LINE
    local length = math.min(1, bar.median / most) * BAR
    table.insert(parts, text(20, at + 12, "", bar.name))
    table.insert(
      parts,
      ('<rect x="%d" y="%g" width="%.1f" height="%d" fill="%s"/>'):format(
        LABEL,
        at + 2,
        math.max(1, length),
        LINE - 5,
        bar.ours and COLOURS.ours or COLOURS.other
      )
    )
    table.insert(
      parts,
      text(
        LABEL + length + SPACE,
        at + 12,
        "soft",
        (bar.median > most and "… " or "") .. report.bar(row, bar) .. (bar.note and (", " .. bar.note) or "")
      )
    )
  end
  local bottom = top + #row.bars * LINE
  if target then
    local x = LABEL + target / most * BAR
    table.insert(
      parts,
      ('<line x1="%.1f" y1="%g" x2="%.1f" y2="%g" stroke="%s" stroke-width="2" ' .. 'stroke-dasharray="3 2"/>'):format(
        x,
        top,
        x,
        bottom,
        COLOURS.target
      )
    )
  end
  return table.concat(parts, "\n"), bottom + GAP
end

--- Returns the picture.
-- @param rows the rows that were run
-- @param machine the line below the title
-- @return the text of an SVG file
function chart.svg(rows, machine)
  local parts, y = {}, TOP + 25
  for _, row in ipairs(rows) do
    if row.bars then
      parts[#parts + 1], y = group(row, y)
    end
  end
  return table.concat({
    ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">'):format(WIDTH, y, WIDTH, y),
    STYLE:format(COLOURS.text, COLOURS.soft),
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(10, 24, "head", "cmr beside its peers; the dashed line is the target"),
    text(10, 42, "soft", machine),
    table.concat(parts, "\n"),
    "</svg>\n",
  }, "\n")
end

return chart
