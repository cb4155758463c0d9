-- Text in lines of a given width.
local wrapping = require "cmr.util.wrapping"

describe("a text that is wrapped", function()
  it("has lines of the given width at most, and further ones are indented", function()
    assert.equal("one two\n  three\n  four", wrapping.lines("one two three four", 7, 2))
    assert.equal("one\n  two\n  three\n  four", wrapping.lines("one two three four", 6, 2))
    assert.equal("one two\nthree four", wrapping.lines("one two three four", 10, 0))
  end)

  it("has blanks in a line as they were, and a longer word whole", function()
    assert.equal("  one  two", wrapping.lines("  one  two", 10, 0))
    assert.equal("  one\ntwo", wrapping.lines("  one  two", 9, 0))
    assert.equal("a\nlonger-than-that\nb", wrapping.lines("a longer-than-that b", 4, 0))
  end)

  it("keeps its paragraphs, empty lines and indented lines", function()
    assert.equal("one two\nthree\n\nfour\n  a  table that is not wrapped\n  its second line\nfive six",
      wrapping.paragraphs("one\ntwo three\n\nfour\n  a  table that is not wrapped\n  its second line\nfive\nsix", 8))
  end)
end)
