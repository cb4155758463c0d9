---cmr completion: prints scripts for the shells, and the candidates that the scripts ask for. The parser supplies the
---commands and the options, so every option that is not hidden can be completed. VALUE_LISTS supplies values that the
---parser does not know.

local io = require "cmr.cli.io"

local completion = {}

completion.epilog = [[
`make install` installs the scripts. To load one yourself:

   bash   eval "$(cmr completion bash)"     in ~/.bashrc
   zsh    eval "$(cmr completion zsh)"      in ~/.zshrc
   fish   cmr completion fish | source      in ~/.config/fish/config.fish]]

function completion.arguments(command)
  command:argument("SHELL"):target(".shell"):argname("{bash,zsh,fish}"):description "The shell."
  -- The scripts run "cmr completion candidates -- WORDS". WORDS are the words after `cmr`, up to the cursor.
  command:argument("WORDS"):target(".words"):args("*"):hidden(true)
  command:usage "Usage: cmr completion [-h] {bash,zsh,fish}"
end

-- Functions for values that the parser does not know. Each lists the values for a placeholder such as PROFILE.
local VALUE_LISTS = {
  OPERATION = function()
    return require("cmr.cli.arguments").commands(require "cmr.operations")
  end,
  PROFILE = function(system)
    local profile = require "cmr.cli.profile"
    local ok, config = pcall(profile.load, system)
    return ok and profile.names(config) or {}
  end,
}

local function named(elements, name)
  for _, element in ipairs(elements) do
    for _, alias in ipairs(element._aliases) do
      if alias == name then return element end
    end
  end
end

-- Returns the option with this name from the first parser that has it.
local function option_of(parsers, name)
  for _, parser in ipairs(parsers) do
    local option = named(parser._options, name)
    if option then return option end
  end
end

-- Reads the words before the cursor. Returns nil if a word is an unknown command, otherwise a table. In the table,
-- `parsers` has the command (if there is one) and the root parser. `position` is the number of the next argument.
-- `option` is the option whose value comes next. `only_arguments` is true after --.
local function read_words(root, words)
  local context = { position = 1, parsers = { root } }
  for index = 1, #words - 1 do
    local word = words[index]
    if context.option then
      context.option = nil
    elseif word == "--" then
      context.only_arguments = true
    elseif word:sub(1, 1) == "-" and not context.only_arguments then
      local option = option_of(context.parsers, word)
      context.option = option and option._maxargs > 0 and option or nil
    elseif not context.parsers[2] then
      local command = named(root._commands, word)
      if not command then return nil end
      context.parsers = { command, root }
    else
      context.position = context.position + 1
    end
  end
  return context
end

local Candidates = {}
Candidates.__index = Candidates
Candidates.__name = "cmr.cli.Candidates"

-- Adds a line for the word if the word begins with the typed text. The line has the word, a tab and the description.
function Candidates:offer(word, description)
  if word:sub(1, #self.typed) ~= self.typed then return end
  description = (description or ""):gsub("%s+", " ")
  table.insert(self.lines, word .. "\t" .. description)
end

-- Adds the values of an option or an argument. `prefix` is the text before the value in the word, such as "--output=".
function Candidates:values(element, prefix)
  local argname = element._argname or element._name
  local choices = element._choices or VALUE_LISTS[argname] and VALUE_LISTS[argname](self.system)
  if choices then
    for _, value in ipairs(choices) do
      self:offer(prefix .. value)
    end
  elseif argname:find "^{" then
    for value in argname:gmatch "[^{},]+" do
      self:offer(prefix .. value)
    end
  elseif argname == "FILE" then
    table.insert(self.lines, "\t" .. prefix)
  end
  local value = self.typed:sub(#prefix + 1)
  if value:sub(1, 1) == "@" and value:sub(1, 2) ~= "@@" then table.insert(self.lines, "\t" .. prefix .. "@") end
end

function Candidates:options(parsers)
  for _, parser in ipairs(parsers) do
    for _, option in ipairs(parser._options) do
      local name = option._public_aliases[#option._public_aliases]
      if name and not option._hidden then self:offer(name, option._description) end
    end
  end
end

function Candidates:commands(root)
  for _, command in ipairs(root._commands) do
    self:offer(command._name, command._summary or command._description)
  end
end

-- Returns the lines for a script: "word<tab>description" for each candidate. If a file name may come next, also returns
-- "<tab>prefix": prefix is the text before the file name. `words` are the words after `cmr`. The user wants to complete
-- the last word, which may be empty.
local function candidate_lines(get_parser, words, system)
  -- `line` begins with --help, so get_parser returns a parser with all common options and the descriptions
  local typed, line = words[#words] or "", { "--help" }
  local candidates = setmetatable({ system = system, typed = typed, lines = {} }, Candidates)
  if words[1] == "help" and words[2] then
    candidates:commands(get_parser(line))
    for _, topic in ipairs(require("cmr.cli.commands.help").topics(require "cmr.operations")) do
      candidates:offer(topic, "a topic")
    end
    return candidates.lines
  end
  for index = 1, #words - 1 do
    line[index + 1] = words[index]
  end
  local context = read_words(get_parser(line), words)
  if not context then return candidates.lines end
  local parsers, only_arguments = context.parsers, context.only_arguments
  local name = not only_arguments and typed:match "^(%-%-[^=]+)="
  local option = context.option or name and option_of(parsers, name)
  local argument = parsers[2] and parsers[1]._arguments[context.position]
  if option then
    candidates:values(option, context.option and "" or name .. "=")
  elseif typed:sub(1, 1) == "-" and not only_arguments then
    candidates:options(parsers)
  elseif not parsers[2] then
    candidates:commands(get_parser { "--help" })
  elseif argument then
    candidates:values(argument, "")
  end
  return candidates.lines
end

function completion.run(parsed, system, version)
  local shell, words = parsed[".shell"], parsed[".words"]
  if shell == "candidates" then
    local function get_parser(line)
      return (require("cmr.cli.parser").new(require "cmr.operations", line, version))
    end
    local lines = candidate_lines(get_parser, words, system)
    lines[#lines + 1] = ""
    io.write(system, table.concat(lines, "\n"))
    return io.EXIT_OK
  end
  local script = require("cmr.cli.completion_scripts")[shell]
  if not script or words[1] then io.usage "argument SHELL must be bash, zsh or fish" end
  io.write(system, script)
  return io.EXIT_OK
end

return completion
