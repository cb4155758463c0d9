-- Secrets are removed from an event before it is stored, and masked in texts that are logged or shown.
local core = require "cmr.core"
local redact = require "cmr.util.redact"

local function redacted(event, further)
  return redact.copy(event, redact.secrets(event, further))
end

describe("an answer that is shown", function()
  it("has a mask in place of each secret text, and all other texts", function()
    local answer = {
      password = "geheim", pin = 1234, email = "x@y.z", backupCodes = {"a", "b"}, tokens = {},
      credentials = {{email = "x@y.z", appPassword = "geheim", credentialId = "C1"}}, apiKey = true,
    }
    assert.same({
      password = "***", pin = "***", email = "x@y.z", backupCodes = {"***", "***"}, tokens = {},
      credentials = {{email = "x@y.z", appPassword = "***", credentialId = "C1"}}, apiKey = true,
    }, redact.masked(answer))
    assert.equal("geheim", answer.password)
    assert.equal("text", redact.masked "text")
    assert.equal("[]", core.json_encode(redact.masked(core.array{})))
  end)
end)

describe("a stored event", function()
  it("has no member with a secret's name", function()
    for _, name in ipairs{"password", "appPassword", "authenticatorSecret", "Password", "smtp_password", "imapPass",
      "PWD", "credentials", "access-token", "refreshToken", "clientSecret", "apiKey", "private_key", "totp", "otpUrl",
      "recoveryCodes", "backupCodes", "apiKeys", "smtp_pw", "pin", "2fa", "mfaSeed"} do
      assert.same({data = {email = "x@y.z"}}, redacted{data = {email = "x@y.z", [name] = "geheim"}}, name)
    end
  end)

  it("has every documented member that is not a secret", function()
    for _, row in ipairs(require "cmr.webhook.events") do
      for _, field in ipairs(row.fields) do
        local name = field.name:match "[^%.]*$":gsub("%[%]", "")
        local secret = name == "password" or name == "appPassword" or name == "authenticatorSecret"
        assert.equal(secret, redacted{[name] = "value"}[name] == nil, name)
      end
    end
  end)

  it("loses secret members at any depth, with their contents", function()
    local list = {{mailboxId = "M1", password = "geheim-1"}, {mailboxId = "M2", credentials = {imap = {"a", "b"}}}}
    assert.same({data = {mailboxDetails = {{boxes = {{mailboxId = "M1"}, {mailboxId = "M2"}}}}}},
      redacted{data = {mailboxDetails = {{boxes = list}}}})
  end)

  it("has no secret and no key in its other texts", function()
    local event = {login = "https://x/?p=geheim+1&k=k-e-y", text = "geheim+12 geheim+1", password = "geheim+1",
      appPassword = "geheim+12", pin = "123", note = "123"}
    assert.same({login = "https://x/?p=***&k=***", text = "*** ***", note = "123"}, redacted(event, {"k-e-y"}))
  end)

  it("is another table, and the event itself is unchanged", function()
    local event = {data = {password = "geheim", list = {1, core.null, true}}}
    local kept = redacted(event)
    assert.same({data = {list = {1, core.null, true}}}, kept)
    assert.same({data = {password = "geheim", list = {1, core.null, true}}}, event)
  end)

  it("can be encoded as JSON, whatever the event contained", function()
    local event = core.json_decode(
      [[{"a\u0000b":"c\u0000d","large":123456789012345678,"huge":-1e300,"list":[],"null":null,"n":[1.5,null]}]])
    local kept = core.json_decode(core.json_encode(redacted(event)))
    assert.equal("cd", kept.ab)
    assert.equal("123456789012345678", tostring(kept.large))
    assert.equal(-1e300, kept.huge)
    assert.same({1.5, core.null}, kept.n)
  end)

  it("keeps its passwords on demand, but not the key", function()
    local event = {password = "geheim", key = "k-e-y", credentials = {a = "k-e-y"}}
    assert.same({password = "geheim", key = "***", credentials = {a = "***"}}, redact.copy(event, {"k-e-y"}, true))
  end)
end)

