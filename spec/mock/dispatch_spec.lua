-- Dispatch without a server.

describe("cmr.mock.api", function()
  local api = require "cmr.mock.api"
  local state = require "cmr.mock.state"

  local function answer(operations, method, path)
    local world = state.new({rate = 0, window = "bucket"}, function() return 0 end)
    local service = api.new({key = "k", base = "/base", operations = operations}, world)
    local headers = {["cmr-x-api-key"] = "k"}
    local request = {method = method, path = "/base" .. path, query = {}, headers = headers, raw_body = ""}
    service:identify(request)
    return service:answer(request)
  end

  it("answers 501 for an operation nobody has written yet", function()
    local reply = answer({{name = "wallet", method = "GET", path = "/wallet"}, {name = "nowhere"}}, "GET", "/wallet")
    assert.equal(501, reply.status)
    assert.matches("'wallet' is not implemented", reply.envelope.message, 1, true)
  end)

  it("takes any method where none is documented", function()
    assert.equal(501, answer({{name = "reset", path = "/reset"}}, "PATCH", "/reset").status)
  end)
end)
