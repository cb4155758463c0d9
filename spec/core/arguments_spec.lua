-- Arguments checked against the operations: every type of field, cmr.all, open names, closed sets. Nothing is sent.

local cjson = require "cjson"
local cmr = require "cmr"
local core = require "cmr.core"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"
local BASE = "https://api.test/v1"
local target = assert(core.target{api_key = "key", base_url = BASE})

local function body_of(call)
  return call:request().body
end

local function prepare(name, ...)
  return core[name](target, ...)
end

local function check_refusal(mistake, expected, call, message, err)
  assert.is_nil(call)
  assert.equal(expected, message)
  assert.equal("invalid_argument", err.kind)
  assert.equal("not_sent", err.outcome)
  assert.equal(mistake, err.programmer_error)
end

local function mistake(expected, name, ...)
  check_refusal(true, name .. ": " .. expected, prepare(name, ...))
end

local function data(expected, name, ...)
  check_refusal(nil, name .. ": " .. expected, prepare(name, ...))
end

-- Returns the body that would be sent, decoded by lua-cjson and not by the library.
local function sent(...)
  return cjson.decode(body_of(assert(prepare(...))))
end

local function query(...)
  return assert(prepare(...)):info().url:match("^[^?]*(.*)$")
end

local function merge(fields, more)
  local all = {}
  for name, value in pairs(fields) do all[name] = value end
  for name, value in pairs(more) do all[name] = value end
  return all
end

describe("an empty table whose metatable shows fields of another table", function()
  local function view(of) return setmetatable({}, {__index = of}) end
  local EMPTY = "the table is empty, and cmr does not look into its metatable: copy the entries"

  it("is refused, because it would be sent as empty", function()
    mistake(EMPTY, "update_user", USER, view{city = "Rome"})
    mistake(EMPTY, "update_user", USER, setmetatable({}, {__pairs = function() return next, {city = "Rome"} end}))
    mistake(("bad field 'google' (%s)"):format(EMPTY), "reexport", {mailboxId = "M", google = view{appName = "a"}})
    mistake(("bad field 'mailboxes' (%s)"):format(EMPTY), "create_order", USER, {confirm = true, mailboxes = view{}})
    mistake(("bad field 'domains' (%s)"):format(EMPTY), "create_order", USER, {confirm = true, domains = view{}})
    mistake(("bad field 'ns[1]' (%s)"):format(EMPTY), "set_nameservers", USER, "a.com", {ns = {view{}}})
    local call, message, err = core.request(target, "PUT", "/x", {body = {a = view{b = 1}}})
    check_refusal(true, ("PUT /x: bad field 'body.a' (%s)"):format(EMPTY), call, message, err)
  end)

  it("is accepted when the table has fields of its own, or its metatable shows none", function()
    assert.equal("a", sent("reexport", {mailboxId = "M", google = setmetatable({appName = "a"}, {__index = {}})}).google
      .appName)
    assert.same({}, sent("reexport", {mailboxId = "M", google = setmetatable({}, {})}).google)
  end)
end)

describe("an integer", function()
  it("is written as one, also where it comes as a float", function()
    assert.equal("?page=2", query("subscriptions", {page = 2}))
    assert.equal("?page=2", query("subscriptions", {page = 2.0}))
    assert.equal("?page=-1", query("subscriptions", {page = -1}))
    assert.matches('"years":2[,}]', body_of(prepare("renew_domains", USER, {domains = {"a.com"}, years = 2.0})))
  end)

  it("is nothing else", function()
    mistake("bad field 'page' (integer expected, got string)", "subscriptions", {page = "2"})
    mistake("bad field 'page' (integer expected, got boolean)", "subscriptions", {page = true})
    mistake("bad field 'page' (integer expected, got null)", "subscriptions", {page = cmr.null})
    mistake("bad field 'years' (integer expected, got string)", "renew_domains", USER, {domains = {"a"}, years = "1"})
    for _, value in ipairs{1.5, 0 / 0, 1 / 0, -1 / 0} do
      mistake("bad field 'page' (integer expected, got number)", "subscriptions", {page = value})
    end
  end)

  it("keeps all of its digits, however large", function()
    assert.equal("?page=99999999999999", query("subscriptions", {page = 99999999999999}))
    assert.equal("?page=100000000000000", query("subscriptions", {page = 100000000000000}))
    assert.equal("?page=9007199254740991", query("subscriptions", {page = 2 ^ 53 - 1}))
    local large = "bad field 'page' (a number this large may have lost digits: send it as a string)"
    for _, value in ipairs{2 ^ 53, -2 ^ 53, 1e300} do mistake(large, "subscriptions", {page = value}) end
    if math.type then
      assert.equal("?page=9223372036854775807", query("subscriptions", {page = math.maxinteger}))
      assert.equal("?page=-9223372036854775808", query("subscriptions", {page = math.mininteger}))
    end
  end)
end)

