-- How the command ends in each format of --output, when it cannot read the requests of the ledger.
local requests = require "cmr.cli.requests"

describe("requests that cannot be read", function()
  it("end the command with what failed", function()
    local system = {stdout = {write = function() end}, terminal = function() end, getenv = function() end}
    for _, parsed in ipairs{{}, {output = "json"}, {output = "csv"}, {output = "jsonl"}, {field = "data.state"}} do
      local ok, failure = pcall(requests.print, function() return false, "100% broken" end, parsed, system)
      assert.is_false(ok)
      assert.equal("100% broken", failure.failure)
    end
  end)
end)
