-- CSV as RFC 4180 has it, read line by line.
local csv = require "cmr.cli.csv"

-- Returns the records of a text, each with the number of its first line: {1, "a", "b"}.
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

  it("has no records in lines of empty cells", function()
    assert.same({{1, "a", "b"}, {5, "", "c"}}, read 'a,b\n,\n , \n"",\n,c\n')
  end)

  it("ends when the file does", function()
    local ended = csv.records(function() end)
    assert.is_nil(ended())
    assert.is_nil(ended())
  end)

  it("has the separator that its first line has outside quotes, a comma first", function()
    for line, found in pairs{
      ["a,b"] = {",", false}, ["a;b"] = {";", false}, ["a\tb"] = {"\t", false}, ["a;b,c"] = {",", false},
      ["a\tb;c"] = {";", false}, ['"a,b";c'] = {";", false}, ["a"] = {",", false}, [""] = {",", false},
      ["sep=;"] = {";", true}, [" SEP=|\r"] = {"|", true}, ["sep=\t"] = {"\t", true}, ["sep=a"] = {",", false},
      ["sep=;x"] = {";", false}, ['sep="'] = {",", false},
    } do assert.same(found, {csv.separator(line)}) end
  end)

  it("is read with another separator", function()
    local line = 'a;"b;c";d,e'
    local records = csv.records(function()
      local one = line
      line = nil
      return one
    end, ";")
    assert.same({{"a", "b;c", "d,e"}, 1}, {records()})
    assert.is_nil(records())
  end)

  it("may have any separator that is no letter, digit or quote", function()
    for _, separator in ipairs{"%", "^", "]", "[", "-", ".", "|", "\\", " "} do
      assert.same({separator, true}, {csv.separator("sep=" .. separator)})
      local line = table.concat({"a", '"b' .. separator .. 'c"', "", "d"}, separator)
      local records = csv.records(function()
        local one = line
        line = nil
        return one
      end, separator)
      assert.same({{"a", "b" .. separator .. "c", "", "d"}, 1}, {records()}, separator)
      assert.equal(('"%sx"%sy\r\n'):format(separator, separator),
        csv.lines({"a", "b"}, {{separator .. "x", "y"}}, {separator = separator}))
    end
  end)

  it("is written with quotes where a cell needs them", function()
    local function line(...) return (csv.lines({"a", "b", "c"}, {{...}})) end
    assert.equal("x,y z,\r\n", line("x", "y z"))
    assert.equal('"x,y","say ""hi""",";"\r\n', (line("x,y", 'say "hi"', ";"):gsub("(;)", '"%1"')))
    assert.equal('" x","x ","two\nlines"\r\n', line(" x", "x ", "two\nlines"))
    assert.equal('"a\rb",\239\191\189,1\r\n', line("a\rb", "\255", 1))
    assert.equal('a,b;"c;d";e\r\n', csv.lines({"a", "b", "c"}, {{"a,b", "c;d", "e"}}, {separator = ";"}))
    assert.equal("", csv.lines({"a"}, {}))
  end)

  it("can be written so that a spreadsheet runs no text as a formula", function()
    local columns, rows = {"a", "b", "c", "d", "e", "f"}, {{"=1", "+1", "-1", "@x", -1, "a=b"}}
    assert.equal("'=1,'+1,'-1,'@x,-1,a=b\r\n", csv.lines(columns, rows, {is_guarded = true}))
    assert.equal("=1,+1,-1,@x,-1,a=b\r\n", csv.lines(columns, rows))
    local style = csv.style({guard_formulas = true}, {terminal = function() return 80 end})
    assert.same({is_printable = true, is_guarded = true}, style)
    assert.same({is_printable = false}, csv.style({}, {terminal = function() end}))
  end)

  it("has records of at most 1 MiB, where a quote spans lines", function()
    -- Returns a text with one record, whose lines before the last have these numbers of bytes.
    local function record(first, second)
      return '"' .. ("x"):rep(first - 1) .. "\n" .. (second and ("x"):rep(second) .. "\n" or "") .. 'x"\n'
    end
    local most = 1048576
    for _, lines in ipairs{{most}, {most - 10, 10}} do assert.equal(1, #read(record(lines[1], lines[2]))) end
    for _, lines in ipairs{{most + 1}, {most - 10, 11}} do
      assert.equal("line 1: a quote is not closed", fault(record(lines[1], lines[2])))
    end
  end)

  it("is refused, with the number of the line, where its cells are ambiguous", function()
    assert.equal("line 2: there is text after a closing quote", fault 'a\n"b"c\n')
    assert.equal("line 2: there is a quote inside an unquoted cell", fault 'a\nb"c"\n')
    assert.equal("line 2: a quote is not closed", fault 'a\n"b\nc\nd\n')
    assert.equal("line 1: a quote is not closed", fault('"' .. ("x"):rep(2000000) .. '\n"\n'))
    assert.equal("line 1: a quote is not closed", fault('"' .. ("x\n"):rep(500000)))
    assert.equal("line 1: it has a NUL byte: the text must be UTF-8", fault "a\0b\n")
  end)
end)
