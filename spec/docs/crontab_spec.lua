-- The crontab of the guide runs as cron runs it: with cron's short environment, and without a terminal.
local cjson = require "cjson"
local command = require "spec.support.command"
local core = require "cmr.core"
local mock = require "spec.support.mock"

local GUIDE = "docs/guides/re-export-weekly.md"
local BINARIES = "/usr/local/bin" -- where `make install` puts the command
local FILE = "/home/me/exports/mailboxes.csv"

local directory, server

-- Returns the PATH and the command of the crontab in the guide.
local function crontab()
  local path, line = command.read(GUIDE):match "\nPATH=([^\n]+)\n[%d*]+ [%d*]+ [%d*]+ [%d*]+ [%d*]+ ([^\n]+)\n"
  return assert(path), line
end

local function write(name, text)
  assert(core.write_private(directory .. "/" .. name, text))
end

-- Runs the crontab's line as cron does. The program cmr is in `directory`, because nothing is installed here.
local function run_by_cron()
  local path, line = crontab()
  path = path:gsub(BINARIES, directory .. "/bin", 1)
  line = line:gsub(FILE, directory .. "/mailboxes.csv", 1)
  local environment = ("HOME=%s LOGNAME=me SHELL=/bin/sh PATH=/usr/bin:/bin"):format(directory)
  local script = command.quote("PATH=" .. path .. "; export PATH; " .. line)
  local text = ("cd /; env -i %s sh -c %s </dev/null 2>&1; echo $?"):format(environment, script)
  return command.sh(text):match "^(.*)\n?(%d+)$"
end

setup(function()
  server = mock.shared "http"
  server:reset{rate = 0}
  directory = command.sh "mktemp -d"
  command.sh(("mkdir -p %s/bin %s/.config/cmr"):format(directory, directory))
  local program = command.sh("command -v " .. command.quote(command.interpreter()))
  write("bin/cmr", ("#!%s\npackage.path, package.cpath = %q, %q\nos.exit(require('cmr.cli').main(arg))\n"):format(
    program, package.path, package.cpath))
  command.sh(("chmod 700 %s/bin/cmr"):format(directory))
  write(".config/cmr/config", cjson.encode{default = "main",
    profiles = {main = {api_key = server.key, base_url = server.base_url}}})
  write("mailboxes.csv", "mailboxId,google.clientId\n" .. mock.MAILBOX .. ",5493-maeh.apps.googleusercontent.com\n")
end)

teardown(function()
  command.sh("rm -rf " .. directory)
  command.clean()
end)

describe("the guide's crontab #docs", function()
  it("names the directory of the command, and has no % that cron would turn into a line break", function()
    local path, line = crontab()
    assert.matches(":" .. BINARIES .. ":", ":" .. path .. ":", 1, true)
    assert.matches("^cmr .*" .. FILE, line)
    assert.is_nil(line:find("%", 1, true))
  end)

  it("sends each row, and does not send it again the next day", function()
    local out, status = run_by_cron()
    assert.equal("0", status, out)
    assert.matches("1 row: 1 accepted", out, 1, true)
    assert.equal(1, #server:requests())
    out, status = run_by_cron()
    assert.equal("0", status, out)
    assert.equal(1, #server:requests())
  end)
end)
