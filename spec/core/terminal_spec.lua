-- Signals that ask a program to end: the first is noted, and the second ends the program.
local program = require "spec.support.program"

local CODE = [[
local core = require "cmr.core"
local function send(name)
  local pipe = io.popen("kill -" .. name .. " $PPID") -- the shell's parent: this program
  pipe:read "*a"
  pipe:close()
end
core.catch_interrupt()
assert(core.interrupted() == nil)
%s
]]

local function run(code, through)
  return program.run(CODE:format(code), {through = through or "env --default-signal=INT,TERM,HUP"})
end

describe("core.catch_interrupt", function()
  for name, number in pairs{HUP = 1, INT = 2, TERM = 15} do
    it("notes a SIG" .. name .. ", and lets the program go on", function()
      local ended = run(('send "%s" print(core.interrupted())'):format(name))
      assert.same({status = 0, out = number .. "\n", err = ""}, ended)
    end)
  end

  for _, two in ipairs{{"INT", "INT", 130}, {"INT", "TERM", 143}, {"HUP", "INT", 130}} do
    it(("lets a SIG%s end it after a SIG%s"):format(two[2], two[1]), function()
      local ended = run(('send "%s" send "%s" print "goes on"'):format(two[1], two[2]))
      assert.same({two[3], ""}, {ended.status, ended.out}) -- without err: the shell may print how the program ended
    end)
  end

  it("leaves a signal alone that was ignored", function()
    local ended = run('send "HUP" send "HUP" send "INT" print(core.interrupted())', "env --ignore-signal=HUP")
    assert.same({status = 0, out = "2\n", err = ""}, ended)
  end)

  it("lets a program go on that writes to a program that has ended", function()
    local ended = run([[
      local pipe, written, why = io.popen("exit", "w"), true, nil
      while written do written, why = pipe:write(("x"):rep(65536)) end
      print(why)
    ]], "env --default-signal=PIPE")
    assert.same({status = 0, out = "Broken pipe\n", err = ""}, ended)
  end)

  it("counts the signals anew after each call", function()
    local ended = run 'send "INT" core.catch_interrupt() send "INT" print(core.interrupted())'
    assert.same({status = 0, out = "2\n", err = ""}, ended)
  end)
end)
