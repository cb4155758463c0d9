-- CSV as RFC 4180 has it, read line by line.
local csv = require "cmr.cli.csv"

-- The records of a text, each with the line it begins at: {1, "a", "b"}.
local function read(text)
  local next_line = text:gmatch("([^\n]*)\n")
  local all = {}
  for cells, line in csv.records(next_line) do
    table.insert(cells, 1, line)
    all[#all + 1] = cells
  end
  return all
end

local function fault(text)
  local ok, mistake = pcall(read, text)
  assert.is_false(ok)
  return mistake.usage
end

describe("CSV", function()
  it("has cells between commas, and records between line ends of either kind", function()
    assert.same({{1, "a", "b"}, {2, "1", ""}, {3, "", " 2 "}}, read "a,b\r\n1,\n, 2 \n")
    assert.same({{1, "a"}}, read "a\n")
  end)

  it("has quotes around what contains commas, quotes and line ends", function()
    assert.same({{1, "a,b", 'say "hi"', ""}, {2, '"'}, {3, "two\r\nlines\n", "x"}, {6, "y"}},
      read '"a,b","say ""hi""",""\n""""\n"two\r\nlines\n",x\ny\n')
  end)

  it("has no records in empty lines", function()
    assert.same({{1, "a"}, {3, "b"}, {6, "c"}}, read "a\n\nb\n\r\n\nc\n\n")
  end)

  it("is refused, with the line, where nothing would say any more how it goes on", function()
    assert.equal("line 2: there is text after a closing quote", fault 'a\n"b"c\n')
    assert.equal("line 2: there is a quote inside an unquoted cell", fault 'a\nb"c"\n')
    assert.equal("line 2: a quote is not closed", fault 'a\n"b\nc\nd\n')
    assert.equal("line 1: a quote is not closed", fault('"' .. ("x"):rep(2000000) .. '\n"\n'))
    assert.equal("line 1: a quote is not closed", fault('"' .. ("x\n"):rep(500000)))
    assert.equal("line 1: it has a NUL byte: the text must be UTF-8", fault "a\0b\n")
  end)
end)
