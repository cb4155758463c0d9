--- An answer on standard output, in the form that --output and --field ask for.

local colour = require "cmr.cli.colour"
local stream = require "cmr.cli.io"

local M = {}

--- What --output takes.
M.formats = { "json", "jsonl", "table", "csv" }

local function encoder(world, given, about)
  local options = { compact = given.compact, empty = about.empty, paint = colour.of(world, world.stdout) }
  return function(value, compact)
    options.compact = compact or options.compact
    return require "cmr.cli.pretty_json"(value, options) .. "\n"
  end
end

local writers = {}

function writers.json(answer, world, given, about)
  stream.write(world, encoder(world, given, about)(answer))
end

-- The items of the answer's list, one a line; an answer without a list on one line.
function writers.jsonl(answer, world, given, about)
  local encode, lines = encoder(world, given, about), {}
  local list = require("cmr.cli.tabulate").list(answer.data, about.name)
  for index, item in ipairs(list or { answer }) do
    lines[index] = encode(item, true)
  end
  stream.write(world, table.concat(lines))
end

local function rows_of(answer, about)
  return (about.rows or require("cmr.cli.tabulate").of)(about.name, answer)
end

function writers.csv(answer, world, _, about)
  local columns, rows = rows_of(answer, about)
  if #columns == 0 then return end
  stream.write(world, require "cmr.cli.csv"(columns, rows, world.terminal(world.stdout) ~= nil))
end

function writers.table(answer, world, _, about)
  local columns, rows, record = rows_of(answer, about)
  if #rows == 0 then
    world.stderr:write "cmr: the list is empty\n"
    return
  end
  local text, shown = require "cmr.cli.table"(columns, rows, {
    width = stream.columns(world),
    paint = colour.of(world, world.stdout),
    record = record,
  })
  stream.write(world, text)
  if shown < #columns then
    world.stderr:write(
      ("cmr: not enough room for %s; --output json or csv shows all\n"):format(table.concat(columns, ", ", shown + 1))
    )
  end
end

local function raw(value, world)
  local text = require("cmr.cli.field").raw(value)
  if world.terminal(world.stdout) then
    local printable = require("cmr.util.text").printable
    text = text:gsub("[^\n]+", printable)
  end
  stream.write(world, text)
end

--- Prints an answer.
-- @param answer  the decoded envelope, or a table like it
-- @param given   the parser's result: output, field, compact
-- @param world   see cmr.cli.io
-- @param about   name = the operation; default = the form where none is asked for (json); empty of cmr.cli.pretty_json; rows =
--   function(name, answer) in place of cmr.cli.tabulate
-- A field that is not there raises {failure = message, status = 1}.
function M.show(answer, given, world, about)
  if not given.field then return writers[given.output or about.default or "json"](answer, world, given, about) end
  local value, why = require("cmr.cli.field").select(answer, given.field)
  if value == nil then
    error({ failure = ("no field '%s' in the answer: %s"):format(given.field, why), status = 1 }, 0)
  end
  if not given.output then return raw(value, world) end
  if given.output == "json" then return writers.json(value, world, given, about) end
  return writers[given.output]({ data = value }, world, given, {})
end

return M
