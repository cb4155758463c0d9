-- Long texts for an assistant, in parts.
local pages = require "cmr.cli.mcp.pages"

local PART = 24000

describe("a text for an assistant", function()
  local collection

  before_each(function() collection = pages.new() end)

  -- Reads all parts. Returns them, and the notes.
  local function parts(whole)
    local list, notes = {}, {}
    local part, note = collection:add(whole)
    while part do
      list[#list + 1], notes[#notes + 1] = part, note
      local cursor = note and note:match '"cursor":"([^"]*)"'
      part = nil
      if cursor then part, note = collection:read(cursor) end
    end
    return list, notes
  end

  it("is one part up to 24,000 bytes, and is then not stored", function()
    local whole = ("x"):rep(PART)
    assert.same({whole}, {collection:add(whole)})
    assert.is_nil(next(collection.texts))
    assert.same({"a\239\191\189b"}, {collection:add "a\255b"})
  end)

  it("is complete in its parts, with notes that say where each part is", function()
    local list, notes = parts(("x"):rep(2 * PART + 1))
    assert.same({PART, PART, 1}, {#list[1], #list[2], #list[3]})
    assert.same({
      'Bytes 1 to 24000 of 48001. The tool read_more with {"cursor":"1:24001"} reads on.',
      'Bytes 24001 to 48000 of 48001. The tool read_more with {"cursor":"1:48001"} reads on.',
      "Bytes 48001 to 48001 of 48001.",
    }, notes)
    assert.equal(2, #parts(("x"):rep(PART) .. "y"))
  end)

  it("is cut after the last comma or line end of the last 2,000 bytes of a part", function()
    for _, mark in ipairs{",", "\n"} do
      for _, at in ipairs{PART, PART - 1, PART - 2000} do
        local whole = ("x"):rep(at - 1) .. mark .. ("x"):rep(PART)
        local list = parts(whole)
        assert.equal(at, #list[1])
        assert.equal(whole, table.concat(list))
      end
      assert.equal(PART, #parts(("x"):rep(PART - 2002) .. mark .. ("x"):rep(PART))[1])
    end
  end)

  it("is not cut inside a character", function()
    local whole = "x" .. ("\226\130\172"):rep(PART)
    local list = parts(whole)
    assert.equal(whole, table.concat(list))
    assert.equal(PART - 2, #list[1])
    for _, part in ipairs(list) do assert.is_nil(part:find "^[\128-\191]") end
    for _, character in ipairs{"\195\164", "\226\130\172", "\240\159\152\128"} do
      for before = 0, #character do
        whole = ("x"):rep(before) .. character:rep(PART)
        assert.equal(before + math.floor((PART - before) / #character) * #character, #parts(whole)[1])
      end
    end
  end)

  it("is stored until the sixteenth newer text comes, and no cursor reads beyond its end", function()
    local whole = ("x"):rep(PART + 10)
    for _ = 1, 16 do collection:add(whole) end
    assert.equal("xxxxxxxxxx", (collection:read "1:24001"))
    assert.equal("x", (collection:read "1:24010"))
    for _, cursor in ipairs{"1:24011", "1:0", "17:1", "0:1", "x", "1", "1:", ":1", "1:1:1", "-1:1", ""} do
      assert.is_nil(collection:read(cursor), cursor)
    end
    collection:add(whole)
    assert.is_nil((collection:read "1:1"))
    assert.equal(PART, #collection:read "2:1")
  end)
end)
