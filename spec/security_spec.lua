-- The whole suite runs under a witness: a library that looks for the key in arguments, in logs and in files that others
-- may read. This spec shows that a copy of the witness, with another key and another file for its notes, reports a key.
local run = require "spec.support.run"

local WITNESS = os.getenv "CMR_WITNESS"

describe("the witness", function()
  if not WITNESS then return end

  local directory

  before_each(function()
    directory = run "mktemp -d"
    run(("cp %s %s/witness.so"):format(WITNESS, directory))
  end)
  after_each(function()
    run("rm -rf " .. directory)
  end)

  -- Returns what the witness notes about these shell commands. They run with the key "mykey4711".
  local function notes(commands)
    local file = directory .. "/script"
    local script = assert(io.open(file, "w"))
    script:write(("cd %s; export CMR_MOCK_KEY=mykey4711 LD_PRELOAD=%s/witness.so\n%s\n"):format(
      directory, directory, commands))
    script:close()
    run("sh " .. file)
    return (run(("cat %s/witness.so.seen 2>/dev/null || :"):format(directory)))
  end

  it("reports a key in a program's arguments", function()
    assert.equal("/bin/true: was given it as an argument", notes "/bin/true a mykey4711-b")
  end)

  it("reports a key in a log, whoever may read the log", function()
    assert.equal(("rm: wrote it to %s/x.log"):format(directory), notes "umask 077; echo mykey4711 >x.log; rm x.log")
  end)

  it("reports a key in a file only if others may read the file", function()
    assert.equal("", notes "umask 022; echo mykey4711 >x; rm x")
    assert.equal(("rm: wrote it to %s/x"):format(directory), notes "chmod 755 .; umask 022; echo mykey4711 >x; rm x")
  end)

  it("reports a file that Lua removes", function()
    local code = [[lua5.4 -e 'io.open("x.log", "w"):write(os.getenv "CMR_MOCK_KEY"):close() os.remove "x.log"']]
    assert.equal(("lua5.4: wrote it to %s/x.log"):format(directory), notes(code))
  end)
end)
