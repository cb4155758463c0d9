-- core.suggest returns the name that a user probably meant, or nothing when no name is probable.

local core = require "cmr.core"

local FIELDS = {"userId", "mailboxId", "email", "google", "microsoftOauthRoute", "componentMailboxIds"}

local function suggest(name, names)
  return core.suggest(name, names or FIELDS)
end

describe("core.suggest", function()
  it("sees through case and separators", function()
    for _, name in ipairs{"mailboxid", "MAILBOXID", "mailbox_id", "mailbox-id", "Mailbox_ID", "mailbox__id",
      "m_a_i_l_b_o_x_i_d", "_-mailbox-_id-_"} do
      assert.equal("mailboxId", suggest(name))
    end
    assert.equal("microsoftOauthRoute", suggest "microsoft_oauth_route")
    assert.equal("componentMailboxIds", suggest "component-mailbox-ids")
    assert.equal("abcxyz", suggest("ABCXYZ", {"abcxyz"}))
    assert.equal("ABCXYZ", suggest("abcxyz", {"ABCXYZ"}))
  end)

  it("sees through a slip of the fingers", function()
    for slip, meant in pairs{emal = "email", emaill = "email", gogle = "google", goggle = "google",
      usreId = "userId", userIds = "userId", mailboxIDd = "mailboxId", malboxIds = "mailboxId",
      componentMailboxes = "componentMailboxIds", microsoftOAuthRout = "microsoftOauthRoute"} do
      assert.equal(meant, suggest(slip))
    end
  end)

  it("makes no guess that is far off", function()
    for _, name in ipairs{"", "x", "id", "zebra", "user", "box", "password", "apiKey", "credentialId", "route",
      "emial", "emauk", -- two slips in so short a name
      "mailboxes_of_the_user", ("mailboxId"):rep(20), ("x"):rep(2 ^ 20)} do
      assert.is_nil(suggest(name), name:sub(1, 40))
    end
    assert.is_nil(suggest("bdfhjl", {"cegikm"})) -- no letter is the same
    assert.is_nil(suggest("email", {}))
    assert.is_nil(suggest("email", {("email"):rep(100)}))
  end)

  it("allows about a third of a longer name to be wrong", function()
    assert.equal("mailboxId", suggest "mailboqw")
    assert.is_nil(suggest "mailbqwz")
    assert.equal("cacbbbabc", suggest("cabbbbca", {"cacbbbabc"}))
  end)

  it("does not depend on what was asked before", function()
    for _, name in ipairs{"z", "_", "zyx"} do
      assert.equal("abcdefgh", suggest("abcdefgh", {"abcdefgh"}))
      assert.is_nil(suggest(name, {"abcdefgh"}))
    end
  end)

  it("prefers the nearer one, wherever it stands", function()
    assert.equal("mailboxId", suggest("mailboxid", {"mailboxIds", "mailboxId"}))
    assert.equal("mailboxId", suggest("mailboxid", {"mailboxId", "mailboxIds"}))
    assert.equal("mailboxIds", suggest("mailbox_ids", {"mailboxId", "mailboxIds"}))
    assert.equal("mailboxIds", suggest("mailbox_ids", {"mailboxIds", "mailboxId"}))
  end)

  it("gives the first of two that are as near", function()
    assert.equal("timeout1", suggest("timeout", {"timeout1", "timeout2"}))
    assert.equal("timeout2", suggest("timeout", {"timeout2", "timeout1"}))
  end)

  it("takes a name of any bytes", function()
    for _, name in ipairs{"\0", "\255\254", "_", "-", "___", ("_"):rep(48), ("a"):rep(48), ("a"):rep(49)} do
      assert.is_nil(suggest(name))
    end
    assert.equal(("a"):rep(48), suggest(("a"):rep(47), {("a"):rep(48)}))
    assert.equal(("a"):rep(47), suggest(("a"):rep(48), {("a"):rep(47)}))
    assert.is_nil(suggest(("a"):rep(48), {("a"):rep(49)}))
  end)

  it("wants a name and names", function()
    assert.has_error(function() core.suggest() end)
    assert.has_error(function() core.suggest("a") end)
    assert.has_error(function() core.suggest({}, {}) end)
  end)
end)