describe("a message that is logged", function()
  it("has secrets masked, longer ones first", function()
    local secrets = redact.secrets({password = "abcd", deep = {token = {"abcdefgh", 5, "%d+."}}}, {"the key"})
    assert.equal("*** and ***, *** of *** %d", redact.mask("abcdefgh and abcd, the key of %d+. %d", secrets))
    assert.equal("*** *** ***%d.", redact.mask("%d+. %d+. %d+.%d.", secrets))
    assert.equal("nothing", redact.mask("nothing", secrets))
    assert.equal("***", redact.mask("***", {"***"}))
  end)

  it("may have any number of secrets", function()
    local tokens, masks = {}, {}
    for index = 1, 200 do tokens[index], masks[index] = ("token-%03d"):format(index), "***" end
    assert.equal(table.concat(masks, " "), redact.mask(table.concat(tokens, " "), redact.secrets{tokens = tokens}))
  end)
end)

it("a name is a secret's or not, however many other names there are, and takes no memory", function()
  collectgarbage()
  local before = collectgarbage "count"
  for index = 1, 30000 do
    assert.is_false(redact.is_secret_name("name" .. index))
    if index % 10000 == 0 then assert.is_true(redact.is_secret_name("password" .. index)) end
  end
  collectgarbage()
  assert.is_true(collectgarbage "count" < before + 500, collectgarbage "count" - before)
end)

describe("a text of JSON that is shown", function()
  it("has masks in place of its secrets, and is otherwise unchanged", function()
    for text, shown in pairs{
      ['{ "email" : "x@y.z", "list": [], "n": 1.50 }'] = '{ "email" : "x@y.z", "list": [], "n": 1.50 }',
      ['{"password":"a\\"b","n":-1}'] = '{"password":"***","n":-1}',
      ['{"pin": -12.5e3, "email": "e"}'] = '{"pin": "***", "email": "e"}',
      ['{"tokens":["a",1,["b"]],"n":[1]}'] = '{"tokens":["***","***",["***"]],"n":[1]}',
      ['{"credentials":{"email":"e","password":"p"},"n":1}'] = '{"credentials":{"email":"e","password":"***"},"n":1}',
      ['{"credentialId":"C","secret":null,"t":true}'] = '{"credentialId":"C","secret":null,"t":true}',
      ['{"pass\\u0077ord":"p"}'] = '{"pass\\u0077ord":"***"}',
      ['{"\\u0070assword":"p","n":"q"}'] = '{"\\u0070assword":"***","n":"q"}',
      ['{"password":"","n":""}'] = '{"password":"***","n":""}',
      ['{"password":"a\\"","n":"b"}'] = '{"password":"***","n":"b"}',
      ['{"password":"\\\\","n":"b"}'] = '{"password":"***","n":"b"}',
      ['{"tokens":["a",{"n":1},"b",[],2],"n":[3]}'] = '{"tokens":["***",{"n":1},"***",[],"***"],"n":[3]}',
      ['[{"n":[{"pin":1},2]},{"pin":{},"n":3}]'] = '[{"n":[{"pin":"***"},2]},{"pin":{},"n":3}]',
      ['"password"'] = '"password"',
      [""] = "",
    } do assert.equal(shown, redact.json_text(text)) end
  end)

  it("has secrets masked even if it is not JSON, or is cut off", function()
    for text, shown in pairs{
      ['{"password":"geh'] = '{"password":"***"',
      ['{"password":"geheim\\'] = '{"password":"***"',
      ['{"password": "geheim", ]]} "x", {"pin":1'] = '{"password": "***", ]]} "x", {"pin":"***"',
      ['{password'] = '{password',
    } do assert.equal(shown, redact.json_text(text)) end
  end)
end)

describe("a URL that is shown", function()
  it("has masks in place of the values with a secret's name, and is otherwise unchanged", function()
    for url, shown in pairs{
      ["https://x.test/a?token=geheim&email=x%40y.z"] = "https://x.test/a?token=***&email=x%40y.z",
      ["https://x.test/a?email=e&password=a#token=b"] = "https://x.test/a?email=e&password=***#token=b",
      ["/a?token=&password=&n=1"] = "/a?token=&password=&n=1",
      ["/a?token&n=1"] = "/a?token&n=1",
      ["/token=1"] = "/token=1",
    } do assert.equal(shown, redact.url(url)) end
  end)
end)
