-- The headers that a call gets for its attempts, besides those of its target.
local core = require "cmr.core"
local support = require "spec.support.client"
local mock = require "spec.support.mock"

local attempt, finish = support.attempt, support.finish

describe("a call's added headers", function()
  local server, target

  before_each(function()
    core.engine():close()
    server = mock.shared("http")
    target = support.target(server, {headers = {["X-Mine"] = "target", traceparent = "target"}})
  end)

  local function platforms(other)
    return assert(core.platforms(other or target, mock.USER))
  end

  local function sent(index)
    return server:requests()[index or 1].headers
  end

  it("go with the target's, and replace those of the same name", function()
    for _, call in ipairs{platforms(), assert(core.reexport(target, {mailboxId = mock.MAILBOX}))} do
      server:reset()
      assert.is_true(call:add_header("TraceParent", "00-1-2-01"))
      assert.is_true(call:add_header("x-empty", ""))
      assert.is_true(call:add_header("x-blank", "  "))
      assert.equal(200, attempt(call).status)
      local headers = sent()
      assert.equal("00-1-2-01", headers.traceparent)
      assert.equal("", headers["x-empty"])
      assert.equal("", headers["x-blank"])
      assert.equal("target", headers["x-mine"])
      assert.equal(server.key, headers["cmr-x-api-key"])
      assert.equal("application/json", headers.accept)
    end
    assert.equal("application/json", sent()["content-type"])
  end)

  it("stay until they are cleared, and belong to one call", function()
    local call = platforms()
    assert.is_true(call:add_header("x-attempt", "1"))
    attempt(call)
    attempt(call)
    call:clear_headers()
    attempt(call)
    assert.is_true(call:add_header("x-attempt", "2"))
    attempt(call)
    attempt(platforms())
    local seen = {}
    for index = 1, 5 do seen[index] = sent(index)["x-attempt"] or "none" end
    assert.same({"1", "1", "none", "2", "none"}, seen)
    assert.equal("target", sent(3).traceparent)
  end)

  it("are sent again when the attempt's idle connection has died", function()
    attempt(platforms())
    server:fault{close = true}
    local call = platforms()
    assert.is_true(call:add_header("x-attempt", "1"))
    assert.equal(200, attempt(call).status)
    for index = 2, #server:requests() do assert.equal("1", sent(index)["x-attempt"]) end
  end)

  it("wait with a call in the queue", function()
    local narrow = support.target(server, {max_connections = 1})
    local calls = {platforms(narrow), platforms(narrow), platforms(narrow)}
    for index, call in ipairs(calls) do
      assert.is_true(call:add_header("x-call", tostring(index)))
      call:start(core.engine(), 10)
    end
    finish(calls[1], calls[2], calls[3])
    for index = 1, 3 do assert.equal(tostring(index), sent(index)["x-call"]) end
  end)

  it("cannot be changed while the call uses them", function()
    local call = platforms()
    call:start(core.engine(), 10)
    for _, change in ipairs{call.add_header, call.clear_headers} do
      local ok, message = pcall(change, call, "x-late", "1")
      assert.is_false(ok)
      assert.matches("the call is running or closed", message, 1, true)
    end
    finish(call)
    assert.is_nil(sent()["x-late"])
  end)

  it("are freed with a call that is dropped, before, in and after its attempt", function()
    for _, prepare in ipairs{
      function() end,
      function(call) call:start(core.engine(), 10) end,
      attempt,
      function(call)
        call:start(core.engine(), 10)
        call:cancel()
      end,
    } do
      local call = platforms()
      assert.is_true(call:add_header("x-call", ("x"):rep(1000)))
      prepare(call)
      call = nil -- luacheck: ignore 311
      collectgarbage()
      collectgarbage()
    end
    assert.equal(0, core.engine():count())
  end)

  describe("are refused", function()
    local function refused(name, value, reason)
      local call = platforms()
      local ok, message = call:add_header(name, value)
      assert.is_nil(ok)
      assert.equal(reason, message)
      attempt(call)
      local plain = sent(#server:requests())
      assert.equal("target", plain.traceparent)
      assert.equal(server.key, plain["cmr-x-api-key"])
    end

    it("when they are not a name and a text", function()
      for _, pair in ipairs{{1, "1"}, {true, "1"}, {"x-trace", 1}, {"x-trace", true}, {"x-trace", {}}, {"x-trace"}} do
        refused(pair[1], pair[2], "a name and a text expected")
      end
    end)

    it("when they would add a line", function()
      for _, name in ipairs{"", "a b", "a:", "a\r\nb", "a\0", "\195\164"} do
        refused(name, "1", "a header's name holds a character that is not allowed")
      end
      for _, value in ipairs{"1\r\nx: y", "1\n", "a\0b", "\127"} do
        refused("x-trace", value, "a header's value holds a line break or another control character")
      end
    end)

    it("when the library sets them", function()
      for _, name in ipairs{"Host", "Content-Length", "content-type", "Transfer-Encoding", "Connection", "EXPECT",
        "accept", "Accept-Encoding", "User-Agent", "CMR-X-API-Key"} do
        refused(name, "1", "it is set by the library")
      end
      local other = support.target(server, {key_header = "X-Other"})
      local child = assert(core.target({timeout = nil}, other))
      for _, one in ipairs{other, child} do
        assert.same({nil, "it is set by the library"}, {platforms(one):add_header("x-other", "1")})
      end
    end)

    it("when they come twice", function()
      local call = platforms()
      assert.is_true(call:add_header("X-Trace", "1"))
      assert.same({nil, "it is there twice"}, {call:add_header("x-trace", "2")})
      attempt(call)
      assert.equal("1", sent()["x-trace"])
    end)
  end)
end)
