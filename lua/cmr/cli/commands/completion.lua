--- cmr completion: commands, options and values for the shells that complete them.

local io = require "cmr.cli.io"

local M = {}

local details = [[
`make install` puts it where shells look. Elsewhere:

   bash   eval "$(cmr completion bash)"     in ~/.bashrc
   zsh    eval "$(cmr completion zsh)"      in ~/.zshrc, after compinit
   fish   cmr completion fish | source      in ~/.config/fish/config.fish]]

function M.arguments(command)
  command:epilog(details)
  command:argument("SHELL"):target(".shell"):argname("{bash,zsh,fish}"):description "For which shell."
  command:argument("WORDS"):target(".words"):args("*"):hidden(true) -- after candidates: the line so far
  command:usage "Usage: cmr completion [-h] {bash,zsh,fish}"
end

-- What stands for values that only the running command knows.
local function lists(system)
  return {
    OPERATION = function()
      local names = {}
      for index, row in ipairs(require "cmr.operations") do
        names[index] = require("cmr.cli.arguments").command(row.name)
      end
      return names
    end,
    PROFILE = function()
      local profile = require "cmr.cli.profile"
      local ok, config = pcall(profile.load, system)
      return ok and profile.names(config) or {}
    end,
  }
end

function M.run(given, system, version)
  local shell, words = given[".shell"], given[".words"]
  if shell == "candidates" then
    local function parser_of(line)
      return (require("cmr.cli.parser").new(require "cmr.operations", line, version))
    end
    local lines = require("cmr.cli.complete").lines(parser_of, words, lists(system))
    lines[#lines + 1] = ""
    io.write(system, table.concat(lines, "\n"))
    return 0
  end
  local script = require("cmr.cli.completion_scripts")[shell]
  if not script or words[1] then io.usage "argument SHELL must be bash, zsh or fish" end
  io.write(system, script)
  return 0
end

return M
