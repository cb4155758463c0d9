-- The form of the manual page.
local command = require "spec.support.command"

describe("the manual page #docs", function()
  local page

  setup(function()
    local file = assert(io.open("docs/cmr.1"))
    page = file:read "*a"
    file:close()
  end)

  it("has a date, examples and other pages to see", function()
    assert.matches('\n%.TH CMR 1 "%d%d%d%d%-%d%d%-%d%d" "cmr %d+%.%d+%.%d+" "User Commands"\n', page)
    for _, section in ipairs{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "EXIT STATUS", "FILES",
      "EXAMPLES", "SEE ALSO"} do
      assert.is_truthy(page:find("\n.SH " .. section .. "\n", 1, true), section)
    end
  end)

  it("has examples that the command accepts", function()
    local parser = require "cmr.cli.parser"
    local operations, count = require "cmr.operations", 0
    local examples = page:match "\n%.SH EXAMPLES\n(.-)\n%.SH"
    for line in examples:gsub("\\", ""):gmatch "\ncmr ([^\n]+)" do
      local words = {}
      for word in line:gsub("[>&].*$", ""):gmatch "%S+" do words[#words + 1] = word end
      assert.is_table(parser.new(operations, words, function() end):parse(words))
      count = count + 1
    end
    assert.is_true(count > 5)
  end)

  it("is without warnings, and fits 80 columns except for examples with long values", function()
    if not io.popen("command -v man"):read() then return pending "there is no man" end
    assert.equal("", command.sh "man -l --warnings docs/cmr.1 2>&1 >/dev/null")
    for line in command.sh("MANWIDTH=80 man -l docs/cmr.1 | col -bx"):gmatch "[^\n]+" do
      assert.is_true(#line <= 80 or line:find "^ +%-%-" ~= nil or line:find "^ +cmr " ~= nil, line)
    end
  end)
end)
