-- Which operations an assistant may use, and what it is told about them.
local access = require "cmr.cli.mcp.access"
local operations = require "cmr.operations"

describe("the access of an assistant", function()
  it("needs a class for each consequence", function()
    for _, operation in ipairs(operations) do
      local flags, needed = operation.flags, {}
      if operation.method ~= "GET" and not flags.safe then
        needed.charge, needed.destroy = flags.charges, flags.danger
        needed.write = not flags.charges and not flags.danger or nil
      end
      for _, class in ipairs(access.CLASSES) do
        local allowed = {write = true, charge = true, destroy = true}
        allowed[class] = nil
        assert.equal(needed[class] ~= nil, access.refusal(allowed, operation) ~= nil, operation.name .. " " .. class)
      end
      assert.equal(next(needed) == nil, access.is_read(operation), operation.name)
    end
    local both = {name = "both", method = "POST", flags = {charges = true, danger = true}}
    assert.matches("^both charges money, .*'cmr mcp %-%-allow charge'$", access.refusal({destroy = true}, both))
    assert.matches("^both destroys, .*'cmr mcp %-%-allow destroy'$", access.refusal({charge = true}, both))
    assert.is_nil(access.refusal({charge = true, destroy = true}, both))
    assert.matches("^create_user changes data, .*'cmr mcp %-%-allow write'$",
      access.refusal({}, operations.create_user))
  end)

  it("comes with hints about what a call changes", function()
    local REPLACES = {PUT = true, PATCH = true, DELETE = true}
    for _, operation in ipairs(operations) do
      local flags = operation.flags
      local is_read = operation.method == "GET" or flags.safe == true
      local repeats = flags.charges or flags.quota or flags.flips
      assert.same({
        title = operation.title,
        readOnlyHint = is_read,
        destructiveHint = flags.danger == true and not is_read,
        idempotentHint = is_read or REPLACES[operation.method] == true and not repeats,
        openWorldHint = true,
      }, access.annotations(operation))
    end
    for _, flag in ipairs{"charges", "quota", "flips"} do
      assert.is_false(access.annotations{method = "PUT", flags = {[flag] = true}}.idempotentHint, flag)
    end
    for method in pairs(REPLACES) do
      assert.is_true(access.annotations{method = method, flags = {}}.idempotentHint, method)
    end
    assert.is_false(access.annotations{method = "POST", flags = {}}.idempotentHint)
  end)
end)
