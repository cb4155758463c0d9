---cmr help: the help by topic. It runs before the parser, so that `cmr --help` need not load the parser.

local overview = require "cmr.cli.overview"

local help = {}

local MAX_COLUMNS = 80 -- longer lines are harder to read
local MIN_COLUMNS = 40

-- The topics that are no groups of commands.
local FACTS = { "all", "environment", "options" }

---Returns the width of the help in columns.
---@return integer
function help.width(system)
  local columns = system.terminal(system.stdout) or 0
  return columns > 0 and math.max(MIN_COLUMNS, math.min(columns, MAX_COLUMNS)) or MAX_COLUMNS
end

-- Returns the list of all commands, with the options that they have in common.
local function full_help(operations, version, width)
  return require("cmr.cli.parser").new(operations, { "--help" }, version, width):get_help() .. "\n"
end

local texts = { all = full_help }

function texts.options(operations, version, width)
  return full_help(operations, version, width):match "\n(Options:\n.-\n)\n"
end

function texts.environment(_, _, width)
  return require("cmr.util.wrapping").paragraphs(require("cmr.cli.parser").FACTS, width) .. "\n"
end

---Returns the words that `cmr help` accepts in addition to the commands.
---@param operations cmr.Operation[]
---@return string[]
function help.topics(operations)
  local _, groups, others = overview.topics(operations)
  local topics = {}
  for _, list in ipairs { groups, others, FACTS } do
    for _, topic in ipairs(list) do
      topics[#topics + 1] = topic
    end
  end
  return topics
end

---Returns the text of a topic, or nil for a word that is no topic.
---@param topic string? nil: the overview
---@param version fun(): string
---@return string? text
---@return boolean? is_short The text needs no pager.
function help.text(topic, system, version)
  local operations = require "cmr.operations"
  if not topic then return overview.text(operations), true end
  local make = texts[topic]
  if make then return make(operations, version, help.width(system)) end
  return overview.commands(operations, topic, help.width(system))
end

return help
