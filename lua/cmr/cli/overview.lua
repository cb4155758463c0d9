---The help by topic: a screenful with all topics, and the commands of one topic. Pure. Loads neither the parser nor
---libcurl.

local arguments = require "cmr.cli.arguments"
local commands = require "cmr.cli.commands"
local wrapping = require "cmr.util.wrapping"

local overview = {}

local unpack = table.unpack or unpack

local COMMAND_TOPICS = { "keys", "requests", "webhooks", "tests", "shell" } -- in the order that a new user needs them
local WIDTH_COLUMNS = 60 -- every terminal is at least this wide
local NAME_COLUMNS = 11

local TEXT = [[
Usage: cmr [options] COMMAND [arguments]

The operations of the Cold Mail Reseller API, by topic:
%s
Other commands:
%s
First: 'cmr init' stores your key, 'cmr users' lists users.

More help:
   cmr help TOPIC         the commands of a topic: domains
   cmr COMMAND --help     its options, and an example
   cmr help options       the options of every command
   cmr help environment   the variables, the exit status
   cmr help all           everything; also: man cmr
]]

---Returns the topic of a group of operations: "Pre-Warmup" -> "pre-warmup".
---@param group string
---@return string topic
function overview.topic(group)
  return (group:lower():gsub("%s+", "-"))
end

---Returns the operations and the other commands by topic, and the names of the topics.
---@param operations cmr.Operation[]
---@return table<string, table[]> lists topic -> rows {name, summary or operation}
---@return string[] groups The topics with operations.
---@return string[] others The topics with other commands.
function overview.topics(operations)
  local lists, groups, others = {}, {}, { unpack(COMMAND_TOPICS) }
  for _, topic in ipairs(others) do
    lists[topic] = {}
  end
  for _, operation in ipairs(operations) do
    local topic = overview.topic(operation.group)
    if not lists[topic] then
      lists[topic] = {}
      groups[#groups + 1] = topic
    end
    table.insert(lists[topic], { arguments.command(operation.name), operation })
  end
  for _, entry in ipairs(commands) do
    table.insert(lists[entry.topic], { entry[1], entry[2] })
  end
  return lists, groups, others
end

---Returns the help of `cmr --help`: a screenful.
---@param operations cmr.Operation[]
---@return string
function overview.text(operations)
  local lists, groups, others = overview.topics(operations)
  local lines = {}
  for index, topic in ipairs(others) do
    local names = {}
    for position, row in ipairs(lists[topic]) do
      names[position] = row[1]
    end
    local line = "   " .. topic .. (" "):rep(NAME_COLUMNS - #topic) .. table.concat(names, ", ")
    lines[index] = wrapping.lines(line, WIDTH_COLUMNS, 3 + NAME_COLUMNS) .. "\n"
  end
  local topics = wrapping.lines("   " .. table.concat(groups, ", "), WIDTH_COLUMNS, 3) .. "\n"
  return TEXT:format(topics, table.concat(lines))
end

-- Returns the line of a command: its name, padded to the columns, and its summary.
local function line_of(row, columns)
  local summary = row[2]
  if type(summary) == "table" then summary = arguments.spelled(require("cmr.cli.help").summary(summary)) end
  local name = row[1] .. " "
  return "   " .. name .. (" "):rep(columns - #name) .. summary
end

---Returns the commands of a topic with their summaries. Each command has one line, or more if the line is too long.
---Returns nil for a word that is no topic.
---@param operations cmr.Operation[]
---@param topic string
---@param width integer columns
---@return string? text
function overview.commands(operations, topic, width)
  local rows = overview.topics(operations)[topic]
  if not rows then return nil end
  local columns, lines = 0, { ("Commands of the topic %s:"):format(topic) }
  for _, row in ipairs(rows) do
    columns = math.max(columns, #row[1] + 2)
  end
  for _, row in ipairs(rows) do
    lines[#lines + 1] = wrapping.lines(line_of(row, columns), width, 3 + columns)
  end
  local advice = "'cmr COMMAND --help' shows a command's arguments, with an example."
  lines[#lines + 1] = "\n" .. wrapping.lines(advice, width, 0)
  return table.concat(lines, "\n") .. "\n"
end

return overview
