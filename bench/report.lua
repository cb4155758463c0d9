-- Writes the results as a table for people and as JSON.
local cjson = require("cjson").new()
local shell = require "bench.shell"

local report = {}

cjson.encode_invalid_numbers "null" -- on a very busy machine, a row may have no answers and so no number

local SIGNS = { ["<="] = "≤", [">="] = "≥", x = "×", us = "µs" }

local function sign(text)
  return (text:gsub("%S+", SIGNS))
end

local function digits(value)
  if value >= 1000 then return ("%.0f"):format(value) end
  return (("%.3g"):format(value))
end

--- Returns whether a row's target is met.
function report.met(row)
  local relation, limit = row.target:match "^(%S+) ([%d.]+)"
  local within = relation == "<=" and row.value <= tonumber(limit) or relation == ">=" and row.value >= tonumber(limit)
  return (within or row.also or false) and not row.broken
end

--- Returns the target as text, such as "≤ 1.25 ×".
function report.target(row)
  return sign(row.target)
end

--- Returns a value with its unit, such as "1.18 ×".
function report.value(row)
  local unit = row.target:match "^%S+ [%d.]+ ?(.*)$"
  return sign((("%s %s"):format(digits(row.value), unit):gsub("%s+$", "")))
end

--- Returns one bar as text, such as "79.1 µs a call".
function report.bar(row, bar)
  return ("%s %s"):format(digits(bar.median), sign(row.unit))
end

--- Returns the table in Markdown, which people can also read in a terminal.
function report.table(rows)
  local lines = { "| what | against | target | measured | |", "|---|---|---|---|---|" }
  for _, row in ipairs(rows) do
    local measured = report.value(row) .. (row.note and ("; " .. sign(row.note)) or "")
    lines[#lines + 1] = ("| %s | %s | %s | %s | %s |"):format(
      row.name,
      row.against,
      report.target(row),
      measured,
      report.met(row) and "met" or "**missed**"
    )
  end
  return table.concat(lines, "\n")
end

--- Returns the medians of all contestants, for each row.
function report.details(rows)
  local lines = {}
  for _, row in ipairs(rows) do
    lines[#lines + 1] = ("\n%s (%s)"):format(row.name, sign(row.unit))
    for _, bar in ipairs(row.bars or {}) do
      local note = bar.note and ("  " .. bar.note) or ""
      lines[#lines + 1] = ("  %-44s %10s%s"):format(bar.name, digits(bar.median), note)
    end
  end
  return table.concat(lines, "\n")
end

--- Returns one line about the machine and the programs.
function report.machine()
  return ("%s cores of %s; Linux %s; %s; %s; %s; %s"):format(
    shell.output "nproc",
    shell.output "sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1",
    shell.output "uname -r | cut -d . -f 1,2",
    shell.output "curl --version | head -n 1 | cut -d ' ' -f 4",
    shell.output "lua5.4 -v | cut -d ' ' -f 1,2",
    shell.output "luajit -v | cut -d ' ' -f 1,2",
    shell.output [[PATH=$PATH:/usr/sbin nginx -v 2>&1 | sed 's/.*: //']]
  )
end

--- Returns all results as JSON, with every round.
function report.json(rows, date, machine)
  local all = {}
  for index, row in ipairs(rows) do
    local bars = {}
    for place, bar in ipairs(row.bars or {}) do
      bars[place] = { name = bar.name, note = bar.note, median = bar.median, rounds = bar.values }
    end
    all[index] = {
      name = row.name,
      against = row.against,
      unit = row.unit,
      target = row.target,
      value = row.value,
      note = row.note,
      met = report.met(row),
      measured = bars[1] and bars or nil,
    }
  end
  return cjson.encode { date = date, machine = machine, rows = all } .. "\n"
end

return report
