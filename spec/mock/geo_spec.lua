-- Countries and states.
local api_of = require "spec.support.mock_api"

describe("the mock's geography", function()
  local api

  before_each(function() api = api_of.new() end)

  it("maps countries to their codes", function()
    local data, reply = api:yes("GET /geo/countries")
    assert.equal("US", data["United States"])
    assert.equal("DE", data.Germany)
    for _, code in pairs(data) do assert.matches("^%u%u$", code) end
    api_of.assumed("which there are", reply)
  end)

  it("maps a country's states to their codes", function()
    assert.equal("NY", api:yes("GET /geo/states", {countryCode = "US"})["New York"])
    assert.equal("BY", api:yes("GET /geo/states", {countryCode = "DE"}).Bavaria)
    local reply = select(2, api:yes("GET /geo/states", {countryCode = "SG"}))
    assert.matches('"data":{}', reply.text, 1, true)
    api:no(400, "Please provide 'countryCode'", "GET /geo/states")
    api:no(404, "country", "GET /geo/states", {countryCode = "XX"})
  end)
end)