describe("a number", function()
  it("may have a fraction", function()
    assert.same({warmupReplyRate = 0.3, warmupLimit = 40},
      sent("set_warmup_settings", "M", {warmupReplyRate = 0.3, warmupLimit = 40}))
    assert.same({warmupLimit = cjson.null}, sent("set_warmup_settings", "M", {warmupLimit = cmr.null}))
  end)

  it("must have a value that JSON can represent", function()
    mistake("bad field 'warmupLimit' (number expected, got string)", "set_warmup_settings", "M", {warmupLimit = "40"})
    mistake("bad field 'warmupLimit' (JSON has no such number)", "set_warmup_settings", "M", {warmupLimit = 0 / 0})
    mistake("bad field 'warmupLimit' (JSON has no such number)", "set_warmup_settings", "M", {warmupLimit = 1 / 0})
  end)
end)

describe("a boolean", function()
  it("is true or false, and false is not absent", function()
    assert.is_false(sent("set_domain_auto_renew", USER, {domains = {"a.com"}, autoRenew = false}).autoRenew)
    assert.is_true(sent("set_domain_auto_renew", USER, {domains = {"a.com"}, autoRenew = true}).autoRenew)
    mistake("missing required argument 'autoRenew'", "set_domain_auto_renew", USER, {domains = {"a.com"}})
    for _, value in ipairs{"true", 1, 0} do
      mistake("bad field 'autoRenew' (boolean expected, got " .. type(value) .. ")", "set_domain_auto_renew", USER,
        {domains = {"a.com"}, autoRenew = value})
    end
  end)

  it("that spends money is never left out", function()
    mistake("missing required argument 'confirm'", "create_order", USER, {})
    mistake("bad field 'confirm' (boolean expected, got null)", "create_order", USER, {confirm = cmr.null})
  end)
end)

describe("a closed set", function()
  it("has these values and no others", function()
    local expected = "' (one of GOOGLE|MICROSOFT expected)"
    for _, value in ipairs{"GOOGLE", "MICROSOFT"} do
      assert.same({domainName = "a.com", serviceProvider = value},
        sent("check_workspace", {domainName = "a.com", serviceProvider = value}))
    end
    for _, value in ipairs{"google", "GOOG", "GOOGLEX", "GOOGLE|MICROSOFT", "|", "", "YAHOO"} do
      mistake("bad field 'serviceProvider" .. expected, "check_workspace",
        {domainName = "a.com", serviceProvider = value})
    end
    mistake("bad field 'domains[2].serviceProvider" .. expected, "check_workspace",
      {domains = {{domainName = "a.com"}, {domainName = "b.com", serviceProvider = "x"}}})
  end)
end)

describe("a list of objects", function()
  it("is checked item by item", function()
    assert.same({domains = {{domainName = "a.com"}, {domainName = "b.com", serviceProvider = "GOOGLE"}}},
      sent("check_workspace", {domains = {{domainName = "a.com"}, {domainName = "b.com", serviceProvider = "GOOGLE"}}}))
    mistake("missing required argument 'domains[2].domainName'", "check_workspace",
      {domains = {{domainName = "a"}, {}}})
    mistake("bad field 'domains[1].domainname' (did you mean 'domainName'?)", "check_workspace",
      {domains = {{domainname = "a"}}})
    mistake("bad field 'domains[1]' (object expected, got string)", "check_workspace", {domains = {"a.com"}})
    data("'domains[1].domainName' is empty", "check_workspace", {domains = {{domainName = ""}}})
  end)

  it("may be one object where the vendor takes both", function()
    assert.same({mailboxData = {mailboxId = "M", lastName = "Doe"}},
      sent("update_mailboxes", USER, {mailboxData = {mailboxId = "M", lastName = "Doe"}}))
    assert.same({mailboxData = {{mailboxId = "M"}, {mailboxId = "N"}}},
      sent("update_mailboxes", USER, {mailboxData = {{mailboxId = "M"}, {mailboxId = "N"}}}))
    mistake("bad field 'mailboxData.mailboxid' (did you mean 'mailboxId'?)", "update_mailboxes", USER,
      {mailboxData = {mailboxid = "M"}})
    mistake("missing required argument 'mailboxData.mailboxId'", "update_mailboxes", USER,
      {mailboxData = {lastName = "Doe"}})
    mistake("bad field 'mailboxData' (array expected, got string)", "update_mailboxes", USER, {mailboxData = "M"})
  end)

  it("is an empty list where it need not be given", function()
    for _, empty in ipairs{{}, cmr.array{}} do
      assert.matches('"domains":%[%]', body_of(assert(prepare("create_order", USER,
        {confirm = false, domains = empty}))))
    end
  end)

  it("is not empty where it is required", function()
    data("'mailboxData' is empty", "update_mailboxes", USER, {mailboxData = {}})
    data("'subscriptionIds' is empty", "renew_subscriptions", {subscriptionIds = {}})
    data("'subscriptionIds' is empty", "renew_subscriptions", {subscriptionIds = cmr.array{}})
  end)
end)

