-- core.read_input: standard input, read while calls may be in flight.
local program = require "spec.support.program"

describe("core.read_input", function()
  -- Runs code with the output of a shell command as its standard input.
  local function run(input, code)
    local source = program.file_with('local core = require "cmr.core"\n' .. code)
    local line = ("{ %s; } | timeout 20 %s %s"):format(input, program.quote(program.interpreter()), source)
    local pipe = assert(io.popen(line))
    local output = pipe:read "*a"
    pipe:close()
    os.remove(source)
    return output
  end

  it("returns the bytes as they come, and nil at the end", function()
    assert.equal("one\ntwo|nil", run([[printf 'one\ntwo']], [[
      local text, bytes = "", ""
      repeat
        text = text .. bytes
        bytes = core.read_input(5)
      until not bytes
      io.write(text, "|", tostring(core.read_input(0)))]]))
  end)

  it("returns a byte that comes alone", function()
    assert.equal("1", run("printf x", "io.write(#core.read_input(5))"))
  end)

  it("returns nil when standard input cannot be read", function()
    local ended = program.run('io.write(tostring(require("cmr.core").read_input(5)))',
      {through = "sh -c 'exec \"$@\" </' sh"})
    assert.equal("", ended.out == "nil" and "" or ended.out .. ended.err)
  end)

  it("returns an empty text when the time is over", function()
    assert.equal("0 true", run("sleep 1", [[
      local began = core.now()
      io.write(#core.read_input(0.05), " ", tostring(core.now() - began >= 0.04 and core.now() - began < 0.9))]]))
  end)

  it("returns early when there is work for the engine", function()
    assert.equal("0 true", run("sleep 3", [[
      local target = core.target{api_key = "k", base_url = "http://127.0.0.1:1", allow_http = true}
      local call, began = assert(core.countries(target, {})), core.now()
      call:start(core.engine(), 5, 5)
      local length = 0
      while not call:done() do
        length = length + #core.read_input(2, core.engine():fd())
        core.engine():wait(0)
      end
      io.write(length, " ", tostring(core.now() - began < 1.5))]]))
  end)

  it("refuses an invalid time", function()
    assert.equal("false false false", run("true", [[
      io.write(tostring(pcall(core.read_input, -1)), " ", tostring(pcall(core.read_input, 1e12)), " ",
        tostring(pcall(core.read_input, "x")))]]))
    assert.equal("nil #1 #1", run("true", [[
      local too_long, negative = 2147483.6475, -0.0015
      io.write(tostring(core.read_input(2147483.647)))
      for _, seconds in ipairs{too_long, negative} do
        io.write(" ", (tostring(select(2, pcall(core.read_input, seconds))):match "#%d"))
      end]]))
  end)
end)
