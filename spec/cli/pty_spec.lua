-- The specs' own terminal behaves like a real one.
local pty = require "spec.support.pty"

describe("a program in a terminal #pty", function()
  it("has the terminal's size, and notices a new one", function()
    local shell = pty.start({"sh", "-c", "trap 'stty size' WINCH; stty size; echo; while :; do read -r _; done"},
      {columns = 60, rows = 20})
    shell:expect("20 60\r\n\r\n", true)
    shell:resize(200)
    shell:expect("24 200", true)
    shell:close()
  end)

  it("takes input, is interrupted, and ends with a status", function()
    local shell = pty.start{"sh", "-c", "test -t 0 && test -t 1 && echo ready; read -r line; echo got $line; exit 7"}
    shell:expect "ready"
    shell:type("a word" .. pty.enter)
    assert.equal("word", (shell:expect "got a (%a+)"))
    local ended = shell:finish()
    assert.equal(7, ended.status)
    assert.equal("ready\r\na word\r\ngot a word\r\n", ended.out)

    shell = pty.start{"sh", "-c", "echo ready; exec sleep 30"} -- exec: dash may miss a signal while it starts a program
    shell:expect "ready"
    shell:type(pty.ctrl_c)
    assert.equal(130, shell:finish().status)
    shell = pty.start{"sh", "-c", "echo ready; exec sleep 30"}
    shell:expect "ready"
    shell:signal "KILL"
    assert.equal(137, shell:finish().status)
    assert.equal(127, pty.start{"/nonexistent/program"}:finish().status)
  end)

  it("is reported when it does not print or end as expected", function()
    local shell = pty.start({"sh", "-c", "echo something; sleep 30"}, {limit = 0})
    assert.has_error(function() shell:expect "else" end, 'it did not print "else":\nsomething\r\n')
    assert.has_error(function() shell:finish() end, "it did not end:\nsomething\r\n")
    shell = pty.start{"echo", "something"}
    assert.has_error(function() shell:expect "else" end, 'it ended without "else":\nsomething\r\n')
    shell:close()
  end)

  it("does not see the environment of the specs", function()
    local ended = pty.start({"sh", "-c", "echo [$CMR_API_KEY] [$CMR_BASE_URL] [$TERM]"},
      {env = {CMR_BASE_URL = "http://127.0.0.1"}}):finish()
    assert.equal("[] [http://127.0.0.1] [xterm]\r\n", ended.out)
  end)
end)

describe("cmr in a terminal #pty", function()
  it("runs", function()
    local ended = pty.run{"--version"}
    assert.equal(0, ended.status)
    assert.matches("^cmr %d", ended.out)
  end)
end)
