-- The reader is the probe's only way to the API. It lets only reads pass.
local cmr = require "cmr"
local reader = require "cmr.probe.reader"
local plan = require "cmr.probe.plan"

-- A client that sends nothing. Its error "asked" shows that the reader called it.
local untouched = {request = function() error("asked", 0) end}

describe("the reader", function()
  it("refuses everything that is not a read, before anything is sent", function()
    local refused = 0
    for _, row in ipairs(cmr.operations) do
      local is_read = row.method == "GET" and row.path ~= nil and row.name ~= "mailbox_admin"
      assert.equal(is_read, reader.refusal(row) == nil, row.name)
      local ok, message = pcall(reader.read, untouched, row.name)
      assert.is_false(ok)
      if is_read then
        assert.equal("asked", message)
      else
        assert.matches("cmr%.probe: '" .. row.name .. "' must not be called: ", message)
        refused = refused + 1
      end
    end
    assert.is_true(refused > 40)
    local _, message = pcall(reader.read, untouched, "nothing")
    assert.matches("cmr.probe: 'nothing' must not be called: there is no such operation", message, 1, true)
  end)

  it("refuses reads that change something", function()
    for _, flag in ipairs{"async", "charges", "danger", "quota", "all_when_empty", "form", "safe", "new_one"} do
      local row = {name = "x", method = "GET", path = "/x", flags = {[flag] = true}}
      assert.equal("it does more than read (" .. flag .. ")", reader.refusal(row))
    end
    for _, flag in ipairs{"list", "deprecated"} do
      assert.is_nil(reader.refusal{name = "x", method = "GET", path = "/x", flags = {[flag] = true}})
    end
    assert.same({"not documented", true}, {reader.refusal{name = "x", method = "GET", flags = {}}})
    assert.same({"not documented", true}, {reader.refusal{name = "x", path = "/x", flags = {}}})
  end)

  it("sends GET to the documented path, with the given query", function()
    local seen
    local info = cmr.info
    finally(function() cmr.info = info end)
    cmr.info = function()
      return {status = 200, http_version = "2", headers = {["content-encoding"] = "gzip"},
        url = "https://customers.coldmailreseller.com/api/v1/integration/users?userId=x"}
    end
    local answer = reader.read({request = function(_, ...)
      seen = {...}
      return {status = 200}
    end}, "user", {userId = "x"})
    assert.same({"GET", "/users", {query = {userId = "x"}}}, seen)
    assert.same({status = 200, envelope = {status = 200}, version = "2", encoding = "gzip",
      headers = {["content-encoding"] = "gzip"}, production = true}, answer)
  end)

  it("returns the facts of a refusal, or the reason why a request has no answer", function()
    local info = cmr.info
    finally(function() cmr.info = info end)
    local infos = {}
    cmr.info = function(of) return infos[of] end
    local function read(err)
      return reader.read({request = function() return nil, "request: it failed", err end}, "user", {})
    end
    local err = {kind = "not_found", body = {status = 404}}
    infos[err] = {status = 404, http_version = "1.1", headers = {}, url = "http://127.0.0.1:1/users"}
    assert.same({status = 404, envelope = {status = 404}, version = "1.1", headers = {}, production = false, err = err},
      read(err))
    err.body = "text"
    assert.is_nil(read(err).envelope)
    infos[err] = nil
    assert.same({err = err, message = "it failed"}, read(err))
    infos[err] = {}
    assert.same({err = err, message = "it failed"}, read(err))
  end)

  it("accepts every request of the plan, which are 26", function()
    for _, step in ipairs(plan.steps) do assert.is_nil(reader.refusal(cmr.operations[step.operation]), step.id) end
    assert.equal(26, #plan.steps)
  end)
end)
