-- cmr open: the dashboard and the mock's page in a browser.
local command = require "spec.support.command"
local core = require "cmr.core"

local DASHBOARD = "https://partners.coldmailreseller.com"
local PAGE = "http://127.0.0.1:20001/_mock/?token=a'b"

local directory, env

-- Makes a program that appends its name and its arguments to a file, and ends with a status.
local function program(name, status)
  local path = directory .. "/" .. name
  local text = ('#!/bin/sh\nprintf "%%s %%s\\n" %s "$*" >>%s/opened\nexit %d\n'):format(name, directory, status or 0)
  assert(core.write_private(path, text))
  command.sh("chmod 700 " .. path)
end

-- Returns how the command ended, and what was opened. If the command printed nothing, first waits for the opening.
local function open(...)
  local ended = command.run({"open", ...}, {env = env})
  if ended.status == 0 and ended.out == "" then
    command.sh(("n=0; until [ -s %s/opened ] || [ $n = 200 ]; do sleep 0.05; n=$((n + 1)); done"):format(directory))
  end
  return ended, command.sh(("cat %s/opened 2>/dev/null; rm -f %s/opened"):format(directory, directory))
end

before_each(function()
  directory = command.sh "mktemp -d"
  -- the tools that the command needs, and no browser of this machine
  command.sh(("for tool in sh sleep uname %s; do ln -s $(command -v $tool) %s; done"):format(
    command.quote(command.interpreter()), directory))
  env = {PATH = directory, DISPLAY = ":9", WAYLAND_DISPLAY = ""}
end)

after_each(function() command.sh("rm -rf " .. directory) end)
teardown(command.clean)

describe("cmr open #cli", function()
  it("opens the dashboard, or the page of the mock that the environment names", function()
    program "xdg-open"
    local ended, opened = open()
    assert.same({0, "", ""}, {ended.status, ended.out, ended.err})
    assert.equal("xdg-open " .. DASHBOARD, opened)
    env.CMR_MOCK_PAGE = ""
    assert.equal("xdg-open " .. DASHBOARD, select(2, open()))
    assert.matches("^cmr: CMR_MOCK_PAGE is not set", open "mock".err)
    env.CMR_MOCK_PAGE = PAGE
    assert.equal("xdg-open " .. PAGE, select(2, open()))
    assert.equal("xdg-open " .. PAGE, select(2, open "mock"))
    assert.equal("xdg-open " .. DASHBOARD, select(2, open "dashboard"))
  end)

  it("opens the browser of Windows under WSL, and the one of macOS", function()
    program "xdg-open"
    program "wslview"
    assert.equal("wslview " .. DASHBOARD, select(2, open()))
    command.sh(("rm %s/wslview %s/uname"):format(directory, directory))
    program "open"
    assert.equal("xdg-open " .. DASHBOARD, select(2, open()))
    assert(core.write_private(directory .. "/uname", "#!/bin/sh\necho Darwin\n"))
    command.sh(("chmod 700 %s/uname"):format(directory))
    assert.equal("open " .. DASHBOARD, select(2, open()))
  end)

  it("prints the address with --print, and where there is no browser", function()
    program "xdg-open"
    local ended, opened = open "--print"
    assert.same({0, DASHBOARD .. "\n", "", ""}, {ended.status, ended.out, ended.err, opened})
    env.DISPLAY = ""
    ended, opened = open()
    assert.same({0, DASHBOARD .. "\n", "cmr: there is no browser here; the address:\n", ""},
      {ended.status, ended.out, ended.err, opened})
    env.DISPLAY = ":9"
    command.sh(("rm %s/xdg-open"):format(directory))
    ended = open()
    assert.same({0, DASHBOARD .. "\n"}, {ended.status, ended.out})
    program("xdg-open", 3)
    ended = open()
    assert.same({0, DASHBOARD .. "\n", "cmr: xdg-open has failed; the address:\n"},
      {ended.status, ended.out, ended.err})
  end)

  it("needs no key, and does not wait for a browser that stays open", function()
    local text = ("#!/bin/sh\necho >%s/opened\nexec sleep 20\n"):format(directory)
    assert(core.write_private(directory .. "/xdg-open", text))
    command.sh(("chmod 700 %s/xdg-open"):format(directory))
    local start = os.time()
    local ended = open()
    assert.same({0, "", ""}, {ended.status, ended.out, ended.err})
    assert.is_true(os.time() - start < 10)
  end)

  it("refuses an address that is no web page, and a mock that it does not know", function()
    program "xdg-open"
    for _, address in ipairs{"--help", "file:///etc/passwd", "javascript:1", "x"} do
      env.CMR_MOCK_PAGE = address
      local ended, opened = open()
      assert.same({2, "", ""}, {ended.status, ended.out, opened})
      assert.matches("^cmr: CMR_MOCK_PAGE is no address of a page: 'cmr mock' prints it\n", ended.err)
    end
    env.CMR_MOCK_PAGE = nil
    local ended, opened = open "mock"
    assert.same({2, "", ""}, {ended.status, ended.out, opened})
    assert.matches("^cmr: CMR_MOCK_PAGE is not set: it is one of the lines that 'cmr mock' prints\n", ended.err)
    assert.matches("mock", open "other".err)
  end)
end)
