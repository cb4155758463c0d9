--- What may stand where the cursor is, read off the parser: whatever it takes can be completed.

local M = {}

-- An option by one of its names, of this command or of every command.
local function option_of(parsers, name)
  for _, parser in ipairs(parsers) do
    for _, option in ipairs(parser._options) do
      for _, alias in ipairs(option._aliases) do
        if alias == name then return option end
      end
    end
  end
end

local function command_of(root, name)
  for _, command in ipairs(root._commands) do
    for _, alias in ipairs(command._aliases) do
      if alias == name then return command end
    end
  end
end

-- What was typed before the cursor: {parsers = the command's and the root; position = of the next argument; option =
-- whose value comes next; rest = true after --}.
local function read(root, words)
  local at, parsers = { position = 1 }, { root }
  for index = 1, #words - 1 do
    local word = words[index]
    if at.option then
      at.option = nil
    elseif word == "--" then
      at.rest = true
    elseif word:sub(1, 1) == "-" and not at.rest then
      local option = option_of(parsers, word)
      at.option = option and option._maxargs > 0 and option or nil
    elseif not parsers[2] then
      local command = command_of(root, word)
      if not command then return nil end
      parsers = { command, root }
    else
      at.position = at.position + 1
    end
  end
  at.parsers = parsers
  return at
end

local Answer = {}
Answer.__index = Answer

-- A line for a word that fits what is typed: the word, a tab, what it is.
function Answer:offer(word, about)
  if word:sub(1, #self.typed) ~= self.typed then return end
  about = (about or ""):gsub("%s+", " ")
  table.insert(self.lines, word .. "\t" .. about)
end

-- The values an option or an argument takes; before is what stands before them in the word, as in --output=.
function Answer:values(element, before, lists)
  local argname = element._argname
  if type(argname) == "table" then argname = argname[1] end
  argname = argname or element._name
  local closed = element._choices
  if not closed and lists[argname] then closed = lists[argname](element) end
  if closed then
    for _, value in ipairs(closed) do
      self:offer(before .. value)
    end
  elseif argname:find "^{" then
    for value in argname:gmatch "[^{},]+" do
      self:offer(before .. value)
    end
  elseif argname == "FILE" then
    table.insert(self.lines, "\t" .. before)
  end
  local value = self.typed:sub(#before + 1)
  if value:sub(1, 1) == "@" and value:sub(1, 2) ~= "@@" then table.insert(self.lines, "\t" .. before .. "@") end
end

function Answer:options(parsers)
  for _, parser in ipairs(parsers) do
    for _, option in ipairs(parser._options) do
      local name = option._public_aliases[#option._public_aliases]
      if name and not option._hidden then self:offer(name, option._description) end
    end
  end
end

function Answer:commands(root)
  for _, command in ipairs(root._commands) do
    self:offer(command._name, command._summary or command._description)
  end
end

--- The lines for a shell: "word<tab>what it is" for each that may stand there, "<tab>before" where the name of a file
-- may stand after `before`.
-- @param parser_of  function(line) -> the parser for a line, of cmr.cli.parser.new
-- @param words  the words of the line after cmr; the last, which may be empty, is the one to complete
-- @param lists  placeholder -> function(element) -> array of words: values that are neither in the table nor files
function M.lines(parser_of, words, lists)
  local typed, line = words[#words] or "", { "--help" } -- which makes the parser say what everything is
  local answer = setmetatable({ typed = typed, lines = {} }, Answer)
  if words[1] == "help" and words[2] then
    answer:commands(parser_of(line))
    return answer.lines
  end
  for index = 1, #words - 1 do
    line[index + 1] = words[index]
  end
  local at = read(parser_of(line), words)
  if not at then return answer.lines end
  local name = not at.rest and typed:match "^(%-%-[^=]+)="
  local option = at.option or name and option_of(at.parsers, name)
  if option then
    answer:values(option, at.option and "" or name .. "=", lists)
  elseif typed:sub(1, 1) == "-" and not at.rest then
    answer:options(at.parsers)
  elseif not at.parsers[2] then
    answer:commands(parser_of { "--help" })
  elseif at.parsers[1]._arguments[at.position] then
    answer:values(at.parsers[1]._arguments[at.position], "", lists)
  end
  return answer.lines
end

return M
