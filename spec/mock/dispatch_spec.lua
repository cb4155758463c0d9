-- Dispatch without a server.

describe("cmr.mock.dispatch", function()
  local Dispatch = require "cmr.mock.dispatch"
  local State = require "cmr.mock.state"

  local function answer(operations, method, path)
    local state = State.new({rate = 0, window = "bucket"}, function() return 0 end)
    local dispatch = Dispatch.new({key = "k", base = "/base", operations = operations}, state)
    local headers = {["cmr-x-api-key"] = "k"}
    local request = {method = method, path = "/base" .. path, query = {}, headers = headers, raw_body = ""}
    dispatch:identify(request)
    return dispatch:answer(request)
  end

  it("answers 501 for an operation without a handler", function()
    local reply = answer({{name = "wallet", method = "GET", path = "/wallet"}, {name = "nowhere"}}, "GET", "/wallet")
    assert.equal(501, reply.status)
    assert.matches("'wallet' is not implemented", reply.envelope.message, 1, true)
  end)

  it("has a route for every operation whose path is documented", function()
    for _, row in ipairs(require "cmr.operations") do
      if row.path then assert.not_equal(501, answer({row}, row.method or "POST", row.path).status, row.name) end
    end
  end)

  it("accepts any method if none is documented", function()
    assert.equal(501, answer({{name = "reset", path = "/reset"}}, "PATCH", "/reset").status)
  end)
end)
