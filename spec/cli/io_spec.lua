-- What the command does with its files and streams, and how it fails.
local stdio = io
local unpack = table.unpack or unpack
local io = require "cmr.cli.io"

local function raised(action, ...)
  local ok, ending = pcall(action, ...)
  assert.is_false(ok)
  return ending
end

describe("the command's output", function()
  local function write(...)
    local results, count = {...}, select("#", ...)
    local function flush() return (table.unpack or unpack)(results, 1, count) end
    local stdout = {write = function() return true end, flush = flush}
    return io.write({stdout = stdout}, "text")
  end

  it("is written, or the command fails", function()
    assert.is_nil(write(true))
    assert.same({failure = "cannot write the output: disk full", status = 1}, raised(write, nil, "disk full", 28))
    assert.same({status = 141}, raised(write, nil, "broken pipe", 32)) -- quietly
  end)
end)

describe("a mistake and a failure of the command", function()
  it("have a message without the place in the program", function()
    assert.same({usage = "a 1"}, raised(io.usage, "%s %d", "a", 1))
    assert.same({failure = "a 1", status = 1}, raised(io.failure, "%s %d", "a", 1))
    assert.same({0, 1, 2, 3, 130, 141}, {io.EXIT_OK, io.EXIT_FAILURE, io.EXIT_USAGE, io.EXIT_INCOMPLETE,
      io.EXIT_INTERRUPTED, io.EXIT_BROKEN_PIPE})
  end)
end)

describe("a file that the command reads", function()
  it("is read whole and closed, standard input only once", function()
    local closed, modes = 0, {}
    local read = io.reader{
      stdin = {read = function(_, what) return what == "*a" and "input" or nil end},
      open = function(path, mode)
        modes[#modes + 1] = mode
        if path == "none" then return nil, "none: a: No such file" end
        return {
          read = function() if path == "folder" then return nil, "Is a directory" else return "contents" end end,
          close = function() closed = closed + 1 end,
        }
      end,
    }
    assert.equal("contents", read "file")
    assert.equal("contents", read "file")
    assert.same({nil, "No such file"}, {read "none"})
    assert.same({nil, "Is a directory"}, {read "folder"})
    assert.equal(3, closed)
    assert.same({"rb", "rb", "rb", "rb"}, modes)
    assert.equal("input", read "-")
    assert.same({nil, "standard input was read already"}, {read "-"})
  end)
end)

describe("the lines of a file", function()
  local function lines_of(contents, chunk_bytes)
    local file = stdio.tmpfile()
    file:write(contents)
    file:seek "set"
    local lines = {}
    for line in io.line_reader(file, chunk_bytes) do lines[#lines + 1] = line end
    file:close()
    return lines
  end

  it("are the same for chunks of any size, and keep their NUL bytes", function()
    for _, size in ipairs{1, 2, 3, 5, 65536} do
      assert.same({"one\r", "", "two\0junk", "\0", "three"}, lines_of("one\r\n\ntwo\0junk\n\0\nthree\n", size))
      assert.same({"", "end"}, lines_of("\nend", size))
      assert.same({}, lines_of("", size))
    end
  end)

  it("end with the message of a fault", function()
    local chunks = {{"one\ntwo"}, {nil, "broken"}}
    local next_line = io.line_reader{read = function() return unpack(table.remove(chunks, 1), 1, 2) end}
    assert.equal("one", next_line())
    assert.same({nil, "broken"}, {next_line()})
  end)
end)

describe("the standard streams", function()
  it("are occupied by three files that the command opens first, and only once", function()
    local real, opened = stdio.open, {}
    finally(function() stdio.open = real end)
    stdio.open = function(...)
      opened[#opened + 1] = table.concat({...}, " ")
      return real(...)
    end
    io.occupy_standard_streams()
    io.occupy_standard_streams()
    assert.same({"/dev/null rb", "/dev/null rb", "/dev/null rb"}, opened)
  end)
end)
