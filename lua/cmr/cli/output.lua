---Prints an answer on standard output, in the format that --output and --field ask for.

local io = require "cmr.cli.io"

local output = {
  FORMATS = { "json", "jsonl", "table", "csv" }, -- the values of --output
}

local function encoder(system, parsed, about)
  local painter = require("cmr.cli.colours").painter(system, system.stdout)
  local style = { compact = parsed.compact, empty = about.empty, paint = painter }
  return function(value, compact)
    style.compact = compact or style.compact
    return require("cmr.cli.pretty_json").encode(value, style) .. "\n"
  end
end

local function tabulated(answer, about, parsed)
  local columns, rows, record, nothing = (about.rows or require("cmr.cli.tabulate").of)(about.name, answer)
  if #rows > 0 then
    columns, rows = require("cmr.cli.columns").pick(columns, rows, parsed.columns)
  end
  return columns, rows, record, nothing
end

local writers = {}

function writers.json(answer, system, parsed, about)
  io.write(system, encoder(system, parsed, about)(answer))
end

-- Prints one line for each item of the answer's list. If there is no list, prints the whole answer on one line. With
-- --field, the field's value takes the place of the answer.
function writers.jsonl(answer, system, parsed, about)
  local encode, lines = encoder(system, parsed, about), {}
  local list = about.records or require("cmr.cli.tabulate").list(answer.data, about.name)
  for index, item in ipairs(list or about.without_list or { answer }) do
    lines[index] = encode(item, true)
  end
  io.write(system, table.concat(lines))
end

function writers.csv(answer, system, parsed, about)
  local columns, rows = tabulated(answer, about, parsed)
  if #columns == 0 then return end
  local csv = require "cmr.cli.csv"
  io.write(system, csv.write(columns, rows, csv.style(parsed, system)))
end

function writers.table(answer, system, parsed, about)
  local columns, rows, record, nothing = tabulated(answer, about, parsed)
  if #rows == 0 then
    system.stderr:write(nothing and ("cmr: no %s\n"):format(nothing) or "cmr: the list is empty\n")
    return
  end
  local text, shown = require("cmr.cli.text_table").format(columns, rows, {
    width = require("cmr.cli.terminal").columns(system),
    paint = require("cmr.cli.colours").painter(system, system.stdout),
    record = record,
  })
  io.write(system, text)
  if shown < #columns then
    local hidden = table.concat(columns, ", ", shown + 1)
    system.stderr:write(("cmr: not enough room for %s; --columns chooses, --output json shows all\n"):format(hidden))
  end
end

---Prints the value that --field selects. The callers use this function only if the user did not give --output.
---@param names string[]? see field.raw
function output.raw(value, system, names)
  local text = require("cmr.cli.field").raw(value, names)
  if system.terminal(system.stdout) then
    local printable = require("cmr.util.text").printable
    text = text:gsub("[^\t\n]+", printable)
  end
  io.write(system, text)
end

-- Makes the argument `about` for a writer, when --field selects several fields.
local function about_records(value, names)
  local is_list = require("cmr.util.tables").is_list(value)
  local records = is_list and value or { value }
  return {
    records = records,
    rows = function()
      return names, require("cmr.cli.tabulate").ordered(records, names), not is_list
    end,
  }
end

---Prints the selection of --field.
---@param value any The value of one field. For several fields: a record, or a list of records.
function output.selection(value, parsed, system, about)
  local names = require("cmr.cli.field").names(parsed.field)
  if not parsed.output then return output.raw(value, system, names) end
  if parsed.output == "json" then return writers.json(value, system, parsed, about) end
  writers[parsed.output]({ data = value }, system, parsed, names and about_records(value, names) or {
    without_list = { value },
  })
end

---Prints an answer. Raises a failure when --field names a field that the answer does not have.
---
---The members of `about`, all optional, are:
---  name     the operation's name
---  default  the format that is used without --output
---  empty    see pretty_json.encode
---  rows     a function that replaces tabulate.of
---@param answer table The decoded envelope, or a table like it.
---@param about table
function output.show(answer, parsed, system, about)
  if not parsed.field then return writers[parsed.output or about.default or "json"](answer, system, parsed, about) end
  local value, message = require("cmr.cli.field").of(answer, parsed.field)
  if value == nil then io.failure("%s", message) end
  output.selection(value, parsed, system, about)
end

local function empty(key)
  return key == "flags" and "{}" or "[]"
end

---Prints answer.data, a list that does not come from the API. The default format is a table.
---@param row fun(item: table): any[] Returns one value for each column.
function output.rows(answer, parsed, system, columns, row)
  local function lay_out()
    local rows = {}
    for index, item in ipairs(answer.data) do
      rows[index] = row(item)
    end
    return columns, rows
  end
  output.show(answer, parsed, system, { default = "table", rows = lay_out, empty = empty })
end

return output