describe("a map", function()
  local jane = {username = "jane", firstName = "Jane", lastName = "Doe"}

  local function order(mailboxes)
    return "create_order", USER, {confirm = false, mailboxes = mailboxes}
  end

  local function refused(expected, mailboxes)
    check_refusal(true, "create_order: " .. expected, prepare(order(mailboxes)))
  end

  it("has any names, and values of its row", function()
    local mailboxes = {["acme.com"] = {jane}, ["b\195\188ro.de"] = {jane, jane}}
    assert.same(mailboxes, sent(order(mailboxes)).mailboxes)
    assert.equal("{}", body_of(assert(prepare(order{}))):match('"mailboxes":({})'))
  end)

  it("is checked value by value", function()
    refused([[bad field 'mailboxes["acme.com"]' (array expected, got string)]], {["acme.com"] = "jane"})
    refused([[bad field 'mailboxes["acme.com"][2]' (object expected, got string)]], {["acme.com"] = {jane, "joe"}})
    refused([[missing required argument 'mailboxes["acme.com"][1].lastName']],
      {["acme.com"] = {{username = "jane", firstName = "Jane"}}})
    refused([[bad field 'mailboxes["acme.com"][1].lastname' (did you mean 'lastName'?)]],
      {["acme.com"] = {{username = "jane", firstName = "Jane", lastname = "Doe"}}})
  end)

  it("is no list", function()
    refused("bad field 'mailboxes' (map expected, got string)", "jane")
    refused("bad field 'mailboxes' (its members need names)", {jane})
    refused("bad field 'mailboxes' (its members need names)", {[5] = {jane}})
    refused("bad field 'mailboxes' (its members need names)", {["a\0"] = {jane}})
  end)

  it("is no empty list either", function()
    local call, _, err = prepare(order(cmr.array{}))
    assert.is_nil(call)
    assert.is_true(err.programmer_error)
  end)
end)

describe("a field of any type", function()
  local record = {host = "@", value = "mx.test", recordType = "MX"}

  local function priority(value)
    return "add_dns_records", USER, {domain = "a.com", records = {merge(record, {priority = value})}}
  end

  it("is sent as it is", function()
    for _, value in ipairs{10, "10", true, {1, 2}, {a = {b = 1}}} do
      assert.same(value, sent(priority(value)).records[1].priority)
    end
    assert.equal(cjson.null, sent(priority(cmr.null)).records[1].priority)
    assert.matches('"priority":%[%]', body_of(prepare(priority(cmr.array{}))))
  end)

  it("must have a value that JSON can represent", function()
    mistake("bad field 'records[1].priority' (a function cannot be sent as JSON)", priority(print))
    mistake("bad field 'records[1].priority.a[2]' (JSON has no such number)", priority{a = {1, 0 / 0}})
    local deep = {}
    for _ = 1, 99 do deep = {deep} end
    assert.is_nil((prepare(priority(deep)))) -- its depth alone is allowed, but the body adds levels
  end)
end)

