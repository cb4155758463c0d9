---Adds a hint to a message of argparse, such as "did you mean '--company'?". Pure.

local arguments = require "cmr.cli.arguments"
local commands = require "cmr.cli.commands"
local validate = require "cmr.util.validate"

local suggestions = {}

local MIN_PART_CHARACTERS = 4 -- cmr does not look for a shorter word inside longer names

-- If exactly one name contains the word, returns this name: "--google-client-id" for "--client-id".
local function only_containing(word, names)
  local part, found = word:match("^%-*(.*)$"):lower(), nil
  if #part < MIN_PART_CHARACTERS then return nil end
  for _, name in ipairs(names) do
    if name:find(part, 1, true) then
      if found then return nil end
      found = name
    end
  end
  return found
end

-- Returns whether an option of the parsers has this name and takes a value.
local function takes_value(parsers, name)
  for _, element in ipairs(parsers) do
    for _, option in ipairs(element._options) do
      for _, alias in ipairs(option._aliases) do
        if alias == name then return option._maxargs > 0 end
      end
    end
  end
end

-- Returns a hint if the unknown option is meant as a value, for example "-acme" in "--company -acme".
local function value_hint(line, word, parsers)
  for index = 2, #line do
    local is_short = not word:find "^%-%-" and line[index]:sub(1, #word) == word
    if (line[index] == word or is_short) and takes_value(parsers, line[index - 1]) then
      return (" (a value that begins with - needs a =, as in %s=%s)"):format(line[index - 1], line[index])
    end
  end
end

-- Returns the names of all commands.
local function command_names(operations)
  local names = arguments.commands(operations)
  for _, entry in ipairs(commands) do
    names[#names + 1] = entry[1]
  end
  return names
end

---Adds a hint to a message of argparse.
---@param message string
---@param element table The parser that refused the line: the parser of a command, or the root parser.
---@param root table The root parser.
---@param names table Two fields. `options` lists all options of the element, also those that parser.new left out.
---`arguments` maps a wrong option to the positional argument that the user meant: "--user-id" to "USER_ID".
---@param line string[] The words of the command line.
---@param operations cmr.Operation[]
---@return string message
function suggestions.improve(message, element, root, names, line, operations)
  if message == "too many arguments" then
    return ("%s (usage: %s)"):format(message, (element:get_usage():gsub("^Usage: ", "")))
  end
  message = message:gsub("\nDid you mean.*$", "")
  local kind, word = message:match "^unknown (%a+) '(.-)'"
  if not kind then return message end
  local hint = kind == "option" and value_hint(line, word, { element, root })
  if hint then return message .. hint end
  local candidates = kind == "option" and names.options or command_names(operations)
  local _, suggestion = validate.suggestion(word, candidates)
  suggestion = suggestion or only_containing(word, candidates)
  if not suggestion then return message end
  local placeholder = names.arguments[suggestion]
  if placeholder then return ("%s (give it as the argument %s)"):format(message, placeholder) end
  return ("%s (did you mean '%s'?)"):format(message, suggestion)
end

return suggestions
