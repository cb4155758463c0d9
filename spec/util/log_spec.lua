-- What the library logs outside of nginx. The specs of nginx check what it logs there.
local program = require "spec.support.program"

describe("outside of nginx, the log", function()
  local function logged(call)
    return program.run("local log = require 'cmr.util.log' " .. call).err
  end

  it("writes a warning and a failure to standard error, each in one line", function()
    assert.equal("cmr: 2 of x\n", logged "log.warn('%d of %s', 2, 'x')")
    assert.equal("cmr: 2 of x\n", logged "log.error('%d of %s', 2, 'x')")
    assert.equal("cmr: a b c\n", logged "log.error('a\\nb%sc', '\\27')")
  end)

  it("does so too where nginx has no log", function()
    assert.equal("cmr: x\n", logged "package.loaded.ngx = {} log.warn('x')")
  end)

  it("cuts what is too long", function()
    local line = logged "log.warn('%s', ('x'):rep(1e6))"
    assert.equal(#"cmr: " + 2000 + #"\n", #line)
  end)
end)

describe("in nginx, the log", function()
  it("is nginx's, with a level", function()
    local answer = program.run [[
      local log = require "cmr.util.log"
      package.loaded.ngx = {WARN = 5, ERR = 4, log = function(...) print(...) end}
      log.warn("%d of %s", 2, "x")
      log.error "a\nb"
    ]]
    assert.same({"5\tcmr: 2 of x\n4\tcmr: a b\n", ""}, {answer.out, answer.err})
  end)
end)