describe("cmr.all", function()
  local all_of_them = " (cmr.all means all of them)"

  it("says what leaving a list out would mean", function()
    assert.same({userId = USER}, sent("renew_domains", USER, {domains = cmr.all}))
    assert.same({userId = USER, autoRenew = true},
      sent("set_domain_auto_renew", USER, {domains = cmr.all, autoRenew = true}))
    assert.same({userId = USER, domains = {"a.com"}}, sent("renew_domains", USER, {domains = {"a.com"}}))
  end)

  it("must be said: nothing means everything by accident", function()
    mistake("missing required argument 'domains'" .. all_of_them, "renew_domains", USER)
    mistake("missing required argument 'domains'" .. all_of_them, "renew_domains", USER, {years = 1})
    mistake("missing required argument 'domains'" .. all_of_them, "renew_domains", USER, {domains = cmr.null})
    mistake("'domains' is empty" .. all_of_them, "renew_domains", USER, {domains = {}})
    mistake("'domains' is empty" .. all_of_them, "renew_domains", USER, {domains = cmr.array{}})
    mistake("bad field 'domains' (array expected, got string)", "renew_domains", USER, {domains = "all"})
    mistake("bad field 'domains[1]' (string expected, got userdata)", "renew_domains", USER, {domains = {cmr.all}})
    data("'domains[1]' is empty", "renew_domains", USER, {domains = {""}})
  end)

  it("is for such lists only", function()
    mistake("bad field 'userId' (string expected, got userdata)", "platforms", cmr.all)
    mistake("bad field 'subscriptionIds' (array expected, got userdata)", "renew_subscriptions",
      {subscriptionIds = cmr.all})
    mistake("bad field 'domains' (array expected, got userdata)", "domain_renewal_prices", USER, {domains = cmr.all})
    mistake("bad field 'search' (string, number or boolean expected, got userdata)", "users", {search = cmr.all})
    assert.is_false(cmr.all == cmr.null)
  end)
end)

describe("where the documentation leaves names open", function()
  it("any field goes into the query, after the known ones and by name", function()
    assert.equal("?page=2&search=jane%20doe&z%26=1", query("users", {["z&"] = "1", search = "jane doe", page = 2}))
    assert.equal("?a=true&b=3&c=0.5", query("users", {a = true, b = 3.0, c = 0.5}))
    assert.equal("", query("users"))
    mistake("bad field 'search' (string, number or boolean expected, got table)", "users", {search = {}})
    mistake("bad field 'search' (string, number or boolean expected, got function)", "users", {search = print})
    mistake("bad field 'search' (JSON has no such number)", "users", {search = 0 / 0})
    mistake("bad field 'page' (integer expected, got string)", "users", {page = "2"})
    data("'search' is empty", "users", {search = ""})
    data("bad field 'search' (it holds a NUL byte)", "users", {search = "\0"})
    data("bad field 'search' (it holds a line break)", "users", {search = "a\nb"})
  end)

  it("there may be as many as the URL has room for", function()
    local fields, expected = {}, {}
    for index = 1, 900 do
      local name = ("f%03d"):format(index)
      fields[name] = true
      expected[index] = name .. "=true"
    end
    for index = 750, 900 do fields[("f%03d"):format(index)], expected[index] = nil, nil end
    assert.equal("?" .. table.concat(expected, "&"), query("users", fields))
    data("the arguments make a URL of more than 8000 bytes", "users", {search = ("x"):rep(8000)})
  end)

  it("a null has no place in the query", function()
    local call, _, err = prepare("users", {search = cmr.null})
    assert.is_nil(call)
    assert.is_true(err.programmer_error)
  end)

  it("any field goes into the body", function()
    local fields = {subscriptionId = "S", on = false, list = {{a = 1}}}
    assert.same(fields, sent("toggle_subscription_auto_renew", fields))
    assert.same({a = cjson.null}, sent("toggle_subscription_auto_renew", {a = cmr.null}))
    assert.is_nil(body_of(assert(prepare("toggle_subscription_auto_renew"))))
    mistake("bad field 'a.b' (a function cannot be sent as JSON)", "toggle_subscription_auto_renew", {a = {b = print}})
  end)

  it("no field is dropped silently", function()
    local call = prepare("toggle_subscription_auto_renew", {[""] = 1, a = 2})
    assert.is_true(call == nil or cjson.decode(body_of(call))[""] == 1)
    call = prepare("users", {[""] = "x"})
    assert.is_true(call == nil or call:info().url:find("?=x", 1, true) ~= nil)
  end)

  it("a field still has a name without a NUL byte", function()
    for _, name in ipairs{"users", "toggle_subscription_auto_renew"} do
      local call, _, err = prepare(name, {["a\0b"] = "x"})
      assert.is_nil(call)
      assert.is_true(err.programmer_error)
      mistake("bad field '[1]' (its members need names)", name, {"x"})
    end
  end)
end)

