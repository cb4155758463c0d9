-- Every operation has a spec of what it sends: a file of this directory calls it, or has its name in a table.
local operations = require "cmr.operations"
local run = require "spec.support.run"

describe("every operation", function()
  it("has a spec of what it sends", function()
    local texts = {}
    for path in run("ls spec/operations/*_spec.lua"):gmatch("%S+") do
      local file = assert(io.open(path))
      texts[#texts + 1] = file:read("*a")
      file:close()
    end
    local text, missing = table.concat(texts), {}
    for _, row in ipairs(operations) do
      local called = text:find("client:" .. row.name .. "[({]")
        or text:find('[{%s]"?' .. row.name .. '"?[,}]') or text:find("[{%s]" .. row.name .. ' = "%u+"')
      if not called then missing[#missing + 1] = row.name end
    end
    assert.same({}, missing)
  end)
end)
