-- Digests, and the two ways to write them.
local core = require "cmr.core"
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

  it("is all that these functions take", function()
    for _, write in ipairs{core.hex, core.base64} do
      assert.has_error(function() write(("x"):rep(33)) end)
      assert.has_error(function() write(nil) end)
    end
  end)
end)
