-- The file with the failures of a bulk run, when it cannot be written. The spec writes the file itself, without a run.
local command = require "spec.support.command"
local io_of_cmr = require "cmr.cli.io"
local outputs = require "cmr.cli.bulk.outputs"

teardown(command.clean)

describe("the failures of a bulk run", function()
  it("say what could not be written first, and leave the earlier file as it is", function()
    local path = command.file_with "earlier\n"
    local open, failing = io_of_cmr.system.open, {}
    finally(function()
      io_of_cmr.system.open = open
      os.remove(path .. ".part")
    end)
    io_of_cmr.system.open = function()
      return {
        write = function()
          local message = table.remove(failing, 1)
          return not message or nil, message or nil
        end,
        close = function() return nil, "closed badly" end,
      }
    end
    for _, case in ipairs{
      {{"disk full"}, "disk full"}, {{false, "disk full"}, "disk full"}, {{"first", "second"}, "first"},
      {{"first", false}, "first"}, {{}, "closed badly"},
    } do
      failing = case[1]
      local one = outputs.failures(path, {header = {"email"}, separator = ","}, "RUN_1")
      one:add({number = 1, cells = {"a@b.c"}}, {kind = "not_found", outcome = "rejected", message = "no"})
      assert.equal(case[2], (one:close()))
      assert.equal("earlier\n", command.read(path))
    end
  end)
end)
