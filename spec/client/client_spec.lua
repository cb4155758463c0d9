-- A client: its own key and settings, the operations as methods, and mistakes that are shown where they were made.
local cjson = require "cjson"
local cmr = require "cmr"
local core = require "cmr.core"
local support = require "spec.support.client"
local mock = require "spec.support.mock"

local USER, MAILBOX = mock.USER, mock.MAILBOX

local function current_line()
  return debug.getinfo(2, "l").currentline
end

describe("a client", function()
  local server, client

  before_each(function()
    server = mock.shared("http")
    client = support.new(server, {retries = 0})
  end)

  -- Returns the only request that the server has received.
  local function request()
    local requests = server:requests()
    assert.equal(1, #requests)
    return requests[1]
  end

  describe("has each operation", function()
    it("as a method that returns the envelope", function()
      assert.equal(true, assert(client:platforms(USER)).data.EMAILBISON.connected)
      local platform = {app = "SMARTLEAD", credentials = {email = "a@b.c", password = "p"}}
      local id = assert(client:add_platform(USER, platform)).data.credentialId
      assert(client:export_mailboxes{userId = USER, credentialId = "A1B2C3D4E5F6G7H8", mailboxIds = {MAILBOX}})
      assert(client:reexport{mailboxId = MAILBOX})
      assert(client:remove_platform{userId = USER, credentialId = id})
      local seen = {}
      for index, recorded in ipairs(server:requests()) do seen[index] = recorded.operation end
      assert.same({"platforms", "add_platform", "export_mailboxes", "reexport", "remove_platform"}, seen)
    end)

    it("and none that is not in the table", function()
      for _, row in ipairs(cmr.operations) do
        assert.is_function(client[row.name], row.name)
        assert.is_function(cmr[row.name], row.name)
      end
      assert.is_nil(client.plattforms)
      assert.is_nil(cmr.plattforms)
    end)

    it("and any other request", function()
      server:fault{body = {status = 200, message = "hello"}}
      local given = {query = {b = "x y", a = 1}, body = {list = cmr.array{}}}
      assert.equal("hello", assert(client:request("PUT", "/some/where", given)).message)
      local recorded = request()
      assert.equal("PUT", recorded.method)
      assert.equal("/api/v1/integration/some/where", recorded.path)
      assert.same({a = "1", b = "x y"}, recorded.query)
      assert.equal('{"list":[]}', recorded.body)
      assert.equal(server.key, recorded.headers["cmr-x-api-key"])
      local _, why, err = client:request("GET", "/nowhere")
      assert.equal("GET /nowhere: HTTP 404: Not Found", why)
      assert.equal("GET /nowhere", err.operation)
    end)
  end)

  describe("says in every request", function()
    it("who it is and what it wants", function()
      assert(client:platforms(USER))
      local headers = request().headers
      assert.equal(server.key, headers["cmr-x-api-key"])
      assert.equal("application/json", headers.accept)
      assert.matches("^cmr/%d+%.%d+%.%d+ %(Lua.-; libcurl/%d+%.%d+", headers["user-agent"])
      assert.is_nil(headers.expect)
      assert.is_nil(headers.authorization)
    end)

    it("its key in the header of its choice", function()
      support.new(server, {retries = 0, key_header = "cmr-x-sandbox-api-key"}):platforms(USER)
      local headers = request().headers
      assert.equal(server.key, headers["cmr-x-sandbox-api-key"])
      assert.is_nil(headers["cmr-x-api-key"])
    end)

    it("what else it was given", function()
      support.new(server, {user_agent = "agency/2", headers = {["X-Trace"] = "abc", ["X-Empty"] = ""}}):platforms(USER)
      local headers = request().headers
      assert.matches("^agency/2 cmr/", headers["user-agent"])
      assert.equal("abc", headers["x-trace"])
      assert.equal("", headers["x-empty"])
    end)
  end)

  it("does not mix its key up with another's, when both wait at once", function()
    -- the calls yield to each other instead of waiting
    local turns = {
      wait = function(_, call)
        while not call:done() do coroutine.yield() end
      end,
      sleep = function() error("nothing to wait for") end,
      now = core.now,
    }
    server:fault{delay = 0.1, times = 10}
    local results, running = {}, {}
    for index, key in ipairs{server.key, "another-key", server.key, "a-third-key"} do
      running[index] = coroutine.create(function()
        local one = support.new(server, {api_key = key, retries = 0, loop = turns})
        local answer, _, err = one:platforms("user-of-" .. index)
        results[index] = answer and answer.status or err.status
      end)
    end
    local alive
    repeat
      alive = false
      for _, thread in ipairs(running) do
        if coroutine.status(thread) ~= "dead" then
          assert(coroutine.resume(thread))
          alive = true
        end
      end
      core.engine():wait(20)
    until not alive
    assert.same({404, 401, 404, 401}, results)
    local keys, third = {}, "a-third-key"
    for _, recorded in ipairs(server:requests()) do
      keys[recorded.query.userId] = recorded.headers["cmr-x-api-key"]
    end
    assert.same({
      ["user-of-1"] = server.key, ["user-of-2"] = "another-key", ["user-of-3"] = server.key, ["user-of-4"] = third,
    }, keys)
  end)

  it("without a key fails before anything is sent", function()
    local none = support.new(server, {api_key = ""})
    local answer, why, err = none:platforms(USER)
    assert.is_nil(answer)
    assert.matches("^platforms: no API key: set CMR_API_KEY", why)
    assert.equal(why, tostring(err))
    assert.equal("invalid_argument", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, err.attempts)
    assert.equal(0, #server:requests())
  end)

  it("shows where it sends, never its key", function()
    assert.equal("cmr.client: " .. server.base_url, tostring(client))
    assert.equal(server.base_url, client:base_url())
    assert.equal(core.target{api_key = server.key}:key_id(), client:key_id())
    local function search(value, seen)
      if type(value) == "string" then assert.is_nil(value:find(server.key, 1, true), value) end
      if type(value) ~= "table" or seen[value] then return end
      seen[value] = true
      for name, member in pairs(value) do
        search(name, seen)
        search(member, seen)
      end
    end
    search(client, {})
  end)

  describe("with other settings", function()
    it("is another client, of the same key", function()
      local other = client:with{key_header = "x-other"}
      assert.are_not.equal(client, other)
      other:platforms(USER)
      assert.equal(server.key, request().headers["x-other"])
      server:reset()
      assert(client:platforms(USER))
      assert.equal(server.key, request().headers["cmr-x-api-key"])
    end)

    it("keeps what is not mentioned", function()
      local seen = {}
      local parent = support.new(server, {
        retries = 0, user_agent = "agency/2", on_response = function(info) seen[#seen + 1] = info.status end,
      })
      local child = parent:with{timeout = 60}:with{max_response = 1000}
      server:fault{status = 503}
      local _, _, err = child:platforms(USER)
      assert.equal(1, err.attempts)
      assert.matches("^agency/2 ", request().headers["user-agent"])
      assert.same({503}, seen)
      assert.equal(tostring(parent), tostring(child))
    end)

    it("has them for one call as well", function()
      server:fault{status = 503, times = 2}
      local fake = support.fake_loop()
      assert.equal(200, assert(client:with{retries = 2, loop = fake}:platforms(USER)).status)
      assert.equal(2, #fake.slept)
      server:fault{status = 503}
      assert.is_nil((client:platforms(USER)))
    end)

    it("uses the same connection", function()
      assert(client:platforms(USER))
      assert.is_true(cmr.info(client:with{timeout = 60}:platforms(USER)).reused)
    end)

    it("may have another key", function()
      local _, _, err = client:with{api_key = "wrong"}:platforms(USER)
      assert.equal("unauthorized", err.kind)
      assert(client:platforms(USER))
    end)

    it("checks them as cmr.new does", function()
      for _, bad in ipairs{{retires = 1}, {retries = -1}, {timeout = 0}, {base_url = "ftp://x"}, {api_key = "a b"}} do
        assert.is_false((pcall(client.with, client, bad)))
      end
      assert.is_false((pcall(client.with, client)))
      assert.is_false((pcall(client.with, client, 5)))
    end)
  end)

  describe("that is closed", function()
    it("raises when it is used", function()
      client:close()
      for _, use in ipairs{
        function() client:platforms(USER) end,
        function() client:request("GET", "/x") end,
        function() client:with{timeout = 1} end,
      } do
        local ok, why = pcall(use)
        assert.is_false(ok)
        assert.matches("the client is closed", why, 1, true)
      end
      assert.equal(0, #server:requests())
      client:close()
      assert.equal("cmr.client: " .. server.base_url, tostring(client))
    end)

    it("closes its connections, unless a call still runs", function()
      server:fault{delay = 0.1}
      local engine, job = core.engine(), client:start("platforms", USER)
      client:close()
      assert.equal(engine, core.engine())
      assert(job:wait())
      client:close()
      assert.not_equal(engine, core.engine())
    end)

    it("makes no engine only to close it", function()
      core.engine():close()
      client:close()
      assert.is_nil(core.idle_engine())
    end)

    it("leaves the others working", function()
      local other = support.new(server)
      assert(other:platforms(USER))
      client:close()
      assert(other:platforms(USER))
    end)

    it("lets a call be retried whose on_retry closed it, with the user's own loop too", function()
      local function step(engine, condition) while not condition() do engine:wait(10) end end
      local loop = {
        now = core.now,
        wait = function(engine, call) step(engine, function() return call:done() end) end,
        sleep = function(engine, seconds)
          local wakes_at = core.now() + seconds
          step(engine, function() return core.now() >= wakes_at end)
        end,
      }
      core.engine():close() -- a call on an old connection would not count as a failed attempt
      server:fault{close = true, times = 1}
      local closed = support.new(server)
      local retrying = support.new(server, {loop = loop, on_retry = function() closed:close() end})
      assert.equal(200, assert(retrying:platforms(mock.USER)).status)
    end)

    it("does not end another client's call that waits for a retry", function()
      local other = support.new(server, {
        loop = support.fake_loop(),
        on_retry = function() support.new(server):close() end,
      })
      server:fault{status = 503}
      assert.equal(200, assert(other:platforms(USER)).status)
    end)
  end)

  describe("shows a mistake where it was made:", function()
    local file = debug.getinfo(1, "S").short_src

    -- Checks that `action` raises the expected message, and sends nothing. `action` gets a function, and calls it with
    -- the number of the line that has the mistake. The message must begin with this file and that line.
    local function raises(expected, action)
      local line
      local ok, why = pcall(action, function(current) line = current end)
      assert.is_false(ok)
      assert.equal(("%s:%d: %s"):format(file, line, expected), why)
      assert.equal(0, #server:requests())
    end

    it("a method's", function()
      raises("cmr.platforms: bad field 'userid' (did you mean 'userId'?)", function(tell)
        tell(current_line())  client:platforms{userid = "x"}
      end)
      raises("cmr.platforms: missing required argument 'userId'", function(tell)
        tell(current_line())  local answer = client:platforms()  return answer
      end)
      raises("cmr.reexport: bad field 'google.clientid' (did you mean 'clientId'?)", function(tell)
        tell(current_line())  client:reexport{google = {clientid = "x"}, email = "a@b.c"}
      end)
    end)

    it("a method's through other functions", function()
      local function helper(id)
        local answer, why = client:platforms(id)
        return answer, why
      end
      local ok, why = pcall(helper, 17)
      assert.is_false(ok)
      local line = tonumber(why:match("^" .. file:gsub("%p", "%%%0") .. ":(%d+): cmr%.platforms: bad field 'userId'"))
      assert.equal(debug.getinfo(helper, "S").linedefined + 1, line)
    end)

    it("a method's in a coroutine", function()
      local line
      local thread = coroutine.create(function()
        line = current_line()  client:platforms(17)
      end)
      local ok, why = coroutine.resume(thread)
      assert.is_false(ok)
      assert.matches(("^%s:%d: cmr%%.platforms: "):format(file:gsub("%p", "%%%0"), line), why)
    end)

    it("a method's that pcall or a coroutine calls", function()
      local line = current_line() + 1
      local _, why = pcall(client.platforms, client, {userid = "x"})
      assert.equal(("%s:%d: cmr.platforms: bad field 'userid' (did you mean 'userId'?)"):format(file, line), why)
      _, why = coroutine.resume(coroutine.create(client.platforms), client, {userid = "x"})
      assert.equal("cmr.platforms: bad field 'userid' (did you mean 'userId'?)", why) -- no line: no function called it
    end)

    it("a function's of the module", function()
      raises("cmr.platforms: bad field 'userid' (did you mean 'userId'?)", function(tell)
        tell(current_line())  cmr.platforms{userid = "x"}
      end)
    end)

    it("cmr.new's", function()
      raises("cmr.new: unknown option 'api-key' (did you mean 'api_key'?)", function(tell)
        tell(current_line())  cmr.new{["api-key"] = "x"}
      end)
      raises("cmr.new: bad option 'retries' (a whole number from 0 to 100 expected, got 1.5)", function(tell)
        tell(current_line())  cmr.new{retries = 1.5}
      end)
      raises("cmr.new: a table of options expected, got string", function(tell)
        tell(current_line())  cmr.new("key")
      end)
    end)

    it("with's", function()
      raises("cmr.with: unknown option 'time_out' (did you mean 'timeout'?)", function(tell)
        tell(current_line())  client:with{time_out = 60}
      end)
      raises("cmr.with: a table of options expected, got number", function(tell)
        tell(current_line())  client:with(60)
      end)
    end)

    it("in the name of an operation", function()
      raises("cmr.preview: there is no operation 'plattforms' (did you mean 'platforms'?)", function(tell)
        tell(current_line())  client:preview "plattforms"
      end)
      raises("cmr.awaitable: there is no operation 'zzzzzzzzz'", function(tell)
        tell(current_line())  client:awaitable "zzzzzzzzz"
      end)
    end)

    it("request's query, method and path", function()
      for _, query in ipairs{{"x"}, {a = 1, [true] = 1}, "a=1", 5} do
        raises(("cmr.request: bad option 'query' (a table of names and values expected, got %s)"):format(type(query)),
          function(tell)
            tell(current_line())  client:request("GET", "/x", {query = query})
          end)
      end
      for _, given in ipairs{{}, {"GET"}, {5, "/x"}, {"GET", 5}, {nil, "/x"}} do
        raises("cmr.request: bad arguments (a method and a path expected)", function(tell)
          tell(current_line())  client:request(given[1], given[2])
        end)
      end
    end)

    it("request's", function()
      raises("cmr.request: unknown option 'bdoy' (body or query expected)", function(tell)
        tell(current_line())  client:request("GET", "/x", {bdoy = {}})
      end)
      raises("cmr.request: bad field 'method' (GET, POST, PUT, PATCH or DELETE expected)", function(tell)
        tell(current_line())  client:request("get", "/x")
      end)
    end)

    -- Only the position matters here, not the wording.
    it("request's with something else than a table", function()
      local line
      local ok, why = pcall(function()
        line = current_line()  client:request("GET", "/x", "userId=1")
      end)
      assert.is_false(ok)
      assert.matches(("^%s:%d: cmr%%.request: "):format(file:gsub("%p", "%%%0"), line), why)
    end)

    it("a dot in place of the colon", function()
      raises("cmr.platforms: call it with a colon: client:platforms(...)", function(tell)
        tell(current_line())  client.platforms(USER)
      end)
    end)

    it("a colon in place of the dot", function()
      raises("cmr.platforms: call it with a dot: cmr.platforms(...)", function(tell)
        tell(current_line())  cmr:platforms(USER)
      end)
      raises("cmr.await: call it with a dot: cmr.await(...)", function(tell)
        tell(current_line())  cmr:await {}
      end)
    end)
  end)

  it("previews no request with wrong data", function()
    local previewed, why, err = client:preview("platforms", "")
    assert.same({nil, "platforms: 'userId' is empty", 0}, {previewed, why, err.attempts})
    for _, _, _, wrong in client:map("platforms", {""}) do assert.equal(0, wrong.attempts) end
  end)

  it("returns an error for wrong data, and does not raise it", function()
    local answer, why, err = client:platforms("")
    assert.is_nil(answer)
    assert.equal("platforms: 'userId' is empty", why)
    assert.equal("invalid_argument", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, err.attempts)
    assert.equal(0, #server:requests())
    assert.equal(cjson.null, cmr.null)
  end)
end)
