-- When a text goes to a pager, and to which.
local pager = require "cmr.cli.pager"
local shell = require "cmr.util.shell"

describe("a text", function()
  local THREE = "1\n2\n3\n"

  -- Returns what was printed, and the mode and the command that popen got. Checks that a pager gets the text and that
  -- its input is closed. `screen` has the numbers of columns and rows.
  local function show(text, screen, variables, has_no_pipe)
    local printed, command, input, is_closed
    local pipe = {
      write = function(_, piece) input = piece end,
      close = function() is_closed = true end,
    }
    pager.show({
      stdout = {
        write = function(_, piece)
          printed = piece
          return true
        end,
        flush = function() return true end,
      },
      terminal = function() return screen and screen[1], screen and screen[2] end,
      getenv = function(name) return (variables or {PAGER = "more"})[name] end,
      popen = function(text_of_shell, mode)
        command = ("%s %s"):format(mode, text_of_shell)
        return not has_no_pipe and pipe or nil
      end,
    }, text)
    assert.equal(input, is_closed and text or nil)
    return printed, command
  end

  local function paged(name)
    return {nil, "w LESS=${LESS-FRX}; export LESS; exec " .. name}
  end

  it("is paged when it does not fit on the screen together with the prompt", function()
    assert.same(paged "more", {show(THREE, {80, 3})})
    assert.same(paged "more", {show(THREE, {0, 3})})
    assert.same(paged "more", {show("1\n", {80, 1})})
    for _, screen in ipairs{{80, 4}, {80, 0}, {80}} do assert.same({THREE}, {show(THREE, screen)}) end
    assert.same({THREE}, {show(THREE, nil)})
    assert.equal(THREE, (show(THREE, {80, 3}, nil, true))) -- the pager could not be started
  end)

  it("is paged by the user's program, or by less where it is installed", function()
    assert.same(paged "most -x", {show(THREE, {80, 3}, {CMR_PAGER = " most -x ", PAGER = "more"})})
    assert.same(paged "more", {show(THREE, {80, 3}, {PAGER = "\tmore\n"})})
    for _, none in ipairs{"", " ", "cat", " cat "} do
      assert.same({THREE}, {show(THREE, {80, 3}, {CMR_PAGER = none, PAGER = "more"})})
      assert.same({THREE}, {show(THREE, {80, 3}, {PAGER = none})})
    end
    local real, asked, answer = shell.output, nil, "/usr/bin/less"
    finally(function() shell.output = real end)
    function shell.output(command)
      asked = command
      return answer
    end
    assert.same(paged "less", {show(THREE, {80, 3}, {})})
    assert.equal("command -v less", asked)
    answer = ""
    assert.same({THREE}, {show(THREE, {80, 3}, {})})
    answer = "/usr/bin/less"
    assert.same(paged "more", {show(THREE, {80, 3}, {PAGER = "more"})})
  end)
end)
