-- Countries and states: what each call sends.
local recorded = require "spec.support.recorded"

describe("geo", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  it("lists the countries", function()
    client:countries()
    client:countries{}
    api:sent(2, {"GET", "/geo/countries"})
    api:raises("countries takes no arguments", function() client:countries("US") end)
    api:raises("bad field 'page'", function() client:countries{page = 1} end)
  end)

  it("lists a country's states", function()
    client:states("US")
    client:states{countryCode = "US"}
    api:sent(2, {"GET", "/geo/states", query = {countryCode = "US"}})
    api:raises("cmr.states: missing required argument 'countryCode'", function() client:states() end)
  end)
end)
