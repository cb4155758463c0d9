-- Digests, and the two ways to write them.
local core = require "cmr.core"
local command = require "spec.support.command"
local posix = require "spec.support.posix"
local text = require "cmr.util.text"

describe("a digest", function()
  it("is written in hexadecimal, as any text is", function()
    for _, bytes in ipairs{"", "\0\255\n", core.sha256 "abc", core.hmac_sha256("key", "message")} do
      assert.equal(text.hex(bytes), core.hex(bytes))
    end
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", core.hex(core.sha256 "abc"))
  end)

  it("is written in Base64, with padding", function()
    assert.equal("", core.base64 "")
    assert.equal("AP8K", core.base64 "\0\255\n")
    assert.equal("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", core.base64(core.sha256 "abc"))
  end)

  it("has the value that its standard gives", function()
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", core.hex(core.sha256 ""))
    assert.equal("f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
      core.hex(core.hmac_sha256("key", "The quick brown fox jumps over the lazy dog")))
    assert.not_equal(core.hmac_sha256("a\0b", "c"), core.hmac_sha256("a\0d", "c"))
    assert.not_equal(core.hmac_sha256("a", "b\0c"), core.hmac_sha256("a", "b\0d"))
  end)

  it("is the same for a file as for its text, however long", function()
    local path = os.tmpname()
    local before = posix.descriptors ""
    for _, length in ipairs{0, 1, 16383, 16384, 16385, 100000} do
      local bytes = ("ab\0"):rep(length):sub(1, length)
      local file = assert(io.open(path, "wb"))
      file:write(bytes)
      file:close()
      assert.equal(core.hex(core.sha256(bytes)), core.hex(core.file_sha256(path)))
    end
    assert.equal(before, posix.descriptors "")
    local digest = core.file_sha256(path)
    assert(posix.child(function()
      posix.close(0) -- the next descriptor is 0
      assert(core.file_sha256(path) == digest)
    end))
    os.remove(path)
    assert.same({nil, "No such file or directory"}, {core.file_sha256(path)})
    assert.same({nil, "Is a directory"}, {core.file_sha256 "/"})
    command.sh("mkfifo " .. path)
    assert.equal(core.sha256 "", (core.file_sha256(path))) -- does not wait for a writer
    os.remove(path)
    assert.has_error(function() core.file_sha256() end)
  end)

  it("is compared byte by byte", function()
    for _, case in ipairs{{"", "", true}, {"a\0b", "a\0b", true}, {"a\0b", "a\0c", false}, {"ab", "a", false},
      {"a", "ab", false}, {"", "a", false}, {"ab", "bb", false}} do
      assert.equal(case[3], core.same(case[1], case[2]))
    end
  end)

  it("is all that these functions take", function()
    for _, write in ipairs{core.hex, core.base64} do
      assert.error_matches(function() write(("x"):rep(33)) end, "#1.*too long")
      assert.has_error(function() write(nil) end)
    end
  end)
end)