describe("a refusal", function()
  local deep = {add_dns_records = {USER, {domain = "a.com", records = {{host = "@", value = "x", recordType = 5}}}}}

  -- Returns the fields of the error except kind, outcome, operation and message.
  local function fields(name, ...)
    local _, message, err = prepare(name, ...)
    local more = {}
    for field, value in pairs(err) do more[field] = value end
    assert.equal(message, more.message)
    more.kind, more.outcome, more.operation, more.message = nil, nil, nil, nil
    return more
  end

  it("says in fields what is wrong, and where", function()
    local mine = true
    assert.same({code = "unknown_field", field = "mailboxid", suggestion = "mailboxId",
      reason = "reexport has no such field", programmer_error = mine}, fields("reexport", {mailboxid = "M"}))
    assert.same({code = "unknown_field", field = "google.zebra", reason = "reexport has no such field",
      programmer_error = mine}, fields("reexport", {email = "a@b", google = {zebra = 1}}))
    assert.same({code = "missing_field", field = "userId", programmer_error = mine}, fields("platforms"))
    assert.same({code = "missing_field", field = "domains", reason = "cmr.all means all of them",
      programmer_error = mine}, fields("renew_domains", USER))
    assert.same({code = "missing_field", reason = "'mailboxId' or 'email'", programmer_error = mine},
      fields("reexport", {}))
    assert.same({code = "conflicting_fields", programmer_error = mine,
      reason = "only one of 'componentMailboxIds' or 'mailboxIds' can be given"},
      fields("export_mailboxes", {credentialId = "C", mailboxIds = {"M"}, componentMailboxIds = {"M"}}))
    assert.same({code = "duplicate_field", field = "userId", programmer_error = mine},
      fields("platforms", USER, {userId = USER}))
    assert.same({code = "bad_type", field = "page", expected = "integer", got = "string", programmer_error = mine},
      fields("subscriptions", {page = "2"}))
    assert.same({code = "bad_value", field = "serviceProvider", expected = "one of GOOGLE|MICROSOFT",
      programmer_error = mine}, fields("check_workspace", {domainName = "a.com", serviceProvider = "X"}))
    assert.same({code = "bad_type", field = "records[1].recordType", expected = "string", got = "number",
      reason = "ids are strings, so that no digit is lost", programmer_error = mine},
      fields("add_dns_records", USER, deep.add_dns_records[2]))
    assert.same({code = "bad_type", field = 'mailboxes["a.com"][1]', expected = "object", got = "string",
      programmer_error = mine}, fields("create_order", USER, {confirm = false, mailboxes = {["a.com"] = {"x"}}}))
    assert.same({code = "bad_arguments", reason = "at most 1 positional argument, then one table of fields",
      programmer_error = mine}, fields("platforms", USER, "x"))
    assert.same("undocumented", fields("wallet").code)
  end)

  it("of data is no mistake of the programmer", function()
    assert.same({code = "empty", field = "userId"}, fields("platforms", ""))
    assert.same({code = "bad_value", field = "userId", reason = "it holds a NUL byte"}, fields("platforms", "a\0"))
    assert.same({code = "too_long", reason = "the arguments make a URL of more than 8000 bytes"},
      fields("platforms", ("x"):rep(9000)))
  end)

  it("names a path of any length", function()
    local name, nested = ("n"):rep(100), print
    for _ = 1, 50 do nested = {[name] = nested} end
    local err = fields("toggle_subscription_auto_renew", {a = nested})
    assert.matches("^a.*%.%.%.$", err.field)
    assert.is_true(#err.field <= 503)
    err = fields("toggle_subscription_auto_renew", {[("n"):rep(10000)] = print})
    assert.equal("...", err.field)
    assert.equal("a function cannot be sent as JSON", err.reason)
  end)
end)

describe("a call", function()
  it("keeps its checked arguments, whether they go into the query or the body", function()
    local fields = {mailboxId = "M", email = "a@b", google = {appName = "A"}, userId = USER}
    local call = assert(prepare("reexport", fields))
    assert.equal("reexport", call:operation())
    assert.same(fields, call:arguments())
    fields.google.appName = "B"
    assert.equal("A", call:arguments().google.appName)
    assert.same({userId = USER}, assert(prepare("platforms", USER)):arguments())
    assert.same({userId = USER}, assert(prepare("renew_domains", USER, {domains = cmr.all})):arguments())
    assert.same({}, assert(prepare("countries")):arguments())
  end)

  it("that is a raw request has none", function()
    local call = assert(core.request(target, "GET", "/x"))
    assert.is_nil(call:operation())
    assert.is_nil(call:arguments())
  end)
end)

describe("text that is not UTF-8", function()
  it("is not sent in a query", function()
    for _, text in ipairs{"\255", "Jos\233", "\195", "\195A", "\224\160A", "\240\144\128A", "\237\160\128",
      "\192\128"} do
      data("bad field 'userId' (it is not UTF-8)", "platforms", text)
      data("bad field 'userId' (it is not UTF-8)", "platforms", {userId = text})
    end
  end)

  it("is not sent in a body, and is a fault of the data", function()
    for _, text in ipairs{"\255", "a\228b", "\195", "\237\160\128", "\192\128", "\244\144\128\128"} do
      data("bad field 'mailboxId' (it is not UTF-8)", "reexport", {mailboxId = text})
      data("bad field 'a.b[2]' (it is not UTF-8)", "toggle_subscription_auto_renew", {a = {b = {1, text}}})
      data("bad field 'a' (it has a name that is not UTF-8)", "toggle_subscription_auto_renew", {a = {[text] = 1}})
    end
    assert.equal("\195\164\240\159\152\128", sent("reexport", {mailboxId = "\195\164\240\159\152\128"}).mailboxId)
  end)

  it("has a byte sequence that no character has", function()
    for _, text in ipairs{"\127", "\194\128", "\194\191", "\223\128", "\223\191", "\224\160\128", "\224\191\191",
      "\225\128\128", "\236\191\191", "\237\128\128", "\237\159\191", "\238\128\128", "\239\191\191",
      "\240\144\128\128", "\240\191\191\191", "\241\128\128\128", "\243\191\191\191", "\244\128\128\128",
      "\244\143\191\191"} do
      assert.equal(text, sent("reexport", {mailboxId = text}).mailboxId)
      assert.equal(text .. "a", sent("reexport", {mailboxId = text .. "a"}).mailboxId)
    end
    for _, text in ipairs{"\128", "\191", "\192\128", "\193\191", "\194", "\194\127", "\194\192", "\223\127",
      "\224\159\191", "\224\160", "\224\160\127", "\224\160\192", "\225\127\128", "\237\160\128", "\237\191\191",
      "\239\191",
      "\240\143\191\191", "\240\144\128", "\240\144\127\128", "\240\144\128\192", "\244\144\128\128",
      "\245\128\128\128", "\248\128\128\128", "\255"} do
      data("bad field 'mailboxId' (it is not UTF-8)", "reexport", {mailboxId = text})
      data("bad field 'mailboxId' (it is not UTF-8)", "reexport", {mailboxId = text .. "a"})
    end
  end)
end)

describe("the name of an unknown field", function()
  -- Returns the field's name as the refusal shows it. `key` is the API key of the target.
  local function shown(name, key)
    return select(3, core.platforms(core.target{api_key = key or "some-key", base_url = BASE}, {[name] = 1})).field
  end

  it("is shown in one printable line", function()
    for name, expected in pairs{["\1\n\1\t\1\r\2"] = "? ? ? ?", ["\31 ~\127"] = "? ~?", ["\255x\192y"] = "?x?y",
      ["\194\128x\194\159\226\130\172"] = "?x?\226\130\172", ["\194\160x"] = "\194\160x",
      ["\192\175"] = "??", ["\237\160\128"] = "???", ["\244\144\128\128"] = "????", ["ab\195"] = "ab?",
      ["\194\160\195\128\223\191"] = "\194\160\195\128\223\191",
      ["\226\130\172\240\159\152\128"] = "\226\130\172\240\159\152\128"} do
      assert.equal(expected, shown(name))
    end
  end)

  it("is cut after 500 bytes, and not within a character", function()
    assert.equal(("n"):rep(500), shown(("n"):rep(500)))
    assert.equal(("n"):rep(500) .. "...", shown(("n"):rep(501)))
    assert.equal(("n"):rep(498) .. "\195\169", shown(("n"):rep(498) .. "\195\169"))
    assert.equal(("n"):rep(499) .. "...", shown(("n"):rep(499) .. "\195\169"))
  end)

  it("of more than 507 bytes is left out whole, because it could hold a part of the key", function()
    assert.equal(("n"):rep(500) .. "...", shown(("n"):rep(507)))
    assert.equal("...", shown(("n"):rep(508)))
    assert.equal("...", shown(("n"):rep(2000)))
    for length, expected in pairs{[505] = "a." .. ("n"):rep(498) .. "...", [506] = "a..."} do
      local _, _, err = prepare("toggle_subscription_auto_renew", {a = {[("n"):rep(length)] = print}})
      assert.equal(expected, err.field)
    end
  end)

  it("does not show the key, however JSON or a URL spells it", function()
    for byte = 0x21, 0x7E do
      local character = string.char(byte)
      for _, spelling in ipairs{character, "\\" .. character, ("\\u%04x"):format(byte), ("\\u%04X"):format(byte),
        ("%%%02x"):format(byte), ("%%%02X"):format(byte)} do
        assert.equal("***", shown("Zz" .. spelling, "Zz" .. character))
        assert.equal("a***b***", shown("aZz" .. spelling .. "bZz" .. spelling, "Zz" .. character))
      end
    end
  end)

  it("does not show a key that itself looks like a spelling of JSON or of a URL", function()
    for _, key in ipairs{"ab%25cd", "ab%41cd", "%", "%25", [[ab\\\\cd]], [[ab\u0041]], [[\\]], [[a\\"%2541]]} do
      local json, url = key:gsub('[\\"]', "\\%0"), key:gsub("%W", function(character)
        return ("%%%02X"):format(character:byte())
      end)
      for _, spelling in ipairs{key, json, url, (json:gsub("%%", "%%25"))} do
        assert.equal("x***", (shown("x" .. spelling, key):gsub("%*%*%*25$", "***")), spelling)
      end
    end
  end)

  it("shows what only resembles the key", function()
    for key, names in pairs{
      ZzC = {"Zz", "ZzD", "ZzxC", "zzC", "Zz\\", "Zz\\DC", "Zz\\bcdefgh", "Zz%", "Zz%4", "Zz%4D", "Zz%4gC", "Zz%g3",
        "Zzx43", "Zz43", "Zz\\u004", "Zz\\u0044", "Zz\\u00g3", "Zz\\u1043", "Zz\\x0043", "Zzxu0043",
        "Zzxx0043", "Zz0043"},
      Zz9 = {"Zz%3@", "Zz%3`", "Zz\\u003@", "Zz\\u003`"},
      ["Zz@"] = {"Zz%3g", "Zz%3G", "Zz%3:", "Zz%:0", "Zz\\u003g"},
      ["Zz/"] = {"Zz%2/", "Zz%3/"},
    } do
      for _, name in ipairs(names) do assert.equal(name, shown(name, key)) end
    end
  end)
end)

describe("positional arguments", function()
  it("may be several, in the order of the rows", function()
    assert.equal("?userId=U&domain=a.com", query("dns_records", "U", "a.com"))
    assert.equal("?userId=U&domain=a.com", query("dns_records", "U", {domain = "a.com"}))
    assert.equal("?userId=U&domain=a.com", query("dns_records", {userId = "U", domain = "a.com"}))
    mistake("missing required argument 'domain'", "dns_records", "U")
    mistake("missing required argument 'userId'", "dns_records", nil, "a.com")
    mistake("at most 2 positional arguments, then one table of fields", "dns_records", "U", "a.com", "x")
    mistake("'domain' is given twice", "dns_records", "U", "a.com", {domain = "a.com"})
  end)

  it("may go into the body", function()
    local call = assert(prepare("set_warmup_status", "M", "ACTIVE"))
    assert.equal(BASE .. "/mailboxes/warmup/status?mailboxId=M", call:info().url)
    assert.same({status = "ACTIVE"}, cjson.decode(body_of(call)))
    assert.same({userId = "U", domains = {"a.com"}}, sent("domain_renewal_prices", "U", {domains = {"a.com"}}))
  end)

  it("are none where an operation has no parameters", function()
    assert.equal(BASE .. "/geo/countries", assert(prepare("countries")):info().url)
    assert(prepare("countries", {}))
    mistake("bad field 'name' (countries has no such field)", "countries", {name = "x"})
    mistake("countries takes no arguments", "countries", "x")
    mistake("it takes names only: toggle_subscription_auto_renew{name = ...}", "toggle_subscription_auto_renew", "x")
    local firsts = {check_workspace = "domainName", update_platform = "credentialId", subscriptions = "limit"}
    for name, first in pairs(firsts) do
      mistake(("it takes names only: %s{%s = ...}"):format(name, first), name, "x")
    end
  end)
end)

describe("an operation that is not documented enough", function()
  it("says what it needs", function()
    mistake("the method of sandbox_reset_prewarmed is not documented: supply it with cmr.new{endpoints = "
      .. "{sandbox_reset_prewarmed = 'METHOD /sandbox/pre-warmup/reset'}}", "sandbox_reset_prewarmed")
    for _, name in ipairs{"wallet", "suggest_domains", "remove_domains"} do
      local message = "the path of %s is not documented: supply it with cmr.new{endpoints = {%s = 'METHOD /path'}}"
      mistake(message:format(name, name), name)
    end
  end)

  it("works with that", function()
    local own = core.target{api_key = "key", base_url = BASE,
      endpoints = {wallet = "GET /wallet", remove_domains = "DELETE /d"}}
    assert.equal(BASE .. "/wallet?currency=USD", core.wallet(own, {currency = "USD"}):info().url)
    local call = core.remove_domains(own, {domains = {"a.com"}})
    assert.equal("DELETE", call:request().method)
    assert.same({domains = {"a.com"}}, cjson.decode(body_of(call)))
  end)

  it("sends undocumented fields in the query of a GET, and otherwise where its documented method would", function()
    for _, case in ipairs{
      {"wallet", "GET /x", "query"}, -- documented as a GET
      {"wallet", "POST /x", "body"},
      {"users", "PUT /x", "body"},
      {"toggle_subscription_auto_renew", "PUT /x", "body"}, -- documented as a POST, with a body
      {"toggle_subscription_auto_renew", "GET /x", "query"},
      {"delete_dns_record", "POST /x", "query"}, -- documented as a DELETE, without a body
      {"sandbox_reset_prewarmed", "GET /x", "query"}, -- documented without a method
      {"sandbox_reset_prewarmed", "POST /x", "body"},
      {"platforms", "GET /x", nil}, -- takes no undocumented fields
      {"platforms", "POST /x", nil},
    } do
      local name, endpoint, place = case[1], case[2], case[3]
      local own = core.target{api_key = "key", base_url = BASE, endpoints = {[name] = endpoint}}
      local call = core[name](own, {zebra = 1, userId = name ~= "wallet" and "U" or nil,
        recordId = name == "delete_dns_record" and "R" or nil})
      local request = call and call:request()
      local found = request and (request.url:find("zebra=1", 1, true) and "query"
        or request.body and request.body:find('"zebra":1', 1, true) and "body")
      assert.equal(place, found or nil, name .. " " .. endpoint)
    end
  end)

  it("says where userId goes", function()
    local function parts_of(name, endpoint, fields)
      local call = assert(core[name](core.target{api_key = "key", base_url = BASE, endpoints = {[name] = endpoint}},
        fields))
      local request = call:request()
      return request.url:sub(#BASE + 1), request.body and cjson.decode(request.body)
    end
    for _, case in ipairs{
      {"check_domain", "POST /c", "/c?userId=U", {domain = "a.com"}},
      {"check_domain", "POST /c userId in query", "/c?userId=U", {domain = "a.com"}},
      {"check_domain", "POST /c userId in body", "/c", {domain = "a.com", userId = "U"}},
      {"renew_domains", "PUT /r userId in query", "/r?userId=U", {domains = {"a.com"}}},
    } do
      local name, endpoint, path, body = case[1], case[2], case[3], case[4]
      local fields = name == "check_domain" and {userId = "U", domain = "a.com"} or {userId = "U", domains = {"a.com"}}
      assert.same({path, body}, {parts_of(name, endpoint, fields)}, endpoint)
    end
  end)

  it("checks userId by where it goes", function()
    local own = core.target{api_key = "key", base_url = BASE, endpoints = {renew_domains = "PUT /r userId in query"}}
    for _, user in ipairs{"a\nb", "a\0b", "\255", ""} do
      local call, message, err = core.renew_domains(own, {userId = user, domains = {"a.com"}})
      assert.is_nil(call)
      assert.matches("userId", message, 1, true)
      assert.equal("invalid_argument", err.kind)
    end
  end)
end)
