-- What makes two requests the same.
local core = require "cmr.core"
local identity = require "cmr.ledger.identity"

describe("the digest of a request's content", function()
  it("is the same on every Lua, for every day to come", function()
    assert.equal("sPJtiAD3ogLFVMWhZ8+z", identity.digest{a = {1, true, core.null, "x"}, b = core.all})
  end)

  it("is the same for what the API takes for the same", function()
    local first = identity.digest{email = "john@doe.com", domain = "acme.com", list = {"MB1"},
      deep = {email = "x@y.zz"}}
    for _, args in ipairs{
      {email = " John@Doe.com", domain = "acme.com", list = {"MB1"}, deep = {email = "x@y.zz"}},
      {email = "john@doe.com", domain = "ACME.com\194\160", list = {"MB1 "}, deep = {email = "X@y.zz"}},
    } do
      assert.equal(first, identity.digest(args))
    end
    assert.not_equal(identity.digest{mailboxId = "MB1"}, identity.digest{mailboxId = "mb1"})
  end)

  it("takes a secret as it is", function()
    assert.not_equal(identity.digest{password = "Secret.Word"}, identity.digest{password = "secret.word"})
    assert.not_equal(identity.digest{login = {password = "a"}}, identity.digest{login = {password = "a "}})
  end)

  it("is another for other content", function()
    local seen = {}
    for _, given in ipairs{{a = "1"}, {a = 1}, {a = true}, {a = core.null}, {a = core.all}, {a = {}}, {b = "1"}, {},
      {a = {"x", "y"}}, {a = {"x,1:y"}}, {a = {x = "y"}}, {a = 1.5}, {a = {"null"}}, {a = {"all"}}, {a = {"true"}}} do
      local digest = identity.digest(given)
      assert.equal(20, #digest)
      assert.is_nil(seen[digest])
      seen[digest] = true
    end
  end)

  it("of a set does not depend on its order, but on how often each is in it", function()
    local set = identity.set_digest{"a", "b", "b"}
    assert.equal(set, identity.set_digest{"b", "a", "b"})
    for _, other in ipairs{{"a", "b"}, {"a", "a", "b"}, {"b", "b"}, {}} do
      assert.not_equal(set, identity.set_digest(other))
    end
  end)
end)
