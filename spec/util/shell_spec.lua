-- Text that shell.append writes, and its errors.
local command = require "spec.support.command"
local shell = require "cmr.util.shell"

teardown(command.clean)

describe("a word in a command", function()
  it("is the word that the shell reads, whatever it contains", function()
    for _, word in ipairs{"a-b_c./d:e=f@9", "a b", "it's", "$HOME", "''", "", "a\\nb", "*", "%s"} do
      assert.equal(word, shell.output("printf %s " .. shell.quote(word)))
    end
    assert.equal("a-b_c./d:e=f@9", shell.quote "a-b_c./d:e=f@9")
  end)
end)

describe("the output of a command", function()
  it("has all lines, without the last line break", function()
    assert.equal("a\n\nb\n", shell.output "printf 'a\\n\\nb\\n\\n'")
    assert.equal("", shell.output "true")
  end)

  it("is read to its end, and the command is waited for", function()
    local popen, pipe = io.popen, nil
    finally(function() io.popen = popen end) -- luacheck: ignore 122
    function io.popen(...) -- luacheck: ignore 122
      pipe = popen(...)
      return pipe
    end
    assert.equal("a", shell.output "echo a")
    assert.equal("closed file", io.type(pipe))
  end)

  it("comes from a command without preloaded libraries", function()
    assert.equal("none", shell.output "echo ${LD_PRELOAD-none}")
  end)
end)

describe("a file", function()
  it("can be written and read as a whole, and closed after that", function()
    local path, open, files = command.file_with "", io.open, {}
    finally(function() io.open = open end) -- luacheck: ignore 122
    function io.open(...) -- luacheck: ignore 122
      files[#files + 1] = open(...)
      return files[#files]
    end
    shell.write(path, "a\0\r\n")
    assert.equal("a\0\r\n", shell.read(path))
    assert.is_true(shell.exists(path))
    for index = 1, 3 do assert.equal("closed file", io.type(files[index])) end
  end)

  it("that cannot be read or written is reported", function()
    local text, message = shell.read "/nonexistent/file"
    assert.is_nil(text)
    assert.matches("No such file", message)
    text, message = shell.read "/"
    assert.is_nil(text)
    assert.matches("directory", message)
    assert.is_false(shell.exists "/nonexistent/file")
    assert.error_matches(function() shell.write("/nonexistent/file", "x") end, "No such file")
    if shell.exists "/dev/full" then
      assert.error_matches(function() shell.write("/dev/full", "x") end, "No space left")
      assert.error_matches(function() shell.write("/dev/full", ("x"):rep(1e6)) end, "No space left")
    end
  end)
end)

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
