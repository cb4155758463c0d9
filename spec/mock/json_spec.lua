-- The mock's JSON encoder.
local json = require "cmr.mock.json"

describe("the mock's JSON", function()
  it("writes every digit of a number", function()
    assert.equal("[99999999999999.5,12.345678901234567,1e+300,7,-0.5,1234567890123456]",
      json.encode {99999999999999.5, 12.345678901234567, 1e300, 7, -0.5, 1234567890123456})
    assert.has_error(function() json.encode(0 / 0) end)
  end)
end)
