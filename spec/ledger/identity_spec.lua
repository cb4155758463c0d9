-- What makes two requests the same.
local core = require "cmr.core"
local identity = require "cmr.ledger.identity"

describe("the digest of a request's content", function()
  it("is the same on every Lua and in every version", function()
    assert.equal("sPJtiAD3ogLFVMWhZ8+z", identity.digest{a = {1, true, core.null, "x"}, b = core.all})
    local renewal = {userId = "U1", domains = {"b.com", "a.com"}}
    assert.equal("vPILmnOciDuoYOOz134/", identity.digest(renewal, require("cmr.operations").renew_domains))
    local many = {}
    for letter in ("abcdefghijklmnop"):gmatch "." do many[letter] = letter:upper() end
    assert.equal("v+kEPu2siSWFrHTfMKGE", identity.digest(many))
    assert.equal("yGh6CKpdbtIEQyj6aml6", identity.set_digest{"b", "a"})
  end)

  it("is the same for values that the API treats as the same", function()
    local first = identity.digest{email = "john@doe.com", domain = "acme.com", list = {"MB1"},
      deep = {email = "x@y.zz"}}
    for _, args in ipairs{
      {email = " John@Doe.com", domain = "acme.com", list = {"MB1"}, deep = {email = "x@y.zz"}},
      {email = "john@doe.com\n", domain = "\194\160acme.com", list = {"\194\160MB1"}, deep = {email = "x@y.zz\t"}},
      {email = "john@doe.com", domain = "ACME.com\194\160", list = {"MB1 "}, deep = {email = "X@y.zz"}},
    } do
      assert.equal(first, identity.digest(args))
    end
    assert.not_equal(identity.digest{mailboxId = "MB1"}, identity.digest{mailboxId = "mb1"})
  end)

  it("ignores the case of an address and a domain, wherever the API takes them", function()
    local mailboxes = {["Acme.COM"] = {{username = "Jane.Doe"}}}
    for name, args in pairs{
      update_user = {email = "Jane@Acme.COM"},
      dns_records = {domain = "Acme.COM"},
      renew_domains = {domains = {"Acme.COM", "b.IO"}},
      create_order = {domains = {{domain = "Acme.COM"}}, mailboxes = mailboxes},
      check_workspace = {domains = {{domainName = "Acme.COM"}}},
      recreate_subscriptions = {domainNames = {"Acme.COM"}},
      update_mailboxes = {mailboxData = {userName = "Jane.Doe"}},
      order_mailboxes = {mailboxes = {["acme.com"] = {{username = "Jane"}, {username = "J-M"}, {username = "J.M1"}}}},
      set_nameservers = {domain = "Acme.XN--P1AI"},
      order_mailboxes_form = {mailboxes = {["Acme.XN--P1AI"] = {{username = "Jane"}}}},
      validate_mailbox = {undocumented = "Jane@Acme.COM"},
    } do
      local function lower(value)
        if type(value) ~= "table" then return value:lower() end
        local copy = {}
        for key, member in pairs(value) do
          copy[type(key) == "string" and key:find(".", 1, true) and key:lower() or key] = lower(member)
        end
        return copy
      end
      local operation = require("cmr.operations")[name]
      assert.equal(identity.digest(lower(args), operation), identity.digest(args, operation), name)
      assert.equal(identity.digest(lower(args)), identity.digest(args), name)
    end
  end)

  it("ignores the case of hosts too, which a spreadsheet may change", function()
    local create_order = require("cmr.operations").create_order
    local function order(host) return {domains = {{domain = "zz.com", years = 1, forwardTo = host}}} end
    assert.equal(identity.digest(order "acme.com", create_order), identity.digest(order "Acme.com", create_order))
    assert.not_equal(identity.digest(order "acme.com/a", create_order),
      identity.digest(order "acme.com/A", create_order))
    for _, fields in ipairs{{"nameservers", {"Ns1.a.com"}, {"ns1.a.com"}}, {"host", "Www.a.com", "www.a.com"}} do
      assert.equal(identity.digest{[fields[1]] = fields[2]}, identity.digest{[fields[1]] = fields[3]}, fields[1])
    end
  end)

  it("keeps the case of other texts, although they look like a domain", function()
    for _, name in ipairs{"company", "lastName", "city", "domainId", "recordId", "value", "ns", "domainOwner"} do
      assert.not_equal(identity.digest{[name] = "Acme.Inc"}, identity.digest{[name] = "acme.inc"}, name)
    end
    assert.not_equal(identity.digest{list = {"Acme.Inc"}}, identity.digest{list = {"acme.inc"}})
    assert.not_equal(identity.digest{domains = {{note = "Acme.Inc"}}}, identity.digest{domains = {{note = "acme.inc"}}})
  end)

  it("uses a secret unchanged", function()
    assert.not_equal(identity.digest{password = "Secret.Word"}, identity.digest{password = "secret.word"})
    assert.not_equal(identity.digest{login = {password = "a"}}, identity.digest{login = {password = "a "}})
  end)

  it("is different for different content", function()
    local seen = {}
    for _, given in ipairs{{a = "1"}, {a = 1}, {a = true}, {a = core.null}, {a = core.all}, {a = {}}, {b = "1"}, {},
      {a = {"x", "y"}}, {a = {"x,1:y"}}, {a = {x = "y"}}, {a = 1.5}, {a = {"null"}}, {a = {"all"}}, {a = {"true"}}} do
      local digest = identity.digest(given)
      assert.equal(20, #digest)
      assert.is_nil(seen[digest])
      seen[digest] = true
    end
  end)

  -- Returns arguments with these items in the list at this path.
  local function with_list(path, items)
    local outer, inner = path:match "^(.-)%.(.*)%[%]$"
    if outer == nil then return {[path:match "^(.*)%[%]$"] = items} end
    return {[outer] = {[inner == "*" and "acme.com" or inner] = items}}
  end

  it("does not depend on the order of a list that the API documents", function()
    local count = 0
    for _, operation in ipairs(require "cmr.operations") do
      for _, param in ipairs(operation.params) do
        local path = param.name
        if path:find "%[%]$" then
          count = count + 1
          local one, other = "b.com", "a.com"
          if param.type == "object" then one, other = {domain = "b.com", years = 2}, {domain = "a.com", years = 1} end
          local digest = identity.digest(with_list(path, {one, other}), operation)
          assert.equal(digest, identity.digest(with_list(path, {other, one}), operation), path)
          for _, items in ipairs{{one}, {one, one}, {one, other, other}, {}, {one, other, name = one},
            {[1] = one, [3] = other}} do
            assert.not_equal(digest, identity.digest(with_list(path, items), operation), path)
          end
        end
      end
    end
    assert.is_true(count > 10, count)
  end)

  it("depends on the order of every other list", function()
    local operations = require "cmr.operations"
    for _, operation in ipairs{operations.set_nameservers, operations.renew_domains, false} do
      local one = identity.digest({domain = "acme.com", nameservers = {"ns1.x.com", "ns2.x.com"}}, operation or nil)
      local two = identity.digest({domain = "acme.com", nameservers = {"ns2.x.com", "ns1.x.com"}}, operation or nil)
      assert.not_equal(one, two)
    end
    assert.not_equal(identity.digest{domains = {"a.com", "b.com"}}, identity.digest{domains = {"b.com", "a.com"}})
  end)

  it("depends on the content of a file, and not on its path", function()
    local operation = require("cmr.operations").create_order_form
    local paths = {}
    for index, content in ipairs{"one", "one", "two"} do
      paths[index] = os.tmpname()
      local file = assert(io.open(paths[index], "w"))
      file:write(content)
      file:close()
    end
    local function digest(path) return identity.digest({files = {picture = path}}, operation) end
    assert.equal(digest(paths[1]), digest(paths[2]))
    assert.not_equal(digest(paths[1]), digest(paths[3]))
    local whole = "sha256 " .. core.base64(core.file_sha256(paths[1]))
    assert.equal(identity.digest{files = {picture = whole}}, digest(paths[1]))
    for _, path in ipairs(paths) do os.remove(path) end
    assert.equal(identity.digest{files = {picture = paths[1]}}, digest(paths[1]))
    assert.not_equal(digest(paths[1]), digest(paths[2]))
    assert.equal(identity.digest{files = {picture = 5}}, digest(5))
    assert.equal(identity.digest{files = "x"}, identity.digest({files = "x"}, operation))
  end)

  it("of a set does not depend on its order, but on how often each item is in it", function()
    local set = identity.set_digest{"a", "b", "b"}
    assert.equal(set, identity.set_digest{"b", "a", "b"})
    for _, other in ipairs{{"a", "b"}, {"a", "a", "b"}, {"b", "b"}, {}} do
      assert.not_equal(set, identity.set_digest(other))
    end
  end)
end)
