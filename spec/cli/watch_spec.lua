-- --watch: a read whose answer is printed again and again.
local command = require "spec.support.command"
local mock = require "spec.support.mock"
local pty = require "spec.support.pty"

local server, env

setup(function() server = mock.shared "http" end)
teardown(command.clean)

before_each(function()
  server:reset{rate = 0}
  env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}
end)

describe("--watch #cli", function()
  it("repeats a read until the program is ended", function()
    local shown = command.run({"users", "--field", "data.users.id", "--watch", "1"},
      {env = env, through = "timeout 2.6"})
    assert.equal(124, shown.status)
    local _, count = shown.out:gsub(mock.USER, "")
    assert.is_true(count >= 2 and count <= 3, shown.out)
    assert.equal(count, #server:requests())
    assert.is_nil(shown.out:find("\27", 1, true))
  end)

  it("replaces the answer on a terminal, and ends with Ctrl-C #pty", function()
    local terminal = pty.cmr({"users", "--output", "table", "--watch", "1"}, {env = env})
    for _ = 1, 2 do
      terminal:expect("\27[H\27[2Jevery 1 s, at ", true)
      terminal:expect(mock.USER, true)
    end
    terminal:type(pty.ctrl_c)
    assert.equal(130, terminal:finish().status)
  end)

  it("ends when a read fails, and is only for reads", function()
    server:fault{match = {operation = "users"}, status = 403, times = 9}
    local failed = command.run({"users", "--watch", "1"}, {env = env})
    assert.equal(1, failed.status)
    for line, message in pairs{
      ["0"] = "option '--watch' wants at least 1 second", ["x"] = "option '--watch' wants a number, not 'x'",
    } do
      local refused = command.run({"users", "--watch", line}, {env = env})
      assert.matches("cmr: " .. message, refused.err, 1, true)
    end
    assert.matches("^cmr: unknown option '%-%-watch'",
      command.run({"reexport", "--email", "a@b.c", "--watch", "1"}, {env = env}).err)
    assert.equal(0, command.run({"users", "--watch", "1", "--dry-run"}, {env = env}).status)
  end)
end)
