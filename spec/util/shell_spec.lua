-- Text that shell.append writes, and its errors.
local command = require "spec.support.command"
local shell = require "cmr.util.shell"

teardown(command.clean)

describe("text appended to a file", function()
  it("is in the file at once", function()
    local path = command.file_with "a\n"
    local file = assert(io.open(path, "ab"))
    assert.is_true(shell.append(file, "b\n"))
    assert.equal("a\nb\n", command.read(path))
    file:close()
  end)

  it("is reported when the disk is full, however often the code ran before", function()
    local full = io.open("/dev/full", "wb")
    if not full then return pending "no /dev/full" end
    local files, results = {}, {}
    for index = 1, 300 do files[index] = assert(io.open("/dev/null", "wb")) end
    files[250] = full
    for index = 1, 300 do results[index] = {shell.append(files[index], "x\n")} end
    for index = 1, 300 do files[index]:close() end
    assert.is_true(results[249][1])
    assert.is_nil(results[250][1])
    assert.matches("No space left", results[250][2])
    assert.equal(28, results[250][3])
  end)
end)
